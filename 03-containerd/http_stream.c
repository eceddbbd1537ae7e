/*
 * http_stream.c - replies whose end is not known yet, and connections that stop
 * speaking HTTP.
 *
 * Stream:   producer thread ──socketpair──▶ connection's thread ──chunks──▶ client
 *
 * The connection's thread waits for the producer and for the client's hangup
 * at once; it closes its end of the pair in either case, and the producer,
 * which polls the other end, learns of it. The pair is also the only buffer, so
 * a slow client slows its producer down.
 *
 * Upgrade:  after "101 Switching Protocols" the socket belongs to a thread of
 * ours. Bytes that the client sent early, behind its headers, were read by
 * libmicrohttpd already; then the socket is put behind a pump that plays them first.
 * Under TLS the pump is the connection's own thread (http_tls_carry.c).
 */
#include "http_private.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"

#define STREAM_BLOCK (64u << 10)
#define LINGER_MS 2000

struct http_writer {
	int fd;
	_Atomic bool failed;
};

struct http_stream {
	struct http_writer writer; /* the producer's end */
	int reader;                /* the connection's end */
	int client;                /* the connection itself: watched, not read */
	pthread_t thread;
	bool started;
	http_producer produce;
	void *arg;
	void (*release)(void *);
};

/* --- streams ------------------------------------------------------------------------ */

int http_thread(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, HTTP_STACK_SIZE);
	rc = trace_thread(thread, &attr, fn, arg);
	pthread_attr_destroy(&attr);
	if (rc)
		log_error("http: cannot start a thread: %s", strerror(rc));
	return rc ? -1 : 0;
}

/* MHD_ContentReaderCallback: blocks, since the connection has this thread to itself. */
static ssize_t stream_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct http_stream *st = cls;
	struct pollfd p[2] = { { st->reader, POLLIN, 0 }, { st->client, POLLRDHUP, 0 } };

	(void)pos;
	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return MHD_CONTENT_READER_END_WITH_ERROR;
		if (p[0].revents) {
			ssize_t n = read(st->reader, buf, max);

			if (n > 0)
				return n;
			if (n == 0)
				return st->writer.failed ? MHD_CONTENT_READER_END_WITH_ERROR
							 : MHD_CONTENT_READER_END_OF_STREAM;
			if (errno != EINTR && errno != EAGAIN)
				return MHD_CONTENT_READER_END_WITH_ERROR;
		} else if (p[1].revents) {
			return MHD_CONTENT_READER_END_WITH_ERROR;
		}
	}
}

/* MHD_ContentReaderFreeCallback: the reply has ended, one way or the other. */
static void stream_free(void *cls)
{
	struct http_stream *st = cls;

	close(st->reader);
	if (st->started)
		pthread_join(st->thread, NULL);
	else
		close(st->writer.fd);
	if (st->release)
		st->release(st->arg);
	free(st);
}

static void *stream_thread(void *cls)
{
	struct http_stream *st = cls;

	st->produce(&st->writer, st->arg);
	close(st->writer.fd);
	return NULL;
}

int http_stream_start(struct http_stream *st)
{
	if (http_thread(&st->thread, stream_thread, st))
		return -1;
	st->started = true;
	return 0;
}

void http_reply_stream(struct http_reply *rep, int status, const char *type, http_producer produce,
		       void *arg, void (*release)(void *))
{
	struct http_stream *st = xcalloc(1, sizeof(*st));
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		log_error("http: socketpair: %s", strerror(errno));
		if (release)
			release(arg);
		free(st);
		http_reply_empty(rep, MHD_HTTP_SERVICE_UNAVAILABLE);
		return;
	}
	*st = (struct http_stream){ .writer = { .fd = pair[1] }, .reader = pair[0],
				    .client = http_request_fd(rep->req), .produce = produce,
				    .arg = arg, .release = release };
	http_reply_reset(rep, rep->headers.n);
	rep->status = status;
	rep->stream = st;
	rep->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK,
							  stream_read, st, stream_free);
	http_reply_header(rep, "Content-Type", type);
}

int http_write(struct http_writer *w, const void *buf, size_t n, struct err *err)
{
	const char *p = buf;

	while (n) {
		ssize_t sent = send(w->fd, p, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return err_set(err, ERR_CANCELLED, "the client has gone away");
		p += sent;
		n -= (size_t)sent;
	}
	return 0;
}

int http_write_json(struct http_writer *w, const json_t *doc, struct err *err)
{
	AUTO_STRBUF struct strbuf line = STRBUF_INIT;
	AUTO_FREE char *text = jsonx_text(doc);

	strbuf_adds(&line, text);
	strbuf_addc(&line, '\n');
	return http_write(w, line.data, line.len, err);
}

int http_writer_fd(const struct http_writer *w)
{
	return w->fd;
}

void http_writer_fail(struct http_writer *w)
{
	w->failed = true;
}

/* --- upgrades ------------------------------------------------------------------------ */

struct http_upgrade {
	struct http_server *server;
	void (*run)(int fd, void *arg);
	void *arg;
	void (*release)(void *);
	struct MHD_UpgradeResponseHandle *handle;
	struct MHD_Connection *tls; /* the connection where it speaks TLS, else NULL */
	struct http_upgrade *next, **link; /* in the server's list; its lock */
	int fd;             /* libmicrohttpd's: shut down, never closed by us */
	char *early;        /* what the client sent behind its headers */
	size_t early_len;
	int inner[2];       /* the pair, if there is one: run's end and ours */
};

void http_upgrade_free(struct http_upgrade *u)
{
	if (u->release)
		u->release(u->arg);
	free(u->early);
	free(u);
}

/* Move what is there from one socket to the other; false at the end. */
static bool pump_once(int from, int to)
{
	char buf[16384];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	return n > 0 && !io_write_full(to, buf, (size_t)n);
}

static void *pump_in(void *cls)
{
	struct http_upgrade *u = cls;
	bool more = !io_write_full(u->inner[1], u->early, u->early_len);

	while (more)
		more = pump_once(u->fd, u->inner[1]);
	shutdown(u->inner[1], SHUT_WR); /* a half-close means something to attach: hand it on */
	return NULL;
}

static void *pump_out(void *cls)
{
	struct http_upgrade *u = cls;

	while (pump_once(u->inner[1], u->fd))
		;
	shutdown(u->fd, SHUT_WR);
	shutdown(u->inner[1], SHUT_RD); /* who still writes learns that nobody reads */
	return NULL;
}

/* With a thread for each direction. */
static void run_pumped(struct http_upgrade *u)
{
	pthread_t in, out;

	if (!http_thread(&in, pump_in, u)) {
		if (!http_thread(&out, pump_out, u)) {
			u->run(u->inner[0], u->arg);
			shutdown(u->inner[0], SHUT_RDWR); /* ends pump_out, after what is in flight */
			pthread_join(out, NULL);
		}
		shutdown(u->fd, SHUT_RD);
		pthread_join(in, NULL);
	}
}

static void *run_thread(void *cls)
{
	struct http_upgrade *u = cls;

	u->run(u->inner[0], u->arg);
	shutdown(u->inner[0], SHUT_RDWR); /* ends the carrying, after what is in flight */
	return NULL;
}

static void run_under_tls(struct http_upgrade *u)
{
	pthread_t runner;

	if (!http_thread(&runner, run_thread, u)) {
		http_tls_carry(u->tls, u->fd, u->inner[1], u->early, u->early_len);
		shutdown(u->inner[1], SHUT_RDWR);
		pthread_join(runner, NULL);
	}
}

/* run gets one end; who carries between the other and the client differs. */
static void run_behind_pair(struct http_upgrade *u)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, u->inner)) {
		log_error("http: socketpair: %s", strerror(errno));
		return;
	}
	if (u->tls)
		run_under_tls(u);
	else
		run_pumped(u);
	close(u->inner[0]);
	close(u->inner[1]);
}

/* Closing a TCP socket with unread input sends a reset, which may overtake our
 * last output (RFC 9112, 9.6): so end our half, and let the client end its. Of a unix socket
 * both halves end at once, and what came before is read: the client hears it when it writes. */
static void linger(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	int domain = AF_UNSPEC;
	socklen_t n = sizeof domain;
	char buf[4096];

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n);
	shutdown(fd, domain == AF_UNIX ? SHUT_RDWR : SHUT_WR);
	while (poll(&p, 1, LINGER_MS) > 0 && read(fd, buf, sizeof(buf)) > 0)
		;
}

/* Enter the connection in the server's list, unless the server is stopping. */
static bool upgrade_enter(struct http_upgrade *u)
{
	struct http_server *s = u->server;
	bool ok;

	pthread_mutex_lock(&s->lock);
	ok = !s->stopping;
	if (ok) {
		u->next = s->upgrades;
		u->link = &s->upgrades;
		if (u->next)
			u->next->link = &u->next;
		s->upgrades = u;
	}
	pthread_mutex_unlock(&s->lock);
	return ok;
}

/* Give the socket back. In two steps: once closed its number may be another's, so the
 * list must not name it; and without the list's entry the server may be gone.
 *
 * libmicrohttpd 0.9.75 marks a connection as closed and then writes to it, while the thread that accepts may
 * have seen the mark, and frees it. Before it does, it tells on_connection, which waits for our lock. */
static void upgrade_end(struct http_upgrade *u)
{
	struct http_server *s = u->server;

	pthread_mutex_lock(&s->lock);
	u->fd = -1;
	MHD_upgrade_action(u->handle, MHD_UPGRADE_ACTION_CLOSE);
	pthread_mutex_unlock(&s->lock);
	if (u->release)
		u->release(u->arg);
	pthread_mutex_lock(&s->lock);
	if (u->link) {
		*u->link = u->next;
		if (u->next)
			u->next->link = u->link;
	}
	if (!s->upgrades)
		pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->lock);
	u->release = NULL;
	http_upgrade_free(u);
}

void http_upgrades_wake(struct http_server *s)
{
	for (struct http_upgrade *u = s->upgrades; u; u = u->next)
		if (u->fd >= 0)
			shutdown(u->fd, SHUT_RDWR);
}

static void *upgrade_thread(void *cls)
{
	struct http_upgrade *u = cls;

	if (u->tls || u->early_len)
		run_behind_pair(u);
	else
		u->run(u->fd, u->arg);
	linger(u->fd);
	upgrade_end(u);
	return NULL;
}

/* MHD_UpgradeHandler: the 101 is out. Runs in the connection's thread, which ends
 * with this function; under TLS it stays in here and carries the bytes, and `sock`, by
 * which libmicrohttpd would, is left alone. */
static void upgraded(void *cls, struct MHD_Connection *conn, void *con_cls, const char *extra,
		     size_t extra_len, MHD_socket sock, struct MHD_UpgradeResponseHandle *handle)
{
	struct http_upgrade *u = cls;
	struct http_request *req = con_cls;
	pthread_t thread;
	int one = 1;

	req->rep.upgrade = NULL; /* ours from here on */
	u->handle = handle;
	u->tls = u->server->o.tls_cert_pem ? conn : NULL;
	u->fd = u->tls ? http_request_fd(req) : sock;
	if (extra_len) {
		u->early = xmalloc(extra_len);
		memcpy(u->early, extra, extra_len);
		u->early_len = extra_len;
	}
	fcntl(u->fd, F_SETFL, fcntl(u->fd, F_GETFL) & ~O_NONBLOCK);
	setsockopt(u->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* fails on unix: fine */
	if (!upgrade_enter(u))
		upgrade_end(u);
	else if (u->tls)
		upgrade_thread(u);
	else if (!http_thread(&thread, upgrade_thread, u))
		pthread_detach(thread);
	else
		upgrade_end(u);
}

/* A client that did not ask for an upgrade gets run's output as a plain stream, and
 * run finds its input at end of file. */
static void produce_run(struct http_writer *w, void *arg)
{
	struct http_upgrade *u = arg;

	u->run(w->fd, u->arg);
}

static void release_run(void *arg)
{
	http_upgrade_free(arg);
}

void http_reply_upgrade(struct http_reply *rep, const char *proto, const char *type,
			void (*run)(int fd, void *arg), void *arg, void (*release)(void *))
{
	struct http_upgrade *u = xcalloc(1, sizeof(*u));

	*u = (struct http_upgrade){ .server = rep->req->server, .run = run, .arg = arg,
				    .release = release };
	if (!http_header(rep->req, "Upgrade")) {
		http_reply_stream(rep, MHD_HTTP_OK, type ? type : "application/octet-stream",
				  produce_run, u, release_run);
		if (rep->stream)
			shutdown(rep->stream->reader, SHUT_WR);
		return;
	}
	http_reply_reset(rep, rep->headers.n);
	rep->status = MHD_HTTP_SWITCHING_PROTOCOLS;
	rep->upgrade = u;
	rep->response = MHD_create_response_for_upgrade(upgraded, u);
	http_reply_header(rep, "Upgrade", proto);
	if (type)
		http_reply_header(rep, "Content-Type", type);
}
