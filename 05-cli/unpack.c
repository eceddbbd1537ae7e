/*
 * unpack.c - see unpack.h. Files belong to who runs this: the container's users
 * are none of ours.
 */
#include "unpack.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "01-kernel/base/file.h"
#include "01-kernel/path.h"
#include "cli.h"
#include "tar.h"

#define DIRECTORIES_MAX 65536 /* more keep the time at which they were unpacked */

/* Directories get their time last: every file put into them changes it. */
struct directory {
	char *name;
	int64_t mtime;
};

struct cli_unpack {
	int root;
	char *directory, *from, *to;
	struct cli_tar_reader reader;
	int fd; /* of the file that is written, -1: none */
	mode_t mode;
	int64_t mtime;
	char *name;
	struct directory *later;
	size_t n;
};

/* ---- names --------------------------------------------------------------- */

/* Without "./" and "/" in front, and slashes behind; the first part changed
 * where that is asked for. New; "." is the directory itself. */
static char *place_of(const struct cli_unpack *u, const char *name)
{
	size_t n;

	while (*name == '/' || (name[0] == '.' && (name[1] == '/' || !name[1])))
		name++;
	for (n = strlen(name); n && name[n - 1] == '/';)
		n--;
	AUTO_FREE char *plain = xstrndup(name, n);
	size_t from = u->from ? strlen(u->from) : 0;
	bool dot = u->from && !strcmp(u->from, "."); /* what a directory holds, under a name of its own */
	if (dot)
		return xasprintf("%s%s%s", u->to, n ? "/" : "", plain);
	if (from && !strncmp(plain, u->from, from) && (!plain[from] || plain[from] == '/'))
		return xasprintf("%s%s", u->to, plain + from);
	return n ? steal_ptr(&plain) : xstrdup(".");
}

static void set_time(int dir, const char *base, int64_t mtime)
{
	struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = (time_t)mtime } };

	(void)utimensat(dir, base, times, AT_SYMLINK_NOFOLLOW); /* not every file system keeps every time */
}

/* ---- one entry ----------------------------------------------------------- */

/* Make room: what is no directory goes, and neither takes the other's place. */
static int make_room(const struct cli_unpack *u, int dir, const char *base, bool directory, const char *name,
		     struct err *err)
{
	struct stat st;

	if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (S_ISDIR(st.st_mode) && directory)
		return 0;
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_CONFLICT, "cannot overwrite directory \"%s/%s\" with non-directory \"%s\"",
			       u->directory, name, u->directory);
	if (directory)
		return err_set(err, ERR_CONFLICT, "cannot overwrite non-directory \"%s/%s\" with directory \"%s\"",
			       u->directory, name, u->directory);
	return unlinkat(dir, base, 0) ? cli_file_error("unlinkat", name, err) : 0;
}

static int make_directory(struct cli_unpack *u, int dir, const char *base, const struct cli_tar_entry *e,
			  const char *name, struct err *err)
{
	if (mkdirat(dir, base, 0700) && errno != EEXIST)
		return cli_file_error("mkdir", name, err);
	AUTO_CLOSE int fd = openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, e->mode))
		return cli_file_error("chmod", name, err);
	if (u->n < DIRECTORIES_MAX) {
		u->later = xrealloc(u->later, (u->n + 1) * sizeof *u->later);
		u->later[u->n++] = (struct directory){ xstrdup(name), e->mtime };
	}
	return 0;
}

static int make_hard_link(struct cli_unpack *u, int dir, const char *base, const struct cli_tar_entry *e,
			  const char *name, struct err *err)
{
	AUTO_FREE char *target = place_of(u, e->link);
	const char *target_base;
	AUTO_CLOSE int target_dir = kern_path_parent(u->root, target, 0, &target_base, err);

	if (target_dir < 0)
		return -1;
	return linkat(target_dir, target_base, dir, base, 0) ? cli_file_error("link", name, err) : 0;
}

static int make_special(int dir, const char *base, const struct cli_tar_entry *e, const char *name, struct err *err)
{
	mode_t kind = e->type == '3' ? S_IFCHR : e->type == '4' ? S_IFBLK : S_IFIFO;

	if (mknodat(dir, base, kind | e->mode, makedev(e->major, e->minor)))
		return cli_file_error("mknod", name, err);
	set_time(dir, base, e->mtime);
	return 0;
}

static int make_file(struct cli_unpack *u, int dir, const char *base, const struct cli_tar_entry *e,
		     const char *name, struct err *err)
{
	u->fd = openat(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (u->fd < 0)
		return cli_file_error("open", name, err);
	u->mode = e->mode;
	u->mtime = e->mtime;
	u->name = xstrdup(name);
	return 0;
}

static int make_entry(struct cli_unpack *u, int dir, const char *base, const struct cli_tar_entry *e,
		      const char *name, struct err *err)
{
	if (make_room(u, dir, base, e->type == '5', name, err))
		return -1;
	switch (e->type) {
	case '0':
		return make_file(u, dir, base, e, name, err);
	case '1':
		return make_hard_link(u, dir, base, e, name, err);
	case '2':
		if (symlinkat(e->link, dir, base))
			return cli_file_error("symlink", name, err);
		set_time(dir, base, e->mtime);
		return 0;
	case '3':
	case '4':
	case '6':
		return make_special(dir, base, e, name, err);
	case '5':
		return make_directory(u, dir, base, e, name, err);
	default:
		return err_set(err, ERR_UNSUPPORTED, "unhandled tar header type %d of %s", e->type, name);
	}
}

static int begin(void *context, const struct cli_tar_entry *e, struct err *err)
{
	struct cli_unpack *u = context;
	AUTO_FREE char *name = place_of(u, e->name);
	const char *base;

	if (!strcmp(name, "."))
		return 0; /* what is unpacked into stays as it is */
	AUTO_CLOSE int dir = kern_path_parent(u->root, name, 0755, &base, err);
	return dir < 0 ? -1 : make_entry(u, dir, base, e, name, err);
}

static int write_data(void *context, const char *data, size_t n, struct err *err)
{
	const struct cli_unpack *u = context;

	if (u->fd >= 0 && io_write_full(u->fd, data, n))
		return cli_file_error("write", u->name, err);
	return 0;
}

static int end(void *context, struct err *err)
{
	struct cli_unpack *u = context;
	struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = (time_t)u->mtime } };
	int rc = 0;

	if (u->fd < 0)
		return 0;
	if (fchmod(u->fd, u->mode) || (futimens(u->fd, times) && errno != EINVAL))
		rc = cli_file_error("chmod", u->name, err);
	if (close(u->fd) && !rc)
		rc = cli_file_error("close", u->name, err);
	u->fd = -1;
	free(steal_ptr(&u->name));
	return rc;
}

/* ---- the archive --------------------------------------------------------- */

struct cli_unpack *cli_unpack_start(const char *directory, const char *from, const char *to, struct err *err)
{
	int root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0) {
		cli_file_error("open", directory, err);
		return NULL;
	}
	struct cli_unpack *u = xcalloc(1, sizeof *u);
	*u = (struct cli_unpack){ .root = root, .directory = xstrdup(directory), .from = xstrdup(from), .to = xstrdup(to),
				  .fd = -1,
				  .reader = { .begin = begin, .data = write_data, .end = end, .context = u } };
	return u;
}

int cli_unpack_feed(void *unpack, const char *data, size_t n, struct err *err)
{
	struct cli_unpack *u = unpack;

	return cli_tar_feed(&u->reader, data, n, err);
}

static void set_directory_times(struct cli_unpack *u)
{
	struct err ignored;

	while (u->n) {
		struct directory *d = &u->later[--u->n];
		AUTO_CLOSE int fd = kern_path_open(u->root, d->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, 0, &ignored);
		if (fd >= 0)
			set_time(fd, ".", d->mtime);
		free(d->name);
	}
}

int cli_unpack_end(struct cli_unpack *u, struct err *err)
{
	if (!u)
		return 0;
	int rc = cli_tar_finish(&u->reader, err);
	set_directory_times(u);
	if (u->fd >= 0)
		close(u->fd);
	close(u->root);
	free(u->later);
	free(u->name);
	free(u->directory);
	free(u->from);
	free(u->to);
	free(u);
	return rc;
}
