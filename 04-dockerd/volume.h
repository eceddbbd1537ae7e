/*
 * volume.h - named directories that outlive containers.
 *
 *   <data-root>/volumes/<name>/volume.json   name, labels, driver options, creation time
 *   <data-root>/volumes/<name>/_data         what is mounted into containers; with driver
 *                                            options, where it is mounted first (volume_mount.h)
 *
 * A volume without a name has a random ID for one. Which containers use a volume
 * is not recorded: their documents say so.
 */
#ifndef DOCKYARD_DOCKERD_VOLUME_H
#define DOCKYARD_DOCKERD_VOLUME_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>

#include "daemon.h"

#define VOLUME_ANONYMOUS "com.docker.volume.anonymous" /* the label of those that nobody named */

struct volumes {
	char *root;
	pthread_mutex_t lock; /* creating and removing; and of what follows: volume_mount.c */
	json_t *holds;        /* {volume: {user: true}} of those that are to be mounted */
	json_t *busy;         /* {volume: true} while somebody mounts or unmounts it */
	pthread_cond_t idle;  /* one is busy no more */
	json_t *wanted;       /* {volume: {container: true}} of containers that are being made */
};

struct volumes *dockerd_volumes_open(const struct config *cfg, struct err *err);
void dockerd_volumes_close(struct volumes *v);

/* The API's Volume object, made if it is not there; `labels` and the driver's `options` may be
 * NULL, and mean nothing to one that is there. New. */
json_t *dockerd_volume_create(struct daemon *d, const char *name, const json_t *labels,
			      const json_t *options, bool *created, struct err *err);
json_t *dockerd_volume_get(struct daemon *d, const char *name, struct err *err);
json_t *dockerd_volume_list(struct daemon *d, struct err *err); /* array, new */
json_int_t dockerd_tree_size(const char *path); /* of its files, in bytes (df.c) */
/* ERR_CONFLICT while a container uses it. */
int dockerd_volume_remove(struct daemon *d, const char *name, struct err *err);
/* A container that is being made is not listed yet, but its volumes must stay: it wants them, until
 * it is listed or will never be (volume_want.c). False: that volume was just removed. */
bool dockerd_volume_want(struct volumes *v, const char *name, const char *container);
void dockerd_volumes_unwant(struct volumes *v, const char *container);
/* Their IDs are added to `users`. volumes.lock is held. */
void dockerd_volume_add_wanting(struct volumes *v, const char *name, json_t *users);
/* IDs of the containers that mount it (an array, new). */
json_t *dockerd_volume_users(struct daemon *d, const char *name);

/* Copy what the image has at the destination of each fresh, empty volume into it
 * (copyup.c). The container's snapshot must exist. */
int dockerd_copy_up(struct daemon *d, const char *snapshot, const json_t *mounts,
		    struct err *err);

#endif
