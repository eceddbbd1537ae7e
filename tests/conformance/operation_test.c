/*
 * operation_test.c - "Operations" and "State" in runtime.md: state, create,
 * start, kill and delete, as their caller sees them.
 */
#include "conform.h"

#include <signal.h>

/* A container whose program writes a file on the host before it goes on. */
static json_t *marking(const char *mark, const char *then)
{
	AUTO_FREE char *text = xasprintf("echo ran >>/tmp/marks/%s; %s", mark, then);
	AUTO_FREE char *dir = xasprintf("%s/marks", test_dir);
	json_t *config = shell(text);

	CU_ASSERT(make_dir(dir));
	append(config, "mounts", "{'destination': '/tmp/marks', 'source': '%s', 'options': ['bind']}", dir);
	return config;
}

static char *mark(const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/marks/%s", test_dir, name);

	return read_file(path);
}

#define MARK_IS(name, want)                     \
	do {                                    \
		AUTO_FREE char *is_ = mark(name); \
		EQ_STR(is_, want);              \
	} while (0)

static void wait_mark(const char *name, const char *want)
{
	for (int i = 0; i < 250; i++, usleep(20000)) {
		AUTO_FREE char *text = mark(name);

		if (!strcmp(text, want))
			return;
	}
	MARK_IS(name, want);
}

PROVES(a_whole_life,
	{ "runtime.md#scope-of-a-container", MUST, "Who has created a container can use all operations on it." },
	{ "runtime.md#operations", MUST, "The operations are all there: state, create, start, kill, delete." },
	{ "runtime.md#create", MUST, "`create` makes a new container." },
	{ "runtime.md#state", MUST, "`status` is `created` after create, `running` after start, `stopped` after the process has ended." },
	{ "runtime.md#delete", MUST, "`delete` removes a stopped container: afterwards there is none of that id." });
static void a_whole_life(void)
{
	if (!created(sleeper()))
		return;
	EQ_STR(status_of(), "created");
	EQ_INT(runc("start", id, NULL).status, 0);
	EQ_STR(status_of(), "running");
	EQ_INT(runc("kill", id, "KILL", NULL).status, 0);
	CU_ASSERT(wait_status("stopped"));
	EQ_INT(runc("delete", id, NULL).status, 0);
	EQ_STR(status_of(), "");
}

/* schema/state-schema.json */
static bool semantic_version(const char *v)
{
	int n[3], end = 0;

	return sscanf(v, "%d.%d.%d%n", &n[0], &n[1], &n[2], &end) == 3 && (!v[end] || strchr("-+", v[end]));
}

PROVES(what_the_state_tells,
	{ "runtime.md#state", MUST, "`ociVersion` is there, and is a version." },
	{ "runtime.md#state", MUST, "`id` is there, and is the container's." },
	{ "runtime.md#state", MUST, "`status` is there." },
	{ "runtime.md#state", MUST, "`bundle` is there, and is the absolute path of the bundle." },
	{ "runtime.md#state", MUST, "As JSON it has the types of the state's schema." },
	{ "runtime.md#query-state", MUST, "`state` prints the container's state." });
static void what_the_state_tells(void)
{
	AUTO_JSON json_t *config = sleeper(), *state = NULL;
	AUTO_FREE char *dir = xstrdup(bundle(config)), *command = NULL;

	/* By a relative path, to see an absolute one. */
	command = xasprintf("cd %s/.. && exec %s --root %s/runc create -b ./%s %s", dir, runc_path, test_dir,
			    strrchr(dir, '/') + 1, new_id());
	EQ_INT(run_program((char *[]){ "sh", "-c", command, NULL }).status, 0);
	state = state_of();
	CU_ASSERT(json_is_object(state));
	CU_ASSERT(semantic_version(jsonx_str(state, "ociVersion", "")));
	EQ_STR(jsonx_str(state, "id", ""), id);
	EQ_STR(jsonx_str(state, "status", ""), "created");
	EQ_STR(jsonx_str(state, "bundle", ""), dir);
	CU_ASSERT(json_is_integer(json_object_get(state, "pid")));
	CU_ASSERT(!json_object_get(state, "annotations") ||
		  json_is_object(json_object_get(state, "annotations")));
	stop();
}

PROVES(pid_in_the_state,
	{ "runtime.md#state", MUST, "`pid` is there while the container is created or running." },
	{ "runtime.md#state", MUST, "It is the container's process, counted where the runtime runs." });
static void pid_in_the_state(void)
{
	pid_t pid;

	if (!created(sleeper()))
		return;
	pid = pid_of();
	CU_ASSERT(pid > 1 && !kill(pid, 0));
	EQ_INT(runc("start", id, NULL).status, 0);
	EQ_INT(pid_of(), pid);
	AUTO_FREE char *command = proc_file("cmdline"), *status = proc_file("status");

	EQ_STR(command, "sleep");
	/* Its last number is the one in its own pid namespace. */
	CU_ASSERT(listed(line_after(status, "NSpid:"), "1") || strstr(line_after(status, "NSpid:"), "\t1"));
	stop();
}

PROVES(further_states,
	{ "runtime.md#state", MUST, "A status beyond those of the specification stands for another state: `paused`, and only while it is." });
static void further_states(void)
{
	if (!start(sleeper()))
		return;
	EQ_INT(runc("pause", id, NULL).status, 0);
	EQ_STR(status_of(), "paused");
	EQ_INT(runc("resume", id, NULL).status, 0);
	EQ_STR(status_of(), "running");
	stop();
}

PROVES(operations_want_an_id,
	{ "runtime.md#query-state", MUST, "`state` without an id is an error." },
	{ "runtime.md#create", MUST, "`create` without an id is an error." },
	{ "runtime.md#start", MUST, "`start` without an id is an error." },
	{ "runtime.md#kill", MUST, "`kill` without an id is an error." },
	{ "runtime.md#delete", MUST, "`delete` without an id is an error." });
static void operations_want_an_id(void)
{
	static const char *const operations[] = { "state", "start", "kill", "delete" };
	AUTO_JSON json_t *config = sleeper();

	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
		CU_ASSERT(runc(operations[i], NULL).status != 0);
	CU_ASSERT(runc("create", "-b", bundle(config), NULL).status != 0);
}

PROVES(operations_want_a_container,
	{ "runtime.md#query-state", MUST, "`state` of a container that does not exist is an error." },
	{ "runtime.md#start", MUST, "`start` of one that does not exist is an error." },
	{ "runtime.md#kill", MUST, "`kill` of one that does not exist is an error." },
	{ "runtime.md#delete", MUST, "`delete` of one that does not exist is an error." });
static void operations_want_a_container(void)
{
	static const char *const operations[] = { "state", "start", "kill", "delete" };

	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
		CU_ASSERT(runc(operations[i], "nobody", NULL).status != 0);
}

PROVES(an_id_is_used_once,
	{ "runtime.md#state", MUST, "No two containers have one id." },
	{ "runtime.md#create", MUST, "An id that is taken is an error; no container is made, and the one that has it goes on." });
static void an_id_is_used_once(void)
{
	AUTO_JSON json_t *second = marking("second", "true");
	pid_t pid;

	if (!start(sleeper()))
		return;
	pid = pid_of();
	CU_ASSERT(runc("create", "-b", bundle(second), id, NULL).status != 0);
	CU_ASSERT(runc("run", "-b", bundle(second), id, NULL).status != 0);
	EQ_STR(status_of(), "running");
	EQ_INT(pid_of(), pid);
	MARK_IS("second", "");
	stop();
}

PROVES(an_id_is_used_again,
	{ "runtime.md#delete", MUST, "After the container is deleted another one may have its id." });
static void an_id_is_used_again(void)
{
	AUTO_JSON json_t *config = shell("echo ran");
	const char *dir = bundle(config);

	PRINTS(runc("run", "-b", dir, new_id(), NULL), "ran\n");
	PRINTS(runc("run", "-b", dir, id, NULL), "ran\n");
}

PROVES(invalid_ids,
	{ "runtime.md#create", MUST, "An id that is not valid is an error, and nothing is made, within the runtime's directory or outside." });
static void invalid_ids(void)
{
	static const char *const wrong[] = { "", ".", "..", "../escaped", "a/b", "/abs" };
	AUTO_FREE char *escaped = xasprintf("%s/escaped", test_dir);
	AUTO_JSON json_t *config = sleeper();

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct result r = runc("create", "-b", bundle(config), wrong[i], NULL);

		if (!r.status)
			fprintf(stderr, "\nthe id '%s' was accepted\n", wrong[i]);
		CU_ASSERT(r.status != 0);
		CU_ASSERT(access(escaped, F_OK) != 0);
	}
}

PROVES(create_applies_all_but_the_process,
	{ "runtime.md#create", MUST, "After `create` the properties other than `process` are applied: namespaces, host name, mounts and parameters of the kernel are those configured." },
	{ "runtime.md#lifecycle", MUST, "What config.json asks for exists after `create`." },
	{ "runtime.md#lifecycle", MUST, "`create` does not run the program." },
	{ "runtime.md#create", MUST, "`process.args` is not applied before `start`." },
	{ "runtime.md#lifecycle", MUST, "`start` runs the program." },
	{ "runtime.md#start", MUST, "`start` runs what `process` says." });
static void create_applies_all_but_the_process(void)
{
	json_t *config = marking("applied", "exec sleep 1000");
	struct mount_info m;
	char pid[16];

	set(config, "hostname", "'applied'");
	append(config, "mounts", "{'destination': '/data', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['size=64k']}");
	set(config, "linux.sysctl", "{'kernel.shmmni': '77'}");
	if (!created(config))
		return;
	snprintf(pid, sizeof pid, "%d", (int)pid_of());
	CU_ASSERT(strcmp(ns_of(pid, "uts"), ns_of("self", "uts")) != 0);
	CU_ASSERT(mount_of("/data", &m) && listed(m.super, "size=64k"));
	/* With the container's own shell: its root is entered too. */
	PRINTS(run_program((char *[]){ "nsenter", "-t", pid, "-m", "-u", "-i", "-r", "/bin/sh", "-c",
				       "/bin/hostname; /bin/cat /proc/sys/kernel/shmmni", NULL }),
	       "applied\n77\n");
	MARK_IS("applied", "");
	EQ_INT(runc("start", id, NULL).status, 0);
	wait_mark("applied", "ran\n");
	stop();
}

PROVES(later_changes_do_not_count,
	{ "runtime.md#lifecycle", MUST, "What is changed in config.json after `create` makes no difference to the container." });
static void later_changes_do_not_count(void)
{
	AUTO_JSON json_t *config = marking("first", "true"), *other = marking("other", "true");
	AUTO_FREE char *text = NULL;
	const char *dir = bundle(config);

	set(other, "hooks.poststop", "[{'path': '/bin/touch', 'args': ['touch', '%s/marks/hook']}]", test_dir);
	text = jsonx_text(other);
	EQ_INT(runc("create", "-b", dir, new_id(), NULL).status, 0);
	write_file(dir, "config.json", text);
	EQ_INT(runc("start", id, NULL).status, 0);
	CU_ASSERT(wait_status("stopped"));
	EQ_INT(runc("delete", id, NULL).status, 0);
	MARK_IS("first", "ran\n");
	MARK_IS("other", "");
	AUTO_FREE char *hook = xasprintf("%s/marks/hook", test_dir);

	CU_ASSERT(access(hook, F_OK) != 0);
}

PROVES(start_only_what_is_created,
	{ "runtime.md#start", MUST, "`start` of a running container is an error and does nothing to it." },
	{ "runtime.md#start", MUST, "`start` of a stopped container is an error and does not run the program again." });
static void start_only_what_is_created(void)
{
	pid_t pid;

	if (!start(marking("once", "exec sleep 1000")))
		return;
	pid = pid_of();
	CU_ASSERT(runc("start", id, NULL).status != 0);
	EQ_STR(status_of(), "running");
	EQ_INT(pid_of(), pid);
	EQ_INT(runc("kill", id, "KILL", NULL).status, 0);
	CU_ASSERT(wait_status("stopped"));
	CU_ASSERT(runc("start", id, NULL).status != 0);
	EQ_STR(status_of(), "stopped");
	MARK_IS("once", "ran\n");
	stop();
}

PROVES(start_wants_a_process,
	{ "runtime.md#start", MUST, "Without `process` in config.json the container cannot be started; that is an error." },
	{ "config.md#process", MUST, "`process` is required for `start`." });
static void start_wants_a_process(void)
{
	AUTO_JSON json_t *config = plain();
	int status;

	json_object_del(config, "process");
	/* A runtime may also refuse to create what it could never start. */
	status = runc("create", "-b", bundle(config), new_id(), NULL).status;
	if (!status) {
		status = runc("start", id, NULL).status;
		stop();
	}
	CU_ASSERT(status != 0);
}

PROVES(kill_sends_the_signal,
	{ "runtime.md#kill", MUST, "`kill` sends the signal that is named, to the container's process." });
static void kill_sends_the_signal(void)
{
	json_t *config = marking("signals", "trap 'echo usr1 >>/tmp/marks/signals' USR1; "
				 "trap 'echo usr2 >>/tmp/marks/signals' USR2; echo ready >>/tmp/marks/signals; "
				 "while :; do sleep 0.05; done");

	if (!start(config))
		return;
	wait_mark("signals", "ran\nready\n");
	EQ_INT(runc("kill", id, "USR1", NULL).status, 0);
	wait_mark("signals", "ran\nready\nusr1\n");
	EQ_INT(runc("kill", id, "SIGUSR2", NULL).status, 0);
	wait_mark("signals", "ran\nready\nusr1\nusr2\n");
	EQ_INT(runc("kill", id, "10", NULL).status, 0);
	wait_mark("signals", "ran\nready\nusr1\nusr2\nusr1\n");
	EQ_STR(status_of(), "running");
	stop();
}

PROVES(kill_what_is_created,
	{ "runtime.md#kill", MUST, "A container that is created, and not yet started, can be sent a signal." });
static void kill_what_is_created(void)
{
	if (!created(marking("never", "true")))
		return;
	EQ_INT(runc("kill", id, "KILL", NULL).status, 0);
	CU_ASSERT(wait_status("stopped"));
	CU_ASSERT(runc("start", id, NULL).status != 0);
	MARK_IS("never", "");
	stop();
}

PROVES(no_kill_of_what_is_stopped,
	{ "runtime.md#kill", MUST, "A signal to a stopped container is an error and changes nothing." });
static void no_kill_of_what_is_stopped(void)
{
	if (!start(shell("true")))
		return;
	CU_ASSERT(wait_status("stopped"));
	CU_ASSERT(runc("kill", id, "TERM", NULL).status != 0);
	EQ_STR(status_of(), "stopped");
	stop();
}

PROVES(no_delete_of_what_runs,
	{ "runtime.md#delete", MUST, "`delete` of a running container is an error and does nothing to it." });
static void no_delete_of_what_runs(void)
{
	pid_t pid;

	if (!start(sleeper()))
		return;
	pid = pid_of();
	CU_ASSERT(runc("delete", id, NULL).status != 0);
	EQ_STR(status_of(), "running");
	EQ_INT(pid_of(), pid);
	stop();
}

#define CREATED_GOES "a container whose program has never run is deleted without a kill before it"

PROVES(no_delete_of_what_is_created,
	{ "runtime.md#delete", MUST, "`delete` of a container that is created is an error and does nothing to it." });
static void no_delete_of_what_is_created(void)
{
	int status;

	if (!created(sleeper()))
		return;
	status = runc("delete", id, NULL).status;
	if (under_test == OURS) { /* asserted, for it is meant */
		EQ_INT(status, 0);
		EQ_STR(status_of(), "");
		return;
	}
	CU_ASSERT(status != 0);
	EQ_STR(status_of(), "created");
	runc("delete", "--force", id, NULL);
}

const struct test operation_rules[] = {
	TEST(a_whole_life),
	TEST(what_the_state_tells),
	TEST(pid_in_the_state),
	TEST(further_states),
	TEST(operations_want_an_id),
	TEST(operations_want_a_container),
	TEST(an_id_is_used_once),
	TEST(an_id_is_used_again),
	TEST(invalid_ids, CRUN_DIFFERS = "`/abs` is taken for `abs`"),
	TEST(create_applies_all_but_the_process),
	TEST(later_changes_do_not_count),
	TEST(start_only_what_is_created),
	TEST(start_wants_a_process),
	TEST(kill_sends_the_signal),
	TEST(kill_what_is_created),
	TEST(no_kill_of_what_is_stopped),
	TEST(no_delete_of_what_runs),
	TEST(no_delete_of_what_is_created, OURS_DIFFERS = CREATED_GOES ", as runc does",
	     RUNC_DIFFERS = CREATED_GOES, CRUN_DIFFERS = CREATED_GOES),
	{ NULL },
};
