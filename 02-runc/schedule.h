/*
 * schedule.h - when, where and as what a process runs: `process.scheduler`,
 * `ioPriority` and `execCPUAffinity` ("Linux Process" in config.md), and for all
 * of a container's processes `linux.personality` and `linux.memoryPolicy`.
 */
#ifndef DOCKYARD_RUNC_SCHEDULE_H
#define DOCKYARD_RUNC_SCHEDULE_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "01-kernel/base/jsonx.h"

struct runc_process;
struct runc_config;

struct runc_scheduler {
	bool present;
	uint32_t policy; /* SCHED_* */
	int32_t nice;
	uint32_t priority;
	uint64_t flags, runtime, deadline, period;
};

struct runc_io_priority {
	bool present;
	int value; /* class and level, as ioprio_set(2) takes them */
};

/* For a process that `exec` adds: where its creation begins, where it ends up. */
struct runc_affinity {
	bool has_initial, has_final;
	cpu_set_t initial, final;
};

/* `linux.memoryPolicy` (specification 1.3), in mempolicy.c. */
struct runc_memory_policy {
	bool present;
	int mode; /* MPOL_* with the flags MPOL_F_* */
	cpu_set_t nodes;
};
extern const char *const runc_memory_modes[], *const runc_memory_flags[]; /* end with NULL */

/* The three properties of a process object. */
int runc_config_schedule(struct runc_process *p, const json_t *obj, const char *where,
			 struct err *err);
int runc_config_memory_policy(struct runc_memory_policy *m, const json_t *linux_,
			      struct err *err);

/* Around the clone of an `exec`: take the runtime to the initial processors, which
 * the child inherits, and back. `before` remembers where it was. */
int runc_affinity_enter(const struct runc_affinity *a, cpu_set_t *before, struct err *err);
void runc_affinity_leave(const struct runc_affinity *a, const cpu_set_t *before);

/* All of it for the calling process. `affinity` is NULL for a container's init. */
int runc_schedule_apply(const struct runc_config *c, const struct runc_process *p,
			const struct runc_affinity *affinity, struct err *err);
int runc_memory_policy_apply(const struct runc_memory_policy *m, struct err *err);

#endif
