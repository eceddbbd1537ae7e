/*
 * demux.c - see demux.h.
 */
#include "demux.h"

#include <stdbool.h>
#include <string.h>

enum { STREAM_STDIN, STREAM_STDOUT, STREAM_STDERR, STREAM_DAEMON };

/* Take header bytes; true when the header is complete. */
static bool take_header(struct cli_demux *d, const char **data, size_t *n)
{
	size_t want = sizeof d->header - d->got;
	size_t take = *n < want ? *n : want;

	memcpy(d->header + d->got, *data, take);
	d->got += (unsigned)take;
	*data += take;
	*n -= take;
	if (d->got < sizeof d->header)
		return false;
	d->remaining = (uint32_t)d->header[4] << 24 | (uint32_t)d->header[5] << 16 |
		       (uint32_t)d->header[6] << 8 | d->header[7];
	return true;
}

int cli_demux_feed(struct cli_demux *d, const char *data, size_t n, cli_demux_sink sink,
		   void *context, struct err *err)
{
	while (n) {
		if (d->got < sizeof d->header && !take_header(d, &data, &n))
			return 0;
		int stream = d->header[0];
		size_t take = n < d->remaining ? n : d->remaining;
		if (stream > STREAM_DAEMON)
			return err_set(err, ERR_CORRUPT, "unrecognized stream in the daemon's output: %d", stream);
		if (stream == STREAM_DAEMON && d->remaining)
			return take ? err_set(err, ERR_SYSTEM, "error from daemon in stream: %.*s", (int)take,
					      data)
				    : 0;
		if (take && sink(context, stream == STREAM_STDERR ? 2 : 1, data, take, err))
			return -1;
		data += take;
		n -= take;
		d->remaining -= (uint32_t)take;
		if (!d->remaining)
			d->got = 0;
	}
	return 0;
}

int cli_demux_end(const struct cli_demux *d, struct err *err)
{
	if (!d->got)
		return 0;
	return err_set(err, ERR_CORRUPT, "the daemon's output ends in the middle of a frame");
}
