/*
 * exit.c - the end of a container's process, and the restart policy.
 *
 * The network goes first and the state is set next, so that whoever waited for
 * the exit finds the ports free; tearing down the task may take its time after.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "events.h"
#include "exec.h"
#include "health.h"
#include "human.h"
#include "lifecycle.h"
#include "network.h"
#include "restart.h"
#include "shm.h"
#include "task.h"
#include "volume_mount.h"

#define SAVE_AGAIN_MS 500

void dockerd_exit_from_json(const json_t *doc, struct exit_info *info)
{
	char now[TIME_TEXT_SIZE];

	info->status = (int)jsonx_int(doc, "exitStatus", 255);
	info->oom_killed = jsonx_bool(doc, "oomKilled", false);
	snprintf(info->at, sizeof info->at, "%s", jsonx_str(doc, "exitedAt", time_now_text(now)));
}

/* --- restarting -------------------------------------------------------------------------- */

static long ran_ms(const struct state *st)
{
	struct timespec a = { 0 }, b = { 0 };

	dockerd_parse_timespec(st->started, &a);
	dockerd_parse_timespec(st->finished, &b);
	return (long)(b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
}

/* Wait out the delay; false when it was called off: by a stop, a start by hand,
 * a removal or the daemon's end. */
static bool sleep_delay(struct daemon *d, struct container *c)
{
	struct timespec until;
	bool go_on;

	clock_gettime(CLOCK_MONOTONIC, &until);
	dockerd_lock(d);
	until.tv_sec += c->restart_delay / 1000;
	until.tv_nsec += (long)(c->restart_delay % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (c->st.restarting && !d->stopping)
		if (pthread_cond_timedwait(&c->changed, &d->lock, &until) == ETIMEDOUT)
			break;
	go_on = c->st.restarting && !d->stopping;
	dockerd_unlock(d);
	return go_on;
}

/* True: containerd was away, or the disk full (start.c): try again later. */
static bool restart_once(struct daemon *d, struct container *c)
{
	bool still, again = false;
	struct err err;

	pthread_mutex_lock(&c->op);
	dockerd_lock(d);
	still = c->st.restarting && !c->st.running;
	dockerd_unlock(d);
	if (still && dockerd_start_locked(d, c, &err)) {
		log_error("container %.12s: restart: %s", c->id, err.msg);
		dockerd_lock(d);
		again = c->st.restarting;
		c->restart_delay = dockerd_restart_delay(c->restart_delay, 0);
		dockerd_unlock(d);
	}
	pthread_mutex_unlock(&c->op);
	return again;
}

static void restart_worker(struct daemon *d, void *arg)
{
	struct container *c = arg;
	bool again;

	do {
		again = sleep_delay(d, c) && restart_once(d, c);
	} while (again);
	dockerd_container_put(d, c);
}

void dockerd_restart_begin(struct daemon *d, struct container *c)
{
	dockerd_lock(d);
	c->refs++;
	dockerd_unlock(d);
	if (!dockerd_spawn(d, restart_worker, c))
		return;
	/* Nobody is going to: a stop or a start by hand must not take it for under way. On disk it stays
	 * so, for the next daemon. */
	dockerd_lock(d);
	c->st.restarting = false;
	dockerd_container_changed(c);
	dockerd_unlock(d);
	dockerd_container_put(d, c);
}

/* --- the exit --------------------------------------------------------------------------------- */

/* Set the state. True: it is to be restarted. */
static bool record(struct daemon *d, struct container *c, const struct exit_info *info,
		   json_t **networks)
{
	bool restart;

	*networks = dockerd_networks_release(d, c);
	dockerd_lock(d);
	c->st.running = c->st.paused = false;
	dockerd_health_stopped(c);
	c->st.pid = 0;
	c->st.exit_code = info->status;
	c->st.oom_killed = info->oom_killed;
	snprintf(c->st.finished, sizeof c->st.finished, "%s", info->at);
	free(c->attach_path);
	c->attach_path = NULL;
	restart = !c->st.removing && !d->stopping &&
		  dockerd_restart_wanted(dockerd_container_restart_policy(c), info->status,
					 c->st.stopped_by_hand, c->st.restarts);
	c->st.restarting = restart;
	c->st.restarts += restart; /* now, so that no attempt and no new daemon counts it again */
	if (restart)
		c->restart_delay = dockerd_restart_delay(c->restart_delay, ran_ms(&c->st));
	c->exit_serial++;
	dockerd_container_changed(c);
	dockerd_unlock(d);
	return restart;
}

/* The disk was full. Until the exit is on it the task stays, which knows it as well: a daemon
 * that is killed before finds it there. True: try again. */
static bool save_once(struct daemon *d, struct container *c)
{
	bool over;
	struct err err;

	pthread_mutex_lock(&c->op);
	dockerd_lock(d);
	over = c->st.running || !c->listed; /* somebody else has written, or removed, all of it */
	dockerd_unlock(d);
	over = over || !c->unsaved;
	if (!over && !dockerd_container_save(d, c, &err)) {
		dockerd_task_delete(d, c->id);
		dockerd_volumes_release(d, c->id);
		over = true;
	}
	c->unsaved = !over;
	pthread_mutex_unlock(&c->op);
	return !over;
}

static void save_worker(struct daemon *d, void *arg)
{
	struct pollfd stop = { d->stop_fd, POLLIN, 0 };
	struct container *c = arg;

	while (!poll(&stop, 1, SAVE_AGAIN_MS) && save_once(d, c))
		;
	dockerd_container_put(d, c);
}

static void save_later(struct daemon *d, struct container *c)
{
	dockerd_lock(d);
	c->refs++;
	dockerd_unlock(d);
	if (dockerd_spawn(d, save_worker, c))
		dockerd_container_put(d, c);
}

/* What the policy decides is a moment; what it leads to is not a part of this exit's trace. */
static void note_restart(const struct container *c)
{
	struct trace_span span = trace_begin();

	trace_end(&span, "restart %s in %u ms", c->name, c->restart_delay);
}

/* With c->st.running. */
static void settle_exit(struct daemon *d, struct container *c, const struct exit_info *info, bool *restart)
{
	struct trace_span span = trace_begin();
	json_t *networks;
	bool saved;
	struct err err;

	*restart = record(d, c, info, &networks);
	saved = !dockerd_container_save(d, c, &err);
	c->unsaved = !saved;
	if (!saved)
		log_error("container %.12s: its exit is not on disk yet: %s", c->id, err.msg);
	if (info->oom_killed)
		dockerd_container_event(d, c, "oom", NULL);
	dockerd_container_event(d, c, "die",
				json_pack("{s:o}", "exitCode", json_sprintf("%d", info->status)));
	dockerd_network_events(d, c, "disconnect", networks);
	dockerd_exec_container_exited(d, c);
	dockerd_shm_unmount(d, c->id);
	if (saved) {
		dockerd_task_delete(d, c->id);
		dockerd_volumes_release(d, c->id);
	} else {
		save_later(d, c);
	}
	dockerd_volume_events(d, c, "unmount");
	if (*restart)
		note_restart(c);
	else if (jsonx_bool(c->host, "AutoRemove", false) && c->listed && dockerd_remove_locked(d, c, true, &err))
		log_error("container %.12s: remove: %s", c->id, err.msg);
	trace_end(&span, "exit of %s (%d)", c->name, info->status);
}

void dockerd_exited_locked(struct daemon *d, struct container *c, const struct exit_info *info)
{
	struct trace_context waiter, before;
	bool running, restart;

	dockerd_lock(d);
	running = c->st.running;
	waiter = c->waiter;
	dockerd_unlock(d);
	if (!running)
		return;
	before = trace_switch(waiter.span ? waiter : trace_now);
	settle_exit(d, c, info, &restart);
	trace_switch(before);
	if (restart)
		dockerd_restart_begin(d, c);
}

void dockerd_exited(struct daemon *d, struct container *c, const struct exit_info *info)
{
	pthread_mutex_lock(&c->op);
	dockerd_exited_locked(d, c, info);
	pthread_mutex_unlock(&c->op);
}
