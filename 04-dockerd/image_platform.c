/*
 * image_platform.c - an image for a platform that is named (images.h).
 */
#include "01-kernel/base/jsonx.h"
#include "03-containerd/platform.h"
#include "api.h"
#include "images.h"

/* An image that is no index is for the platform that its config names, whatever was asked for. */
static bool suits(const char *platform, const json_t *resolved)
{
	struct ctrd_platform want;
	struct err ignored;

	return !ctrd_platform_parse(platform, &want, &ignored) &&
	       ctrd_platform_score(&want, json_object_get(resolved, "config"));
}

json_t *dockerd_image_for(struct daemon *d, const struct image_name *image, const char *platform,
			  struct err *err)
{
	AUTO_FREE char *name = ctrd_escape(image->name), *wanted = ctrd_escape(platform);
	AUTO_FREE char *path = xasprintf("/v1/resolve/%s?platform=%s", name, wanted);
	AUTO_JSON json_t *doc = ctrd_call(d->ctrd, "GET", path, NULL, err);

	if (doc && suits(platform, doc))
		return steal_ptr(&doc);
	if (doc || err->kind == ERR_NOT_FOUND)
		err_set(err, ERR_NOT_FOUND,
			"image with reference %s was found but does not provide the specified "
			"platform (%s)", image->name, platform);
	return NULL;
}

/* --- all of them ------------------------------------------------------------------------------- */

struct choosing {
	struct daemon *d;
	const struct image_name *image;
	json_t *chosen; /* {digest of a manifest: true} */
	bool failed;
	struct err *err;
};

static void choose(void *arg, const char *text)
{
	struct choosing *c = arg;
	AUTO_FREE char *platform = NULL;
	AUTO_JSON json_t *doc = NULL;

	if (c->failed)
		return;
	c->failed = dockerd_platform_parse(text, &platform, c->err) != 0;
	if (c->failed || !platform)
		return;
	doc = dockerd_image_for(c->d, c->image, platform, c->err);
	c->failed = !doc;
	json_object_set_new(c->chosen,
			    jsonx_str(json_object_get(doc, "manifestDescriptor"), "digest", ""),
			    json_true());
}

int dockerd_image_check_platforms(struct daemon *d, const struct image_name *image,
				  const struct http_request *req, struct err *err)
{
	AUTO_JSON json_t *chosen = json_object(), *manifests = NULL;
	struct choosing c = { d, image, chosen, false, err };
	json_t *m;
	size_t i;

	http_query_each(req, "platforms", choose, &c);
	if (c.failed)
		return -1;
	if (!json_object_size(chosen))
		return 0;
	manifests = dockerd_image_manifests(d, json_object_get(image->resolved, "target"));
	json_array_foreach(manifests, i, m)
		if (jsonx_bool(m, "Available", false) && json_object_get(m, "ImageData") &&
		    !json_object_get(chosen, jsonx_str(m, "ID", "")))
			return err_set(err, ERR_UNSUPPORTED,
				       "removing some of an image's platforms is not supported by this "
				       "daemon: %s has more than these", image->name);
	return 0;
}
