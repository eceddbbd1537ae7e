/*
 * hook_test.c - the six kinds of hooks: when, where, with what, and what their
 * failure does ("POSIX-platform Hooks" in config.md, "Lifecycle" in runtime.md).
 */
#include "suite.h"

static const char *const kinds[] = { "prestart", "createRuntime", "createContainer",
				     "startContainer", "poststart", "poststop" };

/* A hook that appends its kind and what it reads on stdin to a file. */
static void add_hook(json_t *config, const char *kind, const char *log)
{
	AUTO_FREE char *path = xasprintf("hooks.%s", kind);

	if (!json_object_get(config, "hooks"))
		set(config, "hooks", "{}");
	append(config, path, "{'path': '/bin/sh', 'args': ['sh', '-c', 'echo %s $(cat) $A $PWD >>%s'], "
	       "'env': ['A=%s', 'PATH=/bin:/usr/bin']}", kind, log, kind);
}

static json_t *state_in(char *log, const char *kind)
{
	AUTO_FREE char *word = xasprintf("%s {", kind);
	char *at = strstr(log, word);

	return at ? json_loads(strchr(at, '{'), JSON_DISABLE_EOF_CHECK, NULL) : NULL;
}

static void in_order_with_state(void)
{
	AUTO_FREE char *log = xasprintf("%s/volume2/log", test_dir), *dir = xasprintf("%s/volume2", test_dir);
	AUTO_FREE char *mkdir_ = xasprintf("mkdir -p %s", dir), *text = NULL;
	AUTO_JSON json_t *config = spec();
	static const char *const statuses[] = { "creating", "creating", "creating", "created", "running",
						"stopped" };
	char *at;

	system(mkdir_);
	/* The same path inside, for the hook that runs inside. */
	append(config, "mounts", "{'destination': '/tmp', 'type': 'tmpfs'}");
	append(config, "mounts", "{'destination': '/tmp/%s', 'source': '%s', 'options': ['bind']}",
	       strrchr(test_dir, '/') + 1, test_dir);
	append(config, "mounts", "{'destination': '%s', 'source': '%s', 'options': ['bind']}", dir, dir);
	for (size_t i = 0; i < 6; i++)
		add_hook(config, kinds[i], log);
	set(config, "annotations", "{'for': 'hooks'}");
	AUTO_FREE char *what = xasprintf("echo program >>%s", log);

	script(config, what);
	EQ_INT(runc("create", "-b", bundle(config), new_id(), NULL).status, 0);
	text = read_file(log);
	CU_ASSERT(strstr(text, "createContainer {") && !strstr(text, "startContainer {"));
	EQ_INT(runc("start", id, NULL).status, 0);
	CU_ASSERT(wait_status("stopped"));
	EQ_INT(runc("delete", id, NULL).status, 0);
	free(text);
	text = at = read_file(log);
	for (size_t i = 0; i < 6; i++) {
		AUTO_FREE char *word = xasprintf("%s {", kinds[i]), *env = xasprintf("} %s ", kinds[i]);
		AUTO_JSON json_t *state = state_in(text, kinds[i]);
		char *next = strstr(at, word);

		/* poststart and the program race; the others have an order. */
		if (i != 4) {
			if (!next)
				fprintf(stderr, "\n%s is out of order or missing in:\n%s", kinds[i], text);
			CU_ASSERT_FATAL(next != NULL);
			at = next;
		}
		HAS(text, env);
		CU_ASSERT_FATAL(state != NULL);
		EQ_STR(jsonx_str(state, "id", ""), id);
		EQ_STR(jsonx_str(state, "status", ""), statuses[i]);
		EQ_STR(jsonx_str(json_object_get(state, "annotations"), "for", ""), "hooks");
		CU_ASSERT(i == 5 || jsonx_int(state, "pid", 0) > 0);
	}
	CU_ASSERT(strstr(text, "startContainer {") < strstr(text, "\nprogram"));
	NOTHING_LEFT();
}

/* createRuntime sees the host, startContainer the container. */
static void where_they_run(void)
{
	AUTO_FREE char *out = xasprintf("%s/where", test_dir), *text = NULL;
	json_t *config = spec();

	append(config, "mounts", "{'destination': '/tmp', 'type': 'tmpfs'}");
	set(config, "hooks", "{'createRuntime': [{'path': '/bin/sh', 'args': ['sh', '-c', 'hostname >%s; "
	    "ls -d %s >>%s']}], 'createContainer': [{'path': '/bin/sh', 'args': ['sh', '-c', "
	    "'ls -d %s >>%s; readlink /proc/self/ns/uts >>%s']}], 'startContainer': [{'path': '/bin/sh', "
	    "'args': ['sh', '-c', 'hostname >/tmp/inside']}]}", out, test_dir, out, test_dir, out, out);
	script(config, "cat /tmp/inside; readlink /proc/self/ns/uts");
	struct result r = run(config);
	char host[64], want[256];

	gethostname(host, sizeof host);
	text = read_file(out);
	snprintf(want, sizeof want, "%s\n%s\n%s\n%s", host, test_dir, test_dir, strchr(r.out, '\n') + 1);
	EQ_STR(text, want);
	HAS(r.out, "runc\n");
}

/* Until poststart a failing hook undoes the container and names itself. */
static void failing(void)
{
	for (size_t i = 0; i < 6; i++) {
		AUTO_FREE char *words = xasprintf("%s hook #1: /bin/sh: exit status 3, stdout: , stderr: oh no",
						  kinds[i]);
		AUTO_FREE char *after = xasprintf("%s/after", test_dir);
		AUTO_JSON json_t *config = spec();
		AUTO_FREE char *path = xasprintf("hooks.%s", kinds[i]);
		struct result r;

		unlink(after);
		set(config, "hooks", "{}");
		append(config, path, "{'path': '/bin/true'}");
		append(config, path, "{'path': '/bin/sh', 'args': ['sh', '-c', 'echo oh no >&2; exit 3']}");
		append(config, path, "{'path': '/bin/sh', 'args': ['sh', '-c', 'echo x >%s']}", after);
		set(config, "process.args", "['sleep', '1']");
		r = runc("run", "-b", bundle(config), new_id(), NULL);
		HAS(r.err, words);
		if (i == 5) {
			/* poststop: a warning, and the list goes on. */
			EQ_INT(r.status, 0);
			CU_ASSERT(!access(after, F_OK));
		} else {
			EQ_INT(r.status, 1);
			CU_ASSERT(access(after, F_OK));
		}
		NOTHING_LEFT();
	}
}

static void timeouts(void)
{
	json_t *config = spec();

	set(config, "hooks", "{'createRuntime': [{'path': '/bin/sleep', 'args': ['sleep', '100'], "
	    "'timeout': 1}]}");
	FAILS(run(config), 1, "hook ran past specified timeout of 1.0s");
	/* More than poll(2) could wait. */
	config = spec();
	set(config, "process.args", "['true']");
	set(config, "hooks", "{'createRuntime': [{'path': '/bin/sleep', 'args': ['sleep', '0.1'], "
	    "'timeout': 2147483647}]}");
	PRINTS(run(config), "");
	config = spec();
	set(config, "hooks", "{'prestart': [{'path': '/no/such/hook'}]}");
	FAILS(run(config), 1, "prestart hook #0: fork/exec /no/such/hook: no such file or directory");
	NOTHING_LEFT();
}

CU_TestInfo hook_tests[] = {
	{ "in order, with the state on stdin", in_order_with_state },
	{ "in the right namespaces", where_they_run },
	{ "failing", failing },
	{ "late or missing", timeouts },
	CU_TEST_INFO_NULL,
};
