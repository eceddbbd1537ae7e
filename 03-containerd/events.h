/*
 * events.h - what happened, for whoever wants to know.
 *
 * The last EVENTS_KEPT events stand in a ring in memory, each as the line of JSON
 * that the API sends. A subscriber reads from where it subscribed, at its own pace;
 * one that falls behind by the whole ring is told that it missed some. Nobody who
 * publishes ever waits. Events are news: the state itself is asked for, not
 * reconstructed, so nothing is kept across a restart.
 */
#ifndef DOCKYARD_CTRD_EVENTS_H
#define DOCKYARD_CTRD_EVENTS_H

#include <jansson.h>

#include "01-kernel/base/err.h"

#define EVENTS_KEPT 1024

struct ctrd_events;
struct ctrd_events *ctrd_events_new(void);
void ctrd_events_free(struct ctrd_events *e); /* no subscriber is left */

/* {"timestamp","namespace","topic","event"}; takes the event. `e` NULL: nobody listens. */
void ctrd_events_publish(struct ctrd_events *e, const char *ns, const char *topic, json_t *event);

struct ctrd_subscriber;
struct ctrd_subscriber *ctrd_events_subscribe(struct ctrd_events *e, struct err *err);
void ctrd_events_unsubscribe(struct ctrd_subscriber *s);

/* Readable (eventfd(2)) when ctrd_events_next has something. */
int ctrd_subscriber_fd(const struct ctrd_subscriber *s);

/* The next event's text, the caller's to free; NULL when there is none yet (err->kind is
 * ERR_NONE) or when some were missed (ERR_UNAVAILABLE, once; it goes on with the oldest). */
char *ctrd_events_next(struct ctrd_subscriber *s, struct err *err);

#endif
