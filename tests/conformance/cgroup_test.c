/*
 * cgroup_test.c - "Control groups" in config-linux.md: where the container's
 * group is, to whom it belongs, what becomes of it. The limits in it are in
 * resource_test.c.
 */
#include "conform.h"

#include <sys/stat.h>

#define CONTROLLER "pids"

static char *absolute_path(const char *name)
{
	return xasprintf("/unit%d-%s", (int)getpid(), name);
}

static json_t *at(const char *path)
{
	json_t *config = sleeper();

	set(config, "linux.cgroupsPath", "'%s'", path);
	return config;
}

/* What is not a container's own, and so is left by `delete`. */
static void remove_groups(const char *name)
{
	AUTO_FREE char *command = xasprintf("find /sys/fs/cgroup -depth -type d -name 'unit%d-%s' "
					    "-exec rmdir {} ';' 2>/dev/null", (int)getpid(), name);

	(void)!system(command); /* find complains of what went while it looked */
}

PROVES(absolute_cgroups_path,
	{ "config-linux.md#cgroups-path", MUST, "An absolute path counts from the mount point of the hierarchy; groups that are not there are made." },
	{ "config-linux.md#cgroups-path", MUST, "The container's process is in that group." });
static void absolute_cgroups_path(void)
{
	AUTO_FREE char *path = absolute_path("parent"), *full = xasprintf("%s/child", path), *top = NULL;
	const char *dir;

	if (!start(at(full)))
		return;
	dir = cgroup_dir(CONTROLLER);
	top = xasprintf("/sys/fs/cgroup%s%s", cgroup_v2() ? "" : "/" CONTROLLER, full);
	EQ_STR(dir, top);
	stop();
	remove_groups("parent");
}

PROVES(one_path_one_group,
	{ "config-linux.md#cgroups-path", MUST, "The same `cgroupsPath` leads to the same place every time." });
static void one_path_one_group(void)
{
	AUTO_FREE char *path = absolute_path("again"), *first = NULL;

	for (int i = 0; i < 2; i++) {
		if (!start(at(path)))
			return;
		if (i)
			EQ_STR(cgroup_dir(CONTROLLER), first);
		else
			first = xstrdup(cgroup_dir(CONTROLLER));
		stop();
	}
}

PROVES(relative_cgroups_path,
	{ "config-linux.md#cgroups-path", MUST, "A relative path is accepted; its group is made below a place of the runtime's choice, always the same." });
static void relative_cgroups_path(void)
{
	AUTO_FREE char *path = absolute_path("relative"), *first = NULL;

	for (int i = 0; i < 2; i++) {
		if (!start(at(path + 1)))
			return;
		CU_ASSERT(strstr(cgroup_dir(CONTROLLER), path) != NULL);
		if (i)
			EQ_STR(cgroup_dir(CONTROLLER), first);
		else
			first = xstrdup(cgroup_dir(CONTROLLER));
		stop();
	}
}

PROVES(default_cgroups_path,
	{ "config-linux.md#cgroups-path", MUST, "Without `cgroupsPath` the runtime chooses: two containers have two groups." });
static void default_cgroups_path(void)
{
	AUTO_FREE char *first = NULL;
	char first_id[64];

	if (!start(sleeper()))
		return;
	first = xstrdup(cgroup_dir(CONTROLLER));
	strcpy(first_id, id);
	if (start(sleeper())) {
		CU_ASSERT(strcmp(cgroup_dir(CONTROLLER), first) != 0);
		stop();
	}
	strcpy(id, first_id);
	stop();
}

PROVES(cgroups_path_stays_below,
	{ "config-linux.md#cgroups-path", MUST, "A path that the runtime takes for invalid is an error; `..` in one never leads out of the hierarchy." });
static void cgroups_path_stays_below(void)
{
	AUTO_FREE char *path = absolute_path("escape"), *up = xasprintf("/../../../..%s", path);
	AUTO_JSON json_t *config = at(up);
	struct err ignored;

	if (!runc("create", "-b", bundle(config), new_id(), NULL).status) {
		CU_ASSERT(str_starts(cgroup_dir(CONTROLLER), "/sys/fs/cgroup/"));
		stop();
		remove_groups("escape");
	}
	CU_ASSERT(access(path, F_OK) != 0);
	file_remove_tree(AT_FDCWD, path, &ignored);
}

PROVES(deleted_with_the_container,
	{ "runtime.md#delete", MUST, "`delete` removes what `create` made: the cgroup in every hierarchy, the state, the mounts." },
	{ "runtime.md#lifecycle", MUST, "The container is destroyed by undoing what was done to create it." });
static void deleted_with_the_container(void)
{
	static const char *const controllers[] = { "pids", "memory", "devices", "cpu", "freezer" };
	char dirs[5][512];

	if (!start(sleeper()))
		return;
	for (size_t i = 0; i < 5; i++)
		strcpy(dirs[i], cgroup_dir(controllers[i]));
	stop();
	for (size_t i = 0; i < 5; i++)
		CU_ASSERT(access(dirs[i], F_OK) != 0);
	NOTHING_LEFT();
}

PROVES(only_what_create_made,
	{ "runtime.md#delete", MUST, "What `create` did not make is not deleted: the parent of the container's group, the sources of its mounts, the root file system." });
static void only_what_create_made(void)
{
	AUTO_FREE char *path = absolute_path("theirs"), *full = xasprintf("%s/mine", path), *parent = NULL;
	AUTO_FREE char *source = xasprintf("%s/source", test_dir), *file = xasprintf("%s/name", source);
	AUTO_FREE char *plain_file = xasprintf("%s/rootfs/etc/plain", test_dir);
	json_t *config = at(full);

	parent = xasprintf("/sys/fs/cgroup%s%s", cgroup_v2() ? "" : "/" CONTROLLER, path);
	CU_ASSERT(make_dir(parent) && make_dir(source));
	write_file(source, "name", "kept\n");
	append(config, "mounts", "{'destination': '/data', 'source': '%s', 'options': ['bind']}", source);
	if (start(config)) {
		stop();
		CU_ASSERT(!access(parent, F_OK) && !access(file, F_OK) && !access(plain_file, F_OK));
	}
	remove_groups("theirs");
}

PROVES(group_that_is_not_fit,
	{ "config-linux.md#control-groups", MUST, "A group that is not fit for the purpose, because another container lives in it, is an error." });
static void group_that_is_not_fit(void)
{
	AUTO_FREE char *path = absolute_path("shared");
	char first[64];

	if (!start(at(path)))
		return;
	strcpy(first, id);
	AUTO_JSON json_t *second = at(path);

	CU_ASSERT(runc("create", "-b", bundle(second), new_id(), NULL).status != 0);
	EQ_STR(status_of(), "");
	strcpy(id, first);
	EQ_STR(status_of(), "running");
	stop();
}

PROVES(frozen_group,
	{ "config-linux.md#control-groups", MUST, "So is a group that is frozen." });
static void frozen_group(void)
{
	AUTO_FREE char *path = absolute_path("frozen"), *dir = NULL, *command = NULL, *thaw = NULL;
	AUTO_JSON json_t *config = at(path);

	dir = xasprintf("/sys/fs/cgroup%s%s", cgroup_v2() ? "" : "/freezer", path);
	CU_ASSERT(make_dir(dir));
	command = cgroup_v2() ? xasprintf("echo 1 >%s/cgroup.freeze", dir) : xasprintf("echo FROZEN >%s/freezer.state", dir);
	thaw = cgroup_v2() ? xasprintf("echo 0 >%s/cgroup.freeze", dir) : xasprintf("echo THAWED >%s/freezer.state", dir);
	CU_ASSERT(!system(command));
	AUTO_FREE char *root = xasprintf("%s/runc", test_dir), *text = xstrdup(bundle(config));
	struct result r = run_program((char *[]){ "timeout", "-s", "KILL", "5", runc_path, "--root", root, "create", "-b", text,
						  (char *)new_id(), NULL });

	CU_ASSERT(r.status != 0 && r.status != 137);
	(void)!system(thaw);
	usleep(100000); /* a killed runtime's child goes on, and ends, when it thaws */
	runc("delete", "--force", id, NULL);
	remove_groups("frozen");
}

static uid_t owner_of(const char *dir, const char *file)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, file);
	struct stat st;

	return stat(path, &st) ? (uid_t)-1 : st.st_uid;
}

static json_t *delegated(const char *options)
{
	json_t *config = sleeper();

	append(config, "linux.namespaces", "{'type': 'cgroup'}");
	append(config, "linux.namespaces", "{'type': 'user'}");
	set(config, "linux.uidMappings", "[{'containerID': 0, 'hostID': 100000, 'size': 1000}]");
	set(config, "linux.gidMappings", "[{'containerID': 0, 'hostID': 100000, 'size': 1000}]");
	append(config, "mounts", "{'destination': '/sys/fs/cgroup', 'type': 'cgroup', 'source': 'cgroup', 'options': [%s]}",
	       options);
	return config;
}

PROVES(ownership_on_version_2,
	{ "config-linux.md#cgroup-ownership", SHOULD, "On version 2, with a new cgroup namespace and a mount of the cgroup that can be written to, the group's directory belongs to the container's user, as seen outside." },
	{ "config-linux.md#cgroup-ownership", SHOULD, "So do those of its files that /sys/kernel/cgroup/delegate names, and no others." },
	{ "config-linux.md#cgroup-ownership", MUST, "A file of that list that the group does not have is no error." });
static void ownership_on_version_2(void)
{
	if (!cgroup_v2()) {
		skip("this machine has cgroup version 1");
		return;
	}
	if (!start(delegated("'nosuid'")))
		return;
	EQ_INT(owner_of(cgroup_dir(""), ""), 100000);
	EQ_INT(owner_of(cgroup_dir(""), "cgroup.procs"), 100000);
	EQ_INT(owner_of(cgroup_dir(""), "cgroup.subtree_control"), 100000);
	EQ_INT(owner_of(cgroup_dir(""), "cgroup.threads"), 100000);
	EQ_INT(owner_of(cgroup_dir(""), "pids.max"), 0);
	EQ_INT(owner_of(cgroup_dir(""), "memory.max"), 0);
	stop();
}

PROVES(ownership_of_a_read_only_group,
	{ "config-linux.md#cgroup-ownership", SHOULD, "With a mount that is `ro`, or without one, the owner is not changed." });
static void ownership_of_a_read_only_group(void)
{
	json_t *config;

	if (!start(delegated("'ro'")))
		return;
	EQ_INT(owner_of(cgroup_dir(CONTROLLER), ""), 0);
	EQ_INT(owner_of(cgroup_dir(CONTROLLER), "cgroup.procs"), 0);
	stop();
	config = delegated("'ro'");
	json_array_remove(json_object_get(config, "mounts"), json_array_size(json_object_get(config, "mounts")) - 1);
	if (!start(config))
		return;
	EQ_INT(owner_of(cgroup_dir(CONTROLLER), "cgroup.procs"), 0);
	stop();
}

PROVES(ownership_on_version_1,
	{ "config-linux.md#cgroup-ownership", SHOULD, "On version 1 the owner of a group is never changed." });
static void ownership_on_version_1(void)
{
	if (cgroup_v2()) {
		skip("this machine has cgroup version 2");
		return;
	}
	if (!start(delegated("'nosuid'")))
		return;
	EQ_INT(owner_of(cgroup_dir(CONTROLLER), ""), 0);
	EQ_INT(owner_of(cgroup_dir(CONTROLLER), "cgroup.procs"), 0);
	stop();
}

PROVES(ownership_without_a_namespace,
	{ "config-linux.md#cgroup-ownership", SHOULD, "Without a new cgroup namespace the owner is not changed." });
static void ownership_without_a_namespace(void)
{
	json_t *config = delegated("'nosuid'"), *spaces = jsonx_at(config, "linux.namespaces");

	for (size_t i = 0; i < json_array_size(spaces); i++)
		if (!strcmp(jsonx_str(json_array_get(spaces, i), "type", ""), "cgroup"))
			json_array_remove(spaces, i);
	if (!start(config))
		return;
	EQ_INT(owner_of(cgroup_dir(CONTROLLER), "cgroup.procs"), 0);
	stop();
}

const struct test cgroup_rules[] = {
	TEST(absolute_cgroups_path),
	TEST(one_path_one_group),
	TEST(relative_cgroups_path),
	TEST(default_cgroups_path),
	TEST(cgroups_path_stays_below,
	     CRUN_DIFFERS = "a path with `..` makes directories and files outside of the hierarchy"),
	TEST(deleted_with_the_container),
	TEST(only_what_create_made),
	TEST(group_that_is_not_fit, RUNC_DIFFERS = "two containers in one group are accepted",
	     CRUN_DIFFERS = "two containers in one group are accepted"),
	TEST(frozen_group, CRUN_DIFFERS = "it waits until somebody thaws the group"),
	TEST(ownership_on_version_2, .needs = "cgroup version 2", RUNC_DIFFERS = NOT_TRIED,
	     CRUN_DIFFERS = NOT_TRIED),
	TEST(ownership_of_a_read_only_group),
	TEST(ownership_on_version_1, .needs = "cgroup version 1"),
	TEST(ownership_without_a_namespace),
	{ NULL },
};
