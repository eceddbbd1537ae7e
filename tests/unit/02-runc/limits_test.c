/*
 * limits_test.c - `linux.resources` at create: each property reaches the group, or is
 * refused before anything is made.
 */
#include "cgroup_suite.h"

#include "01-kernel/cgroup.h"

static void at_create(void)
{
	json_t *config = sleeper();

	set(config, "linux.resources.memory", "{'limit': 67108864, 'reservation': 33554432, 'swap': 100663296}");
	set(config, "linux.resources.pids", "{'limit': 33}");
	set(config, "linux.resources.cpu", "{'shares': 1024, 'quota': 50000, 'period': 100000, 'burst': 10000, "
	    "'cpus': '0', 'mems': '0'}");
	if (!start(config))
		return;
	GROUP_IS("memory.limit_in_bytes", "memory.max", "67108864");
	GROUP_IS("memory.soft_limit_in_bytes", "memory.low", "33554432");
	if (group_has("memory.memsw.limit_in_bytes", "memory.swap.max"))
		GROUP_IS("memory.memsw.limit_in_bytes", "memory.swap.max", cgroup_v2() ? "33554432" : "100663296");
	GROUP_IS("pids.max", "pids.max", "33");
	GROUP_IS("cpu.cfs_quota_us", "cpu.max", cgroup_v2() ? "50000 100000" : "50000");
	GROUP_IS("cpu.shares", "cpu.weight", cgroup_v2() ? "100" : "1024");
	if (group_has("cpu.cfs_burst_us", "cpu.max.burst")) {
		AUTO_FREE char *burst = group_value("cpu.cfs_burst_us", "cpu.max.burst");

		CU_ASSERT(strcmp(burst, "0"));
	}
	GROUP_IS("cpuset.cpus", "cpuset.cpus", "0");
	GROUP_IS("cpuset.mems", "cpuset.mems", "0");
	stop();
	NOTHING_LEFT();
}

/* 0 is "not set", and so is null; -1 is "no limit". */
static void not_set(void)
{
	json_t *config = sleeper();

	set(config, "linux.resources.memory", "{'limit': 0, 'swap': null, 'reservation': -1, 'kernel': 4096}");
	set(config, "linux.resources.pids", "{'limit': -2}"); /* as good as -1 */
	set(config, "linux.resources.cpu", "{'shares': 0, 'quota': -1, 'cpus': ''}");
	set(config, "linux.resources.blockIO", "{'weight': 0, 'weightDevice': []}");
	set(config, "linux.resources.hugepageLimits", "[]");
	set(config, "linux.resources.network", "{'classID': 0, 'priorities': null}");
	set(config, "linux.resources.unified", "{}");
	if (!start(config))
		return;
	GROUP_IS("pids.max", "pids.max", "max");
	GROUP_IS("cpu.cfs_quota_us", "cpu.max", cgroup_v2() ? "max 100000" : "-1");
	stop();
	NOTHING_LEFT();
}

static void a_limit_holds(void)
{
	json_t *config = spec();

	set(config, "linux.resources.pids", "{'limit': 5}");
	script(config, "for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; echo never");
	struct result r = run(config);

	CU_ASSERT(r.status != 0);
	CU_ASSERT(!strstr(r.out, "never"));
	NOTHING_LEFT();
}

static void too_little_memory(void)
{
	json_t *config = sleeper();

	set(config, "linux.resources.memory", "{'limit': 65536, 'swap': 65536}");
	FAILS(run(config), 1, "container init was OOM-killed (memory limit too low?)");
	NOTHING_LEFT();
}

/* What every kernel and version says no to, with the property's path. */
static const struct { const char *path, *value, *complaint; } refused[] = {
	{ "memory", "{'limit': -2}", "linux.resources.memory.limit: -2 is not within" },
	{ "memory", "{'swappiness': 101}", "linux.resources.memory.swappiness: 101 is not within 0..100" },
	{ "memory", "{'disableOOMKiller': 1}", "linux.resources.memory.disableOOMKiller: expected" },
	{ "memory", "{'limit': 2097152, 'swap': 1048576}", "memory+swap limit should be >= memory limit" },
	{ "cpu", "{'shares': -1}", "linux.resources.cpu.shares: -1 is not within" },
	{ "cpu", "{'burst': -1}", "linux.resources.cpu.burst: -1" },
	{ "cpu", "{'cpus': 1}", "linux.resources.cpu.cpus: expected a string" },
	{ "pids", "{'limit': 'x'}", "linux.resources.pids.limit: expected an integer" },
	{ "blockIO", "{'weight': 9}", "linux.resources.blockIO.weight: 9 is not within 10..1000" },
	{ "blockIO", "{'leafWeight': 1001}", "linux.resources.blockIO.leafWeight: 1001" },
	{ "blockIO", "{'weightDevice': [{'major': 8, 'weight': 100}]}", "blockIO.weightDevice[0].minor: required" },
	{ "blockIO", "{'weightDevice': [{'major': 8, 'minor': 0}]}", "weightDevice[0]: weight or leafWeight is required" },
	{ "blockIO", "{'throttleReadBpsDevice': [{'major': 8, 'minor': 0}]}", "throttleReadBpsDevice[0].rate: required" },
	{ "blockIO", "{'throttleWriteIOPSDevice': [{'major': 8, 'minor': 0, 'rate': -1}]}",
	  "throttleWriteIOPSDevice[0].rate: expected an integer" },
	{ "hugepageLimits", "[{'pageSize': '../2MB', 'limit': 1}]", "hugepageLimits[0].pageSize: '../2MB'" },
	{ "hugepageLimits", "[{'pageSize': '2MB'}]", "linux.resources.hugepageLimits[0].limit: required" },
	{ "hugepageLimits", "[7]", "linux.resources.hugepageLimits[0]: expected an object" },
	{ "rdma", "{'mlx5_1': {}}", "linux.resources.rdma.mlx5_1: hcaHandles or hcaObjects is required" },
	{ "rdma", "{'mlx5_1': {'hcaHandles': -1}}", "linux.resources.rdma.mlx5_1.hcaHandles: -1" },
	{ "network", "{'classID': 4294967296}", "linux.resources.network.classID: 4294967296" },
	{ "network", "{'priorities': [{'name': 'lo'}]}", "linux.resources.network.priorities[0].priority: required" },
	{ "unified", "{'a/b': '1'}", "must be a file name (no slashes)" },
	{ "unified", "{'pids.max': 1}", "linux.resources.unified[\"pids.max\"]: expected a string" },
	{ "devices", "[{'allow': true, 'type': 'p'}]", "linux.resources.devices[0].type: 'p' is not a, b or c" },
	{ "devices", "[{'allow': true, 'access': 'a'}]", "linux.resources.devices[0].access: 'a'" },
};

static void before_anything_is_made(void)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		AUTO_FREE char *path = xasprintf("linux.resources.%s", refused[i].path);
		json_t *config = sleeper();

		set(config, path, "%s", refused[i].value);
		FAILS(run(config), 1, refused[i].complaint);
	}
	NOTHING_LEFT();
}

static void of_the_other_version(void)
{
	static const struct property { const char *path, *value, *complaint; } only_v1[] = {
		{ "memory", "{'swappiness': 10}", "memory swappiness cannot be set on cgroup v2" },
		{ "memory", "{'disableOOMKiller': true}", "the OOM killer cannot be disabled on cgroup v2" },
		{ "memory", "{'swap': 1048576}", "unable to set swap limit without memory limit" },
		{ "cpu", "{'realtimeRuntime': 1000}", "realtime limits cannot be set on cgroup v2" },
		{ "blockIO", "{'leafWeight': 100}", "a leaf weight cannot be set on cgroup v2" },
		{ "network", "{'classID': 5}", "the class of network packets cannot be set on cgroup v2" },
		{ NULL },
	}, only_v2[] = {
		{ "unified", "{'memory.high': '1'}", "invalid configuration: cannot use unified on cgroup v1" },
		{ "cpu", "{'shares': 1}", "the minimum allowed cpu-shares is 2" },
		{ NULL },
	};

	for (const struct property *r = cgroup_v2() ? only_v1 : only_v2; r->path; r++) {
		AUTO_FREE char *path = xasprintf("linux.resources.%s", r->path);
		json_t *config = sleeper();

		set(config, path, "%s", r->value);
		FAILS(run(config), 1, r->complaint);
	}
	NOTHING_LEFT();
}

static void by_file(void)
{
	json_t *config = sleeper();

	if (!cgroup_v2()) {
		json_decref(config);
		SKIP("files by name are version 2's");
	}
	set(config, "linux.resources.memory", "{'limit': 33554432}");
	set(config, "linux.resources.unified", "{'memory.max': '41943040', 'memory.min': '131072', "
	    "'cpu.max': '5000 50000', 'pids.max': '42'}");
	if (!start(config))
		return;
	GROUP_IS("", "memory.max", "41943040");
	GROUP_IS("", "memory.min", "131072");
	GROUP_IS("", "cpu.max", "5000 50000");
	GROUP_IS("", "pids.max", "42");
	stop();
	config = sleeper();
	set(config, "linux.resources.unified", "{'nosuch.file': '1'}");
	FAILS(run(config), 1, "controller \"nosuch\" not available");
	NOTHING_LEFT();
}

CU_TestInfo limit_tests[] = {
	{ "limits at create", at_create },
	{ "0, null and -1", not_set },
	{ "a limit holds", a_limit_holds },
	{ "too little memory to begin", too_little_memory },
	{ "refused before anything is made", before_anything_is_made },
	{ "what the other version can do", of_the_other_version },
	{ "files of version 2 by name", by_file },
	CU_TEST_INFO_NULL,
};
