/*
 * cmd_exec.c - `exec`: one more process in a container that runs.
 *
 * One clone, born in the container's pid namespace; the child goes into the
 * cgroup, enters the other namespaces with one setns(2) on init's pidfd, and
 * takes the same last steps as an init.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "01-kernel/path.h"
#include "01-kernel/tty.h"
#include "clone.h"
#include "cmd.h"
#include "console.h"
#include "exec.h"
#include "process.h"
#include "rootfs.h"
#include "sealed.h"
#include "sync.h"

/* All that exist in the container, whether its own or shared with the host. */
static uint64_t namespaces(const struct runc_config *c)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < c->n_ns; i++)
		flags |= c->ns[i].type->flag;
	return flags;
}

static int enter(const struct runc_exec *x, struct err *err)
{
	/* The pid namespace we were born in; setns would only concern our children. */
	uint64_t flags = namespaces(&x->config) & ~(uint64_t)CLONE_NEWPID;

	if (setns(x->init_pidfd, (int)flags))
		return err_sys(err, "enter the container's namespaces");
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
	if (runc_process_seal_fds(l, err) || runc_process_open_proc(l, err) ||
	    (x->in_cgroup ? kern_cgroup_join_v1(x->cgroup, err)
			  : kern_cgroup_add(x->cgroup, 0, err)) ||
	    enter(x, err))
		return -1;
	/* setns into a mount namespace made its root ours. */
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, "open the container's root");
	if (x->console >= 0 && runc_console_open(root, x->console, l->process, false, err))
		return -1;
	if (runc_process_environment(l, root, err) || runc_devices_reopen_null(root, err) ||
	    runc_process_own_stdio(l, err) ||
	    runc_process_limits(l, err))
		return -1;
	runc_process_close_fds(l, &x->sync, 1);
	root = l->proc = -1;
	if (runc_process_drop(l, err) || runc_process_chdir(l, err) || runc_process_find(l, err))
		return -1;
	if (prctl(PR_SET_PDEATHSIG, 0))
		return err_sys(err, "take back the death signal");
	return runc_process_exec(l, err);
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
	enum runc_word word;

	if (!runc_sync_hear(ours, &word, err))
		return 0;
	while (waitpid(x->pid, NULL, 0) < 0 && errno == EINTR)
		;
	return err_wrap(err, "unable to start container process");
}

static int launch(struct runc_exec *x, struct err *err)
{
	AUTO_CLOSE int ours = -1, theirs = -1;
	const struct runc_namespace *pid_ns = runc_config_ns(&x->config, CLONE_NEWPID);
	struct kern_clone clone = {
		.cgroup_fd = kern_cgroup_v2_fd(x->cgroup), .pidfd = &x->pidfd,
	};

	if (runc_sync_pair(&ours, &theirs, err))
		return -1;
	x->sync = theirs;
	x->in_cgroup = clone.cgroup_fd >= 0;
	x->pid = runc_clone(&clone, pid_ns ? x->init_pidfd : -1, err);
	if (x->pid < 0)
		return -1;
	if (!x->pid)
		child(x);
	close(theirs);
	theirs = -1;
	return await_exec(x, ours, err);
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
	x->receive = pair[0];
	x->console = pair[1];
	return 0;
}

static int open_container(struct runc_exec *x, const struct runc_global *g, const char *id,
			  struct err *err)
{
	enum runc_status status;

	if (runc_cmd_state_of(g, id, &x->state, err))
		return -1;
	status = runc_state_status(&x->state);
	if (status == STATUS_STOPPED || status == STATUS_CREATING)
		return err_set(err, ERR_CONFLICT, "cannot exec in a %s container",
			       runc_status_names[status]);
	if (status == STATUS_PAUSED && !x->ignore_paused)
		return err_set(err, ERR_CONFLICT, "cannot exec in a paused container (use "
			       "--ignore-paused to override)");
	x->init_pidfd = runc_state_pidfd(&x->state, err);
	x->cgroup = kern_cgroup_open(x->state.cgroup, err);
	if (x->init_pidfd < 0 || !x->cgroup)
		return -1;
	return runc_config_load(&x->config, x->state.dir, "config.json", err) ||
	       runc_seccomp_load(&x->filter, x->state.dir, err) ? -1 : 0;
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

static int exec_in(struct runc_exec *x, const struct runc_global *g, int argc, char **argv,
		   struct err *err)
{
	AUTO_FREE char *keyring = NULL;

	if (open_container(x, g, argv[0], err) || runc_exec_process(x, argc - 1, argv + 1, err) ||
	    connect_console(x, err))
		return -1;
	x->launch.process = &x->process;
	x->launch.filter = &x->filter;
	x->launch.proc = -1;
	keyring = xasprintf("_ses.%s", x->state.id);
	x->launch.keyring = x->state.no_new_keyring ? NULL : keyring;
	if (!x->detach)
		runc_relay_prepare();
	if (launch(x, err))
		return -1;
	if (x->pid_file && runc_pid_file_write(x->pid_file, x->pid, err)) {
		struct err second;

		kern_pidfd_signal(x->pidfd, SIGKILL, &second);
		return -1;
	}
	return x->detach ? 0 : stay(x, err);
}

int runc_cmd_exec(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	struct runc_exec x = RUNC_EXEC_INIT;
	int rest, status;

	if (runc_sealed(g->argv, err))
		return -1;
	if (runc_exec_options(&x, argc, argv, &rest, err)) {
		runc_exec_free(&x);
		return -1;
	}
	status = rest < 0 ? 0 : exec_in(&x, g, argc - rest, argv + rest, err);
	runc_exec_free(&x);
	if (status >= 0)
		return status;
	/* 255, so that a failure of ours is not taken for one of the program's. */
	err_wrap(err, "exec failed");
	return -255;
}
