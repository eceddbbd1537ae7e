/*
 * events.h - what happens, told to whoever listens (docker events).
 *
 * The last EVENTS_KEPT are remembered for `since`. A listener has a queue of its own; one
 * that does not read is cut off when the queue is full, so it holds nobody up.
 */
#ifndef DOCKYARD_DOCKERD_EVENTS_H
#define DOCKYARD_DOCKERD_EVENTS_H

#include <jansson.h>
#include <pthread.h>
#include <time.h>

#include "container.h"

#define EVENTS_KEPT 256

struct listener_queue;

struct events {
	pthread_mutex_t lock; /* daemon.h: the last of the order */
	char *kept[EVENTS_KEPT]; /* texts: a document's many small pieces would hold a page each */
	size_t next;          /* where the next one goes; kept is a ring */
	struct listener_queue *listeners;
	unsigned n_listeners;
};

struct events *dockerd_events_open(void);
void dockerd_events_close(struct events *ev);
unsigned dockerd_events_listeners(struct events *ev);

/* Takes `attributes` (may be NULL). */
void dockerd_event(struct daemon *d, const char *type, const char *action, const char *id,
		   json_t *attributes);
/* With the container's labels, image and name. `extra` is taken, may be NULL. Not with daemon.lock
 * held. */
void dockerd_container_event(struct daemon *d, struct container *c, const char *action,
			     json_t *extra);

/* Does the event pass the filters of GET /events? */
bool dockerd_event_matches(const json_t *event, const json_t *filters);

#endif
