/*
 * real_systemd_test.c - cgroups by the systemd that is process 1 of this machine
 * (tests/vm boots one for this). Everything is checked twice: what systemd says of the
 * unit, and what is in the group's files.
 */
#include "suite.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

static bool skipped(void)
{
	AUTO_FREE char *name = read_file("/proc/1/comm");

	if (!strcmp(name, "systemd\n") && !access("/run/systemd/system", F_OK))
		return false;
	puts("\n    SKIP: systemd is not process 1");
	return true;
}

/* ---- asking systemd ------------------------------------------------------ */

static char slice[64];

static const char *unit(void)
{
	static char name[96];

	snprintf(name, sizeof name, "unit-%s.scope", id);
	return name;
}

static struct result systemctl(const char *what, const char *arg)
{
	char *const argv[] = { "systemctl", (char *)what, (char *)arg, NULL };

	return run_program(argv);
}

/* All properties of the unit as they are now. In an emulated machine systemctl takes its
 * time, so it is asked once for all that is to be looked at. */
static char *properties;

static void look(void)
{
	free(properties);
	properties = xasprintf("\n%s", systemctl("show", unit()).out);
}

static const char *shown(const char *property)
{
	static char value[512];
	AUTO_FREE char *key = xasprintf("\n%s=", property);
	const char *line = strstr(properties, key);

	snprintf(value, sizeof value, "%.*s", line ? (int)strcspn(line + strlen(key), "\n") : 0,
		 line ? line + strlen(key) : "");
	return value;
}

static char *group_of(void)
{
	return xasprintf("/%s/%s", slice, unit());
}

/* A file of the unit's group, of either version. */
static char *group_file(const char *v1, const char *v2)
{
	AUTO_FREE char *group = group_of();
	AUTO_FREE char *path = cgroup_v2() ? xasprintf("/sys/fs/cgroup%s/%s", group, v2)
		: xasprintf("/sys/fs/cgroup/%.*s%s/%s", (int)strcspn(v1, "."), v1, group, v1);
	char *text = read_file(path);

	text[strcspn(text, "\n")] = '\0';
	return text;
}

#define GROUP_FILE_IS(v1, v2, want)                         \
	do {                                                \
		AUTO_FREE char *text_ = group_file(v1, v2); \
		EQ_STR(text_, want);                        \
	} while (0)

static bool wait_shown(const char *property, const char *value)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };

	for (int i = 0; i < 100; i++, nanosleep(&pause, NULL)) {
		look();
		if (!strcmp(shown(property), value))
			return true;
	}
	return false;
}

/* ---- containers ---------------------------------------------------------- */

static json_t *sleeper(void)
{
	json_t *config = spec();

	snprintf(slice, sizeof slice, "dockyardunit%d.slice", (int)getpid());
	set(config, "process.args", "['sleep', '1000']");
	set(config, "linux.cgroupsPath", "'%s:unit:%s'", slice, new_id());
	return config;
}

static struct result run_detached(json_t *config)
{
	AUTO_JSON json_t *owned = config;

	return runc("--systemd-cgroup", "run", "-d", "-b", bundle(owned), id, NULL);
}

static bool started(json_t *config)
{
	struct result r = run_detached(config);

	EQ_STR(r.err, "");
	EQ_INT(r.status, 0);
	return !r.status;
}

/* Neither is there a unit of that name, nor a group. */
static void no_unit_left(const char *file, int line)
{
	AUTO_FREE char *cmd = xasprintf("test -z \"$(find /sys/fs/cgroup -name '%s' 2>/dev/null)\"", unit());

	look();
	eq_str(shown("LoadState"), "not-found", file, line);
	eq_str(shown("ActiveState"), "inactive", file, line);
	eq_int(system(cmd), 0, file, line);
	nothing_left(file, line);
}
#define NO_UNIT_LEFT() no_unit_left(__FILE__, __LINE__)

/* The slice goes with the last test. */
static void stop_slice(void)
{
	EQ_INT(systemctl("stop", slice).status, 0);
	free(properties);
	properties = NULL;
}

static json_t *limited(void)
{
	json_t *config = sleeper();

	set(config, "linux.resources.memory", "{'limit': 67108864, 'reservation': 33554432}");
	set(config, "linux.resources.pids", "{'limit': 33}");
	set(config, "linux.resources.cpu", "{'shares': 512, 'quota': 50000, 'period': 200000, "
	    "'cpus': '0'}");
	return config;
}

/* ---- tests --------------------------------------------------------------- */

static void scope(void)
{
	AUTO_FREE char *group = NULL, *text = NULL;
	json_t *config;

	if (skipped())
		return;
	config = sleeper();
	set(config, "annotations", "{'org.systemd.property.TimeoutStopSec': '7', "
	    "'org.systemd.property.CollectMode': '\\'inactive-or-failed\\''}");
	if (!started(config))
		return;
	group = group_of();
	look();
	EQ_STR(shown("ActiveState"), "active");
	EQ_STR(shown("SubState"), "running");
	EQ_STR(shown("ControlGroup"), group);
	EQ_STR(shown("Slice"), slice);
	EQ_STR(shown("Delegate"), "yes");
	EQ_STR(shown("DefaultDependencies"), "no");
	EQ_STR(shown("MemoryAccounting"), "yes");
	EQ_STR(shown("TimeoutStopUSec"), "7s");
	EQ_STR(shown("CollectMode"), "inactive-or-failed");
	text = xasprintf("libcontainer container %s", id);
	EQ_STR(shown("Description"), text);
	stop();
	NO_UNIT_LEFT();
}

static void other_commands(void)
{
	if (skipped() || !started(sleeper()))
		return;
	EQ_STR(status_of(), "running");
	PRINTS(runc("exec", id, "echo", "inside", NULL), "inside\n");
	EQ_INT(runc("exec", "-d", id, "sleep", "500", NULL).status, 0);
	look();
	EQ_STR(shown("TasksCurrent"), "2");
	EQ_INT(runc("pause", id, NULL).status, 0);
	EQ_STR(status_of(), "paused");
	EQ_INT(runc("update", "--pids-limit", "50", id, NULL).status, 0);
	EQ_STR(status_of(), "paused");
	EQ_INT(runc("resume", id, NULL).status, 0);
	EQ_STR(status_of(), "running");
	HAS(runc("ps", "--format", "json", id, NULL).out, ",");
	EQ_INT(runc("kill", id, "KILL", NULL).status, 0);
	CU_ASSERT(wait_status("stopped"));
	EQ_INT(runc("delete", id, NULL).status, 0);
	NO_UNIT_LEFT();
}

static void check_limits(void)
{
	bool v2 = cgroup_v2();

	look();
	EQ_STR(shown(v2 ? "MemoryMax" : "MemoryLimit"), "67108864");
	EQ_STR(shown("TasksMax"), "33");
	EQ_STR(shown("CPUQuotaPerSecUSec"), "250ms");
	EQ_STR(shown("CPUQuotaPeriodUSec"), "200ms");
	EQ_STR(shown("AllowedCPUs"), "0");
	GROUP_FILE_IS("memory.limit_in_bytes", "memory.max", "67108864");
	GROUP_FILE_IS("pids.max", "pids.max", "33");
	GROUP_FILE_IS("cpu.cfs_quota_us", "cpu.max", v2 ? "50000 200000" : "50000");
	GROUP_FILE_IS("cpuset.cpus", "cpuset.cpus", "0");
	if (v2) {
		EQ_STR(shown("MemoryLow"), "33554432");
		GROUP_FILE_IS("", "memory.low", "33554432");
		EQ_STR(shown("CPUWeight"), "59");
		GROUP_FILE_IS("", "cpu.weight", "59");
	} else {
		EQ_STR(shown("CPUShares"), "512");
		GROUP_FILE_IS("cpu.shares", "", "512");
	}
}

/* systemd writes its properties again whenever it reads its configuration again. */
static void limits_stay(void)
{
	if (skipped() || !started(limited()))
		return;
	check_limits();
	EQ_INT(systemctl("daemon-reload", NULL).status, 0);
	check_limits();
	EQ_INT(runc("update", "--memory", "32M", "--pids-limit", "-1", id, NULL).status, 0);
	look();
	EQ_STR(shown(cgroup_v2() ? "MemoryMax" : "MemoryLimit"), "33554432");
	EQ_STR(shown("TasksMax"), "infinity");
	EQ_STR(shown("CPUQuotaPerSecUSec"), "250ms");
	EQ_INT(systemctl("daemon-reload", NULL).status, 0);
	GROUP_FILE_IS("memory.limit_in_bytes", "memory.max", "33554432");
	GROUP_FILE_IS("pids.max", "pids.max", "max");
	GROUP_FILE_IS("cpu.cfs_quota_us", "cpu.max", cgroup_v2() ? "50000 200000" : "50000");
	stop();
	NO_UNIT_LEFT();
}

/* Files of version 2 by their names, some of which systemd has a property for. */
static void unified(void)
{
	json_t *config;

	if (skipped())
		return;
	if (!cgroup_v2()) {
		puts("\n    SKIP: not cgroup v2");
		return;
	}
	config = limited();
	set(config, "linux.resources.unified", "{'memory.min': '131072', 'memory.high': '20971520', "
	    "'memory.max': '41943040', 'memory.oom.group': '1', 'pids.max': '99', "
	    "'cpu.max': '10000 100000', 'cpu.weight': '42', 'hugetlb.2MB.max': '2097152'}");
	if (!started(config))
		return;
	for (int reloaded = 0; reloaded < 2; reloaded++) {
		look();
		EQ_STR(shown("MemoryMin"), "131072");
		EQ_STR(shown("MemoryHigh"), "20971520");
		EQ_STR(shown("MemoryMax"), "41943040");
		EQ_STR(shown("TasksMax"), "99");
		EQ_STR(shown("CPUQuotaPerSecUSec"), "100ms");
		EQ_STR(shown("CPUWeight"), "42");
		GROUP_FILE_IS("", "memory.min", "131072");
		GROUP_FILE_IS("", "memory.high", "20971520");
		GROUP_FILE_IS("", "memory.max", "41943040");
		if (!reloaded) /* systemd 252 has no property of it, for scopes */
			GROUP_FILE_IS("", "memory.oom.group", "1");
		GROUP_FILE_IS("", "pids.max", "99");
		GROUP_FILE_IS("", "cpu.max", "10000 100000");
		GROUP_FILE_IS("", "cpu.weight", "42");
		GROUP_FILE_IS("", "hugetlb.2MB.max", "2097152");
		EQ_INT(systemctl("daemon-reload", NULL).status, 0);
	}
	stop();
	NO_UNIT_LEFT();
}

/* Idle is a weight, for systemd. */
static void idle(void)
{
	if (skipped())
		return;
	if (!cgroup_v2()) {
		puts("\n    SKIP: not cgroup v2");
		return;
	}
	if (!started(limited()))
		return;
	EQ_INT(runc("update", "--cpu-idle", "1", id, NULL).status, 0);
	GROUP_FILE_IS("", "cpu.idle", "1");
	EQ_INT(runc("update", "--memory", "32M", id, NULL).status, 0);
	GROUP_FILE_IS("", "cpu.idle", "1");
	EQ_INT(systemctl("daemon-reload", NULL).status, 0);
	GROUP_FILE_IS("", "cpu.idle", "1");
	EQ_INT(runc("update", "--cpu-idle", "0", id, NULL).status, 0);
	GROUP_FILE_IS("", "cpu.idle", "0");
	GROUP_FILE_IS("", "cpu.weight", "59");
	HAS(runc("update", "--cpu-share", "200", "--cpu-idle", "1", id, NULL).err, "unable to apply both");
	GROUP_FILE_IS("", "cpu.idle", "1");
	EQ_INT(runc("update", "--cpu-share", "512", id, NULL).status, 0);
	GROUP_FILE_IS("", "cpu.idle", "0");
	look();
	EQ_STR(shown("CPUWeight"), "59");
	stop();
	NO_UNIT_LEFT();
}

/* Rules that systemd can express, and rules that it cannot. */
static void devices_stay(const char *rules, const char *may)
{
	static const char attempt[] = "for d in null zero kmsg full; do "
		"(: >/tmp/$d) 2>/dev/null && echo -n \"$d \"; done; true";
	json_t *config = sleeper();

	set(config, "process.capabilities.bounding", "['CAP_MKNOD']");
	set(config, "process.capabilities.effective", "['CAP_MKNOD']");
	set(config, "process.capabilities.permitted", "['CAP_MKNOD']");
	set(config, "linux.resources.devices", "%s", rules);
	append(config, "mounts", "{'destination': '/tmp', 'type': 'tmpfs'}");
	script(config, "cd /tmp; mknod null c 1 3; mknod zero c 1 5; mknod full c 1 7; mknod kmsg c 1 11; "
	       "touch done; exec sleep 1000");
	if (!started(config))
		return;
	for (int i = 0; i < 100 && runc("exec", id, "ls", "/tmp/done", NULL).status; i++)
		usleep(50000);
	PRINTS(runc("exec", id, "sh", "-c", attempt, NULL), may);
	EQ_INT(systemctl("daemon-reload", NULL).status, 0);
	PRINTS(runc("exec", id, "sh", "-c", attempt, NULL), may);
	EQ_INT(runc("update", "--pids-limit", "100", id, NULL).status, 0);
	PRINTS(runc("exec", id, "sh", "-c", attempt, NULL), may);
	stop();
	NO_UNIT_LEFT();
}

static void devices(void)
{
	if (skipped())
		return;
	devices_stay("[{'allow': false, 'access': 'rwm'}]", "null zero full ");
	devices_stay("[{'allow': true, 'type': 'c', 'major': 1, 'minor': 11, 'access': 'w'}]",
		     "null zero kmsg full ");
	devices_stay("[{'allow': true, 'access': 'rwm'}]", "null zero kmsg full ");
	if (cgroup_v2()) /* version 1 cannot do it at all */
		devices_stay("[{'allow': true, 'access': 'rwm'}, "
			     "{'allow': false, 'type': 'c', 'major': 1, 'minor': 11, 'access': 'rwm'}]",
			     "null zero full ");
}

static void nested_slices(void)
{
	json_t *config;
	char above[96];

	if (skipped())
		return;
	config = sleeper();
	snprintf(above, sizeof above, "dockyardtest%d-a-b.slice", (int)getpid());
	set(config, "linux.cgroupsPath", "'%s:unit:%s'", above, id);
	if (!started(config))
		return;
	AUTO_FREE char *group = xasprintf("/dockyardtest%d.slice/dockyardtest%d-a.slice/%s/%s",
					  (int)getpid(), (int)getpid(), above, unit());

	look();
	EQ_STR(shown("ControlGroup"), group);
	PRINTS(runc("exec", id, "echo", "inside", NULL), "inside\n");
	stop();
	NO_UNIT_LEFT();
}

/* A unit whose time is up has failed, and is known until somebody says otherwise. */
static json_t *short_lived(void)
{
	json_t *config = sleeper();

	set(config, "annotations", "{'org.systemd.property.RuntimeMaxSec': '1', "
	    "'org.systemd.property.TimeoutStopSec': '1'}");
	return config;
}

static void failed_unit(void)
{
	if (skipped() || !started(short_lived()))
		return;
	CU_ASSERT(wait_status("stopped"));
	CU_ASSERT(wait_shown("ActiveState", "failed"));
	EQ_INT(systemctl("status", unit()).status, 3); /* "not active" */
	EQ_INT(runc("delete", id, NULL).status, 0);
	EQ_INT(systemctl("status", unit()).status, 4); /* "no such unit" */
	NO_UNIT_LEFT();
}

/* One that another runtime has left is no obstacle. */
static void failed_unit_in_the_way(void)
{
	char remains[160];
	struct err err;
	json_t *config;

	if (skipped() || !started(short_lived()))
		return;
	CU_ASSERT(wait_shown("ActiveState", "failed"));
	snprintf(remains, sizeof remains, "%s/runc/%s", test_dir, id);
	EQ_INT(file_remove_tree(AT_FDCWD, remains, &err), 0);
	config = spec();
	set(config, "process.args", "['sleep', '1000']");
	set(config, "linux.cgroupsPath", "'%s:unit:%s'", slice, id);
	if (!started(config))
		return;
	look();
	EQ_STR(shown("ActiveState"), "active");
	stop();
	NO_UNIT_LEFT();
}

static void failures_leave_nothing(void)
{
	json_t *config;

	if (skipped())
		return;
	config = sleeper();
	set(config, "process.args", "['/no/such/program']");
	EQ_INT(run_detached(config).status, 1);
	NO_UNIT_LEFT();
	config = sleeper();
	append(config, "hooks.createRuntime", "{'path': '/bin/false'}");
	EQ_INT(run_detached(config).status, 1);
	NO_UNIT_LEFT();
	config = sleeper();
	set(config, "annotations", "{'org.systemd.property.NoSuchThing': 'true'}");
	FAILS(run_detached(config), 1, "Cannot set property NoSuchThing, or unknown property.");
	NO_UNIT_LEFT();
	/* A slice has no processes of its own. */
	config = sleeper();
	set(config, "linux.cgroupsPath", "'%s::dockyardunit%d-x.slice'", slice, (int)getpid());
	FAILS(run_detached(config), 1, "unable to start unit \"dockyardunit");
	NO_UNIT_LEFT();
}

static void foreground(void)
{
	json_t *config;

	if (skipped())
		return;
	config = sleeper();
	script(config, "cat /proc/self/cgroup | head -n 1 | cut -d: -f3; exit 7");
	struct result r = runc("--systemd-cgroup", "run", "-b", bundle(config), id, NULL);

	json_decref(config);
	EQ_INT(r.status, 7);
	EQ_STR(r.out, "/\n");
	NO_UNIT_LEFT();
}

/* ---- a user's own systemd ------------------------------------------------ */

#define USER_RUN "/run/user/1000"

/* Run a program (the list ends with NULL) as user 1000, who knows where his bus is. */
__attribute__((sentinel)) static struct result as_user(const char *first, ...)
{
	static const char *const before[] = { "setpriv", "--reuid=1000", "--regid=1000",
					      "--clear-groups", "env", ("XDG_RUNTIME_DIR=" USER_RUN) };
	AUTO_STRLIST struct strlist args = STRLIST_INIT;
	va_list ap;

	for (size_t i = 0; i < sizeof before / sizeof *before; i++)
		strlist_add(&args, before[i]);
	va_start(ap, first);
	for (const char *a = first; a; a = va_arg(ap, const char *))
		strlist_add(&args, a);
	va_end(ap);
	return run_program(args.v);
}

/* A bundle of the user's, with what `spec --rootless` writes for him. Its directory. */
static const char *users_bundle(void)
{
	static char dir[128];
	AUTO_FREE char *path = NULL, *text = NULL;
	AUTO_JSON json_t *config = NULL;

	snprintf(dir, sizeof dir, "%s/user", test_dir);
	path = xasprintf("%s/config.json", dir);
	if (mkdir(dir, 0755) || chown(dir, 1000, 1000))
		exit(2);
	EQ_INT(as_user(runc_path, "spec", "--rootless", "--bundle", dir, NULL).status, 0);
	config = json_load_file(path, 0, NULL);
	set(config, "process.terminal", "false");
	set(config, "process.args", "['sleep', '1000']");
	set(config, "root.path", "'%s/rootfs'", test_dir);
	snprintf(slice, sizeof slice, "dockyardunit%d.slice", (int)getpid());
	set(config, "linux.cgroupsPath", "'%s:unit:%s'", slice, new_id());
	set(config, "linux.resources", "{'memory': {'limit': 67108864}, 'pids': {'limit': 33}}");
	unlink(path);
	text = jsonx_text(config);
	write_file(dir, "config.json", text);
	return dir;
}

static void users_systemd(void)
{
	static const char above[] = "/user.slice/user-1000.slice/user@1000.service";
	AUTO_FREE char *group = NULL;
	const char *dir;

	if (skipped())
		return;
	if (access(USER_RUN "/bus", F_OK)) {
		puts("\n    SKIP: user 1000 has no systemd");
		return;
	}
	dir = users_bundle();
	group = xasprintf("%s/%s/%s", above, slice, unit());
	struct result r = as_user(runc_path, "--systemd-cgroup", "run", "-d", "-b", dir, id, NULL);

	EQ_STR(r.err, "");
	EQ_INT(r.status, 0);
	HAS(as_user("systemctl", "--user", "show", unit(), NULL).out, group);
	EQ_STR(as_user("systemctl", "--user", "show", "--value", "-p", "MemoryMax", unit(), NULL).out,
	       "67108864\n");
	EQ_INT(as_user(runc_path, "update", "--pids-limit", "44", id, NULL).status, 0);
	AUTO_FREE char *file = xasprintf("/sys/fs/cgroup%s/pids.max", group), *text = read_file(file);

	EQ_STR(text, "44\n");
	PRINTS(as_user(runc_path, "exec", id, "echo", "inside", NULL), "inside\n");
	EQ_INT(as_user(runc_path, "pause", id, NULL).status, 0);
	HAS(as_user(runc_path, "state", id, NULL).out, "\"paused\"");
	EQ_INT(as_user(runc_path, "delete", "--force", id, NULL).status, 0);
	EQ_STR(as_user("systemctl", "--user", "show", "--value", "-p", "LoadState", unit(), NULL).out,
	       "not-found\n");
	EQ_INT(access(file, F_OK), -1);
}

/* Root reaches process 1 without any bus, too. */
static void without_a_bus(void)
{
	if (skipped())
		return;
	mkdir("/run/dbus", 0755);
	EQ_INT(mount("tmpfs", "/run/dbus", "tmpfs", 0, NULL), 0);
	if (started(limited())) {
		check_limits();
		EQ_INT(runc("update", "--pids-limit", "44", id, NULL).status, 0);
		look();
		EQ_STR(shown("TasksMax"), "44");
		stop();
		NO_UNIT_LEFT();
	}
	EQ_INT(umount("/run/dbus"), 0);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent", 1);
	FAILS(run_detached(sleeper()), 1, "failed to connect to dbus");
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
	NO_UNIT_LEFT();
	stop_slice();
}

CU_TestInfo real_systemd_tests[] = {
	{ "a scope", scope },
	{ "the other commands need no flag", other_commands },
	{ "limits, update, daemon-reload", limits_stay },
	{ "files of version 2 by name", unified },
	{ "idle", idle },
	{ "device rules and daemon-reload", devices },
	{ "nested slices", nested_slices },
	{ "delete removes a failed unit", failed_unit },
	{ "create resets a failed unit", failed_unit_in_the_way },
	{ "failures leave nothing", failures_leave_nothing },
	{ "in the foreground", foreground },
	{ "a user's own systemd", users_systemd },
	{ "without a bus", without_a_bus },
	CU_TEST_INFO_NULL,
};
