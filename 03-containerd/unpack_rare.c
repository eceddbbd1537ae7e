/*
 * unpack_rare.c - xz and bzip2 (unpack_codec.h): no registry has such layers, but ADD, `docker load` and
 * `docker cp` are given archives that were compressed with them.
 */
#include "unpack_codec.h"

#include <bzlib.h>
#include <lzma.h>
#include <stdlib.h>

/* --- xz ----------------------------------------------------------------------------------- */

/* The decoder goes from one stream to the next by itself, with the padding that may be between them
 * (xz-file-format.txt, 2.2); so it has to be told of the source's end. */
static void *xz_start(void)
{
	lzma_stream *z = xcalloc(1, sizeof(*z));

	if (lzma_stream_decoder(z, CODEC_MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK)
		abort(); /* no memory */
	return z;
}

static ssize_t xz_run(struct layer_inflater *f, void *buf, size_t n, struct err *err)
{
	lzma_stream *z = f->state;
	lzma_ret rc;

	z->next_in = f->in + f->pos;
	z->avail_in = f->len - f->pos;
	z->next_out = buf;
	z->avail_out = n;
	rc = lzma_code(z, f->source_ended ? LZMA_FINISH : LZMA_RUN);
	if (rc == LZMA_MEMLIMIT_ERROR)
		return err_set(err, ERR_INVALID, "the xz stream needs more than %u MiB of memory",
			       CODEC_MEMORY_MAX >> 20);
	if (rc != LZMA_OK && rc != LZMA_STREAM_END && rc != LZMA_BUF_ERROR)
		return err_set(err, ERR_CORRUPT, "the xz stream is damaged (liblzma's error %d)", rc);
	f->pos = f->len - z->avail_in;
	f->open = rc != LZMA_STREAM_END;
	return (ssize_t)(n - z->avail_out);
}

static void xz_stop(void *state)
{
	lzma_end(state);
	free(state);
}

const struct codec codec_xz = { "xz", "\xfd" "7zXZ\0", 6, xz_start, xz_run, xz_stop };

/* --- bzip2 -------------------------------------------------------------------------------- */

static void begin_member(bz_stream *z)
{
	*z = (bz_stream){ 0 };
	if (BZ2_bzDecompressInit(z, 0, 0) != BZ_OK)
		abort(); /* no memory */
}

static void *bzip2_start(void)
{
	bz_stream *z = xcalloc(1, sizeof(*z));

	begin_member(z);
	return z;
}

static ssize_t bzip2_run(struct layer_inflater *f, void *buf, size_t n, struct err *err)
{
	bz_stream *z = f->state;
	int rc;

	if (!f->open) {
		BZ2_bzDecompressEnd(z);
		begin_member(z);
	}
	z->next_in = (char *)f->in + f->pos;
	z->avail_in = (unsigned)(f->len - f->pos);
	z->next_out = buf;
	z->avail_out = (unsigned)n;
	rc = BZ2_bzDecompress(z);
	if (rc != BZ_OK && rc != BZ_STREAM_END)
		return err_set(err, ERR_CORRUPT, "the bzip2 stream is damaged (libbz2's error %d)", rc);
	f->pos = f->len - z->avail_in;
	f->open = rc != BZ_STREAM_END;
	return (ssize_t)(n - z->avail_out);
}

static void bzip2_stop(void *state)
{
	BZ2_bzDecompressEnd(state);
	free(state);
}

/* The block's own magic too: a tar's first bytes are a file's name, which may well begin with "BZh". */
const struct codec codec_bzip2 = { "bzip2", "BZh?1AY&SY", 10, bzip2_start, bzip2_run, bzip2_stop };
