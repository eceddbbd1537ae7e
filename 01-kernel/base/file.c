/*
 * file.c - see file.h.
 */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t io_read(int fd, void *buf, size_t n)
{
	ssize_t r;

	do
		r = read(fd, buf, n);
	while (r < 0 && errno == EINTR);
	return r;
}

ssize_t io_read_full(int fd, void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = io_read(fd, (char *)buf + done, n - done);

		if (r < 0)
			return -1;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

int io_write_full(int fd, const void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t w = write(fd, (const char *)buf + done, n - done);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		done += (size_t)w;
	}
	return 0;
}

int file_read_fd(int fd, struct strbuf *sb, size_t limit, struct err *err)
{
	size_t start = sb->len;

	for (;;) {
		ssize_t r;

		strbuf_reserve(sb, 4096);
		r = io_read(fd, sb->data + sb->len, sb->cap - sb->len - 1);
		if (r < 0)
			return err_sys(err, "read");
		sb->len += (size_t)r;
		sb->data[sb->len] = '\0';
		if (sb->len - start > limit)
			return err_set(err, ERR_INVALID, "larger than %zu bytes", limit);
		if (r == 0)
			return 0;
	}
}

int file_read(int dirfd, const char *path, struct strbuf *sb, size_t limit, struct err *err)
{
	AUTO_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open %s", path);
	if (file_read_fd(fd, sb, limit, err))
		return err_wrap(err, "%s", path);
	return 0;
}

/* fsync the directory that holds path, so that the rename in it is durable. */
static int sync_parent(int dirfd, const char *path)
{
	AUTO_FREE char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	AUTO_CLOSE int fd = -1;

	if (slash)
		slash[slash == dir] = '\0'; /* "/x" has the parent "/" */
	fd = openat(dirfd, slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -1 : fsync(fd);
}

/* Write a temporary beside path and rename it over; `durable` adds the fsyncs. */
static int replace_file(int dirfd, const char *path, const void *buf, size_t n, mode_t mode,
			int durable, struct err *err)
{
	static _Atomic unsigned serial; /* two threads of one process differ here */
	AUTO_FREE char *tmp = xasprintf("%s.%d.%u.tmp", path, (int)getpid(), serial++);
	AUTO_CLOSE int fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return err_sys(err, "create %s", tmp);
	if (io_write_full(fd, buf, n) || (durable && fsync(fd)) ||
	    renameat(dirfd, tmp, dirfd, path)) {
		err_sys(err, "write %s", path);
		unlinkat(dirfd, tmp, 0);
		return -1;
	}
	if (durable && sync_parent(dirfd, path))
		return err_sys(err, "sync the directory of %s", path);
	return 0;
}

int file_write_atomic(int dirfd, const char *path, const void *buf, size_t n, mode_t mode,
		      struct err *err)
{
	return replace_file(dirfd, path, buf, n, mode, 1, err);
}

int file_write_volatile(int dirfd, const char *path, const void *buf, size_t n, mode_t mode,
			struct err *err)
{
	return replace_file(dirfd, path, buf, n, mode, 0, err);
}

int file_write_new(int dirfd, const char *path, const void *buf, size_t n, mode_t mode,
		   struct err *err)
{
	AUTO_CLOSE int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	return fd < 0 || io_write_full(fd, buf, n) ? err_sys(err, "write %s", path) : 0;
}

int file_write_once(int dirfd, const char *path, const char *text, struct err *err)
{
	AUTO_CLOSE int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open %s", path);
	if (write(fd, text, strlen(text)) < 0)
		return err_sys(err, "write '%s' to %s", text, path);
	return 0;
}

static int make_each(char *path, mode_t mode, struct err *err)
{
	for (char *s = path + 1; ; s++) {
		char c = *s;

		if (c != '/' && c != '\0')
			continue;
		*s = '\0';
		if (mkdir(path, mode) && errno != EEXIST)
			return err_sys(err, "mkdir %s", path);
		if (c == '\0')
			return 0;
		*s = c;
	}
}

int file_mkdir_p(const char *path, mode_t mode, struct err *err)
{
	AUTO_FREE char *p = xstrdup(path);
	struct stat st;

	/* Mostly all of it is there, or all but the last. */
	if (!*path || !mkdir(path, mode))
		return *path ? 0 : err_errno(err, ENOENT, "mkdir");
	if (errno != EEXIST && make_each(p, mode, err))
		return -1;
	if (stat(path, &st))
		return err_sys(err, "stat %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_errno(err, ENOTDIR, "mkdir %s", path);
	return 0;
}

/* Open the directory `name` in dirfd, but not if a link or a mount stands there.
 * RESOLVE_NO_XDEV (openat2(2)) also sees bind mounts of the same file system,
 * which comparing st_dev does not. */
static int open_same_mount(int dirfd, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV,
	};

	return (int)syscall(SYS_openat2, dirfd, name, &how, sizeof how);
}

/* A tree may be deeper than there are descriptors, if an image made it so. Each
 * level of the walk holds one; what lies deeper than this is moved up to the
 * top first and removed from there. */
#define MAX_DEPTH 64

struct removal {
	int top;       /* the directory that is removed, where deep ones are moved to */
	unsigned flat; /* how many were moved */
};

static int remove_at(struct removal *r, int dirfd, const char *name, int depth, struct err *err);

static int flatten(struct removal *r, int dirfd, const char *name, struct err *err)
{
	char up[32];
	int failed;

	do {
		snprintf(up, sizeof up, ".deep.%u", r->flat++);
		failed = renameat2(dirfd, name, r->top, up, RENAME_NOREPLACE);
	} while (failed && errno == EEXIST);
	return failed ? err_sys(err, "move %s up, out of a very deep directory", name) : 0;
}

/* Remove what is in the directory open at fd, which is owned here. */
static int empty_dir(struct removal *r, int fd, int depth, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = fdopendir(fd);
	unsigned before;
	struct dirent *e;

	if (!d) {
		err_sys(err, "read a directory");
		close(fd);
		return -1;
	}
	if (r->top < 0)
		r->top = fd;
	do {
		before = r->flat;
		rewinddir(d);
		while ((e = readdir(d)))
			if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
			    remove_at(r, dirfd(d), e->d_name, depth, err))
				return -1;
	} while (depth == 1 && r->flat != before); /* at the top, more may have come */
	return 0;
}

static int remove_at(struct removal *r, int dirfd, const char *name, int depth, struct err *err)
{
	int fd;

	if (!unlinkat(dirfd, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(err, "remove %s", name);
	if (!unlinkat(dirfd, name, AT_REMOVEDIR) || errno == ENOENT)
		return 0;
	if (depth > MAX_DEPTH)
		return flatten(r, dirfd, name, err);
	fd = open_same_mount(dirfd, name);
	if (fd < 0 && errno == EXDEV)
		return err_set(err, ERR_CONFLICT, "%s is a mount point: unmount it first", name);
	if (fd < 0)
		return err_sys(err, "open %s", name);
	if (empty_dir(r, fd, depth + 1, err))
		return err_wrap(err, "in %s", name);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) && errno != ENOENT)
		return err_sys(err, "remove %s", name);
	return 0;
}

int file_remove_tree(int dirfd, const char *path, struct err *err)
{
	AUTO_FREE char *dir = xstrdup(path);
	struct removal r = { .top = -1 };
	AUTO_CLOSE int parent = -1;
	size_t n = strlen(dir);
	char *slash;

	while (n > 1 && dir[n - 1] == '/') /* "tree/" is "tree" */
		dir[--n] = '\0';
	slash = strrchr(dir, '/');
	if (!slash)
		return remove_at(&r, dirfd, dir, 0, err);
	if (!slash[1])
		return err_set(err, ERR_INVALID, "the root directory is not to be removed");
	*slash = '\0';
	parent = openat(dirfd, slash == dir ? "/" : dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0 && errno == ENOENT)
		return 0;
	if (parent < 0)
		return err_sys(err, "open %s", dir);
	return remove_at(&r, parent, slash + 1, 0, err) ? err_wrap(err, "%s", path) : 0;
}

int file_lock_dir(const char *directory, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/lock", directory);
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, "open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno == EWOULDBLOCK)
			return err_set(err, ERR_CONFLICT,
				       "%s is in use by another running daemon", directory);
		return err_sys(err, "lock %s", path);
	}
	return steal_fd(&fd);
}
