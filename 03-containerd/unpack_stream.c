/*
 * unpack_stream.c - a layer's plain bytes, as the untarring thread takes them out of the
 * ring: where they lie, or gathered where a header spans two slots.
 */
#include "unpack_private.h"

#include <string.h>

void layer_stream_init(struct layer_stream *st, struct ring *ring, unsigned reader)
{
	*st = (struct layer_stream){ .ring = ring, .reader = reader };
}

int layer_stream_peek(struct layer_stream *st, const void **bytes, size_t *n, struct err *err)
{
	if (st->pos == st->len && !st->ended) {
		const void *next;

		if (st->len)
			ring_done(st->ring, st->reader);
		st->pos = st->len = 0;
		if (!ring_next(st->ring, st->reader, &next, &st->len)) {
			err_set(err, ERR_CANCELLED, "cancelled");
			return -1;
		}
		st->bytes = next;
		st->ended = st->len == 0;
	}
	*bytes = st->bytes + st->pos;
	*n = st->len - st->pos;
	return 0;
}

void layer_stream_consume(struct layer_stream *st, size_t n)
{
	st->pos += n;
}

int layer_stream_read(struct layer_stream *st, void *buf, size_t n, size_t *got, struct err *err)
{
	*got = 0;
	while (*got < n) {
		const void *bytes;
		size_t some;

		if (layer_stream_peek(st, &bytes, &some, err))
			return -1;
		if (!some && *got)
			return err_set(err, ERR_CORRUPT, "the archive ends in the middle of an entry");
		if (!some)
			return 0;
		if (some > n - *got)
			some = n - *got;
		memcpy((char *)buf + *got, bytes, some);
		layer_stream_consume(st, some);
		*got += some;
	}
	return 0;
}

int layer_stream_skip(struct layer_stream *st, uint64_t n, struct err *err)
{
	while (n) {
		const void *bytes;
		size_t some;

		if (layer_stream_peek(st, &bytes, &some, err))
			return -1;
		if (!some)
			return err_set(err, ERR_CORRUPT, "the archive ends in the middle of an entry");
		if (some > n)
			some = (size_t)n;
		layer_stream_consume(st, some);
		n -= some;
	}
	return 0;
}

int layer_stream_drain(struct layer_stream *st, struct err *err)
{
	const void *bytes;
	size_t n;

	do {
		if (layer_stream_peek(st, &bytes, &n, err))
			return -1;
		layer_stream_consume(st, n);
	} while (n);
	return 0;
}
