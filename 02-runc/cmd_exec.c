/*
 * cmd_exec.c - `exec`: one more process in a container that runs.
 *
 * One clone, born in the container's pid namespace; the child goes into the
 * cgroup, enters the other namespaces with one setns(2) on init's pidfd, and
 * takes the same last steps as an init.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "01-kernel/base/spawn.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/path.h"
#include "01-kernel/tty.h"
#include "cmd.h"
#include "console.h"
#include "exec.h"
#include "namespaces.h"
#include "notify.h"
#include "oom.h"
#include "process.h"
#include "rootfs.h"
#include "sealed.h"
#include "selinux.h"
#include "sync.h"

/* The cgroup and the namespaces. With a user namespace the process in between (see
 * namespaces.h) has joined the cgroup already, and we were born there. */
static int enter(const struct runc_exec *x, struct err *err)
{
	if (!runc_ns_user(&x->config) && runc_cgroup_join(x->cgroup, x->in_cgroup, x->rootless, err))
		return -1;
	if (runc_ns_enter_of(&x->config, x->init_pidfd, err) ||
	    runc_ns_become_root(&x->config, err))
		return -1;
	/* setns into a mount namespace makes its root ours. Without one: */
	if (x->root >= 0 && (fchdir(x->root) || chroot(".")))
		return err_sys(err, "enter the container's root");
	return 0;
}

/* In the child. Compare init.c's runc_init_steps for the why of the order. */
static int steps(struct runc_exec *x, struct err *err)
{
	struct runc_launch *l = &x->launch;
	AUTO_CLOSE int root = -1;

	setsid();
	runc_process_reset_signals();
	if (runc_process_hide(err))
		return -1;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return err_sys(err, "ask for a signal when the runtime dies");
	log_debug("nsexec container setup: entering the container's namespaces");
	log_debug("child process in init()");
	if (runc_rdt_join(x->state.dir, getpid(), err) || runc_process_seal_fds(l, err) ||
	    runc_process_open_proc(l, err) || enter(x, err))
		return -1;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, "open the container's root");
	if (x->console >= 0 && runc_console_open(root, x->console, l->process, false, err))
		return -1;
	if (runc_process_environment(l, root, err) || runc_devices_reopen_null(root, err) ||
	    runc_process_own_stdio(l, err) ||
	    runc_process_limits(l, err) ||
	    runc_schedule_apply(&x->config, l->process, &l->process->affinity, err))
		return -1;
	log_debug("setns_init: about to exec"); /* the log is closed too */
	runc_process_close_fds(l, &x->sync, 1);
	root = l->proc = -1;
	if (runc_process_drop(l, err) || runc_process_chdir(l, err) || runc_process_find(l, err))
		return -1;
	if (prctl(PR_SET_PDEATHSIG, 0))
		return err_sys(err, "take back the death signal");
	return runc_process_filter(l, x->sync, err) || runc_process_exec(l, err) ? -1 : 0;
}

__attribute__((noreturn)) static void child(struct runc_exec *x)
{
	struct err err = { .kind = ERR_NONE };

	steps(x, &err);
	runc_sync_fail(x->sync, &err);
	_exit(255);
}

/* End of file without an error: the program has been executed. */
static int await_exec(struct runc_exec *x, int ours, struct err *err)
{
	const struct runc_notify whose = {
		.filter = &x->config.filter, .seccomp = x->config.seccomp, .state = &x->state,
		.status = STATUS_RUNNING, .pid = x->pid, .init = x->state.pid,
	};
	enum runc_word word;
	struct err ignored;

	if (!runc_notify_hear(ours, &whose, &word, err)) {
		trace_told(NULL, "kernel", 0, "execve(%s)", x->process.args[0]);
		return 0;
	}
	kern_pidfd_signal(x->pidfd, SIGKILL, &ignored); /* it may be waiting for a word of ours */
	spawn_wait(x->pid, NULL);
	return err_wrap(err, "unable to start container process");
}

static int clone_process(struct runc_exec *x, struct err *err)
{
	struct runc_birth birth = { &x->config, x->cgroup, &x->pidfd, x->init_pidfd };
	char own_score[RUNC_OOM_SIZE];

	if (runc_oom_take(x->launch.procfs, &x->process, own_score, err))
		return -1;
	for (bool again = false; ; again = true) {
		x->in_cgroup = kern_cgroup_v2_fd(x->cgroup) >= 0;
		x->pid = runc_ns_clone(&birth, err);
		if (!x->pid)
			child(x);
		if (x->pid > 0 || again || !runc_cgroup_refused(err) ||
		    runc_cgroup_elsewhere(&x->cgroup, x->cgroups.n ? 0 : x->state.pid, x->rootless,
					  err))
			break;
		birth.cgroup = x->cgroup;
	}
	runc_oom_give_back(x->launch.procfs, own_score);
	return x->pid < 0 ? -1 : 0;
}

static int launch(struct runc_exec *x, struct err *err)
{
	AUTO_CLOSE int ours = -1, theirs = -1;
	int failed;

	if (runc_sync_pair(&ours, &theirs, err) || runc_process_prepare(&x->launch, err))
		return -1;
	x->sync = theirs;
	failed = clone_process(x, err);
	close(x->launch.procfs);
	close(theirs);
	theirs = -1;
	/* The process has it. Were ours open too, we would wait for the terminal of one that
	 * was killed before it could send it. */
	cleanup_close(&x->console);
	x->console = -1;
	return failed ? -1 : await_exec(x, ours, err);
}

static int connect_console(struct runc_exec *x, struct err *err)
{
	int pair[2];

	if (!x->process.terminal) {
		if (x->console_socket)
			return err_set(err, ERR_INVALID, "cannot use console socket if runc will "
				       "not detach or allocate tty");
		return 0;
	}
	if (x->console_socket) {
		x->console = kern_unix_connect(x->console_socket, err);
		return x->console < 0 ? err_wrap(err, "console socket") : 0;
	}
	if (x->detach)
		return err_set(err, ERR_INVALID, "cannot allocate tty if runc will detach without "
			       "setting console socket");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return err_sys(err, "make a socket pair");
	x->process.bare_newlines = true;
	x->receive = pair[0];
	x->console = pair[1];
	return 0;
}

/* The root of a container without a mount namespace is no more than its init's. */
static int open_root(struct runc_exec *x, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/root", (int)x->state.pid);
	AUTO_CLOSE int still_there = -1;

	x->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (x->root < 0)
		return err_sys(err, "open %s", path);
	still_there = runc_state_pidfd(&x->state, err);
	return still_there < 0 ? -1 : 0;
}

static int open_container(struct runc_exec *x, const struct runc_global *g, const char *id,
			  struct err *err)
{
	enum runc_status status;

	if (runc_cmd_state_of(g, id, &x->state, err))
		return -1;
	x->rootless = g->rootless;
	status = runc_state_status(&x->state);
	if (status == STATUS_STOPPED || status == STATUS_CREATING)
		return err_set(err, ERR_CONFLICT, "cannot exec in a %s container",
			       runc_status_names[status]);
	if (status == STATUS_PAUSED && !x->ignore_paused)
		return err_set(err, ERR_CONFLICT, "cannot exec in a paused container (use "
			       "--ignore-paused to override)");
	x->init_pidfd = runc_state_pidfd(&x->state, err);
	x->cgroup = kern_cgroup_open(x->state.cgroup, err);
	if (x->init_pidfd < 0 || !x->cgroup || runc_cgroup_descend(x->cgroup, &x->cgroups, err))
		return -1;
	if (runc_config_load(&x->config, x->state.dir, "config.json", err) ||
	    runc_config_filter(&x->config, err))
		return -1;
	return runc_config_ns(&x->config, CLONE_NEWNS) ? 0 : open_root(x, err);
}

static int stay(struct runc_exec *x, struct err *err)
{
	AUTO_CLOSE int master = -1;
	char name[64];
	int status = 0;

	if (x->receive >= 0) {
		master = kern_fd_recv(x->receive, name, sizeof name, err);
		if (master < 0)
			return err_wrap(err, "receive the terminal");
	}
	return runc_relay(x->pid, x->pidfd, master, &status, err) ? -1 : status;
}

/* The child begins on the processors of execCPUAffinity.initial, and ends up on
 * those of .final when it is in the container's cgroup. */
static int launch_on_cpus(struct runc_exec *x, struct err *err)
{
	cpu_set_t before;
	int failed;

	if (runc_affinity_enter(&x->process.affinity, &before, err))
		return -1;
	failed = launch(x, err);
	runc_affinity_leave(&x->process.affinity, &before);
	return failed;
}

static int exec_in(struct runc_exec *x, const struct runc_global *g, int argc, char **argv,
		   struct err *err)
{
	AUTO_FREE char *keyring = NULL;
	AUTO_CLOSE int pidfd_socket = -1;

	if (x->pidfd_socket && (pidfd_socket = kern_unix_connect(x->pidfd_socket, err)) < 0)
		return err_wrap(err, "pidfd socket");
	if (runc_cmd_preserve(x->preserve_fds, false, &x->launch.preserve_fds, err) ||
	    open_container(x, g, argv[0], err) || runc_exec_process(x, argc - 1, argv + 1, err) ||
	    runc_labels_check(&x->config, &x->process, err) || connect_console(x, err))
		return -1;
	/* `create` has warned of what the container's own process cannot have. */
	runc_caps_settle(&x->process, runc_config_ns(&x->config, CLONE_NEWUSER),
			 !x->caps.n && !x->process_file);
	x->launch.process = &x->process;
	x->launch.filter = &x->config.filter;
	x->launch.proc = -1;
	keyring = xasprintf("_ses.%s", x->state.id);
	x->launch.keyring = x->state.no_new_keyring ? NULL : keyring;
	if (!x->detach)
		runc_relay_prepare();
	if (launch_on_cpus(x, err))
		return -1;
	if ((pidfd_socket >= 0 && kern_fd_send(pidfd_socket, x->pidfd, "setns", err)) ||
	    (x->pid_file && runc_pid_file_write(x->pid_file, x->pid, err))) {
		struct err second;

		kern_pidfd_signal(x->pidfd, SIGKILL, &second);
		return -1;
	}
	return x->detach ? 0 : stay(x, err);
}

int runc_cmd_exec(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static struct runc_exec x = RUNC_EXEC_INIT; /* see runc_cmd_run */
	int rest, status;

	if (runc_sealed(g->argv, err) || runc_exec_options(&x, argc, argv, &rest, err))
		return -1;
	status = rest < 0 ? 0 : exec_in(&x, g, argc - rest, argv + rest, err);
	if (status >= 0)
		return status;
	/* 255, so that a failure of ours is not taken for one of the program's. */
	err_wrap(err, "exec failed");
	return -255;
}
