/*
 * cgroup_test.c - the container's control group: which it is, what it may hold when
 * it begins, devices, how it looks from inside, how an exec gets into it.
 */
#include "cgroup_suite.h"

#include <sys/stat.h>

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
	AUTO_JSON json_t *config = sleeper(), *second = NULL;
	AUTO_FREE char *path = xasprintf("%s/inner", jsonx_str(json_object_get(config, "linux"),
							       "cgroupsPath", ""));
	char first[64];

	set(config, "linux.cgroupsPath", "'%s'", path);
	second = json_deep_copy(config);
	EQ_INT(runc("run", "-d", "-b", bundle(config), new_id(), NULL).status, 0);
	strcpy(first, id);
	/* Another container's group is refused, and not removed on the way out. */
	FAILS(runc("create", "-b", bundle(second), new_id(), NULL), 1,
	      "container's cgroup is not empty: 1 process(es) found");
	strcpy(id, first);
	EQ_STR(status_of(), "running");
	set(second, "linux.cgroupsPath", "'/dockyard-x/../../y'");
	FAILS(runc("create", "-b", bundle(second), "other", NULL), 1, "'..' is not allowed");
	set(second, "linux.cgroupsPath", "'/'");
	FAILS(runc("create", "-b", bundle(second), "other", NULL), 1, "the root group");
	stop();
	/* The group that was asked for is gone; the one above it is the caller's. */
	AUTO_FREE char *above = group_dir("pids.max");
	AUTO_FREE char *cmd = xasprintf("for d in $(find /sys/fs/cgroup -depth -type d -name '%s' 2>/dev/null); "
					"do rmdir $d || exit 1; done", strrchr(above, '/') + 1);

	CU_ASSERT(!access(above, F_OK));
	EQ_INT(system(cmd), 0);
	NOTHING_LEFT();
}

/* /proc/PID/cgroup of a process, the line of the pids controller or of version 2. */
static char *group_of(const char *pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%s/cgroup", pid), *text = read_file(path);
	const char *line = strstr(text, cgroup_v2() ? "0::" : ":pids:");

	line = line ? strchr(strchr(line, ':') + 1, ':') + 1 : "";
	return xstrndup(line, strcspn(line, "\n"));
}

/* Without a path, and with a relative one: where the runtime itself is. */
static void below_the_runtime(void)
{
	AUTO_FREE char *own = group_of("self"), *got = NULL, *want = NULL, *pid = NULL;
	json_t *config = spec();
	AUTO_JSON json_t *state = NULL;

	if (cgroup_v2()) /* beside it: a group with processes can have no children with limits */
		*strrchr(own, '/') = '\0';
	if (!strcmp(own, "/"))
		*own = '\0';
	set(config, "process.args", "['sleep', '1000']");
	if (!start(config))
		return;
	state = json_loads(runc("state", id, NULL).out, 0, NULL);
	pid = xasprintf("%d", (int)jsonx_int(state, "pid", 0));
	got = group_of(pid);
	want = xasprintf("%s/%s", own, id);
	EQ_STR(got, want);
	/* Whoever asks, wherever he is: it is the container's group that is meant. */
	EQ_INT(runc("update", "--pids-limit", "17", id, NULL).status, 0);
	HAS(runc("events", "--stats", id, NULL).out, "\"pids\":{\"current\":1,\"limit\":17}");
	stop();
	NOTHING_LEFT();
}

static void frozen_before(void)
{
	AUTO_JSON json_t *config = sleeper();
	AUTO_FREE char *dir = group_dir("freezer.state");
	const char *file = cgroup_v2() ? "cgroup.freeze" : "freezer.state";

	if (mkdir(dir, 0755))
		SKIP("there is no freezer");
	write_file(dir, file, cgroup_v2() ? "1" : "FROZEN");
	FAILS(runc("create", "-b", bundle(config), new_id(), NULL), 1, "container's cgroup unexpectedly frozen");
	EQ_INT(rmdir(dir), 0);
	NOTHING_LEFT();
}

/* Let the container write to its group. */
static void writable(json_t *config)
{
	json_t *mount;
	size_t i;

	json_array_foreach(json_object_get(config, "mounts"), i, mount)
		if (!strcmp(jsonx_str(mount, "type", ""), "cgroup"))
			json_object_set_new(mount, "options", json_array());
}

/* What a container makes below its group goes with it. */
static void groups_below(void)
{
	json_t *config = sleeper();

	writable(config);
	script(config, cgroup_v2() ? "mkdir -p /sys/fs/cgroup/a/b && echo 1 >/sys/fs/cgroup/a/b/cgroup.procs; exec sleep 1000"
				   : "mkdir -p /sys/fs/cgroup/pids/a/b && echo 1 >/sys/fs/cgroup/pids/a/b/cgroup.procs; exec sleep 1000");
	if (!start(config))
		return;
	AUTO_FREE char *dir = group_dir("pids.max");
	AUTO_FREE char *below = xasprintf("%s/a/b", dir);

	for (int i = 0; i < 100 && access(below, F_OK); i++)
		usleep(20000);
	CU_ASSERT(!access(below, F_OK));
	CU_ASSERT(strlen(runc("ps", "-f", "json", id, NULL).out) > strlen("[]\n"));
	stop();
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

static void exec_below(void)
{
	json_t *config = sleeper();
	const char *make = cgroup_v2() ? "mkdir /sys/fs/cgroup/sub" :
			   "mkdir /sys/fs/cgroup/memory/sub /sys/fs/cgroup/pids/sub";
	const char *memory = cgroup_v2() ? "sub" : "memory:sub";

	writable(config);
	if (!start(config))
		return;
	FAILS(runc("exec", "--cgroup", "..", id, "true", NULL), 255, "bad sub cgroup path");
	FAILS(runc("exec", "--cgroup", "nothing", id, "true", NULL), 255, "adding pid ");
	FAILS(runc("exec", "--cgroup", "nothing", id, "true", NULL), 255, "o such file or directory");
	FAILS(runc("exec", "--cgroup", "whaaat:/", id, "true", NULL), 255, "unknown controller whaaat");
	FAILS(runc("exec", "--cgroup", "memory:x", "--cgroup", "pids,memory:x", id, "true", NULL), 255,
	      cgroup_v2() ? "unknown controller" : "");
	FAILS(runc("exec", "--cgroup", "a", "--cgroup", "b", id, "true", NULL), 255, "missing <controller>");
	FAILS(runc("exec", "--cgroup", ":b", id, "true", NULL), 255, "empty <controller> prefix");
	EQ_INT(runc("exec", "--cgroup", "/", id, "true", NULL).status, 0);
	EQ_INT(runc("exec", id, "sh", "-c", make, NULL).status, 0);
	HAS(runc("exec", "--cgroup", memory, id, "cat", "/proc/self/cgroup", NULL).out,
	    cgroup_v2() ? "0::/sub\n" : "memory:/sub\n");
	if (!cgroup_v2()) {
		HAS(runc("exec", "--cgroup", "memory:sub", id, "cat", "/proc/self/cgroup", NULL).out, "pids:/\n");
		HAS(runc("exec", "--cgroup", "memory,pids:sub", id, "cat", "/proc/self/cgroup", NULL).out, "pids:/sub\n");
	}
	stop();
	NOTHING_LEFT();
}

/* On version 2 a container may manage its group, and then an exec cannot be where
 * it would be else: it goes where init is. */
static void exec_after_init_moved(void)
{
	json_t *config;

	if (!cgroup_v2())
		SKIP("this is about version 2");
	config = sleeper();
	writable(config);
	script(config, "mkdir /sys/fs/cgroup/in && echo 1 >/sys/fs/cgroup/in/cgroup.procs && "
	       /* not while one of our looks is in the group */
	       "until (echo +pids +memory >/sys/fs/cgroup/cgroup.subtree_control) 2>/dev/null; "
	       "do sleep 0.01; done; exec sleep 1000");
	if (!start(config)) {
		json_decref(config);
		return;
	}
	for (int i = 0; i < 100 && !strstr(runc("exec", id, "cat", "/sys/fs/cgroup/cgroup.subtree_control",
						NULL).out, "memory"); i++)
		usleep(20000);
	PRINTS(runc("exec", id, "cat", "/proc/self/cgroup", NULL), "0::/in\n");
	FAILS(runc("exec", "--cgroup", "/", id, "true", NULL), 255, " adding pid ");
	FAILS(runc("exec", "--cgroup", "/", id, "true", NULL), 255, "evice or resource busy");
	PRINTS(runc("exec", "--cgroup", "in", id, "cat", "/proc/self/cgroup", NULL), "0::/in\n");
	stop();
	NOTHING_LEFT();
}

static void paused(void)
{
	AUTO_JSON json_t *config = sleeper();
	struct result r = runc("create", "-b", bundle(config), new_id(), NULL);

	EQ_INT(r.status, 0);
	/* A created one too. */
	EQ_INT(runc("pause", id, NULL).status, 0);
	EQ_STR(status_of(), "paused");
	FAILS(runc("start", id, NULL), 1, "cannot start a container in the paused state");
	EQ_INT(runc("resume", id, NULL).status, 0);
	EQ_STR(status_of(), "created");
	FAILS(runc("resume", id, NULL), 1, "container not paused");
	EQ_INT(runc("start", id, NULL).status, 0);
	EQ_INT(runc("pause", id, NULL).status, 0);
	FAILS(runc("pause", id, NULL), 1, "container not running");
	FAILS(runc("exec", id, "true", NULL), 255, "cannot exec in a paused container");
	EQ_INT(runc("update", "--pids-limit", "9", id, NULL).status, 0);
	EQ_STR(status_of(), "paused");
	GROUP_IS("pids.max", "pids.max", "9");
	stop();
	NOTHING_LEFT();
}

static void processes(void)
{
	struct result r;

	if (!start(sleeper()))
		return;
	AUTO_JSON json_t *state = json_loads(runc("state", id, NULL).out, 0, NULL);
	AUTO_FREE char *pids = xasprintf("[%d]\n", (int)jsonx_int(state, "pid", 0));

	PRINTS(runc("ps", "-f", "json", id, NULL), pids);
	FAILS(runc("ps", "-f", "xml", id, NULL), 1, "invalid format option");
	if (!system("ps -ef >/dev/null 2>&1") && !system("ps -o pid,comm >/dev/null 2>&1")) {
		r = runc("ps", id, NULL);
		EQ_INT(r.status, 0);
		HAS(r.out, "sleep 1000");
		CU_ASSERT(strstr(r.out, "PID") && !strstr(r.out, "runc --root"));
		FAILS(runc("ps", id, "-o", "comm", NULL), 1, "couldn't find PID field in ps output");
	}
	EQ_INT(runc("kill", id, "KILL", NULL).status, 0);
	CU_ASSERT(wait_status("stopped"));
	PRINTS(runc("ps", "-f", "json", id, NULL), "null\n");
	stop();
	NOTHING_LEFT();
}

CU_TestInfo cgroup_tests[] = {
	{ "device rules", devices },
	{ "cgroupsPath", by_path },
	{ "no path: below the runtime's own", below_the_runtime },
	{ "a frozen group is refused", frozen_before },
	{ "groups below go too", groups_below },
	{ "/sys/fs/cgroup inside", mounted },
	{ "exec --cgroup", exec_below },
	{ "exec after init has moved", exec_after_init_moved },
	{ "pause and resume", paused },
	{ "ps", processes },
	CU_TEST_INFO_NULL,
};
