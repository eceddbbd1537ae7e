/*
 * copy_in.c - see copy.h: an archive into a directory of the container.
 *
 * Every entry is resolved anew from the container's root, by the kernel, and made by a call
 * that follows nothing: what is chown'ed and chmod'ed is the descriptor of what was just
 * created, or of a directory that was opened as one. An entry may go through links, as the
 * container itself would: they end in the container.
 */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <tar.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/strbuf.h"
#include "01-kernel/path.h"
#include "03-containerd/tar_read.h"
#include "container_root.h"

int copy_in_check(const struct copy_in *c, struct err *err)
{
	AUTO_FREE char *path = dockerd_root_clean(c->path);
	AUTO_CLOSE int fd = kern_path_open(c->root, path, O_PATH, 0, 0, err);
	struct stat st;

	if (fd < 0 && err->errnum == ENOTDIR)
		return err_set(err, ERR_INVALID, "%s: not a directory", path);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		return err_sys(err, "stat %s", path);
	return S_ISDIR(st.st_mode) ? 0 : err_set(err, ERR_INVALID,
						 "extraction point is not a directory");
}

/* A directory's time: set last, since what comes into it changes it. */
struct dir_time {
	char *path;
	struct timespec mtime;
};

struct dir_times {
	struct dir_time *v;
	size_t n, cap;
};

static void remember(struct dir_times *t, const char *path, struct timespec mtime)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 16;
		t->v = xrealloc(t->v, t->cap * sizeof *t->v);
	}
	t->v[t->n++] = (struct dir_time){ xstrdup(path), mtime };
}

/* One that is no directory any more is the container's doing, and its business. */
static void settle(const struct copy_in *c, struct dir_times *t)
{
	for (size_t i = t->n; i-- > 0; free(t->v[i].path)) {
		struct err ignored;
		AUTO_CLOSE int fd = kern_path_open(c->root, t->v[i].path, O_RDONLY | O_DIRECTORY, 0,
						   RESOLVE_NO_SYMLINKS, &ignored);
		struct timespec times[2] = { t->v[i].mtime, t->v[i].mtime };

		if (fd >= 0)
			futimens(fd, times);
	}
	free(t->v);
}

/* A name of the archive as a path of the container. NULL: it climbs out of the directory. */
static char *place(const struct copy_in *c, const char *name)
{
	AUTO_FREE char *copy = xstrdup(name), *dir = dockerd_root_clean(c->path),
		       *joined = NULL;
	unsigned depth = 0;
	char *save = NULL;

	for (char *w = strtok_r(copy, "/", &save); w; w = strtok_r(NULL, "/", &save)) {
		if (!strcmp(w, "..") && !depth--)
			return NULL;
		depth += strcmp(w, ".") && strcmp(w, "..");
	}
	joined = xasprintf("%s/%s", dir, name);
	free(copy);
	copy = dockerd_root_clean(joined);
	if (str_ends(copy, "/."))
		copy[strlen(copy) - 2] = '\0';
	return steal_ptr(&copy);
}

/* --- what an entry says about a file --------------------------------------------------------- */

static int set_xattrs(int fd, const struct ctrd_tar_entry *e, struct err *err)
{
	for (size_t i = 0; i < e->n_xattrs; i++) {
		const struct ctrd_xattr *x = &e->xattrs[i];

		if (str_starts(x->name, "trusted.")) /* overlayfs is steered by these */
			continue;
		if (fsetxattr(fd, x->name, x->value, x->size, 0) && errno != EOPNOTSUPP &&
		    errno != EPERM)
			return err_sys(err, "set the extended attribute %.100s", x->name);
	}
	return 0;
}

/* Owner first: chown clears set-user-ID bits and capabilities. */
static int set_look(const struct copy_in *c, int fd, const struct ctrd_tar_entry *e, struct err *err)
{
	struct timespec times[2] = { e->mtime, e->mtime };

	if (fchown(fd, c->chown ? c->uid : e->uid, c->chown ? c->gid : e->gid))
		return err_sys(err, "chown");
	if (fchmod(fd, e->mode))
		return err_sys(err, "chmod");
	if (set_xattrs(fd, e, err))
		return -1;
	return futimens(fd, times) ? err_sys(err, "set the time") : 0;
}

/* Of what cannot be opened: a link, a device. Its mode came with its making. */
static int set_look_at(const struct copy_in *c, int dir, const char *base,
		       const struct ctrd_tar_entry *e, struct err *err)
{
	struct timespec times[2] = { e->mtime, e->mtime };

	if (fchownat(dir, base, c->chown ? c->uid : e->uid, c->chown ? c->gid : e->gid,
		     AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "chown");
	return utimensat(dir, base, times, AT_SYMLINK_NOFOLLOW) ? err_sys(err, "set the time") : 0;
}

/* --- entries ----------------------------------------------------------------------------- */

static int make_file(const struct copy_in *c, int dir, const char *base,
		     const struct ctrd_tar_entry *e, struct ctrd_tar_in *in, struct err *err)
{
	AUTO_CLOSE int fd =
		openat(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, "create");
	return ctrd_tar_in_data(in, fd, err) ? -1 : set_look(c, fd, e, err);
}

static int make_dir(const struct copy_in *c, int dir, const char *base,
		    const struct ctrd_tar_entry *e, struct err *err)
{
	AUTO_CLOSE int fd = -1;

	if (mkdirat(dir, base, 0700) && errno != EEXIST)
		return err_sys(err, "make the directory");
	fd = openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open the directory") : set_look(c, fd, e, err);
}

static int make_link(const struct copy_in *c, int dir, const char *base,
		     const struct ctrd_tar_entry *e, struct err *err)
{
	AUTO_FREE char *path = place(c, e->link);
	AUTO_CLOSE int from = -1;
	const char *name;

	if (!path)
		return err_set(err, ERR_INVALID, "a link out of the archive: %s", e->link);
	from = kern_path_parent(c->root, path, 0, &name, err);
	if (from < 0)
		return -1;
	return linkat(from, name, dir, base, 0) ? err_sys(err, "link to %s", e->link) : 0;
}

static int make_other(const struct copy_in *c, int dir, const char *base,
		      const struct ctrd_tar_entry *e, struct err *err)
{
	mode_t kind = e->type == CHRTYPE ? S_IFCHR : e->type == BLKTYPE ? S_IFBLK : S_IFIFO;

	if (e->type == SYMTYPE) {
		if (symlinkat(e->link, dir, base))
			return err_sys(err, "make the link");
		return set_look_at(c, dir, base, e, err);
	}
	if (e->type != CHRTYPE && e->type != BLKTYPE && e->type != FIFOTYPE)
		return err_set(err, ERR_INVALID, "an entry of the unknown type '%c'", e->type);
	if (mknodat(dir, base, kind | e->mode, makedev(e->major, e->minor)))
		return err_sys(err, "make the device");
	return set_look_at(c, dir, base, e, err);
}

/* Out of the way with what stands there, but a directory that a directory comes for. */
static int make_room(const struct copy_in *c, int dir, const char *base,
		     const struct ctrd_tar_entry *e, struct err *err)
{
	bool brings_dir = e->type == DIRTYPE;
	struct stat st;

	if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : err_sys(err, "stat");
	if (S_ISDIR(st.st_mode) && brings_dir)
		return 0;
	if (c->keep_dirs && S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID,
			       "cannot overwrite directory \"%s\" with non-directory \"%s\"", base,
			       c->path);
	if (c->keep_dirs && brings_dir)
		return err_set(err, ERR_INVALID,
			       "cannot overwrite non-directory \"%s\" with directory \"%s\"", base,
			       c->path);
	return file_remove_tree(dir, base, err);
}

static int put_entry(const struct copy_in *c, const struct ctrd_tar_entry *e,
		     struct ctrd_tar_in *in, struct dir_times *times, struct err *err)
{
	AUTO_FREE char *path = place(c, e->path), *here = dockerd_root_clean(c->path);
	AUTO_CLOSE int dir = -1;
	const char *base;

	if (!path)
		return err_set(err, ERR_INVALID, "it would be outside of the directory");
	if (c->id && strstr(e->path, c->id)) /* without end, if we went on */
		return err_set(err, ERR_INVALID, "this is the copy that is being made: the daemon's own files cannot be "
			       "in an archive for it");
	if (str_ends(here, "/."))
		here[strlen(here) - 2] = '\0';
	if (!strcmp(path, here) || !*path || !strcmp(path, "/"))
		return 0; /* the directory itself: it is there, and stays as it is */
	dir = kern_path_parent(c->root, path, 0755, &base, err);
	if (dir < 0 || make_room(c, dir, base, e, err))
		return -1;
	if (e->type == REGTYPE)
		return make_file(c, dir, base, e, in, err);
	if (e->type == DIRTYPE) {
		remember(times, path, e->mtime);
		return make_dir(c, dir, base, e, err);
	}
	return e->type == LNKTYPE ? make_link(c, dir, base, e, err)
				  : make_other(c, dir, base, e, err);
}

int copy_in(const struct copy_in *c, int archive, struct err *err)
{
	struct ctrd_tar_in *in = ctrd_tar_in_open(archive, err);
	struct dir_times times = { 0 };
	struct ctrd_tar_entry e;
	bool end = false;
	int rc = in ? 0 : -1;

	while (!rc && !end) {
		rc = ctrd_tar_in_next(in, &e, &end, err);
		if (!rc && !end && put_entry(c, &e, in, &times, err))
			rc = err_wrap(err, "%.500s", e.path);
	}
	ctrd_tar_in_close(in);
	settle(c, &times);
	return rc;
}
