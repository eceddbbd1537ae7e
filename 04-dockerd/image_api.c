/*
 * image_api.c - GET /images/json, and what an image is called.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "api.h"
#include "filters.h"
#include "human.h"
#include "images.h"

/* --- what one ID is called ----------------------------------------------------------------- */

static void add_once(json_t *list, const char *text)
{
	if (*text && !words_json_have(list, text))
		json_array_append_new(list, json_string(text));
}

void dockerd_image_names_of(const struct image_names *all, const char *id, json_t *tags,
			    json_t *digests)
{
	for (size_t i = 0; i < all->n; i++) {
		AUTO_FREE char *tag = NULL, *digest = NULL;

		if (strcmp(all->v[i].id, id))
			continue;
		tag = dockerd_image_tag(all->v[i].name);
		digest = dockerd_image_repo_digest(&all->v[i]);
		add_once(tags, tag);
		add_once(digests, digest);
	}
}

static json_int_t created_at(const json_t *resolved)
{
	return dockerd_parse_time(jsonx_str(json_object_get(resolved, "config"), "created", ""));
}

/* --- GET /images/json --------------------------------------------------------------------------
 */

static const char *const known_filters[] = { "reference", "label", "dangling", "before",
					     "since",	  "until", NULL };

static json_int_t users_of(struct daemon *d, const char *id)
{
	json_int_t n = 0;

	dockerd_lock(d);
	for (struct container *c = d->containers; c; c = c->next)
		n += !strcmp(c->image_id, id);
	dockerd_unlock(d);
	return n;
}

static json_t *summary(struct daemon *d, const struct image_names *all,
		       const struct image_name *image)
{
	json_t *tags = json_array(), *digests = json_array(),
	       *labels = jsonx_at(image->resolved, "config.config.Labels");
	json_int_t size = jsonx_int(image->resolved, "snapshotSize", 0);
	const char *parent = jsonx_str(json_object_get(image->resolved, "config"), "parent", "");

	dockerd_image_names_of(all, image->id, tags, digests);
	return json_pack("{s:s, s:s, s:o, s:o, s:I, s:I, s:i, s:O?, s:I, s:O}", "Id", image->id,
			 "ParentId", parent, "RepoTags", tags, "RepoDigests", digests, "Created",
			 created_at(image->resolved), "Size", size, "SharedSize", -1, "Labels",
			 labels, "Containers", users_of(d, image->id), "Descriptor",
			 json_object_get(image->resolved, "target"));
}

void dockerd_images_virtual(json_t *list)
{
	json_t *s;
	size_t i;

	json_array_foreach(list, i, s)
		json_object_set(s, "VirtualSize", json_object_get(s, "Size"));
}

/* "nginx", "nginx:1.*", "*:latest": the whole, or the repository alone, by fnmatch(3). */
static bool matches_reference(const char *value, const void *arg)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)arg, i, v) {
		AUTO_FREE char *repo = xstrdup(json_string_value(v));
		char *colon = strrchr(repo, ':');

		if (!fnmatch(value, repo, 0))
			return true;
		if (colon && !strchr(colon, '/'))
			*colon = '\0';
		if (!fnmatch(value, repo, 0))
			return true;
	}
	return false;
}

/* before and since name an image: those made earlier or later. until is a time. */
static int passes_times(struct daemon *d, json_t *list, const json_t *filters, struct err *err)
{
	static const char *const keys[] = { "before", "since", "until" };

	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
		const char *value = json_string_value(
			json_array_get(json_object_get(filters, keys[k]), 0));
		AUTO_JSON json_t *image = NULL;
		AUTO_FREE char *name = NULL;
		struct timespec at = { 0 };

		if (!value)
			continue;
		if (!strcmp(keys[k], "until")) {
			if (dockerd_parse_ago(value, &at, err))
				return -1;
		} else {
			image = dockerd_image_resolve(d, value, &name, err);
			if (!image)
				return -1;
			at.tv_sec = created_at(image);
		}
		for (size_t i = json_array_size(list); i-- > 0;) {
			json_int_t made = jsonx_int(json_array_get(list, i), "Created", 0);

			if (strcmp(keys[k], "since") ? made >= at.tv_sec : made <= at.tv_sec)
				json_array_remove(list, i);
		}
	}
	return 0;
}

/* Clients before 1.43 are told of a nameless image by these. */
static void spell_none(json_t *list)
{
	json_t *s;
	size_t i;

	json_array_foreach(list, i, s)
		if (!json_array_size(json_object_get(s, "RepoTags")) &&
		    !json_array_size(json_object_get(s, "RepoDigests"))) {
			json_object_set_new(s, "RepoTags", json_pack("[s]", "<none>:<none>"));
			json_object_set_new(s, "RepoDigests", json_pack("[s]", "<none>@<none>"));
		}
}

/* How much of each image others have too: with shared-size=1. */
static void tell_shared(struct daemon *d, json_t *list)
{
	json_t *s;
	size_t i;

	json_array_foreach(list, i, s)
		json_object_set_new(s, "SharedSize",
				    json_integer(dockerd_shared_size(d, jsonx_str(s, "Id", ""))));
}

static bool passes(const json_t *s, const json_t *filters)
{
	const json_t *tags = json_object_get(s, "RepoTags");
	bool dangling = !json_array_size(tags);

	return dockerd_filter_any(filters, "reference", matches_reference, tags) &&
	       dockerd_filter_labels(filters, json_object_get(s, "Labels")) &&
	       dockerd_filter_bool(filters, "dangling", dangling);
}

static int newest_first(const void *a, const void *b)
{
	json_int_t ca = jsonx_int(*(json_t *const *)a, "Created", 0),
		   cb = jsonx_int(*(json_t *const *)b, "Created", 0);

	return ca < cb ? 1 : ca > cb ? -1 : 0;
}

static json_t *sorted(json_t *list)
{
	size_t n = json_array_size(list);
	json_t **v = xcalloc(n + 1, sizeof(*v)), *out = json_array();

	for (size_t i = 0; i < n; i++)
		v[i] = json_array_get(list, i);
	qsort(v, n, sizeof *v, newest_first);
	for (size_t i = 0; i < n; i++)
		json_array_append(out, v[i]);
	free(v);
	json_decref(list);
	return out;
}

/* An image is listed by those of its names that were asked for; "nginx@sha256:…" by "nginx". */
static void keep_matching(json_t *names, const json_t *filters)
{
	for (size_t i = json_array_size(names); i-- > 0;) {
		const char *name = json_string_value(json_array_get(names, i));
		AUTO_JSON json_t *one = json_pack("[s%]", name, strcspn(name, "@"));

		if (!dockerd_filter_any(filters, "reference", matches_reference, one))
			json_array_remove(names, i);
	}
}

json_t *dockerd_image_summaries(struct daemon *d, const json_t *filters, struct err *err)
{
	struct image_names all;
	json_t *list = json_array();

	if (dockerd_images_load(d, &all, err)) {
		json_decref(list);
		return NULL;
	}
	for (size_t i = 0; i < all.n; i++) {
		bool seen = false;
		json_t *s;

		for (size_t j = 0; j < i; j++)
			seen |= !strcmp(all.v[j].id, all.v[i].id);
		if (seen)
			continue;
		s = summary(d, &all, &all.v[i]);
		if (passes(s, filters)) {
			keep_matching(json_object_get(s, "RepoTags"), filters);
			keep_matching(json_object_get(s, "RepoDigests"), filters);
			json_array_append(list, s);
		}
		json_decref(s);
	}
	dockerd_images_free(&all);
	return sorted(list);
}

/* What came and went with the API's versions. */
static void by_version(struct daemon *d, json_t *list, int minor, bool manifests)
{
	json_t *s;
	size_t i;

	if (minor < 43)
		spell_none(list);
	if (minor < 44)
		dockerd_images_virtual(list);
	if (manifests && minor >= 47)
		dockerd_images_manifests(d, list);
	json_array_foreach(list, i, s)
		if (minor < 48)
			json_object_del(s, "Descriptor");
}

static int get_list(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	AUTO_JSON json_t *filters =
		dockerd_filters_parse(http_query(req, "filters"), known_filters, err);
	json_t *list;

	list = filters && !dockerd_filter_check_bool(filters, "dangling", err)
		       ? dockerd_image_summaries(daemon, filters, err) : NULL;
	if (!list || passes_times(daemon, list, filters, err)) {
		json_decref(list);
		return -1;
	}
	if (http_query_bool(req, "shared-size", 0))
		tell_shared(daemon, list);
	by_version(daemon, list, dockerd_api_minor(req), http_query_bool(req, "manifests", 0));
	http_reply_json(rep, 200, list);
	return 0;
}

const struct http_route dockerd_image_routes[] = {
	{ "GET", "/images/json", get_list },
	{ NULL },
};
