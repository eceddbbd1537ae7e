/*
 * attach.c - a client's terminal on a container's streams.
 *
 *     client ══ hijacked HTTP connection ══ dockerd ══ attach.sock ══ shim
 *
 * The shim already speaks Docker's framing, so the bytes go through as they are.
 * `docker run` attaches to a container that does not run yet: such a client waits here
 * until there is a shim, and start.c waits until it has connected.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "events.h"
#include "logs.h"
#include "splice.h"
#include "task.h"
#include "websocket.h"

#define LOGS_PAUSE_MS 20

struct session {
	struct daemon *d;
	struct container *c; /* a reference */
	bool in, out, errs, logs, stream;
	bool text;           /* of a WebSocket: frames of text */
	bool waiting;        /* counted in c->attaching */
	unsigned long start_serial;
	struct detach keys;
};

/* The shim's socket path if there is one now; the caller frees. daemon.lock held. */
static char *path_now(const struct session *s)
{
	return xstrdup(s->c->attach_path);
}

/* Wait for the next start to offer a socket. NULL: it failed, the container or
 * the client has gone, the daemon stops. */
static char *path_at_start(struct session *s, int fd)
{
	struct watcher w;
	struct err ignored;
	struct pollfd p[3] = { { .events = POLLIN },
			       { fd, POLLRDHUP, 0 },
			       { s->d->stop_fd, POLLIN, 0 } };
	char *path = NULL;
	bool over = false;

	if (dockerd_watch(s->d, s->c, &w, &ignored))
		return NULL;
	p[0].fd = w.fd;
	while (!path && !over) {
		dockerd_lock(s->d);
		path = path_now(s);
		over = s->c->start_serial != s->start_serial || !s->c->listed;
		dockerd_unlock(s->d);
		if (path || over)
			break;
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			break;
		/* A client that only listens may close its writing half: POLLHUP is the whole. */
		if ((p[1].revents & (POLLHUP | POLLERR)) || p[2].revents)
			break;
		if (p[1].revents)
			p[1].events = 0;
		dockerd_watch_clear(&w);
	}
	dockerd_unwatch(s->d, s->c, &w);
	return path;
}

/* No longer somebody that start.c waits for. */
static void arrived(struct session *s)
{
	if (!s->waiting)
		return;
	s->waiting = false;
	dockerd_lock(s->d);
	s->c->attaching--;
	dockerd_container_changed(s->c);
	dockerd_unlock(s->d);
}

static int connect_shim(struct session *s, int fd)
{
	AUTO_FREE char *path = s->waiting ? path_at_start(s, fd) : NULL;
	struct err err;
	int shim = -1;

	if (!s->waiting) {
		dockerd_lock(s->d);
		path = path_now(s);
		dockerd_unlock(s->d);
	}
	if (path) {
		shim = ctrd_attach(path, s->in, s->out, s->errs, &err);
		if (shim < 0)
			log_warn("attach to container %.12s: %s", s->c->id, err.msg);
	}
	arrived(s);
	return shim;
}

static void run(int fd, void *arg)
{
	struct session *s = arg;
	bool tty = jsonx_bool(s->c->config, "Tty", false);
	int shim;

	if (s->logs) {
		/* What comes with the answer's headers is lost by clients that read both at once and
		 * then leave HTTP's buffer behind, as Python's library does. */
		poll(NULL, 0, LOGS_PAUSE_MS);
		dockerd_logs_replay(s->d, s->c, fd, s->out, s->errs);
	}
	if (!s->stream)
		return;
	shim = connect_shim(s, fd);
	if (shim < 0)
		return;
	if (dockerd_splice(&(struct splice){ .client = fd, .server = shim, .stop_fd = s->d->stop_fd,
					     .detach = tty && s->in ? &s->keys : NULL }))
		dockerd_container_event(s->d, s->c, "detach", NULL);
	close(shim);
}

static void release(void *arg)
{
	struct session *s = arg;

	arrived(s);
	dockerd_container_put(s->d, s->c);
	free(s);
}

/* Before the answer is out: from now on a start waits for this client. */
static int expect(struct session *s, struct err *err)
{
	int rc = 0;

	dockerd_lock(s->d);
	if (s->c->st.paused)
		rc = err_set(err, ERR_CONFLICT,
			     "container %s is paused, unpause the container before attach",
			     s->c->id);
	else if (s->c->st.restarting)
		rc = err_set(err, ERR_CONFLICT,
			     "container %s is restarting, wait until the container is running",
			     s->c->id);
	else if (s->stream && !s->c->st.running) {
		s->waiting = true;
		s->start_serial = s->c->start_serial;
		s->c->attaching++;
	}
	dockerd_unlock(s->d);
	return rc;
}

/* What both kinds of attach ask for; on -1 there is no session. */
static struct session *open_session(struct http_request *req, struct daemon *d, bool all_streams,
				    struct err *err)
{
	struct container *c = dockerd_api_container(d, req, err);
	struct session *s;

	if (!c)
		return NULL;
	s = xcalloc(1, sizeof *s);
	*s = (struct session){ .d = d,
			       .c = c,
			       .in = (all_streams || http_query_bool(req, "stdin", 0)) &&
				     jsonx_bool(c->config, "OpenStdin", false),
			       .out = all_streams || http_query_bool(req, "stdout", 0),
			       .errs = all_streams || http_query_bool(req, "stderr", 0),
			       .logs = http_query_bool(req, "logs", 0),
			       .stream = http_query_bool(req, "stream", 0) };
	if (!dockerd_detach_parse(http_query(req, "detachKeys"), &s->keys, err) && !expect(s, err)) {
		dockerd_container_event(d, c, "attach", NULL);
		return s;
	}
	release(s);
	return NULL;
}

static int post_attach(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	struct session *s = open_session(req, daemon, false, err);

	if (!s)
		return -1;
	http_reply_upgrade(rep, "tcp",
			   dockerd_stream_type(req, jsonx_bool(s->c->config, "Tty", false)), run, s,
			   release);
	return 0;
}

/* The streams come as one here, without Docker's frames: the WebSocket has its own. */
static void run_websocket(int fd, void *arg)
{
	struct session *s = arg;

	dockerd_ws_serve(&(struct ws_serve){ .client = fd,
					     .text = s->text,
					     .framed = !jsonx_bool(s->c->config, "Tty", false),
					     .run = run,
					     .arg = s });
}

static int get_websocket(struct http_request *req, struct http_reply *rep, void *daemon,
			 struct err *err)
{
	struct session *s;

	if (dockerd_ws_handshake(req, rep, err))
		return -1;
	s = open_session(req, daemon, dockerd_api_minor(req) < 42, err);
	if (!s)
		return -1;
	s->text = dockerd_api_minor(req) < 28;
	http_reply_upgrade(rep, "websocket", NULL, run_websocket, s, release);
	return 0;
}

static bool is_running(struct daemon *d, const struct container *c)
{
	bool running;

	dockerd_lock(d);
	running = c->st.running;
	dockerd_unlock(d);
	return running;
}

static int post_resize(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	struct container *c;
	long h, w;
	int rc = 0;

	if (dockerd_query_int(req, "h", 0, &h, err) || dockerd_query_int(req, "w", 0, &w, err))
		return -1;
	c = dockerd_api_container(daemon, req, err);
	if (!c)
		return -1;
	if (!is_running(daemon, c))
		rc = err_set(err, ERR_CONFLICT, "container %s is not running", c->id);
	else if (jsonx_bool(c->config, "Tty", false)) /* without one there is nothing to do */
		rc = dockerd_task_resize(daemon, c->id, NULL, h, w, err);
	dockerd_container_put(daemon, c);
	if (!rc)
		http_reply_empty(rep, 200);
	return rc;
}

const struct http_route dockerd_attach_routes[] = {
	{ "POST", "/containers/{id}/attach", post_attach },
	{ "GET", "/containers/{id}/attach/ws", get_websocket },
	{ "POST", "/containers/{id}/resize", post_resize },
	{ NULL },
};
