/*
 * client_http.c - see client_http.h.
 *
 *     HTTP/1.1 200 OK          a line and headers, up to an empty line
 *     Transfer-Encoding: …     then the body: in chunks, or so long, or to the end
 */
#include "client_http.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/strbuf.h"

#define PIECE 32768
#define HEAD_MAX 65536

/* --- the request --------------------------------------------------------------------------- */

static int send_all(int fd, const char *buf, size_t n, struct err *err)
{
	while (n) {
		ssize_t w = send(fd, buf, n, MSG_NOSIGNAL);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_set(err, ERR_UNAVAILABLE, "broke off");
		buf += w;
		n -= (size_t)w;
	}
	return 0;
}

/* In chunks, since how much there is need not be known. */
static int send_file(int fd, int file, struct err *err)
{
	char buf[PIECE], size[32];
	ssize_t n;

	do {
		n = io_read(file, buf, sizeof buf);
		if (n < 0)
			return err_sys(err, "read what is to be sent");
		snprintf(size, sizeof size, "%zx\r\n", (size_t)n);
		if (send_all(fd, size, strlen(size), err) || send_all(fd, buf, (size_t)n, err) ||
		    send_all(fd, "\r\n", 2, err))
			return -1;
	} while (n);
	return 0;
}

int client_http_send(int fd, const struct client_request *r, struct err *err)
{
	AUTO_STRBUF struct strbuf head = STRBUF_INIT;

	strbuf_addf(&head, "%s %s HTTP/1.1\r\nHost: containerd\r\nConnection: close\r\n%s", r->method,
		    r->path, r->headers);
	if (r->upload)
		strbuf_adds(&head, "Transfer-Encoding: chunked\r\n");
	else if (r->body)
		strbuf_addf(&head, "Content-Length: %zu\r\n", r->n);
	strbuf_adds(&head, "\r\n");
	if (r->body && !r->upload)
		strbuf_add(&head, r->body, r->n);
	if (send_all(fd, head.data, head.len, err))
		return -1;
	return r->upload ? send_file(fd, *r->upload, err) : 0;
}

/* --- the answer ------------------------------------------------------------------------------ */

struct answer {
	int fd;
	char buf[PIECE];
	size_t at, n; /* in buf, not yet looked at: from at to n */
	int (*take)(void *arg, const char *data, size_t n);
	void *arg;
	bool stopped, chunked;
	long long length; /* -1: not said */
};

/* At least one byte in the buffer. False at the end. */
static bool more(struct answer *a)
{
	ssize_t n;

	if (a->at < a->n)
		return true;
	do
		n = recv(a->fd, a->buf, sizeof a->buf, 0);
	while (n < 0 && errno == EINTR);
	a->at = 0;
	a->n = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* Up to a line's end, which is left out. */
static int read_line(struct answer *a, struct strbuf *line)
{
	strbuf_clear(line);
	strbuf_reserve(line, 0);
	while (line->len < HEAD_MAX && more(a)) {
		char c = a->buf[a->at++];

		if (c == '\n') {
			if (line->len && line->data[line->len - 1] == '\r')
				line->data[--line->len] = '\0';
			return 0;
		}
		strbuf_addc(line, c);
	}
	return -1;
}

/* What follows "name:", or NULL when it is another header. */
static const char *value_of(const char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(line, name, n) || line[n] != ':')
		return NULL;
	return line + n + 1 + strspn(line + n + 1, " \t");
}

static int read_head(struct answer *a, int *status)
{
	AUTO_STRBUF struct strbuf line = STRBUF_INIT;
	const char *v;

	a->length = -1;
	a->chunked = false;
	if (read_line(a, &line) || sscanf(line.data, "HTTP/1.%*d %d", status) != 1)
		return -1;
	for (;;) {
		if (read_line(a, &line))
			return -1;
		if (!line.len)
			return 0;
		if ((v = value_of(line.data, "Content-Length")))
			a->length = strtoll(v, NULL, 10);
		if ((v = value_of(line.data, "Transfer-Encoding")))
			a->chunked = !strcasecmp(v, "chunked");
	}
}

/* The next n bytes; n < 0: all that come. */
static int take_bytes(struct answer *a, long long n)
{
	while (n && !a->stopped) {
		size_t have;

		if (!more(a))
			return n < 0 ? 0 : -1;
		have = a->n - a->at;
		if (n > 0 && (long long)have > n)
			have = (size_t)n;
		a->stopped = a->take(a->arg, a->buf + a->at, have) != 0;
		a->at += have;
		n -= n > 0 ? (long long)have : 0;
	}
	return 0;
}

static int take_chunks(struct answer *a)
{
	AUTO_STRBUF struct strbuf line = STRBUF_INIT;

	while (!a->stopped) {
		long long n;
		char *end;

		if (read_line(a, &line))
			return -1;
		n = strtoll(line.data, &end, 16);
		if (end == line.data || n < 0)
			return -1;
		if (!n)
			return 0; /* trailers, which nobody sends here, and the connection's end */
		if (take_bytes(a, n) || (!a->stopped && read_line(a, &line)))
			return -1;
	}
	return 0;
}

int client_http_receive(int fd, int *status,
			int (*take)(void *arg, const char *data, size_t n), void *arg,
			struct err *err)
{
	AUTO_FREE struct answer *a = xcalloc(1, sizeof *a);
	int rc;

	a->fd = fd;
	a->take = take;
	a->arg = arg;
	do
		rc = read_head(a, status);
	while (!rc && *status < 200); /* 100 Continue */
	if (!rc && *status != 204 && *status != 304)
		rc = a->chunked ? take_chunks(a) : take_bytes(a, a->length);
	return rc ? err_set(err, ERR_UNAVAILABLE, "broke off") : 0;
}
