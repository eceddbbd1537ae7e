/*
 * path.c - see path.h.
 *
 * The model: `root` is a descriptor, a path is a string that somebody else
 * chose, and every lookup is one openat2(2) that starts at root. The kernel
 * holds its own reference to each directory while it walks, so there is no
 * moment at which a component has been looked at but not yet used.
 *
 * Making directories is the one thing that openat2 cannot do in one step. It is
 * done component by component, each mkdirat(2) on the descriptor of the directory
 * above that was just resolved. A dangling symbolic link on the way (an image's
 * /var/run -> /run without a /run, a resolv.conf that points into /run) is
 * followed by resolving its text against root, never by the kernel's own idea
 * of where an absolute link leads.
 */
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "calls.h"

#define MAX_LINKS 40 /* as path_resolution(7) */

/* openat2(2) answers EAGAIN when a rename anywhere raced with a ".." that it
 * had to verify; the man page asks for a bounded number of retries. */
static int open_how(int dir, const char *path, const struct open_how *how)
{
	int fd = -1;

	for (int tries = 0; tries < 128; tries++) {
		fd = (int)syscall(SYS_openat2, dir, path, how, sizeof *how);
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd;
}

static int open_in_root(int root, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		/* openat2 refuses a mode that nothing would use. */
		.mode = (flags & (O_CREAT | __O_TMPFILE)) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};

	return open_how(root, *path ? path : ".", &how);
}

static int open_failed(struct err *err, const char *path)
{
	if (errno == ELOOP)
		return err_set(err, ERR_INVALID,
			       "open %s: a symbolic link where none may be, or too many", path);
	if (errno == EXDEV)
		return err_set(err, ERR_INVALID, "open %s: the path enters another mount", path);
	if (errno == ENOSYS)
		return err_set(err, ERR_UNSUPPORTED,
			       "open %s: this kernel has no openat2 (Linux 5.6 or later is needed)",
			       path);
	return err_sys(err, "open %s", path);
}

int kern_path_open(int root, const char *path, int flags, mode_t mode, uint64_t resolve,
		   struct err *err)
{
	int fd = open_in_root(root, path, flags, mode, resolve);

	return fd < 0 ? open_failed(err, path) : fd;
}

/* Where the dangling link `name` in the directory `prefix` (both inside root)
 * points, as a path inside root; NULL if it is no link. The caller frees. */
static char *link_target(int dir, const char *prefix, const char *name)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(dir, name, text, sizeof text - 1);

	if (n <= 0)
		return NULL;
	text[n] = '\0';
	return text[0] == '/' ? xstrdup(text) : xasprintf("%s/%s", prefix, text);
}

static int mkdir_p(int root, const char *path, mode_t mode, int links, struct err *err);

/* Make `name`, the end of `path`, in the directory `dir`; an fd on it, or -1. */
static int make_one(int root, int dir, const char *path, const char *name, mode_t mode, int links,
		    struct err *err)
{
	AUTO_FREE char *above = xstrndup(path, (size_t)(name - path));
	AUTO_FREE char *target = NULL;
	int fd;

	if (mkdirat(dir, name, mode) && errno != EEXIST)
		return err_sys(err, "mkdir %s", path);
	fd = open_in_root(root, path, O_PATH | O_DIRECTORY, 0, 0);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? open_failed(err, path) : fd;
	target = link_target(dir, above, name);
	if (!target)
		return err_set(err, ERR_CONFLICT, "mkdir %s: removed again by somebody else", path);
	return mkdir_p(root, target, mode, links + 1, err);
}

/* `path` is missing: from its end, for mostly all but the last is there. */
static int make_missing(int root, const char *path, mode_t mode, int links, struct err *err)
{
	AUTO_FREE char *whole = xstrdup(path), *above = NULL;
	AUTO_CLOSE int dir = -1;
	size_t n = strlen(whole);
	char *slash;

	if (links > MAX_LINKS)
		return err_errno(err, ELOOP, "mkdir %s", path);
	while (n > 1 && whole[n - 1] == '/')
		whole[--n] = '\0';
	slash = strrchr(whole, '/');
	above = slash ? xstrndup(whole, (size_t)(slash - whole)) : xstrdup("");
	dir = mkdir_p(root, *above ? above : "/", mode, links, err);
	return dir < 0 ? -1 : make_one(root, dir, whole, slash ? slash + 1 : whole, mode, links, err);
}

static int mkdir_p(int root, const char *path, mode_t mode, int links, struct err *err)
{
	int dir = open_in_root(root, path, O_PATH | O_DIRECTORY, 0, 0);

	if (dir >= 0)
		return dir;
	return errno == ENOENT ? make_missing(root, path, mode, links, err) : open_failed(err, path);
}

int kern_path_mkdir_p(int root, const char *path, mode_t mode, struct err *err)
{
	return mkdir_p(root, path, mode, 0, err);
}

int kern_path_parent(int root, const char *path, mode_t mkdir_mode, const char **base,
		     struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	AUTO_FREE char *dir = xstrndup(path, (size_t)(last - path));

	/* "link/" would follow the link even under O_NOFOLLOW, so it never gets out
	 * of here as a base. */
	if (!*last || !strcmp(last, ".") || !strcmp(last, ".."))
		return err_set(err, ERR_INVALID, "'%s' does not end in a name", path);
	*base = last;
	if (mkdir_mode)
		return mkdir_p(root, dir, mkdir_mode, 0, err);
	return kern_path_open(root, dir, O_PATH | O_DIRECTORY, 0, 0, err);
}

int kern_path_file_at(int dir, const char *base, mode_t mode, struct err *err)
{
	int fd = openat(dir, base, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0 && errno == EEXIST)
		fd = openat(dir, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "create %s", base) : fd;
}

/* An empty file at path, parents included; an fd on it. */
static int make_file(int root, const char *path, int links, struct err *err)
{
	const char *base = NULL;
	AUTO_CLOSE int dir = kern_path_parent(root, path, 0755, &base, err);
	AUTO_FREE char *above = NULL;
	AUTO_FREE char *target = NULL;
	int fd;

	if (dir < 0)
		return -1;
	fd = openat(dir, base, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd >= 0)
		return fd;
	if (errno != EEXIST)
		return err_sys(err, "create %s", path);
	above = xstrndup(path, (size_t)(base - path));
	target = link_target(dir, above, base);
	fd = open_in_root(root, path, O_PATH, 0, 0);
	if (fd >= 0 || !target || links > MAX_LINKS)
		return fd < 0 ? open_failed(err, path) : fd;
	return make_file(root, target, links + 1, err);
}

int kern_path_mountpoint(int root, const char *path, int want_dir, struct stat *was,
			 struct err *err)
{
	AUTO_CLOSE int fd = open_in_root(root, path, O_PATH, 0, 0);

	memset(was, 0, sizeof *was);
	if (fd < 0 && errno != ENOENT)
		return open_failed(err, path);
	if (fd < 0)
		return want_dir ? make_missing(root, path, 0755, 0, err)
				: make_file(root, path, 0, err);
	if (fstat(fd, was))
		return err_sys(err, "stat %s", path);
	if (want_dir && !S_ISDIR(was->st_mode))
		return err_set(err, ERR_INVALID,
			       "%s: a directory cannot be mounted over what is no directory", path);
	if (!want_dir && S_ISDIR(was->st_mode))
		return err_set(err, ERR_INVALID, "%s: a file cannot be mounted over a directory",
			       path);
	return steal_fd(&fd);
}

const char *kern_path_proc(int fd, char out[KERN_PATH_PROC_SIZE])
{
	snprintf(out, KERN_PATH_PROC_SIZE, "/proc/self/fd/%d", fd);
	return out;
}

#define PROC_ROOT_INO 1 /* the root of every procfs (the kernel's proc_ns.h) */

bool kern_is_procfs(int fd)
{
	struct statfs sfs;

	return !fstatfs(fd, &sfs) && sfs.f_type == PROC_SUPER_MAGIC;
}

int kern_proc_open(struct err *err)
{
	AUTO_CLOSE int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (proc < 0 || fstat(proc, &st))
		return err_sys(err, "open /proc");
	if (!kern_is_procfs(proc) || st.st_ino != PROC_ROOT_INO)
		return err_set(err, ERR_PERMISSION, "/proc is not a proc file system");
	return steal_fd(&proc);
}

/* No check of the file's own type: without RESOLVE_NO_XDEV's leave, no lookup that
 * begins on procfs ends anywhere else. */
int kern_proc_file(int proc, const char *path, int flags, struct err *err)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	int fd = open_how(proc, path, &how);

	if (fd < 0 && errno == EXDEV)
		return err_set(err, ERR_PERMISSION, "/proc/%s is mounted over", path);
	return fd < 0 ? err_sys(err, "open /proc/%s", path) : fd;
}

int kern_proc_write(int proc, const char *path, const char *text, struct err *err)
{
	AUTO_CLOSE int fd = kern_proc_file(proc, path, O_WRONLY, err);

	if (fd < 0)
		return -1;
	return kern_call_write(fd, NULL, text) ?
	       err_sys(err, "write '%s' to /proc/%s", text, path) : 0;
}

int kern_path_open_proc(const char *path, int flags, struct err *err)
{
	AUTO_CLOSE int proc = kern_proc_open(err);

	return proc < 0 ? -1 : kern_proc_file(proc, path, flags, err);
}
