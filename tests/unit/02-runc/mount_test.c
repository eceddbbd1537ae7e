/*
 * mount_test.c - the container's file tree: mounts, devices, propagation.
 */
#include "suite.h"

#include <sys/mount.h>
#include <sys/stat.h>

static json_t *with_mount(const char *mount, const char *what)
{
	json_t *config = spec();

	append(config, "mounts", mount, test_dir);
	script(config, what);
	return config;
}

static void binds(void)
{
	AUTO_FREE char *dir = xasprintf("%s/volume", test_dir);

	mkdir(dir, 0777);
	write_file(dir, "file", "content\n");
	PRINTS(run(with_mount("{'destination': '/tmp/v', 'source': '%s/volume', 'type': 'bind', "
			      "'options': ['bind', 'ro']}", "true")), "");
	PRINTS(run(with_mount("{'destination': '/tmp', 'source': '%s/volume', 'type': 'bind', "
			      "'options': ['rbind', 'rw']}", "cat /tmp/file; echo new >/tmp/new")),
	       "content\n");
	AUTO_FREE char *new = xasprintf("%s/new", dir), *text = read_file(new);

	EQ_STR(text, "new\n");
	PRINTS(run(with_mount("{'destination': '/tmp', 'source': '%s/volume', "
			      "'options': ['bind', 'ro', 'nosuid', 'noexec']}",
			      "touch /tmp/x || grep -c ' /tmp .*ro,nosuid,noexec' /proc/mounts")),
	       "1\n");
	/* A file over a file. */
	PRINTS(run(with_mount("{'destination': '/etc/plain', 'source': '%s/volume/file', "
			      "'options': ['bind']}", "cat /etc/plain")), "content\n");
	FAILS(run(with_mount("{'destination': '/tmp', 'source': '%s/nowhere', "
			     "'options': ['bind']}", "true")), 1, "nowhere: No such file");
	FAILS(run(with_mount("{'destination': '/etc/plain', 'source': '%s/volume', "
			     "'options': ['bind']}", "true")), 1, "/etc/plain");
	NOTHING_LEFT();
}

/* A recursive read-only bind covers what is mounted below. */
static void recursive_readonly(void)
{
	AUTO_FREE char *dir = xasprintf("%s/deep", test_dir), *sub = xasprintf("%s/sub", dir);

	mkdir(dir, 0777);
	mkdir(sub, 0777);
	CU_ASSERT_FATAL(!mount("t", sub, "tmpfs", 0, NULL));
	PRINTS(run(with_mount("{'destination': '/tmp', 'source': '%s/deep', "
			      "'options': ['rbind', 'rro']}",
			      "touch /tmp/sub/x 2>/dev/null || echo ro")), "ro\n");
	PRINTS(run(with_mount("{'destination': '/tmp', 'source': '%s/deep', "
			      "'options': ['rbind', 'ro']}",
			      "touch /tmp/x 2>/dev/null || echo ro; touch /tmp/sub/x && echo rw")),
	       "ro\nrw\n");
	CU_ASSERT(!umount(sub));
	NOTHING_LEFT();
}

static void tmpfs(void)
{
	PRINTS(run(with_mount("{'destination': '/etc', 'type': 'tmpfs', 'source': '%.0sx', "
			      "'options': ['size=64k', 'mode=700', 'nodev']}",
			      "ls /etc; stat -c %a /etc; grep -c ' /etc tmpfs .*size=64k' /proc/mounts")),
	       "700\n1\n");
	/* Without a mode it takes over that of what it covers. */
	PRINTS(run(with_mount("{'destination': '/tmp', 'type': 'tmpfs', 'source': '%.0sx'}",
			      "stat -c %a /tmp")), "1777\n");
	const char *root;
	AUTO_JSON json_t *config = with_mount("{'destination': '/new', 'type': 'tmpfs', "
					      "'source': '%.0sx'}", "stat -c %a /new");

	PRINTS(runc("run", "-b", own_bundle(config, &root), new_id(), NULL), "1777\n");
	PRINTS(run(with_mount("{'destination': '/etc', 'type': 'tmpfs', 'source': '%.0sx', "
			      "'options': ['tmpcopyup', 'ro']}",
			      "cat /etc/plain; touch /etc/x 2>/dev/null || echo ro")), "plain\nro\n");
	/* A read-only /dev, which is filled first, leaves the others as they should be. */
	json_t *after_dev = with_mount("{'destination': '/dev', 'type': 'tmpfs', 'source': '%.0sx', "
				       "'options': ['ro']}",
				       "for d in dev tmp; do touch /$d/x 2>/dev/null || echo ro; done");
	append(after_dev, "mounts", "{'destination': '/tmp', 'type': 'tmpfs', 'options': ['ro']}");
	PRINTS(run(after_dev), "ro\nro\n");
	FAILS(run(with_mount("{'destination': '/tmp', 'type': 'tmpfs', 'source': '%.0sx', "
			     "'options': ['nosuchoption=1']}", "true")), 1,
	      "to rootfs at \"/tmp\"");
	FAILS(run(with_mount("{'destination': '/tmp', 'type': 'nosuchfs', 'source': '%.0sx'}", "true")),
	      1, "nosuchfs");
	NOTHING_LEFT();
}

/* "Default Devices" in config-linux.md, and the links of runtime-linux.md. */
static void devices(void)
{
	json_t *config = spec();

	script(config, "for d in null zero full random urandom tty; do stat -c '%n %F %t %T %a' /dev/$d; "
	       "done; for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done; "
	       "stat -c '%n %t %T %a %u %g' /dev/mine; stat -c '%F' /dev/pipe; test -e /dev/sda || echo no");
	append(config, "linux.devices", "{'path': '/dev/mine', 'type': 'c', 'major': 10, 'minor': 229, "
	       "'fileMode': 432, 'uid': 3, 'gid': 4}");
	append(config, "linux.devices", "{'path': '/dev/pipe', 'type': 'p'}");
	PRINTS(run(config),
	       "/dev/null character special file 1 3 666\n/dev/zero character special file 1 5 666\n"
	       "/dev/full character special file 1 7 666\n/dev/random character special file 1 8 666\n"
	       "/dev/urandom character special file 1 9 666\n/dev/tty character special file 5 0 666\n"
	       "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n"
	       "/dev/mine a e5 660 3 4\nfifo\nno\n");
}

/* The image has a symbolic link where a device is to be: it leads to a place in the image. */
static void devices_behind_links(void)
{
	json_t *config = spec();
	const char *root;
	AUTO_FREE char *make = NULL, *look = NULL, *outside = xasprintf("%s/outside", test_dir);
	struct err err;

	own_bundle(config, &root);
	make = xasprintf("cd %s && mkdir far && ln -s ../../../..%s mine && ln -s far/relative near && "
			"ln -s one two && ln -s two one && echo >plain && ln -s plain taken", root, outside);
	CU_ASSERT_EQUAL(system(make), 0);
	set(config, "linux.devices", "[{'path': '/mine', 'type': 'c', 'major': 10, 'minor': 229}, "
	    "{'path': '/near', 'type': 'c', 'major': 10, 'minor': 229}]");
	look = xasprintf("stat -c '%%F %%t' %s /far/relative", outside);
	script(config, look);
	PRINTS(run(json_deep_copy(config)), "character special file a\ncharacter special file a\n");
	CU_ASSERT(access(outside, F_OK));
	set(config, "linux.devices", "[{'path': '/taken', 'type': 'c', 'major': 10, 'minor': 229}]");
	FAILS(run(json_deep_copy(config)), 1, "/taken exists and is something else");
	set(config, "linux.devices", "[{'path': '/one', 'type': 'c', 'major': 10, 'minor': 229}]");
	FAILS(run(config), 1, "Too many levels of symbolic links");
	CU_ASSERT(!file_remove_tree(AT_FDCWD, root, &err));
	NOTHING_LEFT();
}

/* A /dev that is bound from somewhere is its owner's: nothing is put into it. */
static void somebody_elses_dev(void)
{
	AUTO_FREE char *dir = xasprintf("%s/dev", test_dir);
	json_t *config = spec();

	mkdir(dir, 0755);
	set(config, "mounts", "[{'destination': '/proc', 'type': 'proc'}, {'destination': '/dev', "
	    "'source': '%s', 'options': ['rbind']}]", dir);
	script(config, "ls /dev");
	PRINTS(run(config), "");
}

static void readonly_dev(void)
{
	json_t *config = spec();

	set(config, "mounts", "[{'destination': '/proc', 'type': 'proc'}, {'destination': '/dev', "
	    "'type': 'tmpfs', 'options': ['ro', 'nosuid']}]");
	script(config, "echo x >/dev/null && touch /dev/x 2>/dev/null || echo ro");
	PRINTS(run(config), "ro\n");
}

/* What a container mounts does not appear on the host, nor, with rslave missing,
 * the other way round. */
static void propagation(void)
{
	AUTO_FREE char *dir = xasprintf("%s/prop", test_dir), *mounts = NULL;
	static const struct { const char *asked, *tag; } kinds[] = {
		{ "private", "" }, { "rslave", "master:" }, { "shared", "shared:" },
		{ "unbindable", "unbindable" },
	};

	mkdir(dir, 0777);
	CU_ASSERT_FATAL(!mount("t", dir, "tmpfs", 0, NULL) && !mount(NULL, dir, NULL, MS_SHARED, NULL));
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		AUTO_JSON json_t *config = spec();
		struct result r;

		append(config, "mounts", "{'destination': '/tmp', 'source': '%s', 'options': "
		       "['rbind', '%s']}", dir, kinds[i].asked);
		script(config, "grep ' /tmp ' /proc/self/mountinfo");
		r = runc("run", "-b", bundle(config), new_id(), NULL);
		EQ_INT(r.status, 0);
		HAS(r.out, kinds[i].tag);
		if (!*kinds[i].tag)
			CU_ASSERT(!strstr(r.out, "shared:") && !strstr(r.out, "master:"));
	}
	CU_ASSERT(!umount(dir));
	for (int i = 0; i < 2; i++) {
		json_t *config = spec();

		set(config, "linux.rootfsPropagation", i ? "'shared'" : "'private'");
		script(config, "grep ' / / ' /proc/self/mountinfo || grep ' / ' /proc/self/mountinfo");
		struct result r = run(config);

		EQ_INT(r.status, 0);
		CU_ASSERT(i ? strstr(r.out, "shared:") != NULL : !strstr(r.out, "shared:"));
	}
	NOTHING_LEFT();
}

/* --no-pivot: MS_MOVE, as on a ramdisk. */
static void no_pivot(void)
{
	AUTO_JSON json_t *config = spec();

	script(config, "ls / | wc -l; grep -c . /proc/self/mountinfo >/dev/null && echo mounts");
	HAS(runc("run", "--no-pivot", "-b", bundle(config), new_id(), NULL).out, "mounts\n");
	NOTHING_LEFT();
}

CU_TestInfo mount_tests[] = {
	{ "bind mounts", binds },
	{ "recursively read-only", recursive_readonly },
	{ "tmpfs", tmpfs },
	{ "devices and links", devices },
	{ "devices behind links", devices_behind_links },
	{ "a /dev of somebody's own", somebody_elses_dev },
	{ "a read-only /dev", readonly_dev },
	{ "propagation", propagation },
	{ "without pivot_root", no_pivot },
	CU_TEST_INFO_NULL,
};
