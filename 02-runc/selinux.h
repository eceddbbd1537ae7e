/*
 * selinux.h - labels: `linux.mountLabel`, `process.selinuxLabel` and
 * `process.apparmorProfile`, before a container is made of them.
 */
#ifndef DOCKYARD_RUNC_SELINUX_H
#define DOCKYARD_RUNC_SELINUX_H

#include "config.h"

/* Is there the security module that the labels are for? */
int runc_labels_check(const struct runc_config *c, const struct runc_process *p,
		      struct err *err);

/* Put mountLabel into the options of the mounts whose file systems take it. */
int runc_labels_mounts(struct runc_config *c, struct err *err);

/* The same for a mount that is not in the configuration. */
int runc_label_options(const struct runc_config *c, struct kern_mount_options *o,
		       struct err *err);

/* A message queue file system takes no label when it is mounted: label its root, below
 * the container's `root`, afterwards. */
int runc_labels_queues(const struct runc_config *c, int root, struct err *err);

#endif
