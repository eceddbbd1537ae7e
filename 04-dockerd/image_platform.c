/*
 * image_platform.c - an image for a platform that is named (images.h).
 */
#include "01-kernel/base/jsonx.h"
#include "03-containerd/platform.h"
#include "api.h"
#include "events.h"
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

/* --- removing some ------------------------------------------------------------------------------- */

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

/* Is it of a platform that was named, or a statement about one that is? */
static bool is_chosen(const json_t *chosen, const json_t *m)
{
	const char *about = jsonx_str(json_object_get(m, "AttestationData"), "For", "");

	return json_object_get(chosen, jsonx_str(m, "ID", "")) || json_object_get(chosen, about);
}

/* What a blob that is gone named is nobody's any more; a lease that ends is followed by a collection. */
static void collect(struct daemon *d)
{
	AUTO_JSON json_t *lease = NULL;
	AUTO_FREE char *path = NULL;
	char id[ID_SIZE];
	struct err err;

	dockerd_random_id(id);
	lease = json_pack("{s:s}", "id", id);
	path = xasprintf("/v1/leases/%s", id);
	json_decref(ctrd_call(d->ctrd, "POST", "/v1/leases", lease, &err));
	json_decref(ctrd_call(d->ctrd, "DELETE", path, NULL, &err));
}

/* The index keeps naming the manifest, as it does one that was never pulled. */
static int drop(struct choosing *c, const json_t *manifests, json_t *done)
{
	json_t *m;
	size_t i;

	json_array_foreach((json_t *)manifests, i, m) {
		const char *digest = jsonx_str(m, "ID", "");
		AUTO_FREE char *path = xasprintf("/v1/content/%s", digest);
		AUTO_JSON json_t *gone = NULL;

		if (!is_chosen(c->chosen, m) || !jsonx_bool(m, "Available", false))
			continue;
		gone = ctrd_call(c->d->ctrd, "DELETE", path, NULL, c->err);
		if (!gone && c->err->kind != ERR_NOT_FOUND)
			return -1;
		json_array_append_new(done, json_pack("{s:s}", "Deleted", digest));
		dockerd_event(c->d, "image", "delete", digest, json_pack("{s:s}", "name", digest));
	}
	collect(c->d);
	return 0;
}

int dockerd_image_drop_platforms(struct daemon *d, const struct image_name *image,
				 const struct http_request *req, json_t *done, bool *rest,
				 struct err *err)
{
	AUTO_JSON json_t *chosen = json_object(), *manifests = NULL;
	const char *native = jsonx_str(json_object_get(image->resolved, "manifestDescriptor"), "digest", "");
	struct choosing c = { d, image, chosen, false, err };
	json_t *m;
	size_t i;

	*rest = false;
	http_query_each(req, "platforms", choose, &c);
	if (c.failed)
		return -1;
	if (!json_object_size(chosen))
		return 0;
	manifests = dockerd_image_manifests(d, json_object_get(image->resolved, "target"));
	json_array_foreach(manifests, i, m)
		*rest |= jsonx_bool(m, "Available", false) && json_object_get(m, "ImageData") &&
			 !is_chosen(chosen, m);
	if (!*rest)
		return 0;
	/* Without it the name would stand for nothing that this daemon could show, or remove. */
	if (json_object_get(chosen, native))
		return err_set(err, ERR_UNSUPPORTED,
			       "removing this machine's platform alone is not supported by this daemon: "
			       "%s has others", image->name);
	return drop(&c, manifests, done);
}
