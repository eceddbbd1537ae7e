/*
 * task.c - see task.h.
 */
#include "task.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "log_config.h"
#include "runtimes.h"

#define AWAY_TRIES 100 /* how long a containerd that died is given to come back */
#define AWAY_MS 100

/* IDs are hexadecimal and need no escaping. */
static int call(struct daemon *d, const char *method, const char *path, const json_t *body,
		struct err *err)
{
	json_t *answer = ctrd_call(d->ctrd, method, path, body, err);

	json_decref(answer);
	return answer ? 0 : -1;
}

int dockerd_snapshot_prepare(struct daemon *d, const char *key, const char *parent, struct err *err)
{
	AUTO_JSON json_t *body = json_pack("{s:s, s:s}", "key", key, "parent", parent);

	return call(d, "POST", "/v1/snapshots/prepare", body, err);
}

int dockerd_snapshot_remove(struct daemon *d, const char *key, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/snapshots/%s", key);

	return call(d, "DELETE", path, NULL, err) && err->kind != ERR_NOT_FOUND ? -1 : 0;
}

/* At its first start only: what the container removed stays away. */
static bool wants_files(struct daemon *d, const struct container *c)
{
	bool started;

	dockerd_lock(d);
	started = strcmp(c->st.started, ZERO_TIME);
	dockerd_unlock(d);
	return !started && !c->of_build;
}

static json_t *container_body(struct daemon *d, const struct container *c, const json_t *spec,
			      struct err *err)
{
	json_t *groups = json_object_get(c->host, "GroupAdd");
	AUTO_JSON json_t *runtime = dockerd_runtime_body(d, jsonx_str(c->host, "Runtime", STOCK_RUNTIME), err);
	json_t *body;

	if (!runtime)
		return NULL;
	body = json_pack("{s:s, s:s, s:s, s:O, s:s}", "id", c->id, "image", c->image_name,
				 "snapshotKey", c->id, "spec", spec, "user",
				 jsonx_str(c->config, "User", ""));

	if (json_array_size(groups))
		json_object_set(body, "groups", groups);
	if (wants_files(d, c))
		json_object_set_new(body, "files", json_pack("[{s:s}, {s:s, s:s}]", "path", "/.dockerenv", "path",
							     "/etc/mtab", "link", "/proc/mounts"));
	if (json_is_object(runtime))
		json_object_set(body, "runtime", runtime);
	return body;
}

static json_t *task_body(struct daemon *d, const struct container *c, struct err *err)
{
	json_t *size = json_object_get(c->host, "ConsoleSize"), *log = dockerd_log_task(d, c, err), *body;

	if (!log)
		return NULL;
	body = json_pack("{s:s, s:b, s:b, s:b, s:o}", "containerID", c->id, "terminal",
				 jsonx_bool(c->config, "Tty", false), "stdin",
				 jsonx_bool(c->config, "OpenStdin", false), "stdinOnce",
				 jsonx_bool(c->config, "StdinOnce", false), "log", log);

	if (json_integer_value(json_array_get(size, 0)) > 0)
		json_object_set(body, "consoleSize", size);
	return body;
}

int dockerd_task_create(struct daemon *d, const struct container *c, const json_t *spec, pid_t *pid,
			char **attach, struct err *err)
{
	AUTO_JSON json_t *container = container_body(d, c, spec, err), *task = NULL,
			 *answer = NULL;

	if (!container)
		return -1;
	task = task_body(d, c, err);
	if (!task)
		return -1;
	if (call(d, "POST", "/v1/containers", container, err)) {
		if (err->kind != ERR_EXISTS && err->kind != ERR_CONFLICT)
			return -1;
		dockerd_task_delete(d, c->id); /* left by a daemon that died */
		if (call(d, "POST", "/v1/containers", container, err))
			return -1;
	}
	answer = ctrd_call(d->ctrd, "POST", "/v1/tasks", task, err);
	if (!answer) {
		dockerd_task_delete(d, c->id);
		return -1;
	}
	*pid = (pid_t)jsonx_int(answer, "pid", 0);
	*attach = xstrdup(jsonx_str(answer, "attach", ""));
	return 0;
}

/* Its status when containerd answers again, after AWAY_TRIES at most. */
static int await_status(struct daemon *d, const char *id, char status[16], struct err *err)
{
	struct pollfd stop = { d->stop_fd, POLLIN, 0 };

	for (int i = 0; i < AWAY_TRIES && !poll(&stop, 1, AWAY_MS); i++) {
		AUTO_JSON json_t *task = dockerd_task_get(d, id, err);

		snprintf(status, 16, "%s", jsonx_str(task, "status", ""));
		if (task && strcmp(status, "unknown"))
			return 0;
		if (!task && err->kind != ERR_UNAVAILABLE)
			return -1;
	}
	return err_set(err, ERR_UNAVAILABLE, "containerd was away while the container was started");
}

/* A containerd that dies on the way may have started it or not: the next one knows. Who took it
 * for a failure would kill a container that runs, or run twice what was to run once. */
int dockerd_task_start(struct daemon *d, const struct container *c, struct err *err)
{
	char status[16];

	while (dockerd_task_verb(d, c, "start", err)) {
		if (err->kind != ERR_UNAVAILABLE || await_status(d, c->id, status, err))
			return -1;
		if (strcmp(status, "created"))
			return 0; /* it runs, or has ended, which the monitor finds out */
	}
	return 0;
}

int dockerd_task_verb(struct daemon *d, const struct container *c, const char *verb,
		      struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/tasks/%s/%s", c->id, verb);

	return call(d, "POST", path, NULL, err);
}

int dockerd_task_kill(struct daemon *d, const struct container *c, int sig, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/tasks/%s/kill", c->id);
	AUTO_JSON json_t *body = json_pack("{s:i}", "signal", sig);

	return call(d, "POST", path, body, err);
}

int dockerd_task_resize(struct daemon *d, const char *id, const char *exec_id, long height,
			long width, struct err *err)
{
	AUTO_FREE char *path = exec_id ? xasprintf("/v1/tasks/%s/execs/%s/resize", id, exec_id)
				       : xasprintf("/v1/tasks/%s/resize", id);
	AUTO_JSON json_t *body =
		json_pack("{s:I, s:I}", "height", (json_int_t)height, "width", (json_int_t)width);

	return call(d, "POST", path, body, err);
}

int dockerd_task_update(struct daemon *d, const char *id, const json_t *resources,
			struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/tasks/%s/update", id);
	AUTO_JSON json_t *body = json_pack("{s:O}", "resources", resources);

	return call(d, "POST", path, body, err);
}

json_t *dockerd_task_get(struct daemon *d, const char *id, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/tasks/%s", id);

	return ctrd_call(d->ctrd, "GET", path, NULL, err);
}

json_t *dockerd_task_list(struct daemon *d, struct err *err)
{
	return ctrd_call(d->ctrd, "GET", "/v1/tasks", NULL, err);
}

json_t *dockerd_task_query(struct daemon *d, const char *id, const char *what, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/tasks/%s/%s", id, what);

	return ctrd_call(d->ctrd, "GET", path, NULL, err);
}

/* containerd does not delete what runs: kill, wait, try again. */
static int delete_task(struct daemon *d, const char *id, struct err *err)
{
	AUTO_FREE char *task = xasprintf("/v1/tasks/%s", id);
	AUTO_FREE char *kill_path = xasprintf("%s/kill", task),
		       *wait_path = xasprintf("%s/wait", task);
	AUTO_JSON json_t *sigkill = json_pack("{s:i, s:b}", "signal", 9, "all", 1);
	struct err ignored;

	if (!call(d, "DELETE", task, NULL, err))
		return 0;
	if (err->kind != ERR_CONFLICT)
		return -1;
	if (!call(d, "POST", kill_path, sigkill, &ignored))
		call(d, "POST", wait_path, NULL, &ignored);
	return call(d, "DELETE", task, NULL, err);
}

int dockerd_task_discard(struct daemon *d, const char *id, bool unstarted, struct err *err)
{
	AUTO_FREE char *task = xasprintf("/v1/tasks/%s?unstarted=%d", id, unstarted);
	AUTO_FREE char *container = xasprintf("/v1/containers/%s", id);

	if (call(d, "DELETE", task, NULL, err) && err->kind != ERR_NOT_FOUND)
		return -1;
	return call(d, "DELETE", container, NULL, err) && err->kind != ERR_NOT_FOUND ? -1 : 0;
}

void dockerd_task_delete(struct daemon *d, const char *id)
{
	AUTO_FREE char *container = xasprintf("/v1/containers/%s", id);
	struct err err;

	if (delete_task(d, id, &err) && err.kind != ERR_NOT_FOUND)
		log_warn("container %.12s: delete its task: %s", id, err.msg);
	if (call(d, "DELETE", container, NULL, &err) && err.kind != ERR_NOT_FOUND)
		log_warn("container %.12s: delete it in containerd: %s", id, err.msg);
}
