/*
 * attack_proc_test.c - published ways out of a container that turn on what is
 * found at /proc, /sys/fs/cgroup or a masked path, tried on our runtime, each by its
 * CVE number. "Outside" are files that the container must neither read nor change.
 */
#include "suite.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* CVE-2019-16884, CVE-2019-19921: /proc as a link or a volume, so that masks and
 * writes miss. */
static void proc_elsewhere(void)
{
	AUTO_JSON json_t *config = spec();
	const char *root;
	AUTO_FREE char *cmd = NULL;

	script(config, "cat /proc/self/comm");
	const char *dir = own_bundle(config, &root);

	cmd = xasprintf("cd %s && rmdir proc && mkdir evil && ln -s evil proc", root);
	EQ_INT(system(cmd), 0);
	FAILS(runc("run", "-b", dir, new_id(), NULL), 1, "symbolic link where none may be");
	NOTHING_LEFT();
}

/* The same by a volume whose name in the image is a link into /proc, or written so
 * that it does not look like one. */
static void volume_over_proc(void)
{
	static const char *const mounts[] = {
		"{'destination': '/link', 'source': '/tmp', 'options': ['bind']}",
		"{'destination': '/link/self/attr', 'source': '/tmp', 'options': ['bind']}",
		"{'destination': '/link/sys', 'type': 'tmpfs'}",
		"{'destination': '/dev/../proc/sys', 'type': 'mqueue'}",
	};

	for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
		AUTO_JSON json_t *config = spec();
		AUTO_FREE char *link = NULL;
		const char *root, *dir;

		append(config, "mounts", "%s", mounts[i]);
		dir = own_bundle(config, &root);
		link = xasprintf("%s/link", root);
		CU_ASSERT(!symlink("proc", link));
		FAILS(runc("run", "-b", dir, new_id(), NULL), 1, "inside /proc");
	}
	json_t *config = spec();

	append(config, "mounts", "{'destination': '//proc', 'type': 'tmpfs'}");
	FAILS(run(config), 1, "what is mounted on /proc must be of type proc");
	NOTHING_LEFT();
}

/* CVE-2023-27561, the same again: the link is there only now and then. Under whichever
 * name the container then finds procfs, it is masked. */
static void proc_comes_and_goes(void)
{
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *cmd = NULL, *target = NULL, *found = NULL;
	const char *root, *dir;
	pid_t racer;

	set(config, "linux.sysctl", "{'kernel.domainname': 'written'}");
	set(config, "linux.maskedPaths", "['/proc/version']");
	script(config, "cat /proc/version /proc-link/version 2>/dev/null; true");
	dir = own_bundle(config, &root);
	cmd = xasprintf("cd %s && mkdir -p evil/self evil/sys/kernel && echo untouched >target && "
			"ln -s /target evil/sys/kernel/domainname && ln -s evil proc-link", root);
	EQ_INT(system(cmd), 0);
	racer = exchange_for_ever(root, "proc", "proc-link");
	for (int i = 0; i < RACES; i++) {
		struct result r = runc("run", "-b", dir, new_id(), NULL);

		if (r.status)
			HAS(r.err, "must be mounted on ordinary directory");
		EQ_STR(r.out, "");
	}
	end_process(racer);
	target = xasprintf("%s/target", root);
	found = read_file(target);
	EQ_STR(found, "untouched\n");
	NOTHING_LEFT();
}

/* CVE-2023-28642: nothing is mounted on /proc, where the image has a link to a copy
 * of the files that a runtime writes labels and settings to. */
static void proc_of_the_image(void)
{
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *cmd = NULL, *changed = NULL;
	const char *root, *dir;

	set(config, "mounts", "[]");
	set(config, "linux.maskedPaths", "[]");
	set(config, "linux.readonlyPaths", "[]");
	set(config, "linux.sysctl", "{'kernel.domainname': 'written'}");
	set(config, "process.oomScoreAdj", "500");
	set(config, "process.args", "['cat', '/evil/sys/kernel/domainname']");
	dir = own_bundle(config, &root);
	cmd = xasprintf("cd %s && rmdir proc && mkdir -p evil/self/attr/apparmor evil/sys/kernel && "
			"ln -s /evil proc && for f in self/oom_score_adj self/attr/exec sys/kernel/domainname "
			"self/attr/apparmor/exec; do echo untouched >evil/$f; done", root);
	EQ_INT(system(cmd), 0);
	PRINTS(runc("run", "-b", dir, new_id(), NULL), "untouched\n");
	changed = xasprintf("find %s/evil -type f ! -exec grep -qx untouched {} \\; -print | grep -q .", root);
	CU_ASSERT(system(changed) != 0);
	NOTHING_LEFT();
}

/* CVE-2025-52881: a directory that containers share is moved into /proc while
 * the runtime writes there: what it meets is no procfs, or is a harmless file of it. */
static void volume_into_proc(void)
{
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *cmd = NULL, *target = NULL, *found = NULL;
	const char *root, *dir;
	pid_t racer;

	append(config, "mounts", "{'destination': '/swap/sys', 'source': '%s/volume', 'options': ['bind']}", test_dir);
	set(config, "linux.sysctl", "{'kernel.domainname': 'written'}");
	script(config, "cat /proc/sys/kernel/domainname");
	dir = own_bundle(config, &root);
	cmd = xasprintf("cd %s && mkdir swap && ln -s proc other && mkdir -p %s/volume/kernel && "
			"echo untouched >%s/volume/kernel/domainname", root, test_dir, test_dir);
	EQ_INT(system(cmd), 0);
	racer = exchange_for_ever(root, "swap", "other");
	for (int i = 0; i < RACES; i++) {
		struct result r = runc("run", "-b", dir, new_id(), NULL);

		if (r.status)
			HAS(r.err, "to rootfs at \"/swap/sys\"");
		else
			EQ_STR(r.out, "written\n");
	}
	end_process(racer);
	target = xasprintf("%s/volume/kernel/domainname", test_dir);
	found = read_file(target);
	EQ_STR(found, "untouched\n");
	NOTHING_LEFT();
}

/* The same where it has succeeded: /proc is not procfs, for the runtime itself. */
static void a_false_proc(void)
{
	static const char *const files[] = { "oom_score_adj", "setgroups", "attr/exec" };
	AUTO_FREE char *self = xasprintf("%s/false/self", test_dir), *cmd = NULL;
	json_t *config = spec();
	const char *dir;

	set(config, "process.oomScoreAdj", "500");
	dir = bundle(config);
	json_decref(config);
	cmd = xasprintf("mkdir -p %s/attr && ln -s %s %s/exe", self, runc_path, self);
	EQ_INT(system(cmd), 0);
	for (size_t i = 0; i < 3; i++)
		write_file(self, files[i], "untouched");
	free(cmd);
	/* From the mount on no program but ours: a busybox executes /proc/self/exe. */
	cmd = xasprintf("mount --bind %s/false /proc && exec %s --root %s/runc run -b %s %s", test_dir,
			runc_path, test_dir, dir, new_id());
	FAILS(run_program((char *[]){ "unshare", "-m", "sh", "-c", cmd, NULL }), 1, "proc");
	for (size_t i = 0; i < 3; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", self, files[i]), *text = read_file(path);

		EQ_STR(text, "untouched");
	}
	NOTHING_LEFT();
}

/* CVE-2023-25809: in a user namespace that may not mount the cgroup file system, since
 * it has no cgroup namespace, /sys/fs/cgroup is the host's and writable. */
static void writable_cgroups(void)
{
	AUTO_JSON json_t *config = spec();
	json_t *spaces = jsonx_at(config, "linux.namespaces");
	AUTO_FREE char *cmd = NULL;
	const char *root, *dir;

	for (size_t i = json_array_size(spaces); i--;)
		if (!strcmp(jsonx_str(json_array_get(spaces, i), "type", ""), "cgroup"))
			json_array_remove(spaces, i);
	json_array_append_new(spaces, json_pack("{ss}", "type", "user"));
	set(config, "linux.uidMappings", "[{'containerID': 0, 'hostID': 0, 'size': 65536}]");
	set(config, "linux.gidMappings", "[{'containerID': 0, 'hostID': 0, 'size': 65536}]");
	set(config, "process.capabilities", "{'bounding': ['CAP_DAC_OVERRIDE'], "
	    "'effective': ['CAP_DAC_OVERRIDE'], 'permitted': ['CAP_DAC_OVERRIDE']}");
	script(config, "n=0; for m in $(awk '$3 ~ /cgroup/ || $2 ~ /^.sys.fs.cgroup/ { print $2 }' /proc/mounts); do "
	       "n=$((n + 1)); mkdir $m/escape 2>/dev/null && echo $m; "
	       "(echo 0 >$m/cgroup.procs) 2>/dev/null && echo $m/cgroup.procs; done; test $n -gt 0 && echo tried");
	dir = own_bundle(config, &root);
	PRINTS(runc("run", "-b", dir, new_id(), NULL), "tried\n");
	NOTHING_LEFT();
}

/* CVE-2025-31133: what is to be masked is a link to what is not. */
static void masks_over_links(void)
{
	AUTO_JSON json_t *config = spec();
	const char *root, *dir;
	AUTO_FREE char *cmd = NULL;

	set(config, "linux.maskedPaths", "['/alias', '/dir-alias']");
	script(config, "cat /etc/plain; ls /etc/secrets; cat /dev/null; echo end");
	dir = own_bundle(config, &root);
	cmd = xasprintf("cd %s && ln -s /etc/plain alias && mkdir etc/secrets && touch etc/secrets/x && "
			"ln -s etc/secrets dir-alias", root);
	EQ_INT(system(cmd), 0);
	PRINTS(runc("run", "-b", dir, new_id(), NULL), "end\n");
	NOTHING_LEFT();
}

/* The same by the thing that masks: the image's /dev/null is a link, or becomes one. */
static void null_is_a_link(void)
{
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *cmd = NULL, *target = NULL, *found = NULL;
	const char *root, *dir;
	pid_t racer;

	set(config, "mounts", "[{'destination': '/proc', 'type': 'proc'}]");
	set(config, "linux.maskedPaths", "['/etc/plain']");
	script(config, "cat /etc/plain; (echo changed >/etc/plain) 2>/dev/null; true");
	dir = own_bundle(config, &root);
	cmd = xasprintf("cd %s && mkdir -p dev && echo untouched >target && ln -s /target dev/null-link && "
			"ln -sf /target dev/null", root);
	EQ_INT(system(cmd), 0);
	EQ_STR(runc("run", "-b", dir, new_id(), NULL).out, "");
	racer = exchange_for_ever(root, "dev/null", "dev/null-link");
	for (int i = 0; i < RACES; i++)
		EQ_STR(runc("run", "-b", dir, new_id(), NULL).out, "");
	end_process(racer);
	target = xasprintf("%s/target", root);
	found = read_file(target);
	EQ_STR(found, "untouched\n");
	NOTHING_LEFT();
}

/* CVE-2025-52565: /dev/console as a link to something that must not be covered. */
static void console_link(void)
{
	AUTO_FREE char *dev = xasprintf("%s/evil-dev", test_dir), *cmd = NULL;
	AUTO_JSON json_t *config = spec();
	const char *root, *dir;

	set(config, "process.terminal", "true");
	set(config, "mounts", "[{'destination': '/proc', 'type': 'proc'}, {'destination': '/dev/pts', "
	    "'type': 'devpts', 'options': ['newinstance', 'ptmxmode=0666']}]");
	script(config, "cat /etc/plain");
	dir = own_bundle(config, &root);
	cmd = xasprintf("rm -rf %s; cd %s/dev && ln -s /etc/plain console", dev, root);
	EQ_INT(system(cmd), 0);
	FAILS(runc("run", "-b", dir, new_id(), NULL), 1, "/dev/console is neither a file nor a device");
	NOTHING_LEFT();
}

CU_TestInfo attack_proc_tests[] = {
	{ "CVE-2019-19921: /proc is a link", proc_elsewhere },
	{ "CVE-2019-16884: a volume over /proc", volume_over_proc },
	{ "CVE-2023-27561: /proc becomes a link", proc_comes_and_goes },
	{ "CVE-2023-28642: /proc is the image's", proc_of_the_image },
	{ "CVE-2025-52881: a volume moves into /proc", volume_into_proc },
	{ "CVE-2025-52881: a /proc that is none", a_false_proc },
	{ "CVE-2023-25809: cgroups that can be written to", writable_cgroups },
	{ "CVE-2025-31133: masks over links", masks_over_links },
	{ "CVE-2025-31133: masks made of a link", null_is_a_link },
	{ "CVE-2025-52565: /dev/console is a link", console_link },
	CU_TEST_INFO_NULL,
};
