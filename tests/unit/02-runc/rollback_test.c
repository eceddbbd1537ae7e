/*
 * rollback_test.c - whatever step of `create` fails, nothing is left of it: no
 * state, cgroup, mount or process; and the error says what it was.
 */
#include "suite.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* One change each to a good configuration, making another step fail. */
static const struct { const char *path, *value, *words; } steps[] = {
	{ "process.args", "['']", "executable file not found" },
	{ "process.args", "['/etc']", "permission denied" },
	{ "root.path", "'/no/such/root'", "root.path: /no/such/root" },
	{ "root.path", "'/etc/passwd'", "is not a directory" },
	{ "mounts", "[{'destination': '/a', 'type': 'nosuchfs'}]", "error mounting \"nosuchfs\"" },
	{ "mounts", "[{'destination': '/proc', 'type': 'tmpfs'}]", "must be of type proc" },
	{ "mounts", "[{'destination': '/proc', 'source': '/etc', 'options': ['bind']}]",
	  "must be a proc file system" },
	{ "linux.devices", "[{'path': '/dev/x/..', 'type': 'c', 'major': 1, 'minor': 3}]",
	  "does not end in a name" },
	{ "linux.cgroupsPath", "'/../x'", "'..' is not allowed" },
	{ "linux.resources.cpu", "{'cpus': '9999'}", "cpuset" },
	{ "linux.sysctl", "{'kernel.sem': 'words'}", "sysctl kernel/sem: write 'words'" },
	{ "linux.sysctl", "{'net.no.such': '1'}", "sysctl net/no/such" },
	{ "linux.seccomp", "{'defaultAction': 'x'}", "linux.seccomp" },
	{ "process.selinuxLabel", "'a:b:c:d'", "selinux label" },
	{ "process.apparmorProfile", "'no-such-profile'", "apparmor" },
	{ "process.cwd", "'/etc/passwd'", "working directory /etc/passwd" },
	{ "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}, {'type': 'ipc', 'path': '/no/ns'}]",
	  "join the ipc namespace" },
	{ "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}, {'type': 'pid', 'path': '/no/ns'}]",
	  "join the pid namespace" },
	/* Killed in the middle, by its own filter: no word from init at all. */
	{ "linux.seccomp", "{'defaultAction': 'SCMP_ACT_KILL_PROCESS', 'syscalls': []}",
	  "init ended without a word" },
};

static void every_step(void)
{
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		AUTO_JSON json_t *config = spec();

		set(config, "process.noNewPrivileges", "false"); /* the filter comes early then */
		set(config, steps[i].path, "%s", steps[i].value);
		FAILS(runc("create", "-b", bundle(config), new_id(), NULL), 1, steps[i].words);
		NOTHING_LEFT();
	}
}

static void around_it(void)
{
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *dir = xstrdup(bundle(config)); /* the name is good for one call */

	FAILS(runc("create", "-b", dir, "--pid-file", "/no/such/dir/pid", new_id(), NULL), 1,
	      "write the pid file");
	NOTHING_LEFT();
	FAILS(runc("create", "-b", "/no/such/bundle", new_id(), NULL), 1, "/no/such/bundle");
	FAILS(runc("create", "-b", dir, "bad/id", NULL), 1, "invalid container id");
	FAILS(runc("create", "-b", dir, "..", NULL), 1, "invalid container id");
	NOTHING_LEFT();
	/* The same id works after a failure. */
	set(config, "process.args", "['nope']");
	FAILS(runc("run", "-b", bundle(config), new_id(), NULL), 1, "nope");
	PRINTS(runc("run", "-b", dir, id, NULL), "");
	NOTHING_LEFT();
}

/* The runtime is killed while it creates: init goes with it, and what is left
 * has stopped and can be deleted. */
static void killed_creator(void)
{
	AUTO_FREE char *started = xasprintf("%s/hook-started", test_dir);
	AUTO_FREE char *root = xasprintf("%s/runc", test_dir);
	AUTO_JSON json_t *config = spec();
	const char *dir;
	pid_t pid;

	set(config, "hooks", "{'createRuntime': [{'path': '/bin/sh', 'args': ['sh', '-c', "
	    "'echo x >%s; exec sleep 2']}]}", started);
	dir = bundle(config);
	new_id();
	fflush(NULL);
	pid = fork();
	if (!pid) {
		execl(runc_path, runc_path, "--root", root, "create", "-b", dir, id, NULL);
		_exit(127);
	}
	for (int i = 0; i < 250 && access(started, F_OK); i++)
		usleep(20 * 1000);
	EQ_STR(status_of(), "creating");
	FAILS(runc("start", id, NULL), 1, "creating");
	FAILS(runc("delete", id, NULL), 1, "not stopped: creating");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	EQ_STR(status_of(), "stopped");
	FAILS(runc("start", id, NULL), 1, "has stopped");
	EQ_INT(runc("delete", id, NULL).status, 0);
	NOTHING_LEFT();
}

CU_TestInfo rollback_tests[] = {
	{ "every step of create", every_step },
	{ "what stands around it", around_it },
	{ "a creator that is killed", killed_creator },
	CU_TEST_INFO_NULL,
};
