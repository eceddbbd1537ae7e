/*
 * shm.h - the /dev/shm that containers share (IpcMode "shareable" and "container:").
 *
 * A namespace of System V's objects can be joined; POSIX's shared memory is files on a tmpfs, and
 * a mount inside a container cannot be bound into another. So that of a shareable container is
 * mounted here first, <exec-root>/shm/<id>, while it runs, and bound into it and who joins it.
 */
#ifndef DOCKYARD_DOCKERD_SHM_H
#define DOCKYARD_DOCKERD_SHM_H

#include "container.h"

/* Where a shareable container has it, or would. The caller frees. */
char *dockerd_shm_path(const struct daemon *d, const char *id);
/* Mount it where the container is shareable; what an earlier run left is gone. op held. */
int dockerd_shm_mount(const struct daemon *d, const struct container *c, struct err *err);
void dockerd_shm_unmount(const struct daemon *d, const char *id); /* missing is no error */
/* At start, before anything can run: those of containers that do not. */
void dockerd_shm_sweep(struct daemon *d);

#endif
