/*
 * relay.c - see relay.h.
 *
 *     containerd ──worker──▶ pipe ──the reply's thread──▶ client
 *
 * A pipe, since it is bounded and both ends of it notice when the other has gone.
 */
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"

#define PIECE 65536

struct relay {
	char *method, *path;
	json_t *body;
	int out; /* the reply's end */

	pthread_mutex_t lock; /* guards what follows */
	unsigned refs;
	int in;               /* the worker's end; closed after failed and err are settled */
	bool failed;
	struct err err;
};

static void unref(void *arg)
{
	struct relay *r = arg;
	bool last;

	pthread_mutex_lock(&r->lock);
	last = --r->refs == 0;
	pthread_mutex_unlock(&r->lock);
	if (!last)
		return;
	if (r->in >= 0)
		close(r->in);
	json_decref(r->body);
	pthread_mutex_destroy(&r->lock);
	free(r->method);
	free(r->path);
	free(r);
}

static void worker(struct daemon *d, void *arg)
{
	struct relay *r = arg;
	struct err err;
	int rc = ctrd_download(d->waits, r->method, r->path, r->body, r->in, &err);

	pthread_mutex_lock(&r->lock);
	if (rc) {
		r->failed = true;
		r->err = err;
	}
	close(r->in);
	r->in = -1;
	pthread_mutex_unlock(&r->lock);
	unref(r);
}

static bool has_failed(struct relay *r, struct err *err)
{
	bool failed;

	pthread_mutex_lock(&r->lock);
	failed = r->failed;
	if (failed)
		*err = r->err;
	pthread_mutex_unlock(&r->lock);
	return failed;
}

static void produce(struct http_writer *w, void *arg)
{
	AUTO_FREE char *buf = xmalloc(PIECE);
	struct relay *r = arg;
	struct err err;

	for (;;) {
		ssize_t n = io_read(r->out, buf, PIECE);

		if (n <= 0)
			break;
		if (http_write(w, buf, (size_t)n, &err))
			return;
	}
	if (has_failed(r, &err))
		http_writer_fail(w);
}

/* The client has it all or has gone: a worker that still writes must learn of it. */
static void release(void *arg)
{
	struct relay *r = arg;

	close(r->out);
	r->out = -1;
	unref(r);
}

/* Until there is a first byte, or none will come. */
static int wait_first(struct relay *r, struct err *err)
{
	struct pollfd pfd = { r->out, POLLIN, 0 };

	while (poll(&pfd, 1, -1) < 0 && errno == EINTR)
		;
	return !(pfd.revents & POLLIN) && has_failed(r, err) ? -1 : 0;
}

int dockerd_relay(struct daemon *d, struct http_reply *rep, const char *type, const char *method,
		  const char *path, json_t *body, struct err *err)
{
	struct relay *r = xcalloc(1, sizeof *r);
	int ends[2] = { -1, -1 };

	*r = (struct relay){ .method = xstrdup(method), .path = xstrdup(path), .body = body,
			     .refs = 2 };
	pthread_mutex_init(&r->lock, NULL);
	if (pipe2(ends, O_CLOEXEC))
		r->failed = true, err_sys(&r->err, "make a pipe");
	r->out = ends[0];
	r->in = ends[1];
	if (r->failed || dockerd_spawn(d, worker, r)) {
		if (!r->failed)
			err_set(&r->err, ERR_UNAVAILABLE, "the daemon is stopping");
		*err = r->err;
		r->refs = 1;
		release(r);
		return -1;
	}
	if (wait_first(r, err)) {
		release(r);
		return -1;
	}
	http_reply_stream(rep, 200, type, produce, r, release);
	return 0;
}
