/*
 * frames.c - see frames.h.
 */
#include "frames.h"

#include <string.h>

void dockerd_frames_feed(struct frames *f, const void *bytes, size_t n, struct strbuf *out)
{
	const unsigned char *in = bytes;

	while (n) {
		size_t used = f->left < n ? f->left : n;

		if (!f->left) {
			used = sizeof f->head - f->have < n ? sizeof f->head - f->have : n;
			memcpy(f->head + f->have, in, used);
			f->have += used;
		} else {
			strbuf_add(out, in, used);
			f->left -= used;
		}
		if (f->have == sizeof f->head) {
			f->have = 0;
			f->left = (size_t)f->head[4] << 24 | (size_t)f->head[5] << 16 |
				  (size_t)f->head[6] << 8 | f->head[7];
		}
		in += used;
		n -= used;
	}
}

void dockerd_frame_head(void *head, size_t n)
{
	const unsigned char bytes[FRAME_HEAD] = { 1, 0, 0, 0, (unsigned char)(n >> 24), (unsigned char)(n >> 16),
					 (unsigned char)(n >> 8), (unsigned char)n };

	memcpy(head, bytes, sizeof bytes);
}
