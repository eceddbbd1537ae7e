/*
 * tasks_recover.c - finding the tasks again when containerd starts.
 *
 *     the bundle has…                               it is…
 *     no options.json                               an empty shell: removed
 *     a shim that answers, container created        taken up as if nothing had been
 *     a shim that answers, no container             half-made: demolished
 *     no shim, exit.json                            stopped
 *     no shim, no exit.json                         lost: its container is killed
 */
#include "tasks_private.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "bundle.h"
#include "shimctl.h"

#define CREATE_POLLS 500 /* of 20 ms: how long a runc create under way may take */

/* A create that was under way when containerd died is carried on by the shim: see how it
 * ends. The state after it, taken in place of *state. */
static void await_create(struct task *t, json_t **state)
{
	const struct timespec nap = { .tv_nsec = 20000000 };
	struct err err;

	for (int i = 0; i < CREATE_POLLS && jsonx_bool(*state, "starting", false); i++) {
		json_t *now;

		nanosleep(&nap, NULL);
		now = task_call(t, "state", NULL, &err);
		if (!now)
			return;
		json_decref(*state);
		*state = now;
	}
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

/* True when the task is there after all. */
static bool take_up(struct task *t)
{
	AUTO_JSON json_t *state = NULL;
	struct err err;
	int fd = ctrd_shim_subscribe(t->bundle, &state, &err);

	if (fd < 0) {
		task_without_shim(t);
		return true;
	}
	await_create(t, &state);
	if (task_watch(t, fd, &err)) {
		log_error("%s", err.msg);
		return true;
	}
	if (strcmp(jsonx_str(state, "status", "new"), "new")) {
		take_state(t, state);
		return true;
	}
	log_info("task %s: half-made when containerd ended; removed", t->id);
	task_demolish(t);
	return false;
}

static void recover(struct ctrd_tasks *ts, const char *ns, const char *id)
{
	struct err err;
	AUTO_TASK struct task *t = task_add(ts, ns, id, &err);
	AUTO_FREE char *file = xasprintf("%s/%s/%s/options.json", ts->o.state, ns, id);
	AUTO_JSON json_t *options = NULL;

	if (!t)
		return; /* not a name that we gave */
	options = jsonx_read(AT_FDCWD, file, 1 << 20, &err);
	if (options) {
		const char *binary = json_string_value(jsonx_at(options, "runtime.binary"));

		t->binary = xstrdup(binary ? binary : ts->o.runtime);
		t->init.terminal = jsonx_bool(options, "terminal", false);
		if (!take_up(t))
			task_remove(t);
		return;
	}
	if (ctrd_bundle_remove(t->bundle, &err))
		log_error("%s", err.msg);
	task_remove(t);
}

static void recover_namespace(struct ctrd_tasks *ts, const char *ns)
{
	AUTO_FREE char *dir = xasprintf("%s/%s", ts->o.state, ns);
	AUTO_CLOSEDIR DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			recover(ts, ns, e->d_name);
}

int task_recover_all(struct ctrd_tasks *ts, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = opendir(ts->o.state);
	struct dirent *e;

	if (!d)
		return err_sys(err, "open %s", ts->o.state);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && strcmp(e->d_name, "runc") && strcmp(e->d_name, "lock"))
			recover_namespace(ts, e->d_name);
	return 0;
}
