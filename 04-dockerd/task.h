/*
 * task.h - what dockerd asks of containerd about one container, call by call.
 *
 * containerd's container and task exist only while ours runs; in between there is
 * only the snapshot. All of these may block.
 */
#ifndef DOCKYARD_DOCKERD_TASK_H
#define DOCKYARD_DOCKERD_TASK_H

#include <jansson.h>

#include "container.h"

#define CONTAINERD_NAMESPACE "moby" /* as the real one's, if the operator names none */

/* What the first start makes: the mark of a container of Docker's, a link, and what there is to mount over. Docker has
 * it in a layer below the container's own, so that it is in no docker diff and no docker commit. */
#define DOCKERD_MADE_BY_START                                                                                          \
	"/.dockerenv,/dev/console,/dev/pts,/dev/shm,/dev/mqueue,/etc/hostname,/etc/hosts,/etc/mtab,/etc/resolv.conf,"   \
	"/proc,/sys,/sbin/docker-init"

int dockerd_snapshot_prepare(struct daemon *d, const char *key, const char *parent,
			     struct err *err);
/* Missing is no error. */
int dockerd_snapshot_remove(struct daemon *d, const char *key, struct err *err);

/* Create containerd's container and its task. *pid and *attach (the caller frees)
 * describe the task, which has not started. On failure nothing is left. */
int dockerd_task_create(struct daemon *d, const struct container *c, const json_t *spec, pid_t *pid,
			char **attach, struct err *err);
int dockerd_task_start(struct daemon *d, const struct container *c, struct err *err);
int dockerd_task_kill(struct daemon *d, const struct container *c, int sig, struct err *err);
/* "pause" or "resume". */
int dockerd_task_verb(struct daemon *d, const struct container *c, const char *verb,
		      struct err *err);
int dockerd_task_resize(struct daemon *d, const char *id, const char *exec_id, long height,
			long width, struct err *err);
/* resources: as the OCI's linux.resources. */
int dockerd_task_update(struct daemon *d, const char *id, const json_t *resources,
			struct err *err);
json_t *dockerd_task_get(struct daemon *d, const char *id, struct err *err); /* new */
json_t *dockerd_task_list(struct daemon *d, struct err *err);                /* new */
json_t *dockerd_task_query(struct daemon *d, const char *id, const char *what,
			   struct err *err); /* pids, metrics */
/* Task and container; ERR_CONFLICT if it runs or, with `unstarted`, ever has. Missing is no error. */
int dockerd_task_discard(struct daemon *d, const char *id, bool unstarted, struct err *err);
/* Task and container, which is killed if it runs; missing is no error; others are logged. */
void dockerd_task_delete(struct daemon *d, const char *id);

#endif
