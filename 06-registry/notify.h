/*
 * notify.h - telling somebody else what happens here (webhooks).
 *
 * For every push, pull, mount and deletion an event is posted to one URL, in the envelope of
 * Docker's registry (application/vnd.docker.distribution.events.v1+json):
 *
 *     {"events": [{"id", "timestamp", "action", "target", "request", "actor", "source"}]}
 *
 * Nobody waits for that: events stand in a queue and a thread posts them, in order, again and
 * again until the receiver takes them (2xx). The queue is bounded; when it is full, new
 * events are lost, which is logged and counted. It lives in memory: what a crash finds there is
 * lost as well.
 */
#ifndef DOCKYARD_REG_NOTIFY_H
#define DOCKYARD_REG_NOTIFY_H

#include "03-containerd/http.h"
#include "auth.h"

struct reg_notify;
/* `auth` (borrowed) knows who acts; and whether this registry speaks TLS, and so its own
 * addresses are https. */
struct reg_notify *reg_notify_new(const char *url, struct reg_auth *auth, struct err *err);
/* A receiver that answers is still told what is in the queue, for some seconds. */
void reg_notify_free(struct reg_notify *n);

struct reg_event {
	const char *action; /* "push", "pull", "mount", "delete" */
	const char *name;   /* the repository */
	const char *tag, *digest;     /* one may be NULL */
	const char *media_type;       /* of a manifest; NULL: it is a blob */
	bool manifest;                /* what the address in the event is one of */
	uint64_t size;                /* 0: unknown */
	const char *from;             /* where it was mounted from; NULL */
};

/* Never waits. Does nothing where `n` is NULL. */
void reg_notify(struct reg_notify *n, const struct http_request *req, const struct reg_event *e);

struct reg_notify_counts {
	uint64_t pending, sent, failed, lost; /* `failed` tries; the others are events */
};
void reg_notify_count(struct reg_notify *n, struct reg_notify_counts *counts);

#endif
