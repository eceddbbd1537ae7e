/*
 * relay.h - an answer of containerd's as our own: its bytes are handed on as they come.
 */
#ifndef DOCKYARD_DOCKERD_RELAY_H
#define DOCKYARD_DOCKERD_RELAY_H

#include <jansson.h>

#include "03-containerd/http.h"
#include "daemon.h"

/* -1 where containerd refuses, before anything was sent. `body` may be NULL, and is taken. */
int dockerd_relay(struct daemon *d, struct http_reply *rep, const char *type, const char *method,
		  const char *path, json_t *body, struct err *err);

#endif
