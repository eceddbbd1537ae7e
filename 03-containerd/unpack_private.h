/*
 * unpack_private.h - the stages of unpacking, each a page:
 *
 *   unpack_inflate.c  compressed source -> plain bytes; unpack_rare.c: xz and bzip2
 *   unpack_stream.c   plain bytes, out of the ring
 *   unpack_tar.c      plain bytes -> entries (headers, pax records, long names)
 *   unpack_sparse.c   files with holes
 *   unpack_dirs.c     the directories of the tree being made
 *   unpack_meta.c     owner, mode, extended attributes, times
 *   unpack_entry.c    an entry -> a file beneath the root
 *   unpack.c          the threads, and the loop over entries
 */
#ifndef DOCKYARD_CTRD_UNPACK_PRIVATE_H
#define DOCKYARD_CTRD_UNPACK_PRIVATE_H

#include <sys/stat.h>
#include <time.h>

#include "ring.h"
#include "unpack.h"

/* --- inflating ----------------------------------------------------------------------- */
struct layer_inflater;
struct layer_inflater *layer_inflater_new(const struct ctrd_source *src); /* borrows src */
void layer_inflater_free(struct layer_inflater *f);
/* At most n plain bytes into buf: how many; 0 at the end. */
ssize_t layer_inflate(struct layer_inflater *f, void *buf, size_t n, struct err *err);
/* All of it into a ring, for a thread of its own. 0: the end, or the ring was stopped. -1: the ring
 * is left for the caller to stop. */
int layer_inflate_all(const struct ctrd_source *src, struct ring *ring, struct err *err);

/* --- stream ------------------------------------------------------------------------- */
struct layer_stream {
	struct ring *ring;
	unsigned reader;
	const char *bytes; /* the ring's slot; not consumed yet: bytes[pos..len) */
	size_t pos, len;
	bool ended;
};
void layer_stream_init(struct layer_stream *st, struct ring *ring, unsigned reader);
/* The bytes that come next, at least one unless it is the end (*n = 0); borrowed until the
 * next call. Consume as many as were used. */
int layer_stream_peek(struct layer_stream *st, const void **bytes, size_t *n, struct err *err);
void layer_stream_consume(struct layer_stream *st, size_t n);
/* Exactly n bytes; at a clean end *got is 0, in between it is ERR_CORRUPT. */
int layer_stream_read(struct layer_stream *st, void *buf, size_t n, size_t *got, struct err *err);
int layer_stream_skip(struct layer_stream *st, uint64_t n, struct err *err);
int layer_stream_drain(struct layer_stream *st, struct err *err);

/* --- entries ------------------------------------------------------------------------- */
struct tar_xattr {
	char *name;
	char *value;
	size_t size;
};

/* What is known of a file with holes. */
struct tar_piece {
	uint64_t offset, size;
};
struct tar_sparse {
	bool used;        /* it is one */
	bool map_in_data;
	char *name;       /* NULL: where other files have theirs */
	uint64_t size;    /* with the holes */
	struct tar_piece *pieces;
	size_t n, cap;
	uint64_t offset;  /* while the map is read: of a piece whose size comes next, */
	bool half;        /* if this is set */
};

struct tar_entry {
	char type; /* REGTYPE, LNKTYPE, … of <tar.h>; AREGTYPE and CONTTYPE became REGTYPE */
	char *path, *link; /* as the archive has them */
	mode_t mode;       /* permission bits */
	uid_t uid;
	gid_t gid;
	uint64_t size;   /* of a regular file */
	uint64_t stored; /* bytes of it that follow in the archive: less where there are holes */
	struct timespec mtime, atime; /* atime: not before mtime */
	unsigned major, minor;
	struct tar_xattr *xattrs;
	size_t n_xattrs;
	struct tar_sparse sparse;
};
void tar_entry_clear(struct tar_entry *e);

/* The next entry; *end at the archive's end. Its data, padded to 512 bytes, comes next in the
 * stream. `e` is cleared first. */
int tar_next(struct layer_stream *st, struct tar_entry *e, bool *end, struct err *err);
int tar_skip_padding(struct layer_stream *st, uint64_t size, struct err *err);
/* A regular file's data (e->stored bytes of the stream) into an empty file, its holes left open. */
int tar_data(const struct tar_entry *e, struct layer_stream *st, int fd, struct err *err);

/* The numbers of a header, and of a pax record (0 to INT64_MAX). */
int tar_number(const char *field, size_t n, int64_t *out, struct err *err);
int tar_decimal(const char *text, uint64_t *out, struct err *err);

/* One record "GNU.sparse.<key>"; the rest of a header of type 'S' (a block); the map in front of the
 * data, which *stored then no longer counts; and the check of it all. */
int tar_sparse_record(struct tar_sparse *s, const char *key, const char *value, struct err *err);
int tar_sparse_gnu(struct tar_sparse *s, const char *header, struct layer_stream *st, struct err *err);
int tar_sparse_data(struct tar_sparse *s, struct layer_stream *st, uint64_t *stored, struct err *err);
int tar_sparse_check(const struct tar_sparse *s, uint64_t stored, struct err *err);
void tar_sparse_clear(struct tar_sparse *s);

/* --- files ------------------------------------------------------------------------------ */
struct layer_dir {
	char *path;
	struct timespec mtime, atime;
};

/* The tree being made. */
struct layer_root {
	int fd;
	bool userns;             /* see struct ctrd_unpack_options */
	struct strlist implicit; /* directories made on the way, as canonical paths */
	struct layer_dir *dirs;  /* those with an entry: their times are set last */
	size_t n_dirs, cap_dirs;
	char *parent_path;       /* cache: entries come directory by directory */
	int parent_fd;
};
void layer_root_init(struct layer_root *r, int fd, const struct ctrd_unpack_options *o);
void layer_root_free(struct layer_root *r);
int layer_apply(struct layer_root *r, const struct tar_entry *e, struct layer_stream *st,
		struct err *err);
/* Set the directories' times; leave in `implicit` those that no entry named. */
int layer_finish(struct layer_root *r, struct err *err);

/* A name of the archive as a path relative to the root: "." for the root itself. NULL if it
 * climbs out. The caller frees. */
char *layer_clean_path(const char *name);
/* Split a clean path; "x" lies in ".". The directory part is the caller's to free. */
char *layer_dir_part(const char *path, const char **base);
/* The directory that holds `path`, made where it is missing: borrowed, valid until the next call. */
int layer_parent(struct layer_root *r, const char *path, const char **base, struct err *err);
/* Paths may mean something else now: a link or a directory went away. */
void layer_forget_parent(struct layer_root *r);
/* Times are set at the end: what comes into the directory later changes them. */
void layer_remember_dir(struct layer_root *r, const char *path, const struct tar_entry *e);

/* All that an entry says about what was made for it: of an open file; of what a name stands for,
 * `symlink` telling whether that is a symbolic link. */
int layer_set_file_metadata(const struct layer_root *r, int fd, const struct tar_entry *e,
			    struct err *err);
int layer_set_metadata(const struct layer_root *r, int parent, const char *base,
		       const struct tar_entry *e, bool symlink, struct err *err);
/* Mark the directory as one that hides what lower layers have in it. */
int layer_set_opaque(const struct layer_root *r, int dir, struct err *err);

#endif
