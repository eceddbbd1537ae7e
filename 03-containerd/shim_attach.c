/*
 * shim_attach.c - the clients of a process's streams.
 *
 * A client connects, sends one line {"stdin":bool,"stdout":bool,"stderr":bool} and
 * gets one line back. Then bytes flow: of a terminal as they are, else in Docker's
 * frames (1 = stdout, 2 = stderr, three zeros, length in network order, the bytes), so
 * that dockerd passes them to its client unread.
 *
 * Many clients may be attached. Each has a buffer of bounded size, and what does not fit
 * goes to a file (shim_spill.c): a client that is merely slow (a pager, a compressor) gets
 * every byte, and neither the container nor its log ever waits for it. When the task has been
 * deleted, one that takes nothing at all for SLOW_MS is let go, since the shim is to end.
 * Where there is no log to hold up (an exec), the process waits for its reader as it would
 * at a terminal.
 */
#include "shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/tty.h"
#include "wire.h"

#define CLIENT_BUFFER (256 << 10)
#define SLOW_MS 30000
#define HELLO_MAX 1024

struct shim_client {
	struct shim_client *next;
	struct shim_io *io;
	struct shim_watch watch;
	struct strbuf hello; /* the opening line as far as it has come */
	bool attached;       /* the line was read and answered */
	bool wants[SHIM_STREAMS], feeds;
	bool input_over;     /* it has shut down its sending side */
	bool closing;        /* let go when the buffer is empty */
	struct strbuf buf;
	size_t sent;
	struct shim_spill spill; /* comes after what is in buf */
	struct shim_timer slow;
};

static size_t waiting(const struct shim_client *c)
{
	return c->buf.len - c->sent;
}

static void drop(struct shim_client *c)
{
	struct shim_io *io = c->io;
	struct shim_client **p = &io->clients;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	shim_timer_cancel(&io->shim->loop, &c->slow);
	shim_watch_close(&io->shim->loop, &c->watch);
	strbuf_free(&c->hello);
	strbuf_free(&c->buf);
	shim_spill_close(&c->spill);
	free(c);
	shim_leave_if_idle(io->shim);
}

/* --- to the client ------------------------------------------------------------------- */

static void too_slow(void *owner)
{
	struct shim_client *c = owner;
	struct shim_io *io = c->io;

	log_warn("%s: a client that does not read is let go", io->attach);
	drop(c);
	shim_io_update(io);
}

/* The buffer is empty: go on with what was put aside. */
static void refill(struct shim_client *c)
{
	if (!shim_spill_size(&c->spill)) {
		strbuf_free(&c->buf);
		return;
	}
	strbuf_clear(&c->buf);
	strbuf_reserve(&c->buf, CLIENT_BUFFER);
	c->buf.len = shim_spill_take(&c->spill, c->buf.data, CLIENT_BUFFER);
}

/* Send what the socket takes. False when the client is gone (and freed). */
static bool flush_client(struct shim_client *c)
{
	while (waiting(c)) {
		ssize_t w = send(c->watch.fd, c->buf.data + c->sent, waiting(c),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (w < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (w < 0) {
			drop(c);
			return false;
		}
		c->sent += (size_t)w;
		shim_timer_cancel(&c->io->shim->loop, &c->slow);
		if (!waiting(c)) {
			c->sent = 0;
			refill(c);
		}
	}
	strbuf_free(&c->buf);
	if (!c->closing)
		return true;
	drop(c);
	return false;
}

/* Keep the buffer from growing by what was sent already. */
static void move_up(struct shim_client *c)
{
	memmove(c->buf.data, c->buf.data + c->sent, waiting(c));
	c->buf.len -= c->sent;
	c->sent = 0;
}

/* Into the buffer, or behind it. -1: there is no room anywhere. */
static int put(struct shim_client *c, const void *bytes, size_t n)
{
	const struct shim_log *log = c->io->log;

	if (log && log->path && (shim_spill_size(&c->spill) || waiting(c) >= CLIENT_BUFFER))
		return shim_spill_put(&c->spill, log->path, bytes, n);
	if (c->sent)
		move_up(c);
	strbuf_add(&c->buf, bytes, n);
	return 0;
}

static void add_output(struct shim_client *c, enum shim_stream stream, const char *buf, size_t n)
{
	uint32_t header[2] = { htonl((uint32_t)(stream + 1) << 24), htonl((uint32_t)n) };

	if ((c->io->terminal || !put(c, header, sizeof header)) && !put(c, buf, n)) {
		flush_client(c);
		return;
	}
	log_warn("%s: there is no room for what a client has yet to read; it is let go",
		 c->io->attach);
	drop(c);
}

void shim_attach_output(struct shim_io *io, enum shim_stream stream, const char *buf, size_t n)
{
	struct shim_client *next;

	for (struct shim_client *c = io->clients; c; c = next) {
		next = c->next;
		if (c->attached && !c->closing && c->wants[stream])
			add_output(c, stream, buf, n);
	}
}

bool shim_attach_full(const struct shim_io *io)
{
	for (const struct shim_client *c = io->clients; c && !io->log; c = c->next)
		if (waiting(c) >= CLIENT_BUFFER)
			return true;
	return false;
}

/* --- from the client ------------------------------------------------------------------ */

static void send_line(struct shim_client *c, const char *text)
{
	strbuf_adds(&c->buf, text);
	strbuf_addc(&c->buf, '\n');
	flush_client(c);
}

static void refuse(struct shim_client *c, const struct err *err)
{
	AUTO_JSON json_t *doc = ctrd_wire_error(err);
	AUTO_FREE char *text = jsonx_text(doc);

	c->closing = true;
	send_line(c, text);
}

/* The opening line is complete, and `rest` may already be input. */
static void attach(struct shim_client *c, char *line, size_t len, const char *rest, size_t n)
{
	struct shim_io *io = c->io;
	struct err err;
	AUTO_JSON json_t *doc = jsonx_parse(line, len, "attach", &err);

	if (!doc) {
		refuse(c, &err);
		return;
	}
	c->attached = true;
	c->feeds = jsonx_bool(doc, "stdin", false);
	c->wants[SHIM_STDOUT] = jsonx_bool(doc, "stdout", false);
	c->wants[SHIM_STDERR] = jsonx_bool(doc, "stderr", false);
	c->closing = io->done && (!io->hold || shim_io_eof(io));
	io->hold = false;
	if (c->feeds && n)
		shim_io_input(io, rest, n);
	send_line(c, "{}");
}

static void take_hello(struct shim_client *c, const char *buf, size_t n)
{
	AUTO_STRBUF struct strbuf all = STRBUF_INIT;
	struct err err;
	size_t len;
	char *nl;

	strbuf_add(&c->hello, buf, n);
	nl = memchr(c->hello.data, '\n', c->hello.len);
	if (!nl && c->hello.len <= HELLO_MAX)
		return;
	if (!nl) {
		err_set(&err, ERR_INVALID, "attach: the first line is too long");
		refuse(c, &err);
		return;
	}
	strbuf_add(&all, c->hello.data, c->hello.len);
	len = (size_t)(nl - c->hello.data);
	strbuf_free(&c->hello);
	attach(c, all.data, len, all.data + len + 1, all.len - len - 1);
}

/* Its last byte has come: half-close, or a client that went away altogether. */
static void input_over(struct shim_client *c)
{
	c->input_over = true;
	if (c->attached && c->feeds && c->io->stdin_once)
		shim_io_input_end(c->io);
	if (!c->attached)
		drop(c);
}

static void on_client(void *owner, uint32_t events)
{
	struct shim_client *c = owner;
	struct shim_io *io = c->io;
	char *buf = io->shim->chunk;
	ssize_t n = 0;

	if ((events & EPOLLOUT) && !flush_client(c)) {
		shim_io_update(io);
		return;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		n = c->input_over ? 0 : recv(c->watch.fd, buf, SHIM_CHUNK, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n > 0 && !c->attached)
			take_hello(c, buf, (size_t)n);
		else if (n > 0 && c->feeds)
			shim_io_input(io, buf, (size_t)n);
		else if (n <= 0 && c->input_over)
			drop(c); /* both directions are shut: nobody is there */
		else if (n <= 0)
			input_over(c);
	}
	shim_io_update(io);
}

void shim_attach_update(struct shim_io *io)
{
	struct shim_loop *loop = &io->shim->loop;
	bool take_input = !io->input.len;

	for (struct shim_client *c = io->clients; c; c = c->next) {
		bool listen = !c->input_over && (take_input || !c->attached || !c->feeds);

		if (io->shim->leaving && !c->slow.at_ms)
			shim_timer_set(loop, &c->slow, SLOW_MS, too_slow, c);
		if (!listen && !waiting(c) && !c->input_over)
			shim_watch_pause(loop, &c->watch);
		else
			shim_watch_set(loop, &c->watch,
				       (listen ? EPOLLIN : 0u) | (waiting(c) ? EPOLLOUT : 0u));
	}
}

static void on_connect(void *owner, uint32_t events)
{
	struct shim_io *io = owner;
	int fd = accept4(io->attach_watch.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct shim_client *c;

	(void)events;
	if (fd < 0)
		return;
	c = xcalloc(1, sizeof *c);
	c->io = io;
	c->spill.file = -1;
	shim_watch_init(&c->watch, fd, on_client, c);
	c->next = io->clients;
	io->clients = c;
	shim_io_update(io);
}

int shim_attach_listen(struct shim_io *io, const char *name, struct err *err)
{
	int fd = kern_unix_listen(name, 0600, err);

	if (fd < 0)
		return -1;
	io->attach = xstrdup(name);
	shim_watch_init(&io->attach_watch, fd, on_connect, io);
	shim_watch_set(&io->shim->loop, &io->attach_watch, EPOLLIN);
	return 0;
}

/* There will be no more output: each client goes when it has what is buffered. One
 * that has yet to say what it wants is answered first. */
void shim_attach_finish(struct shim_io *io)
{
	struct shim_client *next;

	for (struct shim_client *c = io->clients; c; c = next) {
		next = c->next;
		if (!c->attached)
			continue;
		c->closing = true;
		flush_client(c);
	}
	shim_attach_update(io);
}

void shim_attach_close(struct shim_io *io)
{
	while (io->clients)
		drop(io->clients);
	shim_watch_close(&io->shim->loop, &io->attach_watch);
	if (io->attach)
		unlink(io->attach);
	free(io->attach);
	io->attach = NULL;
}
