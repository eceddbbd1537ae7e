/*
 * ctr_images_list.c - images ls and check (ctr.h).
 */
#include "ctr.h"

#include <stdio.h>
#include <string.h>

#define INDEX_MAX ((size_t)4 << 20)

static json_t *resolve(struct ctr *c, const char *name, struct err *err)
{
	AUTO_FREE char *escaped = ctrd_escape(name);

	return ctr_call(c, "GET", NULL, err, "/v1/resolve/%s", escaped);
}

/* --- ls ----------------------------------------------------------------------------------- */

static void add_platform(struct strbuf *sb, const json_t *platform)
{
	const char *os = jsonx_str(platform, "os", ""), *variant = jsonx_str(platform, "variant", "");

	if (!*os || !strcmp(os, "unknown")) /* of what is no image: attestations */
		return;
	strbuf_addf(sb, "%s%s/%s%s%s", sb->len ? "," : "", os, jsonx_str(platform, "architecture", ""),
		    *variant ? "/" : "", variant);
}

/* What an index lists, or what the image's config says. */
static char *platforms_of(struct ctr *c, const json_t *target, const json_t *resolved)
{
	AUTO_FREE char *digest = ctrd_escape(jsonx_str(target, "digest", ""));
	struct strbuf sb = STRBUF_INIT;
	struct err ignored;
	size_t n = 0, i;
	AUTO_FREE char *text = ctrd_content_get(c->client, digest, INDEX_MAX, &n, &ignored);
	AUTO_JSON json_t *doc = text ? jsonx_parse(text, n, "index", &ignored) : NULL;
	json_t *entry;

	json_array_foreach(json_object_get(doc, "manifests"), i, entry)
		add_platform(&sb, json_object_get(entry, "platform"));
	if (!sb.len)
		add_platform(&sb, json_object_get(resolved, "config"));
	if (!sb.len)
		strbuf_addc(&sb, '-');
	return strbuf_steal(&sb);
}

/* As the real one counts: all that is here for this platform, with the index that led to it. */
static char *size_of(const json_t *target, const json_t *resolved)
{
	const char *digest = jsonx_str(target, "digest", "");
	const json_t *manifest = json_object_get(resolved, "manifestDescriptor");
	json_int_t index = strcmp(jsonx_str(manifest, "digest", ""), digest)
				   ? jsonx_int(target, "size", 0) : 0;

	return resolved ? ctr_size(jsonx_int(resolved, "size", 0) + index) : xstrdup("-");
}

static void list_one(struct ctr *c, struct ctr_table *t, const json_t *image)
{
	const char *name = jsonx_str(image, "name", "");
	const json_t *target = json_object_get(image, "target");
	struct err err;
	AUTO_JSON json_t *resolved = resolve(c, name, &err);
	AUTO_FREE char *size = size_of(target, resolved);
	AUTO_FREE char *platforms = platforms_of(c, target, resolved);
	AUTO_FREE char *labels = ctr_labels_text(image);

	ctr_table_row(t, name, jsonx_str(target, "mediaType", ""), jsonx_str(target, "digest", ""), size,
		      platforms, labels);
}

int ctr_images_list(struct ctr *c, int argc, char **argv)
{
	static const struct ctr_listing l = { "/v1/images", "name", { "REF", "TYPE", "DIGEST", "SIZE", "PLATFORMS", "LABELS" }, list_one };

	return ctr_list_show(c, argc, argv, &l);
}

/* --- check --------------------------------------------------------------------------------- */

struct check {
	const json_t *blobs; /* the store's, digest -> size */
	size_t have, want;
	json_int_t have_bytes, want_bytes;
};

static void count(struct check *k, const json_t *descriptor)
{
	json_int_t size = jsonx_int(descriptor, "size", 0);

	k->want++;
	k->want_bytes += size;
	if (!json_object_get(k->blobs, jsonx_str(descriptor, "digest", "")))
		return;
	k->have++;
	k->have_bytes += size;
}

/* As the real one counts: the config and the layers. */
static void check_one(struct ctr *c, struct ctr_table *t, const json_t *image, const json_t *blobs)
{
	const char *name = jsonx_str(image, "name", "");
	const json_t *target = json_object_get(image, "target");
	struct check k = { .blobs = blobs };
	AUTO_FREE char *status = NULL, *size = NULL, *have = NULL, *want = NULL;
	struct err err;
	AUTO_JSON json_t *resolved = resolve(c, name, &err);
	json_t *layer;
	size_t i;

	if (resolved)
		count(&k, json_object_get(resolved, "configDescriptor"));
	json_array_foreach(jsonx_at(resolved, "manifest.layers"), i, layer)
		count(&k, layer);
	have = ctr_size(k.have_bytes);
	want = ctr_size(k.want_bytes);
	size = resolved ? xasprintf("%s/%s", have, want) : xstrdup("-");
	status = resolved ? xasprintf("%s (%zu/%zu)", k.have == k.want ? "complete" : "incomplete",
				      k.have, k.want) : xstrdup("incomplete");
	ctr_table_row(t, name, jsonx_str(target, "mediaType", ""), jsonx_str(target, "digest", ""),
		      status, size, jsonx_bool(resolved, "unpacked", false) ? "true" : "false");
}

static json_t *blobs_by_digest(struct ctr *c, struct err *err)
{
	AUTO_JSON json_t *list = ctr_call(c, "GET", NULL, err, "/v1/content");
	json_t *blobs, *blob;
	size_t i;

	if (!list)
		return NULL;
	blobs = json_object();
	json_array_foreach(list, i, blob)
		json_object_set(blobs, jsonx_str(blob, "digest", ""), json_object_get(blob, "size"));
	return blobs;
}

int ctr_images_check(struct ctr *c, int argc, char **argv)
{
	struct ctr_table t = { .columns = 6 };
	bool quiet;
	struct err err;
	AUTO_JSON json_t *list = ctr_list(c, argc, argv, "/v1/images", &quiet, &err);
	AUTO_JSON json_t *blobs = NULL;
	json_t *image;
	size_t i;

	if (!list)
		return ctr_list_failed(c, &err);
	blobs = blobs_by_digest(c, &err);
	if (!blobs)
		return ctr_fail(&err);
	ctr_table_row(&t, "REF", "TYPE", "DIGEST", "STATUS", "SIZE", "UNPACKED");
	json_array_foreach(list, i, image) {
		if (quiet)
			puts(jsonx_str(image, "name", ""));
		else
			check_one(c, &t, image, blobs);
	}
	ctr_table_end(&t, quiet);
	return 0;
}
