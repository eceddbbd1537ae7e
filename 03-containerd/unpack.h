/*
 * unpack.h - a layer's archive onto a directory.
 *
 *   source ─▶ inflate ─▶ SHA-256 (diff ID) ─▶ tar entries ─▶ files beneath `root`
 *
 * The archive is hostile: every name in it is resolved beneath `root` by the
 * kernel (01-kernel/path.h), so neither "..", nor an absolute name, nor a symbolic
 * link that an earlier entry made, leads out. Whiteouts become what overlayfs
 * understands: a 0/0 character device, and trusted.overlay.opaque on a directory.
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
	ssize_t (*read)(void *state, void *buf, size_t n, struct err *err);
	void *state;
};

struct ctrd_unpacked {
	char diff_id[DIGEST_SIZE]; /* of the uncompressed archive */
	uint64_t size;             /* its length in bytes */
	struct strlist implicit;   /* directories made though no entry named them */
};
void ctrd_unpacked_free(struct ctrd_unpacked *u);

/* Unpack gzip or plain tar, whichever the first bytes say. Where diff_id is given, the
 * result must have it (ERR_CORRUPT). On failure `root` holds rubbish: remove it. */
int ctrd_unpack(const struct ctrd_source *src, int root, const char *diff_id,
		struct ctrd_unpacked *out, struct err *err);

/* ctrd_unpack from an open file. */
int ctrd_unpack_fd(int fd, int root, const char *diff_id, struct ctrd_unpacked *out,
		   struct err *err);

#endif
