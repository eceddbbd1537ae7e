/*
 * events.c - see events.h; and GET /events, the stream of them.
 */
#include "events.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "filters.h"
#include "human.h"

#define QUEUE_LIMIT 4096

struct listener_queue {
	struct listener_queue *next;
	int fd;          /* eventfd */
	json_t *waiting; /* array */
	bool overflowed;
};

struct events *dockerd_events_open(void)
{
	struct events *ev = xcalloc(1, sizeof *ev);

	pthread_mutex_init(&ev->lock, NULL);
	return ev;
}

void dockerd_events_close(struct events *ev)
{
	if (!ev)
		return;
	for (size_t i = 0; i < EVENTS_KEPT; i++)
		free(ev->kept[i]);
	pthread_mutex_destroy(&ev->lock);
	free(ev);
}

unsigned dockerd_events_listeners(struct events *ev)
{
	unsigned n;

	pthread_mutex_lock(&ev->lock);
	n = ev->n_listeners;
	pthread_mutex_unlock(&ev->lock);
	return n;
}

/* --- telling --------------------------------------------------------------------------- */

static void enqueue(struct listener_queue *q, json_t *event)
{
	if (json_array_size(q->waiting) >= QUEUE_LIMIT)
		q->overflowed = true;
	else
		json_array_append_new(q->waiting, json_deep_copy(event)); /* container.h says why */
	(void)!eventfd_write(q->fd, 1);
}

void dockerd_event(struct daemon *d, const char *type, const char *action, const char *id,
		   json_t *attributes)
{
	struct events *ev = d->events;
	struct timespec now;
	json_t *e;
	char *text;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!attributes)
		attributes = json_object();
	e = json_pack("{s:s, s:s, s:{s:s, s:o}, s:s, s:I, s:I}", "Type", type, "Action", action,
		      "Actor", "ID", id, "Attributes", attributes, "scope", "local", "time",
		      (json_int_t)now.tv_sec, "timeNano",
		      (json_int_t)now.tv_sec * 1000000000 + now.tv_nsec);
	if (!strcmp(type, "container") ||
	    !strcmp(type, "image")) { /* the older spelling, still read */
		json_object_set_new(e, "status", json_string(action));
		json_object_set_new(e, "id", json_string(id));
		if (json_object_get(attributes, "image"))
			json_object_set(e, "from", json_object_get(attributes, "image"));
	}
	text = jsonx_text(e);
	pthread_mutex_lock(&ev->lock);
	free(ev->kept[ev->next % EVENTS_KEPT]);
	ev->kept[ev->next++ % EVENTS_KEPT] = text;
	for (struct listener_queue *q = ev->listeners; q; q = q->next)
		enqueue(q, e);
	pthread_mutex_unlock(&ev->lock);
	json_decref(e);
}

void dockerd_container_event(struct daemon *d, struct container *c, const char *action,
			     json_t *extra)
{
	json_t *labels = json_object_get(c->config, "Labels");
	json_t *attributes = json_is_object(labels) ? json_deep_copy(labels) : json_object();

	json_object_set_new(attributes, "image", json_string(jsonx_str(c->config, "Image", "")));
	dockerd_lock(d);
	json_object_set_new(attributes, "name", json_string(c->name));
	dockerd_unlock(d);
	if (extra)
		json_object_update(attributes, extra);
	json_decref(extra);
	dockerd_event(d, "container", action, c->id, attributes);
}

/* --- filters --------------------------------------------------------------------------- */

static const char *const known_filters[] = { "type",	"event",  "container", "image", "label",
					     "network", "volume", "daemon",    "scope", NULL };

struct subject {
	const char *id, *name;
};

static bool names_subject(const char *value, const void *arg)
{
	const struct subject *s = arg;

	return str_starts(s->id, value) || !strcmp(value, s->name);
}

/* An action may carry its command: "exec_start: ls" matches "exec_start". */
static bool is_action(const char *value, const void *arg)
{
	const char *action = arg;
	size_t n = strcspn(action, ":");

	return !strcmp(value, action) || (strlen(value) == n && !strncmp(value, action, n));
}

static bool of_type(const json_t *event, const json_t *filters, const char *type,
		    const char *attribute)
{
	const char *have = jsonx_str(event, "Type", "");
	const json_t *attributes = jsonx_at(event, "Actor.Attributes");
	bool same = !strcmp(have, type);
	struct subject s = { same ? json_string_value(jsonx_at(event, "Actor.ID"))
				  : jsonx_str(attributes, attribute, ""),
			     same ? jsonx_str(attributes, "name", "")
				  : jsonx_str(attributes, attribute, "") };

	if (!json_object_get(filters, type))
		return true;
	return *s.id && dockerd_filter_any(filters, type, names_subject, &s);
}

bool dockerd_event_matches(const json_t *event, const json_t *filters)
{
	return dockerd_filter_equal(filters, "type", jsonx_str(event, "Type", "")) &&
	       dockerd_filter_equal(filters, "scope", "local") &&
	       dockerd_filter_any(filters, "event", is_action, jsonx_str(event, "Action", "")) &&
	       of_type(event, filters, "container", "container") &&
	       of_type(event, filters, "image", "image") &&
	       of_type(event, filters, "network", "network") &&
	       of_type(event, filters, "volume", "volume") &&
	       of_type(event, filters, "daemon", "daemon") &&
	       dockerd_filter_labels(filters, jsonx_at(event, "Actor.Attributes"));
}

/* --- GET /events ------------------------------------------------------------------------- */

struct stream {
	struct daemon *d;
	struct listener_queue queue;
	json_t *filters;
	struct timespec since, until; /* tv_sec 0: not given */
	bool past; /* "since" was given, and may be 0: all that is kept */
};

static int64_t nanoseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* Milliseconds until `until`; -1 for ever. */
static int time_left(const struct timespec *until)
{
	struct timespec now;
	int64_t ns;

	if (!until->tv_sec)
		return -1;
	clock_gettime(CLOCK_REALTIME, &now);
	ns = nanoseconds(until) - nanoseconds(&now);
	return ns <= 0 ? 0 : ns > 60000000000 ? 60000 : (int)(ns / 1000000) + 1;
}

static void subscribe(struct stream *s)
{
	struct events *ev = s->d->events;

	pthread_mutex_lock(&ev->lock);
	s->queue.next = ev->listeners;
	ev->listeners = &s->queue;
	ev->n_listeners++;
	for (size_t i = ev->next > EVENTS_KEPT ? ev->next - EVENTS_KEPT : 0;
	     s->past && i < ev->next; i++) {
		AUTO_JSON json_t *e = json_loads(ev->kept[i % EVENTS_KEPT], 0, NULL);

		if (jsonx_int(e, "timeNano", 0) >= nanoseconds(&s->since))
			enqueue(&s->queue, e);
	}
	pthread_mutex_unlock(&ev->lock);
}

static void unsubscribe(struct stream *s)
{
	struct events *ev = s->d->events;

	pthread_mutex_lock(&ev->lock);
	for (struct listener_queue **q = &ev->listeners; *q; q = &(*q)->next) {
		if (*q == &s->queue) {
			*q = s->queue.next;
			ev->n_listeners--;
			break;
		}
	}
	pthread_mutex_unlock(&ev->lock);
}

/* Send what waits; false when it is time to end. */
static bool flush(struct stream *s, struct http_writer *w)
{
	AUTO_JSON json_t *batch = NULL;
	eventfd_t ignored;
	struct err err;
	json_t *e;
	size_t i;

	(void)!eventfd_read(s->queue.fd, &ignored);
	pthread_mutex_lock(&s->d->events->lock);
	batch = s->queue.waiting;
	s->queue.waiting = json_array();
	pthread_mutex_unlock(&s->d->events->lock);
	json_array_foreach(batch, i, e) {
		if (s->until.tv_sec && jsonx_int(e, "timeNano", 0) > nanoseconds(&s->until))
			return false;
		if (dockerd_event_matches(e, s->filters) && http_write_json(w, e, &err))
			return false;
	}
	return !s->queue.overflowed;
}

static void produce(struct http_writer *w, void *arg)
{
	struct stream *s = arg;
	struct pollfd p[3] = { { s->queue.fd, POLLIN, 0 }, { http_writer_fd(w), 0, 0 },
			       { s->d->stop_fd, POLLIN, 0 } };

	subscribe(s);
	while (flush(s, w)) {
		int left = time_left(&s->until);

		if (left == 0)
			break;
		if ((poll(p, 3, left) < 0 && errno != EINTR) || p[1].revents || p[2].revents)
			break;
	}
	unsubscribe(s);
}

static void release(void *arg)
{
	struct stream *s = arg;

	close(s->queue.fd);
	json_decref(s->queue.waiting);
	json_decref(s->filters);
	free(s);
}

static int get_events(struct http_request *req, struct http_reply *rep, void *daemon,
		      struct err *err)
{
	const char *since = http_query(req, "since");
	struct stream *s = xcalloc(1, sizeof *s);

	s->d = daemon;
	s->past = since && *since;
	s->queue.waiting = json_array();
	s->queue.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->filters = dockerd_filters_parse(http_query(req, "filters"), known_filters, err);
	if (!s->filters || dockerd_parse_when(since, &s->since, err) ||
	    dockerd_parse_when(http_query(req, "until"), &s->until, err)) {
		release(s);
		return -1;
	}
	http_reply_stream(rep, 200, "application/json", produce, s, release);
	return 0;
}

const struct http_route dockerd_event_routes[] = {
	{ "GET", "/events", get_events },
	{ NULL },
};
