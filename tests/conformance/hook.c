/*
 * hook.c - see hook.h.
 */
#include "hook.h"

const char *const hook_kinds[HOOK_KINDS] = { "prestart", "createRuntime", "createContainer",
				     "startContainer", "poststart", "poststop" };

static bool inside(const char *kind)
{
	return !strcmp(kind, "startContainer");
}

json_t *logging(const char *program)
{
	AUTO_FREE char *dir = xasprintf("%s/log", test_dir);
	AUTO_FREE char *text = xasprintf("LOG=/tmp/log/log; %s", program);
	json_t *config = shell(text);

	CU_ASSERT(make_dir(dir));
	write_file(dir, "log", "");
	append(config, "mounts", "{'destination': '/tmp/log', 'source': '%s', 'options': ['bind']}", dir);
	return config;
}

void add_hook(json_t *config, const char *kind, const char *text)
{
	AUTO_FREE char *path = xasprintf("hooks.%s", kind), *log = xasprintf("LOG=%s/log/log", test_dir);
	json_t *hook = json_pack("{s:s, s:[s, s, s], s:[s, s]}", "path", "/bin/sh", "args", "sh", "-c",
				 text, "env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
				 inside(kind) ? "LOG=/tmp/log/log" : log);

	if (!jsonx_at(config, path))
		set(config, path, "[]");
	json_array_append_new(jsonx_at(config, path), hook);
}

char *the_log(void)
{
	AUTO_FREE char *path = xasprintf("%s/log/log", test_dir);

	return read_file(path);
}

void end_it(void)
{
	runc("kill", id, "KILL", NULL);
	CU_ASSERT(wait_status("stopped"));
	EQ_INT(runc("delete", id, NULL).status, 0);
}
