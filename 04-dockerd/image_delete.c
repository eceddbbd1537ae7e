/*
 * image_delete.c - POST /images/{name}/tag and DELETE /images/{name}.
 *
 * Deleting by name takes the name away; the image goes with its last name. Deleting by ID takes
 * all names. What a container was made from is protected: without force always where it
 * would lose its last name, with force only while the container runs. (A stopped container
 * keeps its layers either way: its snapshot holds them.)
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/images.h"
#include "03-containerd/reference.h"
#include "api.h"
#include "events.h"
#include "image_name.h"
#include "images.h"
#include "mounts.h"
#include "names.h"

/* --- tag --------------------------------------------------------------------------------- */

static int post_tag(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	AUTO_FREE char *full = NULL, *familiar = NULL, *source = NULL;
	AUTO_JSON json_t *image = NULL;

	if (dockerd_name_parse(http_query(req, "repo"), http_query(req, "tag"), &full, &familiar,
			       err))
		return -1;
	if (!full)
		return err_set(err, ERR_INVALID, "invalid reference format");
	image = dockerd_image_resolve(daemon, http_param(req, "name"), &source, err);
	if (!image || dockerd_name_give(daemon, full, json_object_get(image, "target"), err))
		return -1;
	dockerd_event(daemon, "image", "tag",
		      json_string_value(jsonx_at(image, "configDescriptor.digest")),
		      json_pack("{s:s}", "name", familiar));
	http_reply_empty(rep, 201);
	return 0;
}

/* --- delete -------------------------------------------------------------------------------- */

struct deletion {
	struct daemon *d;
	const struct image_names *all;
	const char *ref; /* as the request has it */
	const char *id;
	bool by_id, force;
	json_t *done;    /* [{"Untagged":…},{"Deleted":…}] */
};

static size_t names_left(const struct deletion *del)
{
	size_t n = 0;

	for (size_t i = 0; i < del->all->n; i++)
		n += !strcmp(del->all->v[i].id, del->id);
	return n;
}

static int drop_name(const struct deletion *del, const char *name, struct err *err)
{
	AUTO_FREE char *escaped = ctrd_escape(name);
	AUTO_FREE char *path = xasprintf("/v1/images/%s", escaped), *tag = dockerd_image_tag(name);
	json_t *answer = ctrd_call(del->d->ctrd, "DELETE", path, NULL, err);

	if (!answer)
		return -1;
	json_decref(answer);
	if (str_starts(name, NAMELESS))
		return 0;
	if (!*tag) {
		struct reference ref;
		struct err ignored;

		free(tag);
		tag = reference_parse(name, &ref, &ignored) ? xstrdup(name)
							    : reference_familiar(&ref);
	}
	json_array_append_new(del->done, json_pack("{s:s}", "Untagged", tag));
	dockerd_event(del->d, "image", "untag", del->id, json_pack("{s:s}", "name", del->id));
	return 0;
}

/* A container made from the image: its short ID into `by`; running ones first. */
static bool used(const struct deletion *del, bool *running, char by[ID_SHORT + 1])
{
	bool found = false;

	*running = false;
	dockerd_lock(del->d);
	for (struct container *c = del->d->containers; c && !*running; c = c->next) {
		if (strcmp(c->image_id, del->id) && !dockerd_image_is_mounted(c->mounts, del->id))
			continue;
		found = true;
		*running = c->st.running;
		snprintf(by, ID_SHORT + 1, "%.*s", ID_SHORT, c->id);
	}
	dockerd_unlock(del->d);
	return found;
}

/* The image would go: may it? */
static int check_use(const struct deletion *del, struct err *err)
{
	char by[ID_SHORT + 1], image[13];
	bool running;

	if (!used(del, &running, by))
		return 0;
	dockerd_image_short(del->id, image);
	if (!del->by_id && !del->force)
		return err_set(err, ERR_CONFLICT,
			       "conflict: unable to remove repository reference \"%s\" (must "
			       "force) - container %s is using its referenced image %s",
			       del->ref, by, image);
	if (del->by_id && running)
		return err_set(err, ERR_CONFLICT,
			       "conflict: unable to delete %s (cannot be forced) - image is "
			       "being used by running container %s",
			       image, by);
	if (!del->force)
		return err_set(err, ERR_CONFLICT,
			       "conflict: unable to delete %s (must be forced) - image is being "
			       "used by stopped container %s",
			       image, by);
	return 0;
}

static int check_names(const struct deletion *del, struct err *err)
{
	char image[13];

	if (del->by_id && names_left(del) > 1 && !del->force)
		return err_set(err, ERR_CONFLICT,
			       "conflict: unable to delete %s (must be forced) - image is "
			       "referenced in multiple repositories",
			       dockerd_image_short(del->id, image));
	return 0;
}

/* A name with a tag was also reachable as name@digest. */
static void tell_digest(const struct deletion *del, const struct image_name *image)
{
	AUTO_FREE char *digest = dockerd_image_repo_digest(image),
		       *tag = dockerd_image_tag(image->name);

	if (*digest && *tag)
		json_array_append_new(del->done, json_pack("{s:s}", "Untagged", digest));
}

/* The layers that went with it, by their chain IDs, topmost first. */
static void tell_layers(const struct deletion *del, const json_t *diff_ids)
{
	for (size_t n = json_array_size(diff_ids); n > 0; n--) {
		char chain[DIGEST_SIZE];
		AUTO_FREE char *path = NULL;
		AUTO_JSON json_t *there = NULL;
		struct err err;

		if (ctrd_chain_id(diff_ids, n, chain, &err))
			return;
		path = xasprintf("/v1/snapshots/%s", chain);
		there = ctrd_call(del->d->ctrd, "GET", path, NULL, &err);
		if (there)
			return; /* and with it all below */
		json_array_append_new(del->done, json_pack("{s:s}", "Deleted", chain));
	}
}

static int drop_all(const struct deletion *del, const json_t *diff_ids, struct err *err)
{
	for (size_t i = 0; i < del->all->n; i++) {
		if (strcmp(del->all->v[i].id, del->id))
			continue;
		if (drop_name(del, del->all->v[i].name, err))
			return -1;
		tell_digest(del, &del->all->v[i]);
	}
	json_array_append_new(del->done, json_pack("{s:s}", "Deleted", del->id));
	tell_layers(del, diff_ids);
	dockerd_event(del->d, "image", "delete", del->id, json_pack("{s:s}", "name", del->id));
	return 0;
}

static int delete_one(struct deletion *del, const struct image_name *image, struct err *err)
{
	bool last = names_left(del) == 1;

	if (!del->by_id && !last)
		return drop_name(del, image->name, err);
	if (check_names(del, err) || check_use(del, err))
		return -1;
	return drop_all(del, jsonx_at(image->resolved, "config.rootfs.diff_ids"), err);
}

int dockerd_image_remove(struct daemon *d, const char *ref, bool force,
			 const struct http_request *req, json_t *done, struct err *err)
{
	struct deletion del = { .d = d, .ref = ref, .force = force, .done = done };
	const struct image_name *image;
	struct image_names all;
	bool rest = false;
	int rc = -1;

	dockerd_nameless_sweep(d);
	if (dockerd_images_load(d, &all, err))
		return -1;
	del.all = &all;
	image = dockerd_image_find(&all, ref, &del.by_id, err);
	if (image && !(req && dockerd_image_drop_platforms(d, image, req, done, &rest, err))) {
		del.id = image->id;
		rc = rest ? 0 : delete_one(&del, image, err);
	}
	dockerd_images_free(&all);
	return rc;
}

static int delete_image(struct http_request *req, struct http_reply *rep, void *daemon,
			struct err *err)
{
	bool platforms = dockerd_api_minor(req) >= 50;
	json_t *done = json_array();

	/* noprune keeps an image's untagged parents: here images have none. */
	if (dockerd_image_remove(daemon, http_param(req, "name"), http_query_bool(req, "force", 0),
				 platforms ? req : NULL, done, err)) {
		json_decref(done);
		return -1;
	}
	http_reply_json(rep, 200, done);
	return 0;
}

const struct http_route dockerd_image_change_routes[] = {
	{ "POST", "/images/{name...}/tag", post_tag },
	{ "DELETE", "/images/{name...}", delete_image },
	{ NULL },
};
