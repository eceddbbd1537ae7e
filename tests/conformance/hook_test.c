/*
 * hook_test.c - "POSIX-platform Hooks" in config.md and the steps of "Lifecycle"
 * in runtime.md that are about them: when each kind is called, where, with what.
 */
#include "hook.h"

#include <sys/stat.h>

PROVES(hooks_of_create,
	{ "runtime.md#lifecycle", MUST, "`prestart` hooks are called by `create`." },
	{ "runtime.md#lifecycle", MUST, "`createRuntime` hooks are called by `create`." },
	{ "runtime.md#lifecycle", MUST, "`createContainer` hooks are called by `create`." },
	{ "config.md#posix-platform-hooks", MUST, "Hooks of one kind are called in the order in which they are listed." },
	{ "config.md#prestart", MUST, "`prestart` hooks come before the `createRuntime` hooks." },
	{ "config.md#createcontainer-hooks", MUST, "`createContainer` hooks come after the `createRuntime` hooks." });
static void hooks_of_create(void)
{
	json_t *config = logging("echo program >>$LOG");

	for (size_t i = 0; i < 3; i++)
		for (int n = 1; n < 3; n++) {
			AUTO_FREE char *text = xasprintf("echo %s %d >>$LOG", hook_kinds[2 - i], n);

			add_hook(config, hook_kinds[2 - i], text);
		}
	if (!created(config))
		return;
	LOG_IS("prestart 1\nprestart 2\ncreateRuntime 1\ncreateRuntime 2\n"
	       "createContainer 1\ncreateContainer 2\n");
	stop();
}

PROVES(hooks_of_start,
	{ "runtime.md#lifecycle", MUST, "`startContainer` hooks are called by `start`." },
	{ "config.md#startcontainer-hooks", MUST, "They come before the program, and after `start` was called." });
static void hooks_of_start(void)
{
	json_t *config = logging("echo program >>$LOG; exec sleep 1000");

	add_hook(config, "startContainer", "echo 1 >>$LOG");
	add_hook(config, "startContainer", "sleep 0.2; echo 2 >>$LOG");
	if (!created(config))
		return;
	LOG_IS("");
	EQ_INT(runc("start", id, NULL).status, 0);
	for (int i = 0; i < 100; i++, usleep(20000)) {
		AUTO_FREE char *log = the_log();

		if (strstr(log, "program"))
			break;
	}
	LOG_IS("1\n2\nprogram\n");
	end_it();
}

/* The command of the process that the state on stdin tells of. */
#define COMMAND_OF_PID "pid=$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/'); tr '\\0' ' ' </proc/$pid/cmdline >>$LOG"

PROVES(hooks_after_start,
	{ "runtime.md#lifecycle", MUST, "`poststart` hooks are called by the runtime." },
	{ "config.md#poststart", MUST, "They are called after the process runs the program." },
	{ "config.md#poststart", MUST, "They have ended when `start` returns." });
static void hooks_after_start(void)
{
	json_t *config = logging("");

	set(config, "process.args", "['sleep', '1000']");
	add_hook(config, "poststart", COMMAND_OF_PID "; sleep 0.2; echo first >>$LOG");
	add_hook(config, "poststart", "echo second >>$LOG");
	if (!created(config))
		return;
	LOG_IS("");
	EQ_INT(runc("start", id, NULL).status, 0);
	LOG_IS("sleep 1000 first\nsecond\n");
	end_it();
}

PROVES(hooks_after_delete,
	{ "runtime.md#lifecycle", MUST, "`poststop` hooks are called by the runtime." },
	{ "config.md#poststop", MUST, "They are called after the container is deleted: its process is gone, and its cgroup." },
	{ "config.md#poststop", MUST, "They have ended when `delete` returns." });
static void hooks_after_delete(void)
{
	json_t *config = logging("exec sleep 1000");

	add_hook(config, "poststop", "id=$(sed 's/.*\"id\": *\"\\([^\"]*\\)\".*/\\1/'); test -n \"$id\" && "
		 "find /sys/fs/cgroup -type d | grep -c \"$id\" >>$LOG; true");
	add_hook(config, "poststop", "sleep 0.2; echo deleted >>$LOG");
	if (!start(config))
		return;
	LOG_IS("");
	runc("kill", id, "KILL", NULL);
	CU_ASSERT(wait_status("stopped"));
	LOG_IS("");
	EQ_INT(runc("delete", id, NULL).status, 0);
	LOG_IS("0\ndeleted\n");
}

static json_t *state_of_hook(const char *log, const char *kind)
{
	AUTO_FREE char *word = xasprintf("%s {", kind);
	const char *at = strstr(log, word);

	return at ? json_loads(strchr(at, '{'), JSON_DISABLE_EOF_CHECK, NULL) : NULL;
}

PROVES(state_on_stdin,
	{ "config.md#posix-platform-hooks", MUST, "Each hook reads the container's state on its standard input." },
	{ "runtime.md#state", MUST, "`status` is `creating` while the container is being created." },
	{ "runtime.md#state", MUST, "A hook that runs where the runtime does reads the process's pid as it is there." },
	{ "runtime.md#state", MUST, "A hook that runs in the container reads it as it is in there." });
static void state_on_stdin(void)
{
	static const char *const statuses[] = { "creating", "creating", "creating", "created", "running",
						"stopped" };
	json_t *config = logging("exec sleep 1000");
	AUTO_FREE char *log = NULL;
	pid_t pid;

	set(config, "annotations", "{'for': 'hooks'}");
	for (size_t i = 0; i < HOOK_KINDS; i++) {
		AUTO_FREE char *text = xasprintf("echo %s \"$(cat)\" >>$LOG", hook_kinds[i]);

		add_hook(config, hook_kinds[i], text);
	}
	if (!start(config))
		return;
	pid = pid_of();
	end_it();
	log = the_log();
	for (size_t i = 0; i < HOOK_KINDS; i++) {
		AUTO_JSON json_t *state = state_of_hook(log, hook_kinds[i]);

		if (!state)
			fprintf(stderr, "\n%s has no state in: %s\n", hook_kinds[i], log);
		CU_ASSERT(state != NULL);
		EQ_STR(jsonx_str(state, "id", ""), id);
		eq_str(jsonx_str(state, "status", ""), statuses[i], hook_kinds[i], __LINE__);
		EQ_STR(jsonx_str(json_object_get(state, "annotations"), "for", ""), "hooks");
		CU_ASSERT(str_starts(jsonx_str(state, "bundle", ""), test_dir));
		if (i < 5) /* the process is gone for the last */
			eq_int(jsonx_int(state, "pid", 0), i == 2 || i == 3 ? 1 : pid, hook_kinds[i], __LINE__);
	}
}

#define NAMESPACES "for n in mnt pid net uts ipc; do readlink /proc/self/ns/$n; done | tr '\\n' ' ' >>$LOG; echo >>$LOG"

static char *namespaces_of(const char *pid)
{
	static const char *const types[] = { "mnt", "pid", "net", "uts", "ipc" };
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		strbuf_addf(&sb, "%s ", ns_of(pid, types[i]));
	strbuf_adds(&sb, "\n");
	return strbuf_steal(&sb);
}

/* One hook of the kind, that says in which namespaces it is. */
static void runs_in(const char *kind, bool container)
{
	json_t *config = logging("exec sleep 1000");
	AUTO_FREE char *theirs = NULL, *ours = namespaces_of("self");
	char pid[16];

	add_hook(config, kind, NAMESPACES);
	if (!start(config))
		return;
	snprintf(pid, sizeof pid, "%d", (int)pid_of());
	theirs = namespaces_of(pid);
	end_it();
	LOG_IS(container ? theirs : ours);
}

PROVES(prestart_in_the_runtimes_namespaces,
	{ "config.md#prestart", MUST, "`prestart` hooks run in the namespaces of the runtime." });
static void prestart_in_the_runtimes_namespaces(void)
{
	runs_in("prestart", false);
}

PROVES(create_runtime_in_the_runtimes_namespaces,
	{ "config.md#createruntime-hooks", MUST, "`createRuntime` hooks run in the namespaces of the runtime." });
static void create_runtime_in_the_runtimes_namespaces(void)
{
	runs_in("createRuntime", false);
}

PROVES(create_container_in_the_container,
	{ "config.md#createcontainer-hooks", MUST, "`createContainer` hooks run in the namespaces of the container." });
static void create_container_in_the_container(void)
{
	runs_in("createContainer", true);
}

PROVES(start_container_in_the_container,
	{ "config.md#startcontainer-hooks", MUST, "`startContainer` hooks run in the namespaces of the container." });
static void start_container_in_the_container(void)
{
	runs_in("startContainer", true);
}

PROVES(poststart_in_the_runtimes_namespaces,
	{ "config.md#poststart", MUST, "`poststart` hooks run in the namespaces of the runtime." });
static void poststart_in_the_runtimes_namespaces(void)
{
	runs_in("poststart", false);
}

PROVES(poststop_in_the_runtimes_namespaces,
	{ "config.md#poststop", MUST, "`poststop` hooks run in the namespaces of the runtime." });
static void poststop_in_the_runtimes_namespaces(void)
{
	runs_in("poststop", false);
}

/* Does the hook find the container's namespaces made, its file systems mounted,
 * and the process's root still the host's? */
static void before_the_pivot(const char *kind, const char *pid)
{
	json_t *config = logging("true");
	AUTO_FREE char *text = xasprintf(
		"%s; test $(readlink /proc/$pid/ns/uts) = %s || echo new >>$LOG; "
		"grep -q '/dev/shm .* - tmpfs shm ' /proc/$pid/mountinfo && echo mounted >>$LOG; "
		"test -d /proc/$pid/root%s/rootfs && echo not entered >>$LOG", pid, ns_of("self", "uts"),
		test_dir);

	add_hook(config, kind, text);
	if (!created(config))
		return;
	stop();
	LOG_IS("new\nmounted\nnot entered\n");
}

#define PID_OF_STATE "pid=$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/')"

PROVES(prestart_before_the_pivot,
	{ "config.md#prestart", MUST, "They are called when the environment is made, before the root is changed to the container's." });
static void prestart_before_the_pivot(void)
{
	before_the_pivot("prestart", PID_OF_STATE);
}

PROVES(create_runtime_before_the_pivot,
	{ "config.md#createruntime-hooks", MUST, "They are called by `create` when the environment is made, before the root is changed." });
static void create_runtime_before_the_pivot(void)
{
	before_the_pivot("createRuntime", PID_OF_STATE);
}

PROVES(create_container_before_the_pivot,
	{ "config.md#createcontainer-hooks", MUST, "They are called by `create` when the environment is made, before the root is changed." });
static void create_container_before_the_pivot(void)
{
	before_the_pivot("createContainer", "pid=self");
}

/* The hook is a program that stands only on the host, or only in the container. */
static void finds_its_path(const char *kind, bool host)
{
	AUTO_FREE char *file = xasprintf("%s/hook-program", test_dir), *path = xasprintf("hooks.%s", kind);
	json_t *config = logging("exec sleep 1000");
	AUTO_FREE char *text = xasprintf("#!/bin/sh\necho host >>%s/log/log\n", test_dir);

	write_file(test_dir, "hook-program", text);
	chmod(file, 0755);
	set(config, path, "[{'path': '%s'}]", host ? file : "/hook-inside");
	if (!start(config))
		return;
	end_it();
	LOG_IS(host ? "host\n" : "inside\n");
}

PROVES(paths_of_the_runtimes_hooks,
	{ "config.md#prestart", MUST, "Their `path` is looked up where the runtime runs." },
	{ "config.md#createruntime-hooks", MUST, "Their `path` is looked up where the runtime runs." },
	{ "config.md#poststart", MUST, "Their `path` is looked up where the runtime runs." },
	{ "config.md#poststop", MUST, "Their `path` is looked up where the runtime runs." });
static void paths_of_the_runtimes_hooks(void)
{
	finds_its_path("prestart", true);
	finds_its_path("createRuntime", true);
	finds_its_path("poststart", true);
	finds_its_path("poststop", true);
}

PROVES(path_of_create_container_hooks,
	{ "config.md#createcontainer-hooks", MUST, "Their `path` is looked up where the runtime runs." });
static void path_of_create_container_hooks(void)
{
	finds_its_path("createContainer", true);
}

PROVES(path_of_start_container_hooks,
	{ "config.md#startcontainer-hooks", MUST, "Their `path` is looked up in the container." });
static void path_of_start_container_hooks(void)
{
	finds_its_path("startContainer", false);
}

const struct test hook_rules[] = {
	TEST(hooks_of_create),
	TEST(hooks_of_start),
	TEST(hooks_after_start, RUNC_DIFFERS = "they are called by `create`, before the program"),
	TEST(hooks_after_delete),
	TEST(state_on_stdin, RUNC_DIFFERS = "the status is `created` for a `poststart` hook",
	     CRUN_DIFFERS = "the status is `created` too early, or `starting`; inside the container the pid is 0"),
	TEST(prestart_in_the_runtimes_namespaces),
	TEST(create_runtime_in_the_runtimes_namespaces),
	TEST(create_container_in_the_container),
	TEST(start_container_in_the_container),
	TEST(poststart_in_the_runtimes_namespaces),
	TEST(poststop_in_the_runtimes_namespaces),
	TEST(prestart_before_the_pivot),
	TEST(create_runtime_before_the_pivot),
	TEST(create_container_before_the_pivot),
	TEST(paths_of_the_runtimes_hooks),
	TEST(path_of_create_container_hooks),
	TEST(path_of_start_container_hooks),
	{ NULL },
};
