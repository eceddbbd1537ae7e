/*
 * import_docker.c - `docker save`'s manifest.json (import_private.h): a list of
 *
 *     {"Config": path, "RepoTags": [names] or null, "Layers": [paths, lowest first]}
 *
 * It has no digests; the config's diff IDs are what the layers are held to. From it a
 * manifest is made as a registry would have it.
 */
#include "import_private.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "manifest.h"

#define DOCKER "application/vnd.docker."

static json_t *descriptor(const json_t *file, const char *type)
{
	return json_pack("{s:s, s:O, s:O}", "mediaType", type, "digest",
			 json_object_get(file, "digest"), "size", json_object_get(file, "size"));
}

/* A plain layer's digest is its diff ID, so it is known now whether it is the right one; a
 * compressed one's is found when it is unpacked. */
static json_t *layers_of(const struct ctrd_importer *x, const json_t *image, const json_t *ids,
			 struct err *err)
{
	AUTO_JSON json_t *layers = json_array();
	json_t *path;
	size_t i;

	json_array_foreach(json_object_get(image, "Layers"), i, path) {
		const char *name = json_is_string(path) ? json_string_value(path) : "";
		const json_t *file = import_file(x, name, err);
		const char *id = json_string_value(json_array_get(ids, i));
		const char *packed = jsonx_str(file, "compression", "");
		AUTO_FREE char *type = xasprintf(DOCKER "image.rootfs.diff.tar%s%s", *packed ? "." : "",
						 packed);

		if (!file)
			return NULL;
		if (!*packed && (!id || strcmp(id, jsonx_str(file, "digest", "")))) {
			err_set(err, ERR_INVALID, "layer %.200s is not the one that the config names",
				name);
			return NULL;
		}
		json_array_append_new(layers, descriptor(file, type));
	}
	return steal_ptr(&layers);
}

static json_t *store_manifest(struct ctrd_importer *x, const json_t *config, const json_t *layers,
			      struct err *err)
{
	static const char type[] = DOCKER "distribution.manifest.v2+json";
	AUTO_JSON json_t *doc = json_pack("{s:i, s:s, s:O, s:O}", "schemaVersion", 2, "mediaType",
					  type, "config", config, "layers", layers);
	AUTO_FREE char *text = json_dumps(doc, JSON_COMPACT);
	char digest[DIGEST_SIZE];

	if (content_write(x->content, text, strlen(text), NULL, digest, err))
		return NULL;
	return json_pack("{s:s, s:s, s:I}", "mediaType", type, "digest", digest, "size",
			 (json_int_t)strlen(text));
}

static json_t *manifest_of(struct ctrd_importer *x, const json_t *image, struct err *err)
{
	const json_t *file = import_file(x, jsonx_str(image, "Config", ""), err);
	AUTO_JSON json_t *config = file ? descriptor(file, DOCKER "container.image.v1+json") : NULL;
	AUTO_JSON json_t *doc = config ? ctrd_config_load(x->content, config, err) : NULL;
	AUTO_JSON json_t *shape = json_pack("{s:O?}", "layers", json_object_get(image, "Layers"));
	json_t *ids = doc ? ctrd_config_diff_ids(doc, shape, err) : NULL;
	AUTO_JSON json_t *layers = ids ? layers_of(x, image, ids, err) : NULL;

	return layers ? store_manifest(x, config, layers, err) : NULL;
}

static int add_image(struct ctrd_importer *x, const json_t *image, struct err *err)
{
	AUTO_JSON json_t *target = json_is_object(image) ? manifest_of(x, image, err) : NULL;
	json_t *tags = json_object_get(image, "RepoTags"), *tag;
	size_t i;

	if (!json_is_object(image))
		return err_set(err, ERR_INVALID, "expected a list of images");
	if (!target)
		return -1;
	json_array_foreach(tags, i, tag)
		json_array_append_new(x->images, json_pack("{s:O, s:O}", "target", target, "name", tag));
	if (!i)
		json_array_append_new(x->images, json_pack("{s:O}", "target", target));
	return 0;
}

int import_docker(struct ctrd_importer *x, struct err *err)
{
	json_t *image;
	size_t i;

	json_array_foreach(x->docker, i, image)
		if (add_image(x, image, err))
			return err_wrap(err, "manifest.json");
	return i ? 0 : err_set(err, ERR_INVALID, "manifest.json: no images");
}
