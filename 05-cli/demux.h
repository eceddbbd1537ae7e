/*
 * demux.h - Docker's stream framing: stdout and stderr on one connection.
 *
 * Without a terminal, what a container writes arrives in frames
 *
 *     [stream 1 byte][0 0 0][length, 4 bytes, big-endian][payload]
 *
 * where stream is 1 for stdout, 2 for stderr, 0 for an echo of stdin (shown as
 * stdout) and 3 for an error of the daemon's own. Frames and reads do not line
 * up, so this is a machine fed with whatever has come. It keeps the header it
 * is in, and never a payload: the length that a frame claims costs nothing.
 */
#ifndef DOCKYARD_CLI_DEMUX_H
#define DOCKYARD_CLI_DEMUX_H

#include <stddef.h>
#include <stdint.h>

#include "01-kernel/base/err.h"

struct cli_demux {
	unsigned char header[8];
	unsigned got;       /* bytes of the header that are there */
	uint32_t remaining; /* of the payload */
};

/* Gets payload; stream is 1 or 2. */
typedef int (*cli_demux_sink)(void *context, int stream, const char *data, size_t n, struct err *err);

/* -1 when the sink says so, when the framing is broken, or when a frame of
 * stream 3 has come: its text is then the error. */
int cli_demux_feed(struct cli_demux *d, const char *data, size_t n, cli_demux_sink sink,
		   void *context, struct err *err);

/* At the end of the stream: was it cut inside a frame? */
int cli_demux_end(const struct cli_demux *d, struct err *err);

#endif
