/*
 * ctr_tasks.c - tasks ls, start, attach, exec, kill, rm, pause, resume, ps, metrics (ctr.h).
 */
#include "ctr.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- create, start, see through --------------------------------------------------------------- */

static json_t *create_task(struct ctr *c, const struct ctr_task_start *s, struct err *err)
{
	bool input = !s->detach && !s->null_io;
	json_t *size = s->terminal ? ctr_console_size() : NULL;
	AUTO_JSON json_t *body = json_pack("{s:s, s:b, s:b, s:b, s:o?}", "containerID", s->id,
					   "terminal", s->terminal, "stdin", input, "stdinOnce", input,
					   "consoleSize", size);

	if (s->log)
		json_object_set_new(body, "log", json_pack("{s:s, s:s}", "driver", "json-file", "path",
							   s->log));
	if (s->checkpoint)
		json_object_set_new(body, "checkpoint", json_pack("{s:s}", "path", s->checkpoint));
	return ctr_call(c, "POST", body, err, "/v1/tasks");
}

static int attach_and_start(struct ctr *c, const char *id, const json_t *task,
			    struct ctr_session *session, bool attach, struct err *err)
{
	AUTO_JSON json_t *started = NULL;

	if (attach && ctr_session_open(session, jsonx_str(task, "attach", ""), err))
		return -1;
	started = ctr_call(c, "POST", NULL, err, "/v1/tasks/%s/start", id);
	return started ? 0 : -1;
}

static void drop_task(struct ctr *c, const char *id)
{
	struct err ignored;

	json_decref(ctr_call(c, "DELETE", NULL, &ignored, "/v1/tasks/%s", id));
}

int ctr_task_run(struct ctr *c, const struct ctr_task_start *s, struct err *err)
{
	AUTO_FREE char *id = ctrd_escape(s->id);
	AUTO_JSON json_t *task = create_task(c, s, err), *gone = NULL;
	struct ctr_session session = { .c = c, .id = s->id, .terminal = s->terminal,
				       .has_stdin = true, .fd = -1 };
	bool attach = !s->detach && !s->null_io;
	int status;

	if (!task)
		return -1;
	if (attach_and_start(c, id, task, &session, attach, err)) {
		ctr_session_close(&session);
		drop_task(c, id);
		return -1;
	}
	if (s->detach)
		return 0;
	if (attach)
		ctr_session_run(&session);
	ctr_session_close(&session);
	status = ctr_wait(c, s->id, NULL, err);
	if (status < 0)
		return -1;
	gone = ctr_call(c, "DELETE", NULL, err, "/v1/tasks/%s", id);
	return gone ? status : -1;
}

int ctr_tasks_start(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = { { "detach", no_argument, NULL, 'd' },
						 { "tty", no_argument, NULL, 't' },
						 { "null-io", no_argument, NULL, 'n' },
						 { "log-uri", required_argument, NULL, 'l' },
						 { 0 } };
	struct ctr_task_start s = { 0 };
	struct err err;
	int ch, status;

	while ((ch = getopt_long(argc, argv, "+dt", options, NULL)) != -1) {
		if (ch == '?' || (ch == 'l' && !str_starts(optarg, "file:///")))
			return ctr_misuse(c, "unknown option, or --log-uri without file:///PATH");
		s.detach |= ch == 'd';
		s.terminal |= ch == 't';
		s.null_io |= ch == 'n';
		if (ch == 'l')
			s.log = optarg + strlen("file://");
	}
	if (argc - optind != 1)
		return ctr_misuse(c, "expected one container");
	s.id = argv[optind];
	status = ctr_task_run(c, &s, &err);
	return status < 0 ? ctr_fail(&err) : status;
}

int ctr_tasks_attach(struct ctr *c, int argc, char **argv)
{
	struct ctr_session session = { .c = c, .has_stdin = true, .fd = -1 };
	AUTO_FREE char *id = NULL;
	AUTO_JSON json_t *task = NULL;
	struct err err;
	int status;

	if (argc != 2)
		return ctr_misuse(c, "expected one task");
	id = ctrd_escape(argv[1]);
	session.id = argv[1];
	task = ctr_call(c, "GET", NULL, &err, "/v1/tasks/%s", id);
	session.terminal = jsonx_bool(task, "terminal", false);
	if (!task || ctr_session_open(&session, jsonx_str(task, "attach", ""), &err))
		return ctr_fail(&err);
	ctr_session_run(&session);
	ctr_session_close(&session);
	status = ctr_wait(c, argv[1], NULL, &err);
	return status < 0 ? ctr_fail(&err) : status;
}

/* --- exec ------------------------------------------------------------------------------------------ */

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

/* --- the others -------------------------------------------------------------------------------------- */

int ctr_tasks_list(struct ctr *c, int argc, char **argv)
{
	bool quiet = argc == 2 && !strcmp(argv[1], "-q");
	struct ctr_table t = { .columns = 3 };
	struct err err;
	AUTO_JSON json_t *list = NULL;
	json_t *v;
	size_t i;

	if (argc > 1 + quiet)
		return ctr_misuse(c, "unexpected argument");
	list = ctr_call(c, "GET", NULL, &err, "/v1/tasks");
	if (!list)
		return ctr_fail(&err);
	ctr_table_row(&t, "TASK", "PID", "STATUS");
	json_array_foreach(list, i, v) {
		AUTO_FREE char *pid = xasprintf("%d", (int)jsonx_int(v, "pid", 0));
		AUTO_FREE char *status = xstrdup(jsonx_str(v, "status", ""));

		status[0] = (char)(status[0] - 'a' + 'A'); /* RUNNING, as the real one writes it */
		for (char *p = status + 1; *p; p++)
			*p = (char)(*p - 'a' + 'A');
		if (quiet)
			puts(jsonx_str(v, "containerID", ""));
		else
			ctr_table_row(&t, jsonx_str(v, "containerID", ""), pid, status);
	}
	if (quiet)
		strlist_free(&t.cells);
	else
		ctr_table_print(&t);
	return 0;
}

int ctr_tasks_kill(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = { { "signal", required_argument, NULL, 's' },
						 { "all", no_argument, NULL, 'a' },
						 { "exec-id", required_argument, NULL, 'e' },
						 { 0 } };
	AUTO_JSON json_t *body = json_object(), *done = NULL;
	AUTO_FREE char *id = NULL, *exec = NULL;
	struct err err;
	int ch;

	while ((ch = getopt_long(argc, argv, "+s:a", options, NULL)) != -1) {
		if (ch == 's')
			json_object_set_new(body, "signal", json_string(optarg));
		else if (ch == 'a')
			json_object_set_new(body, "all", json_true());
		else if (ch == 'e')
			exec = (free(exec), ctrd_escape(optarg));
		else
			return ctr_misuse(c, "unknown option");
	}
	if (argc - optind != 1)
		return ctr_misuse(c, "expected one task");
	id = ctrd_escape(argv[optind]);
	done = ctr_call(c, "POST", body, &err, "/v1/tasks/%s%s%s/kill", id, exec ? "/execs/" : "",
			exec ? exec : "");
	return done ? 0 : ctr_fail(&err);
}

static int remove_task(struct ctr *c, const char *name, struct err *err)
{
	AUTO_FREE char *id = ctrd_escape(name);
	AUTO_JSON json_t *gone = ctr_call(c, "DELETE", NULL, err, "/v1/tasks/%s", id);

	return gone ? 0 : -1;
}

static int remove_by_force(struct ctr *c, const char *name, struct err *err)
{
	AUTO_FREE char *id = ctrd_escape(name);
	AUTO_JSON json_t *body = json_pack("{s:i, s:b}", "signal", 9, "all", 1);

	json_decref(ctr_call(c, "POST", body, err, "/v1/tasks/%s/kill", id));
	if (ctr_wait(c, name, NULL, err) < 0)
		return -1;
	return remove_task(c, name, err);
}

int ctr_tasks_remove(struct ctr *c, int argc, char **argv)
{
	bool force = argc > 1 && (!strcmp(argv[1], "-f") || !strcmp(argv[1], "--force"));

	return ctr_each(c, argc - force, argv + force, force ? remove_by_force : remove_task);
}

static int pause_task(struct ctr *c, const char *name, struct err *err)
{
	AUTO_FREE char *id = ctrd_escape(name);
	AUTO_JSON json_t *done = ctr_call(c, "POST", NULL, err, "/v1/tasks/%s/pause", id);

	return done ? 0 : -1;
}

static int resume_task(struct ctr *c, const char *name, struct err *err)
{
	AUTO_FREE char *id = ctrd_escape(name);
	AUTO_JSON json_t *done = ctr_call(c, "POST", NULL, err, "/v1/tasks/%s/resume", id);

	return done ? 0 : -1;
}

int ctr_tasks_pause(struct ctr *c, int argc, char **argv)
{
	return ctr_each(c, argc, argv, pause_task);
}

int ctr_tasks_resume(struct ctr *c, int argc, char **argv)
{
	return ctr_each(c, argc, argv, resume_task);
}

int ctr_tasks_ps(struct ctr *c, int argc, char **argv)
{
	struct ctr_table t = { .columns = 2 };
	AUTO_FREE char *id = NULL;
	AUTO_JSON json_t *pids = NULL;
	struct err err;
	json_t *v;
	size_t i;

	if (argc != 2)
		return ctr_misuse(c, "expected one task");
	id = ctrd_escape(argv[1]);
	pids = ctr_call(c, "GET", NULL, &err, "/v1/tasks/%s/pids", id);
	if (!pids)
		return ctr_fail(&err);
	ctr_table_row(&t, "PID", "INFO");
	json_array_foreach(pids, i, v) {
		AUTO_FREE char *pid = xasprintf("%d", (int)jsonx_int(v, "pid", 0));

		ctr_table_row(&t, pid, jsonx_str(v, "execID", "-"));
	}
	ctr_table_print(&t);
	return 0;
}

int ctr_tasks_metrics(struct ctr *c, int argc, char **argv)
{
	struct ctr_table t = { .columns = 2 };
	AUTO_FREE char *id = NULL;
	AUTO_JSON json_t *metrics = NULL;
	struct err err;
	const char *key;
	json_t *v;

	if (argc != 2)
		return ctr_misuse(c, "expected one task");
	id = ctrd_escape(argv[1]);
	metrics = ctr_call(c, "GET", NULL, &err, "/v1/tasks/%s/metrics", id);
	if (!metrics)
		return ctr_fail(&err);
	ctr_table_row(&t, "METRIC", "VALUE");
	json_object_foreach(metrics, key, v) {
		AUTO_FREE char *value = xasprintf("%lld", (long long)json_integer_value(v));

		ctr_table_row(&t, key, value);
	}
	ctr_table_print(&t);
	return 0;
}
