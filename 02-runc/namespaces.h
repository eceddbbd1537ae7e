/*
 * namespaces.h - how a process of the container gets into its namespaces.
 *
 * New ones come with the clone3(2) that makes the process; one that exists is
 * joined by setns(2). Five of them have a will of their own:
 *
 *     pid      nobody ever changes his own: one is born into it. So it is entered
 *              by the parent, for the child that follows
 *     user     owns the others: what is to belong to it is made after it is
 *              entered, and what belongs to the host is joined before
 *     cgroup   its root is where its creator stands: after the cgroup is joined
 *     time     its offsets are fixed by the first who enters it: made, set, entered
 *     mount    last of all: what is opened by a path afterwards is another tree
 *
 * Where a user namespace is joined, or one is made while others are joined, no
 * order of calls serves one process alone. Then the runtime clones a process in
 * between, which joins what is to be joined, clones the container's process as the
 * runtime's child (CLONE_PARENT), and ends.
 */
#ifndef DOCKYARD_RUNC_NAMESPACES_H
#define DOCKYARD_RUNC_NAMESPACES_H

#include "config.h"

/* The container's process, cloned: 0 in the child, its pid here. `cgroup_fd` as in
 * struct kern_clone; *pidfd receives a descriptor of it. */
struct runc_birth {
	const struct runc_config *config;
	struct kern_cgroup *cgroup;
	int *pidfd;
	int init_pidfd; /* exec: of the container's init; -1: this is to be init */
};
pid_t runc_ns_clone(const struct runc_birth *b, struct err *err);

/* By the runtime: write the id maps of a new user namespace; nothing to do without. */
int runc_ns_map_ids(const struct runc_config *c, pid_t pid, struct err *err);

/* By init: join and make what the clone has left. */
int runc_ns_enter(const struct runc_config *c, int proc, struct err *err);
/* By the process of an exec: all that init is in. */
int runc_ns_enter_of(const struct runc_config *c, int init_pidfd, struct err *err);

/* Does the container have a user namespace, a new one or another's? */
bool runc_ns_user(const struct runc_config *c);
/* In a user namespace: become its root. Until then we are the host's root, whom it does
 * not know; he can look up what is root's alone, and what he makes is not the container's. */
int runc_ns_become_root(const struct runc_config *c, struct err *err);

#endif
