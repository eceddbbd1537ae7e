/*
 * hook_rules_test.c - what hooks may rely on besides their order: environment and
 * directory, and what becomes of the container when one fails ("Lifecycle" in
 * runtime.md). Where the specification is silent, runc's behaviour is expected.
 */
#include "suite.h"

static void add(json_t *config, const char *kind, const char *text, const char *more)
{
	AUTO_FREE char *path = xasprintf("hooks.%s", kind);

	if (!json_object_get(config, "hooks"))
		set(config, "hooks", "{}");
	append(config, path, "{'path': '/bin/sh', 'args': ['sh', '-c', '%s']%s}", text, more);
}

/* The runtime's hooks run in the bundle with its environment, createContainer's in the
 * root with PATH alone, startContainer's in process.cwd with the program's. */
static void where_and_with_what(void)
{
	AUTO_FREE char *log = xasprintf("%s/rules", test_dir), *text = NULL, *want = NULL;
	AUTO_FREE char *host = xasprintf("echo $(pwd) $RULE >>%s", log);
	AUTO_FREE char *none = xasprintf("echo none:$RULE >>%s", log);
	AUTO_FREE char *inside = xasprintf("echo $PWD $(ls -d bin) $RULE >>%s", log);
	AUTO_JSON json_t *config = spec();
	const char *root, *b;

	unlink(log);
	setenv("RULE", "runtime", 1);
	b = own_bundle(config, &root);
	add(config, "createRuntime", host, "");
	add(config, "createRuntime", none, ", 'env': []");
	add(config, "createContainer", inside, "");
	add(config, "startContainer", "echo $(pwd) $RULE >/tmp/inside", "");
	set(config, "process.cwd", "'/etc'");
	set(config, "process.env", "['PATH=/bin:/usr/bin', 'RULE=container']");
	script(config, "cat /tmp/inside");
	b = bundle(config);
	PRINTS(runc("run", "-b", b, new_id(), NULL), "/etc container\n");
	unsetenv("RULE");
	text = read_file(log);
	want = xasprintf("%s runtime\nnone:\n%s bin\n", b, root);
	EQ_STR(text, want);
	NOTHING_LEFT();
}

/* Whatever ends a creation: the poststop hooks come at its end. */
static void poststop_after_a_failure(void)
{
	static const char *const kinds[] = { "prestart", "createRuntime", "createContainer" };
	AUTO_FREE char *log = xasprintf("%s/stopped", test_dir);
	AUTO_FREE char *note = xasprintf("cat >%s", log);

	for (size_t i = 0; i < 4; i++) {
		AUTO_JSON json_t *config = spec(), *state = NULL;
		AUTO_FREE char *text = NULL;

		unlink(log);
		if (i < 3)
			add(config, kinds[i], "exit 1", "");
		else
			set(config, "process.args", "['/no/such/program']");
		add(config, "poststop", note, "");
		EQ_INT(runc("create", "-b", bundle(config), new_id(), NULL).status, 1);
		text = read_file(log);
		state = json_loads(text, 0, NULL);
		EQ_STR(jsonx_str(state, "status", ""), "stopped");
		EQ_STR(jsonx_str(state, "id", ""), id);
		CU_ASSERT(state && !json_object_get(state, "pid"));
		NOTHING_LEFT();
	}
	/* But not for an id that is somebody else's. */
	json_t *config = spec();

	set(config, "process.args", "['sleep', '60']");
	if (!start(config))
		return;
	unlink(log);
	AUTO_JSON json_t *second = spec();

	add(second, "poststop", note, "");
	EQ_INT(runc("create", "-b", bundle(second), id, NULL).status, 1);
	CU_ASSERT(access(log, F_OK));
	EQ_STR(status_of(), "running");
	stop();
}

/* `start` tells of a hook's failure, in its words; the container is destroyed and its
 * program never runs. */
static void failing_at_start(void)
{
	static const char *const kinds[] = { "startContainer", "poststart" };

	for (size_t i = 0; i < 2; i++) {
		AUTO_FREE char *log = xasprintf("%s/stopped", test_dir), *ran = xasprintf("%s/ran", test_dir);
		AUTO_FREE char *note = xasprintf("echo x >%s", log);
		AUTO_FREE char *words = xasprintf("error running %s hook #0: /bin/sh: exit status 4, "
						  "stdout: out\\n, stderr: no\\n", kinds[i]);
		AUTO_JSON json_t *config = spec();

		unlink(log);
		add(config, kinds[i], "echo out; echo no >&2; exit 4", "");
		add(config, "poststop", note, "");
		append(config, "mounts", "{'destination': '/tmp', 'type': 'bind', 'source': '%s', "
		       "'options': ['bind']}", test_dir);
		script(config, i ? "sleep 60" : "echo x >/tmp/ran");
		EQ_INT(runc("create", "-b", bundle(config), new_id(), NULL).status, 0);
		FAILS(runc("start", id, NULL), 1, i ? words : "error running startContainer hook #0: "
		      "/bin/sh: exit status 4, stdout: out");
		FAILS(runc("state", id, NULL), 1, "does not exist");
		CU_ASSERT(!access(log, F_OK) && access(ran, F_OK));
		NOTHING_LEFT();
	}
}

static void killed(void)
{
	json_t *config = spec();

	add(config, "prestart", "kill -9 $$", "");
	FAILS(run(config), 1, "error running prestart hook #0: /bin/sh: signal: killed, stdout: , stderr: ");
	NOTHING_LEFT();
}

CU_TestInfo hook_rules_tests[] = {
	{ "directory and environment", where_and_with_what },
	{ "poststop after a failed creation", poststop_after_a_failure },
	{ "hooks that fail at start", failing_at_start },
	{ "a hook that is killed", killed },
	CU_TEST_INFO_NULL,
};
