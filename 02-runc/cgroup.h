/*
 * cgroup.h - a container's control group, by 01-kernel's one interface over v1
 * and v2: which it is, its limits, which devices may be opened, who may manage it.
 *
 * First it is planned (nothing is made; a configuration that cannot work here is
 * refused), then made. runc_state.cgroup is the group's name (kern_cgroup_name).
 *
 * Without privileges the group may be *absent* (see 01-kernel/cgroup.h): where it
 * cannot be made, and neither a path nor a limit was asked for, the container
 * stays in the caller's groups. All that follows works with an absent group too.
 */
#ifndef DOCKYARD_RUNC_CGROUP_H
#define DOCKYARD_RUNC_CGROUP_H

#include "config.h"

struct runc_container;
struct runc_state;

struct kern_cgroup *runc_cgroup_plan(const struct runc_config *c, const char *path, struct err *err);
/* Nobody else is in it, or has frozen it. */
int runc_cgroup_check_unused(struct kern_cgroup *cg, struct err *err);
/* Make c->cgroup with limits, device rules and owner; c->state.cgroup gets its name anew.
 * On failure nothing is left of it. Only a `rootless` runtime may do without. */
int runc_cgroup_make(struct runc_container *c, bool rootless, struct err *err);
/* All device rules, the configured ones and those of every container. The caller frees. */
struct kern_cgroup_device *runc_cgroup_device_rules(const struct runc_resources *r, size_t *n);
/* After a clone into the group has failed: if that was for v2's group, and the others can
 * do without it, it is left out, and the clone is to be tried again. */
bool runc_cgroup_without_v2(struct runc_container *c, struct err *err);
/* If the kernel has killed in the group for want of memory, then that is why
 * whatever *err says has failed. */
void runc_cgroup_blame(const struct kern_cgroup *cg, struct err *err);

/* cgroup_exec.c: `exec --cgroup`: go down to [controller[,controller]:]path... */
int runc_cgroup_descend(struct kern_cgroup *cg, const struct strlist *args, struct err *err);
/* In the child of an exec: into the group, as far as the clone has not done that. A
 * rootless one who may not move processes there stays where he is. */
int runc_cgroup_join(struct kern_cgroup *cg, bool in_cgroup, bool rootless, struct err *err);
/* Has a clone failed because of the group that it should have gone into? On v2 init
 * may have moved down and enabled controllers, so that the container's own group takes
 * no process any more: then *cg becomes the one where init is, if its pid is given. */
bool runc_cgroup_refused(const struct err *err);
int runc_cgroup_elsewhere(struct kern_cgroup **cg, pid_t init, bool rootless, struct err *err);

/* update.c: change limits, the container's and those in its saved configuration.
 * `change` is a resources object; what it does not mention stays. */
int runc_update(const struct runc_state *st, const json_t *change, struct err *err);

/* A command that was denied something says that it may be for want of a cgroup. */
void runc_cgroup_hint(const char *command, const struct err *err);

#endif
