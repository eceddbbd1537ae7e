/*
 * tasks_ops.c - what can be done to a running task: start, signal, freeze, resize,
 * measure. The shim decides whether its state allows it; the table follows.
 */
#include "tasks_private.h"

#include <signal.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/cgroup.h"
#include "01-kernel/ns.h"

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

/* --- measuring --------------------------------------------------------------------------------- */

/* The cgroup of a task that has not stopped; the caller's. */
static struct kern_cgroup *open_cgroup(struct ctrd_tasks *ts, const char *ns, const char *id,
				       struct err *err)
{
	AUTO_TASK struct task *t = task_find(ts, ns, id, err);
	AUTO_FREE char *path = NULL;
	bool stopped;

	if (!t)
		return NULL;
	pthread_mutex_lock(&ts->lock);
	stopped = t->init.status == TASK_STOPPED;
	path = xstrdup(t->cgroup);
	pthread_mutex_unlock(&ts->lock);
	if (!stopped && path)
		return kern_cgroup_open(path, err);
	err_set(err, ERR_CONFLICT, "task %s %s", id, stopped ? "has stopped" : "has no cgroup");
	return NULL;
}

json_t *ctrd_task_pids(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err)
{
	struct kern_cgroup *cg = open_cgroup(ts, ns, id, err);
	AUTO_FREE pid_t *pids = NULL;
	json_t *list = NULL;
	size_t n = 0;

	if (!cg)
		return NULL;
	if (!kern_cgroup_pids(cg, &pids, &n, err)) {
		list = json_array();
		for (size_t i = 0; i < n; i++)
			json_array_append_new(list, json_integer(pids[i]));
	}
	kern_cgroup_free(cg);
	return list;
}

static json_t *stats_json(const struct kern_cgroup_stats *st)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "memoryUsage", st->memory_usage },
		{ "memoryLimit", st->memory_limit },
		{ "memoryMaxUsage", st->memory_max_usage },
		{ "memoryInactiveFile", st->memory_inactive_file },
		{ "cpuTotalNs", st->cpu_total_ns },
		{ "cpuUserNs", st->cpu_user_ns },
		{ "cpuSystemNs", st->cpu_system_ns },
		{ "throttledPeriods", st->throttled_periods },
		{ "throttledNs", st->throttled_ns },
		{ "periods", st->periods },
		{ "pids", st->pids },
		{ "pidsLimit", st->pids_limit },
		{ "oomKills", st->oom_kills },
	};
	json_t *doc = json_object();

	/* "No limit" is the largest number: JSON's integers end at 2^63-1. */
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		json_object_set_new(doc, rows[i].name,
				    json_integer(rows[i].value > INT64_MAX
							 ? INT64_MAX
							 : (json_int_t)rows[i].value));
	return doc;
}

json_t *ctrd_task_metrics(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err)
{
	struct kern_cgroup *cg = open_cgroup(ts, ns, id, err);
	struct kern_cgroup_stats st = { 0 };
	json_t *doc = NULL;

	if (!cg)
		return NULL;
	if (!kern_cgroup_stats(cg, &st, err))
		doc = stats_json(&st);
	kern_cgroup_free(cg);
	return doc;
}
