/*
 * container.h - a container's life as the runtime's commands see it:
 *
 *     create   directory, cgroup, init; undone to the last piece if any step fails
 *     start    let init go on
 *     destroy  what create made, taken away
 */
#ifndef DOCKYARD_RUNC_CONTAINER_H
#define DOCKYARD_RUNC_CONTAINER_H

#include "cgroup.h"
#include "config.h"
#include "seccomp.h"
#include "sources.h"
#include "state.h"
#include "systemd.h"

struct runc_create {
	const char *root, *id, *bundle, *pid_file, *console_socket, *pidfd_socket;
	unsigned preserve_fds; /* beyond LISTEN_FDS */
	bool no_pivot, no_new_keyring;
	bool rootless; /* a cgroup that may not be made is done without */
	bool at_once;    /* `run`: go on to the program without waiting for `start` */
	bool foreground; /* a terminal without a console_socket is for us */
	bool systemd;    /* the cgroup is to be made by systemd */
};

struct runc_container {
	struct runc_config config;
	struct runc_state state;
	struct kern_cgroup *cgroup;
	struct runc_systemd systemd;
	bool cgroup_made; /* by us, to be undone by us */
	struct runc_source *sources; /* see sources.h */
	struct runc_netmoves net;
	pid_t pid; /* init, our child */
	int pidfd;
	int sync;    /* open with at_once: end of file means that the program runs */
	int console; /* foreground: the socket on which init sends its terminal */
};

#define RUNC_CONTAINER_INIT { .state = RUNC_STATE_INIT, .systemd = RUNC_SYSTEMD_INIT, \
			      .net = RUNC_NETMOVES_INIT, .pidfd = -1, .sync = -1, .console = -1 }

/* Returns with init waiting for `start` (or, at_once, about to run the program);
 * on failure nothing is left. runc_container_free gives back memory and fds. */
int runc_container_create(struct runc_container *c, const struct runc_create *opt,
			  struct err *err);
/* All of create but the process: id, cgroup (which with `systemd` is only planned: that one
 * makes it around a process). Nothing is left on failure; if something
 * fails later, it is for runc_container_abandon to end c->pid and take it all back. */
int runc_container_claim(struct runc_container *c, const struct runc_create *opt, struct err *err);
void runc_container_abandon(struct runc_container *c, const char *root);
/* container_init.c, two steps of create: init is born (in the child this does not return)
 * and says what it has to say until it waits for `start`. */
int runc_container_start_init(struct runc_container *c, const struct runc_create *opt, int fifo,
			      int console, struct err *err);
int runc_container_hear_ready(struct runc_container *c, struct err *err);
/* With systemd, which makes a group around a process: have c->cgroup made around this one. */
int runc_container_place(struct runc_container *c, pid_t pid, bool rootless, struct err *err);
/* at_once: has the program been executed? Undoes the container if not. */
int runc_container_launched(struct runc_container *c, const struct runc_create *opt,
			    struct err *err);
void runc_container_free(struct runc_container *c);

/* Let init run its program, then the poststart hooks. When a hook fails, the container
 * is destroyed. */
int runc_container_start(const struct runc_state *st, const char *root, struct err *err);
int runc_container_poststart(const struct runc_state *st, const struct runc_config *config,
			     struct err *err);

/* SIGKILL to init and everything in its cgroup, and wait until init is gone. */
int runc_container_kill_all(const struct runc_state *st, struct err *err);
/* Remove cgroup and directory of a container that has stopped; poststop hooks, of `known`
 * or, if that is NULL, of the configuration that create has kept. */
int runc_container_destroy(const struct runc_state *st, const struct runc_config *known,
			   const char *root, struct err *err);

/* Write a pid file so that no reader sees half of it. */
int runc_pid_file_write(const char *path, pid_t pid, struct err *err);

/* sysctl.c */
int runc_sysctl_check(const struct runc_config *c, struct err *err);

#endif
