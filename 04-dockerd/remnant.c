/*
 * remnant.c - what is left of a container whose creation or removal was cut short: by an error, or
 * by the end of the daemon, which the next one finds as a directory without a document.
 *
 * The directory goes last: as long as it is there, whoever comes next knows that there may be a
 * snapshot. While containerd is away nobody can say, so it is asked until it answers.
 *
 * volumes.json in it names the volumes that are to go with it: those that nobody named, noted before
 * they are made, and before the document that knows them is removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "container.h"
#include "mounts.h"
#include "task.h"
#include "volume.h"

#define AGAIN_MS 500

struct remnant {
	char id[ID_SIZE];
};

static char *note_path(const struct daemon *d, const char *id)
{
	return xasprintf("%s/containers/%s/volumes.json", d->cfg->data_root, id);
}

int dockerd_remnant_note(struct daemon *d, const char *id, const json_t *mounts, struct err *err)
{
	AUTO_FREE char *path = note_path(d, id);
	AUTO_JSON json_t *names = json_array();
	json_t *m;
	size_t i;

	json_array_foreach((json_t *)mounts, i, m)
		if (jsonx_bool(m, "_anonymous", false))
			json_array_append(names, json_object_get(m, "Name"));
	return json_array_size(names) ? jsonx_write(AT_FDCWD, path, names, 0600, err) : 0;
}

void dockerd_remnant_forget(struct daemon *d, const char *id)
{
	AUTO_FREE char *path = note_path(d, id);

	if (unlink(path) && errno != ENOENT)
		log_warn("remove %s: %s", path, strerror(errno));
}

static void remove_noted(struct daemon *d, const char *id)
{
	AUTO_FREE char *path = note_path(d, id);
	struct err err;
	AUTO_JSON json_t *names = jsonx_read(AT_FDCWD, path, 1 << 20, &err);
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
		if (dockerd_volume_remove(d, json_string_value(name), &err) &&
		    err.kind != ERR_NOT_FOUND && err.kind != ERR_CONFLICT)
			log_warn("volume %s: %s", json_string_value(name), err.msg);
}

/* True: try again. */
static bool remove_once(struct daemon *d, const char *id)
{
	AUTO_FREE char *dir = xasprintf("%s/containers/%s", d->cfg->data_root, id);
	struct err err;

	if (dockerd_task_discard(d, id, false, &err) && err.kind == ERR_CONFLICT)
		dockerd_task_delete(d, id); /* it runs, and is nobody's */
	if (dockerd_snapshot_remove(d, id, &err) || dockerd_image_mounts_drop(d, id, &err)) {
		log_warn("snapshot %.12s: %s", id, err.msg);
		return err.kind == ERR_UNAVAILABLE;
	}
	remove_noted(d, id);
	if (file_remove_tree(AT_FDCWD, dir, &err))
		log_warn("%s: %s", dir, err.msg);
	return false;
}

static void worker(struct daemon *d, void *arg)
{
	struct pollfd stop = { d->stop_fd, POLLIN, 0 };
	struct remnant *r = arg;

	while (!poll(&stop, 1, AGAIN_MS) && remove_once(d, r->id))
		;
	free(r);
}

void dockerd_remnant_remove(struct daemon *d, const char *id)
{
	struct remnant *r;

	if (!remove_once(d, id))
		return;
	r = xcalloc(1, sizeof *r);
	snprintf(r->id, sizeof r->id, "%s", id);
	if (dockerd_spawn(d, worker, r))
		free(r); /* stopping: the next daemon's */
}
