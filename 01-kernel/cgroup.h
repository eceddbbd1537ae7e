/*
 * cgroup.h - cgroups(7): one interface over version 2, version 1 and hybrid.
 *
 * What the machine has is found at run time from /proc/self/mountinfo. On v2 a
 * group is one directory; on v1 one per mounted hierarchy. A struct kern_cgroup
 * holds the group's path ("/docker/<id>") and knows which directories it means.
 * Hybrid counts as v1 where every controller sits in a v1 hierarchy.
 */
#ifndef DOCKYARD_CGROUP_H
#define DOCKYARD_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum kern_cgroup_version { KERN_CGROUP_NONE, KERN_CGROUP_V1, KERN_CGROUP_HYBRID, KERN_CGROUP_V2 };
enum kern_cgroup_version kern_cgroup_version(void);

struct kern_cgroup;

/* Limits; a field of the value KERN_CGROUP_UNSET is left alone, and so is one of
 * 0, as runc takes it; -1 is "no limit". A limit whose controller is not there
 * is ERR_UNSUPPORTED. */
#define KERN_CGROUP_UNSET INT64_MIN
struct kern_cgroup_limits {
	int64_t memory, memory_reservation, memory_swap; /* bytes; swap is memory+swap, as Docker's */
	int64_t pids;
	int64_t cpu_shares;            /* 2..262144; v2: converted to cpu.weight */
	int64_t cpu_quota, cpu_period; /* microseconds */
	const char *cpuset_cpus, *cpuset_mems; /* NULL: left alone */
};
void kern_cgroup_limits_init(struct kern_cgroup_limits *l); /* all unset */

/* A device rule in the OCI order: the last match wins. */
struct kern_cgroup_device {
	bool allow;
	char type;            /* 'a', 'b' or 'c' */
	int64_t major, minor; /* -1: any */
	char access[4];       /* "rwm" */
};

/* Create the group (and parents, with the controllers enabled on v2). It may
 * exist and be empty. ".." components are ERR_INVALID. */
struct kern_cgroup *kern_cgroup_create(const char *path, struct err *err);
/* Refer to an existing group. */
struct kern_cgroup *kern_cgroup_open(const char *path, struct err *err);
void kern_cgroup_free(struct kern_cgroup *cg); /* the memory, not the group */

int kern_cgroup_apply(struct kern_cgroup *cg, const struct kern_cgroup_limits *l, struct err *err);
/* v1: devices.deny/allow; v2: an eBPF program attached to the group (bpf(2)). */
int kern_cgroup_devices(struct kern_cgroup *cg, const struct kern_cgroup_device *rules, size_t n,
			struct err *err);

/* A directory fd for clone3's CLONE_INTO_CGROUP: v2 only, else -1 (no error).
 * It stays the group's, and is closed by kern_cgroup_free. */
int kern_cgroup_clone_fd(const struct kern_cgroup *cg);
/* The two halves of the same for hybrid machines, where writing to v2's file would
 * wait for an RCU grace period: a descriptor of the v2 directory, if there is one,
 * for the clone (also on pure v2), and what is then left to the child. */
int kern_cgroup_v2_fd(const struct kern_cgroup *cg);
int kern_cgroup_join_v1(struct kern_cgroup *cg, struct err *err);
/* pid 0: the calling process, which has one thread. On v1 write "0" to `tasks`
 * then, not to `cgroup.procs`: moving only oneself spares the kernel the lock
 * over every fork and exec of the machine, and the RCU grace period before it. */
int kern_cgroup_add(struct kern_cgroup *cg, pid_t pid, struct err *err);

int kern_cgroup_freeze(struct kern_cgroup *cg, bool frozen, struct err *err);
bool kern_cgroup_frozen(struct kern_cgroup *cg); /* as the kernel reports it now */
/* The directory in which that is done; NULL where there is no freezer. The group's. */
const char *kern_cgroup_freezer_dir(const struct kern_cgroup *cg);
int kern_cgroup_kill(struct kern_cgroup *cg, int sig, struct err *err); /* every process in it */
/* Pids in the group and below; *pids is the caller's to free. */
int kern_cgroup_pids(struct kern_cgroup *cg, pid_t **pids, size_t *n, struct err *err);

/* What the machine does not count is 0; no limit is UINT64_MAX. */
struct kern_cgroup_stats {
	uint64_t memory_usage, memory_limit, memory_max_usage, memory_inactive_file;
	uint64_t cpu_total_ns, cpu_user_ns, cpu_system_ns;
	uint64_t throttled_periods, throttled_ns, periods;
	uint64_t pids, pids_limit;
	uint64_t oom_kills;
};
int kern_cgroup_stats(struct kern_cgroup *cg, struct kern_cgroup_stats *st, struct err *err);

/* Remove it and the groups below; they must be empty of processes (retried for
 * a short while: the kernel empties a group a little after the exit is seen).
 * A missing group is no error. */
int kern_cgroup_remove(struct kern_cgroup *cg, struct err *err);

#endif
