/*
 * exec.c - see exec.h: the table of execs, making one, looking at one. Starting is in
 * exec_start.c.
 */
#include "exec_private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "create.h"
#include "events.h"
#include "splice.h"
#include "task.h"

#define KEEP_SECONDS 300 /* an ended exec can be inspected so long */

/* --- the table ----------------------------------------------------------------------- */

static void put_locked(struct daemon *d, struct exec *e)
{
	struct container *c = e->c;

	if (--e->refs)
		return;
	json_decref(e->config);
	free(e);
	dockerd_unlock(d); /* putting a container takes the lock */
	dockerd_container_put(d, c);
	dockerd_lock(d);
}

void dockerd_exec_put(struct daemon *d, struct exec *e)
{
	dockerd_lock(d);
	put_locked(d, e);
	dockerd_unlock(d);
}

struct exec *dockerd_exec_find(struct daemon *d, const char *id, struct err *err)
{
	struct exec *e;

	dockerd_lock(d);
	for (e = d->execs; e && strcmp(e->id, id); e = e->next)
		;
	if (e)
		e->refs++;
	dockerd_unlock(d);
	if (!e)
		err_set(err, ERR_NOT_FOUND, "No such exec instance: %s", id);
	return e;
}

/* Take from the table those for which `gone` holds, then give up the table's references. */
static void sweep(struct daemon *d, bool (*gone)(const struct exec *e, const void *arg),
		  const void *arg)
{
	struct exec *out = NULL, **at = &d->execs, *e;

	dockerd_lock(d);
	while ((e = *at)) {
		if (!gone(e, arg)) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		e->next = out;
		out = e;
	}
	while ((e = out)) {
		out = e->next;
		put_locked(d, e);
	}
	dockerd_unlock(d);
}

static bool is_stale(const struct exec *e, const void *arg)
{
	return e->ended && *(const time_t *)arg - e->ended > KEEP_SECONDS;
}

static bool is_of_unlisted(const struct exec *e, const void *arg)
{
	return e->c == arg && !e->c->listed;
}

static bool every(const struct exec *e, const void *arg)
{
	(void)e;
	(void)arg;
	return true;
}

void dockerd_exec_free_all(struct daemon *d)
{
	sweep(d, every, NULL);
}

/* --- ends -------------------------------------------------------------------------------- */

/* daemon.lock held. False: it was known. */
static bool end(struct exec *e, int status)
{
	if (!e->started || e->ended)
		return false;
	e->running = false;
	e->exit_code = status;
	e->ended = time(NULL);
	dockerd_container_changed(e->c); /* a health check waits for it */
	return true;
}

static void tell_end(struct daemon *d, struct exec *e)
{
	dockerd_container_event(d, e->c, "exec_die",
				json_pack("{s:s, s:o}", "execID", e->id, "exitCode",
					  json_sprintf("%d", e->exit_code)));
}

void dockerd_exec_finish(struct daemon *d, struct exec *e, int status)
{
	AUTO_FREE char *path = xasprintf("/v1/tasks/%s/execs/%s", e->c->id, e->id);
	struct err ignored;
	bool fresh;

	dockerd_lock(d);
	fresh = end(e, status);
	dockerd_unlock(d);
	if (!fresh)
		return;
	tell_end(d, e);
	json_decref(ctrd_call(d->ctrd, "DELETE", path, NULL, &ignored));
}

void dockerd_exec_exited(struct daemon *d, const char *container_id, const char *exec_id,
			 int status)
{
	struct err ignored;
	struct exec *e = dockerd_exec_find(d, exec_id, &ignored);

	if (!e)
		return;
	if (!strcmp(e->c->id, container_id))
		dockerd_exec_finish(d, e, status);
	dockerd_exec_put(d, e);
}

void dockerd_exec_container_exited(struct daemon *d, struct container *c)
{
	dockerd_lock(d);
	for (struct exec *e = d->execs; e; e = e->next)
		if (e->c == c)
			end(e, 137);
	dockerd_unlock(d);
	sweep(d, is_of_unlisted, c);
}

json_t *dockerd_exec_ids(struct daemon *d, const struct container *c)
{
	json_t *ids = json_array();

	for (struct exec *e = d->execs; e; e = e->next)
		if (e->c == c && e->running)
			json_array_append_new(ids, json_string(e->id));
	if (json_array_size(ids))
		return ids;
	json_decref(ids);
	return json_null();
}

/* --- POST /containers/{id}/exec ------------------------------------------------------------ */

static const struct field exec_fields[] = {
	{ "User", 's', true, "\"\"" },
	{ "Privileged", 'b', true, "false" },
	{ "Tty", 'b', true, "false" },
	{ "ConsoleSize", 'a', true, "null" },
	{ "AttachStdin", 'b', true, "false" },
	{ "AttachStderr", 'b', true, "false" },
	{ "AttachStdout", 'b', true, "false" },
	{ "DetachKeys", 's', true, "\"\"" },
	{ "Env", 'l', true, "null" },
	{ "WorkingDir", 's', true, "\"\"" },
	{ "Cmd", 'c', true, "null" },
	{ "Detach", 'b', true, "false" }, /* the start's business; old clients repeat it here */
	{ "Container", 's', true, "\"\"" },
	{ NULL },
};

int dockerd_exec_check_running(struct daemon *d, struct container *c, struct err *err)
{
	bool running, paused, restarting;

	dockerd_lock(d);
	running = c->st.running;
	paused = c->st.paused;
	restarting = c->st.restarting;
	dockerd_unlock(d);
	if (paused)
		return err_set(err, ERR_CONFLICT,
			       "Container %s is paused, unpause the container before exec", c->id);
	if (restarting)
		return err_set(err, ERR_CONFLICT,
			       "Container %s is restarting, wait until the container is running",
			       c->id);
	if (!running)
		return err_set(err, ERR_CONFLICT, "container %s is not running", c->id);
	return 0;
}

static json_t *check_request(const json_t *body, struct err *err)
{
	AUTO_JSON json_t *config = dockerd_normalise(body, exec_fields, "", err);
	const char *dir = jsonx_str(config, "WorkingDir", "");
	struct detach ignored;

	if (!config)
		return NULL;
	if (!json_array_size(json_object_get(config, "Cmd"))) {
		err_set(err, ERR_INVALID, "No exec command specified");
		return NULL;
	}
	if (*dir && *dir != '/') {
		err_set(err, ERR_INVALID,
			"the working directory '%s' is invalid, it needs to be an absolute path",
			dir);
		return NULL;
	}
	return dockerd_detach_parse(jsonx_str(config, "DetachKeys", ""), &ignored, err)
		       ? NULL
		       : steal_ptr(&config);
}

/* "exec_create: ls -l", as `docker events` shows it. */
void dockerd_exec_tell(struct daemon *d, struct exec *e, const char *what)
{
	AUTO_STRBUF struct strbuf action = STRBUF_INIT;
	json_t *cmd = json_object_get(e->config, "Cmd"), *v;
	size_t i;

	strbuf_addf(&action, "%s:", what);
	json_array_foreach(cmd, i, v)
		strbuf_addf(&action, " %s", json_string_value(v));
	dockerd_container_event(d, e->c, action.data, json_pack("{s:s}", "execID", e->id));
}

struct exec *dockerd_exec_new(struct daemon *d, struct container *c, json_t *config)
{
	struct exec *e = xcalloc(1, sizeof *e);
	time_t now = time(NULL);

	sweep(d, is_stale, &now);
	dockerd_random_id(e->id);
	e->c = c;
	e->config = config;
	e->exit_code = -1;
	e->refs = 1; /* the caller's */
	dockerd_lock(d);
	if (c->listed) { /* of one removed meanwhile, nobody would sweep it */
		e->refs++; /* the table's */
		e->next = d->execs;
		d->execs = e;
	}
	dockerd_unlock(d);
	dockerd_exec_tell(d, e, "exec_create");
	return e;
}

static int post_create(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	struct daemon *d = daemon;
	json_t *body = dockerd_api_body(req, err);
	struct container *c = body ? dockerd_api_container(d, req, err) : NULL;
	json_t *config =
		c && !dockerd_exec_check_running(d, c, err) ? check_request(body, err) : NULL;
	struct exec *e;

	if (!config) {
		dockerd_container_put(d, c);
		return -1;
	}
	e = dockerd_exec_new(d, c, config);
	http_reply_json(rep, 201, json_pack("{s:s}", "Id", e->id));
	dockerd_exec_put(d, e);
	return 0;
}

/* --- inspect, resize -------------------------------------------------------------------------- */

static json_t *exec_json(const struct exec *e)
{
	json_t *args = json_deep_copy(json_object_get(e->config, "Cmd"));
	json_t *program = json_incref(json_array_get(args, 0));
	const char *user = jsonx_str(e->config, "User", "");

	json_array_remove(args, 0);
	return json_pack(
		"{s:s, s:b, s:o, s:{s:b, s:o, s:o, s:b, s:s*}, s:b, s:b, s:b, s:b, s:s, s:s, s:i}",
		"ID", e->id, "Running", e->running, "ExitCode",
		e->exit_code < 0 ? json_null() : json_integer(e->exit_code), "ProcessConfig", "tty",
		jsonx_bool(e->config, "Tty", false), "entrypoint", program, "arguments", args,
		"privileged", jsonx_bool(e->config, "Privileged", false), "user",
		*user ? user : NULL, "OpenStdin", jsonx_bool(e->config, "AttachStdin", false), "OpenStderr",
		jsonx_bool(e->config, "AttachStderr", false), "OpenStdout",
		jsonx_bool(e->config, "AttachStdout", false), "CanRemove", e->ended != 0,
		"ContainerID", e->c->id, "DetachKeys", jsonx_str(e->config, "DetachKeys", ""),
		"Pid", (int)e->pid);
}

static int get_exec(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct daemon *d = daemon;
	struct exec *e = dockerd_exec_find(d, http_param(req, "id"), err);
	json_t *doc;

	if (!e)
		return -1;
	dockerd_lock(d);
	doc = exec_json(e);
	dockerd_unlock(d);
	dockerd_exec_put(d, e);
	http_reply_json(rep, 200, doc);
	return 0;
}

static int post_resize(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	struct daemon *d = daemon;
	long h, w;
	struct exec *e;
	int rc;

	if (dockerd_query_int(req, "h", 0, &h, err) || dockerd_query_int(req, "w", 0, &w, err))
		return -1;
	e = dockerd_exec_find(d, http_param(req, "id"), err);
	if (!e)
		return -1;
	rc = dockerd_task_resize(d, e->c->id, e->id, h, w, err);
	dockerd_exec_put(d, e);
	if (!rc)
		http_reply_empty(rep, 200);
	return rc;
}

const struct http_route dockerd_exec_routes[] = {
	{ "POST", "/containers/{id}/exec", post_create },
	{ "POST", "/exec/{id}/start", dockerd_exec_post_start },
	{ "POST", "/exec/{id}/resize", post_resize },
	{ "GET", "/exec/{id}/json", get_exec },
	{ NULL },
};
