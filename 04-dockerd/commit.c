/*
 * commit.c - POST /commit: a container's changes as a layer on its image's.
 *
 * The container is paused while the layer is made, unless told otherwise, so that files that
 * belong together are read together.
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "create.h"
#include "events.h"
#include "health.h"
#include "image_make.h"
#include "image_name.h"
#include "lifecycle.h"
#include "task.h"

/* Of an archive with nothing in it: such a layer is left out. */
#define EMPTY_DIFF "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

struct commit {
	struct daemon *d;
	struct container *c;
	json_t *image;        /* resolved: what the container was made from */
	json_t *layer;        /* containerd's answer */
	json_t *config;       /* the new image's Config */
	const char *author, *comment;
};

/* --- its Config ----------------------------------------------------------------------------- */

/* A request's Config without Go's zeros; a list that is empty was chosen so. */
static json_t *given(const json_t *body, struct err *err)
{
	AUTO_JSON json_t *config = dockerd_config_of(body, err);
	json_t *out = config ? json_object() : NULL, *v;
	const char *key;

	json_object_foreach(config, key, v)
		if (!dockerd_is_empty(v) || json_is_array(v))
			json_object_set(out, key, v);
	return out;
}

/* The container's Config, changed; or, where the request has one, that one: changed, and completed from
 * the container's. */
static int make_config(struct commit *m, struct http_request *req, struct err *err)
{
	json_t *body = http_body_json(req, err);

	if (!body)
		return -1;
	m->config = json_object_size(body) ? given(body, err) : json_deep_copy(m->c->config);
	if (!m->config || dockerd_image_changes(m->config, req, err))
		return -1;
	dockerd_config_merge(m->config, m->c->config);
	return dockerd_health_merge(m->config, m->c->config, err);
}

/* --- its layer ------------------------------------------------------------------------------ */

static json_t *diff(struct daemon *d, const struct container *c, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/snapshots/%s/diff?without=" DOCKERD_MADE_BY_START, c->id);
	AUTO_JSON json_t *body = json_object();

	return ctrd_call(d->ctrd, "POST", path, body, err);
}

static json_t *quiet_diff(struct daemon *d, struct container *c, bool pause, struct err *err)
{
	struct err ignored;
	bool running;
	json_t *layer;

	dockerd_lock(d);
	running = c->st.running && !c->st.paused;
	dockerd_unlock(d);
	pause = pause && running && !dockerd_pause(d, c, true, &ignored);
	layer = diff(d, c, err);
	if (pause && dockerd_pause(d, c, false, &ignored))
		log_warn("unpause %.12s: %s", c->id, ignored.msg);
	return layer;
}

/* --- the image ------------------------------------------------------------------------------ */

static json_t *step(const struct commit *m, const char *now, bool empty)
{
	AUTO_JSON json_t *args = dockerd_container_args(m->c);
	AUTO_STRBUF struct strbuf by = STRBUF_INIT;
	json_t *out, *v;
	size_t i;

	strbuf_adds(&by, "");
	json_array_foreach(args, i, v)
		strbuf_addf(&by, "%s%s", i ? " " : "", json_string_value(v));
	out = json_pack("{s:s, s:s}", "created", now, "created_by", by.data);
	if (*m->author)
		json_object_set_new(out, "author", json_string(m->author));
	if (*m->comment)
		json_object_set_new(out, "comment", json_string(m->comment));
	if (empty)
		json_object_set_new(out, "empty_layer", json_true());
	return out;
}

static json_t *document(const struct commit *m, bool empty)
{
	json_t *doc = json_deep_copy(json_object_get(m->image, "config"));
	char now[TIME_TEXT_SIZE];

	time_now_text(now);
	json_object_set_new(doc, "parent", json_string(m->c->image_id)); /* Docker's, not the OCI's */
	json_object_set_new(doc, "created", json_string(now));
	json_object_set_new(doc, "author", json_string(m->author));
	json_object_set_new(doc, "comment", json_string(m->comment));
	json_object_set_new(doc, "container", json_string(m->c->id));
	json_object_set_new(doc, "docker_version", json_string(DOCKERD_VERSION));
	json_object_set(doc, "container_config", m->c->config);
	json_object_set(doc, "config", m->config);
	if (!json_is_array(json_object_get(doc, "history")))
		json_object_set_new(doc, "history", json_array());
	json_array_append_new(json_object_get(doc, "history"), step(m, now, empty));
	if (!empty)
		json_array_append(jsonx_at(doc, "rootfs.diff_ids"),
				  json_object_get(m->layer, "diffID"));
	return doc;
}

static int make(const struct commit *m, const char *full, char id[136], struct err *err)
{
	bool empty = !strcmp(jsonx_str(m->layer, "diffID", ""), EMPTY_DIFF);
	AUTO_JSON json_t *doc = document(m, empty);
	AUTO_JSON json_t *layers = json_deep_copy(jsonx_at(m->image, "manifest.layers"));

	if (!layers)
		layers = json_array();
	if (!empty)
		json_array_append_new(layers,
				      json_pack("{s:O, s:O, s:O}", "mediaType",
						json_object_get(m->layer, "mediaType"), "digest",
						json_object_get(m->layer, "digest"), "size",
						json_object_get(m->layer, "size")));
	return dockerd_image_make(m->d, doc, layers, full, id, err);
}

static int commit(struct commit *m, struct http_request *req, char id[136], struct err *err)
{
	AUTO_FREE char *full = NULL, *familiar = NULL, *name = NULL;

	if (dockerd_name_parse(http_query(req, "repo"), http_query(req, "tag"), &full, &familiar,
			       err) ||
	    make_config(m, req, err))
		return -1;
	m->image = dockerd_image_resolve(m->d, m->c->image_id, &name, err);
	if (!m->image)
		return -1;
	m->layer = quiet_diff(m->d, m->c, http_query_bool(req, "pause", 1), err);
	if (!m->layer || make(m, full, id, err))
		return -1;
	dockerd_container_event(m->d, m->c, "commit",
				json_pack("{s:s}", "comment", m->comment));
	if (full)
		dockerd_event(m->d, "image", "tag", id, json_pack("{s:s}", "name", familiar));
	return 0;
}

static int post_commit(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	const char *ref = http_query(req, "container"), *author = http_query(req, "author"),
		   *comment = http_query(req, "comment");
	struct commit m = { .d = daemon, .author = author ? author : "",
			    .comment = comment ? comment : "" };
	char id[136];
	int rc;

	m.c = dockerd_container_find(daemon, ref ? ref : "", err);
	if (!m.c)
		return -1;
	rc = commit(&m, req, id, err);
	dockerd_container_put(daemon, m.c);
	json_decref(m.image);
	json_decref(m.layer);
	json_decref(m.config);
	if (!rc)
		http_reply_json(rep, 201, json_pack("{s:s}", "Id", id));
	return rc;
}

const struct http_route dockerd_commit_routes[] = {
	{ "POST", "/commit", post_commit },
	{ NULL },
};
