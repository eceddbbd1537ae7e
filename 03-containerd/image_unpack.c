/*
 * image_unpack.c - an image that is in the store becomes snapshots (archive.h).
 *
 * As a pull does it: each layer into a snapshot of its own, one sync, then a commit each from
 * the bottom up. One layer after the other here: an import reads a local file, and the disk is
 * what it waits for.
 */
#include "archive.h"

#include <string.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/userns.h"
#include "manifest.h"

struct layer {
	const char *digest, *diff_id;
	char chain[DIGEST_SIZE];
	char *key; /* the snapshot it is in; NULL: it was there, or is committed */
	struct ctrd_unpacked unpacked;
};

struct job {
	struct ctrd_images *im;
	struct layer *layers;
	size_t n;
	int (*progress)(void *arg, json_t *event);
	void *arg;
};

static int tell(struct job *j, const struct layer *l, const char *status, struct err *err)
{
	AUTO_JSON json_t *event = json_pack("{s:s, s:s}", "id", l->digest, "status", status);

	return j->progress && j->progress(j->arg, event) ? err_set(err, ERR_CANCELLED, "cancelled")
							 : 0;
}

static int plan(struct job *j, const json_t *manifest, const json_t *config, struct err *err)
{
	json_t *ids = ctrd_config_diff_ids(config, manifest, err), *d;
	size_t i;

	if (!ids)
		return -1;
	j->n = json_array_size(ids);
	j->layers = xcalloc(j->n + 1, sizeof(*j->layers));
	json_array_foreach(json_object_get(manifest, "layers"), i, d) {
		struct layer *l = &j->layers[i];

		if (!ctrd_layer_type(jsonx_str(d, "mediaType", "")))
			return err_set(err, ERR_UNSUPPORTED, "layer of the media type \"%.100s\"",
				       jsonx_str(d, "mediaType", ""));
		l->digest = ctrd_descriptor_digest(d);
		l->diff_id = json_string_value(json_array_get(ids, i));
		if (ctrd_chain_id(ids, i + 1, l->chain, err))
			return -1;
	}
	return 0;
}

static int unpack(struct job *j, struct layer *l, struct err *err)
{
	static _Atomic unsigned serial;
	struct ctrd_snapshots *snapshots = ctrd_images_snapshots(j->im);
	AUTO_FREE char *key = xasprintf(CTRD_UNPACKING "image-%u", serial++);
	AUTO_CLOSE int blob = content_reader(ctrd_images_content(j->im), l->digest, NULL, err);
	struct ctrd_unpack_options o = { .diff_id = l->diff_id, .userns = !kern_userns_initial() };
	AUTO_CLOSE int root = -1;

	if (blob < 0 || tell(j, l, "extracting", err) ||
	    ctrd_snapshot_prepare(snapshots, key, NULL, CTRD_ACTIVE, err))
		return -1;
	l->key = steal_ptr(&key);
	root = ctrd_snapshot_layer(snapshots, l->key, err);
	return root < 0 ? -1 : ctrd_unpack_fd(blob, root, &o, &l->unpacked, err);
}

static int commit(struct job *j, struct err *err)
{
	struct ctrd_snapshots *snapshots = ctrd_images_snapshots(j->im);

	if (ctrd_snapshots_sync(snapshots, err))
		return -1;
	for (size_t i = 0; i < j->n; i++) {
		struct layer *l = &j->layers[i];
		struct ctrd_commit c = { .key = l->key, .name = l->chain,
					 .parent = i ? j->layers[i - 1].chain : "",
					 .implicit = (const char *const *)l->unpacked.implicit.v,
					 .synced = true };

		if (!l->key)
			continue;
		if (!ctrd_snapshot_commit(snapshots, &c, err)) {
			free(l->key);
			l->key = NULL;
		} else if (err->kind != ERR_EXISTS) { /* else somebody was quicker */
			return -1;
		}
		if (tell(j, l, "complete", err))
			return -1;
	}
	return 0;
}

static int run(struct job *j, struct err *err)
{
	for (size_t i = 0; i < j->n; i++) {
		struct layer *l = &j->layers[i];

		if (ctrd_snapshot_exists(ctrd_images_snapshots(j->im), l->chain)) {
			if (tell(j, l, "exists", err))
				return -1;
		} else if (unpack(j, l, err)) {
			return err_wrap(err, "layer %.19s", l->digest);
		}
	}
	return commit(j, err);
}

static void release(struct job *j)
{
	struct err err;

	for (size_t i = 0; i < j->n; i++) {
		if (j->layers[i].key &&
		    ctrd_snapshot_remove(ctrd_images_snapshots(j->im), j->layers[i].key, &err))
			log_warn("unpack: %s", err.msg);
		free(j->layers[i].key);
		ctrd_unpacked_free(&j->layers[i].unpacked);
	}
	free(j->layers);
}

int ctrd_image_unpack(struct ctrd_images *im, const json_t *manifest, const json_t *config,
		      int (*progress)(void *arg, json_t *event), void *arg, struct err *err)
{
	struct job j = { .im = im, .progress = progress, .arg = arg };
	int rc;

	ctrd_images_lease(im); /* no snapshot of ours is garbage before a name is there */
	rc = plan(&j, manifest, config, err) || run(&j, err) ? -1 : 0;
	release(&j);
	ctrd_images_release(im);
	return rc;
}
