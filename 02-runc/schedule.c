/*
 * schedule.c - see schedule.h. All of it is inherited by every child and kept by
 * execve(2), so once is enough for a container.
 */
#include "schedule.h"

#include <errno.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "config.h"

#define IOPRIO_WHO_PGRP 2 /* ioprio_set(2); glibc has no header for it */

/* sched_setattr(2), whose struct old headers lack. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static int set_scheduler(const struct runc_scheduler *s, bool cpuset, struct err *err)
{
	const struct attributes a = {
		.size = sizeof a, .policy = s->policy, .flags = s->flags, .nice = s->nice,
		.priority = s->priority, .runtime = s->runtime, .deadline = s->deadline,
		.period = s->period,
	};

	if (!s->present || !syscall(SYS_sched_setattr, 0, &a, 0))
		return 0;
	/* SCHED_DEADLINE is admitted only to a process that may run on every processor. */
	if (errno == EPERM && cpuset)
		return err_sys(err, "process scheduler can't be used together with AllowedCPUs");
	return err_sys(err, "error setting scheduler");
}

static int set_io_priority(const struct runc_io_priority *io, struct err *err)
{
	if (io->present && syscall(SYS_ioprio_set, IOPRIO_WHO_PGRP, 0, io->value))
		return err_sys(err, "failed to set io priority");
	return 0;
}

/* Every processor that the cpuset allows: the kernel takes away the others. Left to
 * itself, a process would keep what its creator was once confined to (Linux 6.2). */
static void use_all_cpus(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof all);
	if (sched_setaffinity(0, sizeof all, &all))
		log_warn("resetting the CPU affinity failed: %s", strerror(errno));
}

static int set_affinity(const struct runc_affinity *a, struct err *err)
{
	if (!a || (!a->has_initial && !a->has_final))
		use_all_cpus();
	else if (a->has_final && sched_setaffinity(0, sizeof a->final, &a->final))
		return err_sys(err, "error setting final CPU affinity");
	return 0;
}

/* "nsexec" and the form of the mask are runc's, whose users look for them. */
static void tell_affinity(const cpu_set_t *set)
{
	unsigned long low = 0;

	for (size_t i = 0; i < 8 * sizeof low; i++)
		low |= (unsigned long)(CPU_ISSET(i, set) != 0) << i;
	log_debug("nsexec[%d]: affinity: 0x%lx", (int)getpid(), low);
}

int runc_affinity_enter(const struct runc_affinity *a, cpu_set_t *before, struct err *err)
{
	if (!a->has_initial)
		return 0;
	CPU_ZERO(before);
	if (sched_getaffinity(0, sizeof *before, before) ||
	    sched_setaffinity(0, sizeof a->initial, &a->initial))
		return err_sys(err, "error setting initial CPU affinity");
	tell_affinity(&a->initial);
	return 0;
}

void runc_affinity_leave(const struct runc_affinity *a, const cpu_set_t *before)
{
	if (a->has_initial)
		sched_setaffinity(0, sizeof *before, before);
}

static int set_personality(const struct runc_config *c, struct err *err)
{
	if (c->has_personality && personality(c->personality) < 0)
		return err_sys(err, "set the personality");
	return 0;
}

int runc_schedule_apply(const struct runc_config *c, const struct runc_process *p,
			const struct runc_affinity *affinity, struct err *err)
{
	/* In the container's cgroup, whose cpuset decides over processors and memory nodes;
	 * with CAP_SYS_NICE still held and no filter yet. The scheduler last: a deadline
	 * that leaves microseconds would make the rest of our own way a long one. */
	return set_affinity(affinity, err) ||
	       runc_memory_policy_apply(&c->memory_policy, err) || set_personality(c, err) ||
	       set_io_priority(&p->io_priority, err) ||
	       set_scheduler(&p->scheduler, c->resources.limits.cpuset_cpus, err) ? -1 : 0;
}
