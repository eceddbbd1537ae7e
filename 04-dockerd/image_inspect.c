/*
 * image_inspect.c - GET /images/{name}/json and /images/{name}/history: one image, of this machine's
 * platform or of the one that is asked for.
 */
#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "human.h"
#include "images.h"

/* --- which one --------------------------------------------------------------------------------- */

/* What was asked for: `name` of all, and what it is for the platform (new; NULL and err). */
static json_t *find(struct daemon *d, const struct http_request *req,
		    const struct image_names *all, const struct image_name **image,
		    struct err *err)
{
	AUTO_FREE char *platform = NULL;

	if (dockerd_platform_parse(http_query(req, "platform"), &platform, err))
		return NULL;
	*image = dockerd_image_find(all, http_param(req, "name"), NULL, err);
	if (!*image)
		return NULL;
	return platform ? dockerd_image_for(d, *image, platform, err) : json_incref((*image)->resolved);
}

/* --- GET /images/{name}/json -------------------------------------------------------------------- */

/* An image's own configuration is always all there. Before 1.50 it was a container's, set or not; since
 * then what is a container's in it (old Docker wrote all of that) is left out. */
static json_t *whole_config(const json_t *run, int minor)
{
	static const char containers[] =
		"{\"Hostname\":\"\",\"Domainname\":\"\",\"AttachStdin\":false,\"AttachStdout\":false,"
		"\"AttachStderr\":false,\"Tty\":false,\"OpenStdin\":false,\"StdinOnce\":false,"
		"\"Image\":\"\"}";
	AUTO_JSON json_t *theirs = json_loads(containers, 0, NULL);
	json_t *all = json_pack("{s:s, s:n, s:n, s:n, s:s, s:n, s:n, s:n}", "User", "", "Env", "Cmd",
				"Volumes", "WorkingDir", "", "Entrypoint", "OnBuild", "Labels"), *v;
	const char *key;

	if (minor < 50)
		json_object_update(all, theirs);
	json_object_update(all, (json_t *)run);
	json_object_foreach(theirs, key, v)
		if (minor >= 50)
			json_object_del(all, key);
	return all;
}

static json_t *of_config(const json_t *config)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "Parent",
			 jsonx_str(config, "parent", ""), "Comment",
			 jsonx_str(config, "comment", ""), "Created",
			 jsonx_str(config, "created", ""), "DockerVersion",
			 jsonx_str(config, "docker_version", ""), "Author",
			 jsonx_str(config, "author", ""), "Architecture",
			 jsonx_str(config, "architecture", ""), "Os", jsonx_str(config, "os", ""));
}

/* What came and went with the API's versions. */
static void by_version(json_t *doc, const json_t *resolved, int minor)
{
	const json_t *config = json_object_get(resolved, "config");

	json_object_set_new(doc, "Config", whole_config(json_object_get(config, "config"), minor));
	if (!*jsonx_str(config, "created", "")) {
		json_object_del(doc, "Created");
		if (minor < 44)
			json_object_set_new(doc, "Created", json_string(ZERO_TIME));
	}
	if (minor < 44)
		json_object_set(doc, "VirtualSize", json_object_get(doc, "Size"));
	/* The container that the image was made of. Not since 1.45; but docker-compose 1, which
	 * speaks the newest version it is offered, cannot remake a container without it. */
	json_object_set_new(doc, "Container", json_string(jsonx_str(config, "container", "")));
	json_object_set_new(doc, "ContainerConfig",
			    whole_config(json_object_get(config, "container_config"), minor));
	if (minor >= 48)
		json_object_set(doc, "Descriptor", json_object_get(resolved, "target"));
}

static json_t *inspect(const struct image_names *all, const struct image_name *image,
		       const json_t *resolved, int minor)
{
	const json_t *config = json_object_get(resolved, "config");
	json_t *tags = json_array(), *digests = json_array(), *doc = of_config(config),
	       *layers = jsonx_at(config, "rootfs.diff_ids");

	dockerd_image_names_of(all, image->id, tags, digests);
	if (*jsonx_str(config, "variant", ""))
		json_object_set(doc, "Variant", json_object_get(config, "variant"));
	json_object_update_new(
		doc, json_pack("{s:O, s:o, s:o, s:I, s:{s:n, s:s}, s:{s:s, s:o}, s:{s:s}}", "Id",
			       jsonx_at(resolved, "configDescriptor.digest"), "RepoTags", tags,
			       "RepoDigests", digests, "Size",
			       jsonx_int(resolved, "snapshotSize", 0), "GraphDriver", "Data", "Name",
			       "overlayfs", "RootFS", "Type", "layers", "Layers",
			       layers ? json_incref(layers) : json_array(), "Metadata",
			       "LastTagTime", ZERO_TIME));
	by_version(doc, resolved, minor);
	return doc;
}

static int get_inspect(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	bool manifests = http_query_bool(req, "manifests", 0);
	int minor = dockerd_api_minor(req);
	const struct image_name *image;
	AUTO_JSON json_t *resolved = NULL;
	struct image_names all;
	json_t *doc;

	if (manifests && http_query(req, "platform"))
		return err_set(err, ERR_INVALID, "conflicting options: manifests and platform "
						 "options cannot both be set");
	if (dockerd_images_load(daemon, &all, err))
		return -1;
	resolved = find(daemon, req, &all, &image, err);
	if (resolved) {
		doc = inspect(&all, image, resolved, minor);
		if (manifests && minor >= 48)
			json_object_set_new(doc, "Manifests", dockerd_image_manifests(
						daemon, json_object_get(resolved, "target")));
		http_reply_json(rep, 200, doc);
	}
	dockerd_images_free(&all);
	return resolved ? 0 : -1;
}

/* --- GET /images/{name}/history ----------------------------------------------------------------- */

/* Newest first; only the newest has an ID, as with every image that was pulled. */
static json_t *history(struct daemon *d, const json_t *resolved, json_t *tags)
{
	json_t *list = json_array(), *steps = jsonx_at(resolved, "config.history"), *step;
	const json_t *ids = jsonx_at(resolved, "config.rootfs.diff_ids");
	const char *id = json_string_value(jsonx_at(resolved, "configDescriptor.digest"));
	size_t i, layer = 0;

	json_array_foreach(steps, i, step) {
		bool empty = jsonx_bool(step, "empty_layer", false);
		bool last = i + 1 == json_array_size(steps);

		json_array_insert_new(
			list, 0,
			json_pack("{s:s, s:I, s:s, s:o, s:I, s:s}", "Id", last ? id : "<missing>",
				  "Created",
				  (json_int_t)dockerd_parse_time(jsonx_str(step, "created", "")),
				  "CreatedBy", jsonx_str(step, "created_by", ""), "Tags",
				  last ? json_incref(tags) : json_null(), "Size",
				  empty ? 0 : dockerd_layer_size(d, ids, layer + 1), "Comment",
				  jsonx_str(step, "comment", "")));
		layer += !empty;
	}
	return list;
}

static int get_history(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	AUTO_JSON json_t *resolved = NULL, *tags = json_array(), *ignored = json_array();
	const struct image_name *image;
	struct image_names all;

	if (dockerd_images_load(daemon, &all, err))
		return -1;
	resolved = find(daemon, req, &all, &image, err);
	if (resolved) {
		dockerd_image_names_of(&all, image->id, tags, ignored);
		http_reply_json(rep, 200, history(daemon, resolved, tags));
	}
	dockerd_images_free(&all);
	return resolved ? 0 : -1;
}

const struct http_route dockerd_image_inspect_routes[] = {
	{ "GET", "/images/{name...}/json", get_inspect },
	{ "GET", "/images/{name...}/history", get_history },
	{ NULL },
};
