/*
 * life_test.c - create, start, state, kill, delete and their relatives, from
 * outside, as a caller sees them.
 */
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "02-runc/config.h"

static json_t *sleeper(void)
{
	json_t *config = spec();

	set(config, "process.args", "['sleep', '1000']");
	return config;
}

static void from_create_to_delete(void)
{
	AUTO_JSON json_t *config = sleeper(), *doc = NULL;
	AUTO_FREE char *pid_file = xasprintf("%s/pid", test_dir), *pid = NULL, *fifo = NULL;
	const char *dir;
	struct result r;

	set(config, "annotations", "{'org.example': 'yes'}");
	dir = bundle(config);
	r = runc("create", "--bundle", dir, "--pid-file", pid_file, new_id(), NULL);
	EQ_INT(r.status, 0);
	EQ_STR(status_of(), "created");
	r = runc("state", id, NULL);
	doc = json_loads(r.out, 0, NULL);
	CU_ASSERT_FATAL(doc != NULL);
	/* "State" in the specification's runtime.md; what is REQUIRED there. */
	EQ_STR(jsonx_str(doc, "ociVersion", ""), RUNC_SPEC_VERSION);
	EQ_STR(jsonx_str(doc, "id", ""), id);
	EQ_STR(jsonx_str(doc, "bundle", ""), dir);
	EQ_STR(jsonx_str(json_object_get(doc, "annotations"), "org.example", ""), "yes");
	CU_ASSERT(strlen(jsonx_str(doc, "created", "")) > 20);
	pid = read_file(pid_file);
	EQ_INT(jsonx_int(doc, "pid", 0), atoi(pid));
	CU_ASSERT(!kill(atoi(pid), 0));
	fifo = xasprintf("%s/runc/%s/exec.fifo", test_dir, id);
	CU_ASSERT(!access(fifo, F_OK));

	FAILS(runc("delete", "nobody", NULL), 1, "container does not exist");
	FAILS(runc("create", "--bundle", dir, id, NULL), 1, "already exists");
	EQ_STR(status_of(), "created");
	EQ_INT(runc("start", id, NULL).status, 0);
	EQ_STR(status_of(), "running");
	CU_ASSERT(access(fifo, F_OK) != 0);
	FAILS(runc("start", id, NULL), 1, "cannot start an already running container");
	FAILS(runc("delete", id, NULL), 1, "that is not stopped: running");
	EQ_INT(runc("kill", id, "KILL", NULL).status, 0);
	CU_ASSERT(wait_status("stopped"));
	FAILS(runc("kill", id, "KILL", NULL), 1, "container not running");
	FAILS(runc("start", id, NULL), 1, "cannot start a container that has stopped");
	FAILS(runc("pause", id, NULL), 1, "container not running");
	FAILS(runc("exec", id, "true", NULL), 255, "cannot exec in a stopped container");
	EQ_INT(runc("delete", id, NULL).status, 0);
	FAILS(runc("state", id, NULL), 1, "container does not exist");
	NOTHING_LEFT();
}

/* The process is that of `config.json` at the time of create. */
static void later_changes_do_not_count(void)
{
	AUTO_JSON json_t *config = sleeper();
	const char *dir = bundle(config);

	EQ_INT(runc("create", "--bundle", dir, new_id(), NULL).status, 0);
	write_file(dir, "config.json", "broken");
	EQ_INT(runc("start", id, NULL).status, 0);
	EQ_INT(runc("exec", id, "true", NULL).status, 0);
	EQ_INT(runc("delete", "-f", id, NULL).status, 0);
	NOTHING_LEFT();
}

static void run_returns_the_status(void)
{
	json_t *config;

	PRINTS(run(spec()), "");
	config = spec();
	script(config, "echo out; echo err >&2; exit 42");
	struct result r = run(config);

	EQ_INT(r.status, 42);
	EQ_STR(r.out, "out\n");
	EQ_STR(r.err, "err\n");
	config = spec();
	script(config, "sleep 1000 & kill -9 $!; wait $!; exit $?");
	EQ_INT(run(config).status, 137);
	NOTHING_LEFT();
}

static void run_detached(void)
{
	AUTO_JSON json_t *config = sleeper();
	AUTO_FREE char *pid_file = xasprintf("%s/pid2", test_dir), *pid = NULL;

	EQ_INT(runc("run", "-d", "--pid-file", pid_file, "--bundle", bundle(config), new_id(),
		    NULL).status, 0);
	EQ_STR(status_of(), "running");
	pid = read_file(pid_file);
	CU_ASSERT(atoi(pid) > 1 && !kill(atoi(pid), 0));
	stop();
	NOTHING_LEFT();
}

/* A created container may be deleted: its program has never run. */
/* What create accepts, the other commands can read back. */
static void large_annotations(void)
{
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *large = xcalloc(1, 3000001);

	memset(large, '\1', 1000000); /* six bytes each in JSON */
	json_object_set_new(config, "annotations", json_pack("{s:s}", "a", large));
	EQ_INT(runc("create", "-b", bundle(config), new_id(), NULL).status, 0);
	EQ_STR(status_of(), "created");
	stop();
	NOTHING_LEFT();
}

static void delete_a_created_one(void)
{
	AUTO_JSON json_t *config = sleeper();

	EQ_INT(runc("create", "--bundle", bundle(config), new_id(), NULL).status, 0);
	EQ_INT(runc("delete", id, NULL).status, 0);
	EQ_INT(runc("delete", "--force", id, NULL).status, 0);
	EQ_INT(runc("delete", "--force", "never-there", NULL).status, 0);
	NOTHING_LEFT();
}

/* What is in state.json can get lost: a full disk, an editor. The program must not outlive it. */
static void delete_one_with_a_damaged_state(void)
{
	static const char *const texts[] = { "", "[]", "{\"id\":", "\1\2" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		AUTO_FREE char *dir = NULL, *path = NULL, *text = NULL;
		AUTO_JSON json_t *state = NULL;
		struct err err;
		pid_t pid;

		if (!start(sleeper()))
			return;
		dir = xasprintf("%s/runc/%s", test_dir, id);
		path = xasprintf("%s/state.json", dir);
		text = read_file(path);
		state = jsonx_parse(text, strlen(text), "state", &err);
		pid = (pid_t)jsonx_int(state, "pid", 0);
		CU_ASSERT_FATAL(pid > 0 && !kill(pid, 0));
		write_file(dir, "state.json", texts[i]);
		FAILS(runc("delete", id, NULL), 1, "state.json");
		CU_ASSERT(!kill(pid, 0));
		EQ_INT(runc("delete", "--force", id, NULL).status, 0);
		for (int waited = 0; !kill(pid, 0) && waited < 200; waited++)
			usleep(10 * 1000);
		CU_ASSERT(kill(pid, 0) && errno == ESRCH);
		NOTHING_LEFT();
	}
}

/* With `--root` somewhere else, any directory there could be taken for a container that was
 * just begun. */
static void delete_what_is_none(void)
{
	AUTO_FREE char *cmd = xasprintf("cd %s/runc && mkdir usr begun && echo >usr/file && "
					"echo >begun/config.json && echo >begun/state.json.7.0.tmp", test_dir);
	AUTO_FREE char *file = xasprintf("%s/runc/usr/file", test_dir), *usr = xasprintf("%s/runc/usr", test_dir);
	AUTO_FREE char *begun = xasprintf("%s/runc/begun", test_dir);

	CU_ASSERT_EQUAL(system(cmd), 0);
	FAILS(runc("delete", "--force", "usr", NULL), 1, "is no container's directory");
	EQ_INT(runc("delete", "--force", "begun", NULL).status, 0);
	CU_ASSERT(!access(file, F_OK) && access(begun, F_OK));
	CU_ASSERT(!unlink(file) && !rmdir(usr));
}

static void start_after_inits_death(void)
{
	AUTO_JSON json_t *config = sleeper();

	EQ_INT(runc("create", "--bundle", bundle(config), new_id(), NULL).status, 0);
	EQ_INT(runc("kill", id, "9", NULL).status, 0);
	CU_ASSERT(wait_status("stopped"));
	FAILS(runc("start", id, NULL), 1, "cannot start a container that has stopped");
	EQ_INT(runc("delete", id, NULL).status, 0);
	NOTHING_LEFT();
}

/* As if a `start` had been killed after it had heard init's answer. */
static void started_by_somebody_who_died(void)
{
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *fifo = NULL, *answer = NULL;

	set(config, "process.args", "['sleep', '1000']");
	EQ_INT(runc("create", "-b", bundle(config), new_id(), NULL).status, 0);
	EQ_STR(status_of(), "created");
	fifo = xasprintf("%s/runc/%s/exec.fifo", test_dir, id);
	answer = read_file(fifo);
	EQ_STR(status_of(), "running");
	FAILS(runc("start", id, NULL), 1, "cannot start an already running container");
	FAILS(runc("delete", id, NULL), 1, "");
	EQ_STR(status_of(), "running");
	stop();
	NOTHING_LEFT();
}

/* A `create` that is still at its hooks when the container is deleted, and the id given away. */
static void the_id_is_anothers_by_now(void)
{
	AUTO_FREE char *go = xasprintf("%s/go", test_dir);
	AUTO_JSON json_t *slow = spec(), *next = spec();
	int status, waited = 0;
	pid_t pid;

	unlink(go);
	set(slow, "hooks", "{'createRuntime': [{'path': '/bin/sh', 'args': ['sh', '-c', "
	    "'until [ -e %s ]; do sleep 0.02; done']}]}", go);
	set(next, "process.args", "['sleep', '1000']");
	set(next, "linux.cgroupsPath", "'%s'", jsonx_str(json_object_get(slow, "linux"), "cgroupsPath", ""));
	new_id();
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(runc("create", "-b", bundle(slow), id, NULL).status);
	while (strcmp(status_of(), "creating") && ++waited < 500)
		usleep(10 * 1000);
	usleep(300 * 1000); /* into the hook */
	EQ_INT(runc("delete", "--force", id, NULL).status, 0);
	EQ_INT(runc("run", "-d", "-b", bundle(next), id, NULL).status, 0);
	write_file(test_dir, "go", "");
	waitpid(pid, &status, 0);
	CU_ASSERT(WEXITSTATUS(status) == 1);
	EQ_STR(status_of(), "running");
	stop();
	NOTHING_LEFT();
}

static void wait_inside(const char *path)
{
	int tries = 250;

	while (runc("exec", id, "test", "-e", path, NULL).status && --tries)
		usleep(20 * 1000);
	if (!tries)
		fprintf(stderr, "\n%s does not appear in the container\n", path);
	CU_ASSERT(tries > 0);
}

static void signals(void)
{
	json_t *config = spec();

	script(config, "trap 'exit 7' TERM; trap 'echo usr1 >/tmp/x' USR1; echo >/tmp/ready; "
	       "while :; do sleep 0.05; done");
	set(config, "mounts", "[{'destination': '/tmp', 'type': 'tmpfs'}]");
	if (!start(config))
		return;
	wait_inside("/tmp/ready");
	EQ_INT(runc("kill", id, "SIGUSR1", NULL).status, 0);
	EQ_INT(runc("kill", id, "0", NULL).status, 0);
	FAILS(runc("kill", id, "NOSUCH", NULL), 1, "invalid signal");
	wait_inside("/tmp/x");
	EQ_INT(runc("kill", id, NULL).status, 0); /* SIGTERM */
	CU_ASSERT(wait_status("stopped"));
	EQ_INT(runc("delete", id, NULL).status, 0);
	NOTHING_LEFT();
}

/* Without a pid namespace of its own, init's children survive it; nothing of
 * the container may. */
static void shared_pid_namespace(void)
{
	json_t *config = spec();

	set(config, "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}, {'type': 'ipc'}]");
	script(config, "sleep 1234 & sleep 1234 & echo >/tmp/ready; exec sleep 1234");
	append(config, "mounts", "{'destination': '/tmp', 'type': 'tmpfs'}");
	if (!start(config))
		return;
	wait_inside("/tmp/ready");
	EQ_INT(runc("kill", id, "KILL", NULL).status, 0);
	CU_ASSERT(wait_status("stopped"));
	PRINTS(runc("ps", "--format", "json", id, NULL), "null\n"); /* as runc says none */
	EQ_INT(runc("delete", id, NULL).status, 0);
	EQ_INT(system("ps -e -o args | grep -q '^sleep 1234'") == 0, 0);
	NOTHING_LEFT();
}

static void kill_all(void)
{
	json_t *config = spec();

	script(config, "trap : TERM; sleep 4321 & sleep 4321 & echo >/tmp/ready; wait; wait; wait; exit 9");
	append(config, "mounts", "{'destination': '/tmp', 'type': 'tmpfs'}");
	if (!start(config))
		return;
	wait_inside("/tmp/ready");
	EQ_INT(runc("kill", "--all", id, "TERM", NULL).status, 0);
	CU_ASSERT(wait_status("stopped")); /* the sleeps got it, and init went on to exit */
	EQ_INT(runc("delete", id, NULL).status, 0);
	NOTHING_LEFT();
}

static void list(void)
{
	struct result r;
	AUTO_JSON json_t *rows = NULL;
	char first[64];

	if (!start(sleeper()))
		return;
	strcpy(first, id);
	r = runc("list", NULL);
	HAS(r.out, "ID ");
	HAS(r.out, first);
	HAS(r.out, "running");
	r = runc("list", "--quiet", NULL);
	HAS(r.out, first);
	CU_ASSERT(!strstr(r.out, "running"));
	r = runc("list", "--format", "json", NULL);
	rows = json_loads(r.out, 0, NULL);
	EQ_INT((long)json_array_size(rows), 1);
	EQ_STR(jsonx_str(json_array_get(rows, 0), "id", ""), first);
	EQ_STR(jsonx_str(json_array_get(rows, 0), "status", ""), "running");
	FAILS(runc("list", "--format", "xml", NULL), 1, "invalid format");
	FAILS(runc("--root", "", "list", NULL), 1, "the directory has no name");
	/* One that cannot be read does not go unmentioned. */
	AUTO_FREE char *state = xasprintf("%s/runc/%s/state.json", test_dir, id), *text = read_file(state);
	AUTO_FREE char *dir = xasprintf("%s/runc/%s", test_dir, id), *said = xasprintf("load container %s: ", id);

	write_file(dir, "state.json", "");
	r = runc("list", NULL);
	EQ_INT(r.status, 0);
	HAS(r.err, said);
	write_file(dir, "state.json", text);
	stop();
	PRINTS(runc("list", "--quiet", NULL), "");
	PRINTS(runc("list", "--format", "json", NULL), "[]\n");
	NOTHING_LEFT();
}

static void pause_and_resume(void)
{
	if (!start(sleeper()))
		return;
	FAILS(runc("resume", id, NULL), 1, "container not paused");
	EQ_INT(runc("pause", id, NULL).status, 0);
	EQ_STR(status_of(), "paused");
	FAILS(runc("exec", id, "true", NULL), 255, "cannot exec in a paused container");
	EQ_INT(runc("resume", id, NULL).status, 0);
	EQ_STR(status_of(), "running");
	EQ_INT(runc("pause", id, NULL).status, 0);
	EQ_INT(runc("delete", "--force", id, NULL).status, 0); /* frozen, and yet it dies */
	NOTHING_LEFT();
}

/* The error that a caller reads: one JSON line with level, msg and time. */
static void log_in_json(void)
{
	AUTO_FREE char *log = xasprintf("%s/log", test_dir), *text = NULL;
	AUTO_JSON json_t *line = NULL, *config = spec();

	set(config, "process.args", "['no-such-program']");
	FAILS(runc("--log", log, "--log-format", "json", "create", "--bundle", bundle(config),
		   new_id(), NULL), 1, "runc create failed: unable to start container process: "
	      "exec: \"no-such-program\": executable file not found in $PATH\n");
	text = read_file(log);
	line = json_loads(text, 0, NULL);
	CU_ASSERT_FATAL(line != NULL);
	EQ_STR(jsonx_str(line, "level", ""), "error");
	EQ_STR(jsonx_str(line, "msg", ""), "runc create failed: unable to start container process: "
	       "exec: \"no-such-program\": executable file not found in $PATH");
	CU_ASSERT(strlen(jsonx_str(line, "time", "")) >= 20);
	NOTHING_LEFT();
}

/* `runc COMMAND >/dev/full`, as the shell does it. */
static struct result into_full(const char *options, const char *command)
{
	AUTO_FREE char *cmd = xasprintf("exec %s --root %s/runc %s %s >/dev/full", runc_path, test_dir,
					options, command);

	return run_program((char *[]){ "sh", "-c", cmd, NULL });
}

/* Whoever reads a file that says nothing must not think that there is nothing. */
static void full_disk(void)
{
	static const char *const commands[] = { "list", "list -f json", "features", "--help" };
	AUTO_FREE char *state = NULL, *ps = NULL;
	struct result r;

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		FAILS(into_full("", commands[i]), 1, "write the output: No space left on device");
	if (!start(sleeper()))
		return;
	state = xasprintf("state %s", id);
	ps = xasprintf("ps -f json %s", id);
	FAILS(into_full("", state), 1, "No space left on device");
	FAILS(into_full("", ps), 1, "No space left on device");
	stop();
	r = runc("--log", "/dev/full", "state", "nobody", NULL);
	FAILS(r, 1, "container does not exist");
	HAS(r.err, "Failed to write to log, No space left on device\n");
	NOTHING_LEFT();
}

/* One that cannot be opened is told once, on stderr. */
static void no_log(void)
{
	struct result r = runc("--log", "/no/such/log", "list", NULL);

	FAILS(r, 1, "runc: open the log /no/such/log: No such file or directory\n");
	CU_ASSERT(strchr(r.err, '\n') == r.err + strlen(r.err) - 1);
}

static void spec_command(void)
{
	AUTO_FREE char *dir = xasprintf("%s/spec", test_dir), *path = NULL;
	AUTO_CONFIG struct runc_config c = { .doc = NULL };
	struct err err;

	mkdir(dir, 0755);
	EQ_INT(runc("spec", "-b", dir, NULL).status, 0);
	path = xasprintf("%s/config.json", dir);
	CU_ASSERT(!runc_config_load(&c, AT_FDCWD, path, &err));
	CU_ASSERT(c.process.terminal && c.root_readonly);
	FAILS(runc("spec", "-b", dir, NULL), 1, "config.json exists");
}

static void features(void)
{
	struct result r = runc("features", NULL);
	AUTO_JSON json_t *doc = json_loads(r.out, 0, NULL);

	CU_ASSERT_FATAL(doc != NULL);
	EQ_STR(jsonx_str(doc, "ociVersionMin", ""), "1.0.0");
	EQ_INT((long)json_array_size(json_object_get(doc, "hooks")), 6);
	CU_ASSERT(json_is_true(jsonx_at(doc, "linux.seccomp.enabled")));
	CU_ASSERT(json_array_size(jsonx_at(doc, "linux.namespaces")) == 8);
}

CU_TestInfo life_tests[] = {
	{ "from create to delete", from_create_to_delete },
	{ "later changes of config.json do not count", later_changes_do_not_count },
	{ "run returns the container's status", run_returns_the_status },
	{ "run --detach", run_detached },
	{ "delete a created container", delete_a_created_one },
	{ "delete one whose state is damaged", delete_one_with_a_damaged_state },
	{ "delete what is no container", delete_what_is_none },
	{ "large annotations", large_annotations },
	{ "start after init's death", start_after_inits_death },
	{ "started by somebody who died", started_by_somebody_who_died },
	{ "the id is another container's by now", the_id_is_anothers_by_now },
	{ "signals reach init", signals },
	{ "a shared pid namespace", shared_pid_namespace },
	{ "kill --all", kill_all },
	{ "list", list },
	{ "pause and resume", pause_and_resume },
	{ "the log in JSON", log_in_json },
	{ "output to a full disk", full_disk },
	{ "no log", no_log },
	{ "spec", spec_command },
	{ "features", features },
	CU_TEST_INFO_NULL,
};
