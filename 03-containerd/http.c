/*
 * http.c - the server: connections and the life of a request (http_listen.c: sockets).
 *
 * libmicrohttpd accepts in one thread and gives every connection a thread of
 * its own. It calls us, in that thread:
 *
 *   request line is in    on_target      makes struct http_request
 *   headers are in        on_request     decode, before(), route, open the sink
 *   a piece of the body   on_request     into the sink or the buffer
 *   the body is complete  on_request     handle(), send the reply
 *   the reply is out      on_completed   frees everything
 *
 * After an error the rest of the body is read and dropped before the error is
 * sent: a client that is still sending would not read a reply, and closing on
 * it would reset the connection. A client that asked first ("Expect:
 * 100-continue") gets the error in place of its "100 Continue".
 */
#include "http_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/log.h"

#define BODY_LIMIT (4u << 20)
#define IDLE_SECONDS 120u         /* between requests, and for the headers to arrive */
#define POOL_SIZE (128u << 10)    /* per connection: bounds the headers, both ways */
#define CONNECTIONS_MAX 16384u

/* --- one request ----------------------------------------------------------------------- */

static struct http_connection *connection_of(struct MHD_Connection *conn)
{
	return MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* We decode the query ourselves (the raw one, whose %2F and order matter), and
 * libmicrohttpd 0.9.75 makes a new error reply for every "&" of a query that outgrows
 * the connection's memory, and dies of it when the daemon is stopping. `uri` lies in
 * that memory, which libmicrohttpd is about to cut at '?' itself: cut behind it too, so
 * that it finds an empty query. */
static void hide_query(const char *uri)
{
	char *query = strchr(uri, '?');

	if (query)
		query[1] = '\0';
}

static void *on_target(void *cls, const char *uri, struct MHD_Connection *conn)
{
	struct http_request *req = xcalloc(1, sizeof(*req));

	/* Should it never come to on_completed, the end of the connection frees it. */
	connection_of(conn)->req = req;
	req->server = cls;
	req->conn = conn;
	req->rep.req = req;
	req->start_us = http_now_us();
	req->failed = http_request_parse(req, uri, &req->err) != 0;
	hide_query(uri);
	return req;
}

static void report(const struct http_request *req, bool whole)
{
	const struct http_reply *rep = &req->rep;
	const struct http_result result = {
		.status = rep->status,
		.size = strcmp(req->method, MHD_HTTP_METHOD_HEAD) ? rep->size : 0,
		.received = req->received,
		.whole = whole,
		.start_us = req->start_us,
	};

	req->server->o.done(req, &result, req->server->o.daemon);
}

static void on_completed(void *cls, struct MHD_Connection *conn, void **con_cls,
			 enum MHD_RequestTerminationCode code)
{
	struct http_server *s = cls;
	struct http_request *req = *con_cls;

	if (req && req->begun && s->o.done)
		report(req, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	if (req && req->begun)
		http_trace_leave(req);
	if (req)
		http_request_free(req);
	if (connection_of(conn))
		connection_of(conn)->req = NULL;
	*con_cls = NULL;
	MHD_set_connection_option(conn, MHD_CONNECTION_OPTION_TIMEOUT, IDLE_SECONDS);
}

static int fail(struct http_request *req, int force_status)
{
	req->failed = true;
	req->force_status = force_status;
	return -1;
}

static bool method_matches(const char *route, const char *method)
{
	return !strcmp(route, method) ||
	       (!strcmp(route, MHD_HTTP_METHOD_GET) && !strcmp(method, MHD_HTTP_METHOD_HEAD));
}

/* Find the route, or say whether the path or only its method is unknown. */
static int find_route(struct http_request *req, const char *path)
{
	AUTO_STRBUF struct strbuf allow = STRBUF_INIT;

	for (const struct http_route *r = req->server->o.routes; r->pattern; r++) {
		http_pairs_cut(&req->params, 0);
		if (!http_route_match(r->pattern, path, &req->params))
			continue;
		req->route = r;
		if (method_matches(r->method, req->method))
			return 0;
		strbuf_addf(&allow, "%s%s%s", allow.len ? ", " : "", r->method,
			    strcmp(r->method, MHD_HTTP_METHOD_GET) ? "" : ", HEAD");
	}
	http_pairs_cut(&req->params, 0);
	req->route = NULL;
	if (!allow.len || req->server->o.no_405) {
		err_set(&req->err, ERR_NOT_FOUND, "page not found");
		return fail(req, MHD_HTTP_NOT_FOUND);
	}
	http_reply_header(&req->rep, "Allow", allow.data);
	err_set(&req->err, ERR_UNSUPPORTED, "method %s is not allowed here", req->method);
	return fail(req, MHD_HTTP_METHOD_NOT_ALLOWED);
}

static int body_too_large(struct http_request *req)
{
	err_set(&req->err, ERR_INVALID, "request body is larger than %zu bytes",
		req->server->o.body_limit);
	req->err.errnum = EFBIG; /* for who names errors more finely than by kind */
	return fail(req, MHD_HTTP_CONTENT_TOO_LARGE);
}

static void count_line(void *arg, const char *value)
{
	(void)value;
	++*(int *)arg;
}

/* Two readers of one connection, we and a proxy, must agree where a body ends, or a
 * client smuggles a second request past one of them (RFC 9112, 6.1 and 6.3). */
static int check_framing(struct http_request *req)
{
	const char *encoding = http_header(req, MHD_HTTP_HEADER_TRANSFER_ENCODING);
	int lengths = 0, encodings = 0;

	http_header_each(req, MHD_HTTP_HEADER_CONTENT_LENGTH, count_line, &lengths);
	http_header_each(req, MHD_HTTP_HEADER_TRANSFER_ENCODING, count_line, &encodings);
	if (lengths + encodings <= 1 && (!encoding || !strcasecmp(encoding, "chunked")))
		return 0;
	http_reply_header(&req->rep, MHD_HTTP_HEADER_CONNECTION, "close");
	req->unframed = true;
	err_set(&req->err, ERR_INVALID, "it is not clear where the request body ends");
	return fail(req, MHD_HTTP_BAD_REQUEST);
}

/* The headers are in: everything that can be decided before the body. */
static int begin(struct http_request *req)
{
	const struct http_options *o = &req->server->o;
	const char *path = req->raw_path;
	const char *length = http_header(req, MHD_HTTP_HEADER_CONTENT_LENGTH);

	if (req->failed || check_framing(req))
		return -1;
	if (o->before) {
		path = o->before(req, &req->rep, path, o->daemon, &req->err);
		if (!path)
			return fail(req, 0);
	}
	if (find_route(req, path))
		return -1;
	if (o->admit && o->admit(req, &req->rep, o->daemon, &req->err))
		return fail(req, 0);
	if (!req->route->open_sink)
		return length && strtoull(length, NULL, 10) > o->body_limit ? body_too_large(req) : 0;
	if (req->route->open_sink(req, &req->sink, o->daemon, &req->err))
		return fail(req, 0);
	req->sink_open = true;
	return 0;
}

static void take_body(struct http_request *req, const char *data, size_t n)
{
	req->received += n;
	if (req->failed)
		return;
	if (req->sink_open) {
		if (req->sink.write(req->sink.state, data, n, &req->err))
			fail(req, 0);
	} else if (req->body.len + n > req->server->o.body_limit) {
		strbuf_free(&req->body);
		body_too_large(req);
	} else {
		strbuf_add(&req->body, data, n);
	}
}

/* How long the client may let the connection stand still; 0: for ever. Ours alone is
 * the time that handlers take: libmicrohttpd counts from the last byte, so it must not
 * count then, and starts anew when counting is turned on again. */
static void patience(struct http_request *req, unsigned seconds)
{
	MHD_set_connection_option(req->conn, MHD_CONNECTION_OPTION_TIMEOUT, seconds);
}

static enum MHD_Result answer(struct http_request *req)
{
	const struct http_options *o = &req->server->o;
	size_t keep = req->rep.headers.n;

	patience(req, 0);
	if (!req->failed && req->route->handle(req, &req->rep, o->daemon, &req->err)) {
		http_reply_reset(&req->rep, keep); /* what the handler began is void */
		fail(req, 0);
	}
	if (req->failed) {
		o->error(req, &req->rep, &req->err);
		if (!req->rep.response)
			http_reply_empty(&req->rep, http_status_of(req->err.kind));
		if (req->force_status)
			req->rep.status = req->force_status;
	}
	http_trace_tell(req);
	if (!req->rep.stream && !req->rep.upgrade)
		patience(req, o->idle_seconds);
	return http_reply_send(&req->rep);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *conn, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **con_cls)
{
	struct http_request *req = *con_cls;
	const char *expect;

	(void)cls;
	(void)url;
	(void)version;
	if (!req->begun) {
		if (req->server->o.tls_ca_pem && !http_tls_client_trusted(conn, http_peer(req)))
			return MHD_NO;
		req->begun = true;
		req->method = method;
		http_trace_enter(req);
		patience(req, 0);
		expect = http_header(req, MHD_HTTP_HEADER_EXPECT);
		if (begin(req) &&
		    (req->unframed || (expect && !strcasecmp(expect, "100-continue"))))
			return answer(req);
		patience(req, req->server->o.idle_seconds);
		return MHD_YES;
	}
	if (*size) {
		take_body(req, data, *size);
		*size = 0;
		return MHD_YES;
	}
	return answer(req);
}

/* --- connections ------------------------------------------------------------------------ */

static void on_connection(void *cls, struct MHD_Connection *conn, void **socket_ctx,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http_server *s = cls;
	struct http_connection *c = *socket_ctx;
	struct http_request *left = NULL;
	int one = 1;

	pthread_mutex_lock(&s->lock);
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		c = xcalloc(1, sizeof(*c));
		c->fd = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		http_tls_mismatch(c->fd, s->o.tls_cert_pem);
		setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
		c->next = s->connections;
		c->link = &s->connections;
		if (c->next)
			c->next->link = &c->next;
		s->connections = c;
		*socket_ctx = c;
	} else if (c) {
		*c->link = c->next;
		if (c->next)
			c->next->link = c->link;
		left = c->req;
		free(c);
		*socket_ctx = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	if (left)
		http_request_free(left);
}

static void on_log(void *cls, const char *fmt, va_list ap)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;

	(void)cls;
	strbuf_vaddf(&text, fmt, ap);
	while (text.len && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	log_debug("http: %s", text.data); /* mostly clients that went away */
}

/* --- listening ---------------------------------------------------------------------------- */

static void server_free(struct http_server *s)
{
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->idle);
	free((void *)s->unix_path);
	free(s);
}

static int bound_port(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len))
		return 0;
	if (sa.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&sa)->sin_port);
	return sa.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&sa)->sin6_port) : 0;
}

struct http_server *http_serve_fd(int fd, const struct http_options *o, struct err *err)
{
	struct http_server *s = xcalloc(1, sizeof(*s));
	int seconds = 1;
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
			 MHD_USE_POLL | MHD_USE_ITC | MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)o->tls_cert_pem },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)o->tls_key_pem },
		{ o->tls_ca_pem ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
		  (void *)o->tls_ca_pem },
		{ MHD_OPTION_END, 0, NULL },
	};

	/* A TCP client speaks first: it is accepted when it did (tcp(7)), so that a look says what
	 * it speaks. */
	setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
	s->o = *o;
	if (!s->o.body_limit)
		s->o.body_limit = BODY_LIMIT;
	s->port = bound_port(fd);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->idle, NULL);
	/* sendfile(2) has no MSG_NOSIGNAL. Whoever forks a child restores the default for it. */
	signal(SIGPIPE, SIG_IGN);
	if (o->tls_cert_pem)
		flags |= MHD_USE_TLS;
	s->mhd = MHD_start_daemon(flags, 0, NULL, NULL, on_request, s,
				  MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
				  MHD_OPTION_LISTEN_SOCKET, fd,
				  MHD_OPTION_URI_LOG_CALLBACK, on_target, s,
				  MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
				  MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
				  MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
				  MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				  o->connection_memory ? o->connection_memory : (size_t)POOL_SIZE,
				  MHD_OPTION_THREAD_STACK_SIZE, (size_t)HTTP_STACK_SIZE,
				  MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
				  MHD_OPTION_ARRAY, o->tls_cert_pem ? tls : &tls[3], MHD_OPTION_END);
	if (s->mhd)
		return s;
	err_set(err, ERR_SYSTEM, "start the HTTP server%s",
		o->tls_cert_pem ? " (is the certificate or its key malformed?)" : "");
	close(fd);
	server_free(s);
	return NULL;
}

int http_server_port(const struct http_server *s)
{
	return s->port;
}

void http_server_stop(struct http_server *s)
{
	int fd;

	if (!s)
		return;
	fd = MHD_quiesce_daemon(s->mhd);
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	/* Whoever blocks on a connection wakes; libmicrohttpd closes the descriptors. */
	for (struct http_connection *c = s->connections; c; c = c->next)
		shutdown(c->fd, SHUT_RDWR);
	http_upgrades_wake(s);
	while (s->upgrades)
		pthread_cond_wait(&s->idle, &s->lock);
	pthread_mutex_unlock(&s->lock);
	MHD_stop_daemon(s->mhd);
	if (fd >= 0)
		close(fd);
	if (s->unix_path)
		unlink(s->unix_path);
	server_free(s);
}
