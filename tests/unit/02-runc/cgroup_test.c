/*
 * cgroup_test.c - the container's control group: limits, devices, the mount.
 */
#include "suite.h"

#include <sys/stat.h>

/* A file of the container's group, as the host sees it. */
static char *group_file(const char *v1, const char *v2)
{
	AUTO_FREE char *path = cgroup_v2()
		? xasprintf("/sys/fs/cgroup/dockyard-%s/%s", id, v2)
		: xasprintf("/sys/fs/cgroup/%.*s/dockyard-%s/%s", (int)strcspn(v1, "."), v1, id, v1);
	char *text = read_file(path);

	text[strcspn(text, "\n")] = '\0';
	return text;
}

#define GROUP_FILE_IS(v1, v2, want)                        \
	do {                                               \
		AUTO_FREE char *text_ = group_file(v1, v2); \
		EQ_STR(text_, want);                       \
	} while (0)

static json_t *sleeper(void)
{
	json_t *config = spec();

	set(config, "process.args", "['sleep', '1000']");
	return config;
}

static void limits(void)
{
	json_t *config = sleeper();

	set(config, "linux.resources.memory", "{'limit': 67108864}");
	set(config, "linux.resources.pids", "{'limit': 33}");
	set(config, "linux.resources.cpu", "{'shares': 512, 'quota': 50000, 'period': 100000}");
	if (!start(config))
		return;
	GROUP_FILE_IS("memory.limit_in_bytes", "memory.max", "67108864");
	GROUP_FILE_IS("pids.max", "pids.max", "33");
	GROUP_FILE_IS("cpu.cfs_quota_us", "cpu.max", cgroup_v2() ? "50000 100000" : "50000");
	EQ_INT(runc("update", "--memory", "32M", "--pids-limit", "44", id, NULL).status, 0);
	GROUP_FILE_IS("memory.limit_in_bytes", "memory.max", "33554432");
	GROUP_FILE_IS("pids.max", "pids.max", "44");
	write_file(test_dir, "resources.json", "{\"cpu\": {\"quota\": 20000, \"period\": 100000}}");
	AUTO_FREE char *path = xasprintf("%s/resources.json", test_dir);

	EQ_INT(runc("update", "--resources", path, id, NULL).status, 0);
	GROUP_FILE_IS("cpu.cfs_quota_us", "cpu.max", cgroup_v2() ? "20000 100000" : "20000");
	GROUP_FILE_IS("pids.max", "pids.max", "44");
	FAILS(runc("update", "--memory", "lots", id, NULL), 1, "--memory: 'lots' is not an amount");
	write_file(test_dir, "resources.json", "{\"pids\": {\"limit\": \"x\"}}");
	FAILS(runc("update", "-r", path, id, NULL), 1, "resources.pids.limit: expected an integer");
	stop();
	NOTHING_LEFT();
}

static void limits_hold(void)
{
	json_t *config = spec();

	set(config, "linux.resources.pids", "{'limit': 5}");
	script(config, "for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; echo never");
	struct result r = run(config);

	CU_ASSERT(r.status != 0);
	CU_ASSERT(!strstr(r.out, "never"));
	NOTHING_LEFT();
}

/* The node may be made; opening it is what the device rules decide. */
static void devices(void)
{
	static const char attempt[] = "mknod /tmp/kmsg c 1 11; (: >/tmp/kmsg) 2>&1; "
		"echo x >/dev/null && echo null works";
	json_t *config = spec();

	set(config, "process.capabilities.bounding", "['CAP_MKNOD']");
	set(config, "process.capabilities.effective", "['CAP_MKNOD']");
	set(config, "process.capabilities.permitted", "['CAP_MKNOD']");
	append(config, "mounts", "{'destination': '/tmp', 'type': 'tmpfs'}");
	script(config, attempt);
	PRINTS(run(json_deep_copy(config)), "sh: can't create /tmp/kmsg: Operation not permitted\nnull works\n");
	append(config, "linux.resources.devices", "{'allow': true, 'type': 'c', 'major': 1, 'minor': 11, "
	       "'access': 'rw'}");
	PRINTS(run(config), "null works\n");
	/* No rules at all: still nothing but the minimum. */
	config = spec();
	set(config, "process.capabilities.bounding", "['CAP_MKNOD']");
	set(config, "process.capabilities.effective", "['CAP_MKNOD']");
	set(config, "process.capabilities.permitted", "['CAP_MKNOD']");
	append(config, "mounts", "{'destination': '/tmp', 'type': 'tmpfs'}");
	set(config, "linux.resources", "{}");
	script(config, attempt);
	PRINTS(run(config), "sh: can't create /tmp/kmsg: Operation not permitted\nnull works\n");
	NOTHING_LEFT();
}

static void by_path(void)
{
	AUTO_JSON json_t *config = sleeper(), *second = sleeper();
	char group[96], first[64];

	new_id();
	snprintf(group, sizeof group, "/dockyard-%s/inner", id);
	set(config, "linux.cgroupsPath", "'%s'", group);
	set(second, "linux.cgroupsPath", "'%s'", group);
	EQ_INT(runc("run", "-d", "-b", bundle(config), id, NULL).status, 0);
	strcpy(first, id);
	/* Another container's group is refused, and not removed on the way out. */
	FAILS(runc("create", "-b", bundle(second), new_id(), NULL), 1, "is not empty: 1 process");
	strcpy(id, first);
	EQ_STR(status_of(), "running");
	set(second, "linux.cgroupsPath", "'/dockyard-x/../../y'");
	FAILS(runc("create", "-b", bundle(second), "other", NULL), 1, "'..' is not allowed");
	set(second, "linux.cgroupsPath", "'/'");
	FAILS(runc("create", "-b", bundle(second), "other", NULL), 1, "the root group");
	stop();
	/* The group that was asked for is gone; the one above it is the caller's. */
	AUTO_FREE char *cmd = xasprintf("find /sys/fs/cgroup -depth -type d -name 'dockyard-%s' "
					"-exec rmdir {} + ", first);
	EQ_INT(system(cmd), 0);
	NOTHING_LEFT();
}

/* The view from inside: the container's own group is the root. */
static void mounted(void)
{
	json_t *config = spec();

	script(config, "cut -d: -f3 /proc/self/cgroup | sort | busybox uniq; "
	       "find=$(ls /sys/fs/cgroup | head -n 1); test -n \"$find\" && echo mounted; "
	       "mkdir /sys/fs/cgroup/x 2>/dev/null || echo ro; cat /sys/fs/cgroup/pids.max "
	       "/sys/fs/cgroup/pids/pids.max 2>/dev/null; true");
	set(config, "linux.resources.pids", "{'limit': 21}");
	PRINTS(run(json_deep_copy(config)), "/\nmounted\nro\n21\n");
	/* Without a cgroup namespace v1 shows the container's groups all the same. */
	set(config, "linux.namespaces", "[{'type': 'mount'}, {'type': 'pid'}, {'type': 'uts'}]");
	script(config, "cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || echo 21");
	PRINTS(run(config), "21\n");
	NOTHING_LEFT();
}

static void statistics(void)
{
	AUTO_JSON json_t *doc = NULL;

	if (!start(sleeper()))
		return;
	doc = json_loads(runc("events", "--stats", id, NULL).out, 0, NULL);
	CU_ASSERT_FATAL(doc != NULL);
	EQ_STR(jsonx_str(doc, "type", ""), "stats");
	EQ_INT(json_integer_value(jsonx_at(doc, "data.pids.current")), 1);
	CU_ASSERT(json_integer_value(jsonx_at(doc, "data.memory.usage.usage")) > 0);
	CU_ASSERT(json_integer_value(jsonx_at(doc, "data.cpu.usage.total")) > 0);
	stop();
	NOTHING_LEFT();
}

CU_TestInfo cgroup_tests[] = {
	{ "limits, and update", limits },
	{ "a limit holds", limits_hold },
	{ "device rules", devices },
	{ "cgroupsPath", by_path },
	{ "/sys/fs/cgroup inside", mounted },
	{ "events --stats", statistics },
	CU_TEST_INFO_NULL,
};
