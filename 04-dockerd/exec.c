/*
 * exec.c - see exec.h.
 */
#include "exec.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "api.h"
#include "create.h"
#include "events.h"
#include "ospec.h"
#include "splice.h"
#include "task.h"

#define KEEP_SECONDS 300 /* an ended exec can be inspected so long */

struct exec {
	struct exec *next;       /* daemon.lock, as all that follows unless it says fixed */
	unsigned refs;
	char id[ID_SIZE];        /* fixed */
	struct container *c;     /* fixed; a reference */
	json_t *config;          /* fixed: the request, normalised */
	bool started, running, listed;
	int exit_code;           /* -1: none yet */
	pid_t pid;
	time_t ended;
};

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

static void put(struct daemon *d, struct exec *e)
{
	dockerd_lock(d);
	put_locked(d, e);
	dockerd_unlock(d);
}

static struct exec *find(struct daemon *d, const char *id, struct err *err)
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
static void sweep(struct daemon *d, bool (*gone)(const struct exec *e, const void *arg), const void *arg)
{
	struct exec *out = NULL, **at = &d->execs, *e;

	dockerd_lock(d);
	while ((e = *at)) {
		if (!gone(e, arg)) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		e->listed = false;
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
	return true;
}

static void tell_end(struct daemon *d, struct exec *e)
{
	dockerd_container_event(d, e->c, "exec_die", json_pack("{s:s, s:o}", "execID", e->id, "exitCode",
							       json_sprintf("%d", e->exit_code)));
}

static void finish(struct daemon *d, struct exec *e, int status)
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

void dockerd_exec_exited(struct daemon *d, const char *container_id, const char *exec_id, int status)
{
	struct err ignored;
	struct exec *e = find(d, exec_id, &ignored);

	if (!e)
		return;
	if (!strcmp(e->c->id, container_id))
		finish(d, e, status);
	put(d, e);
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

static int check_running(struct daemon *d, struct container *c, struct err *err)
{
	bool running, paused, restarting;

	dockerd_lock(d);
	running = c->st.running;
	paused = c->st.paused;
	restarting = c->st.restarting;
	dockerd_unlock(d);
	if (paused)
		return err_set(err, ERR_CONFLICT, "Container %s is paused, unpause the container before exec", c->id);
	if (restarting)
		return err_set(err, ERR_CONFLICT, "Container %s is restarting, wait until the container is running", c->id);
	if (!running)
		return err_set(err, ERR_CONFLICT, "container %s is not running", c->id);
	return 0;
}

static json_t *check_request(struct http_request *req, struct err *err)
{
	json_t *body = http_body_json(req, err);
	AUTO_JSON json_t *config = body ? dockerd_normalise(body, exec_fields, "", err) : NULL;
	const char *dir = jsonx_str(config, "WorkingDir", "");
	struct detach ignored;

	if (!config)
		return NULL;
	if (!json_array_size(json_object_get(config, "Cmd"))) {
		err_set(err, ERR_INVALID, "No exec command specified");
		return NULL;
	}
	if (*dir && *dir != '/') {
		err_set(err, ERR_INVALID, "the working directory '%s' is invalid, it needs to be an absolute path", dir);
		return NULL;
	}
	return dockerd_detach_parse(jsonx_str(config, "DetachKeys", ""), &ignored, err) ? NULL : steal_ptr(&config);
}

/* "exec_create: ls -l", as `docker events` shows it. */
static void tell(struct daemon *d, struct exec *e, const char *what)
{
	AUTO_STRBUF struct strbuf action = STRBUF_INIT;
	json_t *cmd = json_object_get(e->config, "Cmd"), *v;
	size_t i;

	strbuf_addf(&action, "%s:", what);
	json_array_foreach(cmd, i, v)
		strbuf_addf(&action, " %s", json_string_value(v));
	dockerd_container_event(d, e->c, action.data, json_pack("{s:s}", "execID", e->id));
}

static int post_create(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct daemon *d = daemon;
	struct container *c = dockerd_api_container(d, req, err);
	json_t *config = c && !check_running(d, c, err) ? check_request(req, err) : NULL;
	time_t now = time(NULL);
	struct exec *e;

	if (!config) {
		dockerd_container_put(d, c);
		return -1;
	}
	sweep(d, is_stale, &now);
	e = xcalloc(1, sizeof *e);
	dockerd_random_id(e->id);
	e->c = c;
	e->config = config;
	e->exit_code = -1;
	e->listed = true;
	e->refs = 2; /* the table's and ours */
	dockerd_lock(d);
	e->next = d->execs;
	d->execs = e;
	dockerd_unlock(d);
	tell(d, e, "exec_create");
	http_reply_json(rep, 201, json_pack("{s:s}", "Id", e->id));
	put(d, e);
	return 0;
}

/* --- POST /exec/{id}/start ------------------------------------------------------------------- */

struct session {
	struct daemon *d;
	struct exec *e; /* a reference */
	bool tty, detach;
	unsigned rows, cols;
};

static int create_in_containerd(const struct session *s, char **attach, struct err *err)
{
	struct exec *e = s->e;
	json_t *size = json_object_get(e->config, "ConsoleSize"), *body;
	AUTO_JSON json_t *answer = NULL;
	AUTO_FREE char *path = xasprintf("/v1/tasks/%s/execs", e->c->id);
	struct exec_request r = {
		.args = json_object_get(e->config, "Cmd"), .env = json_object_get(e->config, "Env"),
		.cwd = jsonx_str(e->config, "WorkingDir", ""), .tty = s->tty,
		.privileged = jsonx_bool(e->config, "Privileged", false), .rows = s->rows, .cols = s->cols,
	};
	const char *user = jsonx_str(e->config, "User", "");

	if (!r.rows) {
		r.rows = (unsigned)json_integer_value(json_array_get(size, 0));
		r.cols = (unsigned)json_integer_value(json_array_get(size, 1));
	}
	body = json_pack("{s:s, s:o, s:s, s:b, s:b, s:b}", "execID", e->id, "process", dockerd_spec_exec(e->c, &r),
			 "user", *user ? user : jsonx_str(e->c->config, "User", ""), "terminal", s->tty, "stdin",
			 !s->detach && jsonx_bool(e->config, "AttachStdin", false), "attach", !s->detach);
	if (r.rows && r.cols)
		json_object_set_new(body, "consoleSize", json_pack("[i, i]", (int)r.rows, (int)r.cols));
	answer = ctrd_call(s->d->ctrd, "POST", path, body, err);
	json_decref(body);
	if (!answer)
		return -1;
	*attach = xstrdup(jsonx_str(answer, "attach", ""));
	return 0;
}

static int start_in_containerd(const struct session *s, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/tasks/%s/execs/%s/start", s->e->c->id, s->e->id);
	AUTO_JSON json_t *answer = ctrd_call(s->d->ctrd, "POST", path, NULL, err);

	if (!answer)
		return -1;
	dockerd_lock(s->d);
	s->e->pid = (pid_t)jsonx_int(answer, "pid", 0);
	dockerd_unlock(s->d);
	return 0;
}

static int wait_in_containerd(const struct session *s, int *status, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/tasks/%s/execs/%s/wait", s->e->c->id, s->e->id);
	AUTO_JSON json_t *answer = ctrd_call(s->d->waits, "POST", path, NULL, err);

	*status = (int)jsonx_int(answer, "exitStatus", 255);
	return answer ? 0 : -1;
}

/* As start.c does: Go's words, and the exit status that shells know. */
static int explain(const struct session *s, struct err *err)
{
	const char *program = json_string_value(json_array_get(json_object_get(s->e->config, "Cmd"), 0));
	enum err_kind kind = err->kind;

	if (kind == ERR_NO_PROGRAM)
		err_set(err, kind, strchr(program, '/') ? "exec: \"%s\": stat %s: no such file or directory"
							: "exec: \"%s\": executable file not found in $PATH",
			program, program);
	else if (kind == ERR_NOT_EXECUTABLE)
		err_set(err, kind, "exec: \"%s\": permission denied", program);
	err_wrap(err, "OCI runtime exec failed: exec failed: unable to start container process");
	return kind == ERR_NO_PROGRAM ? 127 : 126;
}

static int attach_streams(const struct session *s, const char *path, struct err *err)
{
	const json_t *config = s->e->config;

	return ctrd_attach(path, jsonx_bool(config, "AttachStdin", false), jsonx_bool(config, "AttachStdout", false),
			   jsonx_bool(config, "AttachStderr", false), err);
}

/* Create, attach unless detached, start. The shim's socket, or -1: with *failed where
 * it did not start. */
static int launch(const struct session *s, bool *failed, struct err *err)
{
	struct trace_span span = trace_begin();
	AUTO_FREE char *attach = NULL;
	AUTO_CLOSE int shim = -1;

	*failed = true;
	if (create_in_containerd(s, &attach, err))
		return -1;
	if (!s->detach) {
		shim = attach_streams(s, attach, err);
		if (shim < 0)
			return -1;
	}
	tell(s->d, s->e, "exec_start");
	if (start_in_containerd(s, err))
		return -1;
	*failed = false;
	trace_end(&span, "exec in %s", s->e->c->name);
	return steal_fd(&shim);
}

/* An error after the connection was taken over is output: framed unless there is a terminal. */
static void say(const struct session *s, int fd, const struct err *err)
{
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	size_t n = strlen(err->msg) + 2;
	const unsigned char head[8] = { 1, 0, 0, 0, (unsigned char)(n >> 24), (unsigned char)(n >> 16),
					(unsigned char)(n >> 8), (unsigned char)n };

	if (!s->tty)
		strbuf_add(&out, head, sizeof head);
	strbuf_addf(&out, "%s\r\n", err->msg);
	(void)!io_write_full(fd, out.data, out.len);
}

static void run(int fd, void *arg)
{
	struct session *s = arg;
	struct detach keys;
	struct err err;
	bool failed, detached = false;
	int status, shim = launch(s, &failed, &err);

	if (failed) {
		status = explain(s, &err);
		say(s, fd, &err);
		finish(s->d, s->e, status);
		return;
	}
	dockerd_detach_parse(jsonx_str(s->e->config, "DetachKeys", ""), &keys, &err);
	detached = dockerd_splice(&(struct splice){ .client = fd, .server = shim, .stop_fd = s->d->stop_fd,
						    .detach = s->tty ? &keys : NULL, .hold = true });
	close(shim);
	/* The CLI asks for the exit status as soon as the stream ends: have it by then. */
	if (!detached && !wait_in_containerd(s, &status, &err))
		finish(s->d, s->e, status);
}

static void release(void *arg)
{
	struct session *s = arg;

	put(s->d, s->e);
	free(s);
}

/* Only the first start counts. */
static int claim(struct session *s, struct err *err)
{
	bool again;

	if (check_running(s->d, s->e->c, err))
		return -1;
	dockerd_lock(s->d);
	again = s->e->started;
	s->e->started = s->e->running = true;
	dockerd_unlock(s->d);
	return again ? err_set(err, ERR_CONFLICT, "exec session %s has already run", s->e->id) : 0;
}

static int start_detached(struct session *s, struct http_reply *rep, struct err *err)
{
	bool failed;

	launch(s, &failed, err);
	if (failed) {
		finish(s->d, s->e, explain(s, err));
		return -1;
	}
	http_reply_empty(rep, 200);
	return 0;
}

static int post_start(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	static const struct field fields[] = { { "Detach", 'b', true, "false" }, { "Tty", 'b', true, "false" },
					       { "ConsoleSize", 'a', true, "null" }, { NULL } };
	json_t *body = http_body_json(req, err), *size;
	AUTO_JSON json_t *given = body ? dockerd_normalise(body, fields, "", err) : NULL;
	struct exec *e = given ? find(daemon, http_param(req, "id"), err) : NULL;
	struct session *s;
	int rc;

	if (!e)
		return -1;
	s = xcalloc(1, sizeof *s);
	size = json_object_get(given, "ConsoleSize");
	*s = (struct session){ daemon, e, jsonx_bool(e->config, "Tty", false), jsonx_bool(given, "Detach", false),
			       (unsigned)json_integer_value(json_array_get(size, 0)),
			       (unsigned)json_integer_value(json_array_get(size, 1)) };
	rc = claim(s, err);
	if (!rc && !s->detach) {
		http_reply_upgrade(rep, "tcp", dockerd_stream_type(req, s->tty), run, s, release);
		return 0;
	}
	if (!rc)
		rc = start_detached(s, rep, err);
	release(s);
	return rc;
}

/* --- inspect, resize -------------------------------------------------------------------------- */

static json_t *exec_json(const struct exec *e)
{
	json_t *args = json_deep_copy(json_object_get(e->config, "Cmd"));
	json_t *program = json_incref(json_array_get(args, 0));
	const char *user = jsonx_str(e->config, "User", "");

	json_array_remove(args, 0);
	return json_pack("{s:s, s:b, s:o, s:{s:b, s:o, s:o, s:b, s:s}, s:b, s:b, s:b, s:b, s:s, s:s, s:i}",
			 "ID", e->id, "Running", e->running, "ExitCode",
			 e->exit_code < 0 ? json_null() : json_integer(e->exit_code), "ProcessConfig", "tty",
			 jsonx_bool(e->config, "Tty", false), "entrypoint", program, "arguments", args,
			 "privileged", jsonx_bool(e->config, "Privileged", false), "user", user,
			 "OpenStdin", jsonx_bool(e->config, "AttachStdin", false), "OpenStderr",
			 jsonx_bool(e->config, "AttachStderr", false), "OpenStdout",
			 jsonx_bool(e->config, "AttachStdout", false), "CanRemove", e->ended != 0, "ContainerID",
			 e->c->id, "DetachKeys", jsonx_str(e->config, "DetachKeys", ""), "Pid", (int)e->pid);
}

static int get_exec(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct daemon *d = daemon;
	struct exec *e = find(d, http_param(req, "id"), err);
	json_t *doc;

	if (!e)
		return -1;
	dockerd_lock(d);
	doc = exec_json(e);
	dockerd_unlock(d);
	put(d, e);
	http_reply_json(rep, 200, doc);
	return 0;
}

static int post_resize(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct daemon *d = daemon;
	long h, w;
	struct exec *e;
	int rc;

	if (dockerd_query_int(req, "h", 0, &h, err) || dockerd_query_int(req, "w", 0, &w, err))
		return -1;
	e = find(d, http_param(req, "id"), err);
	if (!e)
		return -1;
	rc = dockerd_task_resize(d, e->c->id, e->id, h, w, err);
	put(d, e);
	if (!rc)
		http_reply_empty(rep, 200);
	return rc;
}

const struct http_route dockerd_exec_routes[] = {
	{ "POST", "/containers/{id}/exec", post_create },
	{ "POST", "/exec/{id}/start", post_start },
	{ "POST", "/exec/{id}/resize", post_resize },
	{ "GET", "/exec/{id}/json", get_exec },
	{ NULL },
};
