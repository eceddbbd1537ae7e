/*
 * parity_test.c - small things that callers of runc count on, as runc 1.3 does them.
 */
#include "suite.h"

#include <sys/stat.h>

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
	{ "execve's error is all of it", execve_error },
	{ "destinations with the root's path", destinations_of_the_host },
	{ "--debug tells the steps", debug_lines },
	{ "kill KILL reaches what init left", kill_after_init },
	CU_TEST_INFO_NULL,
};
