/*
 * mounts.c - the list of a container's mounts: collected, made real, written
 * down for the runtime (mounts.h).
 */
#include "mounts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "container.h"
#include "create.h"
#include "events.h"
#include "volume.h"
#include "volume_mount.h"

/* --- planning ------------------------------------------------------------------------ */

const json_t *dockerd_mounts_at(const json_t *mounts, const char *destination)
{
	json_t *m;
	size_t i;

	json_array_foreach((json_t *)mounts, i, m)
		if (!strcmp(jsonx_str(m, "Destination", ""), destination))
			return m;
	return NULL;
}

/* Takes m, which may be NULL (err is filled then). */
static int add(json_t *mounts, json_t *m, struct err *err)
{
	const char *dst = jsonx_str(m, "Destination", "");

	if (!m)
		return -1;
	if (dockerd_mounts_at(mounts, dst)) {
		err_set(err, ERR_INVALID, "Duplicate mount point: %s", dst);
		json_decref(m);
		return -1;
	}
	json_array_append_new(mounts, m);
	return 0;
}

static int plan_given(json_t *mounts, const json_t *host, struct err *err)
{
	json_t *binds = json_object_get(host, "Binds"), *objects = json_object_get(host, "Mounts"),
	       *v;
	json_t *tmpfs = json_object_get(host, "Tmpfs");
	const char *key;
	size_t i;

	json_array_foreach(binds, i, v)
		if (add(mounts, dockerd_mount_parse_bind(json_string_value(v), err), err))
			return -1;
	json_array_foreach(objects, i, v)
		if (add(mounts, dockerd_mount_parse(v, err), err))
			return -1;
	json_object_foreach(tmpfs, key, v) {
		AUTO_JSON json_t *as_mount =
			json_pack("{s:s, s:s}", "Type", "tmpfs", "Target", key);
		json_t *m = dockerd_mount_parse(as_mount, err);

		if (m) {
			json_object_set(m, "_data", v);
			json_object_set_new(m, "_unlisted", json_true());
		}
		if (add(mounts, m, err))
			return -1;
	}
	return 0;
}

/* "container[:ro|rw]": what it mounts, where we do not mount something ourselves. */
static int plan_from(struct daemon *d, json_t *mounts, const char *text, struct err *err)
{
	AUTO_FREE char *name = xstrdup(text);
	char *mode = strchr(name, ':');
	struct container *c;
	json_t *m;
	size_t i;

	if (mode)
		*mode++ = '\0';
	if (mode && strcmp(mode, "ro") && strcmp(mode, "rw"))
		return err_set(err, ERR_INVALID, "invalid mode: %s", mode);
	c = dockerd_container_find(d, name, err);
	if (!c) {
		err->kind = ERR_INVALID;
		return -1;
	}
	json_array_foreach(c->mounts, i, m) {
		json_t *copy;

		if (dockerd_mounts_at(mounts, jsonx_str(m, "Destination", "")) ||
		    !strcmp(jsonx_str(m, "Type", ""), "tmpfs"))
			continue;
		copy = json_copy(m);
		if (mode && !strcmp(mode, "ro"))
			json_object_set_new(copy, "RW", json_false());
		json_array_append_new(mounts, copy);
	}
	dockerd_container_put(d, c);
	return 0;
}

json_t *dockerd_mounts_plan(struct daemon *d, const json_t *config, const json_t *host,
			    struct err *err)
{
	json_t *from = json_object_get(host, "VolumesFrom"),
	       *volumes = json_object_get(config, "Volumes"), *v;
	AUTO_JSON json_t *mounts = json_array();
	const char *dst;
	size_t i;

	if (plan_given(mounts, host, err))
		return NULL;
	json_array_foreach(mounts, i, v)
		if (dockerd_mount_of_root(v, d->cfg->data_root, err))
			return NULL;
	json_array_foreach(from, i, v)
		if (plan_from(d, mounts, json_string_value(v), err))
			return NULL;
	json_object_foreach(volumes, dst, v) {
		json_t *m = dockerd_mounts_at(mounts, dst) ? NULL : dockerd_mount_parse_bind(dst, err);

		if (!dockerd_mounts_at(mounts, dst) && add(mounts, m, err))
			return NULL;
	}
	return steal_ptr(&mounts);
}

/* --- making real ------------------------------------------------------------------------ */

/* Names for the volumes that nobody named, noted before there is one. */
static int name_volumes(struct daemon *d, const char *container, json_t *mounts, struct err *err)
{
	char name[ID_SIZE];
	json_t *m, *labels;
	size_t i;

	json_array_foreach(mounts, i, m) {
		if (strcmp(jsonx_str(m, "Type", ""), "volume") || *jsonx_str(m, "Source", "") ||
		    *jsonx_str(m, "Name", ""))
			continue;
		dockerd_random_id(name);
		labels = json_object_get(m, "_labels");
		labels = labels ? json_copy(labels) : json_object();
		json_object_set_new(labels, VOLUME_ANONYMOUS, json_string(""));
		json_object_set_new(m, "_labels", labels);
		json_object_set_new(m, "Name", json_string(name));
		json_object_set_new(m, "_anonymous", json_true());
	}
	return dockerd_remnant_note(d, container, mounts, err);
}

static int realise_volume(struct daemon *d, const char *container, json_t *m, struct err *err)
{
	const char *name = jsonx_str(m, "Name", "");
	json_t *v = NULL;
	bool created;

	do { /* again, where it was removed at this moment */
		json_decref(v);
		v = dockerd_volume_create(d, name, json_object_get(m, "_labels"),
					  json_object_get(m, "_options"), &created, err);
		if (!v)
			return -1;
	} while (!dockerd_volume_want(d->volumes, jsonx_str(v, "Name", ""), container));
	json_object_set(m, "Source", json_object_get(v, "Mountpoint"));
	json_decref(v);
	if (created)
		dockerd_event(d, "volume", "create", jsonx_str(m, "Name", ""),
			      json_pack("{s:s}", "driver", "local"));
	return 0;
}

static int realise_bind(const json_t *m, struct err *err)
{
	const char *source = jsonx_str(m, "Source", "");
	struct stat st;

	if (!stat(source, &st) || !jsonx_bool(m, "_create", false))
		return 0; /* a missing source is the runtime's to complain about */
	return file_mkdir_p(source, 0755, err)
		       ? err_wrap(err, "error while creating mount source path '%s'", source)
		       : 0;
}

int dockerd_mounts_realise(struct daemon *d, const char *container, json_t *mounts,
			   struct err *err)
{
	json_t *m;
	size_t i;

	if (name_volumes(d, container, mounts, err) ||
	    dockerd_image_mounts_view(d, container, mounts, err))
		return -1;
	json_array_foreach(mounts, i, m) {
		const char *type = jsonx_str(m, "Type", "");
		int rc = !strcmp(type, "volume") && !*jsonx_str(m, "Source", "")
				 ? realise_volume(d, container, m, err)
			 : !strcmp(type, "bind") ? realise_bind(m, err)
						 : 0;

		if (rc) {
			dockerd_mounts_discard(d, container, mounts);
			return -1;
		}
	}
	return 0;
}

void dockerd_mounts_discard(struct daemon *d, const char *container, const json_t *mounts)
{
	json_t *m;
	size_t i;

	dockerd_volumes_unwant(d->volumes, container);
	json_array_foreach((json_t *)mounts, i, m) {
		struct err err;

		if (jsonx_bool(m, "_anonymous", false) &&
		    dockerd_volume_remove(d, jsonx_str(m, "Name", ""), &err) &&
		    err.kind != ERR_CONFLICT && err.kind != ERR_NOT_FOUND)
			log_warn("volume %s: %s", jsonx_str(m, "Name", ""), err.msg);
	}
}

json_t *dockerd_mounts_inspect(const json_t *mounts)
{
	json_t *out = json_array(), *m, *v;
	const char *key;
	size_t i;

	json_array_foreach((json_t *)mounts, i, m) {
		json_t *shown;

		if (jsonx_bool(m, "_unlisted", false))
			continue;
		shown = json_object();
		json_object_foreach(m, key, v)
			if (*key != '_')
				json_object_set_new(shown, key, json_deep_copy(v));
		json_array_append_new(out, shown);
	}
	return out;
}

/* --- for the runtime ----------------------------------------------------------------------- */

static unsigned depth(const json_t *m)
{
	unsigned n = 0;

	for (const char *p = jsonx_str(m, "Destination", ""); *p; p++)
		n += *p == '/';
	return n;
}

struct numbered {
	const json_t *mount;
	size_t index;
};

static int by_depth(const void *a, const void *b)
{
	unsigned da = depth(((const struct numbered *)a)->mount),
		 db = depth(((const struct numbered *)b)->mount);

	return da < db ? -1 : da > db;
}

static json_t *oci_tmpfs(const json_t *m)
{
	json_t *options = json_pack("[s, s, s]", "noexec", "nosuid", "nodev");

	words_split(jsonx_str(m, "_data", ""), options);
	if (!jsonx_bool(m, "RW", true))
		json_array_append_new(options, json_string("ro"));
	return json_pack("{s:O, s:s, s:s, s:o}", "destination", json_object_get(m, "Destination"),
			 "type", "tmpfs", "source", "tmpfs", "options", options);
}

/* An image, and a part of a volume, is bound from where it was mounted. */
static json_t *source_of(const json_t *m, const char *parts, size_t i)
{
	return dockerd_subpath_is(m) ? json_sprintf("%s/%zu", parts, i)
				     : json_incref(json_object_get(m, "Source"));
}

static json_t *oci_bind(const json_t *m, json_t *source)
{
	const char *propagation = jsonx_str(m, "Propagation", "");
	json_t *options = json_array();

	json_array_append_new(options,
			      json_string(jsonx_bool(m, "_flat", false) ? "bind" : "rbind"));
	if (!jsonx_bool(m, "RW", true)) /* writable: as the source is, which may be read-only itself */
		json_array_append_new(options,
				      json_string(jsonx_bool(m, "_ro_flat", false) ? "ro" : "rro"));
	json_array_append_new(options, json_string(*propagation ? propagation : "rprivate"));
	return json_pack("{s:O, s:s, s:o, s:o}", "destination", json_object_get(m, "Destination"),
			 "type", "bind", "source", source, "options", options);
}

json_t *dockerd_mounts_oci(const json_t *mounts, const char *parts)
{
	size_t n = json_array_size(mounts);
	struct numbered *sorted = xcalloc(n + 1, sizeof(*sorted));
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct numbered){ json_array_get(mounts, i), i };
	qsort(sorted, n, sizeof *sorted, by_depth);
	for (size_t i = 0; i < n; i++) {
		const json_t *m = sorted[i].mount;

		json_array_append_new(out, !strcmp(jsonx_str(m, "Type", ""), "tmpfs")
					   ? oci_tmpfs(m)
					   : oci_bind(m, source_of(m, parts, sorted[i].index)));
	}
	free(sorted);
	return out;
}
