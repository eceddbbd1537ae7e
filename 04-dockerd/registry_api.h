/*
 * registry_api.h - a registry that dockerd itself asks: for a login, a search, a manifest. What is
 * transferred is containerd's work.
 */
#ifndef DOCKYARD_DOCKERD_REGISTRY_API_H
#define DOCKYARD_DOCKERD_REGISTRY_API_H

#include <jansson.h>

#include "03-containerd/fetch.h"
#include "daemon.h"

/* `url`: with a scheme, or a host alone. `repository` may be NULL; `auth` as auth.h makes it. */
struct ctrd_registry *dockerd_registry(struct daemon *d, const char *url, const char *repository,
				       const json_t *auth, struct err *err);

#endif
