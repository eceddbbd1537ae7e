/*
 * tasks_ops.c - what can be done to a running task: start, signal, freeze, resize,
 * limit, save. The shim decides whether its state allows it; the table follows.
 */
#include "tasks_private.h"

#include <signal.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/ns.h"
#include "bundle.h"

/* One of the shim's operations that lead to another state; `status` is that state. */
static int change(struct ctrd_tasks *ts, const char *ns, const char *id, const char *op,
		  const char *status, struct err *err)
{
	AUTO_TASK struct task *t = task_find(ts, ns, id, err);
	AUTO_JSON json_t *result = NULL, *state = json_pack("{s:s}", "status", status);

	if (!t)
		return -1;
	pthread_mutex_lock(&t->op);
	result = task_call(t, op, NULL, err);
	pthread_mutex_unlock(&t->op);
	if (!result)
		return err_wrap(err, "%s task %s", op, id);
	pthread_mutex_lock(&ts->lock);
	task_proc_update(t, &t->init, state);
	if (json_object_get(result, "pid"))
		task_made(t, result);
	pthread_mutex_unlock(&ts->lock);
	return 0;
}

int ctrd_task_start(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err)
{
	struct trace_span span = trace_begin();
	int rc = change(ts, ns, id, "start", "running", err);

	trace_end(&span, "start task %s", id);
	return rc;
}

int ctrd_task_pause(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err)
{
	return change(ts, ns, id, "pause", "paused", err);
}

int ctrd_task_resume(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err)
{
	return change(ts, ns, id, "resume", "running", err);
}

/* One of the shim's operations on init or an exec; takes args. */
static int on_proc(struct ctrd_tasks *ts, const char *ns, const char *id, const char *exec_id,
		   const char *op, json_t *args, struct err *err)
{
	AUTO_TASK struct task *t = task_find(ts, ns, id, err);
	AUTO_JSON json_t *result = NULL;

	if (!t) {
		json_decref(args);
		return -1;
	}
	if (exec_id)
		json_object_set_new(args, "execID", json_string(exec_id));
	result = task_call(t, op, args, err);
	if (!result && err->kind == ERR_UNAVAILABLE)
		return err_set(err, ERR_CONFLICT, "task %s has stopped", id);
	return result ? 0 : -1;
}

/* A number or a name. */
static int signal_of(const json_t *req, int *sig, struct err *err)
{
	const json_t *v = json_object_get(req, "signal");
	AUTO_FREE char *text = NULL;

	if (json_is_integer(v))
		text = xasprintf("%lld", (long long)json_integer_value(v));
	else if (json_is_string(v))
		text = xstrdup(json_string_value(v));
	else if (v)
		return err_set(err, ERR_INVALID, "signal: expected a number or a name");
	*sig = text ? kern_signal_parse(text, err) : SIGTERM;
	return *sig < 0 ? -1 : 0;
}

int ctrd_task_kill(struct ctrd_tasks *ts, const char *ns, const char *id, const char *exec_id,
		   const json_t *req, struct err *err)
{
	int sig = 0;

	if (signal_of(req, &sig, err))
		return -1;
	return on_proc(ts, ns, id, exec_id, "kill",
		       json_pack("{s:i, s:b}", "signal", sig, "all", jsonx_bool(req, "all", false)),
		       err);
}

int ctrd_task_resize(struct ctrd_tasks *ts, const char *ns, const char *id, const char *exec_id,
		     const json_t *req, struct err *err)
{
	json_int_t width = jsonx_int(req, "width", 0), height = jsonx_int(req, "height", 0);

	if (width < 0 || width > 65535 || height < 0 || height > 65535)
		return err_set(err, ERR_INVALID, "a terminal is 0 to 65535 wide and high");
	return on_proc(ts, ns, id, exec_id, "resize",
		       json_pack("{s:I, s:I}", "width", width, "height", height), err);
}

/* --- other limits ------------------------------------------------------------------------------ */

int ctrd_task_update(struct ctrd_tasks *ts, const char *ns, const char *id, const json_t *req,
		     struct err *err)
{
	AUTO_TASK struct task *t = task_find(ts, ns, id, err);
	AUTO_JSON json_t *done = NULL;
	AUTO_FREE char *file = NULL;
	json_t *resources;

	if (!t || jsonx_want(req, "", "resources", JSON_OBJECT, &resources, err))
		return -1;
	if (!resources)
		return err_set(err, ERR_INVALID, "resources are missing");
	file = xasprintf("%s/resources.json", t->bundle);
	pthread_mutex_lock(&t->op);
	if (!ctrd_bundle_write(file, resources, err))
		done = task_call(t, "update", NULL, err);
	pthread_mutex_unlock(&t->op);
	return done ? 0 : err_wrap(err, "update task %s", id);
}

/* --- checkpoint -------------------------------------------------------------------------------- */

int task_checkpoint_check(const json_t *req, const char *where, struct err *err)
{
	static const char *const flags[] = { "exit", "tcpEstablished", "externalUnixSockets",
					     "shellJob", "fileLocks" };
	json_t *v;

	if (jsonx_want(req, where, "path", JSON_STRING, &v, err) ||
	    jsonx_want(req, where, "workPath", JSON_STRING, &v, err))
		return -1;
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (jsonx_want(req, where, flags[i], JSON_TRUE, &v, err))
			return -1;
	if (*jsonx_str(req, "path", "") != '/' || *jsonx_str(req, "workPath", "/") != '/')
		return err_set(err, ERR_INVALID, "a checkpoint's path is a directory's, and absolute");
	return 0;
}

int ctrd_task_checkpoint(struct ctrd_tasks *ts, const char *ns, const char *id, const json_t *req,
			 struct err *err)
{
	AUTO_TASK struct task *t = task_find(ts, ns, id, err);
	AUTO_JSON json_t *done = NULL;

	if (!t || task_checkpoint_check(req, "checkpoint", err))
		return -1;
	pthread_mutex_lock(&t->op);
	done = task_call(t, "checkpoint", json_copy((json_t *)req), err);
	pthread_mutex_unlock(&t->op);
	return done ? 0 : err_wrap(err, "checkpoint task %s", id);
}

int ctrd_task_reopen_log(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err)
{
	return on_proc(ts, ns, id, NULL, "reopenLog", json_object(), err);
}
