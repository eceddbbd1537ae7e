/*
 * volume_mount.c - see volume_mount.h.
 *
 *     holds {"data": {"<container>": true, "<container>": true}}     volumes.lock
 *
 * A mount may take minutes (a server that does not answer), so it is done without the lock: the
 * volume is `busy` meanwhile, and whoever wants the same one waits.
 */
#include "volume_mount.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/mount.h"
#include "01-kernel/mountinfo.h"
#include "events.h"
#include "volume.h"

/* --- the mount itself ---------------------------------------------------------------------- */

/* The table of mounts says it, and asks no server that may be away. */
static bool is_mounted(const char *path)
{
	AUTO_FREE char *parent = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	AUTO_FREE char *real = realpath(parent, NULL);
	AUTO_FREE char *target = real ? xasprintf("%s%s", real, strrchr(path, '/')) : NULL;
	AUTO_MOUNT_TABLE struct kern_mount_table table = { 0 };
	struct err ignored;

	if (!target || kern_mount_table_read(&table, &ignored))
		return false;
	for (size_t i = 0; i < table.n; i++)
		if (!strcmp(table.v[i].target, target))
			return true;
	return false;
}

static int parse_words(struct kern_mount_options *o, char *words, struct err *err)
{
	char *save = NULL;

	for (char *w = strtok_r(words, ",", &save); w; w = strtok_r(NULL, ",", &save))
		if (kern_mount_option(o, w, err))
			return -1;
	if (o->rec_set || o->rec_clear || o->tmpcopyup || o->idmap || o->ridmap)
		return err_set(err, ERR_INVALID, "an option of volume option \"o\" is for the mounts of "
			       "containers, not of volumes");
	return 0;
}

static int mount_on(const char *device, const char *path, const char *type,
		    const struct kern_mount_options *o, struct err *err)
{
	AUTO_CLOSE int target = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), source = -1;

	if (target < 0)
		return err_sys(err, "open %s", path);
	if (!(o->set & MS_BIND))
		return kern_mount_fs(type, device, target, o, err);
	source = open(device, O_PATH | O_CLOEXEC);
	return source < 0 ? err_sys(err, "open %s", device) : kern_mount_bind(source, target, o, err);
}

/* In Docker's words, which tools look for: errors are as Go spells them, in small letters. */
static int failed(const char *device, const char *path, const struct kern_mount_options *o,
		  struct err *err)
{
	AUTO_FREE char *why = xstrdup(err->errnum ? strerror(err->errnum) : err->msg);
	AUTO_FREE char *flags = o->set ? xasprintf(", flags: 0x%llx", (unsigned long long)o->set)
				       : xstrdup("");

	*why = (char)tolower((unsigned char)*why);
	return err_set(err, ERR_SYSTEM, "failed to mount local volume: mount %s:%s%s%s%s: %s",
		       device, path, flags, *o->data ? ", data: " : "", o->data, why);
}

static int mount_volume(const json_t *volume, struct err *err)
{
	const json_t *options = json_object_get(volume, "Options");
	const char *path = jsonx_str(volume, "Mountpoint", "");
	AUTO_FREE char *words = NULL, *device = NULL;
	struct kern_mount_options o = { 0 };

	if (is_mounted(path))
		return 0;
	if (!*jsonx_str(options, "device", ""))
		return err_set(err, ERR_SYSTEM, "missing device in volume options");
	if (dockerd_volume_resolve(options, &words, &device, err))
		return -1;
	if (parse_words(&o, words, err) ||
	    mount_on(device, path, jsonx_str(options, "type", ""), &o, err))
		return failed(device, path, &o, err);
	return 0;
}

/* --- who holds what ------------------------------------------------------------------------ */

/* Nobody else mounts or unmounts it until `end`. volumes.lock is held. */
static void begin(struct volumes *v, const char *name)
{
	while (json_object_get(v->busy, name))
		pthread_cond_wait(&v->idle, &v->lock);
	json_object_set_new(v->busy, name, json_true());
}

static void end(struct volumes *v, const char *name)
{
	json_object_del(v->busy, name);
	pthread_cond_broadcast(&v->idle);
}

static void hold(struct volumes *v, const char *name, const char *user)
{
	if (!json_object_get(v->holds, name))
		json_object_set_new(v->holds, name, json_object());
	json_object_set_new(json_object_get(v->holds, name), user, json_true());
}

/* True: nobody holds it any more. */
static bool let_go(struct volumes *v, const char *name, const char *user)
{
	json_t *users = json_object_get(v->holds, name);

	json_object_del(users, user);
	if (json_object_size(users))
		return false;
	json_object_del(v->holds, name);
	return true;
}

static void release(struct daemon *d, const char *name, const char *user)
{
	AUTO_FREE char *path = xasprintf("%s/%s/_data", d->volumes->root, name);
	struct volumes *v = d->volumes;
	struct err err;
	bool last;

	pthread_mutex_lock(&v->lock);
	begin(v, name);
	last = let_go(v, name, user);
	pthread_mutex_unlock(&v->lock);
	if (last && kern_mount_detach(path, &err))
		log_error("volume %s: %s", name, err.msg);
	pthread_mutex_lock(&v->lock);
	end(v, name);
	pthread_mutex_unlock(&v->lock);
}

static int take(struct daemon *d, const char *user, const json_t *volume, struct err *err)
{
	const char *name = jsonx_str(volume, "Name", ""), *path = jsonx_str(volume, "Mountpoint", "");
	struct volumes *v = d->volumes;
	int rc;

	pthread_mutex_lock(&v->lock);
	begin(v, name);
	hold(v, name, user);
	pthread_mutex_unlock(&v->lock);
	rc = mount_volume(volume, err);
	pthread_mutex_lock(&v->lock);
	if (rc)
		let_go(v, name, user);
	end(v, name);
	pthread_mutex_unlock(&v->lock);
	return rc ? err_wrap(err, "error while mounting volume '%s'", path) : 0;
}

/* The volume of a mount, if it is one with something to mount. New. */
static json_t *volume_to_mount(struct daemon *d, const json_t *m)
{
	AUTO_JSON json_t *volume = NULL;
	struct err ignored;

	if (!strcmp(jsonx_str(m, "Type", ""), "volume"))
		volume = dockerd_volume_get(d, jsonx_str(m, "Name", ""), &ignored);
	return dockerd_volume_is_mount(json_object_get(volume, "Options")) ? steal_ptr(&volume) : NULL;
}

int dockerd_volumes_mount(struct daemon *d, const char *user, const json_t *mounts, struct err *err)
{
	json_t *m;
	size_t i;

	json_array_foreach((json_t *)mounts, i, m) {
		AUTO_JSON json_t *volume = volume_to_mount(d, m);

		if (volume && take(d, user, volume, err)) {
			dockerd_volumes_release(d, user);
			return -1;
		}
	}
	if (!dockerd_subpaths_mount(d, user, mounts, err))
		return 0;
	dockerd_volumes_release(d, user);
	return -1;
}

void dockerd_volumes_release(struct daemon *d, const char *user)
{
	AUTO_STRLIST struct strlist held = STRLIST_INIT;
	struct volumes *v = d->volumes;
	const char *name;
	json_t *users;

	dockerd_subpaths_clear(d, user);
	pthread_mutex_lock(&v->lock);
	json_object_foreach(v->holds, name, users)
		if (json_object_get(users, user))
			strlist_add(&held, name);
	pthread_mutex_unlock(&v->lock);
	for (size_t i = 0; i < held.n; i++)
		release(d, held.v[i], user);
}

int dockerd_volume_unmount(struct daemon *d, const char *name, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s/_data", d->volumes->root, name);

	if (json_object_get(d->volumes->holds, name) || json_object_get(d->volumes->busy, name))
		return err_set(err, ERR_CONFLICT, "remove %s: volume is in use", name);
	return kern_mount_detach(path, err);
}

/* --- after a restart ------------------------------------------------------------------------ */

static void adopt_container(struct daemon *d, const struct container *c)
{
	json_t *m;
	size_t i;

	json_array_foreach(c->mounts, i, m) {
		AUTO_JSON json_t *volume = volume_to_mount(d, m);

		if (!volume)
			continue;
		pthread_mutex_lock(&d->volumes->lock);
		hold(d->volumes, jsonx_str(volume, "Name", ""), c->id);
		pthread_mutex_unlock(&d->volumes->lock);
	}
}

/* What the last daemon had mounted for somebody who has ended meanwhile. */
static void unmount_unused(struct daemon *d)
{
	struct err ignored;
	AUTO_JSON json_t *list = dockerd_volume_list(d, &ignored);
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (dockerd_volume_is_mount(json_object_get(v, "Options")))
			release(d, jsonx_str(v, "Name", ""), "");
}

void dockerd_volumes_adopt(struct daemon *d)
{
	struct container **all;
	size_t n;

	dockerd_subpaths_sweep(d);
	all = dockerd_container_all(d, &n);
	for (size_t i = 0; i < n; i++) {
		bool running;

		dockerd_lock(d);
		running = all[i]->st.running;
		dockerd_unlock(d);
		if (running)
			adopt_container(d, all[i]);
	}
	dockerd_container_all_free(d, all, n);
	unmount_unused(d);
}

/* --- events ---------------------------------------------------------------------------------- */

void dockerd_volume_events(struct daemon *d, const struct container *c, const char *action)
{
	json_t *m;
	size_t i;

	json_array_foreach(c->mounts, i, m) {
		json_t *about;

		if (strcmp(jsonx_str(m, "Type", ""), "volume"))
			continue;
		about = json_pack("{s:s, s:s}", "container", c->id, "driver", "local");
		if (!strcmp(action, "mount")) {
			json_object_set_new(about, "destination",
					    json_string(jsonx_str(m, "Destination", "")));
			json_object_set_new(about, "propagation",
					    json_string(jsonx_str(m, "Propagation", "")));
			json_object_set_new(about, "read/write",
					    json_string(jsonx_bool(m, "RW", true) ? "true" : "false"));
		}
		dockerd_event(d, "volume", action, jsonx_str(m, "Name", ""), about);
	}
}
