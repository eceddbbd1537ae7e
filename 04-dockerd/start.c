/*
 * start.c - from a container's documents to a running process.
 *
 *   take an address and the ports ─▶ write hosts... ─▶ mount volumes ─▶ OCI document
 *     ─▶ containerd: container, task (namespaces exist, the program waits)
 *     ─▶ plug the network into the namespaces ─▶ document on disk
 *     ─▶ clients that attached beforehand connect ─▶ start
 *
 * The document is written before the start: a daemon that dies right after it finds the
 * task running and knows its address and ports. Every step's undo is the same
 * few calls (give_back), which do not mind what is not there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "events.h"
#include "health.h"
#include "lifecycle.h"
#include "network.h"
#include "ospec.h"
#include "shm.h"
#include "task.h"
#include "volume_mount.h"

#define ATTACH_PATIENCE 10 /* seconds: a client that attached and then hangs delays no longer */

/* --- the steps --------------------------------------------------------------------- */

static int check_state(struct daemon *d, struct container *c, struct err *err)
{
	int rc = 0;

	dockerd_lock(d);
	if (c->st.removing || !c->listed)
		rc = err_set(err, ERR_CONFLICT,
			     "container is marked for removal and cannot be started");
	else if (c->st.dead)
		rc = err_set(err, ERR_CONFLICT, "container is dead and cannot be started");
	dockerd_unlock(d);
	if (!rc && c->unsaved) /* the task, which a start replaces, is all that knows the last exit */
		rc = dockerd_container_save(d, c, err);
	c->unsaved &= rc != 0;
	return rc;
}

/* `docker run` attaches before it starts, so that no output is missed: tell those
 * clients where the shim is, and wait until all have connected or gone. */
static void let_attach(struct daemon *d, struct container *c, char *path)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ATTACH_PATIENCE;
	dockerd_lock(d);
	free(c->attach_path);
	c->attach_path = path;
	dockerd_container_changed(c);
	while (c->attaching)
		if (pthread_cond_timedwait(&c->changed, &d->lock, &until) == ETIMEDOUT)
			break;
	dockerd_unlock(d);
}

static int create_task(struct daemon *d, struct container *c, pid_t *pid, char **attach,
		       struct err *err)
{
	struct joins joins = { 0 };
	AUTO_JSON json_t *spec = NULL;
	int rc = -1;

	if (!dockerd_joins_resolve(d, c, &joins, err) && !dockerd_shm_mount(d, c, err) &&
	    !dockerd_volumes_mount(d, c->id, c->mounts, err) &&
	    (spec = dockerd_spec(d, c, &joins, err)))
		rc = dockerd_task_create(d, c, spec, pid, attach, err);
	dockerd_subpaths_clear(d, c->id); /* the container has its own mount of each */
	dockerd_joins_free(&joins);
	return rc;
}

static void mark_running(struct daemon *d, struct container *c, pid_t pid)
{
	dockerd_lock(d);
	c->st.running = true;
	c->st.restarting = c->st.paused = c->st.oom_killed = false;
	c->st.pid = pid;
	c->st.exit_code = 0;
	c->st.error[0] = '\0';
	time_now_text(c->st.started);
	c->start_serial++;
	dockerd_health_started(d, c);
	dockerd_container_changed(c);
	dockerd_unlock(d);
}

/* --- failure ---------------------------------------------------------------------------- */

static void give_back(struct daemon *d, struct container *c)
{
	dockerd_task_delete(d, c->id);
	dockerd_shm_unmount(d, c->id);
	dockerd_volumes_release(d, c->id);
	json_decref(dockerd_networks_release(d, c));
	dockerd_lock(d);
	free(c->attach_path);
	c->attach_path = NULL;
	dockerd_unlock(d);
}

/* The CLI turns these words, and 126, 127 and 125 follow from them, into its exit
 * status; so they are Go's, whatever the runtime's were. */
static void explain(const struct container *c, struct err *err)
{
	AUTO_JSON json_t *args = dockerd_container_args(c);
	const char *program = json_string_value(json_array_get(args, 0));
	enum err_kind kind = err->kind;

	if (kind == ERR_NO_PROGRAM && !strchr(program, '/'))
		err_set(err, kind, "exec: \"%s\": executable file not found in $PATH", program);
	else if (kind == ERR_NO_PROGRAM)
		err_set(err, kind, "exec: \"%s\": stat %s: no such file or directory", program,
			program);
	else if (kind == ERR_NOT_EXECUTABLE)
		err_set(err, kind, "exec: \"%s\": permission denied", program);
	if (kind == ERR_NO_PROGRAM || kind == ERR_NOT_EXECUTABLE)
		err_wrap(err, "failed to create task for container: OCI runtime create failed: "
			      "unable to start "
			      "container process");
}

/* The last program's status stays, if it had one that is no success. */
static int failed_status(enum err_kind kind, int before)
{
	return kind == ERR_NO_PROGRAM ? 127 : kind == ERR_NOT_EXECUTABLE ? 126 : before ? before : 128;
}

static void record_failure(struct daemon *d, struct container *c, const struct err *why)
{
	bool wait_on;
	struct err err;

	dockerd_lock(d);
	/* The restart policy's attempt while containerd was away or the disk full: no failure of
	 * the container's, which goes on being restarted, by another daemon if need be. */
	wait_on = c->st.restarting && (why->kind == ERR_UNAVAILABLE || why->kind == ERR_NO_SPACE);
	dockerd_unlock(d);
	if (wait_on)
		return;
	dockerd_lock(d);
	c->st.running = c->st.restarting = false;
	dockerd_health_stopped(c);
	c->st.pid = 0;
	c->st.exit_code = failed_status(why->kind, c->st.exit_code);
	snprintf(c->st.error, sizeof c->st.error, "%.*s", (int)sizeof c->st.error - 1, why->msg);
	c->start_serial++;
	dockerd_container_changed(c);
	dockerd_unlock(d);
	if (dockerd_container_save(d, c, &err))
		log_error("container %.12s: %s", c->id, err.msg);
}

/* --- starting ------------------------------------------------------------------------------ */

static int run_steps(struct daemon *d, struct container *c, pid_t *pid, struct err *err)
{
	char *attach = NULL;

	if (dockerd_networks_take(d, c, err))
		return -1;
	if (!str_starts(jsonx_str(c->host, "NetworkMode", ""), "container:") &&
	    dockerd_netfiles_write(d, c, err))
		return -1;
	if (create_task(d, c, pid, &attach, err))
		return -1;
	if (dockerd_networks_plug(d, c, *pid, err) || dockerd_container_save(d, c, err)) {
		free(attach);
		return -1;
	}
	let_attach(d, c, attach);
	return dockerd_task_start(d, c, err);
}

int dockerd_start_locked(struct daemon *d, struct container *c, struct err *err)
{
	AUTO_SPAN struct trace_span span = trace_begin();
	struct err save_err;
	pid_t pid = 0;

	if (check_state(d, c, err))
		return -1;
	if (run_steps(d, c, &pid, err)) {
		log_warn("start container %.12s: %s", c->id, err->msg);
		give_back(d, c);
		explain(c, err);
		record_failure(d, c, err);
		return -1;
	}
	mark_running(d, c, pid);
	if (dockerd_container_save(d, c, &save_err))
		log_error("container %.12s: %s", c->id, save_err.msg);
	dockerd_network_events(d, c, "connect", dockerd_networks_of(d, c));
	dockerd_volume_events(d, c, "mount");
	dockerd_container_event(d, c, "start", NULL);
	trace_end(&span, "start %s", c->name);
	return 0;
}

int dockerd_start(struct daemon *d, struct container *c, bool *was_running, struct err *err)
{
	bool running, paused;
	int rc = 0;

	pthread_mutex_lock(&c->op);
	dockerd_lock(d);
	running = c->st.running;
	paused = c->st.paused;
	if (!running) { /* a start by hand: the policy's count begins again */
		c->st.restarting = false;
		c->st.stopped_by_hand = false;
		c->st.restarts = 0;
		dockerd_container_changed(c);
	}
	dockerd_unlock(d);
	if (was_running)
		*was_running = running;
	if (paused)
		rc = err_set(err, ERR_CONFLICT,
			     "cannot start a paused container, try unpause instead");
	else if (!running && dockerd_start_locked(d, c, err))
		rc = -1;
	/* Unless it has been removed meanwhile, by another start that failed or by hand. */
	if (rc && !running && c->listed && jsonx_bool(c->host, "AutoRemove", false)) {
		struct err ignored;

		if (dockerd_remove_locked(d, c, true, &ignored))
			log_warn("container %.12s: %s", c->id, ignored.msg);
	}
	pthread_mutex_unlock(&c->op);
	return rc;
}
