/*
 * shim_task.c - what containerd can ask of the container itself: mount its root, create,
 * start, signal, pause, resume, update, resize, delete. (Execs: shim_exec.c.)
 *
 * The root file system is mounted in the shim's own mount namespace. Nothing has to
 * be unmounted when a shim is killed: the namespace goes with it.
 */
#include "shim.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/cgroup.h"
#include "01-kernel/mount.h"
#include "mounts.h"

/* --- mount ---------------------------------------------------------------------------- */

/* {"user","groups"}: who the process will be is only known here, where the image's
 * passwd file is. */
static json_t *resolve(const json_t *req, struct err *err)
{
	AUTO_CLOSE int root = open("rootfs", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0) {
		err_sys(err, "open rootfs");
		return NULL;
	}
	return shim_user_resolve(root, jsonx_str(req, "user", ""), json_object_get(req, "groups"),
				 err);
}

static int op_user(struct shim *s, struct shim_conn *conn, const json_t *req, json_t **result,
		   struct err *err)
{
	(void)s;
	(void)conn;
	*result = resolve(req, err);
	return *result ? 0 : -1;
}

static int op_mount(struct shim *s, struct shim_conn *conn, const json_t *req, json_t **result,
		    struct err *err)
{
	(void)conn;
	(void)req;
	(void)result;
	return ctrd_mounts_apply(json_object_get(s->options, "mounts"), "rootfs", err) || shim_files_make(s, err) ? -1 : 0;
}

/* --- create and start -------------------------------------------------------------------- */

/* The container's group, as kern_cgroup_open takes it; NULL if it is in none. */
static char *cgroup_of(pid_t pid)
{
	struct err ignored;
	struct kern_cgroup *cg = kern_cgroup_of(pid, &ignored);
	char *name = cg ? kern_cgroup_name(cg) : NULL;

	kern_cgroup_free(cg);
	return name;
}

/* The runtime has made the container: who its init is, and where. */
int shim_task_begun(struct shim_proc *p, struct err *err)
{
	struct shim *s = p->shim;

	if (shim_proc_read_pid(p, "init.pid", err) || shim_io_started(&p->io, err))
		return -1;
	s->cgroup = cgroup_of(p->pid);
	shim_oom_watch(s);
	return 0;
}

/* Its end may have been seen by the runtime, and not yet by us: then its parent's word is missing. */
void shim_task_blame_end(const struct shim *s, struct err *err)
{
	const struct shim_proc *p = s->procs;
	siginfo_t info = { 0 };

	if (p->exited || (p->pid > 0 && !waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
			  info.si_pid == p->pid))
		err_set(err, ERR_CONFLICT, "the task has stopped");
}

/* What create and restore are told alike. */
void shim_task_words(struct shim *s, struct strlist *words)
{
	const struct shim_io *io = &s->procs->io;

	strlist_add(words, "--bundle");
	strlist_add(words, s->bundle);
	strlist_add(words, "--pid-file");
	strlist_add(words, "init.pid");
	if (io->terminal) {
		strlist_add(words, "--console-socket");
		strlist_add(words, io->console);
	}
	strlist_add(words, s->id);
}

static void created(struct shim_job *job, int rc, struct err *err)
{
	struct shim_proc *p = job->proc;

	rc = rc ? rc : shim_task_begun(p, err);
	if (!rc)
		p->status = SHIM_CREATED;
	shim_proc_started(p);
	if (rc)
		shim_reply_error(job->conn, err);
	else
		shim_reply(job->conn, json_pack("{s:i, s:s?}", "pid", (int)p->pid, "cgroup",
						p->shim->cgroup));
}

static int op_create(struct shim *s, struct shim_conn *conn, const json_t *req, json_t **result,
		     struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;
	struct shim_proc *p = s->procs;
	struct shim_io *io = &p->io;

	(void)req;
	if (p->status != SHIM_NEW || p->starting)
		return err_set(err, ERR_CONFLICT, "the container was created before");
	if (shim_io_open(io, s, jsonx_bool(s->options, "terminal", false),
			 jsonx_bool(s->options, "stdin", false), "", err))
		return -1;
	if (json_object_get(s->options, "checkpoint")) {
		p->status = SHIM_CREATED; /* the rest is done by start */
		*result = json_pack("{s:i}", "pid", 0);
		return 0;
	}
	shim_task_words(s, &words);
	if (shim_job_start(p, conn, "create", &words, true, created, err) < 0)
		return -1;
	p->starting = s->tried = true;
	return 1;
}

static void started(struct shim_job *job, int rc, struct err *err)
{
	struct shim_proc *p = job->proc;

	if (rc) {
		if (p->killed) /* else the runtime knows why: a task that a hook refused has ended, too */
			shim_task_blame_end(p->shim, err);
		shim_reply_error(job->conn, err);
	} else {
		p->status = SHIM_RUNNING;
		p->started = true;
		shim_event(p->shim, "start", p);
		shim_reply(job->conn, json_pack("{s:i}", "pid", (int)p->pid));
	}
	shim_proc_started(p);
}

/* --- start, pause, resume: the runtime's commands without arguments ------------------------ */

static int simple_job(struct shim *s, struct shim_conn *conn, const char *command,
		      void (*done)(struct shim_job *, int, struct err *), struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;

	strlist_add(&words, s->id);
	return shim_job_start(s->procs, conn, command, &words, false, done, err);
}

static int op_start(struct shim *s, struct shim_conn *conn, const json_t *req, json_t **result,
		    struct err *err)
{
	struct shim_proc *p = s->procs;

	(void)req;
	(void)result;
	if (p->status != SHIM_CREATED || p->starting)
		return err_set(err, ERR_CONFLICT, "the task is %s, not created",
			       shim_status_name(p->status));
	if ((p->pid ? simple_job(s, conn, "start", started, err)
		    : shim_task_restore(s, conn, err)) < 0)
		return -1;
	p->starting = s->tried = true;
	return 1;
}

static void froze(struct shim_job *job, int rc, struct err *err)
{
	bool pause = !strcmp(job->command, "pause");
	struct shim_proc *p = job->proc;

	if (rc) {
		shim_task_blame_end(p->shim, err);
		shim_reply_error(job->conn, err);
		return;
	}
	if (p->status == SHIM_RUNNING || p->status == SHIM_PAUSED) {
		p->status = pause ? SHIM_PAUSED : SHIM_RUNNING;
		shim_event(p->shim, pause ? "paused" : "resumed", p);
	}
	shim_reply(job->conn, NULL);
}

static int op_pause(struct shim *s, struct shim_conn *conn, const json_t *req, json_t **result,
		    struct err *err)
{
	(void)req;
	(void)result;
	if (s->procs->status != SHIM_RUNNING)
		return err_set(err, ERR_CONFLICT, "the task is %s, not running",
			       shim_status_name(s->procs->status));
	return simple_job(s, conn, "pause", froze, err);
}

static int op_resume(struct shim *s, struct shim_conn *conn, const json_t *req, json_t **result,
		     struct err *err)
{
	(void)req;
	(void)result;
	if (s->procs->status != SHIM_PAUSED)
		return err_set(err, ERR_CONFLICT, "the task is %s, not paused",
			       shim_status_name(s->procs->status));
	return simple_job(s, conn, "resume", froze, err);
}

/* --- update ---------------------------------------------------------------------------------- */

static void done(struct shim_job *job, int rc, struct err *err)
{
	if (rc) {
		shim_task_blame_end(job->proc->shim, err);
		shim_reply_error(job->conn, err);
	} else {
		shim_reply(job->conn, NULL);
	}
}

/* The limits stand in resources.json. */
static int op_update(struct shim *s, struct shim_conn *conn, const json_t *req, json_t **result,
		     struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;
	struct shim_proc *p = s->procs;

	(void)req;
	(void)result;
	if (!p->pid || p->exited)
		return err_set(err, ERR_CONFLICT, "the task is not running");
	strlist_add(&words, "--resources");
	strlist_add(&words, "resources.json");
	strlist_add(&words, s->id);
	return shim_job_start(p, conn, "update", &words, false, done, err);
}

static int op_reopen_log(struct shim *s, struct shim_conn *conn, const json_t *req,
			 json_t **result, struct err *err)
{
	(void)conn;
	(void)req;
	(void)result;
	if (!s->procs->io.log)
		return err_set(err, ERR_CONFLICT, "the task has no log");
	return shim_log_reopen(&s->log, err);
}

/* --- kill ------------------------------------------------------------------------------------ */

static int op_kill(struct shim *s, struct shim_conn *conn, const json_t *req, json_t **result,
		   struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;
	struct shim_proc *p = s->procs;

	(void)result;
	if (json_object_get(req, "execID"))
		return shim_exec_kill(s, req, err);
	if (!p->pid || p->exited)
		return err_set(err, ERR_CONFLICT, "the task is not running");
	if (jsonx_bool(req, "all", false))
		strlist_add(&words, "--all");
	strlist_add(&words, s->id);
	strlist_addf(&words, "%d", (int)jsonx_int(req, "signal", 15));
	p->killed = true;
	return shim_job_start(p, conn, "kill", &words, false, done, err);
}

/* --- delete ------------------------------------------------------------------------------------ */

void shim_task_deleted(struct shim *s, struct shim_conn *conn)
{
	struct err err;

	if (kern_mount_detach("rootfs", &err))
		log_error("unmount rootfs: %s", err.msg); /* the namespace ends with us anyway */
	shim_reply(conn, shim_proc_json(s->procs));
	shim_leave(s);
}

static void deleted(struct shim_job *job, int rc, struct err *err)
{
	struct shim_proc *p = job->proc;

	if (rc) {
		shim_reply_error(job->conn, err);
		return;
	}
	if (p->pid && !p->exited) { /* killed by the runtime; SIGCHLD is on its way */
		p->shim->deleting = true;
		p->shim->delete_conn = job->conn;
		return;
	}
	if (p->pid)
		shim_proc_finish(p);
	shim_task_deleted(p->shim, job->conn);
}

/* Undo whatever was done: also of a task that failed half-way. */
static int op_delete(struct shim *s, struct shim_conn *conn, const json_t *req, json_t **result,
		     struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;
	struct shim_proc *p = s->procs;

	(void)result;
	if (json_object_get(req, "execID"))
		return shim_exec_delete(s, req, err);
	if (p->status == SHIM_RUNNING || p->status == SHIM_PAUSED)
		return err_set(err, ERR_CONFLICT, "the task is %s: stop it first",
			       shim_status_name(p->status));
	if (p->starting)
		return err_set(err, ERR_CONFLICT, "the task is being created");
	if (p->started && jsonx_bool(req, "unstarted", false))
		return err_set(err, ERR_CONFLICT, "the task has been started");
	if (!s->tried) {
		shim_task_deleted(s, conn);
		return 1;
	}
	strlist_add(&words, "--force");
	strlist_add(&words, s->id);
	return shim_job_start(p, conn, "delete", &words, false, deleted, err);
}

static int op_resize(struct shim *s, struct shim_conn *conn, const json_t *req, json_t **result,
		     struct err *err)
{
	const char *exec_id = jsonx_str(req, "execID", NULL);
	struct shim_proc *p = shim_proc_find(s, exec_id);

	(void)conn;
	(void)result;
	if (!p)
		return err_set(err, ERR_NOT_FOUND, "no exec %s", exec_id);
	return shim_io_resize(&p->io, (unsigned short)jsonx_int(req, "height", 0),
			      (unsigned short)jsonx_int(req, "width", 0), err);
}

const struct shim_op_row shim_task_ops[] = {
	{ "mount", op_mount },   { "user", op_user },     { "create", op_create },
	{ "start", op_start },   { "kill", op_kill },     { "pause", op_pause },
	{ "resume", op_resume }, { "resize", op_resize }, { "delete", op_delete },
	{ "update", op_update }, { "reopenLog", op_reopen_log },
	{ NULL, NULL },
};
