/*
 * events.c - see events.h.
 *
 * Events are numbered; number n stands in slot n % EVENTS_KEPT until it is
 * overwritten. A subscriber is a number, the next one that it wants.
 */
#include "events.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"

struct ctrd_subscriber {
	struct ctrd_subscriber *next; /* events->lock */
	struct ctrd_events *events;
	uint64_t want;                /* events->lock */
	int fd;
};

struct ctrd_events {
	pthread_mutex_t lock;
	char *ring[EVENTS_KEPT];
	uint64_t count; /* how many there ever were: the next one's number */
	struct ctrd_subscriber *subscribers;
};

struct ctrd_events *ctrd_events_new(void)
{
	struct ctrd_events *e = xcalloc(1, sizeof *e);

	pthread_mutex_init(&e->lock, NULL);
	return e;
}

void ctrd_events_free(struct ctrd_events *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < EVENTS_KEPT; i++)
		free(e->ring[i]);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

void ctrd_events_publish(struct ctrd_events *e, const char *ns, const char *topic, json_t *event)
{
	AUTO_JSON json_t *doc = NULL;
	char now[TIME_TEXT_SIZE];
	uint64_t one = 1;
	char **slot;

	if (!e) {
		json_decref(event);
		return;
	}
	doc = json_pack("{s:s, s:s, s:s, s:o}", "timestamp", time_now_text(now), "namespace", ns,
			"topic", topic, "event", event);
	pthread_mutex_lock(&e->lock);
	slot = &e->ring[e->count++ % EVENTS_KEPT];
	free(*slot);
	*slot = jsonx_text(doc);
	for (struct ctrd_subscriber *s = e->subscribers; s; s = s->next)
		(void)!write(s->fd, &one, sizeof one);
	pthread_mutex_unlock(&e->lock);
}

struct ctrd_subscriber *ctrd_events_subscribe(struct ctrd_events *e, struct err *err)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct ctrd_subscriber *s;

	if (fd < 0) {
		err_sys(err, "eventfd");
		return NULL;
	}
	s = xcalloc(1, sizeof *s);
	pthread_mutex_lock(&e->lock);
	*s = (struct ctrd_subscriber){ e->subscribers, e, e->count, fd };
	e->subscribers = s;
	pthread_mutex_unlock(&e->lock);
	return s;
}

void ctrd_events_unsubscribe(struct ctrd_subscriber *s)
{
	struct ctrd_subscriber **p;

	if (!s)
		return;
	pthread_mutex_lock(&s->events->lock);
	for (p = &s->events->subscribers; *p != s;)
		p = &(*p)->next;
	*p = s->next;
	pthread_mutex_unlock(&s->events->lock);
	close(s->fd);
	free(s);
}

int ctrd_subscriber_fd(const struct ctrd_subscriber *s)
{
	return s->fd;
}

char *ctrd_events_next(struct ctrd_subscriber *s, struct err *err)
{
	struct ctrd_events *e = s->events;
	uint64_t oldest, seen;
	char *text = NULL;

	err->kind = ERR_NONE;
	pthread_mutex_lock(&e->lock);
	oldest = e->count > EVENTS_KEPT ? e->count - EVENTS_KEPT : 0;
	if (s->want < oldest) {
		err_set(err, ERR_UNAVAILABLE, "%llu events were missed: ask for the state again",
			(unsigned long long)(oldest - s->want));
		s->want = oldest;
	} else if (s->want < e->count) {
		text = xstrdup(e->ring[s->want++ % EVENTS_KEPT]);
	} else {
		(void)!read(s->fd, &seen, sizeof seen); /* under the lock: nothing is slept through */
	}
	pthread_mutex_unlock(&e->lock);
	return text;
}
