/*
 * resource_test.c - the controllers' sections in config-linux.md: memory, CPU,
 * block IO, huge pages, network, pids, RDMA. What was configured is read back
 * from the group's files, by the names that the version at hand has for them.
 */
#include "conform.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

/* A file of the controller, and what it must say; NULL where a version has none. */
struct want {
	const char *controller, *v1, *v1_value, *v2, *v2_value;
};

static void check(const struct want *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = cgroup_v2() ? w[i].v2 : w[i].v1;
		const char *want = cgroup_v2() ? w[i].v2_value : w[i].v1_value;
		const char *got = name ? cgroup_value(w[i].controller, w[i].v1, w[i].v2) : NULL;

		if (name)
			eq_str(got, want, name, __LINE__);
	}
}

/* Start a container with these resources, and look. */
static void with(const char *path, const char *value, const struct want *w, size_t n)
{
	AUTO_FREE char *full = xasprintf("linux.resources.%s", path);
	json_t *config = sleeper();

	set(config, full, "%s", value);
	if (!start(config))
		return;
	check(w, n);
	stop();
}

#define WITH(path, value, ...)                                               \
	do {                                                                 \
		static const struct want w_[] = { __VA_ARGS__ };             \
		with(path, value, w_, sizeof w_ / sizeof *w_);               \
	} while (0)

/* Has the machine this file in a group, one made to see? */
static bool machine_has(const char *controller, const char *v1, const char *v2)
{
	const char *name = cgroup_v2() ? v2 : v1;
	bool has;

	if (!name || !start(sleeper()))
		return false;
	has = cgroup_value(controller, v1, v2) != NULL;
	stop();
	return has;
}

PROVES(memory_limit,
	{ "config-linux.md#memory", MUST, "`limit` is the group's limit of memory." },
	{ "config-linux.md#memory", MUST, "`reservation` is its soft limit." });
static void memory_limit(void)
{
	WITH("memory", "{'limit': 67108864, 'reservation': 33554432}",
	     { "memory", "memory.limit_in_bytes", "67108864", "memory.max", "67108864" },
	     { "memory", "memory.soft_limit_in_bytes", "33554432", "memory.low", "33554432" });
}

PROVES(memory_limit_holds,
	{ "config-linux.md#memory", MUST, "A process that uses more than the limit is killed (the OOM killer is on unless it is disabled)." });
static void memory_limit_holds(void)
{
	json_t *config = shell("head -c 100000000 /dev/zero | tail | wc -c; echo lived");
	struct result r;

	set(config, "linux.resources.memory", "{'limit': 33554432, 'swap': 33554432}");
	if (access("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", F_OK) && !cgroup_v2())
		set(config, "linux.resources.memory", "{'limit': 33554432}");
	r = run(config);
	CU_ASSERT(!strstr(r.out, "100000000"));
}

PROVES(memory_without_limit,
	{ "config-linux.md#memory", MUST, "-1 is no limit." });
static void memory_without_limit(void)
{
	WITH("memory", "{'limit': -1}",
	     { "memory", "memory.limit_in_bytes", "9223372036854771712", "memory.max", "max" });
}

PROVES(memory_and_swap,
	{ "config-linux.md#memory", MUST, "`swap` is the limit of memory and swap together." });
static void memory_and_swap(void)
{
	if (!machine_has("memory", "memory.memsw.limit_in_bytes", "memory.swap.max")) {
		skip("this kernel does not count swap");
		return;
	}
	WITH("memory", "{'limit': 67108864, 'swap': 100663296}",
	     { "memory", "memory.memsw.limit_in_bytes", "100663296", "memory.swap.max", "33554432" });
}

PROVES(kernel_memory,
	{ "config-linux.md#memory", MUST, "`kernel` and `kernelTCP`, which are not recommended, are taken; the kernel may have no limit for them any more." });
static void kernel_memory(void)
{
	json_t *config = shell("echo ran");

	set(config, "linux.resources.memory", "{'limit': 67108864, 'kernel': 67108864, 'kernelTCP': 67108864}");
	SAYS(config, "ran\n");
}

PROVES(swappiness,
	{ "config-linux.md#memory", MUST, "`swappiness` is the group's." });
static void swappiness(void)
{
	if (cgroup_v2()) {
		skip("cgroup version 2 has no swappiness");
		return;
	}
	WITH("memory", "{'swappiness': 41}", { "memory", "memory.swappiness", "41", NULL, NULL });
}

PROVES(swappiness_above_100,
	{ "config-linux.md#memory", MUST, "It is from 0 to 100; more is an error." });
static void swappiness_above_100(void)
{
	json_t *config = sleeper();

	set(config, "linux.resources.memory", "{'swappiness': 101}");
	REFUSED(config);
}

PROVES(oom_killer,
	{ "config-linux.md#memory", MUST, "`disableOOMKiller` turns the OOM killer off." });
static void oom_killer(void)
{
	if (cgroup_v2()) {
		skip("cgroup version 2 cannot do without the OOM killer");
		return;
	}
	WITH("memory", "{'limit': 67108864, 'disableOOMKiller': true}",
	     { "memory", "memory.oom_control", "oom_kill_disable 1", NULL, NULL });
}

PROVES(hierarchical_memory,
	{ "config-linux.md#memory", MUST, "`useHierarchy` makes groups below share the limit (which kernels since 5.11 always do)." });
static void hierarchical_memory(void)
{
	if (cgroup_v2()) {
		skip("cgroup version 2 is always hierarchical");
		return;
	}
	WITH("memory", "{'useHierarchy': true}", { "memory", "memory.use_hierarchy", "1", NULL, NULL });
}

PROVES(limit_below_the_usage,
	{ "config-linux.md#memory", MUST, "With `checkBeforeUpdate` a new limit below what is used is refused, and nobody is killed for it." });
static void limit_below_the_usage(void)
{
	json_t *config = shell("dd if=/dev/zero of=/tmp/used bs=1M count=40 2>/dev/null; exec sleep 1000");
	AUTO_FREE char *path = xasprintf("%s/resources.json", test_dir);
	struct result r;

	set(config, "linux.resources.memory", "{'limit': 134217728}");
	if (!start(config))
		return;
	for (int i = 0; i < 250; i++, usleep(20000)) {
		AUTO_FREE char *command = proc_file("cmdline");

		if (!strcmp(command, "sleep"))
			break;
	}
	write_file(test_dir, "resources.json", "{\"memory\": {\"limit\": 8388608, \"checkBeforeUpdate\": true}}");
	r = runc("update", "--resources", path, id, NULL);
	CU_ASSERT(r.status != 0);
	EQ_STR(status_of(), "running");
	EQ_STR(cgroup_value("memory", "memory.limit_in_bytes", "memory.max"), "134217728");
	stop();
}

PROVES(cpu_time,
	{ "config-linux.md#cpu", MUST, "`shares` is the group's relative share of the processors." },
	{ "config-linux.md#cpu", MUST, "`quota` is the time that it may run within a period." },
	{ "config-linux.md#cpu", MUST, "`period` is that period." });
static void cpu_time(void)
{
	json_t *config = sleeper();
	const char *weight;

	WITH("cpu", "{'quota': 50000, 'period': 200000}",
	     { "cpu", "cpu.cfs_quota_us", "50000", "cpu.max", "50000 200000" },
	     { "cpu", "cpu.cfs_period_us", "200000", NULL, NULL });
	/* What weight of version 2 some shares are is not laid down: half as many as
	 * usual are less than the usual weight. */
	set(config, "linux.resources.cpu", "{'shares': 512}");
	if (!start(config))
		return;
	weight = cgroup_value("cpu", "cpu.shares", "cpu.weight");
	if (cgroup_v2()) {
		CU_ASSERT(weight && atoi(weight) > 1 && atoi(weight) < 100);
	} else {
		EQ_STR(weight, "512");
	}
	stop();
}

PROVES(cpu_burst,
	{ "config-linux.md#cpu", MUST, "`burst` is how much of the quota may be saved up." });
static void cpu_burst(void)
{
	if (!machine_has("cpu", "cpu.cfs_burst_us", "cpu.max.burst")) {
		skip("this kernel has no CPU burst");
		return;
	}
	WITH("cpu", "{'quota': 50000, 'period': 100000, 'burst': 10000}",
	     { "cpu", "cpu.cfs_burst_us", "10000", "cpu.max.burst", "10000" });
}

PROVES(cpu_burst_above_the_quota,
	{ "config-linux.md#cpu", MUST, "It is no larger than a `quota` that is positive." });
static void cpu_burst_above_the_quota(void)
{
	json_t *config;

	if (!machine_has("cpu", "cpu.cfs_burst_us", "cpu.max.burst")) {
		skip("this kernel has no CPU burst");
		return;
	}
	config = sleeper();
	set(config, "linux.resources.cpu", "{'quota': 50000, 'period': 100000, 'burst': 60000}");
	REFUSED(config);
}

PROVES(idle_group,
	{ "config-linux.md#cpu", MUST, "`idle` 1 makes the group run only when nobody else wants to." });
static void idle_group(void)
{
	if (!machine_has("cpu", "cpu.idle", "cpu.idle")) {
		skip("this kernel has no cpu.idle");
		return;
	}
	WITH("cpu", "{'idle': 1}", { "cpu", "cpu.idle", "1", "cpu.idle", "1" });
}

PROVES(realtime_group,
	{ "config-linux.md#cpu", MUST, "`realtimeRuntime` and `realtimePeriod` are the group's." });
static void realtime_group(void)
{
	AUTO_FREE char *trial = xasprintf("mkdir /sys/fs/cgroup/cpu/rt%d && cd /sys/fs/cgroup/cpu/rt%d && "
					  "echo 1000 >cpu.rt_runtime_us; s=$?; cd .. && rmdir rt%d; exit $s",
					  (int)getpid(), (int)getpid(), (int)getpid());
	bool has = run_program((char *[]){ "sh", "-c", trial, NULL }).status == 0;

	if (!has) {
		skip("this kernel has no time for real-time groups");
		return;
	}
	WITH("cpu", "{'realtimeRuntime': 1000, 'realtimePeriod': 900000}",
	     { "cpu", "cpu.rt_runtime_us", "1000", NULL, NULL }, { "cpu", "cpu.rt_period_us", "900000", NULL, NULL });
}

PROVES(processors_and_nodes,
	{ "config-linux.md#cpu", MUST, "`cpus` are the processors on which it may run." },
	{ "config-linux.md#cpu", MUST, "`mems` are the nodes whose memory it may use." });
static void processors_and_nodes(void)
{
	json_t *config = shell("grep -E '^(Cpus|Mems)_allowed_list' /proc/self/status");

	set(config, "linux.resources.cpu", "{'cpus': '0', 'mems': '0'}");
	SAYS(config, "Cpus_allowed_list:\t0\nMems_allowed_list:\t0\n");
}

PROVES(processors_that_are_not_there,
	{ "config-linux.md#cpu", MUST, "A list that is none, or of processors that are not there, is an error." });
static void processors_that_are_not_there(void)
{
	json_t *config = sleeper();

	set(config, "linux.resources.cpu", "{'cpus': '0-x'}");
	REFUSED(config);
	config = sleeper();
	set(config, "linux.resources.cpu", "{'cpus': '4000'}");
	REFUSED(config);
}

/* "major:minor" of a disk, or NULL. */
static const char *disk(unsigned *major_, unsigned *minor_)
{
	static char text[32];
	AUTO_FREE char *list = read_file("/proc/partitions");
	char name[64];

	for (char *p = strchr(list, '\n'); p; p = strchr(p + 1, '\n'))
		if (sscanf(p, " %u %u %*u %63s", major_, minor_, name) == 3 && strncmp(name, "ram", 3)) {
			AUTO_FREE char *path = xasprintf("/sys/block/%s", name);

			snprintf(text, sizeof text, "%u:%u", *major_, *minor_);
			if (!access(path, F_OK))
				return text;
		}
	return NULL;
}

static void throttle(const char *property, const char *v1, const char *v2_word)
{
	unsigned maj, min;
	const char *number = disk(&maj, &min), *got;
	AUTO_FREE char *path = xasprintf("linux.resources.blockIO.%s", property), *want = NULL;
	json_t *config;

	if (!number) {
		skip("this machine has no disk");
		return;
	}
	config = sleeper();
	set(config, "linux.resources.blockIO", "{}");
	set(config, path, "[{'major': %u, 'minor': %u, 'rate': 1048576}]", maj, min);
	if (!start(config))
		return;
	got = cgroup_value("blkio", v1, "io.max");
	want = cgroup_v2() ? xasprintf("%s=1048576", v2_word) : xasprintf("%s 1048576", number);
	CU_ASSERT(got && str_starts(got, number) && strstr(got, want));
	if (!got || !strstr(got, want))
		fprintf(stderr, "\n%s: expected '%s', got '%s'\n", property, want, got ? got : "(no file)");
	stop();
}

PROVES(throttled_devices,
	{ "config-linux.md#block-io", MUST, "`throttleReadBpsDevice` limits the bytes read per second, device by device." },
	{ "config-linux.md#block-io", MUST, "`throttleWriteBpsDevice` limits the bytes written." },
	{ "config-linux.md#block-io", MUST, "`throttleReadIOPSDevice` limits the number of reads." },
	{ "config-linux.md#block-io", MUST, "`throttleWriteIOPSDevice` limits the number of writes." });
static void throttled_devices(void)
{
	if (!machine_has("blkio", "blkio.throttle.read_bps_device", "io.max")) {
		skip("this kernel does not throttle block devices");
		return;
	}
	throttle("throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps");
	throttle("throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps");
	throttle("throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops");
	throttle("throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops");
}

PROVES(block_weight,
	{ "config-linux.md#block-io", MUST, "`weight` is the group's share of the devices." });
static void block_weight(void)
{
	if (machine_has("blkio", "blkio.bfq.weight", "io.bfq.weight"))
		WITH("blockIO", "{'weight': 500}", { "blkio", "blkio.bfq.weight", "500", "io.bfq.weight", "default 500" });
	else if (machine_has("blkio", "blkio.weight", NULL))
		WITH("blockIO", "{'weight': 500}", { "blkio", "blkio.weight", "500", NULL, NULL });
	else
		skip("this kernel has no scheduler with weights for block devices");
}

PROVES(weighted_devices,
	{ "config-linux.md#block-io", MUST, "An entry of `weightDevice` has `weight` or `leafWeight`, or both; one without is an error." },
	{ "config-linux.md#block-io", MUST, "`major` and `minor` are required." });
static void weighted_devices(void)
{
	json_t *config = sleeper();

	set(config, "linux.resources.blockIO", "{'weightDevice': [{'major': 8, 'minor': 0}]}");
	REFUSED(config);
	config = sleeper();
	set(config, "linux.resources.blockIO", "{'weightDevice': [{'weight': 500}]}");
	REFUSED(config);
	config = sleeper();
	set(config, "linux.resources.blockIO", "{'throttleReadBpsDevice': [{'rate': 500}]}");
	REFUSED(config);
}

PROVES(huge_pages,
	{ "config-linux.md#huge-page-limits", MUST, "`limit` is the group's limit of huge pages of `pageSize`: of reservations where the kernel has that." });
static void huge_pages(void)
{
	if (machine_has("hugetlb", "hugetlb.2MB.rsvd.limit_in_bytes", "hugetlb.2MB.rsvd.max"))
		WITH("hugepageLimits", "[{'pageSize': '2MB', 'limit': 4194304}]",
		     { "hugetlb", "hugetlb.2MB.rsvd.limit_in_bytes", "4194304", "hugetlb.2MB.rsvd.max", "4194304" });
	else if (machine_has("hugetlb", "hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.max"))
		WITH("hugepageLimits", "[{'pageSize': '2MB', 'limit': 4194304}]",
		     { "hugetlb", "hugetlb.2MB.limit_in_bytes", "4194304", "hugetlb.2MB.max", "4194304" });
	else
		skip("no hugetlb controller is mounted");
}

PROVES(wrong_huge_pages,
	{ "config-linux.md#huge-page-limits", MUST, "A `pageSize` that is none, or that the kernel does not have, is an error." });
static void wrong_huge_pages(void)
{
	json_t *config = sleeper();

	set(config, "linux.resources.hugepageLimits", "[{'pageSize': 'big', 'limit': 4194304}]");
	REFUSED(config);
	config = sleeper();
	set(config, "linux.resources.hugepageLimits", "[{'pageSize': '3MB', 'limit': 4194304}]");
	REFUSED(config);
}

PROVES(network_class,
	{ "config-linux.md#network", MUST, "`classID` tags the group's packets." },
	{ "config-linux.md#network", MUST, "`priorities` are those of the group's traffic, by `name` of the interface." });
static void network_class(void)
{
	if (cgroup_v2() || !machine_has("net_cls", "net_cls.classid", NULL)) {
		skip("no net_cls controller is mounted");
		return;
	}
	WITH("network", "{'classID': 1048577}", { "net_cls", "net_cls.classid", "1048577", NULL, NULL });
	WITH("network", "{'priorities': [{'name': 'lo', 'priority': 5}]}",
	     { "net_prio", "net_prio.ifpriomap", "lo 5", NULL, NULL });
}

PROVES(pids_limit,
	{ "config-linux.md#pids", MUST, "`limit` is the largest number of tasks in the group." });
static void pids_limit(void)
{
	json_t *config = shell("for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; echo never");
	struct result r;

	WITH("pids", "{'limit': 33}", { "pids", "pids.max", "33", "pids.max", "33" });
	set(config, "linux.resources.pids", "{'limit': 5}");
	r = run(config);
	CU_ASSERT(r.status != 0 && !strstr(r.out, "never"));
}

PROVES(no_pids_limit,
	{ "config-linux.md#pids", MUST, "-1 is no limit." });
static void no_pids_limit(void)
{
	WITH("pids", "{'limit': -1}", { "pids", "pids.max", "max", "pids.max", "max" });
}

PROVES(rdma,
	{ "config-linux.md#rdma", MUST, "`hcaHandles` and `hcaObjects` limit what the group holds of a device." });
static void rdma(void)
{
	if (!machine_has("rdma", "rdma.max", "rdma.max") || access("/sys/class/infiniband", F_OK)) {
		skip("this machine has no RDMA device");
		return;
	}
	WITH("rdma", "{'rxe0': {'hcaHandles': 3, 'hcaObjects': 10000}}",
	     { "rdma", "rdma.max", "rxe0 hca_handle=3 hca_object=10000", "rdma.max",
	       "rxe0 hca_handle=3 hca_object=10000" });
}

PROVES(rdma_entries,
	{ "config-linux.md#rdma", MUST, "An entry has at least one of the two; an empty one is an error." });
static void rdma_entries(void)
{
	json_t *config = sleeper();

	set(config, "linux.resources.rdma", "{'mlx5_1': {}}");
	REFUSED(config);
}

PROVES(unified,
	{ "config-linux.md#unified", MUST, "The controllers that the keys need are enabled for the group." },
	{ "config-linux.md#unified", MUST, "A key is the name of a file of the group, and the value is written to it, whether the runtime knows it or not." });
static void unified(void)
{
	json_t *config = sleeper();

	if (!cgroup_v2()) {
		skip("this machine has cgroup version 1");
		json_decref(config);
		return;
	}
	set(config, "linux.resources.unified", "{}");
	json_object_update(jsonx_at(config, "linux.resources.unified"),
			   json_pack("{s:s, s:s, s:s}", "memory.high", "33554432", "pids.max", "41",
				     "cgroup.max.descendants", "3"));
	if (!start(config))
		return;
	EQ_STR(cgroup_value("", NULL, "memory.high"), "33554432");
	EQ_STR(cgroup_value("", NULL, "pids.max"), "41");
	EQ_STR(cgroup_value("", NULL, "cgroup.max.descendants"), "3");
	stop();
}

PROVES(unified_without_controller,
	{ "config-linux.md#unified", MUST, "A key of a controller that is not there is an error." });
static void unified_without_controller(void)
{
	json_t *config = sleeper();

	set(config, "linux.resources.unified", "{}");
	json_object_set_new(jsonx_at(config, "linux.resources.unified"), "nosuch.max", json_string("1"));
	REFUSED(config);
}

const struct test resource_rules[] = {
	TEST(memory_limit),
	TEST(memory_limit_holds),
	TEST(memory_without_limit),
	TEST(memory_and_swap, .needs = "a kernel that counts swap"),
	TEST(kernel_memory),
	TEST(swappiness, .needs = "cgroup version 1"),
	TEST(swappiness_above_100, CRUN_DIFFERS = "the kernel's limit of 200 counts"),
	TEST(oom_killer, .needs = "cgroup version 1"),
	TEST(hierarchical_memory, .needs = "cgroup version 1"),
	TEST(limit_below_the_usage),
	TEST(cpu_time),
	TEST(cpu_burst, .needs = "Linux 5.14", RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = TOO_NEW),
	TEST(cpu_burst_above_the_quota, .needs = "Linux 5.14", RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = TOO_NEW),
	TEST(idle_group, .needs = "Linux 5.15", RUNC_DIFFERS = TOO_NEW),
	TEST(realtime_group, .needs = "a kernel with real-time groups", OURS_DIFFERS = NOT_TRIED,
	     RUNC_DIFFERS = NOT_TRIED, CRUN_DIFFERS = NOT_TRIED),
	TEST(processors_and_nodes),
	TEST(processors_that_are_not_there),
	TEST(throttled_devices, .needs = "a disk"),
	TEST(block_weight, .needs = "the bfq scheduler",
	     CRUN_DIFFERS = "it knows only the file that kernels before 5.0 had"),
	TEST(weighted_devices, RUNC_DIFFERS = "an entry without a weight, or without numbers, is accepted"),
	TEST(huge_pages, .needs = "a hugetlb controller",
	     RUNC_DIFFERS = "it limits the usage, not the reservations",
	     CRUN_DIFFERS = "it limits the usage, not the reservations"),
	TEST(wrong_huge_pages),
	TEST(network_class, .needs = "a net_cls and a net_prio hierarchy", OURS_DIFFERS = NOT_TRIED,
	     RUNC_DIFFERS = NOT_TRIED, CRUN_DIFFERS = NOT_TRIED),
	TEST(pids_limit),
	TEST(no_pids_limit, CRUN_DIFFERS = "it fails"),
	TEST(rdma, .needs = "an RDMA device", OURS_DIFFERS = NOT_TRIED, RUNC_DIFFERS = NOT_TRIED,
	     CRUN_DIFFERS = NOT_TRIED),
	TEST(rdma_entries, CRUN_DIFFERS = TOO_NEW),
	TEST(unified, .needs = "cgroup version 2", RUNC_DIFFERS = NOT_TRIED, CRUN_DIFFERS = NOT_TRIED),
	TEST(unified_without_controller),
	{ NULL },
};
