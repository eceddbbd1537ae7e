/*
 * attack_test.c - published ways out of a container, tried on our runtime, each
 * by its CVE number: its own file, its descriptors, the targets of mounts. Those
 * about /proc, /sys and masks are in attack_proc_test.c.
 */
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* The runtime's own file must be the same after all of this. */
static char *fingerprint(void)
{
	struct result r = run_program((char *[]){ "sha256sum", runc_path, NULL });

	return xstrdup(r.out);
}

static json_t *attacker(void)
{
	json_t *config = spec();

	/* As privileged as to open any process's exe and any file. */
	set(config, "process.capabilities", "{'bounding': ['CAP_SYS_PTRACE', 'CAP_DAC_OVERRIDE'], "
	    "'effective': ['CAP_SYS_PTRACE', 'CAP_DAC_OVERRIDE'], "
	    "'permitted': ['CAP_SYS_PTRACE', 'CAP_DAC_OVERRIDE']}");
	set(config, "process.args", "['sleep', '1000']");
	return config;
}

/* CVE-2019-5736: a process of the container gets hold of what /proc/PID/exe of
 * one that is still the runtime leads to, and writes to it when nothing executes
 * it any more. The runtime is caught for sure in a second container that shares
 * the first one's pid namespace and waits for `start`. */
static void overwriting_the_runtime(void)
{
	AUTO_FREE char *before = fingerprint(), *after = NULL, *watch = NULL, *caught = NULL;
	AUTO_FREE char *errors = NULL, *said = NULL;
	AUTO_JSON json_t *config = attacker(), *victim = spec(), *state = NULL;
	const char *root;
	char first[64];

	own_bundle(config, &root);
	if (!start(json_incref(config)))
		return;
	strcpy(first, id);
	write_file(root, "watch", "#!/bin/sh\nwhile :; do for p in /proc/[0-9]*; do\n"
		   "grep -q runc:init $p/comm 2>/dev/null && exec 5<$p/exe && break 2\n"
		   "done; done; echo >/caught\nwhile test -e $p; do sleep 0.02; done\n"
		   "until (echo pwned >/proc/self/fd/5) 2>/errors.tmp; ! grep -q busy /errors.tmp\n"
		   "do sleep 0.02; done; mv /errors.tmp /errors\n");
	watch = xasprintf("%s/watch", root);
	caught = xasprintf("%s/caught", root);
	errors = xasprintf("%s/errors", root);
	chmod(watch, 0755);
	EQ_INT(runc("exec", "-d", first, "/watch", NULL).status, 0);
	state = json_loads(runc("state", first, NULL).out, 0, NULL);
	set(victim, "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}, {'type': 'ipc'}, "
	    "{'type': 'pid', 'path': '/proc/%d/ns/pid'}]", (int)jsonx_int(state, "pid", 0));
	EQ_INT(runc("create", "-b", bundle(victim), new_id(), NULL).status, 0);
	for (int i = 0; i < 500 && access(caught, F_OK); i++)
		usleep(20 * 1000);
	CU_ASSERT(!access(caught, F_OK));
	stop();
	for (int i = 0; i < 500 && access(errors, F_OK); i++)
		usleep(20 * 1000);
	said = read_file(errors);
	HAS(said, "Read-only file system");
	strcpy(id, first);
	stop();
	after = fingerprint();
	EQ_STR(after, before);
	NOTHING_LEFT();
}

/* The same by making the program, or its interpreter, /proc/self/exe. */
static void executing_the_runtime(void)
{
	AUTO_FREE char *before = fingerprint(), *after = NULL, *entry = NULL;
	AUTO_JSON json_t *config = attacker();
	const char *root;

	own_bundle(config, &root);
	write_file(root, "entry", "#!/proc/self/exe\n");
	entry = xasprintf("%s/entry", root);
	chmod(entry, 0755);
	if (!start(json_incref(config)))
		return;
	CU_ASSERT(runc("exec", id, "/proc/self/exe", "state", NULL).status != 0);
	CU_ASSERT(runc("exec", id, "/entry", "state", NULL).status != 0);
	EQ_INT(runc("exec", id, "true", NULL).status, 0);
	stop();
	after = fingerprint();
	EQ_STR(after, before);
	NOTHING_LEFT();
}

/* What /proc/PID/exe leads to while a created container waits is read-only. */
static void exe_is_sealed(void)
{
	AUTO_JSON json_t *config = spec(), *state = NULL;
	AUTO_FREE char *exe = NULL;
	int fd;

	EQ_INT(runc("create", "-b", bundle(config), new_id(), NULL).status, 0);
	state = json_loads(runc("state", id, NULL).out, 0, NULL);
	exe = xasprintf("/proc/%d/exe", (int)jsonx_int(state, "pid", 0));
	fd = open(exe, O_WRONLY | O_CLOEXEC);
	CU_ASSERT(fd < 0);
	/* Not only ETXTBSY, which ends with the process. */
	fd = open(exe, O_PATH | O_CLOEXEC);
	CU_ASSERT_FATAL(fd >= 0);
	stop();
	AUTO_FREE char *again = xasprintf("/proc/self/fd/%d", fd);

	/* ETXTBSY would come first, as long as init's address space is being torn down. */
	for (int i = 0; i < 500; i++) {
		CU_ASSERT_FATAL(open(again, O_WRONLY | O_CLOEXEC) < 0);
		if (errno != ETXTBSY)
			break;
		usleep(10 * 1000);
	}
	EQ_INT(errno, EROFS);
	close(fd);
}

/* CVE-2021-30465: the target of a mount is (or becomes) a link out of the root. */
static void mount_target_link(void)
{
	AUTO_JSON json_t *config = spec();
	const char *root, *dir;
	AUTO_FREE char *cmd = NULL, *outside = xasprintf("%s/outside", test_dir), *made = NULL;

	mkdir(outside, 0755);
	append(config, "mounts", "{'destination': '/link/sub', 'type': 'tmpfs'}");
	append(config, "mounts", "{'destination': '/up/file', 'source': '/etc/passwd', 'options': ['bind']}");
	script(config, "grep -c ' %s/sub tmpfs' /proc/mounts | head -n 1; ls /");
	dir = own_bundle(config, &root);
	cmd = xasprintf("cd %s && ln -s %s link && ln -s ../../../../..%s up", root, outside, outside);
	EQ_INT(system(cmd), 0);
	EQ_INT(runc("run", "-b", dir, new_id(), NULL).status, 0);
	made = xasprintf("ls -A %s | grep -q .", outside);
	CU_ASSERT(system(made) != 0); /* nothing was made on the host */
	NOTHING_LEFT();
}

/* The same with a race: two names are exchanged while the mount is made. */
static void mount_target_race(void)
{
	AUTO_FREE char *outside = xasprintf("%s/outside2", test_dir), *cmd = NULL, *look = NULL;
	AUTO_JSON json_t *config = spec();
	const char *root, *dir;
	pid_t racer;

	mkdir(outside, 0755);
	append(config, "mounts", "{'destination': '/swap/sub', 'type': 'tmpfs'}");
	dir = own_bundle(config, &root);
	cmd = xasprintf("cd %s && mkdir swap && ln -s %s other", root, outside);
	EQ_INT(system(cmd), 0);
	racer = exchange_for_ever(root, "swap", "other");
	for (int i = 0; i < RACES; i++)
		runc("run", "-b", dir, new_id(), NULL);
	end_process(racer);
	look = xasprintf("ls -A %s | grep -q .", outside);
	CU_ASSERT(system(look) != 0);
	NOTHING_LEFT();
}

/* CVE-2024-21626: the working directory is a descriptor that the runtime left open. */
static void leaked_descriptors(void)
{
	for (int fd = 0; fd < 20; fd++) {
		AUTO_JSON json_t *config = spec();
		struct result r;

		script(config, "ls -d ../../../../../../../..%s 2>/dev/null");
		set(config, "process.cwd", "'/proc/self/fd/%d'", fd);
		r = runc("run", "-b", bundle(config), new_id(), NULL);
		CU_ASSERT(r.status != 0);
		CU_ASSERT(!strstr(r.out, "runc-unit"));
	}
	NOTHING_LEFT();
}

static void leaked_descriptors_in_exec(void)
{
	json_t *config = spec();

	set(config, "process.args", "['sleep', '1000']");
	if (!start(config))
		return;
	for (int fd = 0; fd < 20; fd++) {
		char cwd[32];

		snprintf(cwd, sizeof cwd, "/proc/self/fd/%d", fd);
		struct result r = runc("exec", "--cwd", cwd, id, "ls", "-d", test_dir, NULL);

		CU_ASSERT(r.status != 0);
		CU_ASSERT(!strstr(r.out, "runc-unit"));
	}
	/* And none is there when the program runs: 0, 1, 2 and ls's own. */
	PRINTS(runc("exec", id, "ls", "/proc/self/fd", NULL), "0\n1\n2\n3\n");
	stop();
	NOTHING_LEFT();
}

/* The program, or its interpreter, named through a descriptor of ours: a file of the
 * host would run, and /proc/self/exe be the way to overwrite it. */
static void leaked_descriptors_as_program(void)
{
	AUTO_JSON json_t *victim = spec();
	AUTO_FREE char *copy = xasprintf("cp %s/rootfs/bin/busybox %s/busybox", test_dir, test_dir);
	char script_path[200], first[64];
	const char *root;

	EQ_INT(system(copy), 0);
	set(victim, "process.args", "['sleep', '1000']");
	own_bundle(victim, &root);
	if (!start(json_incref(victim)))
		return;
	strcpy(first, id);
	snprintf(script_path, sizeof script_path, "%s/entry", root);
	for (int fd = 3; fd < 16; fd++) {
		AUTO_FREE char *path = xasprintf("/proc/self/fd/%d/../../busybox", fd);
		AUTO_FREE char *line = xasprintf("#!%s sh\necho escaped\n", path);
		struct result r;

		write_file(root, "entry", line);
		chmod(script_path, 0755);
		r = runc("exec", first, path, "echo", "escaped", NULL);
		EQ_STR(r.out, "");
		EQ_STR(runc("exec", first, "/entry", NULL).out, "");
		set(victim, "process.args", "['%s', 'echo', 'escaped']", path);
		EQ_STR(runc("run", "-b", bundle(victim), new_id(), NULL).out, "");
		set(victim, "process.args", "['/entry']");
		EQ_STR(runc("run", "-b", bundle(victim), new_id(), NULL).out, "");
	}
	strcpy(id, first);
	stop();
	NOTHING_LEFT();
}

/* CVE-2016-9962: a container with the same privileges in the same pid namespace as
 * one that waits for `start` looks at the descriptors that the runtime left there. */
static void waiting_init_is_hidden(void)
{
	AUTO_JSON json_t *victim = spec(), *state = NULL;
	json_t *first_config = spec();
	char first[64];

	set(first_config, "process.args", "['sleep', '1000']");
	if (!start(first_config))
		return;
	strcpy(first, id);
	state = json_loads(runc("state", first, NULL).out, 0, NULL);
	set(victim, "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}, {'type': 'ipc'}, "
	    "{'type': 'pid', 'path': '/proc/%d/ns/pid'}]", (int)jsonx_int(state, "pid", 0));
	EQ_INT(runc("create", "-b", bundle(victim), new_id(), NULL).status, 0);
	PRINTS(runc("exec", first, "sh", "-c",
		    "for p in /proc/[0-9]*; do grep -q runc:init $p/comm 2>/dev/null || continue; "
		    "echo found; for f in $p/fd/* $p/cwd $p/root; do readlink $f; done; "
		    "done; true", NULL), "found\n");
	stop();
	strcpy(id, first);
	stop();
	NOTHING_LEFT();
}

/* CVE-2022-29162: exec must not fill the inheritable set. */
static void inheritable_capabilities(void)
{
	json_t *config = spec();

	set(config, "process.args", "['sleep', '1000']");
	if (!start(config))
		return;
	PRINTS(runc("exec", "--cap", "CAP_SYS_ADMIN", id, "sh", "-c",
		    "grep -E 'CapInh|CapAmb' /proc/self/status", NULL),
	       "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\n");
	stop();
	NOTHING_LEFT();
}

/* What an image puts at /etc/passwd or /dev may be anything, and must not hang us. */
static void hostile_files(void)
{
	AUTO_JSON json_t *config = spec();
	const char *root, *dir;
	AUTO_FREE char *cmd = NULL;

	script(config, "echo $HOME");
	dir = own_bundle(config, &root);
	cmd = xasprintf("cd %s/etc && rm passwd && mkfifo passwd", root);
	EQ_INT(system(cmd), 0);
	PRINTS(runc("run", "-b", dir, new_id(), NULL), "/\n");
	cmd[0] = '\0';
	NOTHING_LEFT();
}

CU_TestInfo attack_tests[] = {
	{ "CVE-2019-5736: overwriting the runtime", overwriting_the_runtime },
	{ "CVE-2019-5736: executing the runtime inside", executing_the_runtime },
	{ "CVE-2019-5736: /proc/PID/exe is read-only", exe_is_sealed },
	{ "CVE-2021-30465: a mount's target is a link", mount_target_link },
	{ "CVE-2021-30465: a mount's target is exchanged", mount_target_race },
	{ "CVE-2024-21626: cwd is a leaked descriptor", leaked_descriptors },
	{ "CVE-2024-21626: the same by exec", leaked_descriptors_in_exec },
	{ "CVE-2024-21626: the program is behind one", leaked_descriptors_as_program },
	{ "CVE-2016-9962: looking into a waiting init", waiting_init_is_hidden },
	{ "CVE-2022-29162: inheritable capabilities", inheritable_capabilities },
	{ "hostile files", hostile_files },
	CU_TEST_INFO_NULL,
};
