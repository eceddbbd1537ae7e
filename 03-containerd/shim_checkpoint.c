/*
 * shim_checkpoint.c - a container's processes saved to files, and going on from such files.
 *
 * The runtime has it done by criu. To restore a task is to create it with the name of a
 * checkpoint in options.json: its start is then the runtime's restore. Its streams are new
 * pipes or a new terminal, to which criu connects what was written to the old ones.
 */
#include "shim.h"

#include "01-kernel/base/jsonx.h"

/* The members of a request, or of options.json's "checkpoint", that are flags of the runtime. */
static void add_flags(struct strlist *words, const json_t *from)
{
	static const struct {
		const char *member, *flag;
	} flags[] = {
		{ "tcpEstablished", "--tcp-established" },
		{ "externalUnixSockets", "--ext-unix-sk" },
		{ "shellJob", "--shell-job" },
		{ "fileLocks", "--file-locks" },
	};

	strlist_add(words, "--image-path");
	strlist_add(words, jsonx_str(from, "path", ""));
	if (json_object_get(from, "workPath")) {
		strlist_add(words, "--work-path");
		strlist_add(words, jsonx_str(from, "workPath", ""));
	}
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (jsonx_bool(from, flags[i].member, false))
			strlist_add(words, flags[i].flag);
}

/* --- saving ------------------------------------------------------------------------------- */

static void saved(struct shim_job *job, int rc, struct err *err)
{
	if (rc) {
		shim_reply_error(job->conn, err);
		return;
	}
	shim_event(job->proc->shim, "checkpointed", job->proc);
	shim_reply(job->conn, NULL);
}

/* {"path","workPath","exit",flags} */
static int op_checkpoint(struct shim *s, struct shim_conn *conn, const json_t *req,
			 json_t **result, struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;
	struct shim_proc *p = s->procs;

	(void)result;
	if (p->status != SHIM_RUNNING && p->status != SHIM_PAUSED)
		return err_set(err, ERR_CONFLICT, "the task is %s, not running",
			       shim_status_name(p->status));
	add_flags(&words, req);
	if (!jsonx_bool(req, "exit", false))
		strlist_add(&words, "--leave-running");
	strlist_add(&words, s->id);
	return shim_job_start(p, conn, "checkpoint", &words, false, saved, err);
}

const struct shim_op_row shim_checkpoint_ops[] = {
	{ "checkpoint", op_checkpoint },
	{ NULL, NULL },
};

/* --- restoring ---------------------------------------------------------------------------- */

static void restored(struct shim_job *job, int rc, struct err *err)
{
	struct shim_proc *p = job->proc;

	rc = rc ? rc : shim_task_begun(p, err);
	if (rc) {
		shim_reply_error(job->conn, err);
	} else {
		p->status = SHIM_RUNNING;
		p->started = true;
		shim_event(p->shim, "start", p);
		shim_reply(job->conn, json_pack("{s:i, s:s?}", "pid", (int)p->pid, "cgroup",
						p->shim->cgroup));
	}
	shim_proc_started(p);
}

int shim_task_restore(struct shim *s, struct shim_conn *conn, struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;

	strlist_add(&words, "--detach");
	add_flags(&words, json_object_get(s->options, "checkpoint"));
	shim_task_words(s, &words);
	return shim_job_start(s->procs, conn, "restore", &words, true, restored, err);
}
