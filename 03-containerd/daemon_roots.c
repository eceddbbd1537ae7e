/*
 * daemon_roots.c - what keeps things from being garbage besides the images' names
 * (images_gc.c has the rest): leases, containers, and the label containerd.io/gc.root.
 *
 * Active snapshots need no word of anybody: they are their owners', and stay.
 */
#include "daemon.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "content_labels.h"

#define GC_ROOT "containerd.io/gc.root"

static void keep_resource(void *arg, const char *type, const char *resource)
{
	if (!strcmp(type, LEASE_CONTENT))
		ctrd_gc_keep(arg, resource);
	else
		ctrd_gc_keep_snapshot(arg, resource);
}

/* A container's image is kept by its name; one that is named by its digest is kept even when
 * the name is gone. */
static void keep_container(struct ctrd_gc *gc, const json_t *container)
{
	const char *at = strchr(jsonx_str(container, "image", ""), '@');
	const char *key = jsonx_str(container, "snapshotKey", "");

	if (at && digest_valid(at + 1))
		ctrd_gc_keep(gc, at + 1);
	if (*key)
		ctrd_gc_keep_snapshot(gc, key);
}

static int keep_containers(struct ctrd_daemon *d, struct ctrd_gc *gc, struct err *err)
{
	AUTO_JSON json_t *namespaces = ctrd_namespaces_list(d->namespaces, err);
	json_t *ns, *container;
	size_t i, k;

	if (!namespaces)
		return -1;
	json_array_foreach(namespaces, i, ns) {
		AUTO_JSON json_t *list = ctrd_containers_list(d->containers,
							      jsonx_str(ns, "name", ""), err);

		if (!list)
			return -1;
		json_array_foreach(list, k, container)
			keep_container(gc, container);
	}
	return 0;
}

static int keep_labelled(struct ctrd_daemon *d, struct ctrd_gc *gc, struct err *err)
{
	AUTO_JSON json_t *list = ctrd_snapshots_list(d->snapshots);
	AUTO_JSON json_t *blobs = content_labels(d->content, err);
	json_t *sn, *labels;
	const char *digest;
	size_t i;

	if (!blobs)
		return -1;
	json_object_foreach(blobs, digest, labels)
		if (json_object_get(labels, GC_ROOT))
			ctrd_gc_keep(gc, digest);
	json_array_foreach(list, i, sn)
		if (json_object_get(json_object_get(sn, "labels"), GC_ROOT))
			ctrd_gc_keep_snapshot(gc, jsonx_str(sn, "key", ""));
	return 0;
}

int ctrd_daemon_roots(void *arg, struct ctrd_gc *gc, struct err *err)
{
	struct ctrd_daemon *d = arg;

	return keep_labelled(d, gc, err) ||
	       ctrd_leases_each(d->leases, keep_resource, gc, err) || keep_containers(d, gc, err)
		       ? -1 : 0;
}
