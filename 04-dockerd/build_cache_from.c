/*
 * build_cache_from.c - see build.h: --cache-from, steps that an image has in it.
 *
 *     the stage so far   history a b    layers 1 2
 *     the image          history a b c  layers 1 2 3      c is the step's text: its layer is 3
 *
 * The text of COPY has the digest of what is copied in it, and that of RUN its arguments. Images that are not here are
 * passed over, as by the classic builder.
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "build.h"
#include "images.h"

void cache_from_open(struct build *b)
{
	json_t *ref;
	size_t i;

	b->cache_images = json_array();
	json_array_foreach(b->o.cache_from, i, ref) {
		AUTO_FREE char *name = NULL;
		struct err ignored;
		json_t *image = dockerd_image_resolve(b->d, json_string_value(ref), &name, &ignored);

		if (image)
			json_array_append_new(b->cache_images, image);
	}
}

static bool is_empty(const json_t *entry)
{
	return jsonx_bool(entry, "empty_layer", false);
}

/* Does `longer` begin as the other does, and go on? */
static bool begins_with(const json_t *longer, const json_t *begin, bool (*same)(const json_t *, const json_t *))
{
	size_t n = json_array_size(begin);

	if (json_array_size(longer) < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!same(json_array_get(longer, i), json_array_get(begin, i)))
			return false;
	return true;
}

static bool same_entry(const json_t *a, const json_t *b)
{
	return !strcmp(jsonx_str(a, "created_by", ""), jsonx_str(b, "created_by", "")) && is_empty(a) == is_empty(b);
}

static bool same_id(const json_t *a, const json_t *b)
{
	return json_equal(a, b);
}

static json_t *find_in(const struct stage *s, const json_t *image, const char *text)
{
	const json_t *history = jsonx_at(image, "config.history"), *ours = json_object_get(s->doc, "history");
	const json_t *ids = jsonx_at(image, "config.rootfs.diff_ids"), *ours_ids = jsonx_at(s->doc, "rootfs.diff_ids");
	const json_t *next = json_array_get(history, json_array_size(ours));
	size_t n = json_array_size(ours_ids);
	json_t *layer = json_array_get(jsonx_at(image, "manifest.layers"), n), *id = json_array_get(ids, n);

	if (!next || strcmp(jsonx_str(next, "created_by", ""), text) || !begins_with(history, ours, same_entry) ||
	    !begins_with(ids, ours_ids, same_id))
		return NULL;
	if (is_empty(next))
		return json_pack("{s:s, s:n}", "created", jsonx_str(next, "created", ""), "layer");
	return json_pack("{s:s, s:O, s:O, s:I}", "created", jsonx_str(next, "created", ""), "layer", layer, "diffID", id,
			 "size", jsonx_int(layer, "size", 0));
}

json_t *cache_from_find(const struct stage *s, const char *text)
{
	json_t *image, *found;
	size_t i;

	json_array_foreach(s->b->cache_images, i, image)
		if ((found = find_in(s, image, text)))
			return found;
	return NULL;
}
