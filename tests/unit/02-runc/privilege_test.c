/*
 * privilege_test.c - capabilities that cannot be had, labels for modules that are not
 * there, and what of a process a user's privileges decide: its home, its directory.
 */
#include "suite.h"

#include <sys/stat.h>

#include "01-kernel/caps.h"

/* A set of /proc/self/status, after "Cap". */
static uint64_t cap_set(const char *status, const char *name)
{
	AUTO_FREE char *key = xasprintf("Cap%s:\t", name);
	const char *at = strstr(status, key);

	return at ? strtoull(at + strlen(key), NULL, 16) : UINT64_MAX;
}

#define BIT(name) (UINT64_C(1) << kern_caps_parse(name))

/* "MUST be logged as a warning", and no more. */
static void unknown_capabilities(void)
{
	json_t *config = spec();
	struct result r;

	set(config, "process.capabilities.bounding", "['CAP_UNKNOWN', 'CAP_KILL', 'UNKNOWN_CAP']");
	set(config, "process.capabilities.permitted", "['CAP_UNKNOWN', 'CAP_KILL']");
	set(config, "process.capabilities.effective", "['CAP_KILL']");
	set(config, "process.args", "['cat', '/proc/self/status']");
	r = run(config);
	EQ_INT(r.status, 0);
	HAS(r.err, "ignoring unknown or unavailable capabilities: [CAP_UNKNOWN UNKNOWN_CAP]");
	CU_ASSERT(cap_set(r.out, "Bnd") == BIT("CAP_KILL"));
	NOTHING_LEFT();
}

/* `create` has warned of the configuration; later commands warn of what is theirs. */
static void told_once(void)
{
	AUTO_JSON json_t *config = spec();
	struct result r;

	set(config, "process.capabilities.bounding", "['CAP_UNKNOWN', 'CAP_KILL']");
	set(config, "process.args", "['sleep', '1000']");
	set(config, "linux.resources.memory", "{'kernel': 4194304}");
	r = runc("create", "-b", bundle(config), new_id(), NULL);
	EQ_INT(r.status, 0);
	HAS(r.err, "unavailable capabilities: [CAP_UNKNOWN]");
	HAS(r.err, "Kernel memory settings are ignored");
	EQ_STR(runc("start", id, NULL).err, "");
	EQ_STR(runc("exec", id, "true", NULL).err, "");
	HAS(runc("exec", "--cap", "CAP_OTHER", id, "true", NULL).err, "CAP_OTHER");
	EQ_STR(runc("update", "--pids-limit", "9", id, NULL).err, "");
	EQ_STR(runc("kill", id, "KILL", NULL).err, "");
	EQ_STR(runc("delete", "--force", id, NULL).err, "");
	NOTHING_LEFT();
}

/* One that the runtime itself does not have. */
static void unavailable_capabilities(void)
{
	struct kern_caps held;
	struct err err;
	const char *lacks = NULL;
	json_t *config = spec();
	struct result r;

	CU_ASSERT(!kern_caps_get(&held, &err));
	for (int cap = 0; kern_caps_name(cap); cap++)
		if (kern_caps_all() >> cap & 1 && !(held.permitted >> cap & 1))
			lacks = kern_caps_name(cap);
	if (!lacks) {
		puts("SKIP: root has every capability");
		json_decref(config);
		return;
	}
	set(config, "process.capabilities.bounding", "['CAP_KILL', '%s']", lacks);
	set(config, "process.capabilities.permitted", "['CAP_KILL', '%s']", lacks);
	set(config, "process.capabilities.effective", "['CAP_KILL', '%s']", lacks);
	set(config, "process.args", "['cat', '/proc/self/status']");
	r = run(config);
	EQ_INT(r.status, 0);
	HAS(r.err, lacks);
	CU_ASSERT(cap_set(r.out, "Eff") == BIT("CAP_KILL"));
	NOTHING_LEFT();
}

static void impossible_sets(void)
{
	json_t *config = spec();
	struct result r;

	set(config, "process.capabilities", "{'bounding': ['CAP_KILL', 'CAP_CHOWN'], "
	    "'permitted': ['CAP_KILL', 'CAP_CHOWN'], 'effective': ['CAP_KILL', 'CAP_FOWNER'], "
	    "'inheritable': ['CAP_KILL', 'CAP_SETUID'], 'ambient': ['CAP_KILL', 'CAP_CHOWN']}");
	set(config, "process.user.uid", "1000");
	set(config, "process.args", "['cat', '/proc/self/status']");
	r = run(config);
	EQ_INT(r.status, 0);
	HAS(r.err, "can't raise ambient capability CAP_CHOWN: ");
	HAS(r.err, "can't raise effective capability CAP_FOWNER: ");
	HAS(r.err, "can't raise inheritable capability CAP_SETUID: ");
	CU_ASSERT(cap_set(r.out, "Amb") == BIT("CAP_KILL"));
	CU_ASSERT(cap_set(r.out, "Eff") == BIT("CAP_KILL"));
	CU_ASSERT(cap_set(r.out, "Inh") == BIT("CAP_KILL"));
	NOTHING_LEFT();
}

/* --cap reaches the ambient set only where the container has an inheritable one; and a
 * process object without capabilities has the container's. */
static void of_an_exec(void)
{
	json_t *config = spec();
	struct result r;

	set(config, "process.capabilities", "{'inheritable': ['CAP_CHOWN', 'CAP_SYSLOG'], "
	    "'permitted': ['CAP_KILL', 'CAP_CHOWN'], 'effective': ['CAP_KILL'], 'ambient': ['CAP_CHOWN'], "
	    "'bounding': ['CAP_KILL', 'CAP_CHOWN', 'CAP_SYSLOG']}");
	set(config, "process.args", "['sleep', '60']");
	if (!start(config))
		return;
	r = runc("exec", "--cap", "CAP_SYSLOG", id, "cat", "/proc/self/status", NULL);
	CU_ASSERT(cap_set(r.out, "Amb") == (BIT("CAP_CHOWN") | BIT("CAP_SYSLOG")));
	write_file(test_dir, "p.json", "{\"args\": [\"cat\", \"/proc/self/status\"], \"cwd\": \"/\", "
		   "\"env\": [\"PATH=/bin\"], \"user\": {\"uid\": 1000, \"gid\": 1000}}");
	AUTO_FREE char *path = xasprintf("%s/p.json", test_dir);

	r = runc("exec", "--process", path, id, NULL);
	EQ_INT(r.status, 0);
	CU_ASSERT(cap_set(r.out, "Bnd") == (BIT("CAP_KILL") | BIT("CAP_CHOWN") | BIT("CAP_SYSLOG")));
	CU_ASSERT(cap_set(r.out, "Amb") == BIT("CAP_CHOWN"));
	stop();
	NOTHING_LEFT();
}

static void labels(void)
{
	json_t *config;

	if (access("/sys/fs/selinux/enforce", F_OK)) {
		config = spec();
		set(config, "process.selinuxLabel", "'system_u:system_r:container_t:s0:c4,c5'");
		FAILS(run(config), 1, "process.selinuxLabel: selinux label is specified in config, but "
		      "selinux is disabled or not supported");
		config = spec();
		set(config, "linux.mountLabel", "'system_u:object_r:container_file_t:s0:c4,c5'");
		FAILS(run(config), 1, "linux.mountLabel: selinux label is specified");
	} else {
		puts("SKIP: this machine has SELinux");
	}
	if (access("/sys/module/apparmor", F_OK)) {
		config = spec();
		set(config, "process.apparmorProfile", "'acme_secure_profile'");
		FAILS(run(config), 1, "process.apparmorProfile: apparmor: config provided but apparmor "
		      "not supported");
		config = spec();
		set(config, "process.args", "['sleep', '60']");
		if (start(config)) {
			FAILS(runc("exec", "--apparmor", "x", id, "true", NULL), 255, "apparmor not supported");
			stop();
		}
	} else {
		puts("SKIP: this machine has AppArmor");
	}
	/* Empty is none. */
	config = spec();
	set(config, "process.apparmorProfile", "''");
	set(config, "process.selinuxLabel", "''");
	set(config, "linux.mountLabel", "''");
	EQ_INT(run(config).status, 0);
	NOTHING_LEFT();
}

static void empty_home(void)
{
	json_t *config = spec();

	set(config, "process.env", "['PATH=/bin', 'HOME=/x', 'HOME=']");
	script(config, "echo $HOME; env | grep -c ^HOME=");
	PRINTS(run(config), "/root\n1\n");
}

/* A directory that the runtime may enter and the user may not, and who has entered. */
static void private_cwd(void)
{
	AUTO_JSON json_t *config = spec();
	const char *root, *b = own_bundle(config, &root);
	AUTO_FREE char *dir = xasprintf("%s/secret", root);

	CU_ASSERT(!mkdir(dir, 0700));
	set(config, "process.cwd", "'/secret'");
	set(config, "process.user", "{'uid': 1000, 'gid': 1000}");
	set(config, "process.args", "['readlink', '/proc/self/cwd']");
	b = bundle(config);
	PRINTS(runc("run", "-b", b, new_id(), NULL), "/secret\n");
	set(config, "process.cwd", "'/etc/passwd'");
	FAILS(runc("run", "-b", bundle(config), new_id(), NULL), 1, "Not a directory");
	NOTHING_LEFT();
}

CU_TestInfo privilege_tests[] = {
	{ "capabilities that nobody knows", unknown_capabilities },
	{ "warnings are given once", told_once },
	{ "capabilities that the runtime lacks", unavailable_capabilities },
	{ "capability sets that cannot be", impossible_sets },
	{ "capabilities of an exec", of_an_exec },
	{ "labels without their module", labels },
	{ "an empty HOME", empty_home },
	{ "a directory of root's", private_cwd },
	CU_TEST_INFO_NULL,
};
