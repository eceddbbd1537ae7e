/*
 * lifecycle.c - the later parts of container.h: start and destroy.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "01-kernel/base/trace.h"
#include "container.h"
#include "hooks.h"

#define KILL_WAIT_MS 10000
#define TAKEN_CHECK_MS 200

/* Read what init writes once we have opened the other end of the fifo and it has run
 * its hooks. Without O_NONBLOCK the open would hang if init is dead. */
static int let_go(const struct runc_state *st, int pidfd, char answer[sizeof(struct err)],
		  struct err *err)
{
	AUTO_CLOSE int fifo = openat(st->dir, "exec.fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct pollfd p[2] = { { .fd = fifo, .events = POLLIN },
			       { .fd = pidfd, .events = POLLIN } };

	if (fifo < 0)
		return errno == ENOENT ?
		       err_set(err, ERR_CONFLICT, "cannot start an already running container") :
		       err_sys(err, "open exec.fifo");
	for (;;) {
		int ready = poll(p, 2, TAKEN_CHECK_MS);

		if (ready < 0 && errno != EINTR)
			return err_sys(err, "wait for the container's init");
		if (p[0].revents & POLLIN && read(fifo, answer, sizeof(struct err) - 1) > 0)
			return 0;
		if (p[1].revents)
			return err_set(err, ERR_CONFLICT, "container process is already dead");
		/* init has spoken, but to another `start`; perhaps to one that was killed before
		 * we came, and then nothing tells us but the fifo itself */
		if (p[0].revents & POLLHUP || (!ready && runc_state_fifo_used(st)))
			return err_set(err, ERR_CONFLICT,
				       "cannot start an already running container");
	}
}

int runc_container_poststart(const struct runc_state *st, const struct runc_config *config,
			     struct err *err)
{
	struct err ignored;

	if (!runc_hooks_run(config, HOOK_POSTSTART, st, STATUS_RUNNING, st->pid, err))
		return 0;
	/* The specification once let this pass with a warning; runc kills, so that
	 * nobody relies on a container that its hooks have not prepared. */
	if (runc_container_kill_all(st, &ignored))
		log_warn("%s", ignored.msg);
	return -1;
}

static int finish_start(const struct runc_state *st, const struct runc_config *config,
			const char *answer, struct err *err)
{
	if (strcmp(answer, RUNC_STARTED) != 0)
		return err_set(err, ERR_SYSTEM, "%.*s", (int)strcspn(answer, "\n"), answer);
	trace_told(NULL, "kernel", 0, "execve(%s)", config->process.args[0]);
	if (unlinkat(st->dir, "exec.fifo", 0))
		return err_sys(err, "remove exec.fifo");
	return runc_container_poststart(st, config, err);
}

int runc_container_start(const struct runc_state *st, const char *root, struct err *err)
{
	AUTO_CONFIG struct runc_config config = { .doc = NULL };
	AUTO_CLOSE int pidfd = -1;
	char answer[sizeof *err] = "";
	struct err second;

	switch (runc_state_status(st)) {
	case STATUS_CREATED:
		break;
	case STATUS_STOPPED:
		return err_set(err, ERR_CONFLICT, "cannot start a container that has stopped");
	case STATUS_CREATING:
		return err_set(err, ERR_CONFLICT, "cannot start a container in the creating state");
	case STATUS_PAUSED:
		return err_set(err, ERR_CONFLICT, "cannot start a container in the paused state");
	default:
		return err_set(err, ERR_CONFLICT, "cannot start an already running container");
	}
	pidfd = runc_state_pidfd(st, err);
	if (pidfd < 0 || runc_config_load(&config, st->dir, "config.json", err) ||
	    let_go(st, pidfd, answer, err))
		return -1;
	if (!finish_start(st, &config, answer, err))
		return 0;
	/* A hook has failed: the container ends here (steps 7, 9 and 12 of "Lifecycle" in
	 * runtime.md). */
	if (runc_container_kill_all(st, &second) ||
	    runc_container_destroy(st, &config, root, &second))
		log_warn("%s", second.msg);
	return -1;
}

static int await_end(int pidfd, struct err *err)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int ready;

	do
		ready = poll(&p, 1, KILL_WAIT_MS);
	while (ready < 0 && errno == EINTR);
	return ready > 0 ? 0 : err_set(err, ERR_TIMEOUT, "container init still running");
}

int runc_container_kill_all(const struct runc_state *st, struct err *err)
{
	struct kern_cgroup *cg = kern_cgroup_open(st->cgroup, err);
	AUTO_CLOSE int pidfd = -1;
	struct err ignored;
	int failed = 0;

	pidfd = runc_state_pidfd(st, &ignored);
	if (pidfd >= 0)
		kern_pidfd_signal(pidfd, SIGKILL, &ignored);
	if (cg) {
		kern_cgroup_kill(cg, SIGKILL, &ignored);
		/* A frozen process of v1 dies only when it thaws. */
		if (kern_cgroup_frozen(cg))
			kern_cgroup_freeze(cg, false, &ignored);
	}
	if (pidfd >= 0)
		failed = await_end(pidfd, err);
	kern_cgroup_free(cg);
	return failed;
}

/* A systemd that is not there any more, or knows nothing, shall not be in the way of
 * cleaning up; one that is still at it has it in hand. */
static int end_unit(const struct runc_state *st, struct kern_cgroup *cg, struct err *err)
{
	if (!st->unit.name || !runc_systemd_end(&st->unit, cg, err))
		return 0;
	if (err->kind == ERR_TIMEOUT)
		return -1;
	log_warn("%s", err->msg);
	return 0;
}

static int remove_cgroup(const struct runc_state *st, struct err *err)
{
	struct kern_cgroup *cg = kern_cgroup_open(st->cgroup, err);
	int failed;

	if (!cg)
		return err->kind == ERR_NOT_FOUND ? end_unit(st, NULL, err) : -1;
	/* Without a pid namespace of its own, init's children outlive it. */
	failed = end_unit(st, cg, err) || kern_cgroup_destroy(cg, err);
	kern_cgroup_free(cg);
	return failed ? -1 : 0;
}

int runc_container_destroy(const struct runc_state *st, const struct runc_config *known,
			   const char *root, struct err *err)
{
	AUTO_CONFIG struct runc_config kept = { .doc = NULL };
	struct err problem;

	/* Deleted by somebody else meanwhile; the id may be another container's by now. */
	if (!runc_state_is_ours(st, root))
		return 0;
	/* An unreadable copy costs the hooks, not the cleaning up. */
	if (!known && runc_config_load(&kept, st->dir, "config.json", &problem))
		log_warn("%s: its poststop hooks are not run", problem.msg);
	if (remove_cgroup(st, err) || runc_rdt_destroy(st->dir, false, err) ||
	    runc_state_remove(st, root, err))
		return -1;
	if (!known)
		known = &kept;
	if (known->doc)
		runc_hooks_run(known, HOOK_POSTSTOP, st, STATUS_STOPPED, 0, &problem);
	return 0;
}
