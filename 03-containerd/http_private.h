/*
 * http_private.h - what the pages of the HTTP server share. Not for others:
 * the contract is http.h.
 *
 *   http.c          connections, the life of a request
 *   http_listen.c   unix sockets and TCP addresses
 *   http_request.c  what a handler may ask about its request
 *   http_route.c    patterns, percent-decoding
 *   http_reply.c    replies of known size
 *   http_stream.c   replies produced by a thread, and upgraded connections
 *   http_trace.c    the trace that a request belongs to
 *   http_tls.c      who the client is; http_tls_carry.c: an upgraded connection's bytes
 */
#ifndef DOCKYARD_CTRD_HTTP_PRIVATE_H
#define DOCKYARD_CTRD_HTTP_PRIVATE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>

#include "01-kernel/base/strbuf.h"
#include "01-kernel/base/trace.h"
#include "http.h"

/* Handlers parse JSON that a client nested as deep as jansson allows (2048) and
 * speak TLS through libcurl; pages that are not touched cost nothing. */
#ifdef __SANITIZE_ADDRESS__
#define HTTP_STACK_SIZE (8u << 20)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HTTP_STACK_SIZE (8u << 20)
#endif
#endif
#ifndef HTTP_STACK_SIZE
#define HTTP_STACK_SIZE (1u << 20)
#endif

#define HTTP_PARAMS_MAX 8

struct http_pair {
	char *name, *value;
};

struct http_pairs {
	struct http_pair *v;
	size_t n;
};

void http_pairs_add(struct http_pairs *p, char *name, char *value); /* takes both strings */
void http_pairs_cut(struct http_pairs *p, size_t n);                /* frees the rest */

struct http_stream;
struct http_upgrade;

/* A reply while it is being made. */
struct http_reply {
	struct http_request *req;
	struct MHD_Response *response;
	int status;
	uint64_t size; /* of the body; 0 for streams */
	struct http_pairs headers;
	struct http_stream *stream;   /* owned by `response`; its thread starts when sent */
	struct http_upgrade *upgrade; /* owned here until the connection is upgraded */
};

struct http_request {
	struct http_server *server;
	struct MHD_Connection *conn;
	const char *method;
	char *uri;              /* as it came, cut at '?' */
	const char *raw_path;   /* in uri: still percent-encoded */
	char *path;             /* decoded */
	struct http_pairs params, queries;
	struct http_pairs form; /* of the body; read when it is first asked for */
	bool form_read;
	const struct http_route *route;

	int64_t start_us;
	struct trace_span span;
	bool begun;             /* the headers were looked at */
	bool failed;            /* err holds why; the rest of the body is dropped */
	struct err err;
	bool unframed;          /* nobody knows where the body ends: do not wait for that */
	int force_status;       /* where the kind of err has no status of its own */

	struct http_sink sink;
	bool sink_open;
	uint64_t received; /* of the body, kept or dropped */
	struct strbuf body;
	json_t *json;
	char peer[80];
	struct http_reply rep;
};

/* One accepted connection, so that http_server_stop can wake whoever uses it. */
struct http_connection {
	struct http_connection *next, **link;
	int fd;
	struct http_request *req; /* the one under way; the connection's thread's */
};

struct http_server {
	struct http_options o;
	const char *unix_path; /* owned; unlinked on stop */
	int port;
	struct MHD_Daemon *mhd;

	pthread_mutex_t lock;  /* guards what follows */
	pthread_cond_t idle;   /* upgrades became empty */
	struct http_connection *connections;
	struct http_upgrade *upgrades; /* connections that a thread of ours owns */
	bool stopping;
};

/* Split the target at '?', decode path and query. */
int http_request_parse(struct http_request *req, const char *uri, struct err *err);
void http_request_free(struct http_request *req);

/* Match one pattern against a percent-encoded path; captures go to params. */
bool http_route_match(const char *pattern, const char *path, struct http_pairs *params);
/* Decode %XX (and '+' where plus is set). NULL: malformed, or a NUL byte in it. */
char *http_decode(const char *s, size_t n, bool plus);

/* Forget the reply made so far, but not the first `keep` headers. */
void http_reply_reset(struct http_reply *rep, size_t keep);
enum MHD_Result http_reply_send(struct http_reply *rep);

int http_stream_start(struct http_stream *st);
/* http_trace.c, in the order in which they are called. */
void http_trace_enter(struct http_request *req); /* the headers are in */
void http_trace_tell(struct http_request *req);  /* the reply is made */
void http_trace_leave(struct http_request *req); /* and out */
int64_t http_now_us(void); /* microseconds since 1970 */

void http_upgrade_free(struct http_upgrade *u);
void http_upgrades_wake(struct http_server *s); /* end them all; the server's lock is held */
int http_thread(pthread_t *thread, void *(*fn)(void *), void *arg);

/* http_tls.c: the client showed a certificate that the authority vouches for. */
bool http_tls_client_trusted(struct MHD_Connection *conn, const char *peer);
/* Answer whoever speaks TLS to a plain listener, or plain HTTP to one of TLS, in the clear, and end
 * the connection. */
void http_tls_mismatch(int fd, bool tls);

/* http_tls_carry.c: carry bytes between the client, from what it sent already on, and `inner`,
 * until inner has ended and the client knows, or the client has gone. A half-close of the
 * client's becomes one of inner. */
void http_tls_carry(struct MHD_Connection *conn, int client, int inner, const char *early,
		    size_t early_len);

#endif
