/*
 * unpack.h - a layer's archive onto a directory.
 *
 *   source ─▶ inflate ─┬─▶ SHA-256 (diff ID)
 *                      └─▶ tar entries ─▶ files beneath `root`     a thread each
 *
 * The archive is hostile: every name in it is resolved beneath `root` by the
 * kernel (01-kernel/path.h), so neither "..", nor an absolute name, nor a symbolic
 * link that an earlier entry made, leads out. Whiteouts become what overlayfs
 * understands: a 0/0 character device, and trusted.overlay.opaque on a directory (in
 * a user namespace, where trusted.* may not be set, user.overlay.opaque).
 */
#ifndef DOCKYARD_CTRD_UNPACK_H
#define DOCKYARD_CTRD_UNPACK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"
#include "content.h"

/* Where the (compressed) bytes come from: as read(2), 0 at the end, -1 with err. */
struct ctrd_source {
	ssize_t (*read)(void *state, void *buf, size_t n, struct err *err); /* in one thread */
	void *state;
	/* From another thread, once or more: no more is wanted, a read that waits must end. May be
	 * NULL where no read waits for long. */
	void (*stop)(void *state);
};

struct ctrd_unpack_options {
	const char *diff_id; /* what the result must have (else ERR_CORRUPT); NULL: anything */
	/* For an overlay that is mounted in a user namespace (option userxattr): the marks are
	 * user.overlay.*, and devices, which cannot be made there, are left out. */
	bool userns;
};

struct ctrd_unpacked {
	char diff_id[DIGEST_SIZE]; /* of the uncompressed archive */
	uint64_t size;             /* its length in bytes */
	struct strlist implicit;   /* directories made though no entry named them */
};
void ctrd_unpacked_free(struct ctrd_unpacked *u);

/* Unpack a tar, plain or compressed (unpack_inflate.c), whichever the first bytes say. On failure `root` holds rubbish:
 * remove it. */
int ctrd_unpack(const struct ctrd_source *src, int root, const struct ctrd_unpack_options *o,
		struct ctrd_unpacked *out, struct err *err);

/* ctrd_unpack from an open file. */
int ctrd_unpack_fd(int fd, int root, const struct ctrd_unpack_options *o, struct ctrd_unpacked *out,
		   struct err *err);

#endif
