/*
 * volume_want.c - the volumes of containers that are being made.
 *
 * Making a container takes a while: its volumes exist before its document does, which says who
 * uses them. In between, `docker volume prune` of another client would find them unused.
 *
 *     wanted {"data": {"<container>": true}}     volumes.lock
 */
#include <unistd.h>

#include "01-kernel/base/strbuf.h"
#include "volume.h"

bool dockerd_volume_want(struct volumes *v, const char *name, const char *container)
{
	AUTO_FREE char *document = xasprintf("%s/%s/volume.json", v->root, name);
	bool exists;

	pthread_mutex_lock(&v->lock);
	exists = !access(document, F_OK);
	if (exists && !json_object_get(v->wanted, name))
		json_object_set_new(v->wanted, name, json_object());
	if (exists)
		json_object_set_new(json_object_get(v->wanted, name), container, json_true());
	pthread_mutex_unlock(&v->lock);
	return exists;
}

void dockerd_volumes_unwant(struct volumes *v, const char *container)
{
	const char *name;
	json_t *users;
	void *next;

	pthread_mutex_lock(&v->lock);
	json_object_foreach_safe(v->wanted, next, name, users) {
		json_object_del(users, container);
		if (!json_object_size(users))
			json_object_del(v->wanted, name);
	}
	pthread_mutex_unlock(&v->lock);
}

void dockerd_volume_add_wanting(struct volumes *v, const char *name, json_t *users)
{
	const char *container;
	json_t *yes;

	json_object_foreach(json_object_get(v->wanted, name), container, yes)
		json_array_append_new(users, json_string(container));
}
