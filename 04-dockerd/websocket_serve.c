/*
 * websocket_serve.c - a connection that speaks WebSocket, from its first frame to its last
 * (websocket.h). One thread turns frames into bytes and bytes into frames; run has its own.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "frames.h"
#include "websocket.h"

#define BLOCK 16384
#define BACKLOG (4 * BLOCK) /* of answers to pings that the client does not read */

struct pump {
	const struct ws_serve *s;
	int inner;
	struct ws_reader reader;
	struct strbuf up, down;      /* to run, to the client: what is still to be written */
	size_t up_at, down_at;
	struct frames frames;        /* of run's output */
	bool closing;                /* the last frame is in `down`: nothing behind it counts */
};

/* --- run's output ------------------------------------------------------------------------------ */

static void read_inner(struct pump *p)
{
	AUTO_STRBUF struct strbuf bare = STRBUF_INIT;
	unsigned char block[BLOCK];
	ssize_t n = recv(p->inner, block, sizeof block, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		dockerd_ws_close(&p->down, WS_NORMAL);
		p->closing = true;
		return;
	}
	if (p->s->framed)
		dockerd_frames_feed(&p->frames, block, (size_t)n, &bare);
	else
		strbuf_add(&bare, block, (size_t)n);
	if (bare.len)
		dockerd_ws_frame(&p->down, p->s->text ? WS_TEXT : WS_BINARY, bare.data, bare.len);
}

/* --- the client ----------------------------------------------------------------------------------- */

/* False: it has gone. */
static bool read_client(struct pump *p)
{
	unsigned char block[BLOCK];
	ssize_t n = recv(p->s->client, block, sizeof block, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n > 0 && dockerd_ws_feed(&p->reader, block, (size_t)n, &p->up, &p->down))
		p->closing = true;
	return n > 0;
}

/* Send what there is; false: nobody takes it. */
static bool flush(int fd, struct strbuf *sb, size_t *at)
{
	ssize_t n = send(fd, sb->data + *at, sb->len - *at, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	*at += (size_t)n;
	if (*at == sb->len) {
		strbuf_clear(sb);
		*at = 0;
	}
	return true;
}

/* --- both -------------------------------------------------------------------------------------------- */

static bool wait_for_work(const struct pump *p, struct pollfd fds[2])
{
	bool hear = !p->closing && !p->up.len && p->down.len < BACKLOG;
	bool say = !p->closing && !p->down.len;

	fds[0] = (struct pollfd){ p->s->client,
				  (short)((hear ? POLLIN : 0) | (p->down.len ? POLLOUT : 0)), 0 };
	fds[1] = (struct pollfd){ p->inner,
				  (short)((say ? POLLIN : 0) | (p->up.len ? POLLOUT : 0)), 0 };
	if (p->closing || (!say && !p->up.len))
		fds[1].fd = -1; /* else its end would be reported for ever */
	if (poll(fds, 2, -1) < 0)
		return errno == EINTR;
	return !(fds[0].revents & (POLLERR | POLLNVAL)) &&
	       !((fds[0].revents & POLLHUP) && !(fds[0].revents & POLLIN));
}

static bool step(struct pump *p)
{
	struct pollfd fds[2];

	if (!wait_for_work(p, fds))
		return false;
	if ((fds[0].revents & POLLIN) && !read_client(p))
		return false;
	if (!p->closing && (fds[1].revents & (POLLIN | POLLHUP)))
		read_inner(p);
	if (p->up.len && !flush(p->inner, &p->up, &p->up_at)) {
		strbuf_clear(&p->up); /* input that nobody takes does not end the output */
		p->up_at = 0;
	}
	if (p->down.len && !flush(p->s->client, &p->down, &p->down_at))
		return false;
	return !p->closing || p->down.len;
}

struct runner {
	const struct ws_serve *s;
	int fd;
};

static void *run_thread(void *cls)
{
	struct runner *r = cls;

	r->s->run(r->fd, r->s->arg);
	shutdown(r->fd, SHUT_RDWR);
	return NULL;
}

void dockerd_ws_serve(const struct ws_serve *s)
{
	struct pump p = { .s = s };
	struct runner r = { .s = s };
	pthread_t thread;
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		log_error("websocket: socketpair: %s", strerror(errno));
		return;
	}
	p.inner = pair[0];
	r.fd = pair[1];
	rc = pthread_create(&thread, NULL, run_thread, &r);
	if (rc) {
		log_error("websocket: cannot start a thread: %s", strerror(rc));
	} else {
		while (step(&p))
			;
		shutdown(p.inner, SHUT_RDWR); /* the client has gone: run sees its hangup */
		pthread_join(thread, NULL);
	}
	close(pair[0]);
	close(pair[1]);
	strbuf_free(&p.up);
	strbuf_free(&p.down);
}
