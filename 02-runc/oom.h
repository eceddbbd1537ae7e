/*
 * oom.h - process.oomScoreAdj: whom the kernel kills first when memory runs out.
 *
 * A child inherits its parent's score. So the runtime takes the container's on for
 * the moment of the clone: it still has the privileges that a lower score needs,
 * which a process in a user namespace has not.
 */
#ifndef DOCKYARD_RUNC_OOM_H
#define DOCKYARD_RUNC_OOM_H

#include "config.h"

/* Take the process's score on, if it has one; `own` remembers ours. `proc` is the root
 * of procfs. ERR_PERMISSION where a lower score needs CAP_SYS_RESOURCE. */
#define RUNC_OOM_SIZE 16
int runc_oom_take(int proc, const struct runc_process *p, char own[RUNC_OOM_SIZE],
		  struct err *err);
/* Back to what was remembered. */
void runc_oom_give_back(int proc, const char own[RUNC_OOM_SIZE]);

#endif
