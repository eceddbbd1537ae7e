/*
 * namespace_test.c - "Namespaces", "User namespace mappings" and "Offset for
 * Time Namespace" in config-linux.md.
 */
#include "conform.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const struct { const char *type, *link; int flag; } types[] = {
	{ "pid", "pid", CLONE_NEWPID }, { "network", "net", CLONE_NEWNET }, { "mount", "mnt", CLONE_NEWNS },
	{ "ipc", "ipc", CLONE_NEWIPC }, { "uts", "uts", CLONE_NEWUTS },
};
#define TYPES (sizeof types / sizeof *types)

static const char *pid_text(void)
{
	static char text[16];

	snprintf(text, sizeof text, "%d", (int)pid_of());
	return text;
}

PROVES(new_namespaces,
	{ "config-linux.md#namespaces", MUST, "A type that is listed without a `path` is a new namespace for the container." },
	{ "config-linux.md#namespaces", SHOULD, "`pid` is supported: the container's processes see no others." },
	{ "config-linux.md#namespaces", SHOULD, "`network` is supported: the container has interfaces of its own." },
	{ "config-linux.md#namespaces", SHOULD, "`mount` is supported: what is mounted inside is not mounted outside." },
	{ "config-linux.md#namespaces", SHOULD, "`ipc` is supported: the container's System V objects are its own." },
	{ "config-linux.md#namespaces", SHOULD, "`uts` is supported: the container has a host name of its own." });
static void new_namespaces(void)
{
	AUTO_FREE char *mounts = NULL;
	json_t *config = sleeper();

	set(config, "hostname", "'inside'");
	if (!start(config))
		return;
	for (size_t i = 0; i < TYPES; i++)
		CU_ASSERT(strcmp(ns_of(pid_text(), types[i].link), ns_of("self", types[i].link)) != 0);
	PRINTS(runc("exec", id, "sh", "-c", "test $(ls -d /proc/[0-9]* | wc -l) -lt 9 && echo few; hostname; "
		    "ls /sys/class/net; tail -n +2 /proc/sysvipc/shm | wc -l", NULL), "few\ninside\nlo\n0\n");
	mounts = read_file("/proc/self/mounts");
	CU_ASSERT(!strstr(mounts, test_dir));
	stop();
}

PROVES(new_cgroup_namespace,
	{ "config-linux.md#namespaces", SHOULD, "`cgroup` is supported: the container's own cgroup looks like the root of all." });
static void new_cgroup_namespace(void)
{
	json_t *config = sleeper();

	append(config, "linux.namespaces", "{'type': 'cgroup'}");
	if (!start(config))
		return;
	CU_ASSERT(strcmp(ns_of(pid_text(), "cgroup"), ns_of("self", "cgroup")) != 0);
	/* Where it was made is its root; a path that leads elsewhere has "..". */
	CU_ASSERT(!strstr(runc("exec", id, "cat", "/proc/1/cgroup", NULL).out, ":/unit"));
	CU_ASSERT(!strstr(runc("exec", id, "cat", "/proc/1/cgroup", NULL).out, id));
	stop();
}

static json_t *in_user_namespace(json_t *config)
{
	append(config, "linux.namespaces", "{'type': 'user'}");
	set(config, "linux.uidMappings", "[{'containerID': 0, 'hostID': 100000, 'size': 1000}, "
	    "{'containerID': 5000, 'hostID': 200000, 'size': 10}]");
	set(config, "linux.gidMappings", "[{'containerID': 0, 'hostID': 300000, 'size': 2000}]");
	return config;
}

PROVES(new_user_namespace,
	{ "config-linux.md#namespaces", SHOULD, "`user` is supported: users in the container are others outside." },
	{ "config-linux.md#user-namespace-mappings", MUST, "`uidMappings` are the namespace's: `containerID`, `hostID` and `size` of each." },
	{ "config-linux.md#user-namespace-mappings", MUST, "`gidMappings` are the namespace's." },
	{ "config.md#posix-platform-user", MUST, "`uid` and `gid` are ids of the container's user namespace." });
static void new_user_namespace(void)
{
	json_t *config = in_user_namespace(sleeper());
	unsigned long in, out, size;
	int n = 0;

	set(config, "process.user", "{'uid': 5, 'gid': 6, 'additionalGids': [7]}");
	if (!start(config))
		return;
	CU_ASSERT(strcmp(ns_of(pid_text(), "user"), ns_of("self", "user")) != 0);
	AUTO_FREE char *uids = proc_file("uid_map"), *gids = proc_file("gid_map"), *status = proc_file("status");

	sscanf(uids, "%lu %lu %lu %n", &in, &out, &size, &n);
	CU_ASSERT(in == 0 && out == 100000 && size == 1000);
	CU_ASSERT(sscanf(uids + n, "%lu %lu %lu", &in, &out, &size) == 3 && in == 5000 && out == 200000 && size == 10);
	CU_ASSERT(sscanf(gids, "%lu %lu %lu", &in, &out, &size) == 3 && in == 0 && out == 300000 && size == 2000);
	EQ_STR(line_after(status, "Uid:"), "100005\t100005\t100005\t100005");
	EQ_STR(line_after(status, "Gid:"), "300006\t300006\t300006\t300006");
	EQ_STR(line_after(status, "Groups:"), "300007 ");
	stop();
}

PROVES(files_keep_their_owners,
	{ "config-linux.md#user-namespace-mappings", SHOULD, "For the mapping no file's owner is changed." });
static void files_keep_their_owners(void)
{
	json_t *config = in_user_namespace(shell("stat -c %u /etc/plain"));
	AUTO_FREE char *file = xasprintf("%s/rootfs/etc/plain", test_dir);
	struct stat st;

	SAYS(config, "65534\n"); /* nobody in there */
	CU_ASSERT(!stat(file, &st) && st.st_uid == 0 && st.st_gid == 0);
}

PROVES(namespaces_are_owned_by_the_user_namespace,
	{ "config-linux.md#namespaces", MUST, "The other new namespaces belong to the new user namespace: its root may administer them." });
static void namespaces_are_owned_by_the_user_namespace(void)
{
	json_t *config = in_user_namespace(shell("hostname changed && hostname; mount -t tmpfs none /data && echo mounted"));
	static const char *const sets[] = { "bounding", "effective", "permitted" };

	for (size_t i = 0; i < 3; i++) {
		AUTO_FREE char *path = xasprintf("process.capabilities.%s", sets[i]);

		append(config, path, "'CAP_SYS_ADMIN'");
	}
	SAYS(config, "changed\nmounted\n");
}

PROVES(user_namespace_by_path,
	{ "config-linux.md#namespaces", MUST, "The user namespace of a `path` is joined like the others." });
static void user_namespace_by_path(void)
{
	json_t *config;
	char first[64], path[64];

	if (!start(in_user_namespace(sleeper())))
		return;
	strcpy(first, id);
	snprintf(path, sizeof path, "/proc/%s/ns/user", pid_text());
	config = shell("grep -E '^(Uid|Gid):' /proc/self/status; tr -s ' ' </proc/self/uid_map");
	append(config, "linux.namespaces", "{'type': 'user', 'path': '%s'}", path);
	SAYS(config, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n 0 100000 1000\n 5000 200000 10\n");
	strcpy(id, first);
	stop();
}

PROVES(new_time_namespace,
	{ "config-linux.md#namespaces", SHOULD, "`time` is supported: the container has clocks of its own." },
	{ "config-linux.md#offset-for-time-namespace", MUST, "`timeOffsets` are the namespace's: `secs` and `nanosecs` for `monotonic` and `boottime`." });
static void new_time_namespace(void)
{
	json_t *config = sleeper();
	long secs = 0, nanosecs = 0;

	if (access("/proc/self/ns/time", F_OK)) {
		skip("this kernel has no time namespaces");
		json_decref(config);
		return;
	}
	append(config, "linux.namespaces", "{'type': 'time'}");
	set(config, "linux.timeOffsets", "{'monotonic': {'secs': 172800, 'nanosecs': 7}, 'boottime': {'secs': 604800}}");
	if (!start(config))
		return;
	CU_ASSERT(strcmp(ns_of(pid_text(), "time"), ns_of("self", "time")) != 0);
	AUTO_FREE char *offsets = proc_file("timens_offsets"), *uptime = read_file("/proc/uptime");

	CU_ASSERT(sscanf(line_after(offsets, "monotonic"), "%ld %ld", &secs, &nanosecs) == 2);
	CU_ASSERT(secs == 172800 && nanosecs == 7);
	CU_ASSERT(sscanf(line_after(offsets, "boottime"), "%ld %ld", &secs, &nanosecs) == 2);
	CU_ASSERT(secs == 604800 && nanosecs == 0);
	CU_ASSERT(atol(runc("exec", id, "cat", "/proc/uptime", NULL).out) >= atol(uptime) + 604800);
	stop();
}

PROVES(time_offsets_need_a_time_namespace,
	{ "config-linux.md#offset-for-time-namespace", MUST, "Offsets without a new time namespace cannot be applied: that is an error." },
	{ "config-linux.md#offset-for-time-namespace", MUST, "A clock that has no offset is an error." });
static void time_offsets_need_a_time_namespace(void)
{
	json_t *config = sleeper();

	set(config, "linux.timeOffsets", "{'boottime': {'secs': 604800}}");
	REFUSED(config);
	config = sleeper();
	append(config, "linux.namespaces", "{'type': 'time'}");
	set(config, "linux.timeOffsets", "{'realtime': {'secs': 604800}}");
	REFUSED(config);
}

/* A process in new namespaces of the types that can be joined one by one. */
static pid_t keeper(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWPID))
			_exit(1);
		/* The new pid namespace is its child's. */
		if (!fork()) {
			(void)!write(ready[1], "x", 1);
			pause();
			_exit(0);
		}
		pause();
		_exit(0);
	}
	close(ready[1]);
	CU_ASSERT(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	return pid;
}

static void end_keeper(pid_t pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/task/%d/children", (int)pid, (int)pid), *child = read_file(path);

	if (atoi(child) > 1)
		kill(atoi(child), SIGKILL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

PROVES(namespaces_by_path,
	{ "config-linux.md#namespaces", MUST, "A type with a `path` is the namespace of that file: the container's process is in it (pid, network, ipc, uts, cgroup)." },
	{ "runtime.md#delete", MUST, "What the container used but `create` did not make is not deleted: the namespaces go on." });
static void namespaces_by_path(void)
{
	static const struct { const char *type, *link, *file; } joined[] = {
		{ "network", "net", "net" }, { "ipc", "ipc", "ipc" }, { "uts", "uts", "uts" },
		{ "cgroup", "cgroup", "cgroup" }, { "pid", "pid", "pid_for_children" },
	};
	pid_t pid = keeper();
	json_t *config = sleeper();
	char keeper_pid[16];

	snprintf(keeper_pid, sizeof keeper_pid, "%d", (int)pid);
	set(config, "linux.namespaces", "[{'type': 'mount'}]");
	for (size_t i = 0; i < sizeof joined / sizeof *joined; i++)
		append(config, "linux.namespaces", "{'type': '%s', 'path': '/proc/%d/ns/%s'}", joined[i].type,
		       (int)pid, joined[i].file);
	if (start(config)) {
		for (size_t i = 0; i < sizeof joined / sizeof *joined; i++)
			eq_str(ns_of(pid_text(), joined[i].link), ns_of(keeper_pid, joined[i].file), joined[i].type,
			       __LINE__);
		stop();
		for (size_t i = 0; i < sizeof joined / sizeof *joined; i++)
			CU_ASSERT(*ns_of(keeper_pid, joined[i].file));
	}
	end_keeper(pid);
}

PROVES(mount_namespace_by_path,
	{ "config-linux.md#namespaces", MUST, "That holds for a mount namespace too." });
static void mount_namespace_by_path(void)
{
	json_t *config = sleeper();
	char path[64], theirs[64] = "";
	pid_t pid = fork();

	if (!pid) {
		if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL))
			_exit(1);
		pause();
		_exit(0);
	}
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)pid);
	for (int i = 0; i < 250 && (!*theirs || !strcmp(theirs, ns_of("self", "mnt"))); i++, usleep(4000))
		theirs[readlink(path, theirs, sizeof theirs - 1)] = '\0';
	usleep(50000);
	set(config, "linux.namespaces", "[{'type': 'mount', 'path': '%s'}, {'type': 'pid'}, {'type': 'ipc'}, "
	    "{'type': 'uts'}, {'type': 'network'}]", path);
	if (start(config)) {
		EQ_STR(ns_of(pid_text(), "mnt"), theirs);
		stop();
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

PROVES(paths_of_namespaces,
	{ "config-linux.md#namespaces", MUST, "A `path` is absolute." },
	{ "config-linux.md#namespaces", MUST, "A `path` to a namespace of another type is an error." },
	{ "config-linux.md#namespaces", MUST, "A `path` to nothing, or to what is no namespace, is an error." });
static void paths_of_namespaces(void)
{
	static const char *const wrong[] = {
		"proc/self/ns/net", "/proc/self/ns/ipc", "/proc/self/ns/none", "/etc/passwd",
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *config = sleeper();

		set(config, "linux.namespaces", "[{'type': 'mount'}, {'type': 'pid'}, "
		    "{'type': 'network', 'path': '%s'}]", wrong[i]);
		REFUSED(config);
	}
}

PROVES(inherited_namespaces,
	{ "config-linux.md#namespaces", MUST, "A type that is not listed is the runtime's own namespace: nothing new is made." });
static void inherited_namespaces(void)
{
	json_t *config = sleeper();
	static const char *const links[] = { "pid", "net", "ipc", "uts", "cgroup", "user", "time" };

	set(config, "linux.namespaces", "[{'type': 'mount'}]");
	/* sysfs wants a network namespace of the same user namespace, which is the case. */
	if (!start(config))
		return;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		eq_str(ns_of(pid_text(), links[i]), ns_of("self", links[i]), links[i], __LINE__);
	stop();
}

PROVES(inherited_mount_namespace,
	{ "config-linux.md#namespaces", MUST, "That holds for the mount namespace too." });
static void inherited_mount_namespace(void)
{
	json_t *config = sleeper();
	struct result r;

	set(config, "linux.namespaces", "[{'type': 'pid'}]");
	set(config, "mounts", "[]");
	AUTO_JSON json_t *owned = config;

	r = runc("create", "-b", bundle(owned), new_id(), NULL);
	if (r.status)
		fprintf(stderr, "\n%s\n", r.err);
	CU_ASSERT_EQUAL(r.status, 0);
	if (!r.status) {
		EQ_STR(ns_of(pid_text(), "mnt"), ns_of("self", "mnt"));
		stop();
	}
	unmount_left();
}

PROVES(namespaces_given_twice,
	{ "config-linux.md#namespaces", MUST, "A type that is listed twice is an error." });
static void namespaces_given_twice(void)
{
	static const char *const all[] = { "pid", "network", "mount", "ipc", "uts" };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		json_t *config = sleeper();

		append(config, "linux.namespaces", "{'type': '%s'}", all[i]);
		REFUSED(config);
	}
}

PROVES(unknown_namespaces,
	{ "config-linux.md#namespaces", MUST, "`type` is required." },
	{ "config-linux.md#namespaces", MUST, "A type that does not exist is an error." });
static void unknown_namespaces(void)
{
	json_t *config = sleeper();

	append(config, "linux.namespaces", "{}");
	REFUSED(config);
	config = sleeper();
	append(config, "linux.namespaces", "{'type': 'sorts'}");
	REFUSED(config);
}

const struct test namespace_rules[] = {
	TEST(new_namespaces),
	TEST(new_cgroup_namespace),
	TEST(new_user_namespace),
	TEST(files_keep_their_owners),
	TEST(namespaces_are_owned_by_the_user_namespace),
	TEST(user_namespace_by_path, RUNC_DIFFERS = "mappings are wanted for a namespace that has some"),
	TEST(new_time_namespace, RUNC_DIFFERS = TOO_NEW,
	     CRUN_DIFFERS = "it fails where not all offsets are given"),
	TEST(time_offsets_need_a_time_namespace, RUNC_DIFFERS = TOO_NEW,
	     CRUN_DIFFERS = "the offsets are ignored"),
	TEST(namespaces_by_path),
	TEST(mount_namespace_by_path),
	TEST(paths_of_namespaces),
	TEST(inherited_namespaces),
	TEST(inherited_mount_namespace, RUNC_DIFFERS = "it fails when the container has no /proc"),
	TEST(namespaces_given_twice, CRUN_DIFFERS = "the last one counts"),
	TEST(unknown_namespaces),
	{ NULL },
};
