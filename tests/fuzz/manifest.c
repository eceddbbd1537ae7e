/*
 * manifest.c - an index or a manifest out of a registry, and an image's configuration (ctrd_doc_parse, and
 * what is asked of its result).
 *
 * The input: a byte, then the document.
 */
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/manifest.h"
#include "fuzz.h"

/* Whoever goes on with a document relies on these. */
static void check_descriptor(const json_t *d)
{
	MUST(digest_valid(ctrd_descriptor_digest(d)));
	MUST(jsonx_int(d, "size", -1) >= 0);
}

static void check_index(const json_t *doc)
{
	struct err err;
	json_t *entry = ctrd_index_choose(doc, "linux/amd64", &err);

	if (entry)
		check_descriptor(entry);
	else
		MUST(err.kind && *err.msg);
}

static void check_manifest(const json_t *doc)
{
	size_t i;
	json_t *d;
	struct err err;

	check_descriptor(json_object_get(doc, "config"));
	json_array_foreach(json_object_get(doc, "layers"), i, d) {
		check_descriptor(d);
		ctrd_layer_type(jsonx_str(d, "mediaType", ""));
	}
	/* The document once more, as if it were the configuration. */
	d = ctrd_config_diff_ids(doc, doc, &err);
	MUST(!d || json_array_size(d) == json_array_size(json_object_get(doc, "layers")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum ctrd_doc kind;
	struct err err;
	json_t *doc;

	if (!size)
		return 0;
	kind = data[0] & 1 ? CTRD_DOC_INDEX : CTRD_DOC_MANIFEST;
	doc = ctrd_doc_parse((const char *)data + 1, size - 1, kind, &err);
	if (!doc) {
		MUST(err.kind && *err.msg);
		return 0;
	}
	if (kind == CTRD_DOC_INDEX)
		check_index(doc);
	else
		check_manifest(doc);
	json_decref(doc);
	return 0;
}
