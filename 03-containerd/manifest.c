/*
 * manifest.c - see manifest.h.
 */
#include "manifest.h"

#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "platform.h"

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."
#define SCHEMA_1 "the image is in Docker's old format (schema 1), which is read no more: whoever " \
		 "has it must push it again with a newer Docker"

const char *const ctrd_manifest_types[] = {
	OCI "index.v1+json",
	OCI "manifest.v1+json",
	DOCKER "distribution.manifest.list.v2+json",
	DOCKER "distribution.manifest.v2+json",
	NULL,
};

enum ctrd_doc ctrd_doc_kind(const char *type)
{
	for (int i = 0; ctrd_manifest_types[i]; i++)
		if (!strcmp(type, ctrd_manifest_types[i]))
			return i % 2 ? CTRD_DOC_MANIFEST : CTRD_DOC_INDEX;
	return CTRD_DOC_OTHER;
}

int ctrd_doc_unknown(const char *type, struct err *err)
{
	if (str_starts(type, DOCKER "distribution.manifest.v1+"))
		return err_set(err, ERR_UNSUPPORTED, SCHEMA_1);
	return err_set(err, ERR_UNSUPPORTED, "manifest of the media type \"%.100s\"", type);
}

bool ctrd_layer_type(const char *type)
{
	static const char *const types[] = {
		OCI "layer.v1.tar", OCI "layer.v1.tar+gzip", OCI "layer.v1.tar+zstd",
		OCI "layer.nondistributable.v1.tar", OCI "layer.nondistributable.v1.tar+gzip",
		OCI "layer.nondistributable.v1.tar+zstd",
		DOCKER "image.rootfs.diff.tar", DOCKER "image.rootfs.diff.tar.gzip",
		DOCKER "image.rootfs.diff.tar.zstd",
		DOCKER "image.rootfs.foreign.diff.tar", DOCKER "image.rootfs.foreign.diff.tar.gzip",
		DOCKER "image.rootfs.foreign.diff.tar.zstd", NULL,
	};

	return words_have(types, type);
}

const char *ctrd_descriptor_digest(const json_t *d)
{
	return jsonx_str(d, "digest", "");
}

int ctrd_descriptor_check(const json_t *d, const char *what, struct err *err)
{
	if (!json_is_object(d))
		return err_set(err, ERR_INVALID, "%s: expected a descriptor", what);
	if (!digest_valid(ctrd_descriptor_digest(d)))
		return err_set(err, ERR_INVALID, "%s: invalid digest \"%.100s\"", what,
			       ctrd_descriptor_digest(d));
	if (!json_is_integer(json_object_get(d, "size")) || jsonx_int(d, "size", -1) < 0)
		return err_set(err, ERR_INVALID, "%s: invalid size", what);
	if (!*jsonx_str(d, "mediaType", ""))
		return err_set(err, ERR_INVALID, "%s: no media type", what);
	return 0;
}

static int check_list(const json_t *doc, const char *key, struct err *err)
{
	json_t *list = json_object_get(doc, key), *d;
	size_t i;

	if (!json_is_array(list))
		return err_set(err, ERR_INVALID, "no list of %s", key);
	json_array_foreach(list, i, d)
		if (ctrd_descriptor_check(d, key, err))
			return -1;
	return 0;
}

/* A document that is both an index and a manifest would be one thing to the scanner and
 * another to us (CVE-2021-41190): refused, as real containerd does. */
static int check(const json_t *doc, enum ctrd_doc kind, struct err *err)
{
	const char *type = jsonx_str(doc, "mediaType", "");
	bool index = kind == CTRD_DOC_INDEX;

	if (*type && ctrd_doc_kind(type) == CTRD_DOC_OTHER)
		return ctrd_doc_unknown(type, err);
	if (*type && ctrd_doc_kind(type) != kind)
		return err_set(err, ERR_INVALID, "its mediaType \"%.80s\" says something else", type);
	if (jsonx_int(doc, "schemaVersion", 2) == 1)
		return err_set(err, ERR_UNSUPPORTED, SCHEMA_1);
	if (jsonx_int(doc, "schemaVersion", 2) != 2)
		return err_set(err, ERR_UNSUPPORTED, "schema version %d",
			       (int)jsonx_int(doc, "schemaVersion", 2));
	if (index && (json_object_get(doc, "layers") || json_object_get(doc, "config")))
		return err_set(err, ERR_INVALID, "an index with layers");
	if (index)
		return check_list(doc, "manifests", err);
	if (json_object_get(doc, "manifests"))
		return err_set(err, ERR_INVALID, "a manifest with manifests");
	return ctrd_descriptor_check(json_object_get(doc, "config"), "config", err) ||
	       check_list(doc, "layers", err) ? -1 : 0;
}

json_t *ctrd_doc_parse(const char *text, size_t n, enum ctrd_doc kind, struct err *err)
{
	const char *what = kind == CTRD_DOC_INDEX ? "image index" : "image manifest";
	json_t *doc = jsonx_parse(text, n, what, err);

	if (doc && json_is_object(doc) && !check(doc, kind, err))
		return doc;
	if (doc && !json_is_object(doc))
		err_set(err, ERR_INVALID, "expected an object");
	if (doc) {
		err_wrap(err, "%s", what);
		json_decref(doc);
	}
	return NULL;
}

json_t *ctrd_doc_load(struct content *c, const json_t *descriptor, struct err *err)
{
	const char *type = jsonx_str(descriptor, "mediaType", "");
	enum ctrd_doc kind = ctrd_doc_kind(type);
	AUTO_FREE char *text = NULL;
	size_t n;

	if (kind == CTRD_DOC_OTHER) {
		ctrd_doc_unknown(type, err);
		return NULL;
	}
	text = content_read(c, ctrd_descriptor_digest(descriptor), MANIFEST_LIMIT, &n, err);
	return text ? ctrd_doc_parse(text, n, kind, err) : NULL;
}

json_t *ctrd_config_load(struct content *c, const json_t *descriptor, struct err *err)
{
	size_t n;
	AUTO_FREE char *text = content_read(c, ctrd_descriptor_digest(descriptor), CONFIG_LIMIT, &n,
					    err);
	json_t *doc = text ? jsonx_parse(text, n, "image config", err) : NULL;

	if (!doc || json_is_object(doc))
		return doc;
	json_decref(doc);
	err_set(err, ERR_INVALID, "image config: expected an object");
	return NULL;
}

json_t *ctrd_index_choose(const json_t *index, const char *platform, struct err *err)
{
	struct ctrd_platform want;
	json_t *best = NULL, *bare = NULL, *entry;
	int score = 0;
	size_t i;

	if (ctrd_platform_parse(platform, &want, err))
		return NULL;
	json_array_foreach(json_object_get(index, "manifests"), i, entry) {
		const json_t *have = json_object_get(entry, "platform");
		int s = ctrd_platform_score(&want, have);

		if (ctrd_doc_kind(jsonx_str(entry, "mediaType", "")) == CTRD_DOC_OTHER)
			continue;
		if (!have && !bare)
			bare = entry; /* an index that does not say */
		if (s > score) { /* the first of equals: image-index.md */
			score = s;
			best = entry;
		}
	}
	if (!best)
		best = bare;
	if (!best)
		err_set(err, ERR_NOT_FOUND, "no manifest for the platform %s/%s%s%s", want.os,
			want.arch, *want.variant ? "/" : "", want.variant);
	return best;
}

json_t *ctrd_config_diff_ids(const json_t *config, const json_t *manifest, struct err *err)
{
	json_t *ids = jsonx_at(config, "rootfs.diff_ids"), *id;
	size_t layers = json_array_size(json_object_get(manifest, "layers")), i;

	if (!json_is_array(ids) || json_array_size(ids) != layers) {
		err_set(err, ERR_INVALID, "image config: %zu diff IDs for %zu layers",
			json_array_size(ids), layers);
		return NULL;
	}
	json_array_foreach(ids, i, id)
		if (!json_is_string(id) || !digest_valid(json_string_value(id))) {
			err_set(err, ERR_INVALID, "image config: malformed diff ID");
			return NULL;
		}
	return ids;
}
