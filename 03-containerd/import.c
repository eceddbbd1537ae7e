/*
 * import.c - what an archive that was read means: images, checked, unpacked, named.
 *
 * index.json counts where there is one (Docker 25 writes both): it has digests. The names
 * come last, each after all that it means is there.
 */
#include "import_private.h"

#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "manifest.h"
#include "reference.h"

#define NESTING_MAX 4
#define IMAGE_NAME "io.containerd.image.name"
#define REF_NAME "org.opencontainers.image.ref.name"

/* --- is it all there? ---------------------------------------------------------------------- */

static int check_blob(struct ctrd_importer *x, const json_t *descriptor, struct err *err)
{
	const char *digest = ctrd_descriptor_digest(descriptor);
	uint64_t size;

	if (!content_has(x->content, digest, &size))
		return err_set(err, ERR_INVALID, "the archive lacks the blob %s", digest);
	if ((json_int_t)size != jsonx_int(descriptor, "size", -1))
		return err_set(err, ERR_INVALID, "blob %s has %llu bytes instead of %lld", digest,
			       (unsigned long long)size,
			       (long long)jsonx_int(descriptor, "size", -1));
	return 0;
}

static int check_list(struct ctrd_importer *x, const json_t *list, struct err *err)
{
	json_t *d;
	size_t i;

	json_array_foreach(list, i, d)
		if (check_blob(x, d, err))
			return -1;
	return 0;
}

/* An index may name images for other machines that were not exported; one that is there is
 * there as a whole. */
static int check_tree(struct ctrd_importer *x, const json_t *descriptor, int depth, struct err *err)
{
	AUTO_JSON json_t *doc = NULL;
	json_t *child;
	size_t i;

	if (check_blob(x, descriptor, err))
		return -1;
	doc = ctrd_doc_load(x->content, descriptor, err);
	if (!doc)
		return -1;
	if (json_object_get(doc, "config"))
		return check_blob(x, json_object_get(doc, "config"), err) ||
		       check_list(x, json_object_get(doc, "layers"), err) ? -1 : 0;
	if (depth == NESTING_MAX)
		return err_set(err, ERR_INVALID, "indexes nested too deep");
	json_array_foreach(json_object_get(doc, "manifests"), i, child)
		if (content_has(x->content, ctrd_descriptor_digest(child), NULL) &&
		    check_tree(x, child, depth + 1, err))
			return -1;
	return 0;
}

/* --- index.json -------------------------------------------------------------------------------- */

static int add_entry(struct ctrd_importer *x, json_t *entry, struct err *err)
{
	json_t *notes = json_object_get(entry, "annotations"), *target, *image;
	const char *name = jsonx_str(notes, IMAGE_NAME, jsonx_str(notes, REF_NAME, NULL));

	if (ctrd_descriptor_check(entry, "index.json", err))
		return -1;
	target = json_pack("{s:O, s:O, s:O}", "mediaType", json_object_get(entry, "mediaType"),
			   "digest", json_object_get(entry, "digest"), "size",
			   json_object_get(entry, "size"));
	if (json_is_object(json_object_get(entry, "platform")))
		json_object_set(target, "platform", json_object_get(entry, "platform"));
	image = json_pack("{s:o}", "target", target);
	if (name)
		json_object_set_new(image, "name", json_string(name));
	json_array_append_new(x->images, image);
	return 0;
}

static int import_layout(struct ctrd_importer *x, struct err *err)
{
	const char *version = jsonx_str(x->layout, "imageLayoutVersion", "");
	json_t *list = json_object_get(x->index, "manifests"), *entry;
	size_t i;

	if (strcmp(version, "1.0.0"))
		return err_set(err, ERR_UNSUPPORTED, "oci-layout: version \"%.20s\"", version);
	if (!json_is_array(list) || !json_array_size(list))
		return err_set(err, ERR_INVALID, "index.json: no images");
	json_array_foreach(list, i, entry)
		if (add_entry(x, entry, err))
			return -1;
	return 0;
}

/* --- names --------------------------------------------------------------------------------------- */

/* "<base>:<tag>", "<base>@<digest>" as a full name. */
static char *based_name(const struct ctrd_import *i, char separator, const char *rest, struct err *err)
{
	AUTO_FREE char *whole = NULL;
	char today[32] = "";
	struct reference ref;
	time_t now = time(NULL);
	struct tm tm;

	strftime(today, sizeof(today), "import-%Y-%m-%d", gmtime_r(&now, &tm));
	whole = xasprintf("%s%c%s", i->base ? i->base : today, separator, rest);
	return reference_parse(whole, &ref, err) ? NULL : reference_full(&ref);
}

/* The image's full name. A bare tag gets a base, as `ctr images import` does it; what has no
 * name at all is called after its digest. */
static char *full_name(const struct ctrd_import *i, const json_t *image, struct err *err)
{
	const json_t *name = json_object_get(image, "name");
	const char *text = json_is_string(name) ? json_string_value(name) : "";
	struct reference ref;

	if (strpbrk(text, "/:@"))
		return reference_parse(text, &ref, err) ? NULL : reference_full(&ref);
	if (*text)
		return based_name(i, ':', text, err);
	return based_name(i, '@', ctrd_descriptor_digest(json_object_get(image, "target")), err);
}

static int tell(const struct ctrd_import *i, json_t *event, struct err *err)
{
	AUTO_JSON json_t *own = event;

	if (i->progress && i->progress(i->arg, own))
		return err_set(err, ERR_CANCELLED, "cancelled");
	return 0;
}

static int record(struct ctrd_importer *x, const struct ctrd_import *i, const json_t *target,
		  const char *name, struct err *err)
{
	bool created = false;

	if (ctrd_image_put(x->im, i->ns, name, target, NULL, &created, err))
		return -1;
	return tell(i, json_pack("{s:s, s:s, s:O, s:b}", "status", "imported", "name", name,
				 "target", target, "new", created), err);
}

static int record_digest(struct ctrd_importer *x, const struct ctrd_import *i, const json_t *target,
			 struct err *err)
{
	AUTO_FREE char *name = based_name(i, '@', ctrd_descriptor_digest(target), err);

	return name ? record(x, i, target, name, err) : -1;
}

static int finish_image(struct ctrd_importer *x, const struct ctrd_import *i, const json_t *image,
			json_t *names, struct err *err)
{
	const json_t *target = json_object_get(image, "target");
	AUTO_FREE char *name = full_name(i, image, err);
	AUTO_JSON json_t *resolved = NULL;

	if (!name)
		return -1;
	if (check_tree(x, target, 0, err))
		return err_wrap(err, "%s", name);
	if (!i->no_unpack) {
		resolved = ctrd_target_resolve(x->im, target, i->platform, err);
		if (!resolved ||
		    ctrd_image_unpack(x->im, json_object_get(resolved, "manifest"),
				      json_object_get(resolved, "config"), i->progress, i->arg, err))
			return err_wrap(err, "%s", name);
	}
	json_array_append_new(names, json_string(name));
	if (i->digests && record_digest(x, i, target, err))
		return -1;
	return record(x, i, target, name, err);
}

static int list_images(struct ctrd_importer *x, struct err *err)
{
	return x->index && x->layout ? import_layout(x, err) : import_docker(x, err);
}

const json_t *ctrd_import_images(struct ctrd_importer *x, struct err *err)
{
	json_t *image;
	size_t n;

	if (list_images(x, err))
		return NULL;
	json_array_foreach(x->images, n, image)
		if (check_tree(x, json_object_get(image, "target"), 0, err)) {
			err_wrap(err, "%s", jsonx_str(image, "name", "an image without a name"));
			return NULL;
		}
	return x->images;
}

static json_t *finish(struct ctrd_importer *x, const struct ctrd_import *i, struct err *err)
{
	AUTO_JSON json_t *names = json_array();
	json_t *image;
	size_t n;

	if (list_images(x, err))
		return NULL;
	json_array_foreach(x->images, n, image)
		if (finish_image(x, i, image, names, err))
			return NULL;
	return json_pack("{s:s, s:O}", "status", "done", "images", names);
}

json_t *ctrd_import_finish(struct ctrd_importer *x, const struct ctrd_import *i, struct err *err)
{
	json_t *done = finish(x, i, err);

	if (!done && err->kind == ERR_CORRUPT)
		err->kind = ERR_INVALID; /* the archive is, not the store */
	if (!done)
		err_wrap(err, "import");
	return done;
}
