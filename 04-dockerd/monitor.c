/*
 * monitor.c - one thread that reads containerd's events, and the reconciliation
 * that makes missing some of them harmless.
 *
 *     subscribe ─▶ reconcile ─▶ event, event, event ... ─▶ (broken off) ─▶ wait ─▶ subscribe
 *
 * An exit is handled by a worker of its own: it may wait for the container's lock, and
 * a hundred containers that end together do not queue. Handling an exit twice is harmless
 * (exit.c), so events and reconciliation may overlap as they like.
 */
#include "monitor.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "events.h"
#include "exec.h"
#include "health.h"
#include "lifecycle.h"
#include "restart.h"
#include "task.h"

#define RETRY_MS 500
#define SETTLE_TRIES 100
#define SETTLE_PAUSE_MS 20
#define SETTLE_MS 1000 /* how long after subscribing the second look is taken */

/* Wait, but not for longer than the daemon runs; false: it stops. */
static bool pause_ms(const struct daemon *d, int ms)
{
	struct pollfd p = { d->stop_fd, POLLIN, 0 };

	return poll(&p, 1, ms) == 0;
}

/* --- exits ------------------------------------------------------------------------------- */

struct exit_job {
	struct container *c; /* a reference */
	struct exit_info info;
};

static void exit_job_free(struct daemon *d, struct exit_job *job)
{
	dockerd_container_put(d, job->c);
	free(job);
}

static void exit_worker(struct daemon *d, void *arg)
{
	struct exit_job *job = arg;

	dockerd_exited(d, job->c, &job->info);
	exit_job_free(d, job);
}

static void handle_exit(struct daemon *d, const char *id, const json_t *event)
{
	struct err ignored;
	struct container *c = dockerd_container_find(d, id, &ignored);
	struct exit_job *job;

	if (!c)
		return;
	job = xcalloc(1, sizeof *job);
	job->c = c;
	dockerd_exit_from_json(event, &job->info);
	if (!dockerd_spawn(d, exit_worker, job))
		return;
	/* Nobody would tell of it again: without a thread it is handled here, and what follows waits. When
	 * the daemon stops, the next one's reconcile finds it. */
	if (!dockerd_is_stopping(d))
		exit_worker(d, job);
	else
		exit_job_free(d, job);
}

/* Pausing by another client of containerd. */
static void set_paused(struct daemon *d, const char *id, bool paused)
{
	struct err ignored;
	struct container *c = dockerd_container_find(d, id, &ignored);

	if (!c)
		return;
	dockerd_lock(d);
	if (c->st.running && c->st.paused != paused) {
		c->st.paused = paused;
		paused ? dockerd_health_stopped(c) : dockerd_health_unpaused(d, c);
		dockerd_container_changed(c);
	}
	dockerd_unlock(d);
	dockerd_container_put(d, c);
}

static int on_event(void *arg, json_t *line)
{
	struct daemon *d = arg;
	const char *topic = jsonx_str(line, "topic", ""), *id, *exec_id;
	const json_t *event = json_object_get(line, "event");

	id = jsonx_str(event, "containerID", "");
	exec_id = jsonx_str(event, "execID", NULL);
	if (!strcmp(jsonx_str(line, "namespace", ""), d->cfg->namespace_)) {
		if (!strcmp(topic, "/tasks/exit") && exec_id)
			dockerd_exec_exited(d, id, exec_id,
					    (int)jsonx_int(event, "exitStatus", 255));
		else if (!strcmp(topic, "/tasks/exit"))
			handle_exit(d, id, event);
		else if (!strcmp(topic, "/tasks/paused") || !strcmp(topic, "/tasks/resumed"))
			set_paused(d, id, topic[strlen("/tasks/")] == 'p');
	}
	return dockerd_is_stopping(d);
}

/* --- reconciliation -------------------------------------------------------------------------- */

static const json_t *task_of(const json_t *tasks, const char *id)
{
	json_t *t;
	size_t i;

	json_array_foreach((json_t *)tasks, i, t)
		if (!strcmp(jsonx_str(t, "containerID", ""), id))
			return t;
	return NULL;
}

/* A daemon died between starting the task and writing down that it runs. */
static void adopt(struct daemon *d, struct container *c, const json_t *task)
{
	struct err err;

	dockerd_lock(d);
	c->st.running = true;
	c->st.restarting = false;
	c->st.pid = (pid_t)jsonx_int(task, "pid", 0);
	c->st.paused = !strcmp(jsonx_str(task, "status", ""), "paused");
	if (!strcmp(c->st.started, ZERO_TIME) || strcmp(c->st.started, c->st.finished) < 0)
		time_now_text(c->st.started);
	dockerd_health_started(d, c);
	free(c->attach_path);
	c->attach_path = xstrdup(jsonx_str(task, "attach", ""));
	dockerd_unlock(d);
	if (dockerd_container_save(d, c, &err))
		log_error("container %.12s: %s", c->id, err.msg);
	log_info("container %.12s was running without our knowing", c->id);
}

static void refresh(struct daemon *d, struct container *c, const json_t *task)
{
	dockerd_lock(d);
	c->st.pid = (pid_t)jsonx_int(task, "pid", 0);
	c->st.paused = !strcmp(jsonx_str(task, "status", ""), "paused");
	free(c->attach_path);
	c->attach_path = xstrdup(jsonx_str(task, "attach", ""));
	dockerd_unlock(d);
}

/* It ran and ended, and the daemon that had started it died before it wrote down the one or the
 * other. An exit that is known has the task's own time. */
static bool ended_unseen(struct daemon *d, struct container *c, const json_t *task,
			 const struct exit_info *info)
{
	bool unseen;

	if (strcmp(jsonx_str(task, "status", ""), "stopped") || !jsonx_bool(task, "started", true))
		return false;
	dockerd_lock(d);
	unseen = strcmp(c->st.finished, info->at) != 0;
	dockerd_unlock(d);
	if (!unseen)
		return false;
	adopt(d, c, task);
	dockerd_lock(d);
	if (strcmp(c->st.started, info->at) > 0)
		snprintf(c->st.started, sizeof c->st.started, "%s", info->at);
	dockerd_unlock(d);
	return true;
}

/* Created and never started, or stopped and known. True: not so any more, as containerd was just
 * starting it for a daemon that has died. */
static bool discard(struct daemon *d, struct container *c, const char *status)
{
	struct err err;

	if (!dockerd_task_discard(d, c->id, !strcmp(status, "created"), &err))
		return false;
	log_warn("container %.12s: delete its task: %s", c->id, err.msg);
	return err.kind == ERR_CONFLICT;
}

/* One container against its task (NULL: none). op is held, so it is not in the
 * middle of being started or removed. True: look again. */
static bool settle(struct daemon *d, struct container *c, const json_t *task)
{
	const char *status = jsonx_str(task, "status", "");
	bool alive = !strcmp(status, "running") || !strcmp(status, "paused"), running;
	struct exit_info info;

	dockerd_lock(d);
	running = c->st.running;
	dockerd_unlock(d);
	/* Stopped, or gone with what knew its status: 255 then. */
	dockerd_exit_from_json(strcmp(status, "stopped") ? NULL : task, &info);
	if (alive && running)
		refresh(d, c, task);
	else if (alive)
		adopt(d, c, task);
	else if (running || ended_unseen(d, c, task, &info))
		dockerd_exited_locked(d, c, &info);
	else if (task && !c->unsaved)
		return discard(d, c, status);
	return false;
}

/* The task as it is now: while we waited for op, it may have been started anew. */
static int settle_one(struct daemon *d, struct container *c, struct err *err)
{
	bool again = true, known = true;

	pthread_mutex_lock(&c->op);
	for (int i = 0; again && i < SETTLE_TRIES; i++) {
		AUTO_JSON json_t *task = dockerd_task_get(d, c->id, err);

		known = task || err->kind == ERR_NOT_FOUND;
		again = known && settle(d, c, task) && pause_ms(d, SETTLE_PAUSE_MS);
	}
	pthread_mutex_unlock(&c->op);
	return !known && err->kind == ERR_UNAVAILABLE ? -1 : 0;
}

static bool differs(struct daemon *d, const struct container *c, const json_t *task)
{
	const char *status = jsonx_str(task, "status", "");
	bool alive = !strcmp(status, "running") || !strcmp(status, "paused"), running, same;

	if (!strcmp(status, "unknown")) /* its shim is stuck; containerd asks on, and tells */
		return false;
	dockerd_lock(d);
	running = c->st.running;
	same = alive && c->attach_path && c->st.pid == jsonx_int(task, "pid", 0);
	dockerd_unlock(d);
	return running ? !same : task != NULL;
}

int dockerd_reconcile(struct daemon *d, struct err *err)
{
	AUTO_JSON json_t *tasks = dockerd_task_list(d, err);
	struct container **all;
	int rc = 0;
	size_t n;

	if (!tasks)
		return -1;
	all = dockerd_container_all(d, &n);
	for (size_t i = 0; i < n && !rc; i++)
		if (differs(d, all[i], task_of(tasks, all[i]->id)))
			rc = settle_one(d, all[i], err);
	dockerd_container_all_free(d, all, n);
	dockerd_execs_settle(d);
	return rc;
}

/* --- restart policies at boot --------------------------------------------------------------------
 */

/* True: containerd was away: try again later. */
static bool boot_start(struct daemon *d, struct container *c)
{
	bool again = false, wanted;
	struct err err;

	pthread_mutex_lock(&c->op);
	dockerd_lock(d);
	wanted = !c->st.running && !c->st.removing && c->listed;
	dockerd_unlock(d);
	if (wanted && dockerd_start_locked(d, c, &err)) {
		log_error("container %.12s: start: %s", c->id, err.msg);
		again = err.kind == ERR_UNAVAILABLE;
	}
	pthread_mutex_unlock(&c->op);
	return again;
}

static void boot_worker(struct daemon *d, void *arg)
{
	struct container *c = arg;

	while (boot_start(d, c) && pause_ms(d, RETRY_MS))
		;
	dockerd_container_put(d, c);
}

static void boot_one(struct daemon *d, struct container *c)
{
	bool start, remove, ran, restarting;
	struct err err;

	dockerd_lock(d);
	restarting = c->st.restarting;
	ran = !c->st.running && !restarting && strcmp(c->st.started, ZERO_TIME);
	start = ran && dockerd_restart_at_boot(dockerd_container_restart_policy(c),
					       c->st.stopped_by_hand);
	remove = ran && jsonx_bool(c->host, "AutoRemove", false);
	if (start)
		c->refs++;
	dockerd_unlock(d);
	if (restarting) /* the last daemon died while it waited */
		dockerd_restart_begin(d, c);
	if (start && dockerd_spawn(d, boot_worker, c))
		dockerd_container_put(d, c);
	if (remove && dockerd_remove(d, c, false, true, &err))
		log_error("container %.12s: remove: %s", c->id, err.msg);
}

void dockerd_boot_restarts(struct daemon *d)
{
	struct container **all;
	size_t n;

	all = dockerd_container_all(d, &n);
	for (size_t i = 0; i < n; i++)
		boot_one(d, all[i]);
	dockerd_container_all_free(d, all, n);
}

/* --- the thread
 * -------------------------------------------------------------------------------------- */

/* The stream does not say when it has begun. What happened between a look at the tasks and the
 * subscription is found by a second look, some time after. */
static void look_again(struct daemon *d, void *arg)
{
	struct err err;

	(void)arg;
	if (dockerd_reconcile(d, &err))
		log_debug("reconcile: %s", err.msg);
	if (pause_ms(d, SETTLE_MS) && dockerd_reconcile(d, &err))
		log_warn("compare containers with containerd's tasks: %s", err.msg);
}

static bool is_there(struct daemon *d)
{
	struct err ignored;
	json_t *version = ctrd_call(d->ctrd, "GET", "/v1/version", NULL, &ignored);

	json_decref(version);
	return version != NULL;
}

static void *monitor(void *arg)
{
	struct daemon *d = arg;
	bool told = false; /* once per absence of containerd, not twice a second */
	struct err err;

	do {
		if (is_there(d)) {
			told = false;
			dockerd_spawn(d, look_again, NULL);
			if (!ctrd_stream(d->waits, "GET", "/v1/events", NULL, on_event, d, &err))
				continue;
		}
		if (!told && pause_ms(d, 0))
			log_warn("containerd at %s does not answer; trying again",
				 d->cfg->containerd);
		told = true;
	} while (pause_ms(d, RETRY_MS));
	return NULL;
}

int dockerd_monitor_start(struct daemon *d, struct err *err)
{
	if (pthread_create(&d->monitor, NULL, monitor, d))
		return err_set(err, ERR_SYSTEM, "cannot start the monitor's thread");
	d->has_monitor = true;
	return 0;
}

void dockerd_monitor_join(struct daemon *d)
{
	if (d->has_monitor)
		pthread_join(d->monitor, NULL);
	d->has_monitor = false;
}
