/*
 * copyup.c - tmpcopyup: a tmpfs that begins with what it covers.
 *
 * Directories, files and symbolic links with their owner and mode; anything
 * else is left out, as is what lies on another mount. Both sides are the
 * container's, so no link is followed and each name is opened once.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "01-kernel/path.h"
#include "rootfs.h"

static int copy_bytes(int in, int out, struct err *err)
{
	for (;;) {
		ssize_t n = sendfile(out, in, NULL, 1 << 20);

		if (n < 0)
			return err_sys(err, "copy");
		if (n == 0)
			return 0;
	}
}

static int copy_file(int from, int to, const char *name, const struct stat *st, struct err *err)
{
	AUTO_CLOSE int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO_CLOSE int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				    0600);

	if (in < 0 || out < 0)
		return err_sys(err, "copy");
	if (copy_bytes(in, out, err))
		return -1;
	if (fchown(out, st->st_uid, st->st_gid) || fchmod(out, st->st_mode & 07777))
		return err_sys(err, "copy the owner and mode");
	return 0;
}

static int copy_link(int from, int to, const char *name, const struct stat *st, struct err *err)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(from, name, text, sizeof text - 1);

	if (n < 0)
		return err_sys(err, "read the link");
	text[n] = '\0';
	if (symlinkat(text, to, name) ||
	    fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "link");
	return 0;
}

static int copy_dir(int from, int to, const char *name, const struct stat *st, struct err *err)
{
	AUTO_CLOSE int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_CLOSE int out = -1;

	if (in < 0)
		return err_sys(err, "open");
	if (mkdirat(to, name, 0700))
		return err_sys(err, "mkdir");
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0 || fchown(out, st->st_uid, st->st_gid) || fchmod(out, st->st_mode & 07777))
		return err_sys(err, "copy the owner and mode");
	return runc_copy_up(in, out, err);
}

static int copy_one(int from, int to, const char *name, dev_t device, struct err *err)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "stat");
	if (st.st_dev != device)
		return 0;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG: return copy_file(from, to, name, &st, err);
	case S_IFLNK: return copy_link(from, to, name, &st, err);
	case S_IFDIR: return copy_dir(from, to, name, &st, err);
	default: return 0;
	}
}

int runc_copy_up(int from, int to, struct err *err)
{
	/* `from` may be O_PATH, which cannot be read from. */
	int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	struct stat st;

	if (!d || fstat(dirfd(d), &st))
		return err_sys(err, "open the directory to copy");
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
		    copy_one(dirfd(d), to, e->d_name, st.st_dev, err))
			return err_wrap(err, "%s", e->d_name);
	return 0;
}
