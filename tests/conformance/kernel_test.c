/*
 * kernel_test.c - what config-linux.md lets a container ask of the kernel:
 * sysctl, masked and read-only paths, propagation of the root, personality,
 * labels; and "Hostname" and "Domainname" of config.md.
 */
#include "conform.h"

#include <sys/mount.h>
#include <sys/utsname.h>

PROVES(names,
	{ "config.md#hostname", MUST, "`hostname` is the host name that processes of the container see." },
	{ "config.md#domainname", MUST, "`domainname` is the domain name that they see." });
static void names(void)
{
	json_t *config = shell("hostname; cat /proc/sys/kernel/domainname");

	set(config, "hostname", "'mine.example'");
	set(config, "domainname", "'example.org'");
	SAYS(config, "mine.example\nexample.org\n");
}

PROVES(names_of_the_host,
	{ "config.md#hostname", MUST, "The runtime's own host name is not changed by it." });
static void names_of_the_host(void)
{
	struct utsname before, after;
	json_t *config = shell("true");

	uname(&before);
	set(config, "hostname", "'elsewhere'");
	SAYS(config, "");
	uname(&after);
	EQ_STR(after.nodename, before.nodename);
}

PROVES(parameters_of_the_kernel,
	{ "config-linux.md#sysctl", MUST, "`sysctl` are the values of the kernel's parameters in the container." });
static void parameters_of_the_kernel(void)
{
	json_t *config = shell("cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/shmmni /proc/sys/fs/mqueue/queues_max");

	json_object_set_new(jsonx_at(config, "linux"), "sysctl",
			    json_pack("{s:s, s:s, s:s}", "net.ipv4.ip_default_ttl", "42", "kernel.shmmni", "77",
				      "fs.mqueue.queues_max", "99"));
	SAYS(config, "42\n77\n99\n");
}

PROVES(parameters_of_the_machine,
	{ "config-linux.md#sysctl", MUST, "A parameter that would change the whole machine cannot be one of the container: an error, and it keeps its value." });
static void parameters_of_the_machine(void)
{
	AUTO_FREE char *before = read_file("/proc/sys/vm/swappiness"), *after = NULL;
	json_t *config = sleeper();

	json_object_set_new(jsonx_at(config, "linux"), "sysctl", json_pack("{s:s}", "vm.swappiness", "1"));
	REFUSED(config);
	after = read_file("/proc/sys/vm/swappiness");
	EQ_STR(after, before);
}

PROVES(masked_paths,
	{ "config-linux.md#masked-paths", MUST, "What stands at a masked path cannot be read: a file is empty, a directory has nothing in it." },
	{ "config-linux.md#masked-paths", MUST, "Paths are the container's; one that is not there is no error." });
static void masked_paths(void)
{
	json_t *config = shell("cat /etc/plain /proc/uptime | wc -c; ls -A /sys | wc -l; "
			       "touch /sys/new 2>/dev/null || echo nothing new");

	set(config, "linux.maskedPaths", "['/etc/plain', '/proc/uptime', '/sys', '/no/such/path']");
	SAYS(config, "0\n0\nnothing new\n");
}

PROVES(readonly_paths,
	{ "config-linux.md#readonly-paths", MUST, "What stands at a read-only path can be read, and not be written." },
	{ "config-linux.md#readonly-paths", MUST, "Paths are the container's; one that is not there is no error." });
static void readonly_paths(void)
{
	json_t *config = shell("cat /tmp/there/plain; echo x 2>/dev/null >/tmp/there/new || echo dir; "
			       "(echo 0 >/proc/sys/kernel/shmmni) 2>/dev/null || echo proc; echo x >/tmp/new && echo elsewhere");
	AUTO_FREE char *dir = xasprintf("%s/writable", test_dir);

	CU_ASSERT(make_dir(dir));
	write_file(dir, "plain", "readable\n");
	append(config, "mounts", "{'destination': '/tmp/there', 'source': '%s', 'options': ['bind', 'rw']}", dir);
	set(config, "linux.readonlyPaths", "['/tmp/there', '/proc/sys', '/no/such/path']");
	SAYS(config, "readable\ndir\nproc\nelsewhere\n");
}

PROVES(relative_paths,
	{ "config-linux.md#masked-paths", MUST, "The values are absolute paths; a relative one is an error." },
	{ "config-linux.md#readonly-paths", MUST, "The values are absolute paths; a relative one is an error." });
static void relative_paths(void)
{
	json_t *config = sleeper();

	set(config, "linux.maskedPaths", "['etc/plain']");
	REFUSED(config);
	config = sleeper();
	set(config, "linux.readonlyPaths", "['etc/plain']");
	REFUSED(config);
}

/* A root of its own that is a shared mount on the host. */
static const char *shared_root(json_t *config)
{
	const char *root;

	own_bundle(config, &root);
	CU_ASSERT(!mount(root, root, NULL, MS_BIND, NULL) && !mount(NULL, root, NULL, MS_SHARED, NULL));
	return root;
}

/* How the container's root propagates, and whether what the host mounts in it
 * later appears inside. */
static void root_propagates(const char *word, const char *want, bool receives)
{
	AUTO_JSON json_t *config = sleeper();
	const char *root = shared_root(config);
	AUTO_FREE char *later = xasprintf("%s/more", root);
	struct mount_info m;
	struct result r;

	set(config, "linux.rootfsPropagation", "'%s'", word);
	r = runc("run", "-d", "-b", bundle(config), new_id(), NULL);
	EQ_STR(r.err, "");
	if (!r.status) {
		mount_of("/", &m);
		if (*want ? !strstr(m.propagation, want) : *m.propagation) {
			fprintf(stderr, "\n%s: expected '%s', got '%s'\n", word, want, m.propagation);
			CU_FAIL("the root propagates as it should");
		}
		CU_ASSERT(!mount("later", later, "tmpfs", 0, NULL));
		AUTO_FREE char *mounts = proc_file("mountinfo");

		CU_ASSERT(!strstr(mounts, " later ") == !receives);
		stop();
	}
	unmount_left();
}

PROVES(shared_root_file_system,
	{ "config-linux.md#rootfs-mount-propagation", MUST, "`shared`: the root is a member of a peer group of its own." });
static void shared_root_file_system(void)
{
	AUTO_JSON json_t *config = sleeper();
	struct mount_info m;

	shared_root(config);
	set(config, "linux.rootfsPropagation", "'shared'");
	if (!runc("run", "-d", "-b", bundle(config), new_id(), NULL).status) {
		mount_of("/", &m);
		HAS(m.propagation, "shared:");
		stop();
	} else {
		CU_FAIL("the container cannot be started");
	}
	unmount_left();
}

PROVES(slave_root_file_system,
	{ "config-linux.md#rootfs-mount-propagation", MUST, "`slave`: what is mounted on the host appears in the root, and not the other way round." });
static void slave_root_file_system(void)
{
	root_propagates("slave", "master:", true);
}

PROVES(private_root_file_system,
	{ "config-linux.md#rootfs-mount-propagation", MUST, "`private`: neither side sees what the other mounts." });
static void private_root_file_system(void)
{
	root_propagates("private", "", false);
}

PROVES(unbindable_root_file_system,
	{ "config-linux.md#rootfs-mount-propagation", MUST, "`unbindable`: the root is private, and cannot be bound elsewhere." });
static void unbindable_root_file_system(void)
{
	root_propagates("unbindable", "unbindable", false);
}

PROVES(personality_,
	{ "config-linux.md#personality", MUST, "`domain` `LINUX32`: uname(2) tells of a 32-bit processor." },
	{ "config-linux.md#personality", MUST, "`LINUX`: it tells of the machine's own." });
static void personality_(void)
{
	json_t *config = shell("uname -m");
	struct utsname machine;

	uname(&machine);
	AUTO_FREE char *own = xasprintf("%s\n", machine.machine);

	set(config, "linux.personality", "{'domain': 'LINUX'}");
	SAYS(config, own);
	config = shell("uname -m");
	set(config, "linux.personality", "{'domain': 'LINUX32'}");
	struct result r = run(config);

	EQ_INT(r.status, 0);
	CU_ASSERT(*r.out && strcmp(r.out, own) != 0);
}

PROVES(wrong_personality,
	{ "config-linux.md#personality", MUST, "`domain` is required, and is one of the two." },
	{ "config-linux.md#personality", MUST, "`flags` has no valid value yet: one is an error." });
static void wrong_personality(void)
{
	static const char *const wrong[] = { "{}", "{'domain': 'BSD'}", "{'domain': 'LINUX', 'flags': ['X']}" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *config = sleeper();

		set(config, "linux.personality", "%s", wrong[i]);
		REFUSED(config);
	}
}

PROVES(apparmor_profile,
	{ "config.md#linux-process", MUST, "`apparmorProfile` is the process's AppArmor profile; where it cannot be applied, that is an error." });
static void apparmor_profile(void)
{
	json_t *config = sleeper();

	set(config, "process.apparmorProfile", "'no-such-profile'");
	REFUSED(config);
}

PROVES(selinux_label,
	{ "config.md#linux-process", MUST, "`selinuxLabel` is the process's SELinux label; where it cannot be applied, that is an error." });
static void selinux_label(void)
{
	json_t *config = sleeper();

	if (!access("/sys/fs/selinux/enforce", F_OK)) {
		skip("SELinux is enabled on this machine");
		json_decref(config);
		return;
	}
	set(config, "process.selinuxLabel", "'system_u:system_r:svirt_lxc_net_t:s0:c124,c675'");
	REFUSED(config);
}

PROVES(mount_label,
	{ "config-linux.md#mount-label", MUST, "`mountLabel` is the SELinux context of the container's mounts." });
static void mount_label(void)
{
	json_t *config = sleeper();
	struct mount_info m;

	if (access("/sys/fs/selinux/enforce", F_OK)) {
		skip("SELinux is not enabled on this machine");
		json_decref(config);
		return;
	}
	set(config, "linux.mountLabel", "'system_u:object_r:svirt_sandbox_file_t:s0:c715,c811'");
	if (!start(config))
		return;
	mount_of("/tmp", &m);
	HAS(m.super, "svirt_sandbox_file_t");
	stop();
}

const struct test kernel_rules[] = {
	TEST(names, RUNC_DIFFERS = "`domainname` is newer than this version"),
	TEST(names_of_the_host),
	TEST(parameters_of_the_kernel),
	TEST(parameters_of_the_machine),
	TEST(masked_paths),
	TEST(readonly_paths),
	TEST(relative_paths, RUNC_DIFFERS = "they are accepted", CRUN_DIFFERS = "they are accepted"),
	TEST(shared_root_file_system, RUNC_DIFFERS = "a root that is itself a shared mount is made private"),
	TEST(slave_root_file_system, RUNC_DIFFERS = "a root that is itself a shared mount is made private",
	     CRUN_DIFFERS = "a root that is itself a shared mount is made private"),
	TEST(private_root_file_system),
	TEST(unbindable_root_file_system, RUNC_DIFFERS = "a root that is itself a shared mount is made private"),
	TEST(personality_, RUNC_DIFFERS = TOO_NEW),
	TEST(wrong_personality, RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = "`flags` is not looked at"),
	TEST(apparmor_profile),
	TEST(selinux_label, .needs = "a machine without SELinux"),
	TEST(mount_label, .needs = "SELinux", OURS_DIFFERS = NOT_TRIED, RUNC_DIFFERS = NOT_TRIED,
	     CRUN_DIFFERS = NOT_TRIED),
	{ NULL },
};
