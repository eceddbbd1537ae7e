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

struct push {
	struct transfer x;
	struct ctrd_registry *registry;
	const json_t *blobs; /* of the manifest at hand */
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

static int push_blob(void *arg, size_t i, struct err *err)
{
	struct push *p = arg;
	const char *digest = ctrd_descriptor_digest(json_array_get(p->blobs, i));
	struct push_meter m = { p, digest, 0, 0 };
	AUTO_CLOSE int fd = -1;
	bool exists = false;
	uint64_t size;

	if (ctrd_push_exists(p->registry, digest, &exists, err))
		return -1;
	if (exists) {
		transfer_emit_layer(&p->x, digest, "exists", 0, -1);
		return 0;
	}
	fd = content_reader(ctrd_images_content(p->x.im), digest, &size, err);
	m.size = (int64_t)size;
	if (fd < 0 || ctrd_push_blob(p->registry, digest, fd, size, sent, &m, err))
		return err_wrap(err, "push %.19s", digest);
	transfer_emit_layer(&p->x, digest, "complete", m.size, m.size);
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

/* Whether all that the document names is in the store: an index was usually pulled for one
 * platform only. */
static bool whole(struct push *p, const json_t *descriptor)
{
	struct err ignored;
	AUTO_JSON json_t *doc = ctrd_doc_load(ctrd_images_content(p->x.im), descriptor, &ignored);
	static const char *const lists[] = { "manifests", "layers" };
	json_t *d;
	size_t i;

	for (size_t k = 0; doc && k < 2; k++)
		json_array_foreach(json_object_get(doc, lists[k]), i, d)
			if (k ? !content_has(ctrd_images_content(p->x.im),
					     ctrd_descriptor_digest(d), NULL)
			      : !whole(p, d))
				return false;
	d = json_object_get(doc, "config");
	return doc && (!d || content_has(ctrd_images_content(p->x.im), ctrd_descriptor_digest(d),
					 NULL));
}

/* What to push: the whole index, or of an incomplete one the manifest that is here. */
static json_t *choose(struct push *p, struct err *err)
{
	AUTO_JSON json_t *image = ctrd_image_get(p->x.im, p->x.t->ns, p->x.name, err);
	AUTO_JSON json_t *resolved = NULL;
	json_t *target = json_object_get(image, "target");

	if (!image)
		return NULL;
	if (!p->x.t->platform && whole(p, target))
		return json_incref(target);
	resolved = ctrd_image_resolve(p->x.im, p->x.t->ns, p->x.name, p->x.t->platform, err);
	return resolved ? json_incref(json_object_get(resolved, "manifestDescriptor")) : NULL;
}

static json_t *push(struct push *p, struct err *err)
{
	AUTO_JSON json_t *target = choose(p, err);
	json_t *done;

	if (!target)
		return NULL;
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
	ctrd_images_release(im);
	return done;
}
