/*
 * unpack_private.h - the stages of unpacking, each a page:
 *
 *   unpack_stream.c   compressed source -> plain bytes and their digest
 *   unpack_tar.c      plain bytes -> entries (headers, pax records, long names)
 *   unpack_entry.c    an entry -> a file beneath the root
 *   unpack.c          the loop over them
 */
#ifndef DOCKYARD_CTRD_UNPACK_PRIVATE_H
#define DOCKYARD_CTRD_UNPACK_PRIVATE_H

#include <sys/stat.h>
#include <time.h>

#include "unpack.h"

/* --- stream ------------------------------------------------------------------------- */
struct layer_stream;
struct layer_stream *layer_stream_new(const struct ctrd_source *src);
void layer_stream_free(struct layer_stream *st);
/* The bytes that come next, at least one unless it is the end (*n = 0); borrowed until the
 * next call. Consume as many as were used. */
int layer_stream_peek(struct layer_stream *st, const void **bytes, size_t *n, struct err *err);
void layer_stream_consume(struct layer_stream *st, size_t n);
/* Exactly n bytes; at a clean end *got is 0, in between it is ERR_CORRUPT. */
int layer_stream_read(struct layer_stream *st, void *buf, size_t n, size_t *got, struct err *err);
int layer_stream_skip(struct layer_stream *st, uint64_t n, struct err *err);
/* Read to the end (padding behind the archive counts); the digest and length of it all. */
int layer_stream_finish(struct layer_stream *st, char digest[DIGEST_SIZE], uint64_t *size,
			struct err *err);

/* --- entries ------------------------------------------------------------------------- */
struct tar_xattr {
	char *name;
	char *value;
	size_t size;
};

struct tar_entry {
	char type; /* REGTYPE, LNKTYPE, … of <tar.h>; AREGTYPE and CONTTYPE became REGTYPE */
	char *path, *link; /* as the archive has them */
	mode_t mode;       /* permission bits */
	uid_t uid;
	gid_t gid;
	uint64_t size; /* of the data that follows; regular files only */
	struct timespec mtime;
	unsigned major, minor;
	struct tar_xattr *xattrs;
	size_t n_xattrs;
};
void tar_entry_clear(struct tar_entry *e);

/* The next entry; *end at the archive's end. Its data, padded to 512 bytes, comes next in the
 * stream. `e` is cleared first. */
int tar_next(struct layer_stream *st, struct tar_entry *e, bool *end, struct err *err);
int tar_skip_padding(struct layer_stream *st, uint64_t size, struct err *err);

/* --- files ------------------------------------------------------------------------------ */
struct layer_dir {
	char *path;
	struct timespec mtime;
};

/* The tree being made. */
struct layer_root {
	int fd;
	struct strlist implicit; /* directories made on the way, as canonical paths */
	struct layer_dir *dirs;  /* those with an entry: their times are set last */
	size_t n_dirs, cap_dirs;
	char *parent_path;       /* cache: entries come directory by directory */
	int parent_fd;
};
void layer_root_init(struct layer_root *r, int fd);
void layer_root_free(struct layer_root *r);
int layer_apply(struct layer_root *r, const struct tar_entry *e, struct layer_stream *st,
		struct err *err);
/* Set the directories' times; leave in `implicit` those that no entry named. */
int layer_finish(struct layer_root *r, struct err *err);
/* A name of the archive as a path relative to the root: "." for the root itself. NULL if it
 * climbs out. The caller frees. */
char *layer_clean_path(const char *name);

#endif
