/*
 * test_report.c - what a group uses, in full, and the want of memory as it happens.
 */
#include "suite.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "01-kernel/cgroup.h"
#include "01-kernel/cgroup_private.h"
#include "01-kernel/cgroup_report.h"
#include "cgroup_suite.h"

static bool is_v2(void)
{
	return kern_cgroup_version() == KERN_CGROUP_V2;
}

static uint64_t sum(const struct kern_cgroup_numbers *l)
{
	uint64_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->v[i];
	return n;
}

static void everything(void)
{
	struct kern_cgroup_report r;
	struct err err;
	struct kern_cgroup *cg = make_group("report", &err);
	uint64_t anon = 0;
	pid_t pid;

	if (!cg)
		SKIP("%s", err.msg);
	pid = sleeper(cg, 2);
	OK(kern_cgroup_report(cg, &r, &err));
	CU_ASSERT_EQUAL(r.pids.current, 3);
	CU_ASSERT_EQUAL(r.pids.limit, 0); /* none */
	CU_ASSERT(r.cpu.total > 0);
	for (size_t i = 0; i < r.memory.n_raw; i++)
		if (!strcmp(r.memory.raw[i].name, is_v2() ? "anon" : "rss"))
			anon = r.memory.raw[i].value;
	CU_ASSERT(r.memory.usage.usage > 0 && r.memory.n_raw > 10);
	CU_ASSERT(anon <= r.memory.usage.usage + (1 << 20));
	CU_ASSERT(r.memory.swap.usage >= r.memory.usage.usage || !r.memory.swap.limit);
	if (is_v2()) {
		CU_ASSERT_EQUAL(r.memory.usage.limit, UINT64_MAX);
		CU_ASSERT_EQUAL(r.cpu.percpu.n, 0);
	} else {
		/* The kernel's own largest number, whole pages below 2^63. */
		CU_ASSERT_EQUAL(r.memory.usage.limit, INT64_MAX / 4096 * 4096);
		CU_ASSERT(r.cpu.percpu.n >= 1 && sum(&r.cpu.percpu) <= r.cpu.total + 1000000000);
		CU_ASSERT_EQUAL(r.cpu.percpu_user.n, r.cpu.percpu.n);
		CU_ASSERT(r.cpuset.cpus.n >= 1 && r.cpuset.mems.n >= 1);
		CU_ASSERT_EQUAL(r.cpuset.sched_relax_domain_level, -1); /* the default of cpusets(7) */
	}
	kern_cgroup_report_free(&r);
	drop_groups();
	waitpid(pid, NULL, 0);
	FAILS(kern_cgroup_report(cg, &r, &err), ERR_NOT_FOUND, "no cgroup");
	kern_cgroup_free(cg);
}

/* The words of the kernel's Documentation/accounting/psi.rst, in a directory of ours:
 * not every kernel counts pressure. */
static void parsed(void)
{
	const char *dir = scratch();
	AUTO_FREE char *name = xasprintf(":%s\n", dir);
	struct kern_cgroup_report r;
	struct kern_cgroup *cg;
	struct err err;

	write_file(dir, "cpu.stat", "usage_usec 12\nuser_usec 5\nsystem_usec 7\nnr_throttled 3\n");
	write_file(dir, "cpu.pressure", "some avg10=1.50 avg60=0.25 avg300=0.00 total=77\n"
		   "full avg10=0.50 avg60=0.00 avg300=0.00 total=18446744073709551615\n");
	write_file(dir, "io.stat", "8:16 rbytes=90112 wbytes=1 rios=22 wios=2 dbytes=0 dios=0\n"
		   "8:0 \n254:0 rbytes=3\n");
	write_file(dir, "memory.stat", "anon 4096\nfile 8192\n");
	write_file(dir, "memory.current", "4611686018427387904\n");
	write_file(dir, "memory.max", "max\n");
	write_file(dir, "memory.swap.max", "5\n");
	cg = kern_cgroup_open(name, &err);
	OK(!cg);
	OK(kern_cgroup_report(cg, &r, &err));
	CU_ASSERT_EQUAL(r.cpu.total, 12000);
	CU_ASSERT_EQUAL(r.cpu.throttled_periods, 3);
	CU_ASSERT(r.cpu.psi.present && r.cpu.psi.some.avg10 == 1.5 && r.cpu.psi.some.total == 77);
	CU_ASSERT_EQUAL(r.cpu.psi.full.total, UINT64_MAX);
	CU_ASSERT(!r.io_psi.present);
	CU_ASSERT_EQUAL(r.io[KERN_IO_SERVICE_BYTES].n, 3);
	CU_ASSERT_EQUAL(r.io[KERN_IO_SERVICED].n, 2);
	CU_ASSERT_EQUAL(r.io[KERN_IO_SERVICE_BYTES].v[0].value, 90112);
	CU_ASSERT_STRING_EQUAL(r.io[KERN_IO_SERVICE_BYTES].v[1].op, "Write");
	CU_ASSERT_EQUAL(r.io[KERN_IO_SERVICE_BYTES].v[2].major, 254);
	CU_ASSERT_EQUAL(r.memory.usage.usage, UINT64_C(1) << 62);
	CU_ASSERT_EQUAL(r.memory.usage.limit, UINT64_MAX);
	CU_ASSERT_EQUAL(r.memory.swap.limit, UINT64_MAX); /* memory has none, so both have none */
	CU_ASSERT_EQUAL(r.memory.cache, 8192);
	kern_cgroup_report_free(&r);
	kern_cgroup_free(cg);
}

static void parsed_v1(void)
{
	const char *dir = scratch();
	AUTO_FREE char *name = xasprintf("blkio,cpuacct,cpuset:%s\n", dir);
	struct kern_cgroup_report r;
	struct kern_cgroup *cg;
	struct err err;

	write_file(dir, "blkio.bfq.io_serviced_recursive", "Total 0\n"); /* nothing by BFQ */
	write_file(dir, "blkio.throttle.io_serviced_recursive",
		   "8:0 Read 12\n8:0 Write 3\n8:0 Total 15\nTotal 15\n");
	write_file(dir, "blkio.throttle.io_service_bytes_recursive", "8:0 Read 4096\nTotal 4096\n");
	write_file(dir, "cpuacct.usage_percpu", "10 20 30 \n");
	write_file(dir, "cpuacct.usage_all", "cpu user system\n0 1 2\n1 3 4\n");
	write_file(dir, "cpuset.cpus", "0-2,7\n");
	write_file(dir, "cpuset.mems", "\n");
	cg = kern_cgroup_open(name, &err);
	OK(!cg);
	OK(kern_cgroup_report(cg, &r, &err));
	CU_ASSERT_EQUAL(r.io[KERN_IO_SERVICED].n, 3);
	CU_ASSERT_STRING_EQUAL(r.io[KERN_IO_SERVICED].v[2].op, "Total");
	CU_ASSERT_EQUAL(r.io[KERN_IO_SERVICE_BYTES].v[0].value, 4096);
	CU_ASSERT(r.cpu.percpu.n == 3 && r.cpu.percpu.v[2] == 30);
	CU_ASSERT(r.cpu.percpu_kernel.n == 2 && r.cpu.percpu_kernel.v[1] == 4);
	CU_ASSERT(r.cpuset.cpus.n == 4 && r.cpuset.cpus.v[3] == 7);
	CU_ASSERT_EQUAL(r.cpuset.mems.n, 0);
	kern_cgroup_report_free(&r);
	kern_cgroup_free(cg);
}

static void want_of_memory(void)
{
	struct kern_cgroup_oom_watch w = { .fd = -1 };
	struct kern_cgroup_limits l;
	struct err err;
	struct kern_cgroup *cg = make_group("oom", &err);
	struct pollfd p = { .events = POLLIN };

	if (!cg)
		SKIP("%s", err.msg);
	kern_cgroup_limits_init(&l);
	l.memory = l.memory_swap = 16 << 20;
	if (kern_cgroup_apply(cg, &l, &err) || kern_cgroup_oom_watch(cg, &w, &err)) {
		kern_cgroup_free(cg);
		drop_groups();
		SKIP("%s", err.msg);
	}
	p.fd = w.fd;
	CU_ASSERT_EQUAL(poll(&p, 1, 0), 0);
	CU_ASSERT(!kern_cgroup_oom_happened(cg, &w));
	CU_ASSERT_EQUAL(in_child(eat, cg), 128 + SIGKILL);
	CU_ASSERT_EQUAL(poll(&p, 1, 5000), 1);
	CU_ASSERT(kern_cgroup_oom_happened(cg, &w));
	CU_ASSERT(!kern_cgroup_oom_happened(cg, &w)); /* once */
	CU_ASSERT(kern_cgroup_oom_kills(cg) >= 1);
	drop_groups();
	CU_ASSERT(!kern_cgroup_oom_happened(cg, &w)); /* v1 tells of the removal too */
	close(w.fd);
	kern_cgroup_free(cg);
}

const struct test report_tests[] = {
	{ "all that is counted", everything },
	{ "the files of version 2", parsed },
	{ "the files of version 1", parsed_v1 },
	{ "want of memory is told", want_of_memory },
	{ NULL, NULL },
};
