/*
 * build_layer.c - see build.h: what a step adds to the image.
 *
 * Either way a step leaves an entry in the document's history and, if it changed files, a layer. The
 * time in there is the record's: so a build of nothing but what was built before is the same image,
 * byte for byte.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/images.h"
#include "build.h"
#include "container_root.h"
#include "task.h"

#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar"
/* Of an archive with nothing in it: such a layer is left out. */
#define EMPTY_DIFF "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

void stage_identify(struct stage *s)
{
	AUTO_FREE char *text = jsonx_text(s->doc);

	digest_of(text, strlen(text), s->id);
}

/* --- snapshots ---------------------------------------------------------------------------------- */

int layer_open(struct stage *s, char key[ID_SIZE], struct err *err)
{
	struct daemon *d = s->b->d;
	struct err ignored;
	int root;

	dockerd_random_id(key);
	if (dockerd_snapshot_prepare(d, key, s->chain, err))
		return -1;
	root = dockerd_root_mount(d, key, NULL, true, err);
	if (root < 0)
		dockerd_snapshot_remove(d, key, &ignored);
	return root;
}

int layer_view(struct build *b, const char *chain, struct err *err)
{
	char key[ID_SIZE];

	dockerd_random_id(key);
	if (dockerd_snapshot_prepare(b->d, key, chain, err))
		return -1;
	pthread_mutex_lock(&b->lock);
	strlist_add(&b->views, key);
	pthread_mutex_unlock(&b->lock);
	return dockerd_root_mount(b->d, key, NULL, false, err);
}

/* The chain of the stage's layers and one more. */
static int chain_with(struct stage *s, json_t *diff_id, char chain[DIGEST_SIZE], struct err *err)
{
	AUTO_JSON json_t *ids = json_deep_copy(jsonx_at(s->doc, "rootfs.diff_ids"));

	if (json_array_append(ids, diff_id))
		return err_set(err, ERR_CORRUPT, "a layer without a diff ID");
	return ctrd_chain_id(ids, json_array_size(ids), chain, err);
}

/* The snapshot's difference, and its name as a layer: {"layer","diffID","chain"}; an empty one is
 * removed, and null. */
static json_t *finish(struct stage *s, const char *key, struct err *err)
{
	AUTO_FREE char *diff = xasprintf("/v1/snapshots/%s/diff", key),
		       *commit = xasprintf("/v1/snapshots/%s/commit", key);
	AUTO_JSON json_t *how = json_pack("{s:s}", "mediaType", LAYER_TYPE), *made = NULL, *name = NULL;
	const char *diff_id;
	char chain[DIGEST_SIZE];

	if (s->b->o.has_epoch)
		json_object_set_new(how, "sourceDateEpoch", json_integer(s->b->o.epoch));
	made = ctrd_call(s->b->d->ctrd, "POST", diff, how, err);
	if (!made)
		return NULL;
	diff_id = jsonx_str(made, "diffID", "");
	if (!strcmp(diff_id, EMPTY_DIFF))
		return dockerd_snapshot_remove(s->b->d, key, err) ? NULL
								  : json_pack("{s:n}", "layer");
	if (chain_with(s, json_object_get(made, "diffID"), chain, err))
		return NULL;
	name = json_pack("{s:s}", "name", chain);
	if (build_call(s->b->d, "POST", commit, name, err) &&
	    (err->kind != ERR_EXISTS || dockerd_snapshot_remove(s->b->d, key, err)))
		return NULL;
	return json_pack("{s:{s:O, s:O, s:O}, s:s, s:s, s:O}", "layer", "mediaType",
			 json_object_get(made, "mediaType"), "digest", json_object_get(made, "digest"),
			 "size", json_object_get(made, "size"), "diffID", diff_id, "chain", chain,
			 "size", json_object_get(made, "size"));
}

/* --- the document ------------------------------------------------------------------------------ */

static void now_text(const struct build *b, char out[TIME_TEXT_SIZE])
{
	struct timespec epoch = { .tv_sec = (time_t)b->o.epoch };

	if (b->o.has_epoch)
		time_text(&epoch, out);
	else
		time_now_text(out);
}

/* `record` to the document; the snapshot of it is the next step's ground. */
static int apply(struct stage *s, const char *text, const json_t *record, struct err *err)
{
	const char *created = jsonx_str(record, "created", "");
	json_t *layer = json_object_get(record, "layer");
	json_t *entry = json_pack("{s:s, s:s}", "created", created, "created_by", text);

	if (!entry) /* a variable that was cut within a character */
		return err_set(err, ERR_INVALID, "a step's text is not UTF-8");
	if (json_is_object(layer)) {
		json_array_append(s->layers, layer);
		json_array_append(jsonx_at(s->doc, "rootfs.diff_ids"),
				  json_object_get(record, "diffID"));
		snprintf(s->chain, sizeof s->chain, "%s", jsonx_str(record, "chain", ""));
	} else {
		json_object_set_new(entry, "empty_layer", json_true());
	}
	json_object_set_new(s->doc, "created", json_string(created));
	json_array_append_new(config_member(s->doc, "history", json_array), entry);
	stage_identify(s);
	return stage_say(s, err, " ---> %.12s\n", s->id + strlen("sha256:"));
}

/* The chain that the record's layer makes on top of the stage's is the record's? */
static bool fits(struct stage *s, const json_t *record)
{
	char chain[DIGEST_SIZE];
	struct err ignored;

	return !json_is_object(json_object_get(record, "layer")) ||
	       (!chain_with(s, json_object_get(record, "diffID"), chain, &ignored) &&
		!strcmp(chain, jsonx_str(record, "chain", "")));
}

static void make_key(struct stage *s, const char *text, const char *inputs, char key[DIGEST_SIZE])
{
	AUTO_FREE char *epoch = s->b->o.has_epoch ? xasprintf("%lld", (long long)s->b->o.epoch) : NULL;
	const char *const parts[] = { s->id, text, inputs, epoch ? epoch : "" };
	struct digester *d = digester_new();

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		digester_add(d, parts[i], strlen(parts[i]) + 1);
	digester_done(d, key);
	memmove(key, key + strlen("sha256:"), strlen(key + strlen("sha256:")) + 1);
}

static bool is_fresh(const struct stage *s)
{
	json_t *v;
	size_t i;

	json_array_foreach(s->b->o.fresh_stages, i, v)
		if (s->name && !strcasecmp(json_string_value(v), s->name))
			return true;
	return s->b->o.no_cache;
}

/* A step that was done before, unless that is not wanted: as with the classic builder, who names images to
 * look in wants no other. NULL: it has to be done. */
static json_t *known(struct stage *s, const char *key)
{
	bool wanted = !is_fresh(s) && !json_array_size(s->b->o.cache_from);
	json_t *record = wanted ? cache_find(s->b, key) : NULL;

	if (!record || fits(s, record))
		return record;
	json_decref(record);
	return NULL;
}

/* One that an image of --cache-from has in it. */
static json_t *borrowed(struct stage *s, const struct layer_work *w)
{
	AUTO_JSON json_t *record = w->told && !is_fresh(s) ? cache_from_find(s, w->text) : NULL;
	char chain[DIGEST_SIZE];
	struct err ignored;

	if (!record || !json_is_object(json_object_get(record, "layer")))
		return steal_ptr(&record);
	if (chain_with(s, json_object_get(record, "diffID"), chain, &ignored) || !cache_has_snapshot(s->b, chain))
		return NULL;
	json_object_set_new(record, "chain", json_string(chain));
	return steal_ptr(&record);
}

static int remember(struct stage *s, const char *key, const char *text, json_t *record,
		    struct err *err)
{
	char created[TIME_TEXT_SIZE];

	now_text(s->b, created);
	if (!json_object_get(record, "created"))
		json_object_set_new(record, "created", json_string(created));
	json_object_set_new(record, "text", json_string(text));
	cache_store(s->b, key, record);
	return apply(s, text, record, err);
}

int stage_layer(struct stage *s, const struct layer_work *w, struct err *err)
{
	char key[DIGEST_SIZE], snapshot[ID_SIZE];
	AUTO_JSON json_t *record = NULL;
	struct err ignored;

	if (s->bare)
		return 0;
	make_key(s, w->text, w->inputs, key);
	record = known(s, key);
	if (record)
		return stage_say(s, err, " ---> Using cache\n") ? -1 : apply(s, w->text, record, err);
	record = borrowed(s, w);
	if (record)
		return stage_say(s, err, " ---> Using cache\n") ? -1 : remember(s, key, w->text, record, err);
	if (w->fill && w->fill(s, snapshot, w->arg, err))
		return -1;
	record = w->fill ? finish(s, snapshot, err) : json_pack("{s:n}", "layer");
	if (record)
		return remember(s, key, w->text, record, err);
	dockerd_snapshot_remove(s->b->d, snapshot, &ignored);
	return -1;
}

int stage_note(struct stage *s, const char *instruction, struct err *err)
{
	/* As Docker has shown it since its beginnings. */
	AUTO_FREE char *text = xasprintf("/bin/sh -c #(nop)  %s", instruction);
	/* ARGs count where they are used: what is in Config of them is there, and RUN has them in its text. */
	AUTO_FREE char *config = jsonx_text(stage_config(s));

	return stage_layer(s, &(struct layer_work){ .text = text, .inputs = config, .told = true }, err);
}
