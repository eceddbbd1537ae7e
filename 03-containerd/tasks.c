/*
 * tasks.c - the table of tasks: finding, showing and waiting. See tasks.h.
 */
#include "tasks_private.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "shimctl.h"
#include "wire.h"

struct ctrd_wait {
	struct ctrd_wait *next; /* tasks->lock */
	struct task *task;      /* a reference */
	char *exec_id;
	int fd;
};

/* --- entries ------------------------------------------------------------------------------ */

static struct task *find_locked(struct ctrd_tasks *ts, const char *ns, const char *id)
{
	for (struct task *t = ts->tasks; t; t = t->next)
		if (!strcmp(t->id, id) && !strcmp(t->ns, ns))
			return t;
	return NULL;
}

static struct task *new_task(struct ctrd_tasks *ts, const char *ns, const char *id)
{
	struct task *t = xcalloc(1, sizeof *t);

	t->table = ts;
	t->refs = 2;
	t->ns = xstrdup(ns);
	t->id = xstrdup(id);
	t->bundle = xasprintf("%s/%s/%s", ts->o.state, ns, id);
	t->events = -1;
	pthread_mutex_init(&t->op, NULL);
	return t;
}

static void free_execs(struct task *t)
{
	while (t->execs) {
		struct task_proc *p = t->execs;

		t->execs = p->next;
		free(p->exec_id);
		free(p);
	}
}

static void free_task(struct task *t)
{
	free_execs(t);
	if (t->events >= 0)
		close(t->events);
	strbuf_free(&t->line);
	pthread_mutex_destroy(&t->op);
	free(t->ns);
	free(t->id);
	free(t->bundle);
	free(t->binary);
	json_decref(t->binary_args);
	free(t->cgroup);
	free(t);
}

struct task *task_add(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err)
{
	struct task *t = NULL;

	if (ctrd_namespace_check(ns, err) || ctrd_id_check("container id", id, err))
		return NULL;
	pthread_mutex_lock(&ts->lock);
	if (find_locked(ts, ns, id)) {
		err_set(err, ERR_EXISTS, "container %s has a task", id);
	} else {
		t = new_task(ts, ns, id);
		t->next = ts->tasks;
		ts->tasks = t;
	}
	pthread_mutex_unlock(&ts->lock);
	return t;
}

static struct task *find(struct ctrd_tasks *ts, const char *ns, const char *id, bool in_creation,
			 struct err *err)
{
	struct task *t;
	bool silent;

	pthread_mutex_lock(&ts->lock);
	t = find_locked(ts, ns, id);
	silent = t && t->silent;
	if (t && t->init.status == TASK_CREATING && (silent || !in_creation))
		t = NULL; /* not yet there for anybody but its creator */
	if (t)
		t->refs++;
	pthread_mutex_unlock(&ts->lock);
	if (silent && !t)
		err_set(err, ERR_UNAVAILABLE, "the shim of task %s has not answered yet", id);
	else if (!t)
		err_set(err, ERR_NOT_FOUND, "no task %s in namespace %s", id, ns);
	return t;
}

struct task *task_find(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err)
{
	return find(ts, ns, id, false, err);
}

struct task *task_find_unmade(struct ctrd_tasks *ts, const char *ns, const char *id,
			      struct err *err)
{
	return find(ts, ns, id, true, err);
}

void task_put(struct task *t)
{
	struct ctrd_tasks *ts = t->table;
	int left;

	pthread_mutex_lock(&ts->lock);
	left = --t->refs;
	pthread_mutex_unlock(&ts->lock);
	if (!left)
		free_task(t);
}

void cleanup_task(struct task **t)
{
	if (*t)
		task_put(*t);
}

void task_remove(struct task *t)
{
	struct ctrd_tasks *ts = t->table;
	struct task **p = &ts->tasks;

	pthread_mutex_lock(&ts->lock);
	while (*p && *p != t)
		p = &(*p)->next;
	if (*p)
		*p = t->next;
	t->removed = true;
	pthread_mutex_unlock(&ts->lock);
	task_put(t);
}

/* --- processes ------------------------------------------------------------------------------ */

struct task_proc *task_proc(struct task *t, const char *exec_id)
{
	struct task_proc *p = t->execs;

	if (!exec_id)
		return &t->init;
	while (p && strcmp(p->exec_id, exec_id))
		p = p->next;
	return p;
}

struct task_proc *task_exec_add(struct task *t, const char *exec_id)
{
	struct task_proc *p = xcalloc(1, sizeof *p);

	p->exec_id = xstrdup(exec_id);
	p->status = TASK_CREATED;
	p->next = t->execs;
	t->execs = p;
	return p;
}

static const char *const status_names[] = { "creating", "created", "running", "paused",
					    "stopped" };

const char *task_status_name(enum task_status status)
{
	return status_names[status];
}

void task_proc_update(struct task *t, struct task_proc *p, const json_t *state)
{
	const char *status = jsonx_str(state, "status", "");

	if (p->status == TASK_STOPPED)
		return; /* nothing comes after the end: older news may, from another connection */
	for (int i = TASK_CREATED; i <= TASK_STOPPED; i++)
		if (!strcmp(status, status_names[i]))
			p->status = (enum task_status)i;
	p->pid = (pid_t)jsonx_int(state, "pid", p->pid);
	p->terminal = jsonx_bool(state, "terminal", p->terminal);
	p->oom_killed |= jsonx_bool(state, "oomKilled", false);
	if (p->status != TASK_STOPPED)
		return;
	p->exit_status = (int)jsonx_int(state, "exitStatus", 255);
	snprintf(p->exited_at, sizeof p->exited_at, "%s", jsonx_str(state, "exitedAt", ""));
	p->unstarted = !jsonx_bool(state, "started", true);
	task_wake(t);
}

/* --- showing ---------------------------------------------------------------------------------- */

json_t *task_exit_json(const struct task_proc *p)
{
	return json_pack("{s:i, s:s, s:b}", "exitStatus", p->exit_status, "exitedAt", p->exited_at,
			 "oomKilled", p->oom_killed);
}

json_t *task_json(const struct task *t)
{
	AUTO_FREE char *attach = xasprintf("%s/attach.sock", t->bundle);
	const struct task_proc *p = &t->init;
	json_t *doc = json_pack("{s:s, s:i, s:s, s:s, s:b, s:s, s:b}", "containerID", t->id, "pid",
				(int)p->pid, "status", t->silent ? "unknown" : status_names[p->status],
				"attach", attach, "terminal", p->terminal, "bundle", t->bundle,
				"oomKilled", p->oom_killed);

	if (p->status == TASK_STOPPED) {
		AUTO_JSON json_t *end = task_exit_json(p);

		json_object_update(doc, end);
		json_object_set_new(doc, "started", json_boolean(!p->unstarted));
	}
	return doc;
}

json_t *ctrd_task_get(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err)
{
	AUTO_TASK struct task *t = task_find(ts, ns, id, err);
	json_t *doc;

	if (!t)
		return NULL;
	pthread_mutex_lock(&ts->lock);
	doc = task_json(t);
	pthread_mutex_unlock(&ts->lock);
	return doc;
}

json_t *ctrd_tasks_list(struct ctrd_tasks *ts, const char *ns)
{
	json_t *list = json_array();

	pthread_mutex_lock(&ts->lock);
	for (struct task *t = ts->tasks; t; t = t->next)
		if (!strcmp(t->ns, ns) && (t->silent || t->init.status != TASK_CREATING))
			json_array_append_new(list, task_json(t));
	pthread_mutex_unlock(&ts->lock);
	return list;
}

/* --- waiting ------------------------------------------------------------------------------------ */

void task_wake(struct task *t)
{
	uint64_t one = 1;

	for (struct ctrd_wait *w = t->waits; w; w = w->next)
		(void)!write(w->fd, &one, sizeof one);
}

struct ctrd_wait *ctrd_task_wait(struct ctrd_tasks *ts, const char *ns, const char *id,
				 const char *exec_id, struct err *err)
{
	AUTO_TASK struct task *t = task_find(ts, ns, id, err);
	AUTO_CLOSE int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct ctrd_wait *w = NULL;

	if (!t)
		return NULL;
	if (fd < 0) {
		err_sys(err, "eventfd");
		return NULL;
	}
	pthread_mutex_lock(&ts->lock);
	if (task_proc(t, exec_id)) {
		w = xcalloc(1, sizeof *w);
		*w = (struct ctrd_wait){ t->waits, t, xstrdup(exec_id), steal_fd(&fd) };
		t->waits = w;
		t->refs++;
		task_wake(t); /* it may have ended already */
	} else {
		err_set(err, ERR_NOT_FOUND, "task %s has no exec %s", id, exec_id);
	}
	pthread_mutex_unlock(&ts->lock);
	return w;
}

int ctrd_wait_fd(const struct ctrd_wait *w)
{
	return w->fd;
}

json_t *ctrd_wait_result(struct ctrd_wait *w)
{
	struct ctrd_tasks *ts = w->task->table;
	struct task_proc *p;
	json_t *doc = NULL;
	uint64_t seen;

	pthread_mutex_lock(&ts->lock);
	(void)!read(w->fd, &seen, sizeof seen);
	p = task_proc(w->task, w->exec_id);
	if (p && p->status == TASK_STOPPED)
		doc = task_exit_json(p);
	else if (!p) /* an exec that was deleted meanwhile */
		doc = json_pack("{s:i, s:s, s:b}", "exitStatus", 255, "exitedAt", "", "oomKilled", 0);
	pthread_mutex_unlock(&ts->lock);
	return doc;
}

void ctrd_wait_free(struct ctrd_wait *w)
{
	struct ctrd_tasks *ts;
	struct ctrd_wait **p;

	if (!w)
		return;
	ts = w->task->table;
	pthread_mutex_lock(&ts->lock);
	for (p = &w->task->waits; *p != w;)
		p = &(*p)->next;
	*p = w->next;
	pthread_mutex_unlock(&ts->lock);
	task_put(w->task);
	close(w->fd);
	free(w->exec_id);
	free(w);
}

/* --- small things that the other pages share -------------------------------------------------- */

/* There is no shim, most often because the task ended or was deleted after we had found it. What
 * deletes it wants to hear of the shim itself. */
static void why_unavailable(struct task *t, const char *op, struct err *err)
{
	bool removed, stopped;

	pthread_mutex_lock(&t->table->lock);
	removed = t->removed;
	stopped = t->init.status == TASK_STOPPED;
	pthread_mutex_unlock(&t->table->lock);
	if (removed)
		err_set(err, ERR_NOT_FOUND, "no task %s in namespace %s", t->id, t->ns);
	else if (stopped && strcmp(op, "delete") != 0)
		err_set(err, ERR_CONFLICT, "task %s has stopped", t->id);
	else
		err_wrap(err, "task %s", t->id);
}

json_t *task_call(struct task *t, const char *op, json_t *args, struct err *err)
{
	json_t *result = ctrd_shim_call(t->bundle, op, args, err);

	if (!result && err->kind == ERR_UNAVAILABLE)
		why_unavailable(t, op, err);
	return result;
}

void task_publish(struct task *t, const char *topic, const char *exec_id, json_t *more)
{
	json_t *event = json_pack("{s:s}", "containerID", t->id);

	if (exec_id)
		json_object_set_new(event, "execID", json_string(exec_id));
	if (more)
		json_object_update(event, more);
	json_decref(more);
	ctrd_events_publish(t->table->o.events, t->ns, topic, event);
}

char *task_runtime_root(const struct ctrd_tasks *ts, const char *ns)
{
	return xasprintf("%s/runc/%s", ts->o.state, ns);
}

/* --- opening and closing ------------------------------------------------------------------------ */

struct ctrd_tasks *ctrd_tasks_open(const struct ctrd_tasks_options *o, struct err *err)
{
	struct ctrd_tasks *ts;

	if (file_mkdir_p(o->state, 0711, err))
		return NULL;
	ts = xcalloc(1, sizeof *ts);
	ts->o = *o;
	ts->o.state = xstrdup(o->state);
	ts->o.shim = xstrdup(o->shim);
	ts->o.runtime = xstrdup(o->runtime);
	pthread_mutex_init(&ts->lock, NULL);
	pthread_cond_init(&ts->changed, NULL);
	if (task_watcher_start(ts, err) || task_recover_all(ts, err)) {
		ctrd_tasks_close(ts);
		return NULL;
	}
	return ts;
}

void ctrd_tasks_close(struct ctrd_tasks *ts)
{
	if (!ts)
		return;
	task_recover_stop(ts);
	task_watcher_stop(ts);
	while (ts->tasks)
		task_remove(ts->tasks);
	pthread_cond_destroy(&ts->changed);
	pthread_mutex_destroy(&ts->lock);
	free((char *)ts->o.state);
	free((char *)ts->o.shim);
	free((char *)ts->o.runtime);
	free(ts);
}

int ctrd_tasks_delete_container(struct ctrd_tasks *ts, const char *ns, const char *id,
				struct err *err)
{
	AUTO_TASK struct task *hold = task_add(ts, ns, id, err);
	int rc;

	if (!hold)
		return err->kind == ERR_EXISTS
			       ? err_set(err, ERR_CONFLICT, "container %s has a task: delete it first", id)
			       : -1;
	rc = ctrd_container_delete(ts->o.containers, ns, id, err);
	task_remove(hold);
	if (!rc)
		ctrd_events_publish(ts->o.events, ns, "/containers/delete",
				    json_pack("{s:s}", "containerID", id));
	return rc;
}
