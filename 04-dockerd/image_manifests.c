/*
 * image_manifests.c - "Manifests": what an image's index has in it, for which platforms, and what
 * of that is on this machine (images.h).
 *
 *     index ─┬─ manifest linux/amd64     kind "image": content (blobs) and unpacked (snapshots)
 *            ├─ manifest linux/arm64     the same, not here: Available is false
 *            └─ manifest unknown/unknown an "attestation" of one of the others
 */
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/manifest.h"
#include "container.h"
#include "images.h"

#define ATTESTATION "attestation-manifest"

static json_t *document(struct daemon *d, const char *digest)
{
	struct err ignored;
	size_t n = 0;
	AUTO_FREE char *text = ctrd_content_get(d->ctrd, digest, CONFIG_LIMIT, &n, &ignored);

	return text ? jsonx_parse(text, n, digest, &ignored) : NULL;
}

/* {digest: its size} of all blobs. */
static json_t *blobs(struct daemon *d)
{
	struct err ignored;
	AUTO_JSON json_t *list = ctrd_call(d->ctrd, "GET", "/v1/content", NULL, &ignored);
	json_t *out = json_object(), *v;
	size_t i;

	json_array_foreach(list, i, v)
		json_object_set(out, jsonx_str(v, "digest", ""), json_object_get(v, "size"));
	return out;
}

/* Adds what is here of a descriptor's blob; false where it is not. */
static bool add_blob(const json_t *have, const json_t *descriptor, json_int_t *size)
{
	json_t *n = json_object_get(have, jsonx_str(descriptor, "digest", ""));

	*size += json_integer_value(n);
	return n != NULL;
}

/* Of a manifest with all it names. */
static bool add_content(const json_t *have, const json_t *descriptor, const json_t *manifest,
			json_int_t *size)
{
	bool all = add_blob(have, descriptor, size);
	json_t *layer;
	size_t i;

	all &= manifest && add_blob(have, json_object_get(manifest, "config"), size);
	json_array_foreach(json_object_get(manifest, "layers"), i, layer)
		all &= add_blob(have, layer, size);
	return all;
}

static json_int_t unpacked(struct daemon *d, const json_t *config)
{
	const json_t *ids = jsonx_at(config, "rootfs.diff_ids");
	json_int_t size = 0;

	for (size_t n = 1; n <= json_array_size(ids); n++)
		size += dockerd_layer_size(d, ids, n);
	return size;
}

static json_t *users(struct daemon *d, const char *id)
{
	json_t *out = json_array();

	dockerd_lock(d);
	for (struct container *c = d->containers; c; c = c->next)
		if (!strcmp(c->image_id, id))
			json_array_append_new(out, json_string(c->id));
	dockerd_unlock(d);
	return out;
}

static json_t *platform(const json_t *descriptor, const json_t *config)
{
	const json_t *given = json_object_get(descriptor, "platform"), *from = given ? given : config;
	json_t *out = json_pack("{s:s, s:s}", "architecture", jsonx_str(from, "architecture", ""),
				"os", jsonx_str(from, "os", ""));

	if (*jsonx_str(from, "variant", ""))
		json_object_set(out, "variant", json_object_get(from, "variant"));
	return out;
}

static const char *kind_of(const json_t *descriptor)
{
	const char *type = jsonx_str(json_object_get(descriptor, "annotations"),
				     "vnd.docker.reference.type", "");
	const char *os = jsonx_str(json_object_get(descriptor, "platform"), "os", "");

	if (!strcmp(type, ATTESTATION))
		return "attestation";
	return strcmp(os, "unknown") ? "image" : "unknown";
}

static json_t *summary(struct daemon *d, const json_t *have, json_t *descriptor)
{
	const char *digest = jsonx_str(descriptor, "digest", ""), *kind = kind_of(descriptor);
	AUTO_JSON json_t *manifest = json_object_get(have, digest) ? document(d, digest) : NULL;
	const char *id = jsonx_str(json_object_get(manifest, "config"), "digest", "");
	AUTO_JSON json_t *config = json_object_get(have, id) ? document(d, id) : NULL;
	json_int_t content = 0, layers = 0;
	bool all = add_content(have, descriptor, manifest, &content);
	json_t *out = json_pack("{s:s, s:O, s:b, s:s}", "ID", digest, "Descriptor", descriptor,
				"Available", all, "Kind", kind);

	if (!strcmp(kind, "image")) {
		layers = unpacked(d, config);
		json_object_set_new(out, "ImageData",
				    json_pack("{s:o, s:o, s:{s:I}}", "Platform",
					      platform(descriptor, config), "Containers",
					      users(d, id), "Size", "Unpacked", layers));
	} else if (!strcmp(kind, "attestation")) {
		json_object_set_new(out, "AttestationData",
				    json_pack("{s:s}", "For",
					      jsonx_str(json_object_get(descriptor, "annotations"),
							"vnd.docker.reference.digest", "")));
	}
	json_object_set_new(out, "Size", json_pack("{s:I, s:I}", "Content", content, "Total",
						   content + layers));
	return out;
}

static json_t *manifests(struct daemon *d, const json_t *have, const json_t *target)
{
	bool is_index = ctrd_doc_kind(jsonx_str(target, "mediaType", "")) == CTRD_DOC_INDEX;
	AUTO_JSON json_t *index = is_index ? document(d, jsonx_str(target, "digest", "")) : NULL;
	json_t *out = json_array(), *child;
	size_t i;

	if (!is_index)
		json_array_append_new(out, summary(d, have, (json_t *)target));
	json_array_foreach(json_object_get(index, "manifests"), i, child)
		if (json_is_object(child))
			json_array_append_new(out, summary(d, have, child));
	return out;
}

json_t *dockerd_image_manifests(struct daemon *d, const json_t *target)
{
	AUTO_JSON json_t *have = blobs(d);

	return manifests(d, have, target);
}

void dockerd_images_manifests(struct daemon *d, json_t *list)
{
	AUTO_JSON json_t *have = blobs(d);
	json_t *s;
	size_t i;

	json_array_foreach(list, i, s)
		json_object_set_new(s, "Manifests", manifests(d, have, json_object_get(s, "Descriptor")));
}
