/*
 * exec.h - what `exec` was asked to run, put together from --process or from
 * options over the container's own process (exec_process.c); cmd_exec.c runs it.
 */
#ifndef DOCKYARD_RUNC_EXEC_H
#define DOCKYARD_RUNC_EXEC_H

#include "container.h"
#include "process.h"

struct runc_exec {
	struct runc_state state;
	struct runc_config config;
	struct kern_cgroup *cgroup;
	struct runc_process process; /* what to run */
	struct runc_launch launch;
	json_t *process_doc; /* what `process` borrows its strings from */

	/* options */
	const char *console_socket, *pidfd_socket, *pid_file, *process_file, *cwd, *user, *apparmor, *label;
	struct strlist env, caps, gids, cgroups;
	bool detach, tty, no_new_privs, ignore_paused;
	int preserve_fds;

	int init_pidfd, console, receive; /* receive: the terminal comes to us */
	int root; /* of a container without a mount namespace; else -1 */
	int sync;
	bool in_cgroup, rootless;
	pid_t pid;
	int pidfd;
};

#define RUNC_EXEC_INIT { .state = RUNC_STATE_INIT, .init_pidfd = -1, .console = -1, \
			 .receive = -1, .root = -1, .sync = -1, .pidfd = -1 }

int runc_exec_options(struct runc_exec *x, int argc, char **argv, int *rest, struct err *err);
/* Fill x->process; argv is the command given on the command line. */
int runc_exec_process(struct runc_exec *x, int argc, char **argv, struct err *err);
void runc_exec_free(struct runc_exec *x);

#endif
