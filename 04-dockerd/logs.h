/*
 * logs.h - a container's output again, for `docker logs` and `docker attach --logs`.
 */
#ifndef DOCKYARD_DOCKERD_LOGS_H
#define DOCKYARD_DOCKERD_LOGS_H

#include "container.h"

/* Write what was logged so far to fd, framed unless the container has a terminal. */
void dockerd_logs_replay(struct daemon *d, struct container *c, int fd, bool out, bool errs);

#endif
