/*
 * hook_failure_test.c - hooks as config.json has them ("POSIX-platform Hooks" in
 * config.md), and what follows when one fails ("Lifecycle" in runtime.md).
 */
#include "hook.h"

#include <time.h>

PROVES(arguments_and_environment_of_hooks,
	{ "config.md#posix-platform-hooks", MUST, "`args` are the hook's arguments, the first included, as execv takes them." },
	{ "config.md#posix-platform-hooks", MUST, "`env` is its environment, and all of it." });
static void arguments_and_environment_of_hooks(void)
{
	json_t *config = logging("true");
	AUTO_FREE char *at = xasprintf("%s/log/log", test_dir);

	setenv("NOT_FOR_HOOKS", "1", 1);
	set(config, "hooks.createRuntime", "[{'path': '/bin/sh', 'args': ['sh', '-c', "
	    "'{ head -c 2 /proc/$$/cmdline; echo; for a; do echo [$a]; done; /usr/bin/env; } >%s', "
	    "'zero', 'a b', ''], 'env': ['A=1', 'B= x ', 'PATH=/bin:/usr/bin']}]", at);
	if (!created(config))
		return;
	unsetenv("NOT_FOR_HOOKS");
	stop();
	AUTO_FREE char *log = the_log();

	CU_ASSERT(str_starts(log, "sh\n[a b]\n[]\n"));
	HAS(log, "A=1\n");
	HAS(log, "B= x \n");
	CU_ASSERT(!strstr(log, "NOT_FOR_HOOKS"));
}

PROVES(hook_paths_are_absolute,
	{ "config.md#posix-platform-hooks", MUST, "`path` is required." },
	{ "config.md#posix-platform-hooks", MUST, "It is absolute; a relative one is an error." });
static void hook_paths_are_absolute(void)
{
	for (size_t i = 0; i < HOOK_KINDS; i++) {
		AUTO_FREE char *path = xasprintf("hooks.%s", hook_kinds[i]);
		json_t *config = sleeper();

		set(config, path, "[{'path': 'bin/true'}]");
		REFUSED(config);
		config = sleeper();
		set(config, path, "[{'args': ['true']}]");
		REFUSED(config);
	}
}

PROVES(hook_timeouts_are_positive,
	{ "config.md#posix-platform-hooks", MUST, "`timeout` is greater than zero; anything else is an error." });
static void hook_timeouts_are_positive(void)
{
	static const char *const wrong[] = { "0", "-1", "'1'" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *config = sleeper();

		set(config, "hooks.createRuntime", "[{'path': '/bin/true', 'timeout': %s}]", wrong[i]);
		REFUSED(config);
	}
}

PROVES(hook_timeout,
	{ "config.md#posix-platform-hooks", MUST, "A hook that has not ended after `timeout` seconds is aborted." });
static void hook_timeout(void)
{
	json_t *config = logging("true");
	time_t before = time(NULL);

	set(config, "hooks.createRuntime", "[{'path': '/bin/sleep', 'args': ['sleep', '4747'], 'timeout': 1}]");
	REFUSED(config);
	CU_ASSERT(time(NULL) - before < 10);
	EQ_INT(system("ps -e -o args | grep -q '^sleep 4747'") == 0, 0);
}

/* A failing hook of the kind: `create` fails and leaves nothing. */
static void fails_create(const char *kind)
{
	json_t *config = logging("echo program >>$LOG");

	add_hook(config, kind, "echo failing >>$LOG; exit 3");
	add_hook(config, kind, "echo never >>$LOG");
	REFUSED(config);
	LOG_IS("failing\n");
}

PROVES(failing_prestart,
	{ "runtime.md#lifecycle", MUST, "When a `prestart` hook fails, so does `create`, and the container is destroyed." });
static void failing_prestart(void)
{
	fails_create("prestart");
}

PROVES(failing_create_runtime,
	{ "runtime.md#lifecycle", MUST, "When a `createRuntime` hook fails, so does `create`, and the container is destroyed." });
static void failing_create_runtime(void)
{
	fails_create("createRuntime");
}

PROVES(failing_create_container,
	{ "runtime.md#lifecycle", MUST, "When a `createContainer` hook fails, so does `create`, and the container is destroyed." });
static void failing_create_container(void)
{
	fails_create("createContainer");
}

PROVES(failing_start_container,
	{ "runtime.md#lifecycle", MUST, "When a `startContainer` hook fails, so does `start`, the program is not run, and the container is stopped." });
static void failing_start_container(void)
{
	json_t *config = logging("echo program >>$LOG; exec sleep 1000");

	add_hook(config, "startContainer", "echo failing >>$LOG; exit 3");
	if (!created(config))
		return;
	CU_ASSERT(runc("start", id, NULL).status != 0);
	if (*status_of())
		CU_ASSERT(wait_status("stopped"));
	LOG_IS("failing\n");
	runc("delete", "--force", id, NULL);
}

PROVES(failing_poststart,
	{ "runtime.md#lifecycle", MUST, "When a `poststart` hook fails, so does `start`, and the container is stopped (from version 1.3 on; before, a warning was asked for)." });
static void failing_poststart(void)
{
	json_t *config = logging("exec sleep 1000");

	add_hook(config, "poststart", "exit 3");
	if (!created(config))
		return;
	CU_ASSERT(runc("start", id, NULL).status != 0);
	if (*status_of())
		CU_ASSERT(wait_status("stopped"));
	runc("delete", "--force", id, NULL);
}

PROVES(failing_poststop,
	{ "runtime.md#lifecycle", MUST, "When a `poststop` hook fails, the others are called all the same, and `delete` goes on." },
	{ "runtime.md#warnings", MUST, "A warning does not change what the operation does." });
static void failing_poststop(void)
{
	json_t *config = logging("true");

	add_hook(config, "poststop", "echo failing >>$LOG; exit 3");
	add_hook(config, "poststop", "echo second >>$LOG");
	if (!start(config))
		return;
	CU_ASSERT(wait_status("stopped"));
	EQ_INT(runc("delete", id, NULL).status, 0);
	EQ_STR(status_of(), "");
	LOG_IS("failing\nsecond\n");
}

PROVES(poststop_after_a_failed_hook,
	{ "runtime.md#lifecycle", MUST, "After the failure of a hook of `create` the container is destroyed, and then the `poststop` hooks are called." });
static void poststop_after_a_failed_hook(void)
{
	json_t *config = logging("true");

	add_hook(config, "createRuntime", "echo failing >>$LOG; exit 3");
	add_hook(config, "poststop", "echo poststop >>$LOG");
	REFUSED(config);
	LOG_IS("failing\npoststop\n");
}

const struct test hook_failure_rules[] = {
	TEST(arguments_and_environment_of_hooks),
	TEST(hook_paths_are_absolute, RUNC_DIFFERS = "a relative path, or none, is accepted for some kinds",
	     CRUN_DIFFERS = "a relative path is accepted for the kinds that are called later"),
	TEST(hook_timeouts_are_positive, CRUN_DIFFERS = "it is not looked at"),
	TEST(hook_timeout),
	TEST(failing_prestart),
	TEST(failing_create_runtime),
	TEST(failing_create_container),
	TEST(failing_start_container, RUNC_DIFFERS = "`start` ends without an error",
	     CRUN_DIFFERS = "`start` ends without an error"),
	TEST(failing_poststart, RUNC_DIFFERS = "`create` calls it, and fails",
	     CRUN_DIFFERS = "the container goes on"),
	TEST(failing_poststop, RUNC_DIFFERS = "the hooks after the one that failed are not called"),
	TEST(poststop_after_a_failed_hook, CRUN_DIFFERS = "they are not called"),
	{ NULL },
};
