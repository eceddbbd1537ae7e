/*
 * unpack_entry.c - an entry of the archive becomes a file beneath the root.
 *
 * A name is split in two. The directory part is opened by the kernel with the
 * root as its "/": links in it are followed, as real containerd does, but cannot
 * leave. The last component is never followed: what stands there is removed
 * first (but a directory stays where a directory comes), and the new file is
 * created with O_EXCL and its kin. Nobody else works in this tree meanwhile.
 *
 * Whiteouts (OCI image-spec, layer.md, "Whiteouts"), which the archive spells as
 * names, become what overlayfs reads (Documentation/filesystems/overlayfs.rst):
 *
 *     .wh.NAME         a 0/0 character device called NAME
 *     .wh..wh..opq     xattr trusted.overlay.opaque=y on the directory
 *     .wh..wh.*        aufs's own bookkeeping: skipped
 */
#include "unpack_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <tar.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/path.h"

#define WHITEOUT ".wh."
#define WHITEOUT_META ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"
#define OPAQUE_XATTR "trusted.overlay.opaque"
#define LINKS_MAX 40 /* as path_resolution(7) */

void layer_root_init(struct layer_root *r, int fd)
{
	*r = (struct layer_root){ .fd = fd, .parent_fd = -1 };
	strlist_add(&r->implicit, "."); /* until an entry names it */
}

static void forget_parent(struct layer_root *r)
{
	if (r->parent_fd >= 0)
		close(r->parent_fd);
	r->parent_fd = -1;
	free(r->parent_path);
	r->parent_path = NULL;
}

void layer_root_free(struct layer_root *r)
{
	forget_parent(r);
	for (size_t i = 0; i < r->n_dirs; i++)
		free(r->dirs[i].path);
	free(r->dirs);
	strlist_free(&r->implicit);
}

char *layer_clean_path(const char *name)
{
	AUTO_FREE char *out = xmalloc(strlen(name) + 2);
	size_t len = 0;

	while (*name) {
		size_t n = strcspn(name, "/");

		if (n == 2 && name[0] == '.' && name[1] == '.') {
			if (!len)
				return NULL;
			while (len && out[len - 1] != '/')
				len--;
			len -= len > 0; /* the slash */
		} else if (n && !(n == 1 && name[0] == '.')) {
			if (len)
				out[len++] = '/';
			memcpy(out + len, name, n);
			len += n;
		}
		name += n + (name[n] == '/');
	}
	if (!len)
		out[len++] = '.';
	out[len] = '\0';
	return steal_ptr(&out);
}

/* --- directories on the way ----------------------------------------------------------------- */

/* Split a clean path; "x" lies in ".". The directory part is the caller's to free. */
static char *dir_part(const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');

	*base = slash ? slash + 1 : path;
	return slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
}

/* The path of the directory fd beneath the root, without links. NULL cannot happen to a
 * directory that stands there, but is handled. */
static char *canonical(const struct layer_root *r, int fd)
{
	char proc[KERN_PATH_PROC_SIZE], root[PATH_MAX], here[PATH_MAX];
	ssize_t n = readlink(kern_path_proc(r->fd, proc), root, sizeof(root) - 1);
	ssize_t m = readlink(kern_path_proc(fd, proc), here, sizeof(here) - 1);

	if (n <= 0 || m < n || memcmp(root, here, (size_t)n))
		return NULL;
	here[m] = '\0';
	if (m == n)
		return xstrdup(".");
	return here[n] == '/' ? xstrdup(here + n + 1) : NULL;
}

static int open_dir(struct layer_root *r, const char *path, unsigned links, struct err *err);

/* `path`, whose parent is open, is missing: make it, or what the dangling link there means. */
static int make_dir(struct layer_root *r, int parent, const char *path, const char *base,
		    unsigned links, struct err *err)
{
	AUTO_FREE char *above = NULL, *target = NULL;
	char text[PATH_MAX];
	ssize_t n;

	if (!mkdirat(parent, base, 0755)) {
		if (fchmodat(parent, base, 0755, 0)) /* whatever the umask */
			return err_sys(err, "mkdir %s", path);
		above = canonical(r, parent);
		if (above)
			strlist_addf(&r->implicit, "%s%s%s", strcmp(above, ".") ? above : "",
				     strcmp(above, ".") ? "/" : "", base);
		return openat(parent, base, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	n = errno == EEXIST ? readlinkat(parent, base, text, sizeof(text) - 1) : -1;
	if (n <= 0)
		return err_sys(err, "mkdir %s", path);
	if (links > LINKS_MAX)
		return err_errno(err, ELOOP, "mkdir %s", path);
	text[n] = '\0';
	above = canonical(r, parent);
	target = text[0] == '/' ? xstrdup(text) : xasprintf("%s/%s", above ? above : ".", text);
	return open_dir(r, target, links + 1, err);
}

/* The directory at `path` beneath the root (O_PATH), made where it is missing. */
static int open_dir(struct layer_root *r, const char *path, unsigned links, struct err *err)
{
	int fd = kern_path_open(r->fd, path, O_PATH | O_DIRECTORY, 0, 0, err);
	AUTO_FREE char *dir = NULL, *copy = NULL;
	AUTO_CLOSE int parent = -1;
	const char *base;

	if (fd >= 0 || err->errnum != ENOENT)
		return fd;
	copy = xstrdup(path);
	for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/';)
		copy[--n] = '\0';
	dir = dir_part(copy, &base);
	if (!*base || !strcmp(base, ".") || !strcmp(base, ".."))
		return -1;
	parent = open_dir(r, *dir ? dir : "/", links, err);
	if (parent < 0)
		return -1;
	return make_dir(r, parent, copy, base, links, err);
}

/* The directory that holds `path`: borrowed, valid until the next call. */
static int parent_of(struct layer_root *r, const char *path, const char **base, struct err *err)
{
	AUTO_FREE char *dir = dir_part(path, base);

	if (r->parent_path && !strcmp(r->parent_path, dir))
		return r->parent_fd;
	forget_parent(r);
	r->parent_fd = open_dir(r, dir, 0, err);
	if (r->parent_fd < 0)
		return -1;
	r->parent_path = steal_ptr(&dir);
	return r->parent_fd;
}

/* --- what stands there already ----------------------------------------------------------------- */

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

struct room {
	bool merge;    /* a directory is there and stays: one is coming */
	bool hidden;   /* a whiteout of this layer was there */
	bool rerouted; /* a link or directory went away: paths may mean something else now */
};

static int make_room(int parent, const char *base, bool dir, struct room *room, struct err *err)
{
	struct stat st;

	*room = (struct room){ false, false, false };
	if (fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : err_sys(err, "stat %s", base);
	room->hidden = is_whiteout(&st);
	room->merge = dir && S_ISDIR(st.st_mode);
	if (room->merge)
		return 0;
	room->rerouted = S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode);
	if (!S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode))
		return unlinkat(parent, base, 0) ? err_sys(err, "remove %s", base) : 0;
	return file_remove_tree(parent, base, err);
}

/* --- the kinds of entries ------------------------------------------------------------------------ */

static int set_xattrs(int parent, const char *base, const struct tar_entry *e, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/self/fd/%d/%s", parent, base);

	for (size_t i = 0; i < e->n_xattrs; i++) {
		const struct tar_xattr *x = &e->xattrs[i];

		/* These steer overlayfs (redirects to other directories): not an archive's. */
		if (str_starts(x->name, "trusted.overlay.") || str_starts(x->name, "user.overlay."))
			continue;
		if (!lsetxattr(path, x->name, x->value, x->size, 0) || errno == EOPNOTSUPP)
			continue;
		if (errno == EPERM && str_starts(x->name, "user.")) /* links and devices have none */
			continue;
		return err_sys(err, "set the extended attribute %.100s", x->name);
	}
	return 0;
}

/* Owner first: chown(2) clears set-id bits and file capabilities. */
static int set_metadata(int parent, const char *base, const struct tar_entry *e, struct err *err)
{
	struct timespec times[2] = { e->mtime, e->mtime };

	if (fchownat(parent, base, e->uid, e->gid, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "chown");
	if (e->type != SYMTYPE && fchmodat(parent, base, e->mode, 0))
		return err_sys(err, "chmod");
	if (set_xattrs(parent, base, e, err))
		return -1;
	if (utimensat(parent, base, times, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "set the time");
	return 0;
}

static int write_data(int fd, uint64_t size, struct layer_stream *st, struct err *err)
{
	while (size) {
		const void *bytes;
		size_t n;

		if (layer_stream_peek(st, &bytes, &n, err))
			return -1;
		if (!n)
			return err_set(err, ERR_CORRUPT, "the archive ends in the middle of a file");
		if (n > size)
			n = (size_t)size;
		if (io_write_full(fd, bytes, n))
			return err_sys(err, "write");
		layer_stream_consume(st, n);
		size -= n;
	}
	return 0;
}

static int make_file(int parent, const char *base, const struct tar_entry *e,
		     struct layer_stream *st, struct err *err)
{
	AUTO_CLOSE int fd = openat(parent, base,
				   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, "create");
	return write_data(fd, e->size, st, err);
}

/* Times are set at the end: what comes into the directory later changes them. */
static void remember_dir(struct layer_root *r, const char *path, const struct tar_entry *e)
{
	if (r->n_dirs == r->cap_dirs) {
		r->cap_dirs = r->cap_dirs ? r->cap_dirs * 2 : 64;
		r->dirs = xrealloc(r->dirs, r->cap_dirs * sizeof(*r->dirs));
	}
	r->dirs[r->n_dirs++] = (struct layer_dir){ xstrdup(path), e->mtime };
}

static int make_hardlink(struct layer_root *r, int parent, const char *base,
			 const struct tar_entry *e, struct stat *st, struct err *err)
{
	AUTO_FREE char *target = layer_clean_path(e->link), *dir = NULL;
	AUTO_CLOSE int from = -1;
	const char *name;

	if (!target || !strcmp(target, "."))
		return err_set(err, ERR_CORRUPT, "hard link to \"%.200s\", outside the layer",
			       e->link);
	dir = dir_part(target, &name);
	from = kern_path_open(r->fd, dir, O_PATH | O_DIRECTORY, 0, 0, err);
	if (from < 0)
		return err_wrap(err, "hard link to \"%.200s\"", e->link);
	if (linkat(from, name, parent, base, 0))
		return err_sys(err, "hard link to \"%.200s\"", e->link);
	return fstatat(parent, base, st, AT_SYMLINK_NOFOLLOW) ? err_sys(err, "stat") : 0;
}

static int make_special(int parent, const char *base, const struct tar_entry *e, struct err *err)
{
	static const struct { char tar; mode_t mode; } kinds[] = {
		{ CHRTYPE, S_IFCHR }, { BLKTYPE, S_IFBLK }, { FIFOTYPE, S_IFIFO },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].tar == e->type)
			return mknodat(parent, base, kinds[i].mode | 0600,
				       makedev(e->major, e->minor))
				       ? err_sys(err, "make a device or pipe") : 0;
	return err_set(err, ERR_UNSUPPORTED, "entry of the unknown type '%c'", e->type);
}

/* Create `base`, which does not exist. The second name of a file that exists says nothing new
 * about it, unless it does: then *done stays false. */
static int create(struct layer_root *r, int parent, const char *base, const struct tar_entry *e,
		  struct layer_stream *st, bool *done, struct err *err)
{
	struct stat is;

	switch (e->type) {
	case REGTYPE:
		return make_file(parent, base, e, st, err);
	case DIRTYPE:
		return mkdirat(parent, base, 0700) ? err_sys(err, "mkdir") : 0;
	case SYMTYPE:
		return symlinkat(e->link, parent, base) ? err_sys(err, "symlink") : 0;
	case LNKTYPE:
		if (make_hardlink(r, parent, base, e, &is, err))
			return -1;
		*done = S_ISLNK(is.st_mode) || (is.st_uid == e->uid && is.st_gid == e->gid &&
						(is.st_mode & 07777) == e->mode);
		return 0;
	default:
		return make_special(parent, base, e, err);
	}
}

static int set_opaque(int dir, struct err *err)
{
	char proc[KERN_PATH_PROC_SIZE];

	if (setxattr(kern_path_proc(dir, proc), OPAQUE_XATTR, "y", 1, 0))
		return err_sys(err, "set %s", OPAQUE_XATTR);
	return 0;
}

static int make_opaque_child(int parent, const char *base, struct err *err)
{
	AUTO_CLOSE int fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open") : set_opaque(fd, err);
}

/* A whiteout hides what lower layers have, not what this layer itself brings. */
static int apply_whiteout(int parent, const char *base, struct err *err)
{
	const char *name = base + strlen(WHITEOUT);
	struct stat st;

	if (!strcmp(base, WHITEOUT_OPAQUE))
		return set_opaque(parent, err);
	if (str_starts(base, WHITEOUT_META))
		return 0;
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return err_set(err, ERR_CORRUPT, "whiteout of \"%s\"", name);
	if (!fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW))
		return S_ISDIR(st.st_mode) ? make_opaque_child(parent, name, err) : 0;
	return mknodat(parent, name, S_IFCHR, 0) ? err_sys(err, "make a whiteout") : 0;
}

static int apply_at(struct layer_root *r, const char *path, const struct tar_entry *e,
		    struct layer_stream *st, struct err *err)
{
	bool dir = e->type == DIRTYPE, done = false;
	struct room room;
	const char *base;
	int parent = parent_of(r, path, &base, err);

	if (parent < 0)
		return -1;
	if (!dir && str_starts(base, WHITEOUT))
		return apply_whiteout(parent, base, err) ? -1 : layer_stream_skip(st, e->size, err);
	if (make_room(parent, base, dir, &room, err))
		return -1;
	if (!room.merge && create(r, parent, base, e, st, &done, err))
		return -1;
	if (dir && room.hidden && make_opaque_child(parent, base, err))
		return -1;
	if (dir)
		remember_dir(r, path, e);
	if (!done && set_metadata(parent, base, e, err))
		return -1;
	if (room.rerouted)
		forget_parent(r);
	return 0;
}

/* "./": the root's own metadata. */
static int apply_root(struct layer_root *r, const struct tar_entry *e, struct err *err)
{
	if (e->type != DIRTYPE)
		return err_set(err, ERR_CORRUPT, "the layer's root is not a directory");
	remember_dir(r, ".", e);
	return set_metadata(r->fd, ".", e, err);
}

int layer_apply(struct layer_root *r, const struct tar_entry *e, struct layer_stream *st,
		struct err *err)
{
	AUTO_FREE char *path = layer_clean_path(e->path);
	int rc;

	if (!path)
		return err_set(err, ERR_CORRUPT, "entry \"%.200s\" climbs out of the layer", e->path);
	rc = strcmp(path, ".") ? apply_at(r, path, e, st, err) : apply_root(r, e, err);
	if (!rc)
		return 0;
	/* What an entry refers to wrongly is the archive's fault, not the caller's. */
	if (err->kind == ERR_NOT_FOUND || err->kind == ERR_EXISTS || err->kind == ERR_INVALID)
		err->kind = ERR_CORRUPT;
	return err_wrap(err, "entry \"%.200s\"", e->path);
}

/* --- the end ------------------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Take from `implicit` what an entry named after all. */
static void subtract(struct strlist *implicit, struct strlist *named)
{
	size_t kept = 0;

	if (!named->n)
		return;
	qsort(named->v, named->n, sizeof(*named->v), by_text);
	for (size_t i = 0; i < implicit->n; i++) {
		if (bsearch(&implicit->v[i], named->v, named->n, sizeof(*named->v), by_text))
			free(implicit->v[i]);
		else
			implicit->v[kept++] = implicit->v[i];
	}
	implicit->n = kept;
	implicit->v[kept] = NULL;
}

int layer_finish(struct layer_root *r, struct err *err)
{
	AUTO_STRLIST struct strlist named = STRLIST_INIT;

	for (size_t i = 0; i < r->n_dirs; i++) {
		struct err ignored; /* a later entry may have put something else there */
		AUTO_CLOSE int fd = kern_path_open(r->fd, r->dirs[i].path,
						   O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, 0,
						   &ignored);
		struct timespec times[2] = { r->dirs[i].mtime, r->dirs[i].mtime };
		AUTO_FREE char *path = NULL;

		if (fd < 0)
			continue;
		if (futimens(fd, times))
			return err_sys(err, "set the time of %s", r->dirs[i].path);
		path = canonical(r, fd);
		if (path)
			strlist_add(&named, path);
	}
	subtract(&r->implicit, &named);
	return 0;
}
