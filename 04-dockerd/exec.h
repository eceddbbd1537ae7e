/*
 * exec.h - further processes in a running container (docker exec).
 *
 * An exec is a request that may be started once, then a process, then an exit
 * status that is kept for a while, because the CLI asks for it afterwards. Execs are in memory
 * only: they do not outlive the daemon's knowledge of them, as Docker's do not.
 */
#ifndef DOCKYARD_DOCKERD_EXEC_H
#define DOCKYARD_DOCKERD_EXEC_H

#include "container.h"

/* The container has ended: so have its execs. */
void dockerd_exec_container_exited(struct daemon *d, struct container *c);
/* containerd saw the process end (op not held). */
void dockerd_exec_exited(struct daemon *d, const char *container_id, const char *exec_id,
			 int status);
/* containerd is back: which ended meanwhile? (exec_settle.c) */
void dockerd_execs_settle(struct daemon *d);
/* IDs of the running ones, JSON null if there are none. daemon.lock held. */
json_t *dockerd_exec_ids(struct daemon *d, const struct container *c);
void dockerd_exec_free_all(struct daemon *d);

#endif
