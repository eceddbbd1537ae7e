/*
 * export.c - names become an archive (archive.h): first the plan, then the bytes.
 */
#include "archive.h"

#include <string.h>
#include <tar.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "manifest.h"
#include "reference.h"

#define NESTING_MAX 4
#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"

struct ctrd_exporter {
	struct ctrd_images *im;
	struct content *content;
	json_t *blobs;    /* a set of digests */
	json_t *index;    /* index.json's manifests */
	json_t *manifest; /* manifest.json, or NULL */
	bool all;
};

void ctrd_export_free(struct ctrd_exporter *x)
{
	if (!x)
		return;
	json_decref(x->blobs);
	json_decref(x->index);
	json_decref(x->manifest);
	ctrd_images_release(x->im);
	free(x);
}

/* --- the plan ------------------------------------------------------------------------------ */

static int want_blob(struct ctrd_exporter *x, const json_t *descriptor, struct err *err)
{
	const char *digest = ctrd_descriptor_digest(descriptor);

	if (!content_has(x->content, digest, NULL))
		return err_set(err, ERR_NOT_FOUND, "blob %s is not in the store", digest);
	json_object_set_new(x->blobs, digest, json_true());
	return 0;
}

static int want_manifest(struct ctrd_exporter *x, const json_t *descriptor, struct err *err)
{
	AUTO_JSON json_t *doc = ctrd_doc_load(x->content, descriptor, err);
	json_t *layer;
	size_t i;

	if (!doc || want_blob(x, descriptor, err) ||
	    want_blob(x, json_object_get(doc, "config"), err))
		return -1;
	json_array_foreach(json_object_get(doc, "layers"), i, layer)
		if (want_blob(x, layer, err))
			return -1;
	return 0;
}

/* Of an index, the images that are in the store: a pull brings one of many. */
static int want_all(struct ctrd_exporter *x, const json_t *descriptor, int depth, struct err *err)
{
	AUTO_JSON json_t *doc = NULL;
	json_t *child;
	size_t i, found = 0;

	if (ctrd_doc_kind(jsonx_str(descriptor, "mediaType", "")) == CTRD_DOC_MANIFEST)
		return want_manifest(x, descriptor, err);
	if (depth == NESTING_MAX)
		return err_set(err, ERR_INVALID, "indexes nested too deep");
	doc = ctrd_doc_load(x->content, descriptor, err);
	if (!doc || want_blob(x, descriptor, err))
		return -1;
	json_array_foreach(json_object_get(doc, "manifests"), i, child) {
		if (!x->all && !content_has(x->content, ctrd_descriptor_digest(child), NULL))
			continue;
		found++;
		if (want_all(x, child, depth + 1, err))
			return -1;
	}
	return found ? 0 : err_set(err, ERR_NOT_FOUND, "no image of the index is in the store");
}

static void add_index_entry(struct ctrd_exporter *x, const json_t *descriptor, const char *name)
{
	json_t *entry = json_deep_copy(descriptor);
	struct reference ref;
	struct err ignored;
	json_t *notes = json_pack("{s:s}", "io.containerd.image.name", name);

	if (!reference_parse(name, &ref, &ignored) && *ref.tag)
		json_object_set_new(notes, "org.opencontainers.image.ref.name",
				    json_string(ref.tag));
	json_object_set_new(entry, "annotations", notes);
	json_array_append_new(x->index, entry);
}

static char *blob_path(const char *digest)
{
	return xasprintf("blobs/sha256/%s", strchr(digest, ':') + 1);
}

/* manifest.json has an image once, with all its tags. */
static json_t *docker_entry(struct ctrd_exporter *x, const char *config)
{
	json_t *entry;
	size_t i;

	json_array_foreach(x->manifest, i, entry)
		if (!strcmp(jsonx_str(entry, "Config", ""), config))
			return entry;
	entry = json_pack("{s:s, s:[], s:[]}", "Config", config, "RepoTags", "Layers");
	json_array_append_new(x->manifest, entry);
	return entry;
}

static void add_docker_entry(struct ctrd_exporter *x, const json_t *resolved, const char *name)
{
	const json_t *config = json_object_get(resolved, "configDescriptor");
	AUTO_FREE char *path = blob_path(ctrd_descriptor_digest(config)), *tag = NULL;
	json_t *entry = docker_entry(x, path), *layers = json_object_get(entry, "Layers"), *layer;
	bool first = !json_array_size(layers);
	struct reference ref;
	struct err ignored;
	size_t i;

	json_array_foreach(jsonx_at(resolved, "manifest.layers"), i, layer) {
		AUTO_FREE char *file = blob_path(ctrd_descriptor_digest(layer));

		if (first)
			json_array_append_new(layers, json_string(file));
	}
	if (reference_parse(name, &ref, &ignored) || !*ref.tag)
		return; /* a digest is no tag */
	*ref.digest = '\0';
	tag = reference_familiar(&ref);
	json_array_append_new(json_object_get(entry, "RepoTags"), json_string(tag));
}

static int plan_image(struct ctrd_exporter *x, const struct ctrd_export *e, const char *name,
		      struct err *err)
{
	AUTO_JSON json_t *image = ctrd_image_get(x->im, e->ns, name, err);
	const json_t *target = json_object_get(image, "target");
	AUTO_JSON json_t *resolved = NULL;

	if (!image)
		return -1;
	if (e->platform || x->manifest) {
		resolved = ctrd_image_resolve(x->im, e->ns, name, e->platform, err);
		if (!resolved)
			return -1;
	}
	if (e->platform)
		target = json_object_get(resolved, "manifestDescriptor");
	if (want_all(x, target, 0, err))
		return -1;
	add_index_entry(x, target, name);
	if (x->manifest)
		add_docker_entry(x, resolved, name);
	return 0;
}

struct ctrd_exporter *ctrd_export_open(struct ctrd_images *im, const struct ctrd_export *e,
				       struct err *err)
{
	struct ctrd_exporter *x = xcalloc(1, sizeof(*x));
	const json_t *name;
	size_t i;

	*x = (struct ctrd_exporter){ .im = im, .content = ctrd_images_content(im),
				     .blobs = json_object(), .index = json_array(),
				     .manifest = e->oci ? NULL : json_array(), .all = e->all };
	ctrd_images_lease(im);
	if (!json_array_size(e->names))
		err_set(err, ERR_INVALID, "no image is named");
	json_array_foreach(e->names, i, name)
		if (plan_image(x, e, json_is_string(name) ? json_string_value(name) : "", err)) {
			err_wrap(err, "export");
			ctrd_export_free(x);
			return NULL;
		}
	if (i)
		return x;
	ctrd_export_free(x);
	return NULL;
}

/* --- the bytes -------------------------------------------------------------------------------- */

static int write_dir(const struct ctrd_sink *out, const char *path, struct err *err)
{
	struct ctrd_tar_entry e = { .type = DIRTYPE, .path = path, .mode = 0755 };

	return ctrd_tar_header(out, &e, err);
}

static int write_blob(struct ctrd_exporter *x, const struct ctrd_sink *out, const char *digest,
		      struct err *err)
{
	AUTO_FREE char *path = blob_path(digest);
	struct ctrd_tar_entry e = { .type = REGTYPE, .path = path, .mode = 0444 };
	AUTO_CLOSE int fd = content_reader(x->content, digest, &e.size, err);

	return fd < 0 || ctrd_tar_header(out, &e, err) || ctrd_tar_data(out, fd, e.size, err) ? -1
											      : 0;
}

static int write_json(const struct ctrd_sink *out, const char *path, const json_t *doc,
		      struct err *err)
{
	AUTO_FREE char *text = json_dumps(doc, JSON_COMPACT);

	return ctrd_tar_file(out, path, text, strlen(text), err);
}

static int write_all(struct ctrd_exporter *x, const struct ctrd_sink *out, struct err *err)
{
	AUTO_JSON json_t *layout = json_pack("{s:s}", "imageLayoutVersion", "1.0.0");
	AUTO_JSON json_t *index = json_pack("{s:i, s:s, s:O}", "schemaVersion", 2, "mediaType",
					    INDEX_TYPE, "manifests", x->index);
	AUTO_FREE char *sorted = json_dumps(x->blobs, JSON_SORT_KEYS);
	AUTO_JSON json_t *blobs = json_loads(sorted, 0, NULL);
	const char *digest;
	json_t *v;

	/* The small ones first: whoever reads a stream then knows what is coming. */
	if (write_json(out, "oci-layout", layout, err) || write_json(out, "index.json", index, err) ||
	    (x->manifest && write_json(out, "manifest.json", x->manifest, err)) ||
	    write_dir(out, "blobs/", err) || write_dir(out, "blobs/sha256/", err))
		return -1;
	json_object_foreach(blobs, digest, v)
		if (write_blob(x, out, digest, err))
			return -1;
	return ctrd_tar_end(out, err);
}

int ctrd_export_write(struct ctrd_exporter *x, const struct ctrd_sink *out, struct err *err)
{
	return write_all(x, out, err) ? err_wrap(err, "export") : 0;
}
