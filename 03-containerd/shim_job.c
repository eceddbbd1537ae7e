/*
 * shim_job.c - commands of the OCI runtime under way.
 *
 * A command takes milliseconds, or for ever when something is wrong, and the loop
 * must go on meanwhile. So it is a child like any other, SIGCHLD says when it has
 * ended, and the connection that asked is answered then, if it is still there.
 */
#include "shim.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"

static void free_job(struct shim_job *job)
{
	if (job->errfd >= 0)
		close(job->errfd);
	free(job->log);
	free(job->trace);
	free(job);
}

/* Where the runtime's 0, 1 and 2 go: the process's own, which it passes on, or
 * nowhere, with its complaints kept for the error message. */
static int choose_stdio(struct shim_job *job, bool with_io, int stdio[3], struct err *err)
{
	struct shim_io *io = &job->proc->io;

	if (with_io && !io->terminal) {
		memcpy(stdio, io->child, sizeof io->child);
		return 0;
	}
	job->errfd = ctrd_runtime_stderr(err);
	stdio[0] = stdio[1] = -1;
	stdio[2] = job->errfd;
	return job->errfd < 0 ? -1 : 0;
}

/* --- the runtime's part in a trace --------------------------------------------------------- */

/* It is told by its environment, and writes what it has to tell into a file of the bundle's. A
 * runtime that knows nothing of this passes it by. */
static void join_trace(struct shim_job *job, struct strlist *env)
{
	char text[TRACE_TEXT_SIZE];

	if (!trace_active())
		return;
	job->trace = xasprintf("trace.%016llx", (unsigned long long)job->span.own.span);
	for (char **e = environ; *e; e++)
		if (!str_starts(*e, "TRACEPARENT=") && !str_starts(*e, "DOCKYARD_TRACE="))
			strlist_add(env, *e);
	strlist_addf(env, "TRACEPARENT=%s", trace_text(text));
	strlist_addf(env, "DOCKYARD_TRACE=%s", job->trace);
}

/* Go on in the trace in which the job was started. */
static void return_to_trace(const struct shim_job *job)
{
	AUTO_STRBUF struct strbuf lines = STRBUF_INIT;
	struct err ignored;

	trace_switch(job->span.own);
	if (!job->trace)
		return;
	if (!file_read(AT_FDCWD, job->trace, &lines, SHIM_SPANS_MAX, &ignored) && lines.len)
		trace_import(lines.data, lines.len);
	unlink(job->trace);
}

/* --- a command ---------------------------------------------------------------------------------- */

int shim_job_start(struct shim_proc *p, struct shim_conn *conn, const char *command,
		   const struct strlist *words, bool with_io,
		   void (*done)(struct shim_job *job, int rc, struct err *err), struct err *err)
{
	AUTO_STRLIST struct strlist argv = STRLIST_INIT, env = STRLIST_INIT;
	struct shim *s = p->shim;
	struct shim_job *job = xcalloc(1, sizeof *job);
	int stdio[3];

	*job = (struct shim_job){ .command = command, .errfd = -1, .proc = p, .conn = conn,
				  .span = trace_begin(), .done = done };
	job->log = shim_proc_file(p, "log.json");
	job->log_from = ctrd_runtime_log_size(job->log);
	ctrd_runtime_command(&argv, &s->runtime, job->log, command);
	for (size_t i = 0; i < words->n; i++)
		strlist_add(&argv, words->v[i]);
	join_trace(job, &env);
	if (choose_stdio(job, with_io, stdio, err) ||
	    ctrd_runtime_spawn(argv.v, env.v, stdio, &job->pid, err)) {
		free_job(job);
		return -1;
	}
	job->next = s->jobs;
	s->jobs = job;
	return 1;
}

bool shim_job_reaped(struct shim *s, pid_t pid, int status)
{
	struct shim_job **p = &s->jobs, *job;
	struct err err;
	int rc = 0;

	while (*p && (*p)->pid != pid)
		p = &(*p)->next;
	job = *p;
	if (!job)
		return false;
	*p = job->next;
	if (status) {
		/* The complaints of a runtime that was given the process's pipes are in there. */
		int errfd = job->errfd >= 0 ? job->errfd : job->proc->io.out[SHIM_STDERR].fd;

		rc = ctrd_runtime_failure(job->command, job->log, job->log_from, errfd, status, &err);
	}
	return_to_trace(job);
	trace_end(&job->span, "runc %s %s", job->command, s->id);
	job->done(job, rc, &err);
	trace_switch((struct trace_context){ 0 });
	free_job(job);
	return true;
}

void shim_job_orphan(struct shim *s, const struct shim_conn *conn)
{
	for (struct shim_job *job = s->jobs; job; job = job->next)
		if (job->conn == conn)
			job->conn = NULL;
}
