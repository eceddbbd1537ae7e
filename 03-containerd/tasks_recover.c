/*
 * tasks_recover.c - finding the tasks again when containerd starts.
 *
 *     the bundle has…                               it is…
 *     no options.json                               an empty shell: removed
 *     a shim that answers, container created        taken up as if nothing had been
 *     a shim that answers, no container             half-made: demolished
 *     a shim that answers, and makes the container  left alone, and asked again
 *     no shim, exit.json                            stopped
 *     no shim, and no container was ever made       half-made: demolished
 *     no shim, no exit.json                         lost: its container is killed
 *     a shim that does not answer                   left alone, and asked again
 *
 * Hundreds of shims are asked by a few threads at once, since each may first have to be
 * woken or swapped in. All have been asked when containerd begins to serve; those that are
 * stuck (a full disk, a stop signal), or whose `runc create` takes long (hooks), are asked on by
 * a thread in the background, and until they answer a request about them is told so.
 */
#include "tasks_private.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "bundle.h"
#include "shimctl.h"

#define CREATE_POLLS 25 /* of 20 ms: most of what runc has under way is done then */
#define ASKERS 8
#define ANSWER_SECONDS 2
#define ASK_AGAIN_MS 1000

struct recovery {
	struct ctrd_tasks *ts;
	struct task **tasks;   /* references */
	size_t n, next;        /* next: ts->lock */
	bool again;            /* and there are clients, who are told of an end */
};

/* The container's first process is being made: by `create`, or by the start of a checkpoint. */
static bool is_making(const json_t *state)
{
	return jsonx_bool(state, "starting", false) && !jsonx_int(state, "pid", 0);
}

/* A create that was under way when containerd died is carried on by the shim: see how it
 * ends, if it is soon. The state after it, taken in place of *state. */
static void await_create(struct task *t, json_t **state)
{
	const struct timespec nap = { .tv_nsec = 20000000 };
	struct err err;

	for (int i = 0; i < CREATE_POLLS && is_making(*state); i++) {
		json_t *now;

		nanosleep(&nap, NULL);
		now = task_call(t, "state", NULL, &err);
		if (!now)
			return;
		json_decref(*state);
		*state = now;
	}
}

static bool has_file(const struct task *t, const char *name)
{
	AUTO_FREE char *file = xasprintf("%s/%s", t->bundle, name);

	return !access(file, F_OK);
}

/* Was there ever more than a bundle? The runtime writes init.pid; what is made from a
 * checkpoint counts as created when config.json is there. */
static bool was_made(const struct task *t)
{
	AUTO_FREE char *file = xasprintf("%s/options.json", t->bundle);
	struct err ignored;
	AUTO_JSON json_t *options = jsonx_read(AT_FDCWD, file, 1 << 20, &ignored);

	return has_file(t, "init.pid") || has_file(t, "exit.json") ||
	       (json_object_get(options, "checkpoint") && has_file(t, "config.json"));
}

static void take_state(struct task *t, const json_t *state)
{
	json_t *exec;
	size_t i;

	pthread_mutex_lock(&t->table->lock);
	task_proc_update(t, &t->init, state);
	t->cgroup = xstrdup(jsonx_str(state, "cgroup", NULL));
	json_array_foreach(json_object_get(state, "execs"), i, exec)
		task_proc_update(t, task_exec_add(t, jsonx_str(exec, "execID", "")), exec);
	pthread_mutex_unlock(&t->table->lock);
}

enum outcome { SILENT, THERE, GONE };

static enum outcome remove_half_made(struct task *t)
{
	log_info("task %s: half-made when containerd ended; removed", t->id);
	task_demolish(t);
	return GONE;
}

static enum outcome take_up(struct task *t)
{
	AUTO_JSON json_t *state = NULL;
	struct err err;
	int fd = ctrd_shim_subscribe(t->bundle, ANSWER_SECONDS, &state, &err);
	bool made;

	if (fd < 0 && err.kind == ERR_TIMEOUT) {
		log_warn("task %s: %s", t->id, err.msg);
		return SILENT;
	}
	if (fd < 0 && !was_made(t))
		return remove_half_made(t);
	if (fd < 0) {
		task_without_shim(t);
		return THERE;
	}
	await_create(t, &state);
	if (is_making(state)) {
		close(fd);
		return SILENT;
	}
	made = strcmp(jsonx_str(state, "status", "new"), "new") != 0;
	if (made) /* before the news that follows it: an exit must find its exec in the table */
		take_state(t, state);
	if (task_watch(t, fd, &err)) {
		log_error("%s", err.msg);
		return THERE;
	}
	return made ? THERE : remove_half_made(t);
}

static void ask(struct task *t)
{
	enum outcome outcome = take_up(t);

	pthread_mutex_lock(&t->table->lock);
	t->silent = outcome == SILENT;
	pthread_mutex_unlock(&t->table->lock);
	if (outcome == GONE)
		task_remove(t);
}

/* --- which there are ------------------------------------------------------------------------ */

/* An entry in the table for each bundle that a shim was to have. */
static void find_bundle(struct recovery *r, const char *ns, const char *id)
{
	struct err err;
	struct ctrd_tasks *ts = r->ts;
	struct task *t = task_add(ts, ns, id, &err);
	AUTO_FREE char *file = xasprintf("%s/%s/%s/options.json", ts->o.state, ns, id);
	AUTO_JSON json_t *options = t ? jsonx_read(AT_FDCWD, file, 1 << 20, &err) : NULL;
	const char *binary = json_string_value(jsonx_at(options, "runtime.binary"));

	if (!t)
		return; /* not a name that we gave */
	if (options) {
		t->silent = true;
		t->binary = xstrdup(binary ? binary : ts->o.runtime);
		t->binary_args = json_deep_copy(jsonx_at(options, "runtime.args"));
		t->init.terminal = jsonx_bool(options, "terminal", false);
		r->tasks = xrealloc(r->tasks, (r->n + 1) * sizeof *r->tasks);
		r->tasks[r->n++] = t;
		return;
	}
	if (ctrd_bundle_remove(t->bundle, &err))
		log_error("%s", err.msg);
	task_remove(t);
	task_put(t);
}

static void find_in_namespace(struct recovery *r, const char *ns)
{
	AUTO_FREE char *dir = xasprintf("%s/%s", r->ts->o.state, ns);
	AUTO_CLOSEDIR DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			find_bundle(r, ns, e->d_name);
}

static int find_bundles(struct recovery *r, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = opendir(r->ts->o.state);
	struct dirent *e;

	if (!d)
		return err_sys(err, "open %s", r->ts->o.state);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && strcmp(e->d_name, "runc") && strcmp(e->d_name, "lock"))
			find_in_namespace(r, e->d_name);
	return 0;
}

/* --- asking ---------------------------------------------------------------------------------- */

static struct task *next_task(struct recovery *r)
{
	struct task *t;

	pthread_mutex_lock(&r->ts->lock);
	t = r->next < r->n ? r->tasks[r->next++] : NULL;
	pthread_mutex_unlock(&r->ts->lock);
	return t;
}

/* Whoever has asked for the task meanwhile does not know that it has ended. (Of a task without
 * a shim task_without_shim has told.) */
static void tell_end(struct task *t)
{
	json_t *end;

	pthread_mutex_lock(&t->table->lock);
	end = t->has_shim && t->init.status == TASK_STOPPED ? task_exit_json(&t->init) : NULL;
	pthread_mutex_unlock(&t->table->lock);
	if (end)
		task_publish(t, "/tasks/exit", NULL, end);
}

static void *ask_each(void *arg)
{
	struct recovery *r = arg;
	struct task *t;

	while ((t = next_task(r))) {
		ask(t);
		if (r->again)
			tell_end(t);
		task_put(t);
	}
	return NULL;
}

/* By this thread and, as far as they are to be had, by others. */
static void ask_all(struct recovery *r)
{
	pthread_t helpers[ASKERS - 1];
	size_t n = 0;

	while (n < ASKERS - 1 && n + 1 < r->n && !pthread_create(&helpers[n], NULL, ask_each, r))
		n++;
	ask_each(r);
	while (n)
		pthread_join(helpers[--n], NULL);
}

/* The tasks whose shims are silent. */
static void find_silent(struct recovery *r)
{
	pthread_mutex_lock(&r->ts->lock);
	for (struct task *t = r->ts->tasks; t; t = t->next) {
		if (!t->silent)
			continue;
		t->refs++;
		r->tasks = xrealloc(r->tasks, (r->n + 1) * sizeof *r->tasks);
		r->tasks[r->n++] = t;
	}
	pthread_mutex_unlock(&r->ts->lock);
}

static void *ask_again(void *arg)
{
	struct ctrd_tasks *ts = arg;
	struct pollfd stop = { .fd = ts->stop_fd, .events = POLLIN };
	bool any = true;

	while (any && !poll(&stop, 1, ASK_AGAIN_MS)) {
		struct recovery r = { .ts = ts, .again = true };

		find_silent(&r);
		any = r.n;
		ask_all(&r);
		free(r.tasks);
	}
	return NULL;
}

static bool any_silent(struct ctrd_tasks *ts)
{
	const struct task *t;

	pthread_mutex_lock(&ts->lock);
	for (t = ts->tasks; t && !t->silent; t = t->next)
		;
	pthread_mutex_unlock(&ts->lock);
	return t;
}

int task_recover_all(struct ctrd_tasks *ts, struct err *err)
{
	struct recovery r = { .ts = ts };
	int rc = find_bundles(&r, err);

	ask_all(&r);
	free(r.tasks);
	if (any_silent(ts))
		ts->asking = !pthread_create(&ts->asker, NULL, ask_again, ts);
	return rc;
}

void task_recover_stop(struct ctrd_tasks *ts)
{
	uint64_t one = 1;

	if (!ts->asking)
		return;
	(void)!write(ts->stop_fd, &one, sizeof one);
	pthread_join(ts->asker, NULL);
}
