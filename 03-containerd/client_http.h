/*
 * client_http.h - one exchange of HTTP/1.1 (RFC 9112) over a connected socket.
 *
 * As much of a client as containerd's own API takes: one request, one answer, and the
 * connection ends. libcurl would do, and brings some forty libraries: loading them is
 * what each `ctr` command would spend most of its time with.
 */
#ifndef DOCKYARD_CTRD_CLIENT_HTTP_H
#define DOCKYARD_CTRD_CLIENT_HTTP_H

#include <stddef.h>

#include "01-kernel/base/err.h"

struct client_request {
	const char *method, *path;
	const char *headers; /* more of them, each ended by CR LF */
	const void *body;    /* n bytes; NULL: no body */
	size_t n;
	const int *upload;   /* in place of a body: an open file's bytes, to its end */
};

/* -1: the connection broke (ERR_UNAVAILABLE), or the file to send cannot be read. */
int client_http_send(int fd, const struct client_request *r, struct err *err);

/* Read the answer. `take` sees its body in pieces, and ends it by returning non-zero. *status is
 * set before that. -1: broken off before its end, or no answer of HTTP (ERR_UNAVAILABLE). */
int client_http_receive(int fd, int *status,
			int (*take)(void *arg, const char *data, size_t n), void *arg,
			struct err *err);

#endif
