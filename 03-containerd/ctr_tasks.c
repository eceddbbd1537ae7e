/*
 * ctr_tasks.c - tasks ls, start, attach, kill, wait, rm, pause, resume, checkpoint, ps, metrics (ctr.h).
 */
#include "ctr.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"

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

static int write_pid(const char *file, const json_t *task, struct err *err)
{
	AUTO_FREE char *text = xasprintf("%d", (int)jsonx_int(task, "pid", 0));

	return file_write_volatile(AT_FDCWD, file, text, strlen(text), 0644, err);
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
	if ((s->pid_file && write_pid(s->pid_file, task, err)) ||
	    attach_and_start(c, id, task, &session, attach, err)) {
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
						 { "pid-file", required_argument, NULL, 'p' },
						 { "checkpoint", required_argument, NULL, 'c' },
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
		else if (ch == 'p')
			s.pid_file = optarg;
		else if (ch == 'c')
			s.checkpoint = optarg;
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

/* --- the others -------------------------------------------------------------------------------------- */

static void task_row(struct ctr *c, struct ctr_table *t, const json_t *v)
{
	AUTO_FREE char *pid = xasprintf("%d", (int)jsonx_int(v, "pid", 0));
	AUTO_FREE char *status = xstrdup(jsonx_str(v, "status", ""));

	(void)c;
	for (char *p = status; *p; p++)
		*p = (char)(*p - 'a' + 'A'); /* RUNNING, as the real one writes it */
	ctr_table_row(t, jsonx_str(v, "containerID", ""), pid, status);
}

int ctr_tasks_list(struct ctr *c, int argc, char **argv)
{
	static const struct ctr_listing l = { "/v1/tasks", "containerID", { "TASK", "PID", "STATUS" }, task_row };

	return ctr_list_show(c, argc, argv, &l);
}

/* None was named: the one that the image wants, if it says. */
static void add_stop_signal(struct ctr *c, json_t *body, const char *id)
{
	struct err ignored;
	AUTO_JSON json_t *doc = ctr_call(c, "GET", NULL, &ignored, "/v1/containers/%s", id);
	json_t *signal = json_object_get(json_object_get(doc, "labels"), CTR_STOP_SIGNAL);

	if (signal)
		json_object_set(body, "signal", signal);
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
	if (!json_object_get(body, "signal") && !exec)
		add_stop_signal(c, body, id);
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

/* An exec of the task; with force what runs is killed. */
static int remove_exec(struct ctr *c, const char *name, const char *exec_id, bool force,
		       struct err *err)
{
	AUTO_FREE char *id = ctrd_escape(name), *exec = ctrd_escape(exec_id);
	AUTO_JSON json_t *body = json_pack("{s:i}", "signal", 9), *gone = NULL;

	if (force) {
		json_decref(ctr_call(c, "POST", body, err, "/v1/tasks/%s/execs/%s/kill", id, exec));
		if (ctr_wait(c, name, exec_id, err) < 0)
			return -1;
	}
	gone = ctr_call(c, "DELETE", NULL, err, "/v1/tasks/%s/execs/%s", id, exec);
	return gone ? 0 : -1;
}

int ctr_tasks_remove(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = { { "force", no_argument, NULL, 'f' },
						 { "exec-id", required_argument, NULL, 'e' },
						 { 0 } };
	const char *exec = NULL;
	bool force = false;
	struct err err;
	int ch;

	while ((ch = getopt_long(argc, argv, "+f", options, NULL)) != -1) {
		if (ch == '?')
			return ctr_misuse(c, "unknown option");
		force |= ch == 'f';
		exec = ch == 'e' ? optarg : exec;
	}
	if (!exec)
		return ctr_each(c, argc - optind + 1, argv + optind - 1,
				force ? remove_by_force : remove_task);
	if (argc - optind != 1)
		return ctr_misuse(c, "expected one task");
	return remove_exec(c, argv[optind], exec, force, &err) ? ctr_fail(&err) : 0;
}

/* Until it has ended: its status is ours. */
int ctr_tasks_wait(struct ctr *c, int argc, char **argv)
{
	struct err err;
	int status;

	if (argc != 2)
		return ctr_misuse(c, "expected one task");
	status = ctr_wait(c, argv[1], NULL, &err);
	return status < 0 ? ctr_fail(&err) : status;
}

int ctr_tasks_checkpoint(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = { { "exit", no_argument, NULL, 'x' },
						 { "image-path", required_argument, NULL, 'i' },
						 { "work-path", required_argument, NULL, 'w' },
						 { 0 } };
	AUTO_JSON json_t *body = json_object(), *done = NULL;
	AUTO_FREE char *id = NULL;
	struct err err;
	int ch;

	while ((ch = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (ch == '?')
			return ctr_misuse(c, "unknown option");
		json_object_set_new(body, ch == 'x' ? "exit" : ch == 'i' ? "path" : "workPath",
				    ch == 'x' ? json_true() : json_string(optarg));
	}
	if (argc - optind != 1 || !json_object_get(body, "path"))
		return ctr_misuse(c, "expected --image-path and one task");
	id = ctrd_escape(argv[optind]);
	done = ctr_call(c, "POST", body, &err, "/v1/tasks/%s/checkpoint", id);
	return done ? 0 : ctr_fail(&err);
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

static int show_metrics(struct ctr *c, const char *id, struct err *err)
{
	AUTO_JSON json_t *metrics = ctr_call(c, "GET", NULL, err, "/v1/tasks/%s/metrics", id);
	struct ctr_table t = { .columns = 2 };
	const char *key;
	json_t *v;

	if (!metrics)
		return -1;
	ctr_table_row(&t, "METRIC", "VALUE");
	json_object_foreach(metrics, key, v) {
		AUTO_FREE char *value = xasprintf("%lld", (long long)json_integer_value(v));

		if (json_is_integer(v)) /* the lists are for --format json */
			ctr_table_row(&t, key, value);
	}
	ctr_table_print(&t);
	return 0;
}

/* All that there is, as containerd writes it: its numbers may be larger than ours. */
static int show_stats(struct ctr *c, const char *id, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/tasks/%s/stats", id);
	int rc;

	rc = ctrd_download(c->client, "GET", path, NULL, 1, err);
	if (!rc)
		puts("");
	return rc;
}

int ctr_tasks_metrics(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = { { "format", required_argument, NULL, 'f' }, { 0 } };
	AUTO_FREE char *id = NULL;
	const char *format = "table";
	struct err err;
	bool json;
	int ch;

	while ((ch = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (ch == '?')
			return ctr_misuse(c, "unknown option");
		format = optarg;
	}
	json = !strcmp(format, "json");
	if (argc - optind != 1 || (!json && strcmp(format, "table")))
		return ctr_misuse(c, "expected one task, and --format table or json");
	id = ctrd_escape(argv[optind]);
	return (json ? show_stats : show_metrics)(c, id, &err) ? ctr_fail(&err) : 0;
}
