/*
 * tasks_exec.c - more processes in a running task.
 *
 * The process document goes to the bundle as exec-<id>.process.json, from where the
 * shim gives it to the runtime.
 */
#include "tasks_private.h"

#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "bundle.h"
#include "wire.h"

/* What the request's process does not say is as in the container's own; new. */
static json_t *merge(struct task *t, const json_t *process, struct err *err)
{
	AUTO_FREE char *file = xasprintf("%s/config.json", t->bundle);
	AUTO_JSON json_t *spec = ctrd_bundle_read(file, err);
	json_t *own;

	if (!spec)
		return NULL;
	own = json_deep_copy(json_object_get(spec, "process"));
	json_object_del(own, "args");
	json_object_del(own, "commandLine");
	json_object_del(own, "consoleSize");
	json_object_update(own, (json_t *)process);
	if (json_array_size(json_object_get(own, "args")))
		return own;
	json_decref(own);
	err_set(err, ERR_INVALID, "process.args is empty");
	return NULL;
}

/* By the runtime, before the program runs: when the shim gets the terminal, the
 * program may have asked for the size already. */
static void set_console_size(json_t *process, const json_t *rows_cols)
{
	if (json_array_size(rows_cols) == 2)
		json_object_set_new(process, "consoleSize",
				    json_pack("{s:O, s:O}", "height", json_array_get(rows_cols, 0),
					      "width", json_array_get(rows_cols, 1)));
}

static int write_process(struct task *t, const char *exec_id, const json_t *req, struct err *err)
{
	AUTO_FREE char *file = xasprintf("%s/exec-%s.process.json", t->bundle, exec_id);
	json_t *process, *name, *groups;
	AUTO_JSON json_t *merged = NULL, *user = NULL;

	if (jsonx_want(req, "", "process", JSON_OBJECT, &process, err) ||
	    jsonx_want(req, "", "user", JSON_STRING, &name, err) ||
	    jsonx_want(req, "", "groups", JSON_ARRAY, &groups, err))
		return -1;
	if (!process)
		return err_set(err, ERR_INVALID, "process is missing");
	merged = merge(t, process, err);
	if (!merged)
		return -1;
	if (name || groups) {
		user = task_call(t, "user",
				 json_pack("{s:s, s:O?}", "user", name ? json_string_value(name) : "",
					   "groups", groups), err);
		if (!user)
			return -1;
		ctrd_bundle_user(merged, user);
	}
	json_object_set_new(merged, "terminal", json_boolean(jsonx_bool(req, "terminal", false)));
	set_console_size(merged, json_object_get(req, "consoleSize"));
	return ctrd_bundle_write(file, merged, err);
}

static int tell_shim(struct task *t, const char *exec_id, const json_t *req, struct err *err)
{
	json_t *args = json_pack("{s:s, s:b, s:b, s:b, s:O?}", "execID", exec_id, "terminal",
				 jsonx_bool(req, "terminal", false), "stdin",
				 jsonx_bool(req, "stdin", false), "attach",
				 jsonx_bool(req, "attach", false), "consoleSize",
				 json_object_get(req, "consoleSize"));
	AUTO_JSON json_t *made = task_call(t, "exec", args, err);

	return made ? 0 : -1;
}

static void forget_exec(struct task *t, const char *exec_id)
{
	struct task_proc **p = &t->execs;

	pthread_mutex_lock(&t->table->lock);
	while (*p && strcmp((*p)->exec_id, exec_id))
		p = &(*p)->next;
	if (*p) {
		struct task_proc *gone = *p;

		*p = gone->next;
		free(gone->exec_id);
		free(gone);
		task_wake(t);
	}
	pthread_mutex_unlock(&t->table->lock);
}

/* The table first: the shim's first event about the exec must find it there. */
static int reserve(struct task *t, const char *exec_id, bool terminal, struct err *err)
{
	int rc = -1;

	pthread_mutex_lock(&t->table->lock);
	if (task_proc(t, exec_id))
		err_set(err, ERR_EXISTS, "task %s has an exec %s", t->id, exec_id);
	else if (t->init.status != TASK_RUNNING)
		err_set(err, ERR_CONFLICT, "task %s is %s, not running", t->id,
			task_status_name(t->init.status));
	else
		rc = 0;
	if (!rc)
		task_exec_add(t, exec_id)->terminal = terminal;
	pthread_mutex_unlock(&t->table->lock);
	return rc;
}

json_t *ctrd_exec_create(struct ctrd_tasks *ts, const char *ns, const char *id, const json_t *req,
			 struct err *err)
{
	AUTO_TASK struct task *t = task_find(ts, ns, id, err);
	const char *exec_id = jsonx_str(req, "execID", "");
	AUTO_FREE char *attach = NULL;

	if (!t || ctrd_id_check("exec id", exec_id, err) ||
	    reserve(t, exec_id, jsonx_bool(req, "terminal", false), err))
		return NULL;
	if (write_process(t, exec_id, req, err) || tell_shim(t, exec_id, req, err)) {
		AUTO_FREE char *file = xasprintf("%s/exec-%s.process.json", t->bundle, exec_id);

		unlink(file);
		forget_exec(t, exec_id);
		err_wrap(err, "exec in task %s", id);
		return NULL;
	}
	attach = xasprintf("%s/exec-%s.sock", t->bundle, exec_id);
	return json_pack("{s:s, s:s}", "execID", exec_id, "attach", attach);
}

/* Who hears of the start from us may ask at once; what the shim tells all who watch may come later. */
static void note_started(struct task *t, const char *exec_id, const json_t *result)
{
	AUTO_JSON json_t *state = json_pack("{s:s, s:O*}", "status", task_status_name(TASK_RUNNING),
					    "pid", json_object_get(result, "pid"));
	struct task_proc *p;

	pthread_mutex_lock(&t->table->lock);
	p = task_proc(t, exec_id);
	if (p)
		task_proc_update(t, p, state);
	pthread_mutex_unlock(&t->table->lock);
}

json_t *ctrd_exec_start(struct ctrd_tasks *ts, const char *ns, const char *id, const char *exec_id,
			struct err *err)
{
	AUTO_SPAN struct trace_span span = trace_begin();
	AUTO_TASK struct task *t = task_find(ts, ns, id, err);
	json_t *result;

	if (!t)
		return NULL;
	result = task_call(t, "execStart", json_pack("{s:s}", "execID", exec_id), err);
	if (result)
		note_started(t, exec_id, result);
	trace_end(&span, "exec %s in task %s", exec_id, id);
	return result;
}

static json_t *exec_json(const struct task *t, const struct task_proc *p)
{
	AUTO_FREE char *attach = xasprintf("%s/exec-%s.sock", t->bundle, p->exec_id);
	json_t *doc = json_pack("{s:s, s:s, s:s, s:i, s:b, s:s}", "containerID", t->id, "execID",
				p->exec_id, "status", task_status_name(p->status), "pid", (int)p->pid,
				"terminal", p->terminal, "attach", attach);

	if (p->status == TASK_STOPPED) {
		AUTO_JSON json_t *end = task_exit_json(p);

		json_object_update(doc, end);
	}
	return doc;
}

json_t *ctrd_execs_list(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err)
{
	AUTO_TASK struct task *t = task_find(ts, ns, id, err);
	json_t *list;

	if (!t)
		return NULL;
	list = json_array();
	pthread_mutex_lock(&ts->lock);
	for (const struct task_proc *p = t->execs; p; p = p->next)
		json_array_append_new(list, exec_json(t, p));
	pthread_mutex_unlock(&ts->lock);
	return list;
}

json_t *ctrd_exec_get(struct ctrd_tasks *ts, const char *ns, const char *id, const char *exec_id,
		      struct err *err)
{
	AUTO_TASK struct task *t = task_find(ts, ns, id, err);
	struct task_proc *p;
	json_t *doc = NULL;

	if (!t)
		return NULL;
	pthread_mutex_lock(&ts->lock);
	p = task_proc(t, exec_id);
	if (p)
		doc = exec_json(t, p);
	pthread_mutex_unlock(&ts->lock);
	if (!doc)
		err_set(err, ERR_NOT_FOUND, "task %s has no exec %s", id, exec_id);
	return doc;
}

int ctrd_exec_delete(struct ctrd_tasks *ts, const char *ns, const char *id, const char *exec_id,
		     struct err *err)
{
	AUTO_TASK struct task *t = task_find(ts, ns, id, err);
	AUTO_JSON json_t *gone = NULL;

	if (!t)
		return -1;
	gone = task_call(t, "delete", json_pack("{s:s}", "execID", exec_id), err);
	if (!gone && err->kind != ERR_UNAVAILABLE)
		return -1;
	forget_exec(t, exec_id);
	return 0;
}
