/*
 * http.h - an HTTP/1.1 server as containerd, dockerd and the registry need it:
 * a table of routes over libmicrohttpd, one thread per connection, so handlers
 * may block.
 *
 *     request ──▶ route table ──▶ handler(request, reply, daemon)
 *                                   └─ http_reply_json / _bytes / _fd / _stream / _upgrade
 *
 * A handler that returns -1 has filled its struct err; the server's error
 * function turns that into a status and a body (each daemon has its own shape).
 * A request's strings live until the handler returns.
 */
#ifndef DOCKYARD_CTRD_HTTP_H
#define DOCKYARD_CTRD_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

struct http_server;
struct http_request;
struct http_reply;
struct http_writer;

/* Takes a request's body piece by piece while it arrives (uploads). */
struct http_sink {
	void *state;
	int (*write)(void *state, const void *buf, size_t n, struct err *err);
	void (*release)(void *state); /* always called once, also when the client vanishes */
};

struct http_route {
	const char *method;  /* "GET" also serves HEAD */
	const char *pattern; /* "/v1/tasks/{id}/start"; "{name...}" takes slashes too (greedy,
	                        what follows it in the pattern must still match) */
	int (*handle)(struct http_request *req, struct http_reply *rep, void *daemon,
		      struct err *err);
	/* Optional: called when the headers are in; fills *sink for the body. Without
	 * it the body is collected, up to the server's body_limit (413 past it). On -1 the
	 * error is the reply. handle is called after the last byte. */
	int (*open_sink)(struct http_request *req, struct http_sink *sink, void *daemon,
			 struct err *err);
};

/* How a request ended. */
struct http_result {
	int status;       /* 0: the client left before there was a reply */
	uint64_t size;    /* of the body sent, where it was known beforehand; else 0 */
	uint64_t received; /* of the request's body */
	bool whole;       /* false: the client left before it had everything */
	int64_t start_us; /* when the request line came in, microseconds since 1970 */
};

struct http_options {
	const struct http_route *routes; /* ends with a row of NULLs; first match wins */
	void *daemon;                    /* handed to every handler */
	bool no_405; /* a method that a page has not is as unknown as no page: 404 */
	size_t body_limit;               /* for collected bodies; 0: 4 MiB */
	size_t connection_memory; /* bounds the headers, both ways; 0: 128 KiB. Cleared after each
				   * request, so a server of many small ones asks for less. */
	/* How long a client may let a body that it sends, or a reply of known size that it
	 * reads, stand still; 0: for ever. */
	unsigned idle_seconds;
	/* Write the error reply (required). */
	void (*error)(struct http_request *req, struct http_reply *rep, const struct err *err);
	/* Optional: before routing, e.g. to strip "/v1.41" (return the rest of the path), add
	 * headers to every reply, or refuse: NULL with *err filled. The path is still
	 * percent-encoded; what is returned points into it or is static. */
	const char *(*before)(struct http_request *req, struct http_reply *rep, const char *path,
			      void *daemon, struct err *err);
	/* Optional: the route is found, so what it takes from the path may be asked for; nothing of
	 * the body was read. To let the request in, 0; to turn it away, -1 with *err filled. */
	int (*admit)(struct http_request *req, struct http_reply *rep, void *daemon,
		     struct err *err);
	/* Optional: the reply is out, or the client left before it was. For access logs. */
	void (*done)(const struct http_request *req, const struct http_result *result,
		     void *daemon);
	const char *tls_cert_pem, *tls_key_pem; /* PEM texts: this listener speaks TLS; NULL: plain */
	/* PEM text; with TLS: a client without a certificate signed by it gets no answer. */
	const char *tls_ca_pem;
};

/* Listen (SIGPIPE is ignored in the whole process from then on: children restore it).
 * A unix socket that a live server holds is ERR_CONFLICT; a dead one is
 * replaced. `addr` is "127.0.0.1:5000", "[::1]:5000" or ":5000". The same options
 * may be used for several listeners. */
struct http_server *http_serve_unix(const char *path, unsigned mode, const struct http_options *o,
				    struct err *err);
struct http_server *http_serve_tcp(const char *addr, const struct http_options *o, struct err *err);
/* Serve a socket that already listens (socket activation); takes the fd. */
struct http_server *http_serve_fd(int fd, const struct http_options *o, struct err *err);
int http_server_port(const struct http_server *s); /* the TCP port really bound (":0"), else 0 */
/* Stop accepting, end the streams, join the threads, unlink a unix path. */
void http_server_stop(struct http_server *s);

/* --- the request ----------------------------------------------------------------- */
const char *http_method(const struct http_request *req);
const char *http_path(const struct http_request *req);                       /* decoded */
/* Of the route that it took: a row's `pattern`; NULL: there is none. */
const char *http_pattern(const struct http_request *req);
const char *http_param(const struct http_request *req, const char *name);    /* {name}, decoded; NULL */
const char *http_query(const struct http_request *req, const char *name);    /* NULL if absent */
int http_query_bool(const struct http_request *req, const char *name, int fallback); /* 1,true,... */
/* Every value of a repeated query key, in order. */
void http_query_each(const struct http_request *req, const char *name,
		     void (*each)(void *arg, const char *value), void *arg);
const char *http_header(const struct http_request *req, const char *name);   /* NULL if absent */
/* Every line of a header that may come more than once (Accept), in order. */
void http_header_each(const struct http_request *req, const char *name,
		      void (*each)(void *arg, const char *value), void *arg);
const char *http_peer(const struct http_request *req);                       /* for logs */
/* The connection's socket, for a handler that blocks: it polls it for POLLRDHUP (the
 * client has gone, or the server stops) and never reads it. */
int http_request_fd(const struct http_request *req);
/* The collected body, NUL-terminated. */
const char *http_body(const struct http_request *req, size_t *len);
/* The body as a JSON object: borrowed; an empty body is {} ; ERR_INVALID otherwise. */
json_t *http_body_json(struct http_request *req, struct err *err);
/* A field of the body of an HTML form (application/x-www-form-urlencoded), decoded; NULL. */
const char *http_form(struct http_request *req, const char *name);
/* The reply to come: open_sink may add headers, which its error has then. */
struct http_reply *http_request_reply(struct http_request *req);
/* The state that open_sink stored. */
void *http_sink_state(const struct http_request *req);

/* --- the reply: exactly one of these per handler (none: 204) ------------------------- */
void http_reply_header(struct http_reply *rep, const char *name, const char *value);
void http_reply_empty(struct http_reply *rep, int status);
void http_reply_json(struct http_reply *rep, int status, json_t *doc); /* takes the reference */
void http_reply_bytes(struct http_reply *rep, int status, const char *type, const void *buf,
		      size_t n); /* copies */
/* Send `size` bytes of fd from `offset` by sendfile(2); takes the fd. */
void http_reply_fd(struct http_reply *rep, int status, const char *type, int fd, uint64_t offset,
		   uint64_t size);

/* Bytes that are read while they are sent, by the connection's own thread, which may wait for
 * them: `read` gives some from `pos` on, 0 at the end, -1 to break off. Of `size` bytes, or
 * chunked where that is HTTP_SIZE_UNKNOWN. `release(arg)` is called once, whatever happens; it
 * may be NULL. */
#define HTTP_SIZE_UNKNOWN UINT64_MAX
void http_reply_read(struct http_reply *rep, int status, const char *type, uint64_t size,
		     ssize_t (*read)(void *arg, uint64_t pos, void *buf, size_t max), void *arg,
		     void (*release)(void *));

/* Chunked: `produce` runs in a thread of its own and writes until it returns.
 * When the client goes away http_write returns -1 (ERR_CANCELLED) and
 * http_writer_fd becomes readable with POLLHUP/POLLERR: producers that wait for
 * something else poll it too. `release(arg)` is called once at the end, whatever
 * happens. */
typedef void (*http_producer)(struct http_writer *w, void *arg);
void http_reply_stream(struct http_reply *rep, int status, const char *type,
		       http_producer produce, void *arg, void (*release)(void *));
int http_write(struct http_writer *w, const void *buf, size_t n, struct err *err);
int http_write_json(struct http_writer *w, const json_t *doc, struct err *err); /* and "\n" */
int http_writer_fd(const struct http_writer *w);
/* What was written is not all there should be: the connection breaks off instead of ending,
 * so that the client does not take half a file for a whole one. */
void http_writer_fail(struct http_writer *w);

/* 101 Switching Protocols ("Upgrade: <proto>", e.g. "tcp"), then `run` owns the
 * raw socket in a thread of its own and returns when done (the server closes it).
 * To a client that sent no Upgrade header, what run writes is streamed as a plain
 * 200 reply, and run reads end of file. */
void http_reply_upgrade(struct http_reply *rep, const char *proto, const char *type,
			void (*run)(int fd, void *arg), void *arg, void (*release)(void *));

/* What this process keeps of the trace {id}: lines, as 01-kernel/base/trace.h has them. */
#define HTTP_TRACE_TYPE "text/plain; charset=utf-8"
int http_trace_collect(const struct http_request *req, struct strbuf *lines, struct err *err);

/* kind -> status, for the error functions. */
int http_status_of(enum err_kind kind);

#endif
