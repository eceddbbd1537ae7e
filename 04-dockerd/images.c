/*
 * images.c - see images.h: looking up.
 */
#include "images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/images.h"
#include "03-containerd/reference.h"
#include "names.h"

static json_t *resolve(struct daemon *d, const char *name, struct err *err)
{
	AUTO_FREE char *escaped = ctrd_escape(name);
	AUTO_FREE char *path = xasprintf("/v1/resolve/%s", escaped);

	return ctrd_call(d->ctrd, "GET", path, NULL, err);
}

static const char *id_of(const json_t *resolved)
{
	return json_string_value(jsonx_at(resolved, "configDescriptor.digest"));
}

/* An image that cannot be asked about has not gone: containerd's absence is an error. */
int dockerd_images_load(struct daemon *d, struct image_names *all, struct err *err)
{
	AUTO_JSON json_t *list = ctrd_call(d->ctrd, "GET", "/v1/images", NULL, err);
	json_t *row;
	size_t i;

	*all = (struct image_names){ NULL, 0 };
	if (!list)
		return -1;
	all->v = xcalloc(json_array_size(list) + 1, sizeof *all->v);
	json_array_foreach(list, i, row) {
		const char *name = jsonx_str(row, "name", "");
		struct err why = { 0 };
		json_t *doc = resolve(d, name, &why);

		if (doc && id_of(doc)) {
			all->v[all->n++] = (struct image_name){ xstrdup(name), doc, id_of(doc) };
		} else if (!doc && why.kind == ERR_UNAVAILABLE) {
			dockerd_images_free(all);
			*err = why;
			return -1;
		} else {
			/* Gone since, or of another platform: not an image of this machine. */
			log_debug("image %s: %s", name, doc ? "no config" : why.msg);
			json_decref(doc);
		}
	}
	return 0;
}

void dockerd_images_free(struct image_names *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free(all->v[i].name);
		json_decref(all->v[i].resolved);
	}
	free(all->v);
}

/* --- matching -------------------------------------------------------------------------- */

/* "sha256:abc…" or "abc…": the beginning of an ID. */
static bool is_id_prefix(const char *ref, const char *id)
{
	if (str_starts(ref, "sha256:"))
		return str_starts(id, ref) && ref[7];
	return dockerd_is_hex(ref) && str_starts(id + strlen("sha256:"), ref);
}

static const struct image_name *by_id_prefix(const struct image_names *all, const char *ref,
					     bool *ambiguous)
{
	const struct image_name *found = NULL;

	*ambiguous = false;
	for (size_t i = 0; i < all->n; i++) {
		if (!is_id_prefix(ref, all->v[i].id))
			continue;
		if (found && strcmp(found->id, all->v[i].id))
			*ambiguous = true;
		found = &all->v[i];
	}
	return *ambiguous ? NULL : found;
}

/* The same repository and what the reference asks for: its tag, or the digest its name points at.
 */
static bool is_named(const struct image_name *image, const struct reference *want)
{
	struct reference have;
	struct err ignored;

	if (reference_parse(image->name, &have, &ignored) || strcmp(have.domain, want->domain) ||
	    strcmp(have.path, want->path))
		return false;
	if (*want->digest)
		return !strcmp(want->digest,
			       json_string_value(jsonx_at(image->resolved, "target.digest")));
	return !strcmp(have.tag, want->tag);
}

/* What is neither the beginning of an ID nor a name is no question that could be answered. */
static int no_such(const char *ref, struct err *err)
{
	AUTO_FREE char *shown = NULL;
	struct reference parsed;

	if (dockerd_is_hex(ref) && strlen(ref) == ID_SIZE - 1)
		shown = xstrdup(ref);
	else if (reference_parse(ref, &parsed, err))
		return -1;
	else
		shown = reference_familiar(&parsed);
	return err_set(err, ERR_NOT_FOUND, "No such image: %s", shown);
}

const struct image_name *dockerd_image_find(const struct image_names *all, const char *ref,
					    bool *by_id, struct err *err)
{
	const struct image_name *found = NULL;
	bool ambiguous, ignored_by_id;
	struct reference want;
	struct err ignored;

	by_id = by_id ? by_id : &ignored_by_id;
	*by_id = false;
	if (!reference_parse(ref, &want, &ignored))
		for (size_t i = 0; i < all->n && !found; i++)
			if (is_named(&all->v[i], &want))
				found = &all->v[i];
	if (found)
		return found;
	found = by_id_prefix(all, ref, &ambiguous);
	*by_id = found != NULL;
	if (ambiguous)
		err_set(err, ERR_INVALID, "ambiguous image ID prefix: %s", ref);
	else if (!found)
		no_such(ref, err);
	return found;
}

json_t *dockerd_image_resolve(struct daemon *d, const char *ref, char **name, struct err *err)
{
	const struct image_name *found;
	struct image_names all;
	struct reference want;
	struct err ignored;
	json_t *doc = NULL;

	if (!*ref) {
		err_set(err, ERR_INVALID, "invalid reference format");
		return NULL;
	}
	if (!reference_parse(ref, &want, &ignored)) {
		AUTO_FREE char *full = reference_full(&want);

		doc = resolve(d, full, err);
		if (doc) {
			*name = steal_ptr(&full);
			return doc;
		}
		if (err->kind != ERR_NOT_FOUND)
			return NULL;
	}
	if (dockerd_images_load(d, &all, err))
		return NULL;
	found = dockerd_image_find(&all, ref, NULL, err);
	if (found) {
		*name = xstrdup(found->name);
		doc = json_incref(found->resolved);
	}
	dockerd_images_free(&all);
	return doc;
}

json_int_t dockerd_image_size(struct daemon *d, const char *id)
{
	struct image_names all;
	json_int_t size = 0;
	struct err ignored;

	if (dockerd_images_load(d, &all, &ignored))
		return 0;
	for (size_t i = 0; i < all.n; i++)
		if (!strcmp(all.v[i].id, id))
			size = jsonx_int(all.v[i].resolved, "snapshotSize", 0);
	dockerd_images_free(&all);
	return size;
}

bool dockerd_image_is(const char *value, const char *id, const char *name)
{
	struct reference want, have;
	struct err ignored;

	if (is_id_prefix(value, id))
		return true;
	return !reference_parse(value, &want, &ignored) &&
	       !reference_parse(name, &have, &ignored) && !strcmp(want.domain, have.domain) &&
	       !strcmp(want.path, have.path) && !strcmp(want.tag, have.tag);
}

/* --- spelling ------------------------------------------------------------------------------ */

char *dockerd_image_tag(const char *name)
{
	struct reference ref;
	struct err ignored;

	if (reference_parse(name, &ref, &ignored) || !*ref.tag)
		return xstrdup("");
	ref.digest[0] = '\0';
	return reference_familiar(&ref);
}

char *dockerd_image_repo_digest(const struct image_name *image)
{
	const char *digest = json_string_value(jsonx_at(image->resolved, "target.digest"));
	struct reference ref;
	struct err ignored;

	if (reference_parse(image->name, &ref, &ignored))
		return xstrdup("");
	ref.tag[0] = '\0';
	snprintf(ref.digest, sizeof ref.digest, "%s", digest ? digest : "");
	return reference_familiar(&ref);
}

const char *dockerd_image_short(const char *id, char out[13])
{
	const char *colon = strchr(id, ':');

	snprintf(out, 13, "%.12s", colon ? colon + 1 : id);
	return out;
}

json_int_t dockerd_layer_size(struct daemon *d, const json_t *diff_ids, size_t n)
{
	char chain[DIGEST_SIZE];
	AUTO_JSON json_t *usage = NULL;
	AUTO_FREE char *path = NULL;
	struct err ignored;

	if (ctrd_chain_id(diff_ids, n, chain, &ignored))
		return 0;
	path = xasprintf("/v1/snapshots/%s/usage", chain);
	usage = ctrd_call(d->ctrd, "GET", path, NULL, &ignored);
	return jsonx_int(usage, "size", 0);
}

/* The n-th layer's, unless it was counted: a chain ID stands for all below it, too. */
static json_int_t layer_once(struct daemon *d, const json_t *diff_ids, size_t n, json_t *seen)
{
	char chain[DIGEST_SIZE];
	struct err ignored;

	if (ctrd_chain_id(diff_ids, n, chain, &ignored) || json_object_get(seen, chain))
		return 0;
	json_object_set_new(seen, chain, json_true());
	return dockerd_layer_size(d, diff_ids, n);
}

json_int_t dockerd_layers_size(struct daemon *d)
{
	AUTO_JSON json_t *seen = json_object();
	struct image_names all;
	struct err ignored;
	json_int_t size = 0;

	if (dockerd_images_load(d, &all, &ignored))
		return 0;
	for (size_t i = 0; i < all.n; i++) {
		const json_t *ids = jsonx_at(all.v[i].resolved, "config.rootfs.diff_ids");

		for (size_t n = 1; n <= json_array_size(ids); n++)
			size += layer_once(d, ids, n, seen);
	}
	dockerd_images_free(&all);
	return size;
}

json_int_t dockerd_shared_size(struct daemon *d, const char *id)
{
	AUTO_JSON json_t *others = json_object();
	struct image_names all;
	json_int_t shared = 0;
	struct err ignored;
	const json_t *own = NULL;
	char chain[DIGEST_SIZE];

	if (dockerd_images_load(d, &all, &ignored))
		return 0;
	for (size_t i = 0; i < all.n; i++) {
		const json_t *ids = jsonx_at(all.v[i].resolved, "config.rootfs.diff_ids");

		if (!strcmp(all.v[i].id, id)) {
			own = ids;
			continue;
		}
		for (size_t n = 1; n <= json_array_size(ids); n++)
			if (!ctrd_chain_id(ids, n, chain, &ignored))
				json_object_set_new(others, chain, json_true());
	}
	for (size_t n = 1; n <= json_array_size(own); n++)
		if (!ctrd_chain_id(own, n, chain, &ignored) && json_object_get(others, chain))
			shared += dockerd_layer_size(d, own, n);
	dockerd_images_free(&all);
	return shared;
}
