/*
 * image_save.c - GET /images/get, GET /images/{name}/get (docker save) and POST /images/load.
 *
 * Both are containerd's export and import; here names are looked up, and progress is told.
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/reference.h"
#include "api.h"
#include "events.h"
#include "image_name.h"
#include "progress.h"
#include "relay.h"
#include "spool.h"

/* --- save ---------------------------------------------------------------------------------- */

struct naming {
	struct daemon *d;
	json_t *names;
	bool failed;
	struct err err;
};

/* A repository without a tag means all its tags, as docker save has it. */
static bool add_repository(struct naming *n, const struct image_names *all, const char *text)
{
	const char *slash = strrchr(text, '/'), *colon = strrchr(text, ':');
	struct reference want, have;
	struct err ignored;
	bool found = false;

	if (strchr(text, '@') || (colon && (!slash || colon > slash)) ||
	    reference_parse(text, &want, &ignored))
		return false;
	for (size_t i = 0; i < all->n; i++) {
		if (reference_parse(all->v[i].name, &have, &ignored) || !*have.tag ||
		    strcmp(have.domain, want.domain) || strcmp(have.path, want.path))
			continue;
		json_array_append_new(n->names, json_string(all->v[i].name));
		found = true;
	}
	return found;
}

static void add_name(void *arg, const char *text)
{
	struct naming *n = arg;
	const struct image_name *image;
	struct image_names all;

	if (n->failed)
		return;
	if (dockerd_images_load(n->d, &all, &n->err)) {
		n->failed = true;
		return;
	}
	if (!add_repository(n, &all, text)) {
		image = dockerd_image_find(&all, text, NULL, &n->err);
		n->failed = !image;
		if (image)
			json_array_append_new(n->names, json_string(image->name));
	}
	dockerd_images_free(&all);
}

static void save_event(struct daemon *d, const json_t *names)
{
	json_t *name;
	size_t i;

	json_array_foreach((json_t *)names, i, name)
		dockerd_event(d, "image", "save", json_string_value(name),
			      json_pack("{s:O}", "name", name));
}

static int save(struct http_request *req, struct http_reply *rep, struct naming *n, struct err *err)
{
	AUTO_FREE char *platform = NULL;
	json_t *body;

	if (n->failed) {
		*err = n->err;
		return -1;
	}
	if (dockerd_platform_parse(http_query(req, "platform"), &platform, err))
		return -1;
	body = json_pack("{s:O, s:s*}", "names", n->names, "platform", platform);
	if (dockerd_relay(n->d, rep, "application/x-tar", "POST", "/v1/transfer/export", body, err))
		return -1;
	save_event(n->d, n->names);
	return 0;
}

static int get_one(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	AUTO_JSON json_t *names = json_array();
	struct naming n = { .d = daemon, .names = names };

	add_name(&n, http_param(req, "name"));
	return save(req, rep, &n, err);
}

static int get_several(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	AUTO_JSON json_t *names = json_array();
	struct naming n = { .d = daemon, .names = names };

	http_query_each(req, "names", add_name, &n);
	return save(req, rep, &n, err);
}

/* --- load ---------------------------------------------------------------------------------- */

struct load {
	struct daemon *d;
	int fd;
	bool quiet;
	char *platform;
	struct progress *progress;
};

static void load_free(void *arg)
{
	struct load *l = arg;

	close(l->fd);
	free(l->platform);
	free(l);
}

/* containerd calls what has no name after its digest; here it is nameless. */
static int take_name_away(struct load *l, const char *name, const json_t *target)
{
	struct err err;

	if (dockerd_name_give(l->d, NULL, target, &err) || dockerd_name_drop(l->d, name, &err))
		log_warn("load: %s", err.msg);
	return progress_text(l->progress, json_sprintf("Loaded image ID: %s\n",
						       jsonx_str(target, "digest", "")));
}

static int loaded(struct load *l, const json_t *line)
{
	const char *name = jsonx_str(line, "name", "");
	AUTO_FREE char *tag = dockerd_image_tag(name), *full = NULL;
	AUTO_JSON json_t *image = NULL;
	struct err ignored;

	if (!*tag)
		return take_name_away(l, name, json_object_get(line, "target"));
	image = dockerd_image_resolve(l->d, tag, &full, &ignored);
	dockerd_event(l->d, "image", "load",
		      image ? json_string_value(jsonx_at(image, "configDescriptor.digest")) : tag,
		      json_pack("{s:s}", "name", tag));
	return progress_text(l->progress, json_sprintf("Loaded image: %s\n", tag));
}

static int on_line(void *arg, json_t *line)
{
	struct load *l = arg;
	const char *status = jsonx_str(line, "status", "");
	char id[13];

	if (!strcmp(status, "imported"))
		return loaded(l, line);
	if (l->quiet || !json_object_get(line, "id"))
		return 0;
	dockerd_image_short(jsonx_str(line, "id", ""), id);
	return progress_status(l->progress, id,
			       strcmp(status, "complete") ? "Loading layer" : "Load complete",
			       jsonx_int(line, "offset", 0), jsonx_int(line, "total", 0));
}

static int run(struct progress *p, void *arg, struct err *err)
{
	struct load *l = arg;
	AUTO_FREE char *platform = ctrd_escape(l->platform ? l->platform : "");
	AUTO_FREE char *path = xasprintf("/v1/transfer/import%s%s", *platform ? "?platform=" : "",
					 platform);
	int rc;

	l->progress = p;
	rc = ctrd_upload(l->d->waits, path, l->fd, on_line, l, err);
	dockerd_nameless_sweep(l->d);
	return rc;
}

static int post_load(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct progress_job job = { run, load_free, NULL };
	AUTO_FREE char *platform = NULL;
	struct load *l;
	int fd;

	if (dockerd_platform_parse(http_query(req, "platform"), &platform, err))
		return -1;
	fd = dockerd_spool_take(req, err);
	if (fd < 0)
		return -1;
	l = xcalloc(1, sizeof *l);
	*l = (struct load){ .d = daemon, .fd = fd, .quiet = http_query_bool(req, "quiet", 1),
			    .platform = steal_ptr(&platform) };
	job.arg = l;
	return dockerd_progress(daemon, &job, rep, err);
}

const struct http_route dockerd_save_routes[] = {
	{ "GET", "/images/get", get_several },
	{ "GET", "/images/{name...}/get", get_one },
	{ "POST", "/images/load", post_load, dockerd_spool_sink },
	{ NULL },
};
