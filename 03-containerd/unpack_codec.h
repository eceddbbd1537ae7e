/*
 * unpack_codec.h - ways of compressing that unpack_inflate.c chooses between.
 */
#ifndef DOCKYARD_CTRD_UNPACK_CODEC_H
#define DOCKYARD_CTRD_UNPACK_CODEC_H

#include "unpack_private.h"

#define CODEC_MAGIC 10
#define CODEC_MEMORY_MAX (128u << 20) /* what a stream may ask for to be inflated at all */

/* One way of compressing. */
struct codec {
	const char *name;
	const char *magic; /* the first bytes; '?' is any */
	size_t magic_len;
	void *(*start)(void);
	/* Use in[pos..len), make at most n bytes: how many, or -1. Sets `open`. */
	ssize_t (*run)(struct layer_inflater *f, void *buf, size_t n, struct err *err);
	void (*stop)(void *state);
};

struct layer_inflater {
	const struct ctrd_source *src;
	const struct codec *codec;
	void *state;
	unsigned char *in;
	size_t pos, len; /* not used yet: in[pos..len) */
	bool source_ended;
	bool open; /* inside of a member: here the source may not end */
};

extern const struct codec codec_xz, codec_bzip2;
/* Which one the first CODEC_MAGIC bytes, or fewer where there are no more, are of. */
const struct codec *codec_of(const unsigned char *head, size_t n);

#endif
