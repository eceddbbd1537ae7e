/*
 * cgroup_report.h - everything that the kernel counts for a group.
 *
 * For who wants to print it (runc events, a task's stats). What the machine does not count is 0,
 * an empty list, or not `present`; no limit is UINT64_MAX.
 */
#ifndef DOCKYARD_CGROUP_REPORT_H
#define DOCKYARD_CGROUP_REPORT_H

#include "cgroup.h"

/* Pressure: which part of the last 10, 60, 300 seconds some processes, or all of
 * them, were held up for want of a resource, in percent; and for how many
 * microseconds ever (the kernel's Documentation/accounting/psi.rst). */
struct kern_cgroup_pressure {
	double avg10, avg60, avg300;
	uint64_t total;
};
struct kern_cgroup_psi {
	bool present;
	struct kern_cgroup_pressure some, full;
};

struct kern_cgroup_numbers {
	uint64_t *v;
	size_t n;
};

struct kern_cgroup_amount {
	uint64_t usage, max_usage, failcnt, limit;
};

/* "key value" lines as they are. */
struct kern_cgroup_named {
	char *name;
	uint64_t value;
};

struct kern_cgroup_io_count {
	uint64_t major, minor, value;
	char op[16]; /* "Read", "Write", ...; "" where the file knows none */
};
enum kern_cgroup_io_table {
	KERN_IO_SERVICE_BYTES, KERN_IO_SERVICED, KERN_IO_QUEUED, KERN_IO_SERVICE_TIME,
	KERN_IO_WAIT_TIME, KERN_IO_MERGED, KERN_IO_TIME, KERN_IO_SECTORS,
	KERN_IO_TABLES
};

struct kern_cgroup_hugepages {
	char size[24]; /* "2MB" */
	uint64_t usage, max_usage, failcnt;
};

struct kern_cgroup_report {
	struct {
		uint64_t total, kernel, user; /* nanoseconds */
		struct kern_cgroup_numbers percpu, percpu_kernel, percpu_user;
		uint64_t periods, throttled_periods, throttled_ns;
		struct kern_cgroup_psi psi;
	} cpu;
	struct {
		struct kern_cgroup_numbers cpus, mems;
		uint64_t cpu_exclusive, mem_hardwall, mem_exclusive, memory_migrate,
			memory_spread_page, memory_spread_slab, memory_pressure,
			sched_load_balance;
		int64_t sched_relax_domain_level;
	} cpuset;
	struct {
		uint64_t cache;
		struct kern_cgroup_amount usage, swap, kernel, kernel_tcp; /* swap: with memory */
		struct kern_cgroup_named *raw;
		size_t n_raw;
		struct kern_cgroup_psi psi;
	} memory;
	struct {
		uint64_t current, limit; /* 0: none */
	} pids;
	struct {
		struct kern_cgroup_io_count *v;
		size_t n;
	} io[KERN_IO_TABLES];
	struct kern_cgroup_psi io_psi;
	struct kern_cgroup_hugepages *hugepages;
	size_t n_hugepages;
};

int kern_cgroup_report(struct kern_cgroup *cg, struct kern_cgroup_report *r, struct err *err);
void kern_cgroup_report_free(struct kern_cgroup_report *r);

#define AUTO_REPORT AUTO(kern_cgroup_report_free)

/* Append it as JSON, an object as runc's `events --stats` has it in "data". */
void kern_cgroup_report_json(struct strbuf *out, const struct kern_cgroup_report *r);

/* cgroup_report_io.c */
void kern_cgroup_report_io(const struct kern_cgroup *cg, struct kern_cgroup_report *r);

#endif
