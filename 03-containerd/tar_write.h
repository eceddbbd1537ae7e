/*
 * tar_write.h - archives going out, entry by entry: the mirror of unpack_tar.c.
 *
 * What a ustar header can say is said there; a pax record comes before it only for what it
 * cannot (POSIX.1-2017, pax, "ustar Interchange Format"). Equal entries make equal bytes.
 */
#ifndef DOCKYARD_CTRD_TAR_WRITE_H
#define DOCKYARD_CTRD_TAR_WRITE_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "01-kernel/base/err.h"

/* Takes bytes in order; -1 with err ends it all. */
struct ctrd_sink {
	int (*write)(void *state, const void *buf, size_t n, struct err *err);
	void *state;
};

struct ctrd_xattr {
	char *name, *value;
	size_t size;
};

struct ctrd_tar_entry {
	char type;               /* REGTYPE, LNKTYPE, ... of <tar.h> */
	const char *path, *link; /* link: of LNKTYPE and SYMTYPE, else NULL */
	mode_t mode;             /* permission bits */
	uid_t uid;
	gid_t gid;
	uint64_t size;           /* of the data that follows */
	struct timespec mtime;
	unsigned major, minor;
	const struct ctrd_xattr *xattrs; /* in the order in which they are written */
	size_t n_xattrs;
};

/* The header; `size` bytes of data follow, then ctrd_tar_pad. */
int ctrd_tar_header(const struct ctrd_sink *out, const struct ctrd_tar_entry *e, struct err *err);
int ctrd_tar_pad(const struct ctrd_sink *out, uint64_t size, struct err *err);
/* A whole small file, owned by root. */
int ctrd_tar_file(const struct ctrd_sink *out, const char *path, const void *data, size_t n,
		  struct err *err);
/* `size` bytes of fd from its position on, and the padding; what is missing is made up by
 * zeros: the file's owner may be cutting it short just now. */
int ctrd_tar_data(const struct ctrd_sink *out, int fd, uint64_t size, struct err *err);
/* The two blocks of zeros. */
int ctrd_tar_end(const struct ctrd_sink *out, struct err *err);

#endif
