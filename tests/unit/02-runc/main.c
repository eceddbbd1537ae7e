/*
 * main.c - the CUnit program of 02-runc: makes the root file system that the
 * tests share, runs the suites, or those that are named.
 */
#include "suite.h"

#include <sys/mount.h>
#include <sys/stat.h>

char test_dir[64] = "/tmp/runc-unit.XXXXXX";
char runc_path[96];

/* Where a distribution puts the static busybox. */
static const char *busybox(void)
{
	static const char *const places[] = { "/bin/busybox", "/usr/bin/busybox", NULL };

	for (size_t i = 0; places[i]; i++)
		if (!access(places[i], X_OK))
			return places[i];
	fprintf(stderr, "busybox (busybox-static) is not installed\n");
	exit(2);
}

static void make_rootfs(void)
{
	static const char *const applets = "sh cat ls true false sleep id mount grep echo env pwd "
		"stat touch mkdir mknod dd hostname ps kill readlink tty stty test awk wc ulimit umask "
		"head tail seq ln rm mv cut sort cp printf chmod";
	AUTO_FREE char *cmd = NULL;

	if (!mkdtemp(test_dir) || chmod(test_dir, 0755)) {
		perror(test_dir);
		exit(2);
	}
	snprintf(runc_path, sizeof runc_path, "%s/bin/runc", test_dir);
	cmd = xasprintf(
		"mkdir %s/bin && cp runc %s && mkdir -p %s/rootfs/bin %s/rootfs/etc %s/rootfs/tmp %s/rootfs/proc %s/rootfs/sys "
		"%s/rootfs/dev && cp %s %s/rootfs/bin/busybox && cd %s/rootfs/bin && "
		"for a in %s; do ln -sf busybox $a; done && cd ../etc && "
		"printf 'root:x:0:0:root:/root:/bin/sh\\nuser:x:1000:1000::/home/user:/bin/sh\\n' "
		">passwd && echo plain >plain && chmod 1777 ../tmp",
		test_dir, runc_path,
		test_dir, test_dir, test_dir, test_dir, test_dir, test_dir, busybox(), test_dir,
		test_dir, applets);

	if (system(cmd)) {
		fprintf(stderr, "cannot make %s/rootfs\n", test_dir);
		exit(2);
	}
}

/* "NAME..." in argv: only these suites; "-NAME...": all but these. */
static void select_suites(CU_SuiteInfo *suites, char **argv)
{
	bool leave_out = *argv && **argv == '-';
	size_t n = 0;

	for (size_t i = 0; *argv && suites[i].pName; i++) {
		bool named = false;

		for (char **name = argv; *name; name++)
			named |= !strcmp(suites[i].pName, *name + leave_out);
		if (named != leave_out)
			suites[n++] = suites[i];
	}
	if (*argv)
		suites[n] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
}

int main(int argc, char **argv)
{
	CU_SuiteInfo suites[] = {
		{ "config.json", NULL, NULL, NULL, NULL, config_tests },
		{ "validation", NULL, NULL, NULL, NULL, validate_tests },
		{ "finding programs", NULL, NULL, NULL, NULL, find_tests },
		{ "options", NULL, NULL, NULL, NULL, option_tests },
		{ "state", NULL, NULL, NULL, NULL, state_tests },
		{ "life", NULL, NULL, NULL, NULL, life_tests },
		{ "exec", NULL, NULL, NULL, NULL, exec_tests },
		{ "confinement", NULL, NULL, NULL, NULL, confine_tests },
		{ "user namespaces", NULL, NULL, NULL, NULL, userns_tests },
		{ "an unprivileged user", NULL, NULL, NULL, NULL, rootless_tests },
		{ "privileges", NULL, NULL, NULL, NULL, privilege_tests },
		{ "scheduling", NULL, NULL, NULL, NULL, schedule_tests },
		{ "network devices", NULL, NULL, NULL, NULL, netdev_tests },
		{ "Intel RDT", NULL, NULL, NULL, NULL, rdt_tests },
		{ "features and spec", NULL, NULL, NULL, NULL, features_tests },
		{ "mounts", NULL, NULL, NULL, NULL, mount_tests },
		{ "cgroups", NULL, NULL, NULL, NULL, cgroup_tests },
		{ "limits", NULL, NULL, NULL, NULL, limit_tests },
		{ "update", NULL, NULL, NULL, NULL, update_tests },
		{ "events", NULL, NULL, NULL, NULL, events_tests },
		{ "terminals", NULL, NULL, NULL, NULL, console_tests },
		{ "hooks", NULL, NULL, NULL, NULL, hook_tests },
		{ "what hooks may rely on", NULL, NULL, NULL, NULL, hook_rules_tests },
		{ "rolling back", NULL, NULL, NULL, NULL, rollback_tests },
		{ "checkpoint and restore", fake_criu_on, fake_criu_off, NULL, NULL, checkpoint_tests },
		{ "with the real criu", NULL, NULL, NULL, NULL, criu_tests },
		{ "attacks", NULL, NULL, NULL, NULL, attack_tests },
		{ "attacks by /proc", NULL, NULL, NULL, NULL, attack_proc_tests },
		{ "hostile input", NULL, NULL, NULL, NULL, hostile_tests },
		{ "seccomp profiles", NULL, NULL, NULL, NULL, seccomp_profile_tests },
		{ "seccomp", NULL, NULL, NULL, NULL, seccomp_tests },
		{ "seccomp notify", NULL, NULL, NULL, NULL, notify_tests },
		{ "like runc", NULL, NULL, NULL, NULL, parity_tests },
		{ "D-Bus", NULL, NULL, NULL, NULL, dbus_tests },
		{ "systemd, played", systemd_suite_begin, systemd_suite_end, NULL, NULL, systemd_tests },
		{ "systemd", NULL, NULL, NULL, NULL, real_systemd_tests },
		CU_SUITE_INFO_NULL,
	};
	unsigned failed;
	struct err err;

	if (argc && !strcmp(argv[0], "criu")) /* by a runc of ours: see fake_criu.c */
		return fake_criu();
	select_suites(suites, argv + 1);
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* The cache of filters is the machine's; this mount namespace is ours. */
	if (file_mkdir_p("/run/dockyard", 0711, &err) ||
	    mount("tmpfs", "/run/dockyard", "tmpfs", 0, "mode=711")) {
		perror("/run/dockyard");
		return 2;
	}
	make_rootfs();
	if (CU_initialize_registry() || CU_register_suites(suites))
		return 2;
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
	CU_cleanup_registry();
	if (file_remove_tree(AT_FDCWD, test_dir, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		failed++;
	}
	return failed ? 1 : 0;
}
