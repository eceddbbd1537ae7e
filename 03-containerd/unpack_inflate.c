/*
 * unpack_inflate.c - a layer's bytes out of their compression: gzip, zstd, none, or what unpack_rare.c
 * knows, as the first bytes say (media types are often wrong about it).
 *
 * A gzip file may be several members one behind the other (RFC 1952, 2.2), a zstd file
 * several frames (RFC 8878, 3): tools that compress in parallel make such. `open` tells
 * whether we are inside one: only between two may the source end.
 *
 * Inflating takes most of a pull's processor time. ISA-L's igzip does it in half of
 * zlib's; where it was not there at build time, zlib does it.
 */
#include "unpack_codec.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#if __has_include(<isa-l/igzip_lib.h>)
#include <isa-l/igzip_lib.h>
#define HAVE_ISAL 1
#else
#include <zlib.h>
#define HAVE_ISAL 0
#endif

#define IN_SIZE (128u << 10)

/* --- gzip --------------------------------------------------------------------------------- */

#if HAVE_ISAL

static void *gzip_start(void)
{
	struct inflate_state *z = xcalloc(1, sizeof(*z));

	isal_inflate_init(z);
	return z;
}

static ssize_t gzip_run(struct layer_inflater *f, void *buf, size_t n, struct err *err)
{
	struct inflate_state *z = f->state;
	int rc;

	if (!f->open) {
		isal_inflate_reset(z);
		z->crc_flag = ISAL_GZIP; /* header and trailer too */
	}
	z->next_in = f->in + f->pos;
	z->avail_in = (uint32_t)(f->len - f->pos);
	z->next_out = buf;
	z->avail_out = (uint32_t)n;
	rc = isal_inflate(z);
	if (rc < 0 || rc > ISAL_OUT_OVERFLOW)
		return err_set(err, ERR_CORRUPT, "the gzip stream is damaged (igzip's error %d)", rc);
	f->pos = f->len - z->avail_in;
	f->open = z->block_state != ISAL_BLOCK_FINISH;
	return (ssize_t)(n - z->avail_out);
}

static void gzip_stop(void *state)
{
	free(state);
}

#else

static void *gzip_start(void)
{
	z_stream *z = xcalloc(1, sizeof(*z));

	if (inflateInit2(z, 15 + 16) != Z_OK) /* 16: with gzip's header */
		abort(); /* no memory */
	return z;
}

static ssize_t gzip_run(struct layer_inflater *f, void *buf, size_t n, struct err *err)
{
	z_stream *z = f->state;
	int rc;

	if (!f->open)
		inflateReset(z);
	z->next_in = f->in + f->pos;
	z->avail_in = (unsigned)(f->len - f->pos);
	z->next_out = buf;
	z->avail_out = (unsigned)n;
	rc = inflate(z, Z_NO_FLUSH);
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return err_set(err, ERR_CORRUPT, "the gzip stream is damaged: %s",
			       z->msg ? z->msg : zError(rc));
	f->pos = f->len - z->avail_in;
	f->open = rc != Z_STREAM_END;
	return (ssize_t)(n - z->avail_out);
}

static void gzip_stop(void *state)
{
	inflateEnd(state);
	free(state);
}

#endif

/* --- zstd ----------------------------------------------------------------------------------- */

static void *zstd_start(void)
{
	ZSTD_DStream *z = ZSTD_createDStream();

	if (!z)
		abort(); /* no memory */
	return z;
}

/* The window, and so the memory, is limited to 128 MiB by the library (ZSTD_d_windowLogMax). */
static ssize_t zstd_run(struct layer_inflater *f, void *buf, size_t n, struct err *err)
{
	ZSTD_inBuffer in = { f->in, f->len, f->pos };
	ZSTD_outBuffer out = { buf, n, 0 };
	size_t rc = ZSTD_decompressStream(f->state, &out, &in);

	if (ZSTD_isError(rc))
		return err_set(err, ERR_CORRUPT, "the zstd stream is damaged: %s",
			       ZSTD_getErrorName(rc));
	f->pos = in.pos;
	f->open = rc != 0;
	return (ssize_t)out.pos;
}

static void zstd_stop(void *state)
{
	ZSTD_freeDStream(state);
}

/* --- none ----------------------------------------------------------------------------------- */

static void *plain_start(void)
{
	return NULL;
}

static ssize_t plain_run(struct layer_inflater *f, void *buf, size_t n, struct err *err)
{
	(void)err;
	if (n > f->len - f->pos)
		n = f->len - f->pos;
	memcpy(buf, f->in + f->pos, n);
	f->pos += n;
	return (ssize_t)n;
}

static void plain_stop(void *state)
{
	(void)state;
}

/* --- any of them ------------------------------------------------------------------------------ */

static const struct codec codec_gzip = { "gzip", "\x1f\x8b", 2, gzip_start, gzip_run, gzip_stop };
static const struct codec codec_zstd = { "zstd", "\x28\xb5\x2f\xfd", 4, zstd_start, zstd_run, zstd_stop };
static const struct codec codec_plain = { "plain", "", 0, plain_start, plain_run, plain_stop };

static const struct codec *const codecs[] = { /* the last one matches whatever is left */
	&codec_gzip, &codec_zstd, &codec_xz, &codec_bzip2, &codec_plain,
};

struct layer_inflater *layer_inflater_new(const struct ctrd_source *src)
{
	struct layer_inflater *f = xcalloc(1, sizeof(*f));

	f->src = src;
	f->in = xmalloc(IN_SIZE);
	return f;
}

void layer_inflater_free(struct layer_inflater *f)
{
	if (f->codec)
		f->codec->stop(f->state);
	free(f->in);
	free(f);
}

/* Read more compressed bytes behind those that are left. */
static int fill(struct layer_inflater *f, struct err *err)
{
	ssize_t n;

	memmove(f->in, f->in + f->pos, f->len - f->pos);
	f->len -= f->pos;
	f->pos = 0;
	n = f->src->read(f->src->state, f->in + f->len, IN_SIZE - f->len, err);
	if (n < 0)
		return -1;
	f->source_ended = n == 0;
	f->len += (size_t)n;
	return 0;
}

static bool begins(const unsigned char *head, size_t n, const struct codec *c)
{
	for (size_t i = 0; i < c->magic_len; i++)
		if (i >= n || (c->magic[i] != '?' && head[i] != (unsigned char)c->magic[i]))
			return false;
	return true;
}

const struct codec *codec_of(const unsigned char *head, size_t n)
{
	const struct codec *const *c = codecs;

	while (!begins(head, n, *c))
		c++;
	return *c;
}

static int choose_codec(struct layer_inflater *f, struct err *err)
{
	while (f->len < CODEC_MAGIC && !f->source_ended)
		if (fill(f, err))
			return -1;
	f->codec = codec_of(f->in, f->len);
	f->state = f->codec->start();
	return 0;
}

ssize_t layer_inflate(struct layer_inflater *f, void *buf, size_t n, struct err *err)
{
	if (!f->codec && choose_codec(f, err))
		return -1;
	for (;;) {
		bool was_open = f->open;
		size_t before;
		ssize_t made;

		if (f->pos == f->len && !f->source_ended && fill(f, err))
			return -1;
		if (f->pos == f->len && f->source_ended && !f->open)
			return 0;
		before = f->pos;
		made = f->codec->run(f, buf, n, err);
		if (made)
			return made;
		/* Neither made nor used anything: there is no end, or no sense, in it. */
		if (f->open == was_open && f->pos == before && (f->source_ended || f->pos < f->len))
			return err_set(err, ERR_CORRUPT, "the %s stream ends too early",
				       f->codec->name);
	}
}

int layer_inflate_all(const struct ctrd_source *src, struct ring *ring, struct err *err)
{
	struct layer_inflater *f = layer_inflater_new(src);
	ssize_t n = 1;
	size_t size;
	void *room;

	while (n > 0 && (room = ring_room(ring, &size))) {
		n = layer_inflate(f, room, size, err);
		if (n > 0)
			ring_put(ring, (size_t)n);
	}
	if (n == 0)
		ring_end(ring);
	layer_inflater_free(f);
	return n < 0 ? -1 : 0;
}
