/*
 * shim_proc.c - the processes of a container that the shim answers for: its init, and
 * the execs. How one ends:
 *
 *     SIGCHLD ─▶ reaped ─▶ output drained, or SHIM_DRAIN_MS over ─▶ recorded ─▶ told
 *
 * The exit status is on disk (exit.json, synced) before the first reader hears of it. A full disk
 * cannot keep it from there: it is written over a file that has been as large since the shim began.
 * The drain has a bound because a grandchild may hold the pipe open for ever.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"

const char *shim_status_name(enum shim_status status)
{
	static const char *const names[] = { "new", "created", "running", "paused", "stopped" };

	return names[status];
}

char *shim_proc_file(const struct shim_proc *p, const char *name)
{
	return xasprintf("%s%s", p->prefix, name);
}

static void on_eof(void *owner);

struct shim_proc *shim_proc_new(struct shim *s, const char *exec_id)
{
	struct shim_proc *p = xcalloc(1, sizeof *p), **end = &s->procs;
	static const struct shim_watch none = { .fd = -1 };

	p->shim = s;
	p->exec_id = xstrdup(exec_id);
	p->prefix = exec_id ? xasprintf("exec-%s.", exec_id) : xstrdup("");
	p->io = (struct shim_io){ .shim = s, .child = { -1, -1, -1 }, .out = { none, none },
				  .in = none, .console_watch = none, .attach_watch = none,
				  .on_eof = on_eof, .owner = p };
	while (*end)
		end = &(*end)->next;
	*end = p;
	return p;
}

void shim_proc_free(struct shim_proc *p)
{
	struct shim_proc **link = &p->shim->procs;

	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	shim_timer_cancel(&p->shim->loop, &p->drain);
	shim_io_close(&p->io);
	free(p->exec_id);
	free(p->prefix);
	free(p);
}

struct shim_proc *shim_proc_find(struct shim *s, const char *exec_id)
{
	struct shim_proc *p = s->procs;

	if (!exec_id)
		return p;
	for (p = p->next; p; p = p->next)
		if (!strcmp(p->exec_id, exec_id))
			return p;
	return NULL;
}

json_t *shim_proc_json(const struct shim_proc *p)
{
	json_t *doc = json_pack("{s:s, s:i, s:b, s:b}", "status", shim_status_name(p->status), "pid",
				(int)p->pid, "terminal", p->io.terminal, "oomKilled", p->oom_killed);

	if (p->exec_id)
		json_object_set_new(doc, "execID", json_string(p->exec_id));
	if (p->status == SHIM_STOPPED) {
		json_object_set_new(doc, "exitStatus", json_integer(p->exit_status));
		json_object_set_new(doc, "exitedAt", json_string(p->exited_at));
		json_object_set_new(doc, "started", json_boolean(p->started));
	}
	return doc;
}

/* --- the end of a process -------------------------------------------------------------- */

#define RECORD "exit.reserve" /* until it is exit.json */
#define RECORD_SIZE 4096

int shim_record_reserve(struct err *err)
{
	char blanks[RECORD_SIZE];

	memset(blanks, ' ', sizeof blanks);
	return file_write_new(AT_FDCWD, RECORD, blanks, sizeof blanks, 0600, err);
}

static int write_record(const char *text, size_t n, struct err *err)
{
	AUTO_CLOSE int fd = open(RECORD, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || pwrite(fd, text, n, 0) != (ssize_t)n || ftruncate(fd, (off_t)n) ||
	    fsync(fd) || rename(RECORD, "exit.json"))
		return err_sys(err, "write " RECORD " and rename it");
	return 0;
}

static void record(struct shim_proc *p)
{
	AUTO_JSON json_t *doc = json_pack("{s:i, s:s, s:b, s:i, s:b}", "exitStatus",
					  p->exit_status, "exitedAt", p->exited_at, "oomKilled",
					  p->oom_killed, "pid", (int)p->pid, "started", p->started);
	AUTO_FREE char *text = jsonx_text(doc);
	struct err err;

	if (write_record(text, strlen(text), &err))
		log_error("record the exit status: %s", err.msg);
}

void shim_proc_finish(struct shim_proc *p)
{
	struct shim *s = p->shim;

	if (p->status == SHIM_STOPPED)
		return;
	shim_timer_cancel(&s->loop, &p->drain);
	p->status = SHIM_STOPPED;
	if (!p->exec_id) {
		shim_oom_ended(s);
		record(p);
	}
	shim_event(s, "exit", p);
	shim_io_finish(&p->io);
	if (!p->exec_id && s->deleting)
		shim_task_deleted(s, s->delete_conn);
}

static void drain_over(void *owner)
{
	shim_proc_finish(owner);
}

/* It was reaped, and nothing that started it is under way. */
static void settle(struct shim_proc *p)
{
	if (shim_io_eof(&p->io) || p->io.hold || !p->io.running)
		shim_proc_finish(p);
	else
		shim_timer_set(&p->shim->loop, &p->drain, SHIM_DRAIN_MS, drain_over, p);
}

static void on_eof(void *owner)
{
	struct shim_proc *p = owner;

	if (p->exited && !p->starting)
		shim_proc_finish(p);
}

static void ended(struct shim_proc *p, int status)
{
	p->exited = true;
	p->exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	time_now_text(p->exited_at);
	if (!p->starting)
		settle(p);
}

/* --- who is who -------------------------------------------------------------------------- */

int shim_proc_read_pid(struct shim_proc *p, const char *name, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	char *end;
	long pid;

	if (file_read(AT_FDCWD, name, &text, 64, err))
		return err_wrap(err, "the OCI runtime's pid file");
	pid = strtol(text.data, &end, 10);
	if (end == text.data || pid <= 0)
		return err_set(err, ERR_SYSTEM, "the OCI runtime's pid file holds '%s'", text.data);
	p->pid = (pid_t)pid;
	return 0;
}

static void forget_exits(struct shim *s)
{
	while (s->exits) {
		struct shim_exit *e = s->exits;

		s->exits = e->next;
		free(e);
	}
}

static bool any_starting(const struct shim *s)
{
	for (const struct shim_proc *p = s->procs; p; p = p->next)
		if (p->starting)
			return true;
	return false;
}

void shim_proc_started(struct shim_proc *p)
{
	struct shim *s = p->shim;

	p->starting = false;
	for (struct shim_exit *e = s->exits; e && !p->exited; e = e->next)
		if (p->pid > 0 && e->pid == p->pid)
			ended(p, e->status);
	/* A runtime that reaped the process itself took its exit status along. */
	if (p->pid > 0 && !p->exited && kill(p->pid, 0) && errno == ESRCH)
		ended(p, 255 << 8);
	if (p->exited && p->status != SHIM_STOPPED)
		settle(p);
	if (!any_starting(s))
		forget_exits(s);
}

/* A process that the runtime has just started may end before the runtime has said
 * which pid it has, so while one is being started every unknown exit is kept. */
static void remember_exit(struct shim *s, pid_t pid, int status)
{
	struct shim_exit *e;

	if (!any_starting(s))
		return; /* some grandchild, handed to the subreaper */
	e = xmalloc(sizeof *e);
	*e = (struct shim_exit){ s->exits, pid, status };
	s->exits = e;
}

static struct shim_proc *proc_of(struct shim *s, pid_t pid)
{
	for (struct shim_proc *p = s->procs; p; p = p->next)
		if (p->pid == pid && !p->exited)
			return p;
	return NULL;
}

void shim_reap(struct shim *s)
{
	struct shim_proc *p;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (shim_job_reaped(s, pid, status))
			continue;
		p = proc_of(s, pid);
		if (p)
			ended(p, status);
		else
			remember_exit(s, pid, status);
	}
}
