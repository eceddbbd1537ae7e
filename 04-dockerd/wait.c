/*
 * wait.c - POST /containers/{id}/wait: an answer whose headers come at once and
 * whose body comes when the container has ended.
 *
 *   not-running   it does not run, be it from the start, or it has ended and is started again (--restart)
 *   next-exit     one more exit than when the request came
 *   removed       it is gone (--rm)
 *
 * `docker run` sends this before start, so the conditions are about serial
 * numbers, not about states that may come and go unseen.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"

enum condition { NOT_RUNNING, NEXT_EXIT, REMOVED };
static const char *const words[] = { "not-running", "next-exit", "removed" };

struct session {
	struct daemon *d;
	struct container *c; /* a reference */
	enum condition condition;
	unsigned long exit_serial;
	struct trace_context waiter;
	struct watcher w;
};

/* daemon.lock held. */
static bool holds(const struct session *s)
{
	const struct container *c = s->c;

	switch (s->condition) {
	case NOT_RUNNING:
		if (!c->st.running && !c->st.restarting)
			return true;
		return c->exit_serial != s->exit_serial;
	case NEXT_EXIT:
		return c->exit_serial != s->exit_serial || !c->listed;
	default:
		return !c->listed;
	}
}

static bool ready(struct session *s, int *status, char error[sizeof s->c->st.error])
{
	bool yes;

	dockerd_lock(s->d);
	yes = holds(s);
	*status = s->c->st.exit_code;
	strcpy(error, s->c->st.error);
	dockerd_unlock(s->d);
	return yes;
}

static void produce(struct http_writer *writer, void *arg)
{
	struct session *s = arg;
	struct pollfd p[3] = { { s->w.fd, POLLIN, 0 }, { http_writer_fd(writer), 0, 0 },
			       { s->d->stop_fd, POLLIN, 0 } };
	char error[sizeof s->c->st.error];
	AUTO_JSON json_t *answer = NULL;
	struct err err;
	int status;

	while (!ready(s, &status, error)) {
		if ((poll(p, 3, -1) < 0 && errno != EINTR) || p[1].revents || p[2].revents)
			return;
		dockerd_watch_clear(&s->w);
	}
	answer = json_pack("{s:i}", "StatusCode", status);
	if (*error)
		json_object_set_new(answer, "Error", json_pack("{s:s}", "Message", error));
	http_write_json(writer, answer, &err);
}

static void release(void *arg)
{
	struct session *s = arg;

	dockerd_unwatch(s->d, s->c, &s->w);
	dockerd_lock(s->d);
	dockerd_waiter_leave(s->c, s->waiter);
	dockerd_unlock(s->d);
	dockerd_container_put(s->d, s->c);
	free(s);
}

static int parse_condition(const char *text, enum condition *out, struct err *err)
{
	*out = NOT_RUNNING;
	if (!text || !*text)
		return 0;
	for (int i = 0; i < 3; i++) {
		if (!strcmp(text, words[i])) {
			*out = (enum condition)i;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "invalid condition: \"%s\"", text);
}

static int post_wait(struct http_request *req, struct http_reply *rep, void *daemon,
		     struct err *err)
{
	struct daemon *d = daemon;
	enum condition condition;
	struct container *c;
	struct session *s;

	if (parse_condition(http_query(req, "condition"), &condition, err))
		return -1;
	c = dockerd_api_container(d, req, err);
	if (!c)
		return -1;
	s = xcalloc(1, sizeof *s);
	*s = (struct session){ .d = d, .c = c, .condition = condition };
	if (dockerd_watch(d, c, &s->w, err)) {
		dockerd_container_put(d, c);
		free(s);
		return -1;
	}
	dockerd_lock(d);
	s->exit_serial = c->exit_serial;
	s->waiter = dockerd_waiter_enter(c);
	dockerd_unlock(d);
	http_reply_stream(rep, 200, "application/json", produce, s, release);
	return 0;
}

const struct http_route dockerd_wait_routes[] = {
	{ "POST", "/containers/{id}/wait", post_wait },
	{ NULL },
};
