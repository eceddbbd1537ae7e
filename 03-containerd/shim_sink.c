/*
 * shim_sink.c - see shim_sink.h.
 *
 * A connection that broke may have lost what the kernel had taken of it: of a stream the message that
 * was under way is sent again whole, so that the server never sees half of one as the beginning of
 * another.
 */
#include "shim_sink.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "shim_log.h"

#define AGAIN_MS 1000

/* --- the queue ----------------------------------------------------------------------------- */

size_t shim_sink_pending(const struct shim_sink *s)
{
	return s->queue.len - s->at;
}

static bool is_connected(const struct shim_sink *s)
{
	return s->watch.fd >= 0 && !s->connecting;
}

bool shim_sink_waits(const struct shim_sink *s)
{
	return is_connected(s) && shim_sink_pending(s);
}

static uint32_t length_of_first(const struct shim_sink *s)
{
	uint32_t n;

	memcpy(&n, s->queue.data + s->at, sizeof n);
	return n;
}

static void drop_first(struct shim_sink *s)
{
	s->at += sizeof(uint32_t) + length_of_first(s);
	s->sent = 0;
	if (s->at == s->queue.len) { /* an idle shim keeps no buffers */
		strbuf_free(&s->queue);
		s->at = 0;
	}
}

void shim_sink_add(struct shim_sink *s, const struct shim_log_line *line)
{
	size_t before = s->queue.len;
	uint32_t n = 0;

	if (!is_connected(s) && shim_sink_pending(s) >= SINK_AWAY) {
		s->lost++;
		return;
	}
	if (s->at > SINK_AWAY && s->at > s->queue.len / 2) { /* it may never become empty */
		memmove(s->queue.data, s->queue.data + s->at, shim_sink_pending(s));
		s->queue.len = before -= s->at;
		s->at = 0;
	}
	strbuf_add(&s->queue, &n, sizeof n);
	s->format(s, &s->queue, line);
	n = (uint32_t)(s->queue.len - before - sizeof n);
	memcpy(s->queue.data + before, &n, sizeof n);
	if (!n) /* the format has nothing to say of an empty line */
		s->queue.len = before;
}

void shim_sink_abandon(struct shim_sink *s)
{
	if (shim_sink_pending(s))
		log_warn("log: %s: %zu bytes could not be sent", s->name, shim_sink_pending(s));
	strbuf_free(&s->queue);
	s->at = s->sent = 0;
}

/* --- the connection -------------------------------------------------------------------------- */

static void on_ready(void *owner, uint32_t events);
static void try_again(void *owner)
{
	struct shim_sink *s = owner;

	shim_sink_flush(s);
	s->progress(s->owner);
}

static void disconnect(struct shim_sink *s)
{
	shim_watch_close(s->loop, &s->watch); /* where there is no loop, nothing is armed */
	s->connecting = false;
	s->sent = 0;
}

static void connected(struct shim_sink *s)
{
	s->connecting = false;
	if (s->lost)
		log_warn("log: %s was away, and %lu lines are lost", s->name, s->lost);
	s->lost = 0;
}

/* Not sooner than a second after the last time. */
static void reconnect(struct shim_sink *s)
{
	bool done;
	int fd;

	if (s->again.at_ms)
		return;
	fd = shim_sink_connect(s, &done);
	if (s->loop)
		shim_timer_set(s->loop, &s->again, AGAIN_MS, try_again, s);
	if (fd < 0)
		return;
	shim_watch_init(&s->watch, fd, on_ready, s);
	s->connecting = !done;
	if (done)
		connected(s);
}

/* The server may have closed while there was nothing to say: what is written then is lost. */
static bool was_closed(const struct shim_sink *s)
{
	char ignored[256];
	ssize_t n;

	if (s->type != SOCK_STREAM || s->sent)
		return false;
	while ((n = recv(s->watch.fd, ignored, sizeof ignored, MSG_DONTWAIT)) > 0)
		;
	return !n || (errno != EAGAIN && errno != EINTR);
}

static ssize_t send_first(struct shim_sink *s)
{
	const char *message = s->queue.data + s->at + sizeof(uint32_t);
	size_t n = length_of_first(s);
	ssize_t w = send(s->watch.fd, message + s->sent, n - s->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (w < 0 && (errno == EMSGSIZE || errno == ENOBUFS) && s->format == shim_journald_format)
		return shim_journald_send_file(s->watch.fd, message, n) ? -1 : (ssize_t)n;
	return w;
}

/* One step. False: no more now. */
static bool send_some(struct shim_sink *s)
{
	ssize_t w = send_first(s);

	if (w >= 0) {
		s->sent += (size_t)w;
		if (s->type == SOCK_DGRAM || s->sent == length_of_first(s))
			drop_first(s);
		return true;
	}
	if (errno == EINTR)
		return true;
	if (errno == EAGAIN)
		return false;
	if (errno == EMSGSIZE || errno == ENOBUFS) { /* what a network of datagrams does */
		s->lost++;
		drop_first(s);
		return true;
	}
	disconnect(s);
	return true; /* to where it is now; a refused datagram told us of the one before it */
}

void shim_sink_flush(struct shim_sink *s)
{
	bool more = true, fresh = true;

	while (more && shim_sink_pending(s)) {
		if (is_connected(s) && fresh && was_closed(s))
			disconnect(s);
		fresh = false;
		if (s->watch.fd < 0)
			reconnect(s);
		more = is_connected(s) && send_some(s);
	}
	if (!s->loop)
		return;
	if (s->watch.fd >= 0 && (s->connecting || shim_sink_pending(s)))
		shim_watch_set(s->loop, &s->watch, EPOLLOUT);
	else if (s->watch.fd >= 0)
		shim_watch_pause(s->loop, &s->watch);
}

static void on_ready(void *owner, uint32_t events)
{
	struct shim_sink *s = owner;

	(void)events;
	if (s->connecting && shim_sink_outcome(s->watch.fd))
		disconnect(s);
	else if (s->connecting)
		connected(s);
	shim_sink_flush(s);
	s->progress(s->owner);
}

/* --- the whole ------------------------------------------------------------------------------- */

struct shim_sink *shim_sink_open(const json_t *log, struct err *err)
{
	bool journald = !strcmp(jsonx_str(log, "driver", ""), "journald");
	struct shim_sink *s = xcalloc(1, sizeof *s);

	shim_watch_init(&s->watch, -1, on_ready, s);
	s->options = json_object_get(log, journald ? "journald" : "syslog");
	s->format = journald ? shim_journald_format : shim_syslog_format;
	if (journald)
		shim_journald_fields(&s->fields, json_object_get(s->options, "fields"));
	if (!shim_sink_dial(s, err))
		return s;
	shim_sink_close(s);
	return NULL;
}

void shim_sink_attach(struct shim_sink *s, struct shim_loop *loop, void (*progress)(void *owner),
		      void *owner)
{
	s->loop = loop;
	s->progress = progress;
	s->owner = owner;
}

void shim_sink_close(struct shim_sink *s)
{
	if (!s)
		return;
	disconnect(s);
	if (s->loop)
		shim_timer_cancel(s->loop, &s->again);
	strbuf_free(&s->queue);
	strbuf_free(&s->fields);
	free(s->name);
	free(s);
}
