/*
 * images_resolve.c - from a name to what can be run: manifest, config, chain ID.
 */
#include "images_private.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "manifest.h"

#define NESTING_MAX 4 /* an index may list indexes */

int ctrd_chain_id(const json_t *diff_ids, size_t n, char out[DIGEST_SIZE], struct err *err)
{
	*out = '\0';
	for (size_t i = 0; i < n; i++) {
		const char *id = json_string_value(json_array_get(diff_ids, i));
		char both[2 * DIGEST_SIZE];

		if (!id || !digest_valid(id))
			return err_set(err, ERR_INVALID, "malformed diff ID");
		if (!i) {
			strcpy(out, id);
			continue;
		}
		snprintf(both, sizeof(both), "%s %s", out, id);
		digest_of(both, strlen(both), out);
	}
	return 0;
}

/* Of an index, the entry for the platform; where none was asked for and this machine's
 * is not in the store, whichever is (somebody pulled it on purpose). */
static json_t *choose(struct ctrd_images *im, const json_t *index, const char *platform,
		      struct err *err)
{
	json_t *best = ctrd_index_choose(index, platform, err), *entry;
	size_t i;

	if ((best && content_has(im->content, ctrd_descriptor_digest(best), NULL)) || platform)
		return best;
	json_array_foreach(json_object_get(index, "manifests"), i, entry)
		if (ctrd_doc_kind(jsonx_str(entry, "mediaType", "")) != CTRD_DOC_OTHER &&
		    strcmp(jsonx_str(json_object_get(entry, "platform"), "os", ""), "unknown") &&
		    content_has(im->content, ctrd_descriptor_digest(entry), NULL))
			return entry;
	return best;
}

/* Follow indexes to a manifest; *descriptor (new) is what led there. */
static json_t *find_manifest(struct ctrd_images *im, const json_t *target, const char *platform,
			     json_t **descriptor, struct err *err)
{
	*descriptor = json_deep_copy(target);
	for (int depth = 0; depth < NESTING_MAX; depth++) {
		json_t *doc = ctrd_doc_load(im->content, *descriptor, err), *entry;

		if (!doc || ctrd_doc_kind(jsonx_str(*descriptor, "mediaType", "")) ==
				    CTRD_DOC_MANIFEST)
			return doc;
		entry = choose(im, doc, platform, err);
		if (entry) {
			json_decref(*descriptor);
			*descriptor = json_deep_copy(entry);
		}
		json_decref(doc);
		if (!entry)
			return NULL;
	}
	err_set(err, ERR_INVALID, "indexes nested too deep");
	return NULL;
}

static json_int_t image_size(const json_t *descriptor, const json_t *manifest)
{
	json_int_t size = jsonx_int(descriptor, "size", 0) +
			  jsonx_int(json_object_get(manifest, "config"), "size", 0);
	json_t *layer;
	size_t i;

	json_array_foreach(json_object_get(manifest, "layers"), i, layer)
		size += jsonx_int(layer, "size", 0);
	return size;
}

static json_t *describe(struct ctrd_images *im, const json_t *image, json_t *descriptor,
			json_t *manifest, struct err *err)
{
	json_t *config_descriptor = json_object_get(manifest, "config"), *ids;
	AUTO_JSON json_t *config = ctrd_config_load(im->content, config_descriptor, err);
	struct ctrd_usage usage = { 0, 0 };
	char chain[DIGEST_SIZE];
	struct err ignored;
	bool unpacked;

	ids = config ? ctrd_config_diff_ids(config, manifest, err) : NULL;
	if (!ids || ctrd_chain_id(ids, json_array_size(ids), chain, err))
		return NULL;
	unpacked = !*chain || ctrd_snapshot_exists(im->snapshots, chain);
	if (unpacked && *chain)
		ctrd_snapshot_chain_usage(im->snapshots, chain, &usage, &ignored);
	return json_pack("{s:O*,s:O,s:O,s:O,s:O,s:O,s:s,s:I,s:b,s:I}", "name",
			 json_object_get(image, "name"), "target", json_object_get(image, "target"),
			 "manifestDescriptor", descriptor, "manifest", manifest,
			 "configDescriptor", config_descriptor, "config", config, "chainID", chain,
			 "size", image_size(descriptor, manifest), "unpacked", unpacked,
			 "snapshotSize", (json_int_t)usage.size);
}

static json_t *resolve(struct ctrd_images *im, const json_t *image, const char *platform,
		       struct err *err)
{
	AUTO_JSON json_t *descriptor = NULL;
	AUTO_JSON json_t *manifest = find_manifest(im, json_object_get(image, "target"),
						   platform && *platform ? platform : NULL,
						   &descriptor, err);

	return manifest ? describe(im, image, descriptor, manifest, err) : NULL;
}

json_t *ctrd_image_resolve(struct ctrd_images *im, const char *ns, const char *name,
			   const char *platform, struct err *err)
{
	AUTO_JSON json_t *image = ctrd_image_get(im, ns, name, err);
	json_t *answer = image ? resolve(im, image, platform, err) : NULL;

	if (image && !answer)
		err_wrap(err, "image %.200s", name);
	return answer;
}

json_t *ctrd_target_resolve(struct ctrd_images *im, const json_t *target, const char *platform,
			    struct err *err)
{
	AUTO_JSON json_t *image = json_object();

	json_object_set(image, "target", (json_t *)target);
	return resolve(im, image, platform, err);
}
