/*
 * init.h - the container's first process, from the clone to its program.
 *
 * It begins as a copy of the runtime (no second program is started) with the
 * new namespaces already around it, does what init.c's runc_init_steps lists,
 * waits for `start`, and becomes the program. The struct is filled by
 * container.c before the clone and is simply there afterwards.
 */
#ifndef DOCKYARD_RUNC_INIT_H
#define DOCKYARD_RUNC_INIT_H

#include "process.h"
#include "rootfs.h"
#include "state.h"

struct runc_init {
	const struct runc_config *config;
	const struct runc_state *state;
	struct kern_cgroup *cgroup;
	struct runc_launch launch;
	struct runc_rootfs rootfs;
	int sync;           /* our end, see sync.h */
	int fifo;           /* O_PATH of exec.fifo; -1: do not wait for `start` */
	int console_socket; /* -1: no terminal */
	int started;        /* open once `start` has come, to tell it how that went; else -1 */
	bool no_pivot;
	bool in_cgroup; /* the clone has put us into the cgroup, as far as that is v2 */
	bool placed;    /* the runtime has systemd put us into it */
	bool unprivileged; /* the runtime: not root, so that the maps in our /proc are written by who owns us */
};

__attribute__((noreturn)) void runc_init_main(struct runc_init *in);

#endif
