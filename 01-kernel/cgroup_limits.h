/*
 * cgroup_limits.h - how much a group gets, in the words of the OCI runtime
 * specification, whatever the version of cgroups calls it.
 *
 * Two kinds of "not given" meet here. KERN_CGROUP_UNSET always means it. Where 0
 * could not be meant (a limit of no bytes, no time, no weight) 0 means it too,
 * for that is what clients written in Go send. -1 takes a limit away.
 */
#ifndef DOCKYARD_CGROUP_LIMITS_H
#define DOCKYARD_CGROUP_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERN_CGROUP_UNSET INT64_MIN

/* One device and one thing that is limited of it. */
enum kern_cgroup_io_kind {
	KERN_IO_WEIGHT, KERN_IO_LEAF_WEIGHT, /* shares, 10..1000 */
	KERN_IO_READ_BPS, KERN_IO_WRITE_BPS, /* bytes a second; 0: no limit any more */
	KERN_IO_READ_IOPS, KERN_IO_WRITE_IOPS,
	KERN_IO_KINDS
};
struct kern_cgroup_io_limit {
	enum kern_cgroup_io_kind kind;
	int64_t major, minor;
	uint64_t value;
};

struct kern_cgroup_hugepage_limit {
	const char *size; /* "2MB" */
	uint64_t bytes;
};

struct kern_cgroup_rdma_limit {
	const char *device;
	int64_t handles, objects; /* or KERN_CGROUP_UNSET */
};

struct kern_cgroup_net_priority {
	const char *interface;
	uint32_t priority;
};

/* A file of version 2 and what to write to it, a write for each line. */
struct kern_cgroup_file {
	const char *name, *text;
};

/* The lists and strings belong to who fills the struct. */
struct kern_cgroup_limits {
	int64_t memory, memory_reservation; /* bytes */
	int64_t memory_swap;                /* memory and swap together, as Docker counts */
	int64_t swappiness;                 /* v1; 0 counts */
	int64_t use_hierarchy;              /* 0 counts */
	bool oom_kill_disable;              /* v1 */
	bool memory_check; /* v2: refuse a limit that the group already exceeds */

	int64_t cpu_shares;                       /* v1: 2..262144; v2: made into a weight */
	int64_t cpu_quota, cpu_period, cpu_burst; /* microseconds; a burst of 0 counts */
	int64_t cpu_rt_runtime, cpu_rt_period;    /* v1 */
	int64_t cpu_idle;                         /* 0 counts */
	const char *cpuset_cpus, *cpuset_mems;    /* NULL or "": left alone */

	int64_t pids;

	int64_t io_weight, io_leaf_weight; /* 10..1000; v2: made into its 1..10000 */
	struct kern_cgroup_io_limit *io;
	size_t n_io;

	struct kern_cgroup_hugepage_limit *hugepages;
	size_t n_hugepages;
	struct kern_cgroup_rdma_limit *rdma;
	size_t n_rdma;

	int64_t net_classid; /* v1, as the next */
	struct kern_cgroup_net_priority *net_priorities;
	size_t n_net_priorities;

	struct kern_cgroup_file *unified; /* v2, written last */
	size_t n_unified;
};

void kern_cgroup_limits_init(struct kern_cgroup_limits *l); /* nothing given */
/* Is there anything in it that a group must exist for? */
bool kern_cgroup_limits_any(const struct kern_cgroup_limits *l);

/* What version 2 makes of shares, and of a weight of block devices. */
int64_t kern_cgroup_cpu_weight(int64_t shares);
int64_t kern_cgroup_io_weight(int64_t weight);

/* A device rule in the OCI order: the last match wins. */
struct kern_cgroup_device {
	bool allow;
	char type;            /* 'a', 'b' or 'c' */
	int64_t major, minor; /* -1: any */
	char access[4];       /* "rwm" */
};

#endif
