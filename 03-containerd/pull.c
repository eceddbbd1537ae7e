/*
 * pull.c - from a reference to a name in the store.
 *
 * Everything is fetched and unpacked first, some layers at a time. Then, one
 * after the other: one sync of the file system, a name for each blob, a commit for each
 * layer from the bottom up, the image's name. So a crash at any moment leaves blobs that are
 * whole and snapshots that are whole, and no name for an image that is not.
 */
#include "transfer_private.h"

#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/trace.h"
#include "manifest.h"

#define NESTING_MAX 4

/* --- the documents ----------------------------------------------------------------------- */

/* Later requests begin with the first that has not failed so far. */
static void set_source(struct transfer *x)
{
	x->source = 0;
	while (x->source + 1 < x->hosts.n && x->hosts.v[x->source].failed)
		x->source++;
}

/* The manifest from the first source that has it; what a tag means is not asked of all. */
static int fetch_first(struct transfer *x, const char *reference, struct ctrd_manifest *m,
		       struct err *err)
{
	AUTO_STRBUF struct strbuf said = STRBUF_INIT;
	bool tag = !digest_valid(reference);

	err_set(err, ERR_PERMISSION, "no host is configured to say what the tag %s is", reference);
	for (size_t i = 0; i < x->hosts.n; i++) {
		struct ctrd_host *h = &x->hosts.v[i];
		struct ctrd_registry *r;

		if (h->failed || (tag && !h->resolve))
			continue;
		r = transfer_source(x, i, err);
		if (r && !ctrd_fetch_manifest(r, reference, m, err))
			return set_source(x), 0;
		if (err->kind == ERR_CANCELLED)
			return -1;
		h->failed = true;
		if (i + 1 < x->hosts.n)
			strbuf_addf(&said, " (mirror %s: %s)", h->url, err->msg);
	}
	if (said.len) { /* all were asked: tell about all */
		struct err last = *err;

		return err_set(err, last.kind, "%s%s", last.msg, said.data);
	}
	return -1;
}

static json_t *descriptor_of(const struct ctrd_manifest *m)
{
	return json_pack("{s:s,s:s,s:I}", "mediaType", m->media_type, "digest", m->digest, "size",
			 (json_int_t)m->size);
}

/* Check, then keep the very bytes: their digest is the name of the image. */
static json_t *keep_document(struct transfer *x, const struct ctrd_manifest *m, struct err *err)
{
	enum ctrd_doc kind = ctrd_doc_kind(m->media_type);
	json_t *doc;

	if (kind == CTRD_DOC_OTHER) {
		ctrd_doc_unknown(m->media_type, err);
		return NULL;
	}
	doc = ctrd_doc_parse(m->body, m->size, kind, err);
	if (doc && content_write(ctrd_images_content(x->im), m->body, m->size, m->digest, NULL,
				 err)) {
		json_decref(doc);
		return NULL;
	}
	return doc;
}

static json_t *fetch_child(struct transfer *x, const json_t *entry, enum ctrd_doc *kind,
			   struct err *err)
{
	struct ctrd_manifest m = { 0 };
	json_t *doc = NULL;

	if (!fetch_first(x, ctrd_descriptor_digest(entry), &m, err)) {
		/* What the index says it is counts, not what the registry says (image-spec). */
		snprintf(m.media_type, sizeof(m.media_type), "%s",
			 jsonx_str(entry, "mediaType", ""));
		*kind = ctrd_doc_kind(m.media_type);
		if ((json_int_t)m.size != jsonx_int(entry, "size", -1))
			err_set(err, ERR_CORRUPT, "manifest %s has %zu bytes instead of %lld",
				m.digest, m.size, (long long)jsonx_int(entry, "size", -1));
		else
			doc = keep_document(x, &m, err);
	}
	ctrd_manifest_free(&m);
	return doc;
}

/* An index or a manifest (new); *target (new) is what the name will point at. */
static json_t *fetch_target(struct transfer *x, enum ctrd_doc *kind, json_t **target, struct err *err)
{
	struct ctrd_manifest m = { 0 };
	json_t *doc;

	if (fetch_first(x, *x->ref.digest ? x->ref.digest : x->ref.tag, &m, err))
		return NULL;
	*kind = ctrd_doc_kind(m.media_type);
	doc = keep_document(x, &m, err);
	if (doc) {
		*target = descriptor_of(&m);
		transfer_emit(x, json_pack("{s:s,s:s,s:s,s:s}", "status", "resolved", "name",
					   x->name, "digest", m.digest, "mediaType",
					   m.media_type));
	}
	ctrd_manifest_free(&m);
	return doc;
}

static json_t *fetch_config(struct transfer *x, const json_t *descriptor, struct err *err)
{
	const char *digest = ctrd_descriptor_digest(descriptor);
	json_int_t size = jsonx_int(descriptor, "size", -1);

	if (size > CONFIG_LIMIT) {
		err_set(err, ERR_INVALID, "image config of %lld bytes", (long long)size);
		return NULL;
	}
	if (!content_has(ctrd_images_content(x->im), digest, NULL) &&
	    transfer_fetch_blob(x, digest, size, NULL, NULL, err))
		return NULL;
	return ctrd_config_load(ctrd_images_content(x->im), descriptor, err);
}

/* --- the layers ------------------------------------------------------------------------------ */

/* What is not fetched is not measured: a blob that is here already, or another layer's. */
static int check_known_size(struct pull *p, const struct pull_layer *l, struct err *err)
{
	uint64_t there;
	json_int_t size = content_has(ctrd_images_content(p->x.im), l->digest, &there)
				  ? (json_int_t)there : p->layers[l->same_as].size;

	if (size == l->size)
		return 0;
	return err_set(err, ERR_CORRUPT, "layer %.19s has %lld bytes instead of %lld", l->digest,
		       (long long)size, (long long)l->size);
}

/* What the i-th layer becomes when it is unpacked. */
static int plan_snapshot(struct pull_layer *l, json_t *ids, size_t i, struct err *err)
{
	const char *type = jsonx_str(l->descriptor, "mediaType", "");

	if (!ctrd_layer_type(type))
		return err_set(err, ERR_UNSUPPORTED, "layer of the media type \"%.100s\"", type);
	l->diff_id = json_string_value(json_array_get(ids, i));
	return ctrd_chain_id(ids, i + 1, l->chain, err);
}

static int plan(struct pull *p, const json_t *manifest, const json_t *config, struct err *err)
{
	json_t *ids = p->unpack ? ctrd_config_diff_ids(config, manifest, err) : NULL, *d;
	const json_t *layers = json_object_get(manifest, "layers");
	size_t i;

	if (p->unpack && !ids)
		return -1;
	p->n = json_array_size(layers);
	p->layers = xcalloc(p->n + 1, sizeof(*p->layers));
	json_array_foreach((json_t *)layers, i, d) {
		struct pull_layer *l = &p->layers[i];

		transfer_note_foreign(&p->x, d);
		l->descriptor = d;
		l->digest = ctrd_descriptor_digest(d);
		l->size = jsonx_int(d, "size", -1);
		if (p->unpack && plan_snapshot(l, ids, i, err))
			return -1;
		while (strcmp(p->layers[l->same_as].digest, l->digest))
			l->same_as++;
		if (check_known_size(p, l, err))
			return -1;
		transfer_emit_layer(&p->x, l->digest, "waiting", 0, l->size);
	}
	return 0;
}

static int larger_first(const void *a, const void *b, void *arg)
{
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	const struct pull_layer *layers = arg;

	if (layers[i].size != layers[k].size)
		return layers[i].size > layers[k].size ? -1 : 1;
	return i < k ? -1 : i > k; /* of two that are the same the first, for which the other waits */
}

static void put_in_order(struct pull *p)
{
	p->order = xcalloc(p->n + 1, sizeof(*p->order));
	for (size_t i = 0; i < p->n; i++)
		p->order[i] = i;
	qsort_r(p->order, p->n, sizeof(*p->order), larger_first, p->layers);
}

static bool has_blobs(const struct pull *p)
{
	size_t i = 0;

	while (i < p->n && !p->layers[i].blob)
		i++;
	return i < p->n;
}

/* The blobs are verified; after this they are also in the store. */
static int publish(struct pull *p, struct err *err)
{
	struct content *content = ctrd_images_content(p->x.im);
	int rc;

	if (!has_blobs(p))
		return 0;
	rc = content_sync(content, err);
	for (size_t i = 0; i < p->n && !rc; i++)
		if (p->layers[i].blob)
			rc = ingest_publish(steal_ptr(&p->layers[i].blob), err);
	return rc ? -1 : content_settle(content, err);
}

/* Bottom up: only now does a layer get its parent. */
static int commit(struct pull *p, struct err *err)
{
	struct ctrd_snapshots *snapshots = ctrd_images_snapshots(p->x.im);

	if (ctrd_snapshots_sync(snapshots, err) || publish(p, err))
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		struct pull_layer *l = &p->layers[i];
		struct ctrd_commit c = { .key = l->key, .name = l->chain,
					 .parent = i ? p->layers[i - 1].chain : "",
					 .implicit = (const char *const *)l->unpacked.implicit.v,
					 .synced = true };

		if (!l->key)
			continue; /* it was there */
		if (!ctrd_snapshot_commit(snapshots, &c, err)) {
			free(l->key);
			l->key = NULL;
		} else if (err->kind != ERR_EXISTS) { /* else another pull was quicker */
			return err_wrap(err, "layer %.19s", l->digest);
		}
		transfer_emit_layer(&p->x, l->digest, "complete", l->size, l->size);
	}
	return 0;
}

/* Of one manifest; the next one has others. */
static void free_layers(struct pull *p)
{
	struct err err;

	for (size_t i = 0; i < p->n; i++) {
		ingest_abort(p->layers[i].blob);
		if (p->layers[i].key &&
		    ctrd_snapshot_remove(ctrd_images_snapshots(p->x.im), p->layers[i].key, &err))
			log_warn("pull: %s", err.msg);
		free(p->layers[i].key);
		ctrd_unpacked_free(&p->layers[i].unpacked);
	}
	free(steal_ptr(&p->layers));
	free(steal_ptr(&p->order));
	p->n = 0;
}

static void pull_free(struct pull *p)
{
	free_layers(p);
	pthread_cond_destroy(&p->fetched);
	transfer_free(&p->x);
}

static int fetch_layers(struct pull *p, const json_t *manifest, struct err *err)
{
	AUTO_JSON json_t *config = fetch_config(&p->x, json_object_get(manifest, "config"), err);

	if (!config || plan(p, manifest, config, err))
		return -1;
	put_in_order(p);
	transfer_parallel(&p->x, p->n, pull_layer, p);
	if (p->x.failed) {
		*err = p->x.err;
		return -1;
	}
	return commit(p, err);
}

/* Where all of it came from, a later push to the same registry need not send it (push_image.c). */
static void note_sources(struct transfer *x, const json_t *manifest)
{
	struct content *content = ctrd_images_content(x->im);
	json_t *d;
	size_t i;

	json_array_foreach(json_object_get(manifest, "layers"), i, d)
		if (!transfer_foreign(d))
			content_add_source(content, ctrd_descriptor_digest(d), x->ref.domain,
					   x->ref.path);
	content_add_source(content, ctrd_descriptor_digest(json_object_get(manifest, "config")),
			   x->ref.domain, x->ref.path);
}

static json_t *record(struct transfer *x, const json_t *target, struct err *err)
{
	struct err ignored;
	AUTO_JSON json_t *old = ctrd_image_get(x->im, x->t->ns, x->name, &ignored);
	bool same = old && !strcmp(ctrd_descriptor_digest(json_object_get(old, "target")),
				   ctrd_descriptor_digest(target));
	json_t *done;

	if (!same && ctrd_image_put(x->im, x->t->ns, x->name, target, NULL, NULL, err))
		return NULL;
	done = json_pack("{s:s,s:s,s:O,s:b}", "status", "done", "name", x->name, "target", target,
			 "new", !same);
	transfer_emit(x, json_incref(done));
	return done;
}

static int pull_doc(struct pull *p, const json_t *doc, enum ctrd_doc kind, int depth, struct err *err);

/* What an index lists. An attestation is for reading, not for running: it names no platform. */
static int pull_entry(struct pull *p, const json_t *entry, int depth, struct err *err)
{
	const json_t *platform = json_object_get(entry, "platform");
	enum ctrd_doc kind;
	AUTO_JSON json_t *doc = fetch_child(&p->x, entry, &kind, err);

	p->unpack = !p->x.t->no_unpack && strcmp(jsonx_str(platform, "os", ""), "unknown") != 0;
	return doc ? pull_doc(p, doc, kind, depth, err) : -1;
}

static int pull_index(struct pull *p, const json_t *index, int depth, struct err *err)
{
	json_t *entry, *entries = json_object_get(index, "manifests");
	size_t i;

	if (depth == NESTING_MAX)
		return err_set(err, ERR_INVALID, "indexes nested too deep");
	if (!p->x.t->all_platforms) {
		entry = ctrd_index_choose(index, p->x.t->platform, err);
		return entry ? pull_entry(p, entry, depth + 1, err) : -1;
	}
	json_array_foreach(entries, i, entry)
		if (pull_entry(p, entry, depth + 1, err))
			return -1;
	return 0;
}

static int pull_doc(struct pull *p, const json_t *doc, enum ctrd_doc kind, int depth, struct err *err)
{
	if (kind == CTRD_DOC_INDEX)
		return pull_index(p, doc, depth, err);
	if (fetch_layers(p, doc, err))
		return -1;
	free_layers(p);
	note_sources(&p->x, doc);
	return 0;
}

static json_t *pull(struct pull *p, struct err *err)
{
	AUTO_JSON json_t *target = NULL;
	enum ctrd_doc kind;
	AUTO_JSON json_t *doc = fetch_target(&p->x, &kind, &target, err);

	p->unpack = !p->x.t->no_unpack;
	return doc && !pull_doc(p, doc, kind, 0, err) ? record(&p->x, target, err) : NULL;
}

/* What was fetched stays for the next try where one makes sense; of an image that is bad, or
 * too big for the disk, nothing stays. */
static void give_up(struct pull *p, const struct err *why)
{
	struct err err;

	if (!ctrd_fetch_transient(why) && why->kind != ERR_CANCELLED)
		ctrd_images_gc(p->x.im, &err); /* with our lease it only makes a note */
	else if (publish(p, &err))
		log_warn("pull: %s", err.msg);
}

json_t *ctrd_pull(struct ctrd_images *im, const struct ctrd_transfer *t, struct err *err)
{
	struct trace_span span = trace_begin();
	json_t *done = NULL;
	struct pull p = { 0 };

	if (transfer_init(&p.x, im, t, "pull", err))
		return NULL;
	pthread_cond_init(&p.fetched, NULL);
	ctrd_images_lease(im); /* no blob of ours is garbage before the name is there */
	done = pull(&p, err);
	if (!done) {
		give_up(&p, err);
		err_wrap(err, "pull %s", p.x.name);
	}
	trace_end(&span, "pull %s: %s", p.x.name, done ? "done" : err->msg);
	pull_free(&p);
	ctrd_images_release(im);
	return done;
}
