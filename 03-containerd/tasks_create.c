/*
 * tasks_create.c - how a task comes to be, and how it goes.
 *
 *     entry in the table ─▶ bundle ─▶ shim ─▶ subscription ─▶ mounts, user,
 *     config.json ─▶ runc create
 *
 * Each step that fails takes all before it back (task_demolish), in reverse. The
 * same happens after a restart to a task that a dying containerd left half-made.
 */
#include "tasks_private.h"

#include <errno.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "bundle.h"
#include "shimctl.h"

/* --- what the shim is told ----------------------------------------------------------------- */

static int copy_log(json_t *options, const json_t *req, struct err *err)
{
	json_t *log;

	if (jsonx_want(req, "", "log", JSON_OBJECT, &log, err) || task_log_check(log, err))
		return -1;
	if (log)
		json_object_set(options, "log", log);
	return 0;
}

static int copy_flags(json_t *options, const json_t *req, struct err *err)
{
	static const char *const flags[] = { "terminal", "stdin", "stdinOnce" };
	json_t *v;

	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
		if (jsonx_want(req, "", flags[i], JSON_TRUE, &v, err))
			return -1;
		json_object_set_new(options, flags[i], json_boolean(json_is_true(v)));
	}
	if (jsonx_want(req, "", "consoleSize", JSON_ARRAY, &v, err))
		return -1;
	if (v)
		json_object_set(options, "consoleSize", v);
	return 0;
}

static int copy_checkpoint(json_t *options, const json_t *req, struct err *err)
{
	json_t *checkpoint;

	if (jsonx_want(req, "", "checkpoint", JSON_OBJECT, &checkpoint, err))
		return -1;
	if (!checkpoint)
		return 0;
	json_object_set(options, "checkpoint", checkpoint);
	return task_checkpoint_check(checkpoint, "checkpoint", err);
}

/* What is mounted on rootfs: a snapshot, a directory, or nothing. */
static int copy_mounts(json_t *options, struct ctrd_tasks *ts, const json_t *container, struct err *err)
{
	const char *key = jsonx_str(container, "snapshotKey", ""), *rootfs = jsonx_str(container, "rootfs", NULL);
	json_t *mounts = NULL;

	if (*key && !(mounts = ctrd_snapshot_mounts(ts->o.snapshots, key, err)))
		return err_wrap(err, "snapshot %s", key);
	if (rootfs)
		mounts = json_pack("[{s:s, s:s, s:[s]}]", "type", "bind", "source", rootfs, "options", "rbind");
	if (mounts)
		json_object_set_new(options, "mounts", mounts);
	return 0;
}

/* options.json; see containerd-shim.c. New. */
static json_t *make_options(struct task *t, const json_t *container, const json_t *req,
			    struct err *err)
{
	struct ctrd_tasks *ts = t->table;
	AUTO_FREE char *root = task_runtime_root(ts, t->ns);
	AUTO_JSON json_t *shared = ctrd_bundle_shared(json_object_get(container, "spec"));
	AUTO_JSON json_t *options = json_pack("{s:s, s:s, s:{s:s, s:s}}", "id", t->id, "namespace",
					      t->ns, "runtime", "binary", t->binary, "root", root);

	if (copy_log(options, req, err) || copy_flags(options, req, err) ||
	    copy_checkpoint(options, req, err) || copy_mounts(options, ts, container, err))
		return NULL;
	if (json_array_size(shared))
		json_object_set(options, "shared", shared);
	if (json_object_get(container, "files"))
		json_object_set(options, "files", json_object_get(container, "files"));
	if (t->binary_args)
		json_object_set(json_object_get(options, "runtime"), "args", t->binary_args);
	if (ts->o.open_files)
		json_object_set_new(options, "openFiles", json_integer(ts->o.open_files));
	return steal_ptr(&options);
}

/* --- the steps -------------------------------------------------------------------------------- */

static int start_shim(struct task *t, struct err *err)
{
	AUTO_SPAN struct trace_span span = trace_begin();
	AUTO_JSON json_t *state = NULL;
	int fd;

	if (ctrd_shim_start(t->table->o.shim, t->bundle, err))
		return -1;
	fd = ctrd_shim_subscribe(t->bundle, 0, &state, err);
	if (fd < 0 || task_watch(t, fd, err))
		return -1;
	trace_end(&span, "start the shim of %s", t->id);
	return 0;
}

/* Mount the root file system and look up there who the process is to be. */
static int prepare_spec(struct task *t, const json_t *container, int terminal, struct err *err)
{
	const char *name = jsonx_str(container, "user", NULL);
	json_t *groups = json_object_get(container, "groups");
	AUTO_JSON json_t *mounted = task_call(t, "mount", NULL, err);
	AUTO_JSON json_t *user = NULL;

	if (!mounted)
		return -1;
	if (name || groups) {
		user = task_call(t, "user", json_pack("{s:s, s:O?}", "user", name ? name : "",
						      "groups", groups), err);
		if (!user)
			return -1;
	}
	return ctrd_bundle_spec(t->bundle, json_object_get(container, "spec"), terminal, user, err);
}

void task_made(struct task *t, const json_t *made)
{
	t->cgroup = t->cgroup ? t->cgroup : xstrdup(jsonx_str(made, "cgroup", NULL));
	t->init.pid = (pid_t)jsonx_int(made, "pid", 0);
}

static int run_create(struct task *t, struct err *err)
{
	AUTO_JSON json_t *made = task_call(t, "create", NULL, err);
	int rc = made ? 0 : -1;

	if (rc)
		return rc;
	pthread_mutex_lock(&t->table->lock);
	task_made(t, made);
	if (t->events < 0) /* the watcher has seen its end, and left it to us */
		rc = err_set(err, ERR_UNAVAILABLE, "the shim has gone");
	else if (t->init.status == TASK_CREATING)
		t->init.status = TASK_CREATED;
	pthread_mutex_unlock(&t->table->lock);
	return rc;
}

static int build(struct task *t, const json_t *container, const json_t *req, struct err *err)
{
	AUTO_JSON json_t *options = make_options(t, container, req, err);
	int terminal = jsonx_bool(req, "terminal", false);

	if (!options || ctrd_bundle_create(t->bundle, options, err))
		return -1;
	if (start_shim(t, err) || prepare_spec(t, container, terminal, err) || run_create(t, err)) {
		task_demolish(t);
		return -1;
	}
	pthread_mutex_lock(&t->table->lock);
	t->init.terminal = terminal;
	pthread_mutex_unlock(&t->table->lock);
	return 0;
}

/* --- undoing ------------------------------------------------------------------------------------- */

static void set_deleting(struct task *t, bool deleting)
{
	pthread_mutex_lock(&t->table->lock);
	t->deleting = deleting;
	pthread_mutex_unlock(&t->table->lock);
}

void task_demolish(struct task *t)
{
	AUTO_JSON json_t *gone = NULL;
	struct err err;

	set_deleting(t, true);
	if (t->has_shim)
		gone = task_call(t, "delete", NULL, &err);
	if (t->has_shim && !gone) {
		log_warn("task %s: %s; its shim is killed", t->id, err.msg);
		ctrd_shim_kill(t->events);
	}
	task_await_end(t);
	if (!gone && t->binary)
		task_delete_by_runtime(t);
	if (ctrd_bundle_remove(t->bundle, &err))
		log_error("task %s: %s", t->id, err.msg);
}

/* --- the API -------------------------------------------------------------------------------------- */

static void choose_runtime(struct task *t, const json_t *container)
{
	const json_t *options = jsonx_at(container, "runtime.options");
	const char *named = jsonx_str(options, "binaryName", "");

	t->binary = xstrdup(*named ? named : t->table->o.runtime);
	t->binary_args = json_deep_copy(json_object_get(options, "binaryArgs"));
}

json_t *ctrd_task_create(struct ctrd_tasks *ts, const char *ns, const json_t *req, struct err *err)
{
	AUTO_SPAN struct trace_span span = trace_begin();
	const char *id = jsonx_str(req, "containerID", "");
	AUTO_JSON json_t *container = ctrd_container_get(ts->o.containers, ns, id, err);
	AUTO_TASK struct task *t = container ? task_add(ts, ns, id, err) : NULL;
	json_t *doc;
	int rc;

	if (!t)
		return NULL;
	pthread_mutex_lock(&t->op);
	choose_runtime(t, container);
	rc = build(t, container, req, err);
	if (rc)
		task_remove(t);
	pthread_mutex_unlock(&t->op);
	if (rc) {
		err_wrap(err, "create task %s", id);
		return NULL;
	}
	pthread_mutex_lock(&ts->lock);
	doc = task_json(t);
	pthread_mutex_unlock(&ts->lock);
	task_publish(t, "/tasks/create", NULL, json_pack("{s:i}", "pid", (int)t->init.pid));
	trace_end(&span, "create task %s", id);
	return doc;
}

static int check_unstarted(struct task *t, bool unstarted, struct err *err)
{
	bool started;

	pthread_mutex_lock(&t->table->lock);
	started = t->init.status > TASK_CREATED && !t->init.unstarted;
	pthread_mutex_unlock(&t->table->lock);
	return unstarted && started ? err_set(err, ERR_CONFLICT, "task %s has been started", t->id) : 0;
}

/* The shim undoes its part and ends; one that died meanwhile is done without. */
static int delete_by_shim(struct task *t, bool unstarted, struct err *err)
{
	AUTO_JSON json_t *end = NULL;

	set_deleting(t, true);
	end = task_call(t, "delete", json_pack("{s:b}", "unstarted", unstarted), err);
	if (!end && err->kind != ERR_UNAVAILABLE) {
		set_deleting(t, false);
		return -1;
	}
	task_await_end(t);
	if (!end) {
		task_without_shim(t);
		if (check_unstarted(t, unstarted, err))
			return -1;
		task_delete_by_runtime(t);
		return 0;
	}
	pthread_mutex_lock(&t->table->lock);
	task_proc_update(t, &t->init, end);
	pthread_mutex_unlock(&t->table->lock);
	return 0;
}

static int delete_task(struct task *t, bool unstarted, struct err *err)
{
	enum task_status status;
	bool has_shim;

	pthread_mutex_lock(&t->table->lock);
	status = t->removed ? TASK_CREATING : t->init.status;
	has_shim = t->has_shim;
	pthread_mutex_unlock(&t->table->lock);
	if (status == TASK_CREATING)
		return err_set(err, ERR_NOT_FOUND, "no task %s in namespace %s", t->id, t->ns);
	if (status == TASK_RUNNING || status == TASK_PAUSED)
		return err_set(err, ERR_CONFLICT, "task %s is running: stop it first", t->id);
	if (check_unstarted(t, unstarted, err) || (has_shim && delete_by_shim(t, unstarted, err)))
		return -1;
	if (!has_shim)
		task_delete_by_runtime(t);
	return ctrd_bundle_remove(t->bundle, err);
}

json_t *ctrd_task_delete(struct ctrd_tasks *ts, const char *ns, const char *id, bool unstarted,
			 struct err *err)
{
	/* One that is being created may be on behalf of a client that has died; who cleans up
	 * after that must not be told that there is none. */
	AUTO_TASK struct task *t = task_find_unmade(ts, ns, id, err);
	json_t *end;
	int rc;

	if (!t)
		return NULL;
	pthread_mutex_lock(&t->op);
	rc = delete_task(t, unstarted, err);
	if (!rc)
		task_remove(t);
	pthread_mutex_unlock(&t->op);
	if (rc)
		return NULL;
	end = task_exit_json(&t->init);
	task_publish(t, "/tasks/delete", NULL, json_incref(end));
	return end;
}
