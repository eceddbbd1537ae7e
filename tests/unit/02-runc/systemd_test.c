/*
 * systemd_test.c - cgroups by systemd, where systemd is systemd_standin.py: what it
 * is asked, to the letter, and what becomes of a container when it answers badly.
 * The real one is in systemd_real_test.c.
 */
#include "suite.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "02-runc/systemd.h"

static char slice[64];    /* all units here are in this one */
static char calls[128];   /* what was called: the stand-in's log */
static bool have_python;
static pid_t standin;

/* A /run of our own, in which systemd runs. */
int systemd_suite_begin(void)
{
	struct err err;

	have_python = !system("command -v python3 >/dev/null");
	snprintf(slice, sizeof slice, "dockyardunit%d.slice", (int)getpid());
	return mount("tmpfs", "/run", "tmpfs", 0, "mode=755") ||
	       file_mkdir_p("/run/systemd/system", 0755, &err);
}

int systemd_suite_end(void)
{
	AUTO_FREE char *cmd = xasprintf("find /sys/fs/cgroup -depth -type d -name '%s' -exec rmdir {} + "
					"2>/dev/null", slice);

	(void)!system(cmd); /* groups of others come and go while it looks */
	return umount("/run");
}

static bool skipped(void)
{
	if (!have_python)
		puts("\n    SKIP: python3 is not installed");
	return !have_python;
}

/* ---- the stand-in -------------------------------------------------------- */

static void begin(const char *mode)
{
	AUTO_FREE char *bus = xasprintf("%s/bus", test_dir);
	int ready[2];
	char line[8];

	snprintf(calls, sizeof calls, "%s/calls", test_dir);
	unlink(bus);
	unlink(calls);
	if (pipe2(ready, O_CLOEXEC))
		exit(2);
	fflush(NULL);
	standin = fork();
	if (!standin) {
		dup2(ready[1], 1);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("python3", "python3", "../tests/unit/02-runc/systemd_standin.py", bus, calls, mode,
		       NULL);
		_exit(127);
	}
	close(ready[1]);
	CU_ASSERT_FATAL(read(ready[0], line, sizeof line) > 0);
	close(ready[0]);
	AUTO_FREE char *address = xasprintf("unix:path=%s", bus);

	setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
	setenv("SYSTEMD_BUS_TIMEOUT", "1s", 1);
}

static void end(void)
{
	kill(standin, SIGKILL);
	waitpid(standin, NULL, 0);
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
	unsetenv("SYSTEMD_BUS_TIMEOUT");
}

/* The arguments of the last call of a method; New, NULL if there was none. */
static json_t *called(const char *member)
{
	AUTO_FREE char *text = read_file(calls);
	json_t *args = NULL;
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		AUTO_JSON json_t *call = json_loads(line, 0, NULL);

		if (strcmp(jsonx_str(call, "member", ""), member))
			continue;
		json_decref(args);
		args = json_incref(json_object_get(call, "args"));
	}
	return args;
}

static unsigned count_calls(const char *member)
{
	AUTO_FREE char *text = read_file(calls), *key = xasprintf("\"member\": \"%s\"", member);
	unsigned n = 0;

	for (const char *p = text; (p = strstr(p, key)); p++)
		n++;
	return n;
}

/* The property that was asked for last by this name, as compact JSON; "" if none was. */
static const char *property(const json_t *properties, const char *name)
{
	static char text[1024];
	json_t *pair;
	size_t i;

	*text = '\0';
	json_array_foreach(properties, i, pair)
		if (!strcmp(json_string_value(json_array_get(pair, 0)), name)) {
			AUTO_FREE char *value = jsonx_text(json_array_get(pair, 1));

			snprintf(text, sizeof text, "%s", value);
		}
	return text;
}

static const char *asked(const char *name)
{
	AUTO_JSON json_t *args = called("StartTransientUnit");

	return property(json_array_get(args, 2), name);
}

/* ---- containers ---------------------------------------------------------- */

static json_t *sleeper(void)
{
	json_t *config = spec();

	set(config, "process.args", "['sleep', '1000']");
	set(config, "linux.cgroupsPath", "'%s:unit:%s'", slice, new_id());
	return config;
}

static struct result create(json_t *config)
{
	AUTO_JSON json_t *owned = config;

	return runc("--systemd-cgroup", "create", "--bundle", bundle(owned), id, NULL);
}

/* No scope, in whatever hierarchy, and what nothing_left looks for. */
static void no_unit_left(const char *file, int line)
{
	AUTO_FREE char *cmd = xasprintf("test -z \"$(find /sys/fs/cgroup -name 'unit-%s.scope' 2>/dev/null)\"", id);

	eq_int(system(cmd), 0, file, line);
	nothing_left(file, line);
}
#define NO_UNIT_LEFT() no_unit_left(__FILE__, __LINE__)

static pid_t pid_of(void)
{
	AUTO_JSON json_t *doc = json_loads(runc("state", id, NULL).out, 0, NULL);

	return (pid_t)jsonx_int(doc, "pid", 0);
}

static bool in_group(pid_t pid, const char *path)
{
	AUTO_FREE char *file = xasprintf("/proc/%d/cgroup", (int)pid), *text = read_file(file);

	return strstr(text, path);
}

/* ---- names --------------------------------------------------------------- */

static void names(void)
{
	static const struct {
		const char *cgroups_path;
		bool user;
		const char *name, *slice, *path;
	} good[] = {
		{ NULL, false, "runc-web.scope", "system.slice", "/system.slice/runc-web.scope" },
		{ "", true, "runc-web.scope", "user.slice", "/user.slice/runc-web.scope" },
		{ ":docker:1234", false, "docker-1234.scope", "system.slice",
		  "/system.slice/docker-1234.scope" },
		{ "machine.slice:libpod:x", true, "libpod-x.scope", "machine.slice",
		  "/machine.slice/libpod-x.scope" },
		{ "a-b-c.slice:p:n", false, "p-n.scope", "a-b-c.slice",
		  "/a.slice/a-b.slice/a-b-c.slice/p-n.scope" },
		{ "-.slice:p:n", false, "p-n.scope", "-.slice", "/p-n.scope" },
		{ "system.slice::n", false, "-n.scope", "system.slice", "/system.slice/-n.scope" },
		{ "a.slice:ignored:a-b.slice", false, "a-b.slice", "a.slice", "/a.slice/a-b.slice" },
	};
	static const char *const bad[] = {
		"/docker/1234", "docker", "a.slice:b", "a:b:c:d", "system:p:n", ".slice:p:n",
		"a--b.slice:p:n", "-a.slice:p:n", "a-.slice:p:n", "a/b.slice:p:n", "a.slice:p:x/y",
		"a.slice:p:x y", "a.slice:p:../n", "a.slice:p:-.slice/x",
	};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct runc_unit u = { .user = good[i].user };
		struct err err = { .msg = "" };

		EQ_INT(runc_unit_parse(&u, good[i].cgroups_path, "web", &err), 0);
		EQ_STR(err.msg, "");
		EQ_STR(u.name, good[i].name);
		EQ_STR(u.slice, good[i].slice);
		AUTO_FREE char *path = runc_unit_path(&u, &err);

		EQ_STR(path, good[i].path);
		runc_unit_free(&u);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct runc_unit u = { .user = false };
		struct err err = { .kind = ERR_NONE };

		if (!runc_unit_parse(&u, bad[i], "web", &err))
			fprintf(stderr, "\naccepted: %s\n", bad[i]);
		EQ_INT(err.kind, ERR_INVALID);
		HAS(err.msg, "linux.cgroupsPath: ");
		runc_unit_free(&u);
	}
}

/* A quota becomes one of whole hundredths of a processor. The numbers are those that
 * runc's own tests expect. */
static void quotas(void)
{
	static const int64_t cases[][3] = { /* quota, period, rounded */
		{ 500000, 1000000, 500000 }, { 500000, 900000, 504000 }, { 600000, 900000, 603000 },
		{ 5000, 0, 5000 }, { 1, 100000, 1000 }, { 3000, 10000, 3000 }, { -1, 100000, -1 },
		{ 0, 50000, 0 }, { INT64_MAX, 1, INT64_MAX },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct runc_systemd_traits traits = { true, 252 };
		struct kern_cgroup_limits l;

		kern_cgroup_limits_init(&l);
		l.cpu_quota = cases[i][0];
		l.cpu_period = cases[i][1];
		runc_systemd_adapt(&l, &traits);
		EQ_INT((long)l.cpu_quota, (long)cases[i][2]);
	}
}

static void features(void)
{
	AUTO_JSON json_t *doc = json_loads(runc("features", NULL).out, 0, NULL);

	CU_ASSERT(json_is_true(jsonx_at(doc, "linux.cgroup.systemd")));
	CU_ASSERT(json_is_true(jsonx_at(doc, "linux.cgroup.systemdUser")));
	EQ_STR(json_string_value(json_array_get(json_object_get(doc, "potentiallyUnsafeConfigAnnotations"),
						0)), "org.systemd.property.");
}

/* ---- what is asked ------------------------------------------------------- */

static void requests(void)
{
	json_t *config;
	bool v2 = cgroup_v2();

	if (skipped())
		return;
	begin("");
	config = sleeper();
	set(config, "linux.resources.memory", "{'limit': 67108864}");
	set(config, "linux.resources.pids", "{'limit': 33}");
	set(config, "linux.resources.cpu", "{'quota': 50001, 'period': 200000, 'cpus': '0'}");
	set(config, "annotations", "{'org.systemd.property.TimeoutStopSec': '5', "
	    "'org.systemd.property.CollectMode': '\\'inactive-or-failed\\'', 'other': 'x'}");
	EQ_INT(create(config).status, 0);

	AUTO_JSON json_t *start = called("StartTransientUnit");
	AUTO_FREE char *name = xasprintf("unit-%s.scope", id), *text = NULL;
	json_t *properties = json_array_get(start, 2);
	pid_t pid = pid_of();

	EQ_STR(json_string_value(json_array_get(start, 0)), name);
	EQ_STR(json_string_value(json_array_get(start, 1)), "replace");
	EQ_INT((long)json_array_size(json_array_get(start, 3)), 0);
	text = xasprintf("[\"s\",\"libcontainer container %s\"]", id);
	EQ_STR(property(properties, "Description"), text);
	free(text);
	text = xasprintf("[\"s\",\"%s\"]", slice);
	EQ_STR(property(properties, "Slice"), text);
	free(text);
	text = xasprintf("[\"au\",[%d]]", (int)pid);
	EQ_STR(property(properties, "PIDs"), text);
	EQ_STR(property(properties, "Delegate"), "[\"b\",true]");
	EQ_STR(property(properties, "DefaultDependencies"), "[\"b\",false]");
	EQ_STR(property(properties, "MemoryAccounting"), "[\"b\",true]");
	EQ_STR(property(properties, "CPUAccounting"), "[\"b\",true]");
	EQ_STR(property(properties, "TasksAccounting"), "[\"b\",true]");
	EQ_STR(property(properties, v2 ? "IOAccounting" : "BlockIOAccounting"), "[\"b\",true]");
	EQ_STR(property(properties, "TimeoutStopUSec"), "[\"t\",5000000]");
	EQ_STR(property(properties, "CollectMode"), "[\"s\",\"inactive-or-failed\"]");
	EQ_STR(property(properties, v2 ? "MemoryMax" : "MemoryLimit"), "[\"t\",67108864]");
	EQ_STR(property(properties, "TasksMax"), "[\"t\",33]");
	EQ_STR(property(properties, "CPUQuotaPerSecUSec"), "[\"t\",260000]");
	EQ_STR(property(properties, "CPUQuotaPeriodUSec"), "[\"t\",200000]");
	EQ_STR(property(properties, "AllowedCPUs"), "[\"ay\",[1]]");
	EQ_STR(property(properties, "AllowedMemoryNodes"), "");
	/* All groups, also those that systemd has not made. */
	CU_ASSERT(in_group(pid, name));
	EQ_STR(status_of(), "created");

	/* Without the flag: what has made the group is remembered. */
	EQ_INT(runc("update", "--memory", "32M", "--pids-limit", "-1", id, NULL).status, 0);
	AUTO_JSON json_t *update = called("SetUnitProperties");

	EQ_STR(json_string_value(json_array_get(update, 0)), name);
	CU_ASSERT(json_is_true(json_array_get(update, 1)));
	EQ_STR(property(json_array_get(update, 2), v2 ? "MemoryMax" : "MemoryLimit"),
	       "[\"t\",33554432]");
	EQ_STR(property(json_array_get(update, 2), "TasksMax"), "[\"t\",\"infinity\"]");
	EQ_INT((long)json_array_size(json_array_get(update, 2)), 2);
	stop();
	AUTO_JSON json_t *stopped = called("StopUnit");

	EQ_STR(json_string_value(json_array_get(stopped, 0)), name);
	EQ_INT((long)count_calls("ResetFailedUnit"), 1);
	end();
	NO_UNIT_LEFT();
}

#define MINIMUM "[\"char-*\",\"m\"],[\"block-*\",\"m\"],[\"/dev/char/1:3\",\"rwm\"]," \
	"[\"/dev/char/1:5\",\"rwm\"],[\"/dev/char/1:7\",\"rwm\"],[\"/dev/char/1:8\",\"rwm\"]," \
	"[\"/dev/char/1:9\",\"rwm\"],[\"/dev/char/5:0\",\"rwm\"],[\"/dev/char/5:1\",\"rwm\"]," \
	"[\"/dev/char/5:2\",\"rwm\"],[\"char-136\",\"rwm\"]"

static void devices(void)
{
	static const struct {
		const char *rules, *policy, *list; /* the list without what all have */
	} cases[] = {
		{ "[]", "strict", "" },
		{ "[{'allow': false, 'access': 'rwm'}]", "strict", "" },
		{ "[{'allow': true, 'access': 'rwm'}]", "auto", NULL },
		{ "[{'allow': true, 'type': 'c', 'major': 10, 'minor': 229, 'access': 'wr'}]", "strict",
		  "[\"/dev/char/10:229\",\"rw\"]," },
		{ "[{'allow': true, 'type': 'b', 'major': 7, 'access': 'r'}]", "strict",
		  "[\"block-7\",\"r\"]," },
		{ "[{'allow': true, 'major': 9, 'minor': 9, 'access': 'r'}]", "strict",
		  "[\"/dev/block/9:9\",\"r\"],[\"/dev/char/9:9\",\"r\"]," },
		/* Once more, and a part of it taken back. */
		{ "[{'allow': true, 'type': 'c', 'major': 10, 'minor': 1, 'access': 'r'}, "
		  "{'allow': true, 'type': 'c', 'major': 10, 'minor': 1, 'access': 'wm'}, "
		  "{'allow': false, 'type': 'c', 'major': 10, 'access': 'm'}]", "strict",
		  "[\"/dev/char/10:1\",\"rw\"]," },
		/* What came before counts no more. */
		{ "[{'allow': true, 'type': 'c', 'major': 10, 'minor': 1, 'access': 'r'}, "
		  "{'allow': false, 'access': 'rwm'}]", "strict", "" },
	};

	if (skipped())
		return;
	begin("");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_FREE char *policy = xasprintf("[\"s\",\"%s\"]", cases[i].policy);
		AUTO_FREE char *list = xasprintf("[\"a(ss)\",[%s%s]]", cases[i].list ? cases[i].list : "",
						 cases[i].list ? MINIMUM : "");
		json_t *config = sleeper();

		set(config, "linux.resources.devices", "%s", cases[i].rules);
		EQ_INT(create(config).status, 0);
		EQ_STR(asked("DevicePolicy"), policy);
		EQ_STR(asked("DeviceAllow"), list);
		stop();
	}
	end();
	NO_UNIT_LEFT();
}

/* ---- limits of version 2 ------------------------------------------------- */

/* Only version 2: show this process nothing else. */
static bool only_v2(void)
{
	return cgroup_v2() ||
	       (!unshare(CLONE_NEWNS) && !umount2("/sys/fs/cgroup", MNT_DETACH) &&
		!mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL) && cgroup_v2());
}

/* In a process of its own: have the limits changed to `resources`. */
static int change_limits(const char *resources, bool quiet)
{
	struct runc_unit unit = { .name = (char *)"x.scope" };
	struct runc_resources r;
	AUTO_JSON json_t *config = json_object();
	struct err err = { .msg = "" };

	set(config, "resources", "%s", resources);
	if (!only_v2())
		return 77;
	if (!runc_config_resources(&r, json_object_get(config, "resources"), "resources", &err) &&
	    !runc_systemd_update(&unit, &r.limits, &err))
		return 0;
	if (!quiet)
		fprintf(stderr, "\n%s: %s\n", resources, err.msg);
	return 1;
}

/* The properties that are then set, as compact JSON. New. */
static char *changed(const char *resources, int want)
{
	AUTO_JSON json_t *args = NULL;
	int status;

	unlink(calls);
	fflush(NULL);
	pid_t pid = fork();

	if (!pid)
		_exit(change_limits(resources, want));
	waitpid(pid, &status, 0);
	EQ_INT(WEXITSTATUS(status), want);
	args = called("SetUnitProperties");
	return args ? jsonx_text(json_array_get(args, 2)) : xstrdup("");
}

/* Numbers that are not plain come from runc's documentation and its own tests. */
static void limits_of_v2(void)
{
	static const struct {
		const char *resources, *properties;
	} cases[] = {
		{ "{}", "[]" },
		{ "{'memory': {'limit': 1048576, 'reservation': 4096, 'swap': 3145728}}",
		  "[['MemoryMax',['t',1048576]],['MemoryLow',['t',4096]],['MemorySwapMax',['t',2097152]]]" },
		{ "{'memory': {'limit': 1048576, 'swap': 1048576}}",
		  "[['MemoryMax',['t',1048576]],['MemorySwapMax',['t',0]]]" },
		{ "{'memory': {'limit': -1}}",
		  "[['MemoryMax',['t','infinity']],['MemorySwapMax',['t','infinity']]]" },
		{ "{'pids': {'limit': -1}}", "[['TasksMax',['t','infinity']]]" },
		{ "{'cpu': {'shares': 1024}}", "[['CPUWeight',['t',100]]]" },
		{ "{'cpu': {'shares': 262144}}", "[['CPUWeight',['t',10000]]]" },
		{ "{'cpu': {'idle': 1}}", "[['CPUWeight',['t',0]]]" },
		{ "{'cpu': {'idle': 1, 'shares': 1024}}", "[['CPUWeight',['t',0]]]" },
		{ "{'cpu': {'idle': 0}}", "[['CPUWeight',['t','infinity']]]" },
		{ "{'cpu': {'idle': 0, 'shares': 1024}}", "[['CPUWeight',['t',100]]]" },
		{ "{'cpu': {'quota': 500000, 'period': 900000}}",
		  "[['CPUQuotaPeriodUSec',['t',900000]],['CPUQuotaPerSecUSec',['t',560000]]]" },
		{ "{'cpu': {'quota': -1}}", "[['CPUQuotaPerSecUSec',['t','infinity']]]" },
		{ "{'cpu': {'period': 50000}}",
		  "[['CPUQuotaPeriodUSec',['t',50000]],['CPUQuotaPerSecUSec',['t','infinity']]]" },
		{ "{'cpu': {'cpus': '0-2,9', 'mems': '1'}}",
		  "[['AllowedCPUs',['ay',[7,2]]],['AllowedMemoryNodes',['ay',[2]]]]" },
		{ "{'blockIO': {'weight': 750}}", "[['IOWeight',['t',7475]]]" },
		{ "{'unified': {'memory.high': '20971520', 'memory.min': 'max', 'pids.max': ' 99\\n'}}",
		  "[['MemoryHigh',['t',20971520]],['MemoryMin',['t','infinity']],['TasksMax',['t',99]]]" },
		{ "{'unified': {'cpu.max': '10000 100000'}}",
		  "[['CPUQuotaPeriodUSec',['t',100000]],['CPUQuotaPerSecUSec',['t',100000]]]" },
		{ "{'unified': {'cpu.max': 'max'}}",
		  "[['CPUQuotaPeriodUSec',['t',100000]],['CPUQuotaPerSecUSec',['t','infinity']]]" },
		{ "{'unified': {'cpu.weight': '42', 'cpuset.cpus': '1'}}",
		  "[['CPUWeight',['t',42]],['AllowedCPUs',['ay',[2]]]]" },
		{ "{'unified': {'cpu.idle': '1', 'cpu.weight': '42'}}", "[['CPUWeight',['t',0]]]" },
		{ "{'unified': {'cpu.idle': '0'}}", "[['CPUWeight',['t','infinity']]]" },
		{ "{'unified': {'memory.oom.group': '1', 'io.max': '8:0 riops=5'}}", "[]" },
	};
	static const char *const bad[] = {
		"{'unified': {'memory.max': 'lots'}}", "{'unified': {'memory.max': '1 2'}}",
		"{'unified': {'memory.max': ''}}", "{'unified': {'cpu.max': '1 2 3'}}",
		"{'unified': {'cpuset.cpus': 'x'}}", "{'unified': {'pids.max': '-1'}}",
	};

	if (skipped())
		return;
	begin("");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_FREE char *got = changed(cases[i].resources, 0);

		for (char *p = got; (p = strchr(p, '"')); )
			*p = '\'';
		EQ_STR(got, cases[i].properties);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO_FREE char *got = changed(bad[i], 1);

		EQ_STR(got, "");
	}
	end();
}

/* systemd 239 has no AllowedCPUs and no CPUQuotaPeriodUSec; the files get both. */
static void old_systemd(void)
{
	json_t *config = sleeper();

	if (skipped()) {
		json_decref(config);
		return;
	}
	begin("old");
	set(config, "linux.resources.cpu", "{'quota': 5000, 'period': 50000, 'cpus': '0'}");
	EQ_INT(create(config).status, 0);
	EQ_STR(asked("CPUQuotaPerSecUSec"), "[\"t\",100000]");
	EQ_STR(asked("CPUQuotaPeriodUSec"), "");
	EQ_STR(asked("AllowedCPUs"), "");
	stop();
	end();
	NO_UNIT_LEFT();
}

/* ---- what cannot be asked ------------------------------------------------ */

static void refused_before(void)
{
	static const struct {
		const char *path, *value, *words;
	} cases[] = {
		{ "linux.cgroupsPath", "'/docker/x'", "expected cgroupsPath to be of format "
		  "\"slice:prefix:name\" for systemd cgroups, got \"/docker/x\" instead" },
		{ "linux.cgroupsPath", "'a:b:c'", "invalid slice name: a" },
		{ "annotations", "{'org.systemd.property.A1': '1'}",
		  "annotation org.systemd.property.A1 name incorrect: contains non-alphabetic character" },
		{ "annotations", "{'org.systemd.property.Ab': '1'}", "name incorrect: too short" },
		{ "annotations", "{'org.systemd.property.TasksMax': 'uint64'}",
		  "annotation org.systemd.property.TasksMax=uint64 value parse error: it ends too early" },
		{ "annotations", "{'org.systemd.property.TimeoutStopSec': 'true'}",
		  "annotation org.systemd.property.TimeoutStopSec=true value parse error: not a number" },
		{ "linux.resources.cpu", "{'cpus': '3-1'}", "'3-1' is not a list of numbers and ranges" },
	};

	if (skipped())
		return;
	begin("");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *config = sleeper();

		set(config, cases[i].path, "%s", cases[i].value);
		FAILS(create(config), 1, cases[i].words);
	}
	EQ_INT((long)count_calls("StartTransientUnit"), 0);
	end();
	NO_UNIT_LEFT();
}

static void no_systemd(void)
{
	static const char words[] = "systemd not running on this host, cannot use systemd cgroups manager";

	if (skipped())
		return;
	begin("");
	EQ_INT(rmdir("/run/systemd/system"), 0);
	FAILS(create(sleeper()), 1, words);
	EQ_INT(runc("--systemd-cgroup", "list", NULL).status, 0);
	EQ_INT((long)count_calls("Hello"), 0);
	EQ_INT(mkdir("/run/systemd/system", 0755), 0);
	end();
	NO_UNIT_LEFT();
}

/* ---- bad answers --------------------------------------------------------- */

static void bad_answers(void)
{
	static const struct {
		const char *mode, *words;
		bool begun; /* there may be something to stop */
	} cases[] = {
		{ "refuse", "failed to connect to dbus: ", false },
		{ "silent", "timed out waiting for an answer over D-Bus", false },
		{ "denied", "scope\": Permission denied", false },
		{ "taken", "already exists.", false },
		{ "mute", "StartTransientUnit: timed out waiting", false },
		{ "hangup", "StartTransientUnit: D-Bus has closed the connection", false },
		{ "garbage", "malformed D-Bus message: this is not how one begins", false },
		{ "huge", "malformed D-Bus message: it is too long", false },
		{ "short", "D-Bus has closed the connection", false },
		{ "lie", "malformed D-Bus message: an answer has less in it than it says", true },
		{ "nojob", "the end of systemd's job: timed out", true },
		{ "failed", "systemd's job ended with 'failed'", true },
	};

	if (skipped())
		return;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct result r;

		begin(cases[i].mode);
		r = create(sleeper());
		FAILS(r, 1, cases[i].words);
		if (strcmp(cases[i].mode, "refuse") && strcmp(cases[i].mode, "silent"))
			HAS(r.err, "unable to apply cgroup configuration: unable to start unit \"unit-");
		EQ_INT((long)count_calls("StopUnit"), cases[i].begun);
		end();
		NO_UNIT_LEFT();
	}
}

static void bad_addresses(void)
{
	static const struct {
		const char *address, *words;
	} cases[] = {
		{ "unix:path=/nonexistent/bus", "connect to D-Bus at /nonexistent/bus: No such file" },
		{ "tcp:host=localhost", "'tcp:host=localhost' is not the address of a unix socket" },
		{ "unix:path=", "'' is no name of a socket" },
		{ "nonsense", "'nonsense' is not the address of a unix socket" },
		{ ";", "no address is given" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		setenv("DBUS_SYSTEM_BUS_ADDRESS", cases[i].address, 1);
		FAILS(create(sleeper()), 1, cases[i].words);
	}
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
	FAILS(create(sleeper()), 1, "connect to D-Bus at /run/dbus/system_bus_socket: No such file");
	NO_UNIT_LEFT();
}

/* Of several addresses the first that answers; %XX is a byte. */
static void address_lists(void)
{
	if (skipped())
		return;
	begin("");
	AUTO_FREE char *list = xasprintf("unix:path=/nonexistent;unix:guid=1,path=%s%%2fbus,x=y", test_dir);

	setenv("DBUS_SYSTEM_BUS_ADDRESS", list, 1);
	EQ_INT(create(sleeper()).status, 0);
	stop();
	end();
	NO_UNIT_LEFT();
}

/* Signals for others, and ours before its answer. */
static void early_signals(void)
{
	if (skipped())
		return;
	begin("early");
	EQ_INT(create(sleeper()).status, 0);
	EQ_STR(status_of(), "created");
	stop();
	end();
	NO_UNIT_LEFT();
}

static void failed_unit_of_that_name(void)
{
	if (skipped())
		return;
	begin("exists");
	EQ_INT(create(sleeper()).status, 0);
	EQ_INT((long)count_calls("ResetFailedUnit"), 1);
	EQ_INT((long)count_calls("StartTransientUnit"), 2);
	stop();
	end();
	NO_UNIT_LEFT();
}

static void taken_group(void)
{
	AUTO_JSON json_t *second = NULL;
	char first[64];

	if (skipped())
		return;
	begin("");
	AUTO_JSON json_t *config = sleeper();

	EQ_INT(runc("--systemd-cgroup", "create", "--bundle", bundle(config), id, NULL).status, 0);
	snprintf(first, sizeof first, "%s", id);
	second = json_deep_copy(config);
	FAILS(runc("--systemd-cgroup", "create", "--bundle", bundle(second), new_id(), NULL), 1,
	      "is not empty: 1 process");
	EQ_INT((long)count_calls("StartTransientUnit"), 1);
	snprintf(id, sizeof id, "%s", first);
	EQ_STR(status_of(), "created");
	stop();
	end();
	NO_UNIT_LEFT();
}

/* On version 1 systemd denies all devices for a moment, whatever limit it is told: nobody
 * runs then. A container that was paused before stays so. */
static void frozen_for_update(void)
{
	if (skipped())
		return;
	if (access("/sys/fs/cgroup/freezer/tasks", F_OK)) {
		puts("\n    SKIP: there is no freezer of version 1");
		return;
	}
	begin("");
	EQ_INT(create(sleeper()).status, 0);
	EQ_INT(runc("start", id, NULL).status, 0);
	for (int paused = 0; paused < 2; paused++) {
		EQ_INT(runc("update", "--pids-limit", "20", id, NULL).status, 0);
		AUTO_JSON json_t *states = called("frozen");

		EQ_INT((long)json_array_size(states), 1);
		EQ_STR(json_string_value(json_array_get(states, 0)), "FROZEN");
		EQ_STR(status_of(), paused ? "paused" : "running");
		EQ_INT(runc(paused ? "resume" : "pause", id, NULL).status, 0);
	}
	stop();
	end();
	NO_UNIT_LEFT();
}

/* ---- delete -------------------------------------------------------------- */

/* The scope has ended with its last process; systemd is gone; systemd is busy. */
static void deleting(void)
{
	if (skipped())
		return;
	begin("nounit");
	EQ_INT(create(sleeper()).status, 0);
	stop();
	EQ_INT(create(sleeper()).status, 0);
	end();
	stop();
	NO_UNIT_LEFT();
	begin("stuck");
	EQ_INT(create(sleeper()).status, 0);
	FAILS(runc("delete", "--force", id, NULL), 1, "timed out");
	EQ_STR(status_of(), "stopped");
	end();
	begin("");
	stop();
	end();
	NO_UNIT_LEFT();
}

/* A runtime that is killed while systemd is at it leaves what `delete --force` finds. */
static void killed_runtime(void)
{
	const struct timespec moment = { .tv_nsec = 20 * 1000 * 1000 };
	AUTO_JSON json_t *config = NULL;
	pid_t pid;

	if (skipped())
		return;
	begin("nojob");
	setenv("SYSTEMD_BUS_TIMEOUT", "60", 1);
	config = sleeper();
	AUTO_FREE char *root = xasprintf("%s/runc", test_dir);
	const char *dir = bundle(config);

	fflush(NULL);
	pid = fork();
	if (!pid) {
		execl(runc_path, "runc", "--root", root, "--systemd-cgroup", "create", "-b", dir, id, NULL);
		_exit(127);
	}
	for (int i = 0; i < 250 && !count_calls("StartTransientUnit"); i++)
		nanosleep(&moment, NULL);
	nanosleep(&moment, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	end();
	EQ_STR(status_of(), "stopped");
	begin("");
	stop();
	EQ_INT((long)count_calls("StopUnit"), 1);
	end();
	NO_UNIT_LEFT();
}

/* ---- a user's own systemd ------------------------------------------------ */

/* In a process of its own (users can be given nothing but version 2): as user 1000, or as root of a user namespace that is the
 * user's, have a unit made around us. Its exit status says what went wrong. */
static int as_user(bool namespace)
{
	struct runc_systemd s = RUNC_SYSTEMD_INIT;
	struct runc_config config = { .version = "1.0.0" };
	AUTO_FREE char *cgroup = NULL;
	struct err err = { .msg = "" };

	kern_cgroup_limits_init(&config.resources.limits);
	if (!only_v2())
		return 77;
	if (setgid(1000) || setuid(1000) || (namespace && unshare(CLONE_NEWUSER)))
		return 78;
	if (namespace) {
		prctl(PR_SET_DUMPABLE, 1); /* as it was before setuid: else /proc/self is root's */
		write_file("/proc/self", "uid_map", "0 1000 1\n");
		setenv("ROOTLESSKIT_PARENT_EUID", "1000", 1);
	}
	if (!runc_systemd_is_users(true) || runc_systemd_prepare(&s, &config, id, true, &err) ||
	    runc_systemd_start(&s, getpid(), &err)) {
		fprintf(stderr, "\n%s\n", err.msg);
		return 1;
	}
	cgroup = xasprintf("0::%s\n", s.cgroup);
	runc_systemd_free(&s);
	return in_group(getpid(), cgroup) ? 0 : 2;
}

static void users_systemd(void)
{
	int status;

	if (skipped())
		return;
	for (int namespace = 0; namespace < 2; namespace++) {
		begin("user");
		setenv("DBUS_SESSION_BUS_ADDRESS", getenv("DBUS_SYSTEM_BUS_ADDRESS"), 1);
		unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
		new_id();
		fflush(NULL);
		pid_t pid = fork();

		if (!pid)
			_exit(as_user(namespace));
		waitpid(pid, &status, 0);
		EQ_INT(WEXITSTATUS(status), 0);
		EQ_STR(asked("Slice"), "[\"s\",\"user.slice\"]");
		unsetenv("DBUS_SESSION_BUS_ADDRESS");
		end();
	}
}

/* ---- restore ------------------------------------------------------------- */

static struct result restore(json_t *config, const char *images)
{
	AUTO_JSON json_t *owned = config;

	return runc("--systemd-cgroup", "restore", "-d", "--bundle", bundle(owned), "--image-path",
		    images, id, NULL);
}

/* The unit is made around the process that becomes criu, and what criu makes is in it too. */
static void restored(void)
{
	AUTO_FREE char *images = xasprintf("%s/images", test_dir), *unit = NULL;
	struct err ignored;

	if (skipped())
		return;
	CU_ASSERT_FATAL(!fake_criu_on());
	mkdir(images, 0700);
	write_file(images, "descriptors.json", "[\"\", \"\", \"\"]");
	begin("");
	EQ_INT(restore(sleeper(), images).status, 0);
	unit = xasprintf("unit-%s.scope", id);
	EQ_INT((long)count_calls("StartTransientUnit"), 1);
	EQ_STR(status_of(), "running");
	CU_ASSERT(in_group(pid_of(), unit));
	stop();
	EQ_INT((long)count_calls("StopUnit"), 1);
	/* One that fails late, and one that systemd refuses. */
	setenv("FAKE_CRIU", "fail", 1);
	FAILS(restore(sleeper(), images), 1, "criu failed: type RESTORE");
	EQ_INT((long)count_calls("StopUnit"), 2);
	end();
	NO_UNIT_LEFT();
	begin("denied");
	FAILS(restore(sleeper(), images), 1, "unable to start unit");
	end();
	NO_UNIT_LEFT();
	file_remove_tree(AT_FDCWD, images, &ignored);
	fake_criu_off();
}

/* Where the bus is, when nobody says it in so many words. */
static void users_bus(void)
{
	struct runc_dbus bus;
	struct err err;

	setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
	EQ_INT(runc_systemd_connect(&bus, true, &err), -1);
	HAS(err.msg, "cannot find the user's D-Bus");
	if (!skipped()) {
		begin("user");
		setenv("XDG_RUNTIME_DIR", test_dir, 1);
		EQ_INT(runc_systemd_connect(&bus, true, &err), 0);
		runc_dbus_close(&bus);
		end();
	}
	unsetenv("XDG_RUNTIME_DIR");
}

CU_TestInfo systemd_tests[] = {
	{ "names of units", names },
	{ "quotas", quotas },
	{ "features", features },
	{ "create, update and delete", requests },
	{ "device rules", devices },
	{ "limits of version 2", limits_of_v2 },
	{ "an old systemd", old_systemd },
	{ "refused before anything is made", refused_before },
	{ "no systemd", no_systemd },
	{ "bad answers", bad_answers },
	{ "bad addresses", bad_addresses },
	{ "lists of addresses", address_lists },
	{ "signals before the answer", early_signals },
	{ "a failed unit of the same name", failed_unit_of_that_name },
	{ "a group with processes", taken_group },
	{ "frozen for an update", frozen_for_update },
	{ "delete", deleting },
	{ "a runtime that was killed", killed_runtime },
	{ "restore", restored },
	{ "a user's own systemd", users_systemd },
	{ "a user's bus", users_bus },
	CU_TEST_INFO_NULL,
};
