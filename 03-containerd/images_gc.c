/*
 * images_gc.c - garbage collection by reachability: mark from the roots, sweep the rest.
 *
 *   image name ─▶ index ─▶ manifests ─▶ config, layers           (blobs)
 *                             └─▶ config's diff IDs ─▶ chain IDs (snapshots)
 *
 * Work in progress (a pull) has blobs that no name reaches yet: it holds a lease,
 * and a collection waits until the last lease is given back.
 */
#include "images_private.h"

#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "manifest.h"

#define PIN_SECONDS 3600
#define NESTING_MAX 8

struct ctrd_gc {
	struct ctrd_images *im;
	json_t *blobs, *snapshots; /* two sets of what is reached: a plain first layer's digest
	                              is its chain ID, too */
};

static int64_t now_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void mark(json_t *set, const char *name)
{
	json_object_set_new(set, name, json_true());
}

static bool is_marked(const json_t *set, const char *name)
{
	return json_object_get(set, name) != NULL;
}

/* Every prefix of the layers is a snapshot. */
static void mark_chains(struct ctrd_gc *gc, const json_t *manifest)
{
	struct err ignored; /* not an image's config, or not in the store: nothing to mark */
	AUTO_JSON json_t *config = ctrd_config_load(gc->im->content,
						    json_object_get(manifest, "config"), &ignored);
	json_t *ids = config ? ctrd_config_diff_ids(config, manifest, &ignored) : NULL;
	char chain[DIGEST_SIZE];

	for (size_t n = 1; n <= json_array_size(ids); n++)
		if (!ctrd_chain_id(ids, n, chain, &ignored))
			mark(gc->snapshots, chain);
}

static void mark_tree(struct ctrd_gc *gc, const char *digest, int depth)
{
	struct err ignored;
	AUTO_FREE char *text = NULL;
	AUTO_JSON json_t *doc = NULL;
	json_t *child;
	uint64_t size;
	size_t i, n;

	if (is_marked(gc->blobs, digest))
		return;
	mark(gc->blobs, digest);
	if (depth > NESTING_MAX || !content_has(gc->im->content, digest, &size) ||
	    size > MANIFEST_LIMIT)
		return; /* a layer, most likely */
	text = content_read(gc->im->content, digest, MANIFEST_LIMIT, &n, &ignored);
	if (!text || *text != '{')
		return;
	doc = jsonx_parse(text, n, "blob", &ignored);
	json_array_foreach(json_object_get(doc, "manifests"), i, child)
		mark_tree(gc, ctrd_descriptor_digest(child), depth + 1);
	json_array_foreach(json_object_get(doc, "layers"), i, child)
		mark(gc->blobs, ctrd_descriptor_digest(child));
	child = json_object_get(doc, "config");
	if (!json_is_object(child) || !json_object_get(doc, "layers"))
		return;
	mark(gc->blobs, ctrd_descriptor_digest(child));
	mark_chains(gc, doc);
}

void ctrd_gc_keep(struct ctrd_gc *gc, const char *digest)
{
	mark_tree(gc, digest, 0);
}

void ctrd_gc_keep_snapshot(struct ctrd_gc *gc, const char *key)
{
	mark(gc->snapshots, key); /* mark_parents does the rest */
}

static void mark_image(void *arg, const json_t *image)
{
	ctrd_gc_keep(arg, ctrd_descriptor_digest(json_object_get(image, "target")));
}

/* Pins that an image reached, or that are old, are over; the others are roots. */
static void mark_pins(struct ctrd_gc *gc)
{
	int64_t now = now_seconds();
	const char *name;
	json_t *since;
	void *next;

	json_object_foreach_safe(gc->im->pins, next, name, since) {
		if (is_marked(gc->blobs, name) || is_marked(gc->snapshots, name) ||
		    now - json_integer_value(since) > PIN_SECONDS) {
			json_object_del(gc->im->pins, name);
			continue;
		}
		ctrd_gc_keep(gc, name);
		ctrd_gc_keep_snapshot(gc, name);
	}
}

/* A snapshot in use keeps its parents. */
static void mark_parents(struct ctrd_gc *gc, const json_t *list)
{
	json_t *sn;
	size_t i;
	bool more = true;

	while (more) {
		more = false;
		json_array_foreach(list, i, sn) {
			const char *parent = jsonx_str(sn, "parent", "");
			bool root = strcmp(jsonx_str(sn, "kind", ""), "committed") ||
				    is_marked(gc->snapshots, jsonx_str(sn, "key", ""));

			if (root && *parent && !is_marked(gc->snapshots, parent)) {
				mark(gc->snapshots, parent);
				more = true;
			}
		}
	}
}

/* Children before parents: a parent in use refuses, so go round until nothing changes. */
static void sweep_snapshots(struct ctrd_gc *gc)
{
	AUTO_JSON json_t *list = ctrd_snapshots_list(gc->im->snapshots);
	bool more = true;
	json_t *sn;
	size_t i;

	mark_parents(gc, list);
	while (more) {
		more = false;
		json_array_foreach(list, i, sn) {
			const char *key = jsonx_str(sn, "key", "");
			struct err err;

			if (strcmp(jsonx_str(sn, "kind", ""), "committed") ||
			    is_marked(gc->snapshots, key))
				continue;
			if (!ctrd_snapshot_remove(gc->im->snapshots, key, &err)) {
				mark(gc->snapshots, key); /* dealt with */
				more = true;
			} else if (err.kind != ERR_CONFLICT && err.kind != ERR_NOT_FOUND) {
				log_warn("garbage: snapshot %s: %s", key, err.msg);
				mark(gc->snapshots, key);
			}
		}
	}
}

static int collect(void *arg, const char *digest, uint64_t size)
{
	(void)size;
	json_array_append_new(arg, json_string(digest));
	return 0;
}

static int sweep_content(struct ctrd_gc *gc, struct err *err)
{
	AUTO_JSON json_t *blobs = json_array();
	json_t *blob;
	size_t i;

	content_tidy(gc->im->content);
	if (content_walk(gc->im->content, collect, blobs, err))
		return -1;
	json_array_foreach(blobs, i, blob)
		if (!is_marked(gc->blobs, json_string_value(blob)) &&
		    content_delete(gc->im->content, json_string_value(blob), err) &&
		    err->kind != ERR_NOT_FOUND)
			return -1;
	return 0;
}

int ctrd_images_gc_locked(struct ctrd_images *im, struct err *err)
{
	AUTO_JSON json_t *blobs = json_object();
	AUTO_JSON json_t *snapshots = json_object();
	struct ctrd_gc gc = { im, blobs, snapshots };

	if (im->leases) {
		im->gc_wanted = true;
		return 0;
	}
	im->gc_wanted = false;
	if (ctrd_images_each(im, mark_image, &gc, err) ||
	    (im->roots && im->roots(im->roots_arg, &gc, err)))
		return err_wrap(err, "garbage collection"); /* unread names: remove nothing */
	mark_pins(&gc);
	sweep_snapshots(&gc);
	return sweep_content(&gc, err) ? err_wrap(err, "garbage collection") : 0;
}

int ctrd_images_gc(struct ctrd_images *im, struct err *err)
{
	int rc;

	pthread_mutex_lock(&im->lock);
	rc = ctrd_images_gc_locked(im, err);
	pthread_mutex_unlock(&im->lock);
	return rc;
}

void ctrd_images_lease(struct ctrd_images *im)
{
	pthread_mutex_lock(&im->lock);
	im->leases++;
	pthread_mutex_unlock(&im->lock);
}

void ctrd_images_release(struct ctrd_images *im)
{
	struct err err;

	pthread_mutex_lock(&im->lock);
	if (!--im->leases && im->gc_wanted && ctrd_images_gc_locked(im, &err))
		log_warn("%s", err.msg);
	pthread_mutex_unlock(&im->lock);
}

void ctrd_images_pin(struct ctrd_images *im, const char *name)
{
	pthread_mutex_lock(&im->lock);
	json_object_set_new(im->pins, name, json_integer(now_seconds()));
	pthread_mutex_unlock(&im->lock);
}

void ctrd_images_roots(struct ctrd_images *im,
		       int (*roots)(void *arg, struct ctrd_gc *gc, struct err *err), void *arg)
{
	im->roots = roots;
	im->roots_arg = arg;
}
