/*
 * state.c - what a container is doing, in words, in JSON and on disk.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "container.h"
#include "health.h"
#include "human.h"
#include "log_config.h"
#include "network.h"

#define DOCUMENT_LIMIT (4u << 20)
#define DOCUMENT_VERSION 1

const char *dockerd_state_word(const struct state *st)
{
	if (st->running)
		return st->paused ? "paused" : st->restarting ? "restarting" : "running";
	if (st->restarting)
		return "restarting";
	if (st->removing)
		return "removing";
	if (st->dead)
		return "dead";
	return strcmp(st->started, ZERO_TIME) ? "exited" : "created";
}

char *dockerd_state_text(const struct state *st, time_t now)
{
	AUTO_FREE char *since = dockerd_human_duration(now - dockerd_parse_time(st->finished));
	AUTO_FREE char *up = dockerd_human_duration(now - dockerd_parse_time(st->started));

	if (st->restarting)
		return xasprintf("Restarting (%d) %s ago", st->exit_code, since);
	if (st->running && st->paused)
		return xasprintf("Up %s (Paused)", up);
	if (st->running && st->health)
		return xasprintf("Up %s (%s%s)", up,
				 st->health->status == HEALTH_STARTING ? "health: " : "",
				 dockerd_health_word(st->health));
	if (st->running)
		return xasprintf("Up %s", up);
	if (st->removing)
		return xstrdup("Removal In Progress");
	if (st->dead)
		return xstrdup("Dead");
	if (!strcmp(st->started, ZERO_TIME))
		return xstrdup("Created");
	return xasprintf("Exited (%d) %s ago", st->exit_code, since);
}

json_t *dockerd_state_json(const struct state *st)
{
	return json_pack("{s:s, s:b, s:b, s:b, s:b, s:b, s:i, s:i, s:s, s:s, s:s, s:o*}",
			 "Status", dockerd_state_word(st), "Running", st->running || st->restarting,
			 "Paused", st->paused, "Restarting", st->restarting,
			 "OOMKilled", st->oom_killed, "Dead", st->dead, "Pid", (int)st->pid,
			 "ExitCode", st->exit_code, "Error", st->error, "StartedAt", st->started,
			 "FinishedAt", st->finished, "Health",
			 dockerd_health_json(st->health));
}

/* --- the document -------------------------------------------------------------- */

char *dockerd_container_path(const struct daemon *d, const struct container *c, const char *file)
{
	return xasprintf("%s/containers/%s%s%s", d->cfg->data_root, c->id, file ? "/" : "",
			 file ? file : "");
}

char *dockerd_container_log(const struct daemon *d, const struct container *c)
{
	AUTO_FREE char *name = dockerd_log_file(c);

	return dockerd_container_path(d, c, name);
}

static json_t *endpoints_json(const struct container *c)
{
	json_t *list = json_array();

	for (const struct endpoint *ep = c->endpoints; ep; ep = ep->sibling)
		json_array_append_new(list, dockerd_endpoint_json(ep));
	return list;
}

static json_t *document(struct daemon *d, struct container *c)
{
	json_t *doc, *state;

	dockerd_lock(d);
	state = dockerd_state_json(&c->st);
	json_object_set_new(state, "RestartCount", json_integer(c->st.restarts));
	json_object_set_new(state, "StoppedByHand", json_boolean(c->st.stopped_by_hand));
	doc = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:O, s:o, s:O}", "Version",
			DOCUMENT_VERSION, "Id", c->id, "Name", c->name, "Created", c->created,
			"ImageID", c->image_id, "ImageName", c->image_name, "State", state,
			"Endpoints", endpoints_json(c), "Config", c->config,
			"HostConfig", dockerd_container_host(c), "Mounts", c->mounts);
	json_object_set(doc, "Networks", c->networks);
	dockerd_unlock(d);
	return doc;
}

int dockerd_container_save(struct daemon *d, struct container *c, struct err *err)
{
	AUTO_JSON json_t *doc = document(d, c);
	AUTO_FREE char *path = dockerd_container_path(d, c, "container.json");

	return jsonx_write(AT_FDCWD, path, doc, 0600, err);
}

void dockerd_container_save_listed(struct daemon *d, struct container *c)
{
	struct err err;

	pthread_mutex_lock(&c->op);
	if (c->listed && dockerd_container_save(d, c, &err))
		log_error("container %.12s: %s", c->id, err.msg);
	pthread_mutex_unlock(&c->op);
}

static void state_from_json(struct state *st, const json_t *doc)
{
	st->restarting = jsonx_bool(doc, "Restarting", false);
	st->running = jsonx_bool(doc, "Running", false) && !st->restarting;
	st->paused = jsonx_bool(doc, "Paused", false);
	st->dead = jsonx_bool(doc, "Dead", false);
	st->oom_killed = jsonx_bool(doc, "OOMKilled", false);
	st->pid = (pid_t)jsonx_int(doc, "Pid", 0);
	st->exit_code = (int)jsonx_int(doc, "ExitCode", 0);
	st->restarts = (int)jsonx_int(doc, "RestartCount", 0);
	st->stopped_by_hand = jsonx_bool(doc, "StoppedByHand", false);
	snprintf(st->error, sizeof st->error, "%s", jsonx_str(doc, "Error", ""));
	snprintf(st->started, sizeof st->started, "%s", jsonx_str(doc, "StartedAt", ZERO_TIME));
	snprintf(st->finished, sizeof st->finished, "%s", jsonx_str(doc, "FinishedAt", ZERO_TIME));
}

static struct container *from_document(const json_t *doc, struct err *err)
{
	const char *id = jsonx_str(doc, "Id", "");
	struct container *c;

	if (jsonx_int(doc, "Version", 0) != DOCUMENT_VERSION) {
		err_set(err, ERR_UNSUPPORTED, "written by another version");
		return NULL;
	}
	if (strlen(id) != ID_SIZE - 1 || !dockerd_is_hex(id) ||
	    !json_is_object(json_object_get(doc, "Config")) ||
	    !json_is_object(json_object_get(doc, "HostConfig"))) {
		err_set(err, ERR_CORRUPT, "not a container's document");
		return NULL;
	}
	c = dockerd_container_new(id);
	snprintf(c->created, sizeof c->created, "%s", jsonx_str(doc, "Created", ZERO_TIME));
	c->image_id = xstrdup(jsonx_str(doc, "ImageID", ""));
	c->image_name = xstrdup(jsonx_str(doc, "ImageName", ""));
	c->config = json_incref(json_object_get(doc, "Config"));
	c->host = json_incref(json_object_get(doc, "HostConfig"));
	c->mounts = json_incref(json_object_get(doc, "Mounts"));
	c->networks = json_deep_copy(json_object_get(doc, "Networks"));
	state_from_json(&c->st, json_object_get(doc, "State"));
	c->st.health = dockerd_health_load(c->config, jsonx_at(doc, "State.Health"));
	return c;
}

static void load_endpoints(struct daemon *d, struct container *c, const json_t *doc)
{
	struct endpoint **at = &c->endpoints;
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(doc, "Endpoints"), i, one) {
		*at = dockerd_endpoint_from_json(d->net, c->id, one);
		if (*at)
			at = &(*at)->sibling;
	}
	/* Of an earlier version, which knew one network. */
	if (!json_object_get(doc, "Endpoints"))
		*at = dockerd_endpoint_from_json(d->net, c->id, json_object_get(doc, "Endpoint"));
}

static int load_one(struct daemon *d, const char *id, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/containers/%s/container.json", d->cfg->data_root, id);
	AUTO_JSON json_t *doc = jsonx_read(AT_FDCWD, path, DOCUMENT_LIMIT, err);
	struct container *c = doc ? from_document(doc, err) : NULL;
	int rc;

	if (!c)
		return -1;
	load_endpoints(d, c, doc);
	if (!c->networks)
		c->networks = dockerd_networking_make(d, NULL, c->config, c->host, false, err);
	rc = dockerd_container_list(d, c, jsonx_str(doc, "Name", NULL), err);
	dockerd_container_put(d, c);
	return rc;
}

/* Newest first, as the table is kept; creation times sort as text. */
static void sort_by_age(struct daemon *d)
{
	struct container *sorted = NULL, *c = d->containers;

	while (c) {
		struct container *next = c->next, **at = &sorted;

		while (*at && strcmp((*at)->created, c->created) > 0)
			at = &(*at)->next;
		c->next = *at;
		*at = c;
		c = next;
	}
	d->containers = sorted;
}

/* A directory without a document: its creation or its removal was cut short. */
static bool is_remnant(const struct daemon *d, const char *id)
{
	AUTO_FREE char *path = xasprintf("%s/containers/%s/container.json", d->cfg->data_root, id);

	return access(path, F_OK) && errno == ENOENT;
}

static void sweep(struct daemon *d, const char *id)
{
	log_info("container %.12s was never finished, or half removed: removing the rest", id);
	dockerd_remnant_remove(d, id);
}

static void load_or_report(struct daemon *d, const char *id)
{
	struct err err;

	if (is_remnant(d, id))
		return;
	dockerd_remnant_forget(d, id);
	if (load_one(d, id, &err))
		log_error("container %.12s cannot be loaded and is left alone: %s", id, err.msg);
}

/* Swept once all are loaded: a remnant's volumes may be somebody else's too. */
static void sweep_remnant(struct daemon *d, const char *id)
{
	if (is_remnant(d, id))
		sweep(d, id);
}

static void each_directory(struct daemon *d, DIR *dir, void (*act)(struct daemon *, const char *))
{
	struct dirent *e;

	rewinddir(dir);
	while ((e = readdir(dir)))
		if (strlen(e->d_name) == ID_SIZE - 1 && dockerd_is_hex(e->d_name))
			act(d, e->d_name);
}

int dockerd_container_load_all(struct daemon *d, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/containers", d->cfg->data_root);
	AUTO_CLOSEDIR DIR *dir = opendir(path);

	if (!dir)
		return err_sys(err, "open %s", path);
	each_directory(d, dir, load_or_report);
	each_directory(d, dir, sweep_remnant);
	dockerd_lock(d);
	sort_by_age(d);
	dockerd_unlock(d);
	return 0;
}
