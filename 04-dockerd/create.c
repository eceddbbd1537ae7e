/*
 * create.c - POST /containers/create.
 *
 *   image ─▶ Config, HostConfig, mounts (checked) ─▶ directory ─▶ snapshot ─▶ volumes
 *     ─▶ name ─▶ document
 *
 * Nothing outside this function's memory is touched before everything was checked. The
 * document is written last and makes the container: a directory without one is what a
 * daemon left that died in here, and the next one removes it with its snapshot (state.c).
 */
#include "create.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "03-containerd/platform.h"
#include "api.h"
#include "defaults.h"
#include "events.h"
#include "health.h"
#include "images.h"
#include "links.h"
#include "log_config.h"
#include "mounts.h"
#include "network.h"
#include "runtimes.h"
#include "task.h"
#include "volume.h"

struct making {
	struct daemon *d;
	struct container *c;
	json_t *image;     /* resolved */
	struct strlist warnings;
	int minor;         /* of the API's version */
	bool has_dir;
};

/* --- checking ---------------------------------------------------------------------------- */

/* With the host's network the host's name, unless another was asked for. */
static void default_hostname(json_t *config, const json_t *body, const json_t *host)
{
	char name[65] = "";

	if (*jsonx_str(body, "Hostname", "") ||
	    dockerd_network_kind(jsonx_str(host, "NetworkMode", "")) != NET_HOST)
		return;
	if (!gethostname(name, sizeof name - 1))
		json_object_set_new(config, "Hostname", json_string(name));
}

/* A container whose network is joined is remembered by ID: names change. */
static int fix_joins(struct daemon *d, json_t *host, struct err *err)
{
	static const char *const keys[] = { "NetworkMode", "IpcMode", "PidMode" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const char *mode = jsonx_str(host, keys[i], "");
		struct container *other;

		if (!str_starts(mode, "container:"))
			continue;
		other = dockerd_container_find(d, mode + strlen("container:"), err);
		if (!other) {
			err->kind = ERR_INVALID; /* a 404 would tell the CLI that the image is
						    missing */
			return -1;
		}
		json_object_set_new(host, keys[i], json_sprintf("container:%s", other->id));
		dockerd_container_put(d, other);
	}
	return 0;
}

/* What clients count on that are older than a default. */
static void old_defaults(json_t *host, const json_t *given, int minor)
{
	if (minor < 40 && !*jsonx_str(given, "IpcMode", ""))
		json_object_set_new(host, "IpcMode", json_string("shareable"));
}

static int check(struct making *m, const json_t *body, struct err *err)
{
	struct container *c = m->c;
	const json_t *net = json_object_get(body, "NetworkingConfig");
	AUTO_JSON json_t *given = dockerd_log_defaults(m->d->cfg, json_object_get(body, "HostConfig"));
	const char *runtime = jsonx_str(body, "Runtime", "");

	if (*runtime && json_is_object(given) && !*jsonx_str(given, "Runtime", ""))
		json_object_set_new(given, "Runtime", json_string(runtime));
	if (json_is_object(given))
		dockerd_defaults_of_host(m->d->cfg, given);
	c->config = dockerd_config_make(body, jsonx_at(m->image, "config.config"), c->id, err);
	if (!c->config)
		return -1;
	c->host = dockerd_host_make(given, &m->warnings, err);
	if (c->host)
		old_defaults(c->host, json_object_get(body, "HostConfig"), m->minor);
	if (!c->host || dockerd_conflicts_check(body, c->host, err) ||
	    dockerd_runtime_choose(m->d, c->host, err) || fix_joins(m->d, c->host, err))
		return -1;
	c->networks = dockerd_networking_make(m->d, net, c->config, c->host, m->minor >= 44, err);
	if (!c->networks || dockerd_links_check(m->d, c, err))
		return -1;
	default_hostname(c->config, body, c->host);
	c->st.health = dockerd_health_load(c->config, NULL);
	c->mounts = dockerd_mounts_plan(m->d, c->config, c->host, err);
	return c->mounts ? 0 : -1;
}

/* --- making ---------------------------------------------------------------------------------- */

static int make_parts(struct making *m, struct err *err)
{
	AUTO_FREE char *dir = dockerd_container_path(m->d, m->c, NULL);

	if (file_mkdir_p(dir, 0710, err))
		return -1;
	m->has_dir = true;
	if (dockerd_snapshot_prepare(m->d, m->c->id, jsonx_str(m->image, "chainID", ""), err))
		return -1;
	if (dockerd_mounts_realise(m->d, m->c->id, m->c->mounts, err))
		return -1;
	if (dockerd_copy_up(m->d, m->c->id, m->c->mounts, err)) {
		dockerd_mounts_discard(m->d, m->c->id, m->c->mounts);
		return -1;
	}
	return 0;
}

/* op is held: nobody starts what is not yet on disk. */
static int enter(struct making *m, const char *name, struct err *err)
{
	struct container *c = m->c;
	int rc;

	pthread_mutex_lock(&c->op);
	rc = dockerd_container_list(m->d, c, name, err);
	if (!rc && dockerd_container_save(m->d, c, err)) {
		dockerd_container_unlist(m->d, c);
		rc = -1;
	}
	pthread_mutex_unlock(&c->op);
	if (rc)
		dockerd_mounts_discard(m->d, c->id, c->mounts);
	return rc;
}

/* The name is checked first of all and taken last of all: in between, another may take it. */
static int check_name(struct daemon *d, const char *name, struct err *err)
{
	struct container *other;
	struct err ignored;
	int rc = 0;

	if (!name)
		return 0;
	if (dockerd_name_check(name, err))
		return -1;
	other = dockerd_container_find(d, name, &ignored);
	if (!other)
		return 0;
	dockerd_lock(d);
	if (!strcmp(other->name, name))
		rc = err_set(err, ERR_CONFLICT,
			     "Conflict. The container name \"/%s\" is already in use by container "
			     "\"%s\". You have to remove (or rename) that container to be able to "
			     "reuse that "
			     "name.",
			     name, other->id);
	dockerd_unlock(d);
	dockerd_container_put(d, other);
	return rc;
}

/* The image is known: its ID and what containerd calls it, too. */
static int make_from_image(struct making *m, const json_t *body, const char *name, struct err *err)
{
	return check(m, body, err) || make_parts(m, err) || enter(m, name, err) ? -1 : 0;
}

static int make(struct making *m, const json_t *body, const char *name, struct err *err)
{
	struct container *c = m->c;
	json_t *image = NULL;

	if (!body || check_name(m->d, name, err))
		return -1;
	if (!json_object_size(body))
		return err_set(err, ERR_INVALID,
			       "config cannot be empty in order to create a container");
	if (jsonx_want(body, "", "Image", JSON_STRING, &image, err))
		return -1;
	m->image = dockerd_image_resolve(m->d, image ? json_string_value(image) : "",
					 &c->image_name, err);
	if (!m->image)
		return -1;
	c->image_id = xstrdup(json_string_value(jsonx_at(m->image, "configDescriptor.digest")));
	return make_from_image(m, body, name, err);
}

/* It is there, and told of; or what was made of it goes. `rc` again. */
static int finish(struct making *m, int rc)
{
	dockerd_volumes_unwant(m->d->volumes, m->c->id);
	if (!rc) {
		dockerd_remnant_forget(m->d, m->c->id);
		dockerd_container_event(m->d, m->c, "create", NULL);
	} else if (m->has_dir) {
		dockerd_remnant_remove(m->d, m->c->id);
	}
	return rc;
}

struct container *dockerd_create_on(struct daemon *d, json_t *image, const char *id, const json_t *body,
				    struct err *err)
{
	struct making m = { .d = d, .image = image, .minor = INT_MAX }; /* as the newest */
	char container[ID_SIZE];
	int rc;

	dockerd_random_id(container);
	m.c = dockerd_container_new(container);
	m.c->of_build = true;
	m.c->image_id = xstrdup(id);
	m.c->image_name = xstrdup(id);
	rc = finish(&m, make_from_image(&m, body, NULL, err));
	strlist_free(&m.warnings);
	if (!rc)
		return m.c;
	dockerd_container_put(d, m.c);
	return NULL;
}

static json_t *answer(const struct making *m)
{
	return json_pack("{s:s, s:o}", "Id", m->c->id, "Warnings", jsonx_strings(&m->warnings));
}

/* A platform asked for must be this machine's. */
static int check_platform(struct http_request *req, struct err *err)
{
	AUTO_FREE char *platform = NULL;
	struct ctrd_platform want, ours;

	if (dockerd_platform_parse(http_query(req, "platform"), &platform, err) ||
	    ctrd_platform_parse(platform, &want, err) || ctrd_platform_parse(NULL, &ours, err))
		return -1;
	if (strcmp(want.os, ours.os) || strcmp(want.arch, ours.arch))
		return err_set(err, ERR_NOT_FOUND, "image with reference %s: none that runs here is of the "
			       "specified platform (%s): this machine is %s/%s",
			       jsonx_str(http_body_json(req, err), "Image", ""), platform, ours.os, ours.arch);
	return 0;
}

static int post_create(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	AUTO_SPAN struct trace_span span = trace_begin();
	const char *name = http_query(req, "name");
	struct making m = { .d = daemon, .minor = dockerd_api_minor(req) };
	char id[ID_SIZE];
	int rc;

	if (check_platform(req, err))
		return -1;
	dockerd_random_id(id);
	m.c = dockerd_container_new(id);
	if (name && *name == '/')
		name++;
	rc = finish(&m, make(&m, dockerd_api_body(req, err), name && *name ? name : NULL, err));
	if (!rc) {
		http_reply_json(rep, 201, answer(&m));
		trace_end(&span, "create %s", m.c->name);
	}
	json_decref(m.image);
	strlist_free(&m.warnings);
	dockerd_container_put(daemon, m.c);
	return rc;
}

const struct http_route dockerd_create_routes[] = {
	{ "POST", "/containers/create", post_create },
	{ NULL },
};
