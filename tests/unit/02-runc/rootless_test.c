/*
 * rootless_test.c - what an unprivileged user can do with the runtime, with and without
 * a part of the cgroup tree of his own. (Ranges of ids, terminals and podman:
 * tests/e2e/rootless.sh.)
 */
#include "suite.h"

#include <sys/stat.h>

#define USER "54321"

#define GROUP "/sys/fs/cgroup/dockyard-rootless"

/* `runc ARGS` by the user, in the group that is his where there is one. */
#define HIS(...) his((const char *const[]){ __VA_ARGS__, NULL })
static struct result his(const char *const *args)
{
	AUTO_STRLIST struct strlist argv = STRLIST_INIT;

	strlist_add(&argv, "sh");
	strlist_add(&argv, "-c");
	strlist_add(&argv, "[ ! -d " GROUP "/own ] || echo $$ >" GROUP "/own/cgroup.procs; "
		    "exec setpriv --reuid " USER " --regid " USER " --clear-groups \"$@\"");
	strlist_add(&argv, "sh");
	strlist_add(&argv, runc_path);
	strlist_add(&argv, "--root");
	strlist_addf(&argv, "%s/his", test_dir);
	for (; *args; args++)
		strlist_add(&argv, *args);
	return run_program(argv.v);
}

static bool sh(const char *command)
{
	struct result r = run_program((char *[]){ "sh", "-c", (char *)command, NULL });

	if (r.status)
		fprintf(stderr, "%s: %s\n", command, r.err);
	return !r.status;
}

/* What `spec --rootless` writes for the user, without its terminal; NULL: not possible here. */
static json_t *his_spec(void)
{
	AUTO_FREE char *dir = xasprintf("%s/his", test_dir), *path = xasprintf("%s/config.json", dir);
	AUTO_FREE char *make = xasprintf("chmod 711 %s && mkdir -p %s && chown " USER ":" USER " %s && "
					 "rm -f %s", test_dir, dir, dir, path);
	struct err err;
	json_t *doc;

	if (!sh("setpriv --reuid " USER " --regid " USER " --clear-groups unshare -Ur true")) {
		printf("SKIP: unprivileged users may not have user namespaces here\n");
		return NULL;
	}
	CU_ASSERT(sh(make));
	EQ_INT(HIS("spec", "--rootless", "--bundle", dir).status, 0);
	doc = jsonx_read(AT_FDCWD, path, 1 << 20, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(doc);
	set(doc, "process.terminal", "false");
	set(doc, "root.path", "'%s/rootfs'", test_dir);
	return doc;
}

static void without_a_group(void)
{
	AUTO_JSON json_t *config = his_spec();

	if (!config)
		return;
	script(config, "id -u; tr -s ' ' </proc/self/uid_map; cat /proc/self/setgroups");
	PRINTS(HIS("run", "-b", bundle(config), new_id()), "0\n 0 " USER " 1\ndeny\n");
	set(config, "process.args", "['sleep', '1000']");
	EQ_INT(HIS("run", "-d", "-b", bundle(config), new_id()).status, 0);
	PRINTS(HIS("exec", id, "id", "-u"), "0\n");
	HAS(HIS("list").out, "#" USER);
	FAILS(HIS("pause", id), 1, "cgroups not configured for container");
	FAILS(HIS("update", "--memory", "33554432", id), 1, "cannot set memory limit: container could "
	      "not join or create cgroup");
	EQ_INT(HIS("delete", "-f", id).status, 0);
	NOTHING_LEFT();
}

static void limits_without_a_group(void)
{
	AUTO_JSON json_t *config = his_spec();

	if (!config)
		return;
	set(config, "process.args", "['true']");
	set(config, "linux.resources.devices", "[{'allow': false, 'access': 'rwm'}]");
	PRINTS(HIS("run", "-b", bundle(config), new_id()), "");
	set(config, "linux.resources.pids", "{'limit': 20}");
	FAILS(HIS("run", "-b", bundle(config), new_id()), 1, cgroup_v2() ? "rootless needs no limits" :
	      "cannot set pids limit: container could not join or create cgroup");
	set(config, "linux.resources", "{}");
	set(config, "linux.cgroupsPath", "'/elsewhere/c'");
	FAILS(HIS("run", "-b", bundle(config), new_id()), 1, "unable to apply cgroup configuration");
	NOTHING_LEFT();
}

/* "Delegation" in the kernel's cgroup-v2.rst: the directory and three of its files. */
static bool delegate(void)
{
	return sh("echo '+memory +pids' >/sys/fs/cgroup/cgroup.subtree_control && "
		  "mkdir -p " GROUP "/own && chown " USER " " GROUP " " GROUP "/cgroup.procs "
		  GROUP "/cgroup.subtree_control " GROUP "/own " GROUP "/own/cgroup.procs");
}

static void with_a_group(void)
{
	AUTO_JSON json_t *config = cgroup_v2() ? his_spec() : NULL;
	AUTO_FREE char *limit = NULL, *now = NULL;

	if (!cgroup_v2())
		printf("SKIP: no cgroup v2 that could be delegated (on v1: tests/e2e/rootless.sh)\n");
	if (!config)
		return;
	CU_ASSERT_FATAL(delegate());
	set(config, "process.args", "['sleep', '1000']");
	set(config, "linux.resources.memory", "{'limit': 33554432}");
	set(config, "linux.resources.devices", "[{'allow': false, 'access': 'rwm'}]");
	EQ_INT(HIS("run", "-d", "-b", bundle(config), new_id()).status, 0);
	limit = xasprintf(GROUP "/%s/memory.max", id);
	now = read_file(limit);
	EQ_STR(now, "33554432\n");
	HAS(HIS("ps", id).out, "sleep 1000");
	HAS(HIS("events", "--stats", id).out, "\"limit\":33554432");
	EQ_INT(HIS("update", "--memory", "67108864", id).status, 0);
	free(now);
	now = read_file(limit);
	EQ_STR(now, "67108864\n");
	PRINTS(HIS("exec", id, "sh", "-c", "cmp /proc/1/cgroup /proc/self/cgroup && echo same"), "same\n");
	EQ_INT(HIS("pause", id).status, 0);
	HAS(HIS("state", id).out, "\"status\": \"paused\"");
	EQ_INT(HIS("resume", id).status, 0);
	EQ_INT(HIS("delete", "-f", id).status, 0);
	CU_ASSERT(sh("rmdir " GROUP "/own " GROUP));
	NOTHING_LEFT();
}

CU_TestInfo rootless_tests[] = {
	{ "an unprivileged user runs containers", without_a_group },
	{ "limits need a group, device rules do not", limits_without_a_group },
	{ "in a delegated group all of it works", with_a_group },
	CU_TEST_INFO_NULL,
};
