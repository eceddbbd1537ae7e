/*
 * pull.h - an image from its registry, within another piece of work that is being told of (build).
 */
#ifndef DOCKYARD_DOCKERD_PULL_H
#define DOCKYARD_DOCKERD_PULL_H

#include <jansson.h>

#include "progress.h"

/* `auth` as the client keeps it for a registry, or NULL. */
int dockerd_pull(struct daemon *d, struct progress *p, const char *ref, const char *platform,
		 const json_t *auth, struct err *err);

#endif
