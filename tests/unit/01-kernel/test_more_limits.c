/*
 * test_more_limits.c - what can be limited besides, and what happens at the edges:
 * conversions between the versions, orders of writing, what is refused.
 */
#include "suite.h"

#include <dirent.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "01-kernel/cgroup.h"
#include "01-kernel/cgroup_private.h"
#include "cgroup_suite.h"

#define MIB ((int64_t)1 << 20)

static bool is_v2(void)
{
	return kern_cgroup_version() == KERN_CGROUP_V2;
}

static const char *dir_for(struct kern_cgroup *cg, const char *controller)
{
	return is_v2() ? cgroup_v2_dir(cg) : cgroup_dir_of(cg, controller);
}

static bool holds(struct kern_cgroup *cg, const char *controller, const char *file, const char *want)
{
	const char *dir = dir_for(cg, controller);
	AUTO_FREE char *line = xasprintf("%s\n", want);

	return dir && file_is(dir, file, line);
}

static void drop(struct kern_cgroup *cg)
{
	kern_cgroup_free(cg);
	drop_groups();
}

/* A group that has this file of this controller, and nothing set; or the reason why not. */
static struct kern_cgroup *group_with(const char *controller, const char *file,
				      struct kern_cgroup_limits *l)
{
	struct err err;
	struct kern_cgroup *cg = make_group("more", &err);
	const char *dir = cg ? dir_for(cg, controller) : NULL;

	kern_cgroup_limits_init(l);
	if (dir && cgroup_has(dir, file))
		return cg;
	drop(cg);
	printf("\nSKIP: this kernel has no %s\n", file);
	return NULL;
}

/* The points through which the curve goes, and one that the OCI's runtimes agree on. */
static void weights(void)
{
	static const struct { int64_t shares; const char *weight; } points[] = {
		{ 2, "1" }, { 1024, "100" }, { 262144, "10000" }, { 3333, "256" }, { 100, "17" },
	};
	struct kern_cgroup_limits l;
	struct kern_cgroup *cg;
	struct err err;

	cg = group_with("cpu", is_v2() ? "cpu.weight" : "cpu.shares", &l);
	for (size_t i = 0; cg && is_v2() && i < sizeof points / sizeof *points; i++) {
		l.cpu_shares = points[i].shares;
		OK(kern_cgroup_apply(cg, &l, &err));
		CU_ASSERT(holds(cg, "cpu", "cpu.weight", points[i].weight));
	}
	if (cg && !is_v2()) { /* the kernel would set the nearest and say nothing */
		l.cpu_shares = 1;
		FAILS(kern_cgroup_apply(cg, &l, &err), ERR_INVALID, "minimum allowed cpu-shares is 2");
		l.cpu_shares = 262145;
		FAILS(kern_cgroup_apply(cg, &l, &err), ERR_INVALID, "maximum allowed cpu-shares is 262144");
	}
	if (cg)
		drop(cg);
}

/* While a group is idle it has no weight, so one order of both is refused. */
static void idle_and_weight(void)
{
	struct kern_cgroup_limits l;
	struct kern_cgroup *cg = group_with("cpu", "cpu.idle", &l);
	struct err err;

	if (!cg)
		return;
	l.cpu_idle = 1;
	l.cpu_shares = 512;
	OK(kern_cgroup_apply(cg, &l, &err));
	CU_ASSERT(holds(cg, "cpu", "cpu.idle", "1"));
	l.cpu_idle = 0;
	l.cpu_shares = 1024;
	OK(kern_cgroup_apply(cg, &l, &err));
	CU_ASSERT(holds(cg, "cpu", "cpu.idle", "0"));
	CU_ASSERT(holds(cg, "cpu", is_v2() ? "cpu.weight" : "cpu.shares", is_v2() ? "100" : "1024"));
	l.cpu_idle = 2;
	FAILS(kern_cgroup_apply(cg, &l, &err), ERR_SYSTEM, "cpu.idle");
	drop(cg);
}

/* Within a parent that has half a processor: a third of one, by a period that is
 * only possible with the new quota. */
static void quota_within_parent(void)
{
	struct kern_cgroup_limits l;
	struct err err;
	struct kern_cgroup *pod = make_group("pod", &err), *cg = NULL;

	if (pod)
		cg = make_group("pod/inner", &err);
	kern_cgroup_limits_init(&l);
	l.cpu_quota = 50000;
	l.cpu_period = 100000;
	if (!cg || kern_cgroup_apply(pod, &l, &err)) {
		kern_cgroup_free(pod);
		drop(cg);
		SKIP("%s", err.msg);
	}
	l.cpu_quota = 40000;
	OK(kern_cgroup_apply(cg, &l, &err));
	l.cpu_period = 10000;
	l.cpu_quota = 3000;
	OK(kern_cgroup_apply(cg, &l, &err));
	CU_ASSERT(is_v2() ? holds(cg, "cpu", "cpu.max", "3000 10000")
			  : holds(cg, "cpu", "cpu.cfs_period_us", "10000"));
	if (cgroup_has(dir_for(cg, "cpu"), is_v2() ? "cpu.max.burst" : "cpu.cfs_burst_us")) {
		l.cpu_burst = 3000;
		OK(kern_cgroup_apply(cg, &l, &err));
		l.cpu_quota = 2000; /* less than the burst that is set: the burst goes first */
		l.cpu_burst = 0;
		OK(kern_cgroup_apply(cg, &l, &err));
		CU_ASSERT(holds(cg, "cpu", is_v2() ? "cpu.max.burst" : "cpu.cfs_burst_us", "0"));
	}
	kern_cgroup_free(pod);
	drop(cg);
}

static void real_time(void)
{
	struct kern_cgroup_limits l;
	struct kern_cgroup *cg;
	struct err err;

	if (is_v2()) {
		kern_cgroup_limits_init(&l);
		l.cpu_rt_runtime = 1000;
		cg = make_group("rt", &err);
		FAILS(kern_cgroup_apply(cg, &l, &err), ERR_UNSUPPORTED, "realtime limits");
		return drop(cg);
	}
	cg = group_with("cpu", "cpu.rt_period_us", &l);
	if (!cg)
		return;
	/* The parent must have time to give; it is this test's own. */
	AUTO_FREE char *parent = xasprintf("%s/..", cgroup_dir_of(cg, "cpu"));

	if (cgroup_write(parent, "cpu.rt_runtime_us", "100000", &err)) {
		drop(cg);
		SKIP("others have all the real time that there is");
	}
	l.cpu_rt_period = 900001;
	l.cpu_rt_runtime = 80000;
	OK(kern_cgroup_apply(cg, &l, &err));
	CU_ASSERT(holds(cg, "cpu", "cpu.rt_period_us", "900001"));
	l.cpu_rt_period = 10000; /* shorter than the runtime that is set */
	l.cpu_rt_runtime = 800;
	OK(kern_cgroup_apply(cg, &l, &err));
	CU_ASSERT(holds(cg, "cpu", "cpu.rt_runtime_us", "800"));
	drop(cg);
}

static void use_memory(void *arg)
{
	size_t n = 24 * MIB;
	char *p;

	MUST_OK(kern_cgroup_add(arg, 0, &child));
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* Nothing can be reclaimed of it. (A sanitizer's mlock does nothing.) */
	MUST(p != MAP_FAILED && !syscall(SYS_mlock, p, n));
	raise(SIGSTOP);
}

/* Lower than what is used: version 1 refuses, version 2 on request. */
static void below_usage(void)
{
	struct kern_cgroup_limits l;
	struct kern_cgroup *cg;
	struct err err;
	pid_t pid;

	cg = group_with("memory", is_v2() ? "memory.max" : "memory.limit_in_bytes", &l);
	if (!cg)
		return;
	pid = fork();
	if (!pid) {
		use_memory(cg);
		_exit(0);
	}
	waitpid(pid, NULL, WUNTRACED);
	l.memory = 4 * MIB;
	l.memory_check = true;
	if (is_v2())
		FAILS(kern_cgroup_apply(cg, &l, &err), ERR_CONFLICT, "rejecting memory limit 4194304 <= usage");
	else
		FAILS(kern_cgroup_apply(cg, &l, &err), ERR_CONFLICT, "unable to set memory limit to 4194304 "
		      "(current usage: ");
	drop(cg);
	waitpid(pid, NULL, 0);
}

static void swap(void)
{
	struct kern_cgroup_limits l;
	struct kern_cgroup *cg;
	struct err err;

	cg = group_with("memory", is_v2() ? "memory.swap.max" : "memory.memsw.limit_in_bytes", &l);
	if (!cg)
		return;
	l.memory_swap = 64 * MIB;
	if (is_v2()) /* a difference, and from what? */
		FAILS(kern_cgroup_apply(cg, &l, &err), ERR_INVALID, "unable to set swap limit without memory");
	l.memory = 64 * MIB;
	OK(kern_cgroup_apply(cg, &l, &err)); /* equal: no swap */
	if (is_v2())
		CU_ASSERT(holds(cg, "memory", "memory.swap.max", "0"));
	l.memory = -1;
	l.memory_swap = KERN_CGROUP_UNSET; /* goes with the limit on memory */
	OK(kern_cgroup_apply(cg, &l, &err));
	CU_ASSERT(is_v2() ? holds(cg, "memory", "memory.swap.max", "max")
			  : cgroup_number(cgroup_dir_of(cg, "memory"), "memory.memsw.limit_in_bytes") ==
			    UINT64_MAX);
	drop(cg);
}

static void memory_of_version_1(void)
{
	struct kern_cgroup_limits l;
	struct kern_cgroup *cg;
	struct err err;

	cg = group_with("memory", is_v2() ? "memory.max" : "memory.swappiness", &l);
	if (!cg)
		return;
	l.swappiness = 0; /* a value like others */
	if (is_v2()) {
		FAILS(kern_cgroup_apply(cg, &l, &err), ERR_UNSUPPORTED, "swappiness");
		kern_cgroup_limits_init(&l);
		l.oom_kill_disable = true;
		FAILS(kern_cgroup_apply(cg, &l, &err), ERR_UNSUPPORTED, "OOM killer");
	} else {
		OK(kern_cgroup_apply(cg, &l, &err));
		CU_ASSERT(holds(cg, "memory", "memory.swappiness", "0"));
		l.oom_kill_disable = true;
		l.use_hierarchy = 1;
		OK(kern_cgroup_apply(cg, &l, &err));
		CU_ASSERT_EQUAL(cgroup_key(cgroup_dir_of(cg, "memory"), "memory.oom_control",
					   "oom_kill_disable"), 1);
	}
	drop(cg);
}

/* Numbers of a whole disk, or false. */
static bool some_disk(unsigned *major, unsigned *minor)
{
	AUTO_CLOSEDIR DIR *d = opendir("/sys/block");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		AUTO_FREE char *path = xasprintf("/sys/block/%s/dev", e->d_name);
		AUTO_FCLOSE FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "re");

		if (f && fscanf(f, "%u:%u", major, minor) == 2)
			return true;
	}
	return false;
}

static void throttles(void)
{
	struct kern_cgroup_io_limit io[4] = {
		{ .kind = KERN_IO_READ_BPS, .value = 1048576 }, { .kind = KERN_IO_WRITE_BPS, .value = 2097152 },
		{ .kind = KERN_IO_READ_IOPS, .value = 300 }, { .kind = KERN_IO_WRITE_IOPS, .value = 400 },
	};
	struct kern_cgroup_limits l;
	struct kern_cgroup *cg;
	unsigned major, minor;
	struct err err;

	if (!some_disk(&major, &minor))
		SKIP("there is no block device");
	cg = group_with(is_v2() ? "io" : "blkio", is_v2() ? "io.max" : "blkio.throttle.read_bps_device", &l);
	if (!cg)
		return;
	for (size_t i = 0; i < 4; i++) {
		io[i].major = major;
		io[i].minor = minor;
	}
	l.io = io;
	l.n_io = 4;
	OK(kern_cgroup_apply(cg, &l, &err));
	AUTO_FREE char *v1 = xasprintf("%u:%u 400", major, minor);
	AUTO_FREE char *v2 = xasprintf("%u:%u rbps=1048576 wbps=2097152 riops=300 wiops=400", major, minor);

	CU_ASSERT(holds(cg, "blkio", is_v2() ? "io.max" : "blkio.throttle.write_iops_device",
			is_v2() ? v2 : v1));
	for (size_t i = 0; i < 4; i++)
		io[i].value = 0; /* none any more */
	OK(kern_cgroup_apply(cg, &l, &err));
	CU_ASSERT(file_is(dir_for(cg, "blkio"), is_v2() ? "io.max" : "blkio.throttle.write_iops_device", ""));
	io[0].major = 4095;
	io[0].value = 1;
	FAILS(kern_cgroup_apply(cg, &l, &err), err.kind, "4095");
	drop(cg);
}

static void io_weight(void)
{
	struct kern_cgroup_limits l;
	struct err err;
	struct kern_cgroup *cg = make_group("weight", &err);
	const char *dir = cg ? dir_for(cg, "blkio") : NULL;

	kern_cgroup_limits_init(&l);
	l.io_weight = 750;
	if (!dir || kern_cgroup_apply(cg, &l, &err)) {
		drop(cg);
		SKIP("no scheduler of block devices knows weights here: %s", err.msg);
	}
	if (is_v2()) {
		CU_ASSERT(cgroup_has(dir, "io.bfq.weight") ? file_is(dir, "io.bfq.weight", "default 750\n")
							   : file_is(dir, "io.weight", "default 7475\n"));
	} else if (cgroup_has(dir, "blkio.bfq.weight")) {
		CU_ASSERT(file_is(dir, "blkio.bfq.weight", "750\n"));
	}
	l.io_leaf_weight = 500; /* only CFQ of version 1 had such */
	FAILS(kern_cgroup_apply(cg, &l, &err), ERR_UNSUPPORTED, "");
	drop(cg);
}

/* Hierarchies of version 1 that the machine may not have mounted: here it does. */
static bool mount_hierarchy(const char *controller, const char *target)
{
	return is_v2() || !mount("none", target, "cgroup", 0, controller);
}

static void huge_pages(void *arg)
{
	struct kern_cgroup_hugepage_limit page = { "2MB", 4 * MIB }, odd = { "3MB", 3 * MIB };
	struct kern_cgroup_limits l;
	struct kern_cgroup *cg;

	if (!mount_hierarchy("hugetlb", arg))
		_exit(77);
	cg = group_with("hugetlb", is_v2() ? "hugetlb.2MB.max" : "hugetlb.2MB.limit_in_bytes", &l);
	if (!cg)
		return;
	l.hugepages = &page;
	l.n_hugepages = 1;
	MUST_OK(kern_cgroup_apply(cg, &l, &child));
	MUST(holds(cg, "hugetlb", is_v2() ? "hugetlb.2MB.max" : "hugetlb.2MB.limit_in_bytes", "4194304"));
	if (cgroup_has(dir_for(cg, "hugetlb"), is_v2() ? "hugetlb.2MB.rsvd.max"
						       : "hugetlb.2MB.rsvd.limit_in_bytes"))
		MUST(holds(cg, "hugetlb", is_v2() ? "hugetlb.2MB.rsvd.max"
						  : "hugetlb.2MB.rsvd.limit_in_bytes", "4194304"));
	l.hugepages = &odd;
	MUST(kern_cgroup_apply(cg, &l, &child) && child.kind == ERR_UNSUPPORTED);
	MUST_OK(kern_cgroup_remove(cg, &child));
	drop(cg);
}

static void packets(void *arg)
{
	struct kern_cgroup_net_priority lo = { "lo", 5 }, none = { "nosuchif", 5 };
	struct kern_cgroup_limits l;
	struct kern_cgroup *cg;

	if (!mount_hierarchy("net_cls,net_prio", arg))
		_exit(77);
	cg = make_group("packets", &child);
	MUST(cg);
	kern_cgroup_limits_init(&l);
	l.net_classid = 0x100001;
	l.net_priorities = &lo;
	l.n_net_priorities = 1;
	if (is_v2()) {
		MUST(kern_cgroup_apply(cg, &l, &child) && child.kind == ERR_UNSUPPORTED);
	} else {
		MUST_OK(kern_cgroup_apply(cg, &l, &child));
		MUST(holds(cg, "net_cls", "net_cls.classid", "1048577"));
		AUTO_STRBUF struct strbuf map = STRBUF_INIT;

		MUST_OK(cgroup_read(cgroup_dir_of(cg, "net_prio"), "net_prio.ifpriomap", &map, &child));
		MUST(cgroup_key_in(map.data, "lo") == 5);
		l.net_priorities = &none;
		MUST(kern_cgroup_apply(cg, &l, &child));
	}
	MUST_OK(kern_cgroup_remove(cg, &child));
	drop(cg);
}

static void with_mounts(void (*fn)(void *), const char *what)
{
	const char *dir = scratch();
	int status = in_child(fn, (void *)dir);

	umount(dir);
	if (status == 77)
		SKIP("%s of version 1 cannot be mounted here", what);
	CU_ASSERT_EQUAL(status, 0);
}

static void hugetlb(void)
{
	with_mounts(huge_pages, "hugetlb");
}

static void network(void)
{
	with_mounts(packets, "net_cls and net_prio");
}

/* A controller that is nowhere is named; so is what is asked of it. */
static void rdma(void)
{
	struct kern_cgroup_rdma_limit r = { "mlx5_0", 3, KERN_CGROUP_UNSET };
	struct kern_cgroup_limits l;
	struct err err;
	struct kern_cgroup *cg = make_group("rdma", &err);

	if (!cg)
		SKIP("%s", err.msg);
	kern_cgroup_limits_init(&l);
	l.rdma = &r;
	l.n_rdma = 1;
	if (dir_for(cg, "rdma") && cgroup_has(dir_for(cg, "rdma"), "rdma.max"))
		FAILS(kern_cgroup_apply(cg, &l, &err), err.kind, "mlx5_0 hca_handle=3");
	else
		FAILS(kern_cgroup_apply(cg, &l, &err), ERR_UNSUPPORTED, "cannot limit RDMA resources");
	drop(cg);
}

static void unified(void)
{
	struct kern_cgroup_file f[] = { { "pids.max", "7" }, { "memory.high", "20971520\n" } };
	struct kern_cgroup_limits l;
	struct err err;
	struct kern_cgroup *cg = make_group("unified", &err);

	if (!cg)
		SKIP("%s", err.msg);
	kern_cgroup_limits_init(&l);
	l.pids = 5; /* is overridden: files by name come last */
	l.unified = f;
	l.n_unified = 2;
	if (!is_v2()) {
		FAILS(kern_cgroup_apply(cg, &l, &err), ERR_UNSUPPORTED, "invalid configuration: cannot use unified");
		return drop(cg);
	}
	OK(kern_cgroup_apply(cg, &l, &err));
	CU_ASSERT(holds(cg, "", "pids.max", "7"));
	CU_ASSERT(holds(cg, "", "memory.high", "20971520"));
	f[1].name = "../pids.max";
	FAILS(kern_cgroup_apply(cg, &l, &err), ERR_INVALID, "must be a file name (no slashes)");
	f[1].name = "nothing";
	FAILS(kern_cgroup_apply(cg, &l, &err), ERR_INVALID, "must be in the form CONTROLLER.PARAMETER");
	f[1].name = "hello.world";
	FAILS(kern_cgroup_apply(cg, &l, &err), ERR_UNSUPPORTED, "controller \"hello\" not available");
	f[1].name = "memory.nothing";
	FAILS(kern_cgroup_apply(cg, &l, &err), err.kind, "unable to set unified resource \"memory.nothing\"");
	drop(cg);
}

const struct test more_limit_tests[] = {
	{ "shares become weights", weights },
	{ "idle, and back, with a weight", idle_and_weight },
	{ "quota, period and burst within a parent's", quota_within_parent },
	{ "real time", real_time },
	{ "a memory limit below what is used", below_usage },
	{ "swap, with and without a memory limit", swap },
	{ "what only version 1 can do with memory", memory_of_version_1 },
	{ "throttled block devices", throttles },
	{ "weighted block devices", io_weight },
	{ "huge pages", hugetlb },
	{ "classes and priorities of packets", network },
	{ "RDMA", rdma },
	{ "files of version 2 by name", unified },
	{ NULL, NULL },
};
