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
#include <string.h>
#include <sys/sysmacros.h>
#include <tar.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/path.h"

#define WHITEOUT ".wh."
#define WHITEOUT_META ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

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

/* --- files ------------------------------------------------------------------------------------- */

/* The next n bytes of the archive, where the file's position is. */
static int write_piece(int fd, uint64_t size, struct layer_stream *st, struct err *err)
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

static int write_sparse(int fd, const struct tar_entry *e, struct layer_stream *st, struct err *err)
{
	for (size_t i = 0; i < e->sparse.n; i++) {
		const struct tar_piece *p = &e->sparse.pieces[i];

		if (lseek(fd, (off_t)p->offset, SEEK_SET) < 0)
			return err_sys(err, "seek");
		if (write_piece(fd, p->size, st, err))
			return -1;
	}
	return ftruncate(fd, (off_t)e->size) ? err_sys(err, "set the size") : 0;
}

int tar_data(const struct tar_entry *e, struct layer_stream *st, int fd, struct err *err)
{
	return e->sparse.used ? write_sparse(fd, e, st, err) : write_piece(fd, e->size, st, err);
}

/* The mode at once, for there is mostly nothing to change then; set-id bits only when the owner is
 * right. Nobody else can reach the file yet, whatever its mode. */
static int make_file(struct layer_root *r, int parent, const char *base, const struct tar_entry *e,
		     struct layer_stream *st, struct err *err)
{
	AUTO_CLOSE int fd = openat(parent, base,
				   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				   e->mode & 0777);

	if (fd < 0)
		return err_sys(err, "create");
	if (tar_data(e, st, fd, err))
		return -1;
	return layer_set_file_metadata(r, fd, e, err);
}

/* --- the other kinds of entries -------------------------------------------------------------------- */

static int make_hardlink(struct layer_root *r, int parent, const char *base,
			 const struct tar_entry *e, struct err *err)
{
	AUTO_FREE char *target = layer_clean_path(e->link), *dir = NULL;
	AUTO_CLOSE int from = -1;
	const char *name;
	struct stat st;

	if (!target || !strcmp(target, "."))
		return err_set(err, ERR_CORRUPT, "hard link to \"%.200s\", outside the layer",
			       e->link);
	dir = layer_dir_part(target, &name);
	from = kern_path_open(r->fd, dir, O_PATH | O_DIRECTORY, 0, 0, err);
	if (from < 0)
		return err_wrap(err, "hard link to \"%.200s\"", e->link);
	if (!fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode))
		return err_set(err, ERR_CORRUPT, "hard link to \"%.200s\", a directory", e->link);
	if (linkat(from, name, parent, base, 0))
		return err_sys(err, "hard link to \"%.200s\"", e->link);
	if (fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "stat");
	return layer_set_metadata(r, parent, base, e, S_ISLNK(st.st_mode), err);
}

static int make_special(struct layer_root *r, int parent, const char *base,
			const struct tar_entry *e, struct err *err)
{
	static const struct { char tar; mode_t mode; } kinds[] = {
		{ CHRTYPE, S_IFCHR }, { BLKTYPE, S_IFBLK }, { FIFOTYPE, S_IFIFO },
	};
	size_t i = 0;

	while (i < 3 && kinds[i].tar != e->type)
		i++;
	if (i == 3)
		return err_set(err, ERR_UNSUPPORTED, "entry of the unknown type '%c'", e->type);
	if (r->userns && e->type != FIFOTYPE)
		return 0;
	if (mknodat(parent, base, kinds[i].mode | 0600, makedev(e->major, e->minor)))
		return err_sys(err, "make a device or pipe");
	return layer_set_metadata(r, parent, base, e, false, err);
}

static int make_symlink(struct layer_root *r, int parent, const char *base,
			const struct tar_entry *e, struct err *err)
{
	if (symlinkat(e->link, parent, base))
		return err_sys(err, "symlink");
	return layer_set_metadata(r, parent, base, e, true, err);
}

/* Its metadata come when it is known whether one was there. */
static int make_dir(int parent, const char *base, struct err *err)
{
	return mkdirat(parent, base, 0700) ? err_sys(err, "mkdir") : 0;
}

static int create(struct layer_root *r, int parent, const char *base, const struct tar_entry *e,
		  struct layer_stream *st, struct err *err)
{
	switch (e->type) {
	case REGTYPE:
		return make_file(r, parent, base, e, st, err);
	case DIRTYPE:
		return make_dir(parent, base, err);
	case SYMTYPE:
		return make_symlink(r, parent, base, e, err);
	case LNKTYPE:
		return make_hardlink(r, parent, base, e, err);
	default:
		return make_special(r, parent, base, e, err);
	}
}

/* Mostly nothing is there, so that is tried first. */
static int create_over(struct layer_root *r, int parent, const char *base, const struct tar_entry *e,
		       struct layer_stream *st, struct room *room, struct err *err)
{
	*room = (struct room){ false, false, false };
	if (!create(r, parent, base, e, st, err))
		return 0;
	if (err->errnum != EEXIST || make_room(parent, base, e->type == DIRTYPE, room, err))
		return -1;
	return room->merge ? 0 : create(r, parent, base, e, st, err);
}

/* --- whiteouts ---------------------------------------------------------------------------------------- */

static int make_opaque_child(struct layer_root *r, int parent, const char *base, struct err *err)
{
	AUTO_CLOSE int fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open") : layer_set_opaque(r, fd, err);
}

/* A whiteout hides what lower layers have, not what this layer itself brings. */
static int apply_whiteout(struct layer_root *r, int parent, const char *base, struct err *err)
{
	const char *name = base + strlen(WHITEOUT);
	struct stat st;

	if (!strcmp(base, WHITEOUT_OPAQUE))
		return layer_set_opaque(r, parent, err);
	if (str_starts(base, WHITEOUT_META))
		return 0;
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return err_set(err, ERR_CORRUPT, "whiteout of \"%s\"", name);
	if (!fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW))
		return S_ISDIR(st.st_mode) ? make_opaque_child(r, parent, name, err) : 0;
	return mknodat(parent, name, S_IFCHR, 0) ? err_sys(err, "make a whiteout") : 0;
}

/* --- any entry ------------------------------------------------------------------------------------------- */

static int apply_at(struct layer_root *r, const char *path, const struct tar_entry *e,
		    struct layer_stream *st, struct err *err)
{
	struct room room;
	const char *base;
	int parent = layer_parent(r, path, &base, err);

	if (parent < 0)
		return -1;
	if (str_starts(base, WHITEOUT))
		return apply_whiteout(r, parent, base, err) ? -1
							    : layer_stream_skip(st, e->stored, err);
	if (create_over(r, parent, base, e, st, &room, err))
		return -1;
	if (e->type == DIRTYPE) {
		if (room.hidden && make_opaque_child(r, parent, base, err))
			return -1;
		layer_remember_dir(r, path, e);
		if (layer_set_metadata(r, parent, base, e, false, err))
			return -1;
	}
	if (room.rerouted)
		layer_forget_parent(r);
	return 0;
}

/* "./": the root's own metadata. */
static int apply_root(struct layer_root *r, const struct tar_entry *e, struct err *err)
{
	if (e->type != DIRTYPE)
		return err_set(err, ERR_CORRUPT, "the layer's root is not a directory");
	layer_remember_dir(r, ".", e);
	return layer_set_metadata(r, r->fd, ".", e, false, err);
}

/* What an entry refers to wrongly is the archive's fault, not the caller's or the system's. */
static bool archives_fault(const struct err *err)
{
	return err->kind == ERR_NOT_FOUND || err->kind == ERR_EXISTS || err->kind == ERR_INVALID ||
	       err->errnum == ENOTDIR || err->errnum == ENAMETOOLONG || err->errnum == EMLINK;
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
	if (archives_fault(err))
		err->kind = ERR_CORRUPT;
	return err_wrap(err, "entry \"%.200s\"", e->path);
}
