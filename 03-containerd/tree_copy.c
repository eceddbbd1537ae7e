/*
 * tree_copy.c - see tree_copy.h; laying a layer over a tree is in tree_apply.c.
 */
#include "tree_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "01-kernel/base/strbuf.h"
#include "diff_private.h"

#define DEPTH_MAX 400 /* two descriptors for each level */

/* --- the look ---------------------------------------------------------------------------- */

/* What was inherited (default ACLs), or was there before. */
static int drop_xattrs(int at, const char *name, const char *path, struct err *err)
{
	struct xattr_list l;
	int rc = xattrs_read(at, name, &l, err);

	for (size_t i = 0; !rc && i < l.n; i++)
		if (lremovexattr(path, l.v[i].name) && errno != ENODATA)
			rc = err_sys(err, "remove the extended attribute %.100s", l.v[i].name);
	xattrs_release(&l);
	return rc;
}

static int copy_xattrs(int from, const char *name, int to, const char *as, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/self/fd/%d/%s", to, as);
	struct xattr_list l;
	int rc = drop_xattrs(to, as, path, err) || xattrs_read(from, name, &l, err) ? -1 : 0;

	if (rc)
		return -1;
	for (size_t i = 0; !rc && i < l.n; i++)
		if (lsetxattr(path, l.v[i].name, l.v[i].value, l.v[i].size, 0) &&
		    errno != EOPNOTSUPP)
			rc = err_sys(err, "set the extended attribute %.100s", l.v[i].name);
	xattrs_release(&l);
	return rc;
}

/* Owner first: chown(2) clears set-id bits and file capabilities; times last. */
int ctrd_look_copy(int from, const char *name, int to, const char *as, const struct stat *st,
		   struct err *err)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchownat(to, as, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "chown %s", as);
	if (!S_ISLNK(st->st_mode) && fchmodat(to, as, st->st_mode & 07777, 0))
		return err_sys(err, "chmod %s", as);
	if (copy_xattrs(from, name, to, as, err))
		return -1;
	return utimensat(to, as, times, AT_SYMLINK_NOFOLLOW) ? err_sys(err, "set the time of %s", as)
							     : 0;
}

/* --- data ---------------------------------------------------------------------------------- */

/* A stretch of data that the kernel copies; 0 where it cannot between these two. */
static ssize_t copy_some(int in, int out, off_t *at, size_t n)
{
	off_t to = *at;
	ssize_t got = copy_file_range(in, at, out, &to, n, 0);
	char buf[64 << 10];

	if (got >= 0 || (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS))
		return got;
	got = pread(in, buf, n < sizeof(buf) ? n : sizeof(buf), *at);
	if (got > 0)
		got = pwrite(out, buf, (size_t)got, *at);
	*at += got > 0 ? got : 0;
	return got;
}

/* Holes stay holes. */
static int copy_data(int in, int out, off_t size)
{
	off_t at = 0;

	if (!ioctl(out, FICLONE, in))
		return 0;
	while (at < size) {
		off_t data = lseek(in, at, SEEK_DATA), end;

		if (data < 0 && errno == ENXIO)
			break; /* a hole to the end */
		at = data < 0 ? at : data;
		end = data < 0 ? size : lseek(in, at, SEEK_HOLE);
		while (at < end) {
			ssize_t n = copy_some(in, out, &at, (size_t)(end - at));

			if (n < 0)
				return -1;
			if (!n)
				return ftruncate(out, size);
		}
	}
	return ftruncate(out, size);
}

static int copy_file(int from, int to, const char *name, const struct stat *st, struct err *err)
{
	AUTO_CLOSE int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO_CLOSE int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				    0600);

	if (in < 0 || out < 0)
		return err_sys(err, "open %s", name);
	return copy_data(in, out, st->st_size) ? err_sys(err, "copy %s", name) : 0;
}

static int copy_link(int from, int to, const char *name, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(err, "read the link %s", name);
	target[n] = '\0';
	return symlinkat(target, to, name) ? err_sys(err, "link %s", name) : 0;
}

/* --- trees ----------------------------------------------------------------------------------- */

struct copy {
	void *links; /* tsearch(3): the files with several names that were copied */
	int root;    /* where to */
};

struct link {
	dev_t dev;
	ino_t ino;
	char *path; /* its first name, from the root */
};

static int by_inode(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static void free_link(void *node)
{
	struct link *l = node;

	free(l->path);
	free(l);
}

/* The second name of a file that was copied: 1 when it was made. */
static int second_name(struct copy *c, const struct stat *st, int to, const char *path,
		       const char *name, struct err *err)
{
	struct link key = { st->st_dev, st->st_ino, NULL };
	struct link **found, *l;

	if (st->st_nlink < 2)
		return 0;
	found = tfind(&key, &c->links, by_inode);
	if (found)
		return linkat(c->root, (*found)->path, to, name, 0)
			       ? err_sys(err, "hard link %s", path) : 1;
	l = xmalloc(sizeof(*l));
	*l = (struct link){ st->st_dev, st->st_ino, xstrdup(path) };
	tsearch(l, &c->links, by_inode);
	return 0;
}

static int copy_dir(struct copy *c, int from, int to, const char *path, unsigned depth,
		    struct err *err);

static int copy_entry(struct copy *c, int from, int to, const char *path, const char *name,
		      unsigned depth, struct err *err)
{
	struct stat st;
	int rc;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "stat %s", path);
	rc = S_ISDIR(st.st_mode) ? 0 : second_name(c, &st, to, path, name, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	switch (st.st_mode & S_IFMT) {
	case S_IFSOCK:
		return 0;
	case S_IFREG:
		rc = copy_file(from, to, name, &st, err);
		break;
	case S_IFLNK:
		rc = copy_link(from, to, name, err);
		break;
	case S_IFDIR: {
		AUTO_CLOSE int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		AUTO_CLOSE int out = mkdirat(to, name, 0700) ? -1 : openat(to, name, O_RDONLY |
							O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (in < 0 || out < 0)
			return err_sys(err, "make the directory %s", path);
		rc = copy_dir(c, in, out, path, depth + 1, err);
		break;
	}
	default:
		rc = mknodat(to, name, st.st_mode & ~07777u, st.st_rdev)
			     ? err_sys(err, "make the device %s", path) : 0;
	}
	return rc ? -1 : ctrd_look_copy(from, name, to, name, &st, err);
}

static int copy_dir(struct copy *c, int from, int to, const char *path, unsigned depth,
		    struct err *err)
{
	int own = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = own < 0 ? NULL : fdopendir(own);

	if (!dir)
		return err_sys(err, "list %s", path);
	if (depth > DEPTH_MAX)
		return err_set(err, ERR_UNSUPPORTED, "%.200s...: directories nested more than %d deep",
			       path, DEPTH_MAX);
	for (struct dirent *de; (de = readdir(dir));) {
		AUTO_FREE char *sub = xasprintf("%s%s%s", path, *path ? "/" : "", de->d_name);

		if (strcmp(de->d_name, ".") && strcmp(de->d_name, "..") &&
		    copy_entry(c, from, to, sub, de->d_name, depth, err))
			return -1;
	}
	return 0;
}

int ctrd_tree_copy(int from, int to, struct err *err)
{
	struct copy c = { NULL, to };
	struct stat st;
	int rc = fstat(from, &st) ? err_sys(err, "stat") : copy_dir(&c, from, to, "", 0, err);

	tdestroy(c.links, free_link);
	if (!rc)
		rc = ctrd_look_copy(from, ".", to, ".", &st, err);
	return rc ? err_wrap(err, "copy a tree") : 0;
}
