/*
 * image_mount.c - images mounted into containers (`"Type": "image"` of HostConfig.Mounts).
 *
 *     <container>-image-<n>     a view (a snapshot that nobody writes to) of the n-th image that is mounted
 *
 * The views are the container's: made when it is, removed with it. So it starts again after somebody
 * has removed the image by force, and the image's layers go when nobody looks at them any more.
 */
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/mounts.h"
#include "images.h"
#include "mounts.h"
#include "task.h"

static bool is_image(const json_t *m)
{
	return !strcmp(jsonx_str(m, "Type", ""), "image");
}

/* The image by its name; what another container mounts (--volumes-from) is known already. */
static int choose_image(struct daemon *d, json_t *m, struct err *err)
{
	AUTO_FREE char *name = NULL;
	AUTO_JSON json_t *image = NULL;

	if (json_object_get(m, "_image"))
		return 0;
	image = dockerd_image_resolve(d, jsonx_str(m, "Name", ""), &name, err);
	if (!image)
		return -1;
	json_object_set(m, "_image", jsonx_at(image, "configDescriptor.digest"));
	json_object_set_new(m, "_chain", json_string(jsonx_str(image, "chainID", "")));
	return 0;
}

/* That of the same layers for a mount before the i-th, or NULL: making one takes two fsyncs. */
static json_t *view_before(const json_t *mounts, size_t i)
{
	const char *chain = jsonx_str(json_array_get(mounts, i), "_chain", "");
	json_t *m;

	while (i--) {
		m = json_array_get(mounts, i);
		if (is_image(m) && !strcmp(jsonx_str(m, "_chain", ""), chain))
			return json_object_get(m, "_view");
	}
	return NULL;
}

static int make_view(struct daemon *d, const json_t *m, struct err *err)
{
	AUTO_JSON json_t *body = json_pack("{s:O, s:O}", "key", json_object_get(m, "_view"), "parent",
					   json_object_get(m, "_chain"));
	AUTO_JSON json_t *made = ctrd_call(d->ctrd, "POST", "/v1/snapshots/view", body, err);

	return made ? 0 : err_wrap(err, "image mount %s", jsonx_str(m, "Destination", ""));
}

int dockerd_image_mounts_view(struct daemon *d, const char *container, json_t *mounts, struct err *err)
{
	json_t *m;
	size_t i, n = 0;

	json_array_foreach(mounts, i, m) {
		json_t *view;

		if (!is_image(m))
			continue;
		if (choose_image(d, m, err))
			return -1;
		view = view_before(mounts, i);
		if (view) {
			json_object_set(m, "_view", view);
			continue;
		}
		json_object_set_new(m, "_view", json_sprintf("%s-image-%zu", container, n++));
		if (make_view(d, m, err))
			return -1;
	}
	return 0;
}

/* The last first: as long as one is left, the first is, by which they are found. */
int dockerd_image_mounts_drop(struct daemon *d, const char *container, struct err *err)
{
	AUTO_JSON json_t *there = NULL;
	size_t n = 0;

	do {
		AUTO_FREE char *path = xasprintf("/v1/snapshots/%s-image-%zu", container, n);

		json_decref(there);
		there = ctrd_call(d->ctrd, "GET", path, NULL, err);
	} while (there && ++n);
	if (err->kind != ERR_NOT_FOUND)
		return -1;
	while (n--) {
		AUTO_FREE char *key = xasprintf("%s-image-%zu", container, n);

		if (dockerd_snapshot_remove(d, key, err))
			return -1;
	}
	return 0;
}

bool dockerd_image_is_mounted(const json_t *mounts, const char *id)
{
	json_t *m;
	size_t i;

	json_array_foreach((json_t *)mounts, i, m)
		if (is_image(m) && (!id || !strcmp(jsonx_str(m, "_image", ""), id)))
			return true;
	return false;
}

int dockerd_image_mount(struct daemon *d, const json_t *m, const char *target, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/snapshots/%s/mounts", jsonx_str(m, "_view", ""));
	AUTO_JSON json_t *doc = ctrd_call(d->ctrd, "GET", path, NULL, err);

	if (!doc)
		return -1;
	if (mkdir(target, 0700))
		return err_sys(err, "make %s", target);
	return ctrd_mounts_apply(json_object_get(doc, "mounts"), target, err);
}
