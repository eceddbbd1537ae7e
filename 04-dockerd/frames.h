/*
 * frames.h - Docker's frames, taken apart: what a container without a terminal says comes as
 *
 *     stream (1 or 2), three zeros, length (32 bits, network byte order), payload
 *
 * and a read may end anywhere in that.
 */
#ifndef DOCKYARD_DOCKERD_FRAMES_H
#define DOCKYARD_DOCKERD_FRAMES_H

#include "01-kernel/base/strbuf.h"

#define FRAME_HEAD 8 /* bytes */

/* All zero: at the beginning of a frame. */
struct frames {
	unsigned char head[FRAME_HEAD];
	size_t have, left; /* bytes of the head; of the payload still to come */
};

/* Take n bytes and append what of them is payload, whatever its stream. */
void dockerd_frames_feed(struct frames *f, const void *bytes, size_t n, struct strbuf *out);

/* The head of a frame of stdout with n bytes. */
void dockerd_frame_head(void *head, size_t n);

#endif
