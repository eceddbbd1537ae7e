/*
 * test_limits.c - memory, processes, processor time, processors: a limit
 * holds, and is read back.
 */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "01-kernel/cgroup.h"
#include "01-kernel/cgroup_private.h"
#include "cgroup_suite.h"

#define MIB ((int64_t)1 << 20)

static bool lacks(const struct err *err)
{
	return err->kind == ERR_UNSUPPORTED;
}

/* A value of the group's file, from whichever version is in use. */
static bool value_is(struct kern_cgroup *cg, const char *controller, const char *v1, const char *v2,
		     const char *want1, const char *want2)
{
	bool is_v2 = kern_cgroup_version() == KERN_CGROUP_V2;
	const char *dir = is_v2 ? cgroup_v2_dir(cg) : cgroup_dir_of(cg, controller);
	AUTO_FREE char *want = xasprintf("%s\n", is_v2 ? want2 : want1);

	return dir && file_is(dir, is_v2 ? v2 : v1, want);
}

static void processor_time(void)
{
	struct kern_cgroup_limits l;
	struct err err;
	struct kern_cgroup *cg = make_group("cpu", &err);

	if (!cg)
		SKIP("%s", err.msg);
	kern_cgroup_limits_init(&l);
	l.cpu_shares = 1024;
	l.cpu_quota = 50000;
	l.cpu_period = 100000;
	if (kern_cgroup_apply(cg, &l, &err)) {
		kern_cgroup_free(cg);
		drop_groups();
		if (lacks(&err))
			SKIP("%s", err.msg);
		GIVE_UP();
	}
	/* The default of one version is that of the other. */
	CU_ASSERT(value_is(cg, "cpu", "cpu.shares", "cpu.weight", "1024", "100"));
	CU_ASSERT(value_is(cg, "cpu", "cpu.cfs_quota_us", "cpu.max", "50000", "50000 100000"));
	kern_cgroup_limits_init(&l);
	l.cpu_period = 200000; /* alone: the quota stays */
	OK(kern_cgroup_apply(cg, &l, &err));
	CU_ASSERT(value_is(cg, "cpu", "cpu.cfs_quota_us", "cpu.max", "50000", "50000 200000"));
	kern_cgroup_limits_init(&l);
	l.cpu_quota = -1;
	OK(kern_cgroup_apply(cg, &l, &err));
	CU_ASSERT(value_is(cg, "cpu", "cpu.cfs_quota_us", "cpu.max", "-1", "max 200000"));
	l.cpu_quota = 1; /* below the kernel's least, a millisecond */
	FAILS(kern_cgroup_apply(cg, &l, &err), ERR_SYSTEM, "does not take this value");
	kern_cgroup_free(cg);
	drop_groups();
}

/* A kernel may count no swap (swapaccount=0, or none built in). */
static bool swap_is_limited(struct kern_cgroup *cg)
{
	const char *v1 = cgroup_dir_of(cg, "memory"), *v2 = cgroup_v2_dir(cg);

	return v1 ? cgroup_has(v1, "memory.memsw.limit_in_bytes")
		  : v2 && cgroup_has(v2, "memory.swap.max");
}

static void memory(void)
{
	struct kern_cgroup_stats st;
	struct kern_cgroup_limits l;
	struct err err;
	struct kern_cgroup *cg = make_group("memory", &err);

	if (!cg)
		SKIP("%s", err.msg);
	kern_cgroup_limits_init(&l);
	l.memory = 16 * MIB;
	l.memory_swap = 16 * MIB; /* no swap */
	l.memory_reservation = 8 * MIB;
	if (kern_cgroup_apply(cg, &l, &err)) {
		kern_cgroup_free(cg);
		drop_groups();
		if (lacks(&err))
			SKIP("%s", err.msg);
		GIVE_UP();
	}
	CU_ASSERT_EQUAL(in_child(eat, cg), 128 + SIGKILL);
	OK(kern_cgroup_stats(cg, &st, &err));
	CU_ASSERT_EQUAL(st.memory_limit, 16 * MIB);
	CU_ASSERT(st.oom_kills >= 1);
	CU_ASSERT(st.memory_max_usage <= 16 * MIB);

	/* Up, where memory+swap must go first, and down, where memory must. */
	l.memory = 128 * MIB;
	l.memory_swap = 256 * MIB;
	OK(kern_cgroup_apply(cg, &l, &err));
	CU_ASSERT_EQUAL(in_child(eat, cg), 0);
	l.memory = 32 * MIB;
	l.memory_swap = 48 * MIB;
	OK(kern_cgroup_apply(cg, &l, &err));
	if (swap_is_limited(cg)) /* Docker's number is both; version 2's is swap alone */
		CU_ASSERT(value_is(cg, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max",
				   "50331648", "16777216"));
	l.memory = l.memory_swap = l.memory_reservation = -1;
	OK(kern_cgroup_apply(cg, &l, &err));
	OK(kern_cgroup_stats(cg, &st, &err));
	CU_ASSERT_EQUAL(st.memory_limit, UINT64_MAX);
	l.memory = 32 * MIB;
	l.memory_swap = 16 * MIB;
	FAILS(kern_cgroup_apply(cg, &l, &err), ERR_INVALID, "memory+swap limit should be >= memory limit");
	kern_cgroup_free(cg);
	drop_groups();
}

static void fork_four(void *arg)
{
	int made = 0;

	MUST_OK(kern_cgroup_add(arg, 0, &child));
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();

		if (pid == 0)
			for (;;)
				pause();
		if (pid < 0) {
			MUST(errno == EAGAIN);
			break;
		}
		made++;
	}
	MUST(made == 2); /* and we are the third */
}

static void processes(void)
{
	struct kern_cgroup_stats st;
	struct kern_cgroup_limits l;
	struct err err;
	struct kern_cgroup *cg = make_group("pids", &err);

	if (!cg)
		SKIP("%s", err.msg);
	kern_cgroup_limits_init(&l);
	l.pids = 3;
	if (kern_cgroup_apply(cg, &l, &err)) {
		kern_cgroup_free(cg);
		drop_groups();
		if (lacks(&err))
			SKIP("%s", err.msg);
		GIVE_UP();
	}
	CU_ASSERT_EQUAL(in_child(fork_four, cg), 0);
	OK(kern_cgroup_stats(cg, &st, &err));
	CU_ASSERT_EQUAL(st.pids, 2);
	CU_ASSERT_EQUAL(st.pids_limit, 3);
	l.pids = -1;
	OK(kern_cgroup_apply(cg, &l, &err));
	OK(kern_cgroup_stats(cg, &st, &err));
	CU_ASSERT_EQUAL(st.pids_limit, UINT64_MAX);
	kern_cgroup_free(cg);
	drop_groups();
}

static void processors(void)
{
	struct kern_cgroup_limits l;
	struct err err;
	struct kern_cgroup *cg = make_group("cpuset/deeper", &err);

	if (!cg)
		SKIP("%s", err.msg);
	kern_cgroup_limits_init(&l);
	l.cpuset_cpus = "0";
	l.cpuset_mems = "0";
	if (kern_cgroup_apply(cg, &l, &err)) {
		kern_cgroup_free(cg);
		drop_groups();
		if (lacks(&err))
			SKIP("%s", err.msg);
		GIVE_UP();
	}
	CU_ASSERT(value_is(cg, "cpuset", "cpuset.cpus", "cpuset.cpus", "0", "0"));
	l.cpuset_cpus = "nonsense";
	FAILS(kern_cgroup_apply(cg, &l, &err), ERR_SYSTEM, "nonsense");
	kern_cgroup_free(cg);
	drop_groups();
}

static void usage(void)
{
	struct kern_cgroup_stats st;
	struct err err;
	struct kern_cgroup *cg = make_group("stats", &err);
	pid_t pid;

	if (!cg)
		SKIP("%s", err.msg);
	pid = fork();
	if (pid == 0) {
		MUST_OK(kern_cgroup_add(cg, 0, &child));
		for (volatile unsigned long x = 0;; x++)
			;
	}
	/* A machine that is emulated, and busy, takes a while to give it 20 ms. */
	for (int i = 0; i < 100; i++) {
		usleep(100000);
		OK(kern_cgroup_stats(cg, &st, &err));
		if (st.cpu_total_ns > 20000000)
			break;
	}
	CU_ASSERT(st.cpu_total_ns > 20000000 && st.cpu_total_ns < 10000000000);
	CU_ASSERT(st.cpu_user_ns + st.cpu_system_ns <= st.cpu_total_ns * 2);
	drop_groups();
	waitpid(pid, NULL, 0);
	FAILS(kern_cgroup_stats(cg, &st, &err), ERR_NOT_FOUND, "no cgroup");
	kern_cgroup_free(cg);
}

const struct test cgroup_limit_tests[] = {
	{ "processor time", processor_time },
	{ "memory: the limit kills, and is moved in the order that the kernel takes", memory },
	{ "the number of processes", processes },
	{ "processors and memory nodes", processors },
	{ "usage is counted", usage },
	{ NULL, NULL },
};
