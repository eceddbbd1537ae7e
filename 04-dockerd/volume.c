/*
 * volume.c - see volume.h.
 */
#include "volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "container.h"
#include "names.h"
#include "volume_mount.h"

/* A directory without a document: its creation or its removal was cut short. */
static void sweep(const struct volumes *v)
{
	AUTO_CLOSEDIR DIR *dir = opendir(v->root);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		AUTO_FREE char *document = xasprintf("%s/%s/volume.json", v->root, e->d_name);
		AUTO_FREE char *path = xasprintf("%s/%s", v->root, e->d_name);
		struct err err;

		if (!dockerd_name_valid(e->d_name) || !access(document, F_OK) || errno != ENOENT)
			continue;
		log_info("volume %s was never finished, or half removed: removing the rest",
			 e->d_name);
		if (file_remove_tree(AT_FDCWD, path, &err))
			log_warn("volume %s: %s", e->d_name, err.msg);
	}
}

struct volumes *dockerd_volumes_open(const struct config *cfg, struct err *err)
{
	struct volumes *v = xcalloc(1, sizeof *v);

	v->root = xasprintf("%s/volumes", cfg->data_root);
	v->holds = json_object();
	v->busy = json_object();
	v->wanted = json_object();
	pthread_mutex_init(&v->lock, NULL);
	pthread_cond_init(&v->idle, NULL);
	if (!file_mkdir_p(v->root, 0701, err)) {
		sweep(v);
		return v;
	}
	dockerd_volumes_close(v);
	return NULL;
}

void dockerd_volumes_close(struct volumes *v)
{
	if (!v)
		return;
	pthread_mutex_destroy(&v->lock);
	pthread_cond_destroy(&v->idle);
	json_decref(v->holds);
	json_decref(v->busy);
	json_decref(v->wanted);
	free(v->root);
	free(v);
}

static json_t *read_volume(const struct volumes *v, const char *name, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s/volume.json", v->root, name);

	return jsonx_read(AT_FDCWD, path, 1 << 20, err);
}

json_t *dockerd_volume_get(struct daemon *d, const char *name, struct err *err)
{
	json_t *doc = dockerd_name_valid(name) ? read_volume(d->volumes, name, err) : NULL;

	if (!doc && (!dockerd_name_valid(name) || err->kind == ERR_NOT_FOUND))
		err_set(err, ERR_NOT_FOUND, "get %s: no such volume", name);
	return doc;
}

static json_t *copy_or_null(const json_t *object)
{
	return json_object_size(object) ? json_deep_copy(object) : json_null();
}

/* The document is written last: a directory without one is no volume. */
static json_t *make(const struct volumes *v, const char *name, const json_t *labels,
		    const json_t *options, struct err *err)
{
	AUTO_FREE char *data = xasprintf("%s/%s/_data", v->root, name);
	AUTO_FREE char *path = xasprintf("%s/%s/volume.json", v->root, name);
	AUTO_JSON json_t *doc = NULL;
	char now[TIME_TEXT_SIZE];

	if (file_mkdir_p(data, 0755, err))
		return NULL;
	strcpy(time_now_text(now) ? strchr(now, '.') : now, "Z");
	doc = json_pack("{s:s, s:s, s:o, s:s, s:s, s:o, s:s}", "CreatedAt", now, "Driver", "local",
			"Labels", copy_or_null(labels), "Mountpoint", data, "Name", name,
			"Options", copy_or_null(options), "Scope", "local");
	return jsonx_write(AT_FDCWD, path, doc, 0600, err) ? NULL : steal_ptr(&doc);
}

json_t *dockerd_volume_create(struct daemon *d, const char *name, const json_t *labels,
			      const json_t *options, bool *created, struct err *err)
{
	struct volumes *v = d->volumes;
	AUTO_JSON json_t *all_labels = json_is_object(labels) ? json_copy((json_t *)labels)
							      : json_object();
	char random[ID_SIZE];
	json_t *doc;

	if (!name || !*name) {
		dockerd_random_id(random);
		name = random;
		json_object_set_new(all_labels, VOLUME_ANONYMOUS, json_string(""));
	}
	if (strlen(name) < 2) {
		err_set(err, ERR_INVALID, "create %s: volume name is too short, names should be at "
			"least two alphanumeric characters", name);
		return NULL;
	}
	if (!dockerd_name_valid(name)) {
		err_set(err, ERR_INVALID,
			"create %s: \"%s\" includes invalid characters for a local volume "
			"name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to "
			"pass a host "
			"directory, use absolute path",
			name, name);
		return NULL;
	}
	*created = false;
	pthread_mutex_lock(&v->lock);
	doc = read_volume(v, name, err);
	if (!doc && err->kind == ERR_NOT_FOUND && !dockerd_volume_options_check(options, err)) {
		doc = make(v, name, all_labels, options, err);
		*created = doc != NULL;
	}
	pthread_mutex_unlock(&v->lock);
	if (!doc && err->kind == ERR_INVALID)
		err_wrap(err, "create %s", name);
	return doc;
}

json_t *dockerd_volume_list(struct daemon *d, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = opendir(d->volumes->root);
	json_t *list = json_array();
	struct dirent *e;

	if (!dir) {
		err_sys(err, "open %s", d->volumes->root);
		json_decref(list);
		return NULL;
	}
	while ((e = readdir(dir))) {
		struct err ignored;
		json_t *doc = dockerd_name_valid(e->d_name)
				      ? read_volume(d->volumes, e->d_name, &ignored)
				      : NULL;

		if (doc)
			json_array_append_new(list, doc);
	}
	return list;
}

static bool mounts_volume(const struct container *c, const char *name)
{
	json_t *m;
	size_t i;

	json_array_foreach(c->mounts, i, m)
		if (!strcmp(jsonx_str(m, "Type", ""), "volume") &&
		    !strcmp(jsonx_str(m, "Name", ""), name))
			return true;
	return false;
}

json_t *dockerd_volume_users(struct daemon *d, const char *name)
{
	json_t *users = json_array();

	dockerd_lock(d);
	for (struct container *c = d->containers; c; c = c->next)
		if (mounts_volume(c, name))
			json_array_append_new(users, json_string(c->id));
	dockerd_unlock(d);
	return users;
}

/* "remove x: volume is in use - [id, id]" */
static int in_use(const char *name, const json_t *users, struct err *err)
{
	AUTO_STRBUF struct strbuf ids = STRBUF_INIT;
	json_t *id;
	size_t i;

	json_array_foreach((json_t *)users, i, id)
		strbuf_addf(&ids, "%s%s", i ? ", " : "", json_string_value(id));
	return err_set(err, ERR_CONFLICT, "remove %s: volume is in use - [%s]", name, ids.data);
}

int dockerd_volume_remove(struct daemon *d, const char *name, struct err *err)
{
	AUTO_JSON json_t *doc = dockerd_volume_get(d, name, err), *users = NULL;
	AUTO_FREE char *dir = xasprintf("%s/%s", d->volumes->root, name);
	AUTO_FREE char *file = xasprintf("%s/volume.json", dir);
	int rc;

	if (!doc)
		return -1;
	pthread_mutex_lock(&d->volumes->lock);
	users = dockerd_volume_users(d, name);
	dockerd_volume_add_wanting(d->volumes, name, users);
	if (json_array_size(users))
		rc = in_use(name, users, err);
	else
		rc = dockerd_volume_unmount(d, name, err) ||
		     file_remove_tree(AT_FDCWD, file, err) ||
		     file_remove_tree(AT_FDCWD, dir, err) ? -1 : 0;
	pthread_mutex_unlock(&d->volumes->lock);
	return rc;
}
