/*
 * userns_test.c - user and time namespaces, id-mapped mounts, and a container without
 * a mount namespace.
 */
#include "suite.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "01-kernel/mount.h"
#include "01-kernel/userns.h"

#define UID 100000
#define GID 200000

/* A bundle whose files belong to the container's root. */
static const char *mapped_bundle(json_t *config, const char **root)
{
	AUTO_FREE char *cmd = NULL;
	const char *dir;

	append(config, "linux.namespaces", "{'type': 'user'}");
	set(config, "linux.uidMappings", "[{'containerID': 0, 'hostID': %d, 'size': 65536}]", UID);
	set(config, "linux.gidMappings", "[{'containerID': 0, 'hostID': %d, 'size': 65536}]", GID);
	dir = own_bundle(config, root);
	cmd = xasprintf("chown -R %d:%d %s", UID, GID, *root);
	EQ_INT(system(cmd), 0);
	return dir;
}

static int pid_of(void)
{
	AUTO_JSON json_t *state = json_loads(runc("state", id, NULL).out, 0, NULL);

	return (int)jsonx_int(state, "pid", 0);
}

static bool start_in(const char *dir)
{
	struct result r = runc("create", "-b", dir, new_id(), NULL);

	if (!r.status)
		r = runc("start", id, NULL);
	EQ_INT(r.status, 0);
	if (r.status)
		fprintf(stderr, "%s\n", r.err);
	return !r.status;
}

/* The row of a namespace to be joined. */
static void join(json_t *config, const char *type, const char *path)
{
	json_t *ns;
	size_t i;

	json_array_foreach(jsonx_at(config, "linux.namespaces"), i, ns)
		if (!strcmp(jsonx_str(ns, "type", ""), type))
			json_object_set_new(ns, "path", json_string(path));
}

static void a_new_one(void)
{
	AUTO_JSON json_t *config = spec();
	const char *root, *dir;
	AUTO_FREE char *made = NULL;
	struct stat st;

	script(config, "id -u; cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '; echo >/made; "
	       "echo zero | dd of=/dev/null 2>/dev/null && head -c 3 /dev/zero | wc -c; "
	       "mknod /dev/x c 1 3 2>/dev/null; echo $?; stat -c %u:%g /proc/1");
	dir = mapped_bundle(config, &root);
	PRINTS(runc("run", "-b", dir, new_id(), NULL),
	       "0\n 0 100000 65536\n 0 200000 65536\n3\n1\n0:0\n");
	made = xasprintf("%s/made", root);
	CU_ASSERT(!stat(made, &st));
	EQ_INT(st.st_uid, UID);
	EQ_INT(st.st_gid, GID);
	NOTHING_LEFT();
}

static void exec_enters_it(void)
{
	AUTO_JSON json_t *config = spec();
	const char *root, *dir;

	set(config, "process.args", "['sleep', '1000']");
	dir = mapped_bundle(config, &root);
	if (!start_in(dir))
		return;
	PRINTS(runc("exec", id, "sh", "-c", "id -u; tr -s ' ' </proc/self/uid_map; "
		    "test $(readlink /proc/1/ns/user) = $(readlink /proc/self/ns/user) && "
		    "test $(readlink /proc/1/ns/pid) = $(readlink /proc/self/ns/pid) && "
		    "test $(readlink /proc/1/ns/mnt) = $(readlink /proc/self/ns/mnt) && "
		    "cmp /proc/1/cgroup /proc/self/cgroup && echo same", NULL),
	       "0\n 0 100000 65536\nsame\n");
	PRINTS(runc("exec", "-u", "7:8", id, "sh", "-c", "echo $(id -u) $(id -g)", NULL), "7 8\n");
	FAILS(runc("exec", "-u", "70000:0", id, "true", NULL), 255, "it is not mapped");
	stop();
	NOTHING_LEFT();
}

static void ids_that_are_not_mapped(void)
{
	AUTO_JSON json_t *config = spec();
	const char *root, *dir = mapped_bundle(config, &root);

	set(config, "process.user.uid", "65536");
	FAILS(runc("run", "-b", bundle(config), new_id(), NULL), 1, "process.user.uid: 65536 is not in "
	      "linux.uidMappings");
	set(config, "process.user.uid", "1");
	set(config, "linux.uidMappings", "[{'containerID': 1, 'hostID': %d, 'size': 9}]", UID);
	FAILS(runc("run", "-b", bundle(config), new_id(), NULL), 1, "must be mapped");
	/* What the kernel refuses is undone to the last piece. */
	set(config, "linux.uidMappings", "[{'containerID': 0, 'hostID': 5, 'size': 9}, "
	    "{'containerID': 3, 'hostID': 70, 'size': 9}]");
	FAILS(runc("run", "-b", bundle(config), new_id(), NULL), 1, "map the user ids");
	(void)dir;
	NOTHING_LEFT();
}

static void joined(void)
{
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *ns = NULL, *bound = xasprintf("%s/userns", test_dir);
	char first[64];
	const char *root, *dir;

	set(config, "process.args", "['sleep', '1000']");
	dir = mapped_bundle(config, &root);
	if (!start_in(dir))
		return;
	strcpy(first, id);
	ns = xasprintf("/proc/%d/ns/user", pid_of());
	write_file(test_dir, "userns", "");
	EQ_INT(mount(ns, bound, NULL, MS_BIND, NULL), 0);
	join(config, "user", bound);
	script(config, "id -u; tr -s ' ' </proc/self/uid_map");
	/* With the same maps as the document says, and without any. */
	PRINTS(runc("run", "-b", bundle(config), new_id(), NULL), "0\n 0 100000 65536\n");
	set(config, "linux.uidMappings", "null");
	set(config, "linux.gidMappings", "null");
	PRINTS(runc("run", "-b", bundle(config), new_id(), NULL), "0\n 0 100000 65536\n");
	set(config, "linux.uidMappings", "[{'containerID': 0, 'hostID': 7, 'size': 65536}]");
	FAILS(runc("run", "-b", bundle(config), new_id(), NULL), 1, "only one of path and mappings");
	umount2(bound, MNT_DETACH);
	unlink(bound);
	strcpy(id, first);
	stop();
	NOTHING_LEFT();
}

/* A network namespace that belongs to the host can only be joined by the host's root; so
 * before the user namespace, whether that is new or joined. */
static void beside_a_namespace_of_the_host(void)
{
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *path = NULL, *want = NULL;
	const char *root, *dir;
	char text[64] = "";

	path = xasprintf("/proc/%d/ns/net", (int)getpid());
	CU_ASSERT(readlink(path, text, sizeof text - 1) > 0);
	want = xasprintf("%s\n", text);
	/* A new instance of sysfs would have to own the network. */
	set(config, "mounts", "[{'destination': '/proc', 'type': 'proc'}]");
	set(config, "linux.maskedPaths", "null");
	join(config, "network", path);
	script(config, "readlink /proc/self/ns/net");
	dir = mapped_bundle(config, &root);
	PRINTS(runc("run", "-b", dir, new_id(), NULL), want);
	set(config, "process.args", "['sleep', '1000']");
	if (!start_in(bundle(config)))
		return;
	PRINTS(runc("exec", id, "readlink", "/proc/self/ns/net", NULL), want);
	stop();
	NOTHING_LEFT();
}

/* The host's root sets the container up, so it may mount what the container's root
 * could not have found. */
static void sources_out_of_reach(void)
{
	AUTO_JSON json_t *config = spec();
	const char *root, *dir;
	AUTO_FREE char *cmd = xasprintf("mkdir -p %1$s/hidden/a %1$s/private/b && echo one >%1$s/hidden/a/f && "
					"echo two >%1$s/private/b/f && chmod 700 %1$s/hidden %1$s/private && "
					"chown 4711 %1$s/private", test_dir);

	EQ_INT(system(cmd), 0);
	append(config, "mounts", "{'destination': '/tmp/a', 'source': '%s/hidden/a', 'options': "
	       "['rbind', 'ro']}", test_dir);
	append(config, "mounts", "{'destination': '/tmp/b/f', 'source': '%s/private/b/f', 'options': "
	       "['bind']}", test_dir);
	script(config, "cat /tmp/a/f /tmp/b/f; grep -c ' /tmp/a .* ro,' /proc/mounts");
	dir = mapped_bundle(config, &root);
	PRINTS(runc("run", "-b", dir, new_id(), NULL), "one\ntwo\n1\n");
	NOTHING_LEFT();
}

/* Flags of the host's mount are the host's decision. */
static void locked_flags(void)
{
	AUTO_JSON json_t *config = spec();
	const char *root, *dir;
	AUTO_FREE char *source = xasprintf("%s/nosuid", test_dir);

	mkdir(source, 0755);
	EQ_INT(mount("tmpfs", source, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"), 0);
	append(config, "mounts", "{'destination': '/tmp', 'source': '%s', 'options': ['bind', 'ro']}",
	       source);
	set(config, "process.capabilities", "{'bounding': ['CAP_SYS_ADMIN'], 'effective': "
	    "['CAP_SYS_ADMIN'], 'permitted': ['CAP_SYS_ADMIN']}");
	script(config, "grep ' /tmp ' /proc/mounts | cut -d' ' -f4 | cut -d, -f1-3; "
	       "mount -o remount,bind,suid,dev,ro /tmp 2>/dev/null || echo no");
	dir = mapped_bundle(config, &root);
	PRINTS(runc("run", "-b", dir, new_id(), NULL), "ro,nosuid,nodev\nno\n");
	append(config, "mounts", "{'destination': '/etc', 'source': '%s', 'options': ['bind', 'suid']}",
	       source);
	FAILS(runc("run", "-b", bundle(config), new_id(), NULL), 1,
	      "failed to set user-requested vfs flags on bind-mount");
	umount2(source, MNT_DETACH);
	rmdir(source);
	NOTHING_LEFT();
}

/* Can this file system be id-mapped at all? */
static bool idmap_possible(const char *dir)
{
	struct kern_id_range r = { 0, 7, 1 };
	const struct kern_id_maps m = { { &r, 1 }, { &r, 1 } };
	struct err err;
	AUTO_CLOSE int fd = open(dir, O_PATH | O_CLOEXEC), ns = kern_userns_make(&m, &err), copy = -1;

	if (fd >= 0)
		copy = kern_mount_clone(fd, false, &err);
	return ns >= 0 && copy >= 0 && !kern_mount_idmap(copy, ns, false, &err);
}

static void idmapped(void)
{
	static const char run_stat[] = "stat -c %u:%g /tmp/f /tmp/sub/f; touch /tmp/new 2>/dev/null; "
				       "stat -c %u:%g /tmp/new 2>/dev/null; true";
	AUTO_JSON json_t *config = spec(), *mounts = NULL;
	const char *root, *dir;
	AUTO_FREE char *cmd = xasprintf(
		"mkdir -p %1$s/ids/sub %1$s/below && touch %1$s/ids/f %1$s/below/f && "
		"chown 0:0 %1$s/ids && chmod 777 %1$s/ids && chown 10:11 %1$s/ids/f %1$s/below/f && "
		"mount --bind %1$s/below %1$s/ids/sub", test_dir);
	AUTO_FREE char *source = xasprintf("%s/ids", test_dir), *sub = xasprintf("%s/sub", source);

	EQ_INT(system(cmd), 0);
	if (!idmap_possible(source)) {
		printf("\n    SKIP: this file system cannot be id-mapped\n");
		umount2(sub, MNT_DETACH);
		return;
	}
	script(config, run_stat);
	mounts = json_deep_copy(jsonx_at(config, "mounts"));
	/* Without a user namespace, maps of its own; what lies below keeps its owners. */
	append(config, "mounts", "{'destination': '/tmp', 'source': '%s', 'options': ['rbind'], "
	       "'uidMappings': [{'containerID': 10, 'hostID': 1010, 'size': 1}, "
	       "{'containerID': 0, 'hostID': 0, 'size': 1}], "
	       "'gidMappings': [{'containerID': 0, 'hostID': 2000, 'size': 50}]}", source);
	PRINTS(runc("run", "-b", bundle(config), new_id(), NULL), "1010:2011\n10:11\n");
	json_object_set(config, "mounts", mounts);
	append(config, "mounts", "{'destination': '/tmp', 'source': '%s', 'options': ['rbind', 'ridmap'], "
	       "'uidMappings': [{'containerID': 0, 'hostID': 1000, 'size': 50}], "
	       "'gidMappings': [{'containerID': 0, 'hostID': 2000, 'size': 50}]}", source);
	PRINTS(runc("run", "-b", bundle(config), new_id(), NULL), "1010:2011\n1010:2011\n");
	/* With one, its maps. */
	json_object_set_new(config, "mounts", json_deep_copy(mounts));
	append(config, "mounts", "{'destination': '/tmp', 'source': '%s', 'options': ['rbind', 'idmap']}",
	       source);
	dir = mapped_bundle(config, &root);
	PRINTS(runc("run", "-b", dir, new_id(), NULL), "10:11\n65534:65534\n0:0\n");
	umount2(sub, MNT_DETACH);
	NOTHING_LEFT();
}

/* What is to be mapped may have been mounted by the entry before. */
static void idmapped_in_order(void)
{
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *below = xasprintf("%s/order", test_dir), *cmd = NULL;
	const char *root;

	cmd = xasprintf("mkdir -p %1$s && touch %1$s/f && chown 10:11 %1$s/f", below);
	EQ_INT(system(cmd), 0);
	if (!idmap_possible(below)) {
		printf("\n    SKIP: this file system cannot be id-mapped\n");
		return;
	}
	script(config, "stat -c %u:%g /tmp/f");
	own_bundle(config, &root);
	append(config, "mounts", "{'destination': '/mnt', 'source': '%s', 'options': ['bind']}", below);
	append(config, "mounts", "{'destination': '/tmp', 'source': '%s/mnt', 'options': ['rbind'], "
	       "'uidMappings': [{'containerID': 0, 'hostID': 1000, 'size': 50}], "
	       "'gidMappings': [{'containerID': 0, 'hostID': 2000, 'size': 50}]}", root);
	PRINTS(runc("run", "-b", bundle(config), new_id(), NULL), "1010:2011\n");
	NOTHING_LEFT();
}

static void another_time(void)
{
	AUTO_JSON json_t *config = spec();

	if (access("/proc/self/timens_offsets", F_OK)) {
		printf("\n    SKIP: this kernel has no time namespaces\n");
		return;
	}
	append(config, "linux.namespaces", "{'type': 'time'}");
	set(config, "linux.timeOffsets", "{'monotonic': {'secs': 7881, 'nanosecs': 2718281}, "
	    "'boottime': {'secs': -1, 'nanosecs': 5}}");
	set(config, "process.args", "['sleep', '1000']");
	if (!start(json_incref(config)))
		return;
	PRINTS(runc("exec", id, "sh", "-c", "tr -s ' ' </proc/self/timens_offsets; "
		    "readlink /proc/1/ns/time | grep -vc $(readlink /proc/1/ns/net)", NULL),
	       "monotonic 7881 2718281\nboottime -1 5\n1\n");
	stop();
	NOTHING_LEFT();
}

/* Without a mount namespace the container's mounts are the host's (here: this test's). */
static void no_mount_namespace(void)
{
	AUTO_JSON json_t *config = spec();
	const char *root, *dir;

	set(config, "linux.namespaces", "[{'type': 'pid'}, {'type': 'uts'}, {'type': 'ipc'}]");
	set(config, "linux.maskedPaths", "[]");
	set(config, "linux.readonlyPaths", "[]");
	set(config, "mounts", "[{'destination': '/proc', 'type': 'proc'}]");
	set(config, "process.args", "['sleep', '1000']");
	dir = own_bundle(config, &root);
	if (!start_in(dir))
		return;
	PRINTS(runc("exec", id, "sh", "-c", "ls -d /bin /etc; ls /.. | head -n 1", NULL),
	       "/bin\n/etc\nbin\n");
	stop();
	CU_ASSERT(!umount2(root, MNT_DETACH)); /* with what is mounted below it */
	NOTHING_LEFT();
}

CU_TestInfo userns_tests[] = {
	{ "a new user namespace", a_new_one },
	{ "exec enters it", exec_enters_it },
	{ "ids that are not mapped", ids_that_are_not_mapped },
	{ "one that exists is joined", joined },
	{ "beside a namespace of the host's", beside_a_namespace_of_the_host },
	{ "sources that its root cannot reach", sources_out_of_reach },
	{ "flags of the host's mounts stay", locked_flags },
	{ "id-mapped mounts", idmapped },
	{ "id-mapped in their order", idmapped_in_order },
	{ "a time namespace", another_time },
	{ "no mount namespace", no_mount_namespace },
	CU_TEST_INFO_NULL,
};
