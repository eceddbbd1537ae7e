/*
 * notify_private.h - what event.c and notify.c share.
 */
#ifndef DOCKYARD_REG_NOTIFY_PRIVATE_H
#define DOCKYARD_REG_NOTIFY_PRIVATE_H

#include "names.h"
#include "notify.h"

struct event_source {
	char instance[REG_UUID_SIZE]; /* of this run */
	char *addr;                   /* this machine's name */
	struct reg_auth *auth;
};

/* The event as JSON; the caller frees. */
char *event_text(const struct event_source *source, const struct http_request *req,
		 const struct reg_event *e);

#endif
