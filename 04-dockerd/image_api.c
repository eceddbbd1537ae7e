/*
 * image_api.c - GET /images/json, /images/{name}/json, /images/{name}/history.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "filters.h"
#include "human.h"
#include "images.h"
#include "names.h"

/* --- what one ID is called ----------------------------------------------------------------- */

static bool has(const json_t *list, const char *text)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)list, i, v)
		if (!strcmp(json_string_value(v), text))
			return true;
	return false;
}

static void add_once(json_t *list, const char *text)
{
	if (*text && !has(list, text))
		json_array_append_new(list, json_string(text));
}

/* RepoTags and RepoDigests of an ID. */
static void names_of(const struct image_names *all, const char *id, json_t *tags, json_t *digests)
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

	names_of(all, image->id, tags, digests);
	return json_pack("{s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:i, s:O?, s:I}", "Id", image->id,
			 "ParentId", "", "RepoTags", tags, "RepoDigests", digests, "Created",
			 created_at(image->resolved), "Size", size, "VirtualSize", size,
			 "SharedSize", -1, "Labels", labels, "Containers", users_of(d, image->id));
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
	       dockerd_filter_equal(filters, "dangling", dangling ? "true" : "false");
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

static int get_list(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	AUTO_JSON json_t *filters =
		dockerd_filters_parse(http_query(req, "filters"), known_filters, err);
	json_t *list;

	list = filters ? dockerd_image_summaries(daemon, filters, err) : NULL;
	if (!list || passes_times(daemon, list, filters, err)) {
		json_decref(list);
		return -1;
	}
	if (http_query_bool(req, "shared-size", 0))
		tell_shared(daemon, list);
	if (dockerd_api_minor(req) < 43)
		spell_none(list);
	http_reply_json(rep, 200, list);
	return 0;
}

/* --- GET /images/{name}/json
 * ---------------------------------------------------------------------- */

/* Before 1.50, an image's configuration was a container's: all of it, set or not. */
static json_t *whole_config(const json_t *run)
{
	json_t *all = json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:n, s:n, s:s, s:n, s:s, s:n, s:n, s:n}",
				"Hostname", "", "Domainname", "", "User", "", "AttachStdin", 0,
				"AttachStdout", 0, "AttachStderr", 0, "Tty", 0, "OpenStdin", 0,
				"StdinOnce", 0, "Env", "Cmd", "Image", "", "Volumes", "WorkingDir",
				"", "Entrypoint", "OnBuild", "Labels");

	json_object_update(all, (json_t *)run);
	return all;
}

static json_t *inspect(const struct image_names *all, const struct image_name *image, int minor)
{
	const json_t *config = json_object_get(image->resolved, "config");
	json_t *tags = json_array(), *digests = json_array(), *doc,
	       *run = json_object_get(config, "config");
	json_t *layers = jsonx_at(config, "rootfs.diff_ids");
	json_int_t size = jsonx_int(image->resolved, "snapshotSize", 0);

	names_of(all, image->id, tags, digests);
	doc = json_pack("{s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:s}", "Id", image->id, "RepoTags",
			tags, "RepoDigests", digests, "Parent", "", "Comment",
			jsonx_str(config, "comment", ""), "Created",
			jsonx_str(config, "created", ""), "DockerVersion",
			jsonx_str(config, "docker_version", ""), "Author",
			jsonx_str(config, "author", ""));
	json_object_set_new(doc, "Config", minor < 50 ? whole_config(run) :
					   run	      ? json_incref(run) :
							json_object());
	/* The container that the image was made of. Not since 1.45; but docker-compose 1, which
	 * speaks the newest version it is offered, cannot remake a container without it. */
	json_object_set_new(doc, "Container", json_string(jsonx_str(config, "container", "")));
	json_object_set_new(doc, "ContainerConfig",
			    whole_config(json_object_get(config, "container_config")));
	json_object_set_new(doc, "Architecture",
			    json_string(jsonx_str(config, "architecture", "")));
	if (*jsonx_str(config, "variant", ""))
		json_object_set(doc, "Variant", json_object_get(config, "variant"));
	json_object_set_new(doc, "Os", json_string(jsonx_str(config, "os", "")));
	json_object_set_new(doc, "Size", json_integer(size));
	json_object_set_new(doc, "VirtualSize", json_integer(size));
	json_object_set_new(doc, "GraphDriver",
			    json_pack("{s:n, s:s}", "Data", "Name", "overlayfs"));
	json_object_set_new(doc, "RootFS", json_pack("{s:s, s:o}", "Type", "layers", "Layers",
						     layers ? json_incref(layers) : json_array()));
	json_object_set_new(doc, "Metadata", json_pack("{s:s}", "LastTagTime", ZERO_TIME));
	return doc;
}

static int get_inspect(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	const struct image_name *image;
	struct image_names all;

	if (dockerd_images_load(daemon, &all, err))
		return -1;
	image = dockerd_image_find(&all, http_param(req, "name"), NULL, err);
	if (image)
		http_reply_json(rep, 200, inspect(&all, image, dockerd_api_minor(req)));
	dockerd_images_free(&all);
	return image ? 0 : -1;
}

/* --- GET /images/{name}/history
 * ---------------------------------------------------------------------- */

/* Newest first; only the newest has an ID, as with every image that was pulled. */
static json_t *history(struct daemon *d, const struct image_names *all, const struct image_name *image)
{
	json_t *list = json_array(), *steps = jsonx_at(image->resolved, "config.history"), *step;
	const json_t *ids = jsonx_at(image->resolved, "config.rootfs.diff_ids");
	size_t i, layer = 0;

	json_array_foreach(steps, i, step) {
		bool empty = jsonx_bool(step, "empty_layer", false);
		bool last = i + 1 == json_array_size(steps);
		json_t *tags = last ? json_array() : json_null();

		if (last) {
			AUTO_JSON json_t *ignored = json_array();

			names_of(all, image->id, tags, ignored);
		}
		json_array_insert_new(
			list, 0,
			json_pack("{s:s, s:I, s:s, s:o, s:I, s:s}", "Id",
				  last ? image->id : "<missing>", "Created",
				  (json_int_t)dockerd_parse_time(jsonx_str(step, "created", "")),
				  "CreatedBy", jsonx_str(step, "created_by", ""), "Tags", tags,
				  "Size", empty ? 0 : dockerd_layer_size(d, ids, layer + 1), "Comment",
				  jsonx_str(step, "comment", "")));
		layer += !empty;
	}
	return list;
}

static int get_history(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	const struct image_name *image;
	struct image_names all;

	if (dockerd_images_load(daemon, &all, err))
		return -1;
	image = dockerd_image_find(&all, http_param(req, "name"), NULL, err);
	if (image)
		http_reply_json(rep, 200, history(daemon, &all, image));
	dockerd_images_free(&all);
	return image ? 0 : -1;
}

const struct http_route dockerd_image_routes[] = {
	{ "GET", "/images/json", get_list },
	{ "GET", "/images/{name...}/json", get_inspect },
	{ "GET", "/images/{name...}/history", get_history },
	{ NULL },
};
