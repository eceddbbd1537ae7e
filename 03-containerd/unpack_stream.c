/*
 * unpack_stream.c - a layer's bytes: inflated where they are compressed, hashed
 * as they pass (the diff ID is the digest of the uncompressed archive: OCI
 * image-spec, config.md, "Layer DiffID").
 *
 * A gzip file may be several members one behind the other (RFC 1952, 2.2); tools
 * that compress in parallel make such.
 */
#include "unpack_private.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define IN_SIZE (128u << 10)
#define OUT_SIZE (256u << 10)

struct layer_stream {
	struct ctrd_source src;
	bool gzip, started, source_ended, member_ended, ended;
	z_stream z;
	unsigned char *in; /* compressed bytes not used yet: z.next_in, z.avail_in */
	unsigned char *out;
	size_t pos, len; /* plain bytes not consumed yet: out[pos..len) */
	struct digester *digester;
	uint64_t size;
};

struct layer_stream *layer_stream_new(const struct ctrd_source *src)
{
	struct layer_stream *st = xcalloc(1, sizeof(*st));

	st->src = *src;
	st->in = xmalloc(IN_SIZE);
	st->out = xmalloc(OUT_SIZE);
	st->digester = digester_new();
	return st;
}

void layer_stream_free(struct layer_stream *st)
{
	if (!st)
		return;
	if (st->gzip)
		inflateEnd(&st->z);
	digester_free(st->digester);
	free(st->in);
	free(st->out);
	free(st);
}

/* Read more compressed bytes behind those that are left. */
static int fill(struct layer_stream *st, struct err *err)
{
	ssize_t n;

	memmove(st->in, st->z.next_in, st->z.avail_in);
	st->z.next_in = st->in;
	n = st->src.read(st->src.state, st->in + st->z.avail_in, IN_SIZE - st->z.avail_in, err);
	if (n < 0)
		return -1;
	st->source_ended = n == 0;
	st->z.avail_in += (unsigned)n;
	return 0;
}

static int start(struct layer_stream *st, struct err *err)
{
	static const unsigned char zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };

	st->started = true;
	st->z.next_in = st->in;
	while (st->z.avail_in < 4 && !st->source_ended)
		if (fill(st, err))
			return -1;
	if (st->z.avail_in >= 4 && !memcmp(st->in, zstd, 4))
		return err_set(err, ERR_UNSUPPORTED, "the layer is compressed with zstd");
	if (st->z.avail_in < 2 || st->in[0] != 0x1f || st->in[1] != 0x8b)
		return 0;
	if (inflateInit2(&st->z, 15 + 16) != Z_OK)
		return err_set(err, ERR_SYSTEM, "zlib cannot start");
	st->gzip = true;
	return 0;
}

/* Move plain bytes from in to out as they are. */
static int copy_plain(struct layer_stream *st, struct err *err)
{
	size_t n;

	if (!st->z.avail_in && !st->source_ended && fill(st, err))
		return -1;
	n = st->z.avail_in < OUT_SIZE ? st->z.avail_in : OUT_SIZE;
	memcpy(st->out, st->z.next_in, n);
	st->z.next_in += n;
	st->z.avail_in -= (unsigned)n;
	st->len = n;
	st->ended = n == 0;
	return 0;
}

static int inflate_once(struct layer_stream *st, struct err *err)
{
	int rc;

	if (!st->z.avail_in && !st->source_ended && fill(st, err))
		return -1;
	if (!st->z.avail_in && st->source_ended) {
		if (!st->member_ended)
			return err_set(err, ERR_CORRUPT, "the gzip stream ends too early");
		st->ended = true;
		return 0;
	}
	if (st->member_ended && inflateReset(&st->z) != Z_OK)
		return err_set(err, ERR_SYSTEM, "zlib cannot restart");
	st->member_ended = false;
	st->z.next_out = st->out;
	st->z.avail_out = OUT_SIZE;
	rc = inflate(&st->z, Z_NO_FLUSH);
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return err_set(err, ERR_CORRUPT, "the gzip stream is damaged: %s",
			       st->z.msg ? st->z.msg : zError(rc));
	st->member_ended = rc == Z_STREAM_END;
	st->len = OUT_SIZE - st->z.avail_out;
	return 0;
}

int layer_stream_peek(struct layer_stream *st, const void **bytes, size_t *n, struct err *err)
{
	if (!st->started && start(st, err))
		return -1;
	while (st->pos == st->len && !st->ended) {
		st->pos = st->len = 0;
		if (st->gzip ? inflate_once(st, err) : copy_plain(st, err))
			return -1;
		digester_add(st->digester, st->out, st->len);
		st->size += st->len;
	}
	*bytes = st->out + st->pos;
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

int layer_stream_finish(struct layer_stream *st, char digest[DIGEST_SIZE], uint64_t *size,
			struct err *err)
{
	const void *bytes;
	size_t n;

	do {
		if (layer_stream_peek(st, &bytes, &n, err))
			return -1;
		layer_stream_consume(st, n);
	} while (n);
	digester_done(steal_ptr(&st->digester), digest);
	*size = st->size;
	return 0;
}
