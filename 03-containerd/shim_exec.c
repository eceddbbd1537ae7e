/*
 * shim_exec.c - more processes in the running container.
 *
 * An exec is created first (streams and attach socket exist, so a client can attach and
 * miss nothing), then started. The process document, exec-<id>.process.json, was written by
 * containerd.
 */
#include "shim.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"

static struct shim_proc *find(struct shim *s, const json_t *req, struct err *err)
{
	const char *exec_id = jsonx_str(req, "execID", "");
	struct shim_proc *p = shim_proc_find(s, exec_id);

	if (!p)
		err_set(err, ERR_NOT_FOUND, "no exec %s", exec_id);
	return p;
}

/* {"execID","terminal","stdin","attach","consoleSize"} */
static int op_exec(struct shim *s, struct shim_conn *conn, const json_t *req, json_t **result,
		   struct err *err)
{
	const char *exec_id = jsonx_str(req, "execID", "");
	AUTO_FREE char *name = xasprintf("exec-%s.sock", exec_id);
	json_t *size = json_object_get(req, "consoleSize");
	struct shim_proc *p;

	(void)conn;
	if (shim_proc_find(s, exec_id))
		return err_set(err, ERR_EXISTS, "an exec %s exists", exec_id);
	p = shim_proc_new(s, exec_id);
	p->status = SHIM_CREATED;
	p->io.hold = jsonx_bool(req, "attach", false);
	p->io.stdin_once = true; /* an exec's input ends with its client */
	p->io.rows = (unsigned short)json_integer_value(json_array_get(size, 0));
	p->io.cols = (unsigned short)json_integer_value(json_array_get(size, 1));
	if (shim_io_open(&p->io, s, jsonx_bool(req, "terminal", false),
			 jsonx_bool(req, "stdin", false), p->prefix, err) ||
	    shim_attach_listen(&p->io, name, err)) {
		shim_proc_free(p);
		return -1;
	}
	shim_event(s, "exec-added", p);
	*result = json_pack("{s:s}", "attach", name);
	return 0;
}

static void started(struct shim_job *job, int rc, struct err *err)
{
	struct shim_proc *p = job->proc;
	AUTO_FREE char *pid_file = shim_proc_file(p, "pid");

	if (!rc && !(rc = shim_proc_read_pid(p, pid_file, err)))
		rc = shim_io_started(&p->io, err);
	if (rc) {
		shim_task_blame_end(p->shim, err);
		shim_reply_error(job->conn, err);
		p->exited = true; /* it never was: clients are let go, the exec can be deleted */
		p->exit_status = err->kind == ERR_NO_PROGRAM ? 127 : 126; /* as shells have it */
		time_now_text(p->exited_at);
		p->io.hold = false;
	} else {
		p->status = SHIM_RUNNING;
		shim_event(p->shim, "exec-started", p);
		shim_reply(job->conn, json_pack("{s:i}", "pid", (int)p->pid));
	}
	shim_proc_started(p);
}

static int op_exec_start(struct shim *s, struct shim_conn *conn, const json_t *req,
			 json_t **result, struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;
	AUTO_FREE char *process = NULL, *pid = NULL;
	struct shim_proc *p = find(s, req, err);

	(void)result;
	if (!p)
		return -1;
	if (p->status != SHIM_CREATED || p->starting)
		return err_set(err, ERR_CONFLICT, "exec %s was started before", p->exec_id);
	if (s->procs->status != SHIM_RUNNING)
		return err_set(err, ERR_CONFLICT, "the task is %s, not running",
			       shim_status_name(s->procs->status));
	process = shim_proc_file(p, "process.json");
	pid = shim_proc_file(p, "pid");
	strlist_add(&words, "--process");
	strlist_add(&words, process);
	strlist_add(&words, "--detach");
	strlist_add(&words, "--pid-file");
	strlist_add(&words, pid);
	if (p->io.terminal) {
		strlist_add(&words, "--console-socket");
		strlist_add(&words, p->io.console);
	}
	strlist_add(&words, s->id);
	if (shim_job_start(p, conn, "exec", &words, true, started, err) < 0)
		return -1;
	p->starting = true;
	return 1;
}

/* Directly: we are its parent, so until we reap it the pid means this process. */
int shim_exec_kill(struct shim *s, const json_t *req, struct err *err)
{
	struct shim_proc *p = find(s, req, err);

	if (!p)
		return -1;
	if (!p->pid || p->exited)
		return err_set(err, ERR_CONFLICT, "exec %s is not running", p->exec_id);
	if (kill(p->pid, (int)jsonx_int(req, "signal", SIGTERM)))
		return err_sys(err, "kill exec %s", p->exec_id);
	return 0;
}

int shim_exec_delete(struct shim *s, const json_t *req, struct err *err)
{
	static const char *const files[] = { "pid", "process.json", "log.json" };
	struct shim_proc *p = find(s, req, err);

	if (!p)
		return -1;
	if (p->starting || p->status == SHIM_RUNNING)
		return err_set(err, ERR_CONFLICT, "exec %s is running", p->exec_id);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		AUTO_FREE char *name = shim_proc_file(p, files[i]);

		if (unlink(name) && errno != ENOENT)
			log_warn("remove %s", name);
	}
	shim_proc_free(p);
	return 0;
}

const struct shim_op_row shim_exec_ops[] = {
	{ "exec", op_exec },
	{ "execStart", op_exec_start },
	{ NULL, NULL },
};
