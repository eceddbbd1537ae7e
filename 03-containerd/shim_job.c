/*
 * shim_job.c - commands of the OCI runtime under way.
 *
 * A command takes milliseconds, or for ever when something is wrong, and the loop
 * must go on meanwhile. So it is a child like any other, SIGCHLD says when it has
 * ended, and the connection that asked is answered then, if it is still there.
 */
#include "shim.h"

#include <string.h>
#include <unistd.h>

static void free_job(struct shim_job *job)
{
	if (job->errfd >= 0)
		close(job->errfd);
	free(job->log);
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

int shim_job_start(struct shim_proc *p, struct shim_conn *conn, const char *command,
		   const struct strlist *words, bool with_io,
		   void (*done)(struct shim_job *job, int rc, struct err *err), struct err *err)
{
	AUTO_STRLIST struct strlist argv = STRLIST_INIT;
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
	if (choose_stdio(job, with_io, stdio, err) ||
	    ctrd_runtime_spawn(argv.v, stdio, &job->pid, err)) {
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
	trace_end(&job->span, "runc %s %s", job->command, s->id);
	job->done(job, rc, &err);
	free_job(job);
	return true;
}

void shim_job_orphan(struct shim *s, const struct shim_conn *conn)
{
	for (struct shim_job *job = s->jobs; job; job = job->next)
		if (job->conn == conn)
			job->conn = NULL;
}
