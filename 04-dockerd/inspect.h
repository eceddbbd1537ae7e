/*
 * inspect.h - containers as the API shows them.
 */
#ifndef DOCKYARD_DOCKERD_INSPECT_H
#define DOCKYARD_DOCKERD_INSPECT_H

#include "container.h"
#include "network.h"

/* NetworkSettings.Networks: one entry, of the network that NetworkMode names, as API
 * 1.<minor> has it. daemon.lock held. New. */
json_t *dockerd_inspect_networks(const struct daemon *d, const struct container *c, int minor);

/* GET /containers/{id}/json. New. */
json_t *dockerd_inspect(struct daemon *d, struct container *c, int minor);

#endif
