/*
 * test_spec.c - the specification of a container. Expected values: what dockerd 20.10
 * wrote into config.json for the same options, and its seccomp profile.
 */
#include "spec.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "suites.h"

static struct err err;

static json_t *image(void)
{
	return json_pack("{s:{s:[s], s:[s, s], s:[s, s], s:s, s:s}}", "config", "Entrypoint",
			 "/entry", "Cmd", "one", "two", "Env", "PATH=/image", "A=image", "WorkingDir",
			 "/work", "User", "www:audio");
}

static char *text_at(const json_t *doc, const char *path)
{
	return jsonx_text(jsonx_at(doc, path));
}

static void expect_at(const json_t *doc, const char *path, const char *want)
{
	AUTO_FREE char *got = text_at(doc, path);

	EXPECT_STR(got, want);
}

static void test_process(void)
{
	AUTO_JSON json_t *img = image(), *plain = NULL, *given = NULL, *bare = NULL;
	AUTO_STRLIST struct strlist args = STRLIST_INIT, env = STRLIST_INIT;
	struct ctrd_spec s;

	ctrd_spec_init(&s, "c");
	s.image = img;
	plain = ctrd_spec_build(&s, &err);
	expect_at(plain, "process.args", "[\"/entry\",\"one\",\"two\"]");
	expect_at(plain, "process.env", "[\"PATH=/image\",\"A=image\"]");
	expect_at(plain, "process.cwd", "\"/work\"");
	expect_at(plain, "process.terminal", "false");
	expect_at(plain, "root", "{\"path\":\"rootfs\",\"readonly\":false}");
	EXPECT_STR(ctrd_spec_image_user(img), "www:audio");

	strlist_add(&args, "three");
	strlist_add(&env, "A=given");
	strlist_add(&env, "B=new");
	s.args = &args;
	s.env = &env;
	s.cwd = "/elsewhere";
	s.terminal = s.readonly = true;
	s.hostname = "boat";
	given = ctrd_spec_build(&s, &err);
	expect_at(given, "process.args", "[\"/entry\",\"three\"]");
	expect_at(given, "process.env", "[\"PATH=/image\",\"TERM=xterm\",\"A=given\",\"B=new\"]");
	expect_at(given, "process.cwd", "\"/elsewhere\"");
	expect_at(given, "root.readonly", "true");
	expect_at(given, "hostname", "\"boat\"");

	ctrd_spec_init(&s, "c");
	CU_ASSERT_PTR_NULL(ctrd_spec_build(&s, &err));
	EXPECT_INT(err.kind, ERR_INVALID);
	s.args = &args;
	bare = ctrd_spec_build(&s, &err);
	expect_at(bare, "process.env",
		  "[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"]");
	expect_at(bare, "process.cwd", "\"/\"");
	EXPECT_STR(ctrd_spec_image_user(NULL), "");
}

static void expect_caps(const char *add, const char *drop, bool privileged, const char *want)
{
	AUTO_STRLIST struct strlist a = STRLIST_INIT, d = STRLIST_INIT;
	AUTO_JSON json_t *caps = NULL;
	AUTO_FREE char *text = NULL;

	if (add)
		strlist_add(&a, add);
	if (drop)
		strlist_add(&d, drop);
	caps = ctrd_spec_caps(&a, &d, privileged, &err);
	text = caps ? jsonx_text(caps) : xstrdup(err.msg);
	EXPECT_STR(text, want);
}

static void test_caps(void)
{
	/* docker run busybox grep CapBnd /proc/self/status: 00000000a80425fb */
	expect_caps(NULL, NULL, false,
		    "[\"CAP_CHOWN\",\"CAP_DAC_OVERRIDE\",\"CAP_FOWNER\",\"CAP_FSETID\",\"CAP_KILL\","
		    "\"CAP_SETGID\",\"CAP_SETUID\",\"CAP_SETPCAP\",\"CAP_NET_BIND_SERVICE\",\"CAP_NET_RAW\","
		    "\"CAP_SYS_CHROOT\",\"CAP_MKNOD\",\"CAP_AUDIT_WRITE\",\"CAP_SETFCAP\"]");
	expect_caps("NET_ADMIN", "all", false, "[\"CAP_NET_ADMIN\"]");
	expect_caps("cap_chown", "ALL", false, "[\"CAP_CHOWN\"]");
	expect_caps(NULL, "ALL", false, "[]");
	expect_caps("CAP_NONE", NULL, false, "unknown capability 'CAP_NONE'");
	{
		AUTO_JSON json_t *all = ctrd_spec_caps(NULL, NULL, true, &err);

		CU_ASSERT_TRUE(json_array_size(all) >= 38); /* CAP_LAST_CAP of Linux 4.x */
	}
}

/* The rule for `name`, borrowed: the n-th that lists it. */
static json_t *rule_for(const json_t *seccomp, const char *name, int n)
{
	json_t *rule, *v;
	size_t i, j;

	json_array_foreach(json_object_get(seccomp, "syscalls"), i, rule)
		json_array_foreach(json_object_get(rule, "names"), j, v)
			if (!strcmp(json_string_value(v), name) && n-- == 0)
				return rule;
	return NULL;
}

static void test_seccomp(void)
{
	static const char *const never[] = { "mount", "umount2", "setns", "unshare", "reboot", "swapon",
					     "init_module", "bpf", "keyctl", "add_key", "kexec_load",
					     "open_by_handle_at", "userfaultfd", "io_uring_setup",
					     "settimeofday", "acct", "perf_event_open", "iopl", NULL };
	static const char *const always[] = { "read", "execve", "ptrace", "openat2", "faccessat2",
					      "clock_gettime", "statx", "rseq", "chmod", "mknod", NULL };
	AUTO_JSON json_t *caps = json_pack("[s, s]", "CAP_CHOWN", "CAP_SYS_CHROOT");
	AUTO_JSON json_t *admin = json_pack("[s]", "CAP_SYS_ADMIN");
	AUTO_JSON json_t *profile = ctrd_spec_seccomp(caps), *more = ctrd_spec_seccomp(admin);

	expect_at(profile, "defaultAction", "\"SCMP_ACT_ERRNO\"");
	expect_at(profile, "defaultErrnoRet", "1");
	for (size_t i = 0; never[i]; i++)
		if (rule_for(profile, never[i], 0))
			CU_FAIL(never[i]);
	for (size_t i = 0; always[i]; i++)
		if (!rule_for(profile, always[i], 0))
			CU_FAIL(always[i]);
	CU_ASSERT_PTR_NOT_NULL(rule_for(profile, "chroot", 0)); /* given with its capability */
	CU_ASSERT_PTR_NULL(rule_for(more, "chroot", 0));
	CU_ASSERT_PTR_NOT_NULL(rule_for(more, "mount", 0));
	/* clone without CLONE_NEW*, clone3 as if it did not exist */
	expect_at(rule_for(profile, "clone3", 0), "action", "\"SCMP_ACT_ERRNO\"");
	expect_at(rule_for(profile, "clone3", 0), "errnoRet", "38");
	expect_at(json_array_get(json_object_get(rule_for(profile, "clone", 0), "args"), 0), "value",
		  "2114060288");
	expect_at(rule_for(more, "clone3", 0), "action", "\"SCMP_ACT_ALLOW\"");
	CU_ASSERT_PTR_NULL(json_object_get(rule_for(more, "clone", 0), "args"));
	expect_at(json_array_get(json_object_get(rule_for(profile, "socket", 0), "args"), 0), "op",
		  "\"SCMP_CMP_NE\"");
	CU_ASSERT_PTR_NOT_NULL(rule_for(profile, "personality", 4));
	CU_ASSERT_PTR_NULL(rule_for(profile, "personality", 5));
}

static void test_linux(void)
{
	AUTO_STRLIST struct strlist args = STRLIST_INIT;
	AUTO_JSON json_t *plain = NULL, *free_one = NULL, *more = NULL, *join = NULL;
	const struct ctrd_spec_device device = { "/dev/null", "/dev/there", "r" };
	AUTO_FREE char *path = ctrd_spec_namespace_of(71, "network");
	struct ctrd_spec s;
	json_t *rules;

	strlist_add(&args, "sh");
	ctrd_spec_init(&s, "c");
	s.args = &args;
	s.cgroups_path = "/default/c";
	s.limits.memory = 64 << 20;
	s.limits.cpu_quota = 50000;
	join = json_pack("{s:s, s:s}", "network", "/run/netns/x", "cgroup", "/proc/7/ns/cgroup");
	s.join = join;
	s.devices = &device;
	s.n_devices = 1;
	more = json_pack("[{s:s, s:s}]", "destination", "/x", "type", "tmpfs");
	s.mounts = more;
	plain = ctrd_spec_build(&s, &err);
	expect_at(plain, "linux.cgroupsPath", "\"/default/c\"");
	expect_at(plain, "linux.resources.memory", "{\"limit\":67108864}");
	expect_at(plain, "linux.resources.cpu", "{\"quota\":50000}");
	CU_ASSERT_PTR_NULL(jsonx_at(plain, "linux.resources.pids"));
	expect_at(plain, "linux.namespaces",
		  "[{\"type\":\"mount\"},{\"type\":\"uts\"},{\"type\":\"pid\"},{\"type\":\"ipc\"},"
		  "{\"type\":\"network\",\"path\":\"/run/netns/x\"},"
		  "{\"type\":\"cgroup\",\"path\":\"/proc/7/ns/cgroup\"}]");
	expect_at(json_array_get(jsonx_at(plain, "linux.devices"), 0), "path", "\"/dev/there\"");
	EXPECT_INT((long long)json_array_size(jsonx_at(plain, "linux.devices")), 1);
	rules = jsonx_at(plain, "linux.resources.devices");
	expect_at(json_array_get(rules, json_array_size(rules) - 1), "access", "\"r\"");
	expect_at(json_array_get(rules, json_array_size(rules) - 1), "minor", "3");
	EXPECT_INT((long long)json_array_size(json_object_get(plain, "mounts")), 8);
	expect_at(json_array_get(jsonx_at(plain, "linux.resources.devices"), 0), "allow", "false");
	CU_ASSERT_PTR_NOT_NULL(jsonx_at(plain, "linux.seccomp"));
	CU_ASSERT_PTR_NOT_NULL(jsonx_at(plain, "linux.maskedPaths"));

	EXPECT_STR(path, "/proc/71/ns/net");

	s.join = NULL;
	s.n_devices = 0;
	s.privileged = s.host_network = true;
	free_one = ctrd_spec_build(&s, &err);
	CU_ASSERT_PTR_NULL(jsonx_at(free_one, "linux.seccomp"));
	CU_ASSERT_PTR_NULL(jsonx_at(free_one, "linux.maskedPaths"));
	expect_at(free_one, "linux.resources.devices", "[{\"allow\":true,\"access\":\"rwm\"}]");
	EXPECT_INT((long long)json_array_size(jsonx_at(free_one, "linux.namespaces")), 4);
}

int suite_spec(void)
{
	static const CU_TestInfo tests[] = {
		{ "the process", test_process },
		{ "capabilities", test_caps },
		{ "system calls", test_seccomp },
		{ "namespaces, limits, mounts, devices", test_linux },
		CU_TEST_INFO_NULL,
	};

	return suite_add("spec", tests);
}
