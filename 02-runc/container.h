/*
 * container.h - a container's life as the runtime's commands see it:
 *
 *     create   directory, cgroup, init; undone to the last piece if any step fails
 *     start    let init go on
 *     destroy  what create made, taken away
 */
#ifndef DOCKYARD_RUNC_CONTAINER_H
#define DOCKYARD_RUNC_CONTAINER_H

#include "config.h"
#include "seccomp.h"
#include "state.h"

struct runc_create {
	const char *root, *id, *bundle, *pid_file, *console_socket;
	unsigned preserve_fds; /* beyond LISTEN_FDS */
	bool no_pivot, no_new_keyring;
	bool at_once;    /* `run`: go on to the program without waiting for `start` */
	bool foreground; /* a terminal without a console_socket is for us */
};

struct runc_container {
	struct runc_config config;
	struct runc_state state;
	struct runc_filter filter;
	struct kern_cgroup *cgroup;
	pid_t pid; /* init, our child */
	int pidfd;
	int sync;    /* open with at_once: end of file means that the program runs */
	int console; /* foreground: the socket on which init sends its terminal */
};

#define RUNC_CONTAINER_INIT { .state = RUNC_STATE_INIT, .pidfd = -1, .sync = -1, .console = -1 }

/* Returns with init waiting for `start` (or, at_once, about to run the program);
 * on failure nothing is left. runc_container_free gives back memory and fds. */
int runc_container_create(struct runc_container *c, const struct runc_create *opt,
			  struct err *err);
/* All of create but the process: id, cgroup. Nothing is left on failure; if something
 * fails later, it is for runc_container_abandon to end c->pid and take it all back. */
int runc_container_claim(struct runc_container *c, const struct runc_create *opt, struct err *err);
void runc_container_abandon(struct runc_container *c, const char *root);
/* at_once: has the program been executed? Undoes the container if not. */
int runc_container_launched(struct runc_container *c, const struct runc_create *opt,
			    struct err *err);
void runc_container_free(struct runc_container *c);
#define AUTO_CONTAINER AUTO(runc_container_free)

/* Let init run its program, then the poststart hooks. */
int runc_container_start(const struct runc_state *st, struct err *err);
int runc_container_poststart(const struct runc_state *st, const struct runc_config *config,
			     struct err *err);

/* SIGKILL to init and everything in its cgroup, and wait until init is gone. */
int runc_container_kill_all(const struct runc_state *st, struct err *err);
/* Remove cgroup and directory of a container that has stopped; poststop hooks. */
int runc_container_destroy(const struct runc_state *st, const char *root, struct err *err);

/* Write a pid file so that no reader sees half of it. */
int runc_pid_file_write(const char *path, pid_t pid, struct err *err);

/* cgroup.c: make the container's group with its limits and device rules. */
struct kern_cgroup *runc_cgroup_make(const struct runc_config *c, const char *path,
				     struct err *err);
/* Where it is: linux.cgroupsPath, or one derived from the id. The caller frees. */
char *runc_cgroup_path(const struct runc_config *c, const char *id);

/* sysctl.c */
int runc_sysctl_check(const struct runc_config *c, struct err *err);

#endif
