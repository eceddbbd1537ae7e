/*
 * config_test.c - config.json: what is read, and what is refused with the path
 * of the property that is wrong.
 */
#include "suite.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "02-runc/config.h"

/* Each row is one change to a good document, and the complaint about it. */
static const struct { const char *path, *value, *complaint; } broken[] = {
	{ "ociVersion", "null", "ociVersion: required" },
	{ "ociVersion", "'2.0.0'", "ociVersion: version 2.0.0" },
	{ "ociVersion", "'x'", "ociVersion: 'x' is not a version" },
	{ "root", "null", "root: required" },
	{ "root.path", "''", "root.path: required" },
	{ "root.readonly", "1", "root.readonly: expected true or false" },
	{ "hostname", "5", "hostname: expected a string" },
	{ "annotations", "{'a': 1}", "annotations[\"a\"]: expected a string" },
	{ "process", "[]", "process: expected an object" },
	{ "process.args", "[]", "process.args: required" },
	{ "process.args", "['sh', 1]", "process.args[1]: expected a string" },
	{ "process.args", "null", "process.args: required" },
	{ "process.env", "['A=1', 'B']", "process.env[1]: invalid environment variable: \"B\"" },
	{ "process.cwd", "'tmp'", "process.cwd: 'tmp' is not an absolute path" },
	{ "process.cwd", "null", "process.cwd: required" },
	{ "process.user.uid", "-1", "process.user.uid: -1 is not within" },
	{ "process.user.additionalGids", "['x']", "process.user.additionalGids[0]: expected a group" },
	{ "process.user.umask", "512", "process.user.umask: 512 is not within" },
	{ "process.capabilities.bounding", "'CAP_KILL'", "process.capabilities.bounding: expected an array" },
	{ "process.rlimits", "[{'type': 'RLIMIT_NOFILE', 'soft': 1, 'hard': 1},"
	  "{'type': 'RLIMIT_X', 'soft': 1, 'hard': 1}]", "process.rlimits[1].type: 'RLIMIT_X'" },
	{ "process.rlimits", "[{'type': 'RLIMIT_CPU', 'soft': 1}]", "process.rlimits[0]: soft and hard" },
	{ "process.rlimits", "[{'type': 'RLIMIT_CPU', 'soft': -1, 'hard': 1}]",
	  "process.rlimits[0].soft: expected an integer within" },
	{ "process.rlimits", "[{'type': 'RLIMIT_CPU', 'soft': 1, 'hard': 1},"
	  "{'type': 'RLIMIT_CPU', 'soft': 1, 'hard': 1}]", "process.rlimits[1]: RLIMIT_CPU is given twice" },
	{ "process.oomScoreAdj", "1001", "process.oomScoreAdj: 1001 is not within -1000..1000" },
	{ "mounts", "[{'destination': '/a', 'type': 'tmpfs', 'options': ['ro', 7]}]",
	  "mounts[0].options[1]: expected a string" },
	{ "mounts", "[{'type': 'tmpfs'}]", "mounts[0].destination: required" },
	{ "mounts", "[{'destination': '/a'}]", "mounts[0].type: required" },
	{ "mounts", "[{'destination': '/a', 'type': 'bind'}]", "mounts[0].source: required" },
	{ "mounts", "[{'destination': '/a', 'source': '/b', 'options': ['bind', 'idmap']}]",
	  "mounts[0]: id-mapped mounts must have both uid and gid mappings" },
	{ "mounts", "[{'destination': '/proc/self', 'type': 'tmpfs'}]", "mounts[0].destination: '/proc/self'" },
	{ "hooks.prestart", "[{'path': 'x'}]", "hooks.prestart[0].path: 'x' is not an absolute" },
	{ "hooks.poststop", "[{'path': '/x', 'timeout': 0}]", "hooks.poststop[0].timeout: 0 is not within" },
	{ "linux", "null", "linux: required" },
	{ "linux.namespaces", "[{'type': 'uts'}]", "unable to restrict sys entries without a private MNT" },
	{ "linux.namespaces", "[{'type': 'nope'}]", "linux.namespaces[0].type: there is no namespace" },
	{ "linux.namespaces", "[{'type': 'pid'}, {'type': 'pid'}]", "linux.namespaces[1]: the pid namespace is given twice" },
	{ "linux.namespaces", "[{'type': 'pid', 'path': 'x'}]", "linux.namespaces[0].path: 'x' is not an absolute" },
	{ "linux.namespaces", "[{'type': 'user'}]", "hostname: unable to set hostname without" },
	{ "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}, {'type': 'user'}]",
	  "linux.uidMappings, linux.gidMappings: a new user namespace needs" },
	{ "linux.uidMappings", "[{'hostID': 1}]", "linux.uidMappings[0]: containerID, hostID and size" },
	{ "linux.uidMappings", "[{'hostID': 1, 'containerID': 0, 'size': 0}]", "linux.uidMappings[0].size: 0" },
	{ "linux.uidMappings", "[{'hostID': 1, 'containerID': 0, 'size': 1}]",
	  "user namespace isn't enabled in the config" },
	{ "linux.timeOffsets", "{'monotonic': {'secs': 1}}", "time namespace isn't enabled in the config" },
	{ "linux.timeOffsets", "{'realtime': {'secs': 1}}", "linux.timeOffsets.realtime: there is no such" },
	{ "linux.timeOffsets", "{'boottime': {'nanosecs': -1}}", "linux.timeOffsets.boottime.nanosecs: -1" },
	{ "mounts", "[{'destination': '/a', 'type': 'tmpfs', 'options': ['idmap']}]",
	  "mounts[0]: id-mapped mounts are only supported for bind-mounts" },
	{ "mounts", "[{'destination': '/a', 'source': '/b', 'options': ['bind', 'size=1']}]",
	  "mounts[0].options: bind mounts cannot have any filesystem-specific options applied: size=1" },
	{ "linux.sysctl", "{'net.x': 1}", "linux.sysctl[\"net.x\"]: expected a string" },
	{ "linux.rootfsPropagation", "'x'", "linux.rootfsPropagation: 'x' is not a propagation" },
	{ "linux.devices", "[{'path': '/dev/x', 'type': 'q'}]", "linux.devices[0].type: 'q'" },
	{ "linux.maskedPaths", "[1]", "linux.maskedPaths[0]: expected a string" },
	{ "linux.personality", "{'domain': 'X'}", "linux.personality.domain: 'X'" },
	{ "linux.resources.devices", "[{'allow': true, 'access': 'rx'}]", "linux.resources.devices[0].access: 'rx'" },
	{ "linux.resources.memory", "{'limit': 'x'}", "linux.resources.memory.limit: expected an integer" },
	{ "linux.resources.memory", "{'limit': -2}", "linux.resources.memory.limit: -2 is not within" },
};

static void broken_documents(void)
{
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct runc_config c;
		struct err err = { .msg = "" };
		json_t *doc = spec();

		set(doc, broken[i].path, "%s", broken[i].value);
		if (!runc_config_parse(&c, doc, &err)) {
			fprintf(stderr, "\naccepted: %s = %s\n", broken[i].path, broken[i].value);
			runc_config_free(&c);
		}
		HAS(err.msg, broken[i].complaint);
	}
}

static void a_good_document(void)
{
	AUTO_CONFIG struct runc_config c = { .doc = NULL };
	struct err err;
	json_t *doc = spec();

	set(doc, "process.user", "{'uid': 5, 'gid': 6, 'additionalGids': [7, 8], 'umask': 63}");
	set(doc, "process.env", "['A=1']");
	set(doc, "process.oomScoreAdj", "0");
	set(doc, "hooks.poststart", "[{'path': '/h', 'args': ['h', 'x'], 'timeout': 3}]");
	set(doc, "linux.resources.memory", "{'limit': 1048576, 'swap': -1, 'reservation': 0}");
	set(doc, "nobodyKnowsThis", "{'x': [1]}");
	if (runc_config_parse(&c, doc, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		CU_FAIL_FATAL("a good document is refused");
	}
	EQ_INT(c.process.uid, 5);
	EQ_INT(c.process.gid, 6);
	EQ_INT((long)c.process.n_gids, 2);
	EQ_INT(c.process.gids[1], 8);
	EQ_INT(c.process.umask, 077);
	EQ_STR(c.process.env[0], "A=1");
	CU_ASSERT(c.process.has_oom_score_adj && c.process.oom_score_adj == 0);
	EQ_INT((long)c.n_ns, 6);
	EQ_INT((long)c.hooks[HOOK_POSTSTART].n, 1);
	EQ_STR(c.hooks[HOOK_POSTSTART].v[0].args[1], "x");
	EQ_INT(c.hooks[HOOK_POSTSTART].v[0].timeout, 3);
	EQ_INT(c.resources.limits.memory, 1048576);
	EQ_INT(c.resources.limits.memory_swap, -1);
	CU_ASSERT(c.resources.limits.memory_reservation == KERN_CGROUP_UNSET);
	CU_ASSERT(c.process.caps.inheritable == 0);
}

/* Docker writes RLIM_INFINITY as 2^64-1, which is no JSON integer to jansson. */
static void big_numbers(void)
{
	AUTO_CONFIG struct runc_config c = { .doc = NULL };
	AUTO_JSON json_t *doc = spec();
	AUTO_FREE char *path = NULL, *text = NULL;
	struct err err;
	char *p;

	set(doc, "process.rlimits", "[{'type': 'RLIMIT_CORE', 'soft': 1111, 'hard': 2222}]");
	set(doc, "linux.resources.memory", "{'limit': 9223372036854771712}");
	set(doc, "annotations", "{'digits': '18446744073709551615 in a string'}");
	text = jsonx_text(doc);
	p = strstr(text, "2222");
	path = xasprintf("%.*s18446744073709551615%s", (int)(p - text), text, p + 4);
	write_file(test_dir, "big.json", path);
	free(path);
	path = xasprintf("%s/big.json", test_dir);
	CU_ASSERT_FATAL(!runc_config_load(&c, AT_FDCWD, path, &err));
	CU_ASSERT(c.process.rlimits[0].hard == UINT64_MAX);
	EQ_INT((long)c.process.rlimits[0].soft, 1111);
	EQ_INT(c.resources.limits.memory, 9223372036854771712);
	EQ_STR(jsonx_str(c.annotations, "digits", ""), "18446744073709551615 in a string");
}

static void not_json(void)
{
	AUTO_FREE char *path = xasprintf("%s/bad.json", test_dir);
	struct runc_config c;
	struct err err;

	write_file(test_dir, "bad.json", "{ \"ociVersion\": \"1.0.2\",\n  oops }");
	CU_ASSERT(runc_config_load(&c, AT_FDCWD, path, &err));
	HAS(err.msg, "bad.json: line 2");
	write_file(test_dir, "bad.json", "{ \"a\": 1, \"a\": 2 }");
	CU_ASSERT(runc_config_load(&c, AT_FDCWD, path, &err));
	HAS(err.msg, "duplicate");
	write_file(test_dir, "bad.json", "[1]");
	CU_ASSERT(runc_config_load(&c, AT_FDCWD, path, &err));
	HAS(err.msg, "expected an object");
	unlink(path);
	CU_ASSERT(runc_config_load(&c, AT_FDCWD, path, &err));
	EQ_INT(err.kind, ERR_NOT_FOUND);
}

CU_TestInfo config_tests[] = {
	{ "broken documents name the property", broken_documents },
	{ "a good document is read", a_good_document },
	{ "numbers above 2^63 are read", big_numbers },
	{ "what is not JSON is refused", not_json },
	CU_TEST_INFO_NULL,
};
