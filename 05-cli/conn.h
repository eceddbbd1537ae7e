/*
 * conn.h - a connection that the CLI keeps for itself.
 *
 * Two requests do not fit "ask, get the answer":
 *
 *   attach, exec start   the client asks to leave HTTP ("Connection: Upgrade",
 *                        "Upgrade: tcp"); after the header of the answer, 101
 *                        (or 200 from old daemons), both sides just send bytes
 *   wait                 the header of the answer says "I am watching"; the
 *                        body comes when the container has ended. It is asked
 *                        for in HTTP/1.0, so that the body is not chunked and
 *                        the end of the connection ends it.
 *
 * Both are watched in one poll(2) loop (session.c). libcurl makes the
 * connection (unix, TCP, TLS) and gives it away: CURLOPT_CONNECT_ONLY.
 */
#ifndef DOCKYARD_CLI_CONN_H
#define DOCKYARD_CLI_CONN_H

#include <stdbool.h>
#include <sys/types.h>

#include "01-kernel/base/trace.h"
#include "api.h"

struct cli_conn {
	CURL *easy;
	int fd;             /* for poll; the handle owns it */
	long status;        /* of the answer */
	struct strbuf rest; /* bytes that came along with the header */
	struct trace_span span; /* from the question until cli_conn_free */
	char *what;             /* which was asked */
};
#define CLI_CONN_INIT { .fd = -1 }

/* Connect, and ask nothing. */
int cli_conn_open(struct cli_conn *conn, struct cli_api *api, struct err *err);

/* Ask, and read the header of the answer. An answer of 400 or more is the error. */
int cli_conn_upgrade(struct cli_conn *conn, struct cli_api *api, const char *path,
		     const json_t *body, struct err *err);
int cli_conn_wait(struct cli_conn *conn, struct cli_api *api, const char *path, struct err *err);

/* What is there now: the count, 0 at the end of the stream, -1 with errno:
 * EAGAIN when nothing is. Not blocking. */
ssize_t cli_conn_read(struct cli_conn *conn, char *buf, size_t size);
ssize_t cli_conn_write(struct cli_conn *conn, const char *buf, size_t n);

/* Say that nothing more will be sent. Reading goes on. */
void cli_conn_half_close(struct cli_conn *conn);

/* Carry bytes from `in` to the connection, whose writing half ends with it, and from there to `out`, until that ends;
 * or until there is something to read in `stop`, if that is not -1. */
int cli_conn_carry(struct cli_conn *conn, int in, int out, int stop, struct err *err);

void cli_conn_free(struct cli_conn *conn);

#endif
