/*
 * parity_test.c - small things that callers of runc count on, as runc 1.3 does them.
 */
#include "suite.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "01-kernel/ns.h"
#include "01-kernel/tty.h"

static int occurrences(const char *text, const char *word)
{
	int n = 0;

	for (text = strstr(text, word); text; text = strstr(text + 1, word))
		n++;
	return n;
}

/* What people grep the log of --debug for. */
static void debug_lines(void)
{
	AUTO_FREE char *log = xasprintf("%s/debug.log", test_dir), *text = NULL;
	json_t *config = spec();
	const char *dir;
	struct result r;

	set(config, "process.args", "['echo', 'hello']");
	dir = bundle(config);
	json_decref(config);
	r = runc("--debug", "run", "--bundle", dir, new_id(), NULL);
	EQ_INT(r.status, 0);
	EQ_STR(r.out, "hello\n");
	HAS(r.err, "\" level=debug msg=\"nsexec container setup");
	HAS(r.err, "child process in init()");
	HAS(r.err, "init: closing the pipe to signal completion");
	r = runc("--debug", "--log", log, "--log-format", "json", "run", "--bundle", dir, new_id(),
		 NULL);
	EQ_INT(r.status, 0);
	EQ_STR(r.err, "");
	text = read_file(log);
	HAS(text, "{\"level\":\"debug\",\"msg\":\"nsexec container setup");
	EQ_INT(occurrences(text, "init: closing the pipe"), 1);
	NOTHING_LEFT();
}

/* Help, and no complaint. */
static void no_command(void)
{
	struct result r = run_program((char *[]){ runc_path, NULL });

	EQ_INT(r.status, 0);
	HAS(r.out, "COMMANDS:");
}

static void owner(void)
{
	AUTO_FREE char *dir = NULL;
	json_t *config = spec();

	set(config, "process.args", "['sleep', '1000']");
	CU_ASSERT_FATAL(start(config));
	HAS(runc("list", NULL).out, "root\n");
	dir = xasprintf("%s/runc/%s", test_dir, id);
	CU_ASSERT(!chown(dir, 54321, 0));
	HAS(runc("list", NULL).out, "#54321\n");
	HAS(runc("list", "--format", "json", NULL).out, "\"owner\":\"#54321\"");
	CU_ASSERT(!chown(dir, 0, 0));
	stop();
	NOTHING_LEFT();
}

/* A created container's process holds nothing by which it could be recognised what the
 * host's paths or processes are. */
static void descriptors_of_created(void)
{
	static const char *const fine = "^/dev/(null|pts/[0-9]+)$|^(socket|pipe|anon_inode):|^/memfd:|^/exec.fifo$|"
		"/runc/[^/]*/exec.fifo$|^(/proc)?/1/task/1/fd$";
	AUTO_JSON json_t *config = spec(), *state = NULL;
	AUTO_FREE char *cmd = NULL;

	EQ_INT(runc("create", "-b", bundle(config), new_id(), NULL).status, 0);
	state = json_loads(runc("state", id, NULL).out, 0, NULL);
	cmd = xasprintf("for f in /proc/%d/fd/*; do readlink $f; done | grep -vE '%s' | grep -v %s",
			(int)jsonx_int(state, "pid", 0), fine, test_dir);
	EQ_STR(run_program((char *[]){ "sh", "-c", cmd, NULL }).out, "");
	EQ_INT(runc("start", id, NULL).status, 0);
	stop();
	NOTHING_LEFT();
}

static int receive_pidfd(int listener, const char *word)
{
	AUTO_CLOSE int sock = accept(listener, NULL, NULL);
	struct err err = { .msg = "" };
	char text[64] = "";
	int fd = kern_fd_recv(sock, text, sizeof text, &err);

	EQ_STR(text, word);
	return fd;
}

/* --pidfd-socket: of init, and of a process that exec adds. */
static void pidfd_socket(void)
{
	AUTO_FREE char *path = xasprintf("%s/pidfd", test_dir), *nowhere = xasprintf("%s/no", test_dir);
	AUTO_CLOSE int listener = -1, init = -1, added = -1;
	json_t *config = spec();
	struct err err;
	const char *dir;

	set(config, "process.args", "['sleep', '1000']");
	dir = bundle(config);
	json_decref(config);
	listener = kern_unix_listen(path, 0600, &err);
	CU_ASSERT_FATAL(listener >= 0);
	FAILS(runc("create", "--pidfd-socket", nowhere, "-b", dir, new_id(), NULL), 1, "pidfd socket");
	EQ_INT(runc("run", "-d", "--pidfd-socket", path, "-b", dir, new_id(), NULL).status, 0);
	init = receive_pidfd(listener, "standard");
	EQ_INT(runc("exec", "-d", "--pidfd-socket", path, id, "sleep", "999", NULL).status, 0);
	added = receive_pidfd(listener, "setns");
	EQ_INT(kern_pidfd_signal(added, SIGKILL, &err), 0);
	EQ_STR(status_of(), "running");
	EQ_INT(kern_pidfd_signal(init, SIGKILL, &err), 0);
	CU_ASSERT(wait_status("stopped"));
	stop();
	NOTHING_LEFT();
}

/* Where processes share the host's pid namespace they outlive init, and a SIGKILL for the
 * container is for them. */
static void kill_after_init(void)
{
	json_t *config = spec();
	struct result r;

	script(config, "sleep 1000 & exit 0");
	set(config, "linux.namespaces", "[{'type': 'mount'}]");
	json_object_del(config, "hostname");
	CU_ASSERT_FATAL(start(config));
	CU_ASSERT(wait_status("stopped"));
	r = runc("kill", id, "KILL", NULL);
	EQ_INT(r.status, 0);
	for (int i = 0; i < 100 && !runc("kill", id, "KILL", NULL).status; i++)
		usleep(20000);
	FAILS(runc("kill", id, "KILL", NULL), 1, "container not running");
	stop();
	NOTHING_LEFT();
}

/* A program that cannot be executed is the container's own complaint, in one line. */
static void execve_error(void)
{
	json_t *config = spec();
	const char *root, *dir;
	AUTO_FREE char *program = NULL;
	struct result r;

	set(config, "process.args", "['/run.sh']");
	dir = own_bundle(config, &root);
	json_decref(config);
	program = xasprintf("%s/run.sh", root);
	write_file(root, "run.sh", "#!/nowhere/sh\n");
	CU_ASSERT(!chmod(program, 0755));
	r = runc("run", "--bundle", dir, new_id(), NULL);
	CU_ASSERT(r.status);
	EQ_STR(r.err, "exec /run.sh: no such file or directory\n");
	NOTHING_LEFT();
}

/* A destination may be written with the root's path in front, and is judged like others. */
static void destinations_of_the_host(void)
{
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *document = NULL;
	const char *root, *dir;
	struct result r;

	set(config, "process.args", "['grep', '-c', ' /sub/x tmpfs', '/proc/mounts']");
	dir = own_bundle(config, &root);
	document = xasprintf("%s/config.json", dir);
	append(config, "mounts", "{'destination': '%s/sub/x', 'type': 'tmpfs', 'source': 't'}", root);
	CU_ASSERT(!json_dump_file(config, document, 0));
	r = runc("run", "--bundle", dir, new_id(), NULL);
	EQ_STR(r.out, "1\n");
	append(config, "mounts", "{'destination': '%s/proc/1', 'type': 'tmpfs', 'source': 't'}",
	       root);
	CU_ASSERT(!json_dump_file(config, document, 0));
	FAILS(runc("run", "--bundle", dir, new_id(), NULL), 1, "'/proc/1' is inside /proc");
	NOTHING_LEFT();
}

CU_TestInfo parity_tests[] = {
	{ "no command", no_command },
	{ "whose a container is", owner },
	{ "what a created container holds", descriptors_of_created },
	{ "--pidfd-socket", pidfd_socket },
	{ "execve's error is all of it", execve_error },
	{ "destinations with the root's path", destinations_of_the_host },
	{ "--debug tells the steps", debug_lines },
	{ "kill KILL reaches what init left", kill_after_init },
	CU_TEST_INFO_NULL,
};
