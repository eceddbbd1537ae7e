/*
 * volume.h - named directories that outlive containers.
 *
 *   <data-root>/volumes/<name>/volume.json   name, labels, creation time
 *   <data-root>/volumes/<name>/_data         what is mounted
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
	pthread_mutex_t lock; /* creating and removing */
};

struct volumes *dockerd_volumes_open(const struct config *cfg, struct err *err);
void dockerd_volumes_close(struct volumes *v);

/* The API's Volume object, made if it is not there (`labels` may be NULL). New. */
json_t *dockerd_volume_create(struct daemon *d, const char *name, const json_t *labels,
			      bool *created, struct err *err);
json_t *dockerd_volume_get(struct daemon *d, const char *name, struct err *err);
json_t *dockerd_volume_list(struct daemon *d, struct err *err); /* array, new */
json_int_t dockerd_tree_size(const char *path); /* of its files, in bytes (df.c) */
/* ERR_CONFLICT while a container uses it. */
int dockerd_volume_remove(struct daemon *d, const char *name, struct err *err);
/* IDs of the containers that mount it (an array, new). */
json_t *dockerd_volume_users(struct daemon *d, const char *name);

/* Copy what the image has at the destination of each fresh, empty volume into it
 * (copyup.c). The container's snapshot must exist. */
int dockerd_copy_up(struct daemon *d, const char *snapshot, const json_t *mounts,
		    struct err *err);

#endif
