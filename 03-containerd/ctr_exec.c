/*
 * ctr_exec.c - tasks exec: one more process in a container (ctr.h).
 */
#include "ctr.h"

#include <stdlib.h>

struct exec_options {
	const char *id, *exec_id, *cwd, *user;
	bool terminal, detach;
	char **argv;
	int argc;
};

static int parse_exec(struct exec_options *o, int argc, char **argv)
{
	static const struct option options[] = { { "exec-id", required_argument, NULL, 'e' },
						 { "cwd", required_argument, NULL, 'c' },
						 { "user", required_argument, NULL, 'u' },
						 { "tty", no_argument, NULL, 't' },
						 { "detach", no_argument, NULL, 'd' },
						 { 0 } };
	int ch;

	while ((ch = getopt_long(argc, argv, "+td", options, NULL)) != -1) {
		switch (ch) {
		case 'e': o->exec_id = optarg; break;
		case 'c': o->cwd = optarg; break;
		case 'u': o->user = optarg; break;
		case 't': o->terminal = true; break;
		case 'd': o->detach = true; break;
		default: return -1;
		}
	}
	if (!o->exec_id || argc - optind < 2)
		return -1;
	o->id = argv[optind];
	o->argv = argv + optind + 1;
	o->argc = argc - optind - 1;
	return 0;
}

static json_t *exec_request(const struct exec_options *o)
{
	json_t *args = json_array(), *process, *size = o->terminal ? ctr_console_size() : NULL;

	for (int i = 0; i < o->argc; i++)
		json_array_append_new(args, json_string(o->argv[i]));
	process = json_pack("{s:o, s:s*}", "args", args, "cwd", o->cwd);
	return json_pack("{s:s, s:o, s:b, s:b, s:b, s:s*, s:o?}", "execID", o->exec_id, "process",
			 process, "terminal", o->terminal, "stdin", !o->detach, "attach", !o->detach,
			 "user", o->user, "consoleSize", size);
}

/* Attach, start, see through: the exit status, or -1. */
static int run_exec(struct ctr *c, const struct exec_options *o, const json_t *made,
		    const char *path, struct err *err)
{
	struct ctr_session session = { .c = c, .id = o->id, .exec_id = o->exec_id,
				       .terminal = o->terminal, .has_stdin = true, .fd = -1 };
	AUTO_JSON json_t *started = NULL;

	if (!o->detach && ctr_session_open(&session, jsonx_str(made, "attach", ""), err))
		return -1;
	started = ctr_call(c, "POST", NULL, err, "%s/start", path);
	if (!started) {
		ctr_session_close(&session);
		return -1;
	}
	if (o->detach)
		return 0;
	ctr_session_run(&session);
	ctr_session_close(&session);
	return ctr_wait(c, o->id, o->exec_id, err);
}

int ctr_tasks_exec(struct ctr *c, int argc, char **argv)
{
	struct exec_options o = { 0 };
	AUTO_FREE char *id = NULL, *exec = NULL, *path = NULL;
	AUTO_JSON json_t *body = NULL, *made = NULL;
	struct err err, ignored;
	int status;

	if (parse_exec(&o, argc, argv))
		return ctr_misuse(c, "expected --exec-id, a task and a command");
	id = ctrd_escape(o.id);
	exec = ctrd_escape(o.exec_id);
	path = xasprintf("/v1/tasks/%s/execs/%s", id, exec);
	body = exec_request(&o);
	made = ctr_call(c, "POST", body, &err, "/v1/tasks/%s/execs", id);
	if (!made)
		return ctr_fail(&err);
	status = run_exec(c, &o, made, path, &err);
	if (!o.detach || status < 0)
		json_decref(ctr_call(c, "DELETE", NULL, &ignored, "%s", path));
	return status < 0 ? ctr_fail(&err) : status;
}
