/*
 * gzip.c - see gzip.h.
 */
#include "gzip.h"

#include <zlib.h>

#define CHUNK (64u << 10)
#define GZIP_WINDOW (15 + 16) /* zlib.h, deflateInit2: the largest window, a gzip header */

struct cli_gzip {
	cli_source source;
	void *context;
	z_stream z;
	char in[CHUNK];
	bool ended; /* the source */
	bool done;  /* all of it is out */
};

struct cli_gzip *cli_gzip_start(cli_source source, void *context)
{
	struct cli_gzip *g = xcalloc(1, sizeof *g);

	g->source = source;
	g->context = context;
	if (deflateInit2(&g->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort(); /* no memory */
	return g;
}

static int fill(struct cli_gzip *g, struct err *err)
{
	ssize_t n = g->source(g->context, g->in, sizeof g->in, err);

	if (n < 0)
		return -1;
	g->ended = n == 0;
	g->z.next_in = (unsigned char *)g->in;
	g->z.avail_in = (unsigned)n;
	return 0;
}

ssize_t cli_gzip_read(void *gzip, char *buf, size_t size, struct err *err)
{
	struct cli_gzip *g = gzip;

	g->z.next_out = (unsigned char *)buf;
	g->z.avail_out = (unsigned)size;
	while (g->z.avail_out == size && !g->done) { /* 0 would be the end */
		if (!g->z.avail_in && !g->ended && fill(g, err))
			return -1;
		g->done = deflate(&g->z, g->ended ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_END;
	}
	return (ssize_t)(size - g->z.avail_out);
}

void cli_gzip_end(struct cli_gzip *g)
{
	if (!g)
		return;
	deflateEnd(&g->z);
	free(g);
}
