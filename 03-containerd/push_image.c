/*
 * push_image.c - from a name in the store to a registry: blobs, then the
 * manifests that name them, the tag last (distribution-spec: a registry may refuse
 * a manifest whose blobs it does not have).
 */
#include "transfer_private.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "manifest.h"

#define NESTING_MAX 4
#define MOUNTS_MAX 8 /* token services count, too */

struct push {
	struct transfer x;
	struct ctrd_registry *registry;
	const json_t *blobs; /* of the manifest at hand */
	struct strlist from; /* repositories that blobs may be mounted from */
};

struct push_meter {
	struct push *p;
	const char *digest;
	int64_t size, told;
};

static void sent(void *arg, uint64_t offset)
{
	struct push_meter *m = arg;

	if ((int64_t)offset - m->told < (1 << 20) && (int64_t)offset != m->size)
		return;
	m->told = (int64_t)offset;
	transfer_emit_layer(&m->p->x, m->digest, "uploading", m->told, m->size);
}

/* Where it is now, others can have it from. */
static void done_with(struct push *p, const char *digest, const char *status, int64_t size)
{
	content_add_source(ctrd_images_content(p->x.im), digest, p->x.ref.domain, p->x.ref.path);
	transfer_emit_layer(&p->x, digest, status, size, size > 0 ? size : -1);
}

static int send_blob(struct push *p, const char *digest, struct err *err)
{
	struct content *content = ctrd_images_content(p->x.im);
	AUTO_FREE char *from = content_source(content, digest, p->x.ref.domain, p->x.ref.path);
	struct push_meter m = { p, digest, 0, 0 };
	struct ctrd_upload u = { .digest = digest, .mount_from = from, .sent = sent, .arg = &m };
	AUTO_CLOSE int fd = content_reader(content, digest, &u.size, err);
	bool mounted;

	u.fd = fd;
	m.size = (int64_t)u.size;
	if (fd < 0 || ctrd_push_blob(p->registry, &u, &mounted, err))
		return -1;
	done_with(p, digest, mounted ? "mounted" : "complete", m.size);
	return 0;
}

static int push_blob(void *arg, size_t i, struct err *err)
{
	struct push *p = arg;
	const json_t *descriptor = json_array_get(p->blobs, i);
	const char *digest = ctrd_descriptor_digest(descriptor);
	bool exists = false;

	if (transfer_foreign(descriptor)) {
		transfer_emit_layer(&p->x, digest, "skipped", 0, -1);
		return 0;
	}
	if (ctrd_push_exists(p->registry, digest, &exists, err))
		return -1;
	if (!exists)
		return send_blob(p, digest, err) ? err_wrap(err, "push %.19s", digest) : 0;
	done_with(p, digest, "exists", 0);
	return 0;
}

static int push_blobs(struct push *p, const json_t *manifest, struct err *err)
{
	AUTO_JSON json_t *blobs = json_deep_copy(json_object_get(manifest, "layers"));
	json_t *d;
	size_t i;

	json_array_append(blobs, json_object_get(manifest, "config"));
	p->blobs = blobs;
	json_array_foreach(blobs, i, d)
		transfer_emit_layer(&p->x, ctrd_descriptor_digest(d), "waiting", 0,
				    jsonx_int(d, "size", 0));
	transfer_parallel(&p->x, json_array_size(blobs), push_blob, p);
	if (p->x.failed)
		*err = p->x.err;
	return p->x.failed ? -1 : 0;
}

static int push_document(struct push *p, const json_t *descriptor, const char *reference,
			 int depth, struct err *err)
{
	AUTO_JSON json_t *doc = ctrd_doc_load(ctrd_images_content(p->x.im), descriptor, err);
	AUTO_FREE char *body = NULL;
	json_t *child;
	size_t i, n;

	if (!doc)
		return -1;
	if (depth > NESTING_MAX)
		return err_set(err, ERR_INVALID, "indexes nested too deep");
	json_array_foreach(json_object_get(doc, "manifests"), i, child)
		if (push_document(p, child, ctrd_descriptor_digest(child), depth + 1, err))
			return -1;
	if (json_object_get(doc, "layers") && push_blobs(p, doc, err))
		return -1;
	body = content_read(ctrd_images_content(p->x.im), ctrd_descriptor_digest(descriptor),
			    MANIFEST_LIMIT, &n, err);
	return body ? ctrd_push_manifest(p->registry, reference,
					 jsonx_str(descriptor, "mediaType", ""), body, n, err)
		    : -1;
}

/* Is it here, or need it not be? */
static bool has(struct push *p, const json_t *d)
{
	return content_has(ctrd_images_content(p->x.im), ctrd_descriptor_digest(d), NULL) ||
	       transfer_foreign(d);
}

/* Whether all that the document names is in the store: an index was usually pulled for one
 * platform only. */
static bool whole(struct push *p, const json_t *descriptor, int depth)
{
	struct err ignored;
	AUTO_JSON json_t *doc = ctrd_doc_load(ctrd_images_content(p->x.im), descriptor, &ignored);
	json_t *d;
	size_t i;

	if (!doc || depth > NESTING_MAX)
		return false;
	json_array_foreach(json_object_get(doc, "manifests"), i, d)
		if (!whole(p, d, depth + 1))
			return false;
	json_array_foreach(json_object_get(doc, "layers"), i, d)
		if (!has(p, d))
			return false;
	d = json_object_get(doc, "config");
	return !d || has(p, d);
}

/* What to push: the whole index, or of an incomplete one the manifest that is here. */
static json_t *choose(struct push *p, struct err *err)
{
	const char *name = p->x.t->image ? p->x.t->image : p->x.name;
	AUTO_JSON json_t *image = ctrd_image_get(p->x.im, p->x.t->ns, name, err);
	AUTO_JSON json_t *resolved = NULL;
	json_t *target = json_object_get(image, "target");

	if (!image)
		return NULL;
	if (!p->x.t->platform && whole(p, target, 0))
		return json_incref(target);
	resolved = ctrd_image_resolve(p->x.im, p->x.t->ns, name, p->x.t->platform, err);
	return resolved ? json_incref(json_object_get(resolved, "manifestDescriptor")) : NULL;
}

static bool listed(const struct strlist *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i], s))
			return true;
	return false;
}

/* The token that is asked for must be good for all of them. */
static void list_mounts(struct push *p, const json_t *descriptor, int depth)
{
	struct err ignored;
	AUTO_JSON json_t *doc = ctrd_doc_load(ctrd_images_content(p->x.im), descriptor, &ignored);
	json_t *d;
	size_t i;

	json_array_foreach(json_object_get(doc, "manifests"), i, d)
		if (depth < NESTING_MAX)
			list_mounts(p, d, depth + 1);
	json_array_foreach(json_object_get(doc, "layers"), i, d) {
		AUTO_FREE char *from = content_source(ctrd_images_content(p->x.im),
						      ctrd_descriptor_digest(d), p->x.ref.domain,
						      p->x.ref.path);

		if (from && p->from.n < MOUNTS_MAX && !listed(&p->from, from))
			strlist_add(&p->from, from);
	}
}

static json_t *push(struct push *p, struct err *err)
{
	AUTO_JSON json_t *target = choose(p, err);
	json_t *done;

	if (!target)
		return NULL;
	list_mounts(p, target, 0);
	p->x.mount_from = (const char *const *)p->from.v;
	p->registry = transfer_source(&p->x, 0, err);
	if (!p->registry || push_document(p, target, *p->x.ref.tag ? p->x.ref.tag : p->x.ref.digest,
					  0, err))
		return NULL;
	done = json_pack("{s:s,s:s,s:O,s:b}", "status", "done", "name", p->x.name, "target", target,
			 "new", true);
	transfer_emit(&p->x, json_incref(done));
	return done;
}

json_t *ctrd_push(struct ctrd_images *im, const struct ctrd_transfer *t, struct err *err)
{
	struct trace_span span = trace_begin();
	struct push p = { 0 };
	json_t *done;

	if (transfer_init(&p.x, im, t, "pull,push", err))
		return NULL;
	ctrd_images_lease(im);
	done = push(&p, err);
	if (!done)
		err_wrap(err, "push %s", p.x.name);
	trace_end(&span, "push %s: %s", p.x.name, done ? "done" : err->msg);
	transfer_free(&p.x);
	strlist_free(&p.from);
	ctrd_images_release(im);
	return done;
}
