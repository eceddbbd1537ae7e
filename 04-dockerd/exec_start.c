/*
 * exec_start.c - POST /exec/{id}/start: the connection becomes the process's streams, as
 * with attach; an error that comes after that is output.
 */
#include "exec_private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "api.h"
#include "create.h"
#include "frames.h"
#include "ospec.h"
#include "splice.h"

struct session {
	struct daemon *d;
	struct exec *e; /* a reference */
	bool tty, detach;
	bool raw; /* a terminal's output as it is: the client says so again, or gets frames */
	unsigned rows, cols;
};

static int create_in_containerd(const struct session *s, char **attach, struct err *err)
{
	struct exec *e = s->e;
	json_t *size = json_object_get(e->config, "ConsoleSize"), *body;
	AUTO_JSON json_t *answer = NULL;
	AUTO_FREE char *path = xasprintf("/v1/tasks/%s/execs", e->c->id);
	struct exec_request r = {
		.args = json_object_get(e->config, "Cmd"),
		.env = json_object_get(e->config, "Env"),
		.cwd = jsonx_str(e->config, "WorkingDir", ""),
		.tty = s->tty,
		.privileged = jsonx_bool(e->config, "Privileged", false),
		.rows = s->rows,
		.cols = s->cols,
	};
	const char *user = jsonx_str(e->config, "User", "");
	json_t *groups = json_object_get(e->c->host, "GroupAdd");

	if (!r.rows) {
		r.rows = (unsigned)json_integer_value(json_array_get(size, 0));
		r.cols = (unsigned)json_integer_value(json_array_get(size, 1));
	}
	body = json_pack("{s:s, s:o, s:s, s:b, s:b, s:b}", "execID", e->id, "process",
			 dockerd_spec_exec(e->c, &r), "user",
			 *user ? user : jsonx_str(e->c->config, "User", ""), "terminal", s->tty,
			 "stdin", !s->detach && jsonx_bool(e->config, "AttachStdin", false),
			 "attach", !s->detach);
	if (json_array_size(groups))
		json_object_set(body, "groups", groups);
	if (r.rows && r.cols)
		json_object_set_new(body, "consoleSize",
				    json_pack("[i, i]", (int)r.rows, (int)r.cols));
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
	const char *program =
		json_string_value(json_array_get(json_object_get(s->e->config, "Cmd"), 0));
	enum err_kind kind = err->kind;

	if (kind == ERR_NO_PROGRAM)
		err_set(err, kind,
			strchr(program, '/') ? "exec: \"%s\": stat %s: no such file or directory"
					     : "exec: \"%s\": executable file not found in $PATH",
			program, program);
	else if (kind == ERR_NOT_EXECUTABLE)
		err_set(err, kind, "exec: \"%s\": permission denied", program);
	if (kind == ERR_NO_PROGRAM || kind == ERR_NOT_EXECUTABLE)
		err_wrap(err, "OCI runtime exec failed: exec failed: unable to start container "
			      "process");
	return kind == ERR_NO_PROGRAM ? 127 : 126;
}

static int attach_streams(const struct session *s, const char *path, struct err *err)
{
	const json_t *config = s->e->config;

	return ctrd_attach(path, jsonx_bool(config, "AttachStdin", false),
			   jsonx_bool(config, "AttachStdout", false),
			   jsonx_bool(config, "AttachStderr", false), err);
}

/* Create, attach unless detached, start. The shim's socket, or -1: with *failed where
 * it did not start. */
static int launch(const struct session *s, bool *failed, struct err *err)
{
	AUTO_SPAN struct trace_span span = trace_begin();
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
	dockerd_exec_tell(s->d, s->e, "exec_start");
	if (start_in_containerd(s, err))
		return -1;
	*failed = false;
	trace_end(&span, "exec in %s", s->e->c->name);
	return steal_fd(&shim);
}

/* An error after the connection was taken over is output. */
static void say(const struct session *s, int fd, const struct err *err)
{
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	char head[FRAME_HEAD];

	dockerd_frame_head(head, strlen(err->msg) + 2);
	if (!s->raw)
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
		dockerd_exec_finish(s->d, s->e, status);
		return;
	}
	dockerd_detach_parse(jsonx_str(s->e->config, "DetachKeys", ""), &keys, &err);
	detached = dockerd_splice(&(struct splice){ .client = fd,
						    .server = shim,
						    .stop_fd = s->d->stop_fd,
						    .detach = s->tty ? &keys : NULL,
						    .frame = s->tty && !s->raw,
						    .hold = true });
	close(shim);
	/* The CLI asks for the exit status as soon as the stream ends: have it by then. */
	if (!detached && !wait_in_containerd(s, &status, &err))
		dockerd_exec_finish(s->d, s->e, status);
}

static void release(void *arg)
{
	struct session *s = arg;

	dockerd_exec_put(s->d, s->e);
	free(s);
}

/* Only the first start counts. */
static int claim(struct session *s, struct err *err)
{
	bool again;

	if (dockerd_exec_check_running(s->d, s->e->c, err))
		return -1;
	dockerd_lock(s->d);
	again = s->e->started;
	s->e->started = s->e->running = true;
	dockerd_unlock(s->d);
	return again ? err_set(err, ERR_CONFLICT, "exec session %s has already run", s->e->id) : 0;
}

int dockerd_exec_launch(struct daemon *d, struct exec *e, struct err *err)
{
	struct session s = { .d = d, .e = e };
	bool failed;
	int shim;

	if (claim(&s, err))
		return -1;
	shim = launch(&s, &failed, err);
	if (failed)
		dockerd_exec_finish(d, e, explain(&s, err));
	return shim;
}

static int start_detached(struct session *s, struct http_reply *rep, struct err *err)
{
	bool failed;

	launch(s, &failed, err);
	if (failed) {
		dockerd_exec_finish(s->d, s->e, explain(s, err));
		return -1;
	}
	http_reply_empty(rep, 200);
	return 0;
}

int dockerd_exec_post_start(struct http_request *req, struct http_reply *rep, void *daemon,
			    struct err *err)
{
	static const struct field fields[] = { { "Detach", 'b', true, "false" },
					       { "Tty", 'b', true, "false" },
					       { "ConsoleSize", 'a', true, "null" },
					       { NULL } };
	json_t *body = dockerd_api_body(req, err), *size;
	AUTO_JSON json_t *given = body ? dockerd_normalise(body, fields, "", err) : NULL;
	struct exec *e = given ? dockerd_exec_find(daemon, http_param(req, "id"), err) : NULL;
	struct session *s;
	int rc;

	if (!e)
		return -1;
	s = xcalloc(1, sizeof *s);
	size = json_object_get(given, "ConsoleSize");
	*s = (struct session){ .d = daemon,
			       .e = e,
			       .tty = jsonx_bool(e->config, "Tty", false),
			       .detach = jsonx_bool(given, "Detach", false),
			       .rows = (unsigned)json_integer_value(json_array_get(size, 0)),
			       .cols = (unsigned)json_integer_value(json_array_get(size, 1)) };
	s->raw = s->tty && jsonx_bool(given, "Tty", false);
	rc = claim(s, err);
	if (!rc && !s->detach) {
		http_reply_upgrade(rep, "tcp", dockerd_stream_type(req, s->raw), run, s, release);
		return 0;
	}
	if (!rc)
		rc = start_detached(s, rep, err);
	release(s);
	return rc;
}
