/*
 * mount_test.c - "Mounts" in config.md: what is mounted, where, in which order.
 * The option words are in option_test.c, id-mapped mounts in idmap_test.c.
 */
#include "conform.h"

#include <sys/mount.h>
#include <sys/stat.h>

PROVES(mounts_in_order,
	{ "config.md#mounts", MUST, "Mounts are made in the order in which they are listed." });
static void mounts_in_order(void)
{
	json_t *config = shell("cat /data/name /data/sub/name");
	AUTO_FREE char *first = xasprintf("%s/first/sub", test_dir), *dir = xasprintf("%s/first", test_dir);
	AUTO_FREE char *second = xasprintf("%s/second", test_dir);

	CU_ASSERT(make_dir(first) && make_dir(second));
	write_file(dir, "name", "first\n");
	write_file(second, "name", "second\n");
	/* Were the inner one mounted first, the outer one would hide it. */
	append(config, "mounts", "{'destination': '/data', 'type': 'tmpfs', 'source': 'tmpfs'}");
	append(config, "mounts", "{'destination': '/data', 'source': '%s', 'options': ['bind']}", dir);
	append(config, "mounts", "{'destination': '/data/sub', 'source': '%s', 'options': ['bind']}", second);
	SAYS(config, "first\nsecond\n");
}

PROVES(destination_is_required,
	{ "config.md#mounts", MUST, "`destination` is required." });
static void destination_is_required(void)
{
	json_t *config = sleeper();

	append(config, "mounts", "{'type': 'tmpfs', 'source': 'tmpfs'}");
	REFUSED(config);
}

PROVES(relative_destination,
	{ "config.md#mounts", MUST, "A relative destination is relative to the container's `/`." });
static void relative_destination(void)
{
	json_t *config = sleeper();
	struct mount_info m;

	set(config, "process.cwd", "'/tmp'");
	append(config, "mounts", "{'destination': 'data', 'type': 'tmpfs', 'source': 'relative'}");
	if (!start(config))
		return;
	mount_of("/data", &m);
	EQ_STR(m.source, "relative");
	stop();
}

PROVES(destination_is_made,
	{ "config.md#mounts", MUST, "A destination that is not there is made: a directory, or a file where a file is bound." });
static void destination_is_made(void)
{
	json_t *config = shell("cat /tmp/new/file; test -d /tmp/new/dir && echo directory");

	append(config, "mounts", "{'destination': '/tmp/new/dir', 'type': 'tmpfs', 'source': 'tmpfs'}");
	append(config, "mounts", "{'destination': '/tmp/new/file', 'source': '%s/rootfs/etc/plain', "
	       "'options': ['bind']}", test_dir);
	SAYS(config, "plain\ndirectory\n");
}

PROVES(destination_stays_inside,
	{ "config.md#mounts", MUST, "The destination is a path in the container: a symbolic link of its root leads nowhere else." });
static void destination_stays_inside(void)
{
	AUTO_JSON json_t *config = sleeper();
	AUTO_FREE char *link = NULL, *trap = xasprintf("%s/trap", test_dir), *caught = NULL;
	const char *root, *dir = own_bundle(config, &root);
	struct result r;

	CU_ASSERT(make_dir(trap));
	link = xasprintf("%s/link", root);
	caught = xasprintf("%s/inside", trap);
	CU_ASSERT(!symlink(trap, link));
	append(config, "mounts", "{'destination': '/link/inside', 'type': 'tmpfs', 'source': 'tmpfs'}");
	dir = bundle(config);
	r = runc("run", "-d", "-b", dir, new_id(), NULL);
	CU_ASSERT(access(caught, F_OK) != 0);
	if (!r.status)
		stop();
}

PROVES(types_of_file_systems,
	{ "config.md#posix-platform-mounts", MUST, "`type` is a file system of the kernel's; one that it does not have is an error." });
static void types_of_file_systems(void)
{
	static const char *const types[] = { "tmpfs", "sysfs", "devpts", "mqueue" };
	json_t *config = sleeper();

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		append(config, "mounts", "{'destination': '/tmp/%s', 'type': '%s', 'source': '%s'}", types[i],
		       types[i], types[i]);
	if (!start(config))
		return;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		AUTO_FREE char *path = xasprintf("/tmp/%s", types[i]);
		struct mount_info m;

		mount_of(path, &m);
		EQ_STR(m.type, types[i]);
	}
	stop();
	config = sleeper();
	append(config, "mounts", "{'destination': '/data', 'type': 'nosuchfs', 'source': 'x'}");
	REFUSED(config);
}

PROVES(bind_mounts,
	{ "config.md#mounts", MUST, "A mount with `bind` or `rbind` is a bind mount, whatever its `type` says." },
	{ "config.md#posix-platform-mounts", MUST, "`type` may be absent or a word of no meaning there." });
static void bind_mounts(void)
{
	static const char *const types[] = { "", "'type': 'none',", "'type': 'bind',", "'type': 'tmpfs'," };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		json_t *config = shell("cat /data/plain");

		append(config, "mounts", "{'destination': '/data', %s 'source': '%s/rootfs/etc', "
		       "'options': ['%s']}", types[i], test_dir, i % 2 ? "rbind" : "bind");
		SAYS(config, "plain\n");
	}
}

PROVES(relative_source,
	{ "config.md#mounts", MUST, "A bind mount's relative `source` is relative to the bundle." });
static void relative_source(void)
{
	AUTO_JSON json_t *config = shell("cat /data/name");
	AUTO_FREE char *inner = NULL;
	const char *dir;

	append(config, "mounts", "{'destination': '/data', 'source': 'inner', 'options': ['bind']}");
	dir = bundle(config);
	inner = xasprintf("%s/inner", dir);
	CU_ASSERT(make_dir(inner));
	write_file(inner, "name", "of the bundle\n");
	PRINTS(runc("run", "-b", dir, new_id(), NULL), "of the bundle\n");
}

PROVES(missing_source,
	{ "config.md#mounts", MUST, "A bind mount of what is not there is an error." });
static void missing_source(void)
{
	json_t *config = sleeper();

	append(config, "mounts", "{'destination': '/data', 'source': '%s/nowhere', 'options': ['bind']}",
	       test_dir);
	REFUSED(config);
	config = sleeper();
	append(config, "mounts", "{'destination': '/data', 'options': ['bind']}");
	REFUSED(config);
}

PROVES(options_of_the_file_system,
	{ "config.md#linux-mount-options", SHOULD, "Words that are no options of mount(8) are handed to the file system." },
	{ "config.md#linux-mount-options", MUST, "One that the file system refuses is an error." });
static void options_of_the_file_system(void)
{
	json_t *config = sleeper();
	struct mount_info m;

	append(config, "mounts", "{'destination': '/data', 'type': 'tmpfs', 'source': 'tmpfs', "
	       "'options': ['size=64k', 'mode=700', 'nr_inodes=9', 'noexec']}");
	if (!start(config))
		return;
	mount_of("/data", &m);
	CU_ASSERT(listed(m.super, "size=64k") && listed(m.super, "mode=700") && listed(m.super, "nr_inodes=9"));
	CU_ASSERT(listed(m.options, "noexec"));
	stop();
	config = sleeper();
	append(config, "mounts", "{'destination': '/data', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['no-such-option']}");
	REFUSED(config);
}

PROVES(default_file_systems,
	{ "config-linux.md#default-filesystems", SHOULD, "/proc is a proc file system, the container's own." },
	{ "config-linux.md#default-filesystems", SHOULD, "/sys is a sysfs." },
	{ "config-linux.md#default-filesystems", SHOULD, "/dev/pts is a devpts, the container's own." },
	{ "config-linux.md#default-filesystems", SHOULD, "/dev/shm is a tmpfs." });
static void default_file_systems(void)
{
	static const char *const want[][2] = { { "/proc", "proc" }, { "/sys", "sysfs" },
					       { "/dev/pts", "devpts" }, { "/dev/shm", "tmpfs" } };

	if (!start(sleeper()))
		return;
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		struct mount_info m;

		mount_of(want[i][0], &m);
		eq_str(m.type, want[i][1], want[i][0], __LINE__);
	}
	PRINTS(runc("exec", id, "readlink", "/proc/self/exe", NULL), "/bin/busybox\n");
	PRINTS(runc("exec", id, "ls", "/dev/pts", NULL), "ptmx\n");
	stop();
}

const struct test mount_rules[] = {
	TEST(mounts_in_order),
	TEST(destination_is_required),
	TEST(relative_destination),
	TEST(destination_is_made),
	TEST(destination_stays_inside),
	TEST(types_of_file_systems, CRUN_DIFFERS = "a sysfs is mounted on /sys only"),
	TEST(bind_mounts),
	TEST(relative_source),
	TEST(missing_source, RUNC_DIFFERS = "a bind mount without a source is accepted"),
	TEST(options_of_the_file_system),
	TEST(default_file_systems),
	{ NULL },
};
