/*
 * stop.c - signals and what they lead to; pausing.
 *
 * None of this waits with c->op held: an exit can only be recorded by who takes that lock,
 * and here is where exits are waited for.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/ns.h"
#include "events.h"
#include "health.h"
#include "lifecycle.h"
#include "task.h"

#define STOP_SECONDS 10
#define KILL_PATIENCE_MS 10000 /* SIGKILL works at once unless the kernel is stuck in a call */

long dockerd_stop_timeout(const struct container *c)
{
	return (long)jsonx_int(c->config, "StopTimeout", STOP_SECONDS);
}

int dockerd_stop_signal(const struct container *c)
{
	const char *name = jsonx_str(c->config, "StopSignal", "");
	struct err ignored;
	int sig = *name ? kern_signal_parse(name, &ignored) : SIGTERM;

	return sig > 0 ? sig : SIGTERM;
}

bool dockerd_wait_stopped(struct daemon *d, struct container *c, long ms)
{
	struct trace_context waiter;
	struct timespec until;
	bool stopped;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	dockerd_lock(d);
	waiter = dockerd_waiter_enter(c);
	while (c->st.running && !d->stopping) {
		if (ms < 0)
			pthread_cond_wait(&c->changed, &d->lock);
		else if (pthread_cond_timedwait(&c->changed, &d->lock, &until) == ETIMEDOUT)
			break;
	}
	stopped = !c->st.running;
	dockerd_waiter_leave(c, waiter);
	dockerd_unlock(d);
	return stopped;
}

static int not_running(const struct container *c, struct err *err)
{
	return err_set(err, ERR_CONFLICT, "container %s is not running", c->id);
}

/* A frozen process gets its signal when it thaws, so a signal to a paused container
 * is followed by resume, except those that the process is to find later. */
static int send(struct daemon *d, struct container *c, int sig, struct err *err)
{
	bool thaw;

	if (dockerd_task_kill(d, c, sig, err)) /* it may have ended meanwhile */
		return err->kind == ERR_NOT_FOUND || err->kind == ERR_CONFLICT ? 0 : -1;
	dockerd_container_event(d, c, "kill",
				json_pack("{s:o}", "signal", json_sprintf("%d", sig)));
	dockerd_lock(d);
	thaw = c->st.paused && (sig == SIGKILL || sig == dockerd_stop_signal(c));
	dockerd_unlock(d);
	return thaw && dockerd_pause(d, c, false, err) && err->kind != ERR_NOT_FOUND &&
			       err->kind != ERR_CONFLICT
		       ? -1
		       : 0;
}

/* From here on the restart policy keeps its hands off. True: it was waiting to
 * restart, and now does not. (Waits for a start that is under way.) */
static bool by_hand(struct daemon *d, struct container *c, bool *running)
{
	bool waiting;

	pthread_mutex_lock(&c->op);
	dockerd_lock(d);
	*running = c->st.running;
	waiting = c->st.restarting;
	c->st.stopped_by_hand = true;
	c->st.restarting = false;
	dockerd_container_changed(c);
	dockerd_unlock(d);
	pthread_mutex_unlock(&c->op);
	return waiting;
}

static int kill_and_wait(struct daemon *d, struct container *c, struct err *err)
{
	if (dockerd_is_stopping(d))
		return err_set(err, ERR_UNAVAILABLE, "the daemon is stopping");
	if (send(d, c, SIGKILL, err))
		return -1;
	if (!dockerd_wait_stopped(d, c, KILL_PATIENCE_MS))
		return err_set(err, ERR_SYSTEM,
			       "tried to kill container, but did not receive an exit event");
	return 0;
}

int dockerd_stop(struct daemon *d, struct container *c, long seconds, int sig, bool *was_stopped,
		 struct err *err)
{
	bool running, waiting = by_hand(d, c, &running);

	*was_stopped = !running && !waiting;
	if (!running) {
		dockerd_container_save_listed(d, c); /* "by hand" and "not restarting" outlive the daemon */
		return 0;
	}
	if (send(d, c, sig ? sig : dockerd_stop_signal(c), err))
		return err_wrap(err, "cannot stop container: %s", c->id);
	if (!dockerd_wait_stopped(d, c, seconds < 0 ? -1 : seconds * 1000) &&
	    kill_and_wait(d, c, err))
		return err_wrap(err, "cannot stop container: %s", c->id);
	dockerd_container_event(d, c, "stop", NULL);
	return 0;
}

int dockerd_kill(struct daemon *d, struct container *c, int sig, struct err *err)
{
	bool running, ends = sig == SIGKILL || sig == dockerd_stop_signal(c);

	dockerd_lock(d);
	running = c->st.running;
	dockerd_unlock(d);
	if (!running)
		return not_running(c, err);
	if (ends)
		by_hand(d, c, &running);
	return sig == SIGKILL ? kill_and_wait(d, c, err) : send(d, c, sig, err);
}

int dockerd_pause(struct daemon *d, struct container *c, bool pause, struct err *err)
{
	bool running, paused;

	dockerd_lock(d);
	running = c->st.running;
	paused = c->st.paused;
	dockerd_unlock(d);
	if (!running)
		return not_running(c, err);
	if (paused == pause)
		return err_set(err, ERR_CONFLICT, pause ? "Container %s is already paused"
							: "Container %s is not paused", c->id);
	if (dockerd_task_verb(d, c, pause ? "pause" : "resume", err))
		return err_wrap(err,
				pause ? "cannot pause container %s" : "cannot unpause container %s",
				c->id);
	dockerd_lock(d);
	c->st.paused = pause && c->st.running;
	pause ? dockerd_health_stopped(c) : dockerd_health_unpaused(d, c);
	dockerd_container_changed(c);
	dockerd_unlock(d);
	dockerd_container_save_listed(d, c);
	dockerd_container_event(d, c, pause ? "pause" : "unpause", NULL);
	return 0;
}
