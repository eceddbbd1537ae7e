/*
 * clone.h - a child that is born in the pid namespace in which it is to live.
 */
#ifndef DOCKYARD_RUNC_CLONE_H
#define DOCKYARD_RUNC_CLONE_H

#include "01-kernel/ns.h"

/* kern_ns_clone with the child in the pid namespace of `ns`, a descriptor of a
 * namespace file or a pidfd; -1: in ours, or a new one by args->flags. */
pid_t runc_clone(const struct kern_clone *args, int ns, struct err *err);

#endif
