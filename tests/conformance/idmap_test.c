/*
 * idmap_test.c - id-mapped mounts: `uidMappings` and `gidMappings` of a mount,
 * and the option words `idmap` and `ridmap` ("Mounts" in config.md).
 */
#include "conform.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define MAPPINGS "'uidMappings': [{'containerID': 0, 'hostID': 1000, 'size': 100}], " \
	"'gidMappings': [{'containerID': 0, 'hostID': 2000, 'size': 100}]"

/* A directory with a file of 5:6 in it, and another below that is a mount. */
static const char *owned_tree(void)
{
	static char dir[128];
	AUTO_FREE char *sub = NULL, *file = NULL, *below = NULL;

	snprintf(dir, sizeof dir, "%s/owned", test_dir);
	sub = xasprintf("%s/sub", dir);
	CU_ASSERT(make_dir(dir) && !mount("tmpfs", dir, "tmpfs", 0, NULL) && make_dir(sub));
	CU_ASSERT(!mount("tmpfs", sub, "tmpfs", 0, NULL));
	write_file(dir, "f", "");
	write_file(sub, "f", "");
	file = xasprintf("%s/f", dir);
	below = xasprintf("%s/f", sub);
	CU_ASSERT(!chown(file, 5, 6) && !chown(below, 5, 6));
	return dir;
}

/* The tree is a tmpfs. */
static bool can_be_mapped(void)
{
	struct utsname u;
	int major = 0, minor = 0;

	uname(&u);
	if (sscanf(u.release, "%d.%d", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 3)))
		return true;
	skip("a tmpfs can be id-mapped from Linux 6.3 on");
	return false;
}

static json_t *mapped(const char *words, const char *mappings)
{
	json_t *config = shell("stat -c '%u %g' /data/f /data/sub/f");

	append(config, "mounts", "{'destination': '/data', 'source': '%s', 'options': [%s]%s %s}", owned_tree(),
	       words, *mappings ? "," : "", mappings);
	return config;
}

PROVES(idmap,
	{ "config.md#linux-mount-options", SHOULD, "`idmap`: the owners of the mount's files are mapped." },
	{ "config.md#linux-mount-options", MUST, "The mount's `uidMappings` and `gidMappings` are used for it." },
	{ "config.md#posix-platform-mounts", SHOULD, "The mapping is the kernel's, of the mount: no file's owner is changed." },
	{ "config.md#linux-mount-options", SHOULD, "The word is not handed on to mount(2)." });
static void idmap(void)
{
	AUTO_FREE char *file = xasprintf("%s/owned/f", test_dir);
	struct stat st;

	if (!can_be_mapped())
		return;
	SAYS(mapped("'rbind', 'idmap'", MAPPINGS), "1005 2006\n5 6\n");
	CU_ASSERT(!stat(file, &st) && st.st_uid == 5 && st.st_gid == 6);
	unmount_left();
}

PROVES(ridmap,
	{ "config.md#linux-mount-options", SHOULD, "`ridmap`: likewise, and for all that is mounted below." });
static void ridmap(void)
{
	if (!can_be_mapped())
		return;
	SAYS(mapped("'rbind', 'ridmap'", MAPPINGS), "1005 2006\n1005 2006\n");
	unmount_left();
}

PROVES(idmap_of_the_container,
	{ "config.md#linux-mount-options", "MAY", "Without mappings of its own the mount has those of the container's user namespace." });
static void idmap_of_the_container(void)
{
	json_t *config;

	if (!can_be_mapped())
		return;
	config = mapped("'bind', 'idmap'", "");
	script(config, "stat -c '%u %g' /data/f");
	append(config, "linux.namespaces", "{'type': 'user'}");
	set(config, "linux.uidMappings", "[{'containerID': 0, 'hostID': 100000, 'size': 1000}]");
	set(config, "linux.gidMappings", "[{'containerID': 0, 'hostID': 100000, 'size': 1000}]");
	SAYS(config, "5 6\n");
	unmount_left();
}

PROVES(idmap_without_mappings,
	{ "config.md#linux-mount-options", MUST, "`idmap` and `ridmap` without mappings, and without a user namespace to take them from, are errors." });
static void idmap_without_mappings(void)
{
	json_t *config = sleeper();

	append(config, "mounts", "{'destination': '/data', 'source': '%s/rootfs', 'options': ['bind', 'idmap']}", test_dir);
	REFUSED(config);
	config = sleeper();
	append(config, "mounts", "{'destination': '/data', 'source': '%s/rootfs', 'options': ['bind', 'ridmap']}", test_dir);
	REFUSED(config);
}

PROVES(both_mappings,
	{ "config.md#posix-platform-mounts", MUST, "`uidMappings` comes with `gidMappings`." },
	{ "config.md#posix-platform-mounts", MUST, "`gidMappings` comes with `uidMappings`." });
static void both_mappings(void)
{
	static const char *const which[] = { "uidMappings", "gidMappings" };

	for (int i = 0; i < 2; i++) {
		json_t *config = sleeper();

		append(config, "mounts", "{'destination': '/data', 'source': '%s/rootfs', 'options': ['bind', 'idmap'], "
		       "'%s': [{'containerID': 0, 'hostID': 1000, 'size': 100}]}", test_dir, which[i]);
		REFUSED(config);
	}
}

const struct test idmap_rules[] = {
	TEST(idmap, .needs = "Linux 6.3", RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = "what is mounted below is not there"),
	TEST(ridmap, .needs = "Linux 6.3", RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = "what is mounted below is not there"),
	TEST(idmap_of_the_container, .needs = "Linux 6.3", RUNC_DIFFERS = TOO_NEW),
	TEST(idmap_without_mappings, RUNC_DIFFERS = TOO_NEW,
	     CRUN_DIFFERS = "`ridmap` without mappings is ignored"),
	TEST(both_mappings, RUNC_DIFFERS = TOO_NEW),
	{ NULL },
};
