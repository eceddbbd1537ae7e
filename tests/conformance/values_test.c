/*
 * values_test.c - "Valid values" in config.md: each of these is refused, and
 * nothing is made for it.
 */
#include "conform.h"

static const struct { const char *path, *value; } wrong[] = {
	{ "process", "'sh'" },
	{ "process.terminal", "'yes'" },
	{ "process.args", "'sh'" },
	{ "process.args", "[1]" },
	{ "process.env", "{'PATH': '/bin'}" },
	{ "process.cwd", "7" },
	{ "process.user.uid", "-1" },
	{ "process.user.uid", "'root'" },
	{ "process.user.additionalGids", "['wheel']" },
	{ "process.capabilities", "['CAP_KILL']" },
	{ "process.capabilities.bounding", "'CAP_KILL'" },
	{ "process.noNewPrivileges", "'true'" },
	{ "process.oomScoreAdj", "'high'" },
	{ "process.rlimits", "{}" },
	{ "root", "'rootfs'" },
	{ "root.readonly", "'true'" },
	{ "hostname", "1" },
	{ "mounts", "{}" },
	{ "mounts", "['/proc']" },
	{ "hooks", "[]" },
	{ "hooks.prestart", "{}" },
	{ "linux", "[]" },
	{ "linux.namespaces", "{'type': 'pid'}" },
	{ "linux.namespaces", "['pid']" },
	{ "linux.devices", "{}" },
	{ "linux.devices", "[{'path': '/dev/x', 'type': 'z', 'major': 1, 'minor': 3}]" },
	{ "linux.maskedPaths", "'/proc/keys'" },
	{ "linux.readonlyPaths", "[1]" },
	{ "linux.cgroupsPath", "1" },
	{ "linux.rootfsPropagation", "'both'" },
	{ "linux.resources", "[]" },
	{ "linux.resources.memory", "{'limit': 'all'}" },
	{ "linux.resources.pids", "{'limit': '5'}" },
	{ "linux.resources.cpu", "{'shares': -1}" },
	{ "linux.sysctl", "{'kernel.shmmni': 77}" },
	{ "linux.seccomp", "{'defaultAction': 'SCMP_ACT_MAYBE'}" },
};

PROVES(invalid_values,
	{ "config.md#valid-values", MUST, "A value of the wrong type or outside the valid ones is an error." },
	{ "runtime.md#errors", MUST, "After an error everything is as if the operation had not been tried: no container, no process, no mount, no cgroup." },
	{ "runtime.md#create", MUST, "When a property cannot be applied, `create` fails and there is no new container." });
static void invalid_values(void)
{
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *config = sleeper();

		set(config, wrong[i].path, "%s", wrong[i].value);
		refused(config, wrong[i].path, (int)i);
	}
}

PROVES(late_failures,
	{ "runtime.md#lifecycle", MUST, "When the environment that config.json describes cannot be made, that is an error." },
	{ "runtime.md#errors", MUST, "That holds too where the failure comes late, after namespaces, cgroup and mounts were made." });
static void late_failures(void)
{
	json_t *config = sleeper();

	append(config, "mounts", "{'destination': '/data', 'type': 'no-such-file-system'}");
	REFUSED(config);
	config = sleeper();
	append(config, "mounts", "{'destination': '/data', 'source': '%s/nowhere', 'options': ['bind']}",
	       test_dir);
	REFUSED(config);
	config = sleeper();
	set(config, "linux.sysctl", "{'net.no.such.key': '1'}");
	REFUSED(config);
	config = sleeper();
	set(config, "process.args", "['no-such-program']");
	REFUSED(config);
}

const struct test value_rules[] = {
	TEST(invalid_values, CRUN_DIFFERS = "most properties of a wrong JSON type are ignored"),
	TEST(late_failures),
	{ NULL },
};
