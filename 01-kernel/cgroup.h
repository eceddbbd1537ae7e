/*
 * cgroup.h - cgroups(7): one interface over version 2, version 1 and hybrid.
 *
 * What the machine has is found at run time. On v2 a group is one directory; on
 * v1 one per mounted hierarchy, usually but not always of the same path. A
 * struct kern_cgroup knows them all. Hybrid is v1 with a v2 hierarchy beside it:
 * each controller sits in one of the two, and is used where it sits.
 *
 * A group may also be *absent*: where the caller may not make one, and needs
 * none, it is in no hierarchy. Joining it then means to stay where one is, and
 * what cannot be had without a group (limits, freezing) is refused.
 */
#ifndef DOCKYARD_CGROUP_H
#define DOCKYARD_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "cgroup_limits.h"

enum kern_cgroup_version { KERN_CGROUP_NONE, KERN_CGROUP_V1, KERN_CGROUP_HYBRID, KERN_CGROUP_V2 };
enum kern_cgroup_version kern_cgroup_version(void);

struct kern_cgroup;

/* ---- which group ---- */

/* The group of this path, whether it exists or not; nothing is made. An absolute
 * path starts at each hierarchy's root. A relative one starts at the caller's own
 * group, on v2 at that one's parent: a group with processes in it cannot have
 * children with limits. ".." and the root itself are ERR_INVALID. */
struct kern_cgroup *kern_cgroup_at(const char *path, struct err *err);
/* What leads any other process to the same group, to be written down: a line
 * "controllers:directory" per hierarchy; "" for an absent group. The caller frees. */
char *kern_cgroup_name(const struct kern_cgroup *cg);
/* A group that exists: by absolute path (ERR_NOT_FOUND where no hierarchy has it),
 * or by what kern_cgroup_name gave (whose directories are only looked at when they
 * are used: it costs nothing). */
struct kern_cgroup *kern_cgroup_open(const char *name, struct err *err);
/* Where a process is; hierarchies in whose root it is are left out. ERR_NOT_FOUND if all are. */
struct kern_cgroup *kern_cgroup_of(pid_t pid, struct err *err);
void kern_cgroup_free(struct kern_cgroup *cg); /* the memory, not the group */

enum kern_cgroup_version kern_cgroup_version_of(const struct kern_cgroup *cg);
bool kern_cgroup_absent(const struct kern_cgroup *cg);
/* Its directory in the hierarchy that is mounted there, or NULL. */
const char *kern_cgroup_dir_at(const struct kern_cgroup *cg, const char *mount);

/* Go down to the group `path` below it, in the hierarchy of one controller, or with
 * NULL in all of them. ERR_INVALID for a path that leads out or up. */
int kern_cgroup_descend(struct kern_cgroup *cg, const char *controller, const char *path,
			struct err *err);
/* v2: go to where this process is, which may have moved. */
int kern_cgroup_follow(struct kern_cgroup *cg, pid_t pid, struct err *err);

/* ---- making and removing ---- */

struct kern_cgroup_making {
	/* What will be asked of it; NULL: nothing. On v2 a group that only takes
	 * threads cannot have some of that. */
	const struct kern_cgroup_limits *limits;
	/* Hierarchies in which the caller may not make a group are left out. */
	bool may_be_denied;
	bool existed; /* returned: some of it was there before */
	struct strlist made; /* returned: the directories that were not */
};

/* Make it and its parents, v2: with the controllers that there are. Undone on failure;
 * later kern_cgroup_unmake does that, or how->made is freed. */
int kern_cgroup_make(struct kern_cgroup *cg, struct kern_cgroup_making *how, struct err *err);
void kern_cgroup_unmake(struct kern_cgroup_making *how);
/* kern_cgroup_at and kern_cgroup_make. */
struct kern_cgroup *kern_cgroup_create(const char *path, struct err *err);

/* v2: let a user manage the groups below it: the directory, and the files that the
 * kernel lists for it in /sys/kernel/cgroup/delegate. */
int kern_cgroup_delegate(struct kern_cgroup *cg, uid_t uid, struct err *err);

/* Remove it and the groups below; they must be empty of processes (retried for
 * a short while: the kernel empties a group a little after the exit is seen).
 * A missing group is no error. */
int kern_cgroup_remove(struct kern_cgroup *cg, struct err *err);
/* The same, but what still runs in it is killed. */
int kern_cgroup_destroy(struct kern_cgroup *cg, struct err *err);

/* ---- limits ---- */

/* A limit that cannot be set here is ERR_UNSUPPORTED. */
int kern_cgroup_apply(struct kern_cgroup *cg, const struct kern_cgroup_limits *l, struct err *err);
/* Could they be, as far as the numbers and the version tell? Writes nothing. */
int kern_cgroup_check(const struct kern_cgroup *cg, const struct kern_cgroup_limits *l,
		      struct err *err);
/* v2, if l->memory_check: does it use more already than a limit of memory would let it? */
int kern_cgroup_check_usage(const struct kern_cgroup *cg, const struct kern_cgroup_limits *l,
			    struct err *err);
/* v1: devices.deny/allow; v2: an eBPF program attached to the group (bpf(2)). */
int kern_cgroup_devices(struct kern_cgroup *cg, const struct kern_cgroup_device *rules, size_t n,
			struct err *err);

/* ---- its processes ---- */

/* A directory fd for clone3's CLONE_INTO_CGROUP: v2 only, else -1 (no error).
 * It stays the group's, and is closed by kern_cgroup_free. */
int kern_cgroup_clone_fd(struct kern_cgroup *cg);
/* The two halves of the same for hybrid machines, where writing to v2's file would
 * wait for an RCU grace period: a descriptor of the v2 directory, if there is one,
 * for the clone (also on pure v2), and what is then left to the child. */
int kern_cgroup_v2_fd(struct kern_cgroup *cg);
int kern_cgroup_join_v1(struct kern_cgroup *cg, struct err *err);
/* A process may be moved to a v2 group only by who may write to cgroup.procs of all
 * groups up to the one above both (cgroups(7), "Delegation containment"); v1 has no such
 * rule. On a hybrid machine, where the v1 hierarchies do the work, go on without the
 * v2 group, which is removed if it is `ours` and empty. false: it is not hybrid. */
bool kern_cgroup_leave_v2(struct kern_cgroup *cg, bool ours);
/* pid 0: the calling process, which has one thread. On v1 write "0" to `tasks`
 * then, not to `cgroup.procs`: moving only oneself spares the kernel the lock
 * over every fork and exec of the machine, and the RCU grace period before it. */
int kern_cgroup_add(struct kern_cgroup *cg, pid_t pid, struct err *err);

int kern_cgroup_freeze(struct kern_cgroup *cg, bool frozen, struct err *err);
/* The directory in which that is done; NULL where there is no freezer. The group's. */
const char *kern_cgroup_freezer_dir(const struct kern_cgroup *cg);
/* Has somebody frozen this very group (not one above)? */
bool kern_cgroup_frozen(struct kern_cgroup *cg);
int kern_cgroup_kill(struct kern_cgroup *cg, int sig, struct err *err); /* every process in it */
/* Pids in the group and below; *pids is the caller's to free. */
int kern_cgroup_pids(struct kern_cgroup *cg, pid_t **pids, size_t *n, struct err *err);

/* ---- what they use (all of it: cgroup_report.h) ---- */

/* What the machine does not count is 0; no limit is UINT64_MAX. */
struct kern_cgroup_stats {
	uint64_t memory_usage, memory_limit, memory_max_usage, memory_inactive_file;
	uint64_t cpu_total_ns, cpu_user_ns, cpu_system_ns;
	uint64_t throttled_periods, throttled_ns, periods;
	uint64_t pids, pids_limit;
	uint64_t oom_kills;
};
int kern_cgroup_stats(struct kern_cgroup *cg, struct kern_cgroup_stats *st, struct err *err);
/* How often the kernel has killed in it for want of memory; 0 where nobody counts. */
uint64_t kern_cgroup_oom_kills(const struct kern_cgroup *cg);

/* Want of memory, as it happens: a descriptor that polls readable when there may be
 * news, then ask. ERR_UNSUPPORTED without a memory controller. */
struct kern_cgroup_oom_watch {
	int fd; /* the caller's to close */
	uint64_t seen;
};
int kern_cgroup_oom_watch(struct kern_cgroup *cg, struct kern_cgroup_oom_watch *w,
			  struct err *err);
bool kern_cgroup_oom_happened(const struct kern_cgroup *cg, struct kern_cgroup_oom_watch *w);

#endif
