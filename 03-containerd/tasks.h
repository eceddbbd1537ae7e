/*
 * tasks.h - containers that run: a task is a container's running half.
 *
 *     none ──create──▶ created ──start──▶ running ◀─pause/resume─▶ paused
 *                         │                  │
 *                         └──────exit────────┴────▶ stopped ──delete──▶ none
 *
 * The truth about a task is its shim's, and after the shim's end exit.json's. The
 * table here is a picture of it, drawn anew when containerd starts, kept up to date
 * by the events that every shim sends. So killing containerd loses nothing.
 *
 * Functions take and give the JSON of the API but know nothing of HTTP. All are safe
 * for many threads.
 */
#ifndef DOCKYARD_CTRD_TASKS_H
#define DOCKYARD_CTRD_TASKS_H

#include <jansson.h>

#include "01-kernel/base/err.h"
#include "containers.h"
#include "events.h"
#include "snapshot.h"

struct ctrd_tasks_options {
	const char *state;   /* the directory of bundles */
	const char *shim;    /* path of containerd-shim */
	const char *runtime; /* the OCI runtime unless the container names one */
	long open_files;     /* RLIMIT_NOFILE of shims and what they start; 0: as ours */
	struct ctrd_containers *containers;
	struct ctrd_snapshots *snapshots; /* may be NULL: containers then have no snapshotKey */
	struct ctrd_events *events;       /* may be NULL */
};

struct ctrd_tasks;
/* Finds the tasks that are there: those whose shim lives, and those that have ended. */
struct ctrd_tasks *ctrd_tasks_open(const struct ctrd_tasks_options *o, struct err *err);
/* Forget them. They run on. */
void ctrd_tasks_close(struct ctrd_tasks *ts);

/* {"containerID","terminal","stdin","stdinOnce","log","consoleSize","checkpoint"} -> the
 * task, new. On failure nothing is left: no mount, process, cgroup or directory. With
 * "checkpoint" ({"path",…} as below) the task is made by its start, from what was saved. */
json_t *ctrd_task_create(struct ctrd_tasks *ts, const char *ns, const json_t *req,
			 struct err *err);
json_t *ctrd_tasks_list(struct ctrd_tasks *ts, const char *ns);
json_t *ctrd_task_get(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err);
int ctrd_task_start(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err);
int ctrd_task_pause(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err);
int ctrd_task_resume(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err);
/* {"exitStatus","exitedAt"}, new. ERR_CONFLICT while it runs and, with `unstarted`, when it ever
 * has: who thinks that it has not may be late, and would take its exit status away. */
json_t *ctrd_task_delete(struct ctrd_tasks *ts, const char *ns, const char *id, bool unstarted,
			 struct err *err);
/* {"resources":{}}, as the OCI specification's linux.resources. */
int ctrd_task_update(struct ctrd_tasks *ts, const char *ns, const char *id, const json_t *req,
		     struct err *err);
/* {"path","workPath","exit","tcpEstablished","externalUnixSockets","shellJob","fileLocks"}:
 * save it into the directory `path`, and with "exit" end it then. */
int ctrd_task_checkpoint(struct ctrd_tasks *ts, const char *ns, const char *id, const json_t *req,
			 struct err *err);
/* The log was renamed: go on in a new file. */
int ctrd_task_reopen_log(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err);

/* tasks_measure.c. [{"pid","execID"}]; the numbers that most look for, {"memoryUsage",…}; all
 * that the kernel counts, as the text of what `runc events --stats` has in "data" (freed by the
 * caller). */
json_t *ctrd_task_pids(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err);
json_t *ctrd_task_metrics(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err);
char *ctrd_task_stats(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err);

/* The init (exec_id NULL) or an exec of it. {"signal":15|"SIGTERM","all"}; {"width","height"}. */
int ctrd_task_kill(struct ctrd_tasks *ts, const char *ns, const char *id, const char *exec_id,
		   const json_t *req, struct err *err);
int ctrd_task_resize(struct ctrd_tasks *ts, const char *ns, const char *id, const char *exec_id,
		     const json_t *req, struct err *err);

/* {"execID","process":{},"user","groups","terminal","stdin","attach","consoleSize"} ->
 * {"execID","attach"}. What `process` does not say is as in the container's own process. */
json_t *ctrd_exec_create(struct ctrd_tasks *ts, const char *ns, const char *id, const json_t *req,
			 struct err *err);
json_t *ctrd_exec_start(struct ctrd_tasks *ts, const char *ns, const char *id, const char *exec_id,
			struct err *err); /* {"pid"} */
json_t *ctrd_exec_get(struct ctrd_tasks *ts, const char *ns, const char *id, const char *exec_id,
		      struct err *err);
json_t *ctrd_execs_list(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err);
int ctrd_exec_delete(struct ctrd_tasks *ts, const char *ns, const char *id, const char *exec_id,
		     struct err *err);

/* Waiting for an end: the descriptor is readable when ctrd_wait_result has it. */
struct ctrd_wait;
struct ctrd_wait *ctrd_task_wait(struct ctrd_tasks *ts, const char *ns, const char *id,
				 const char *exec_id, struct err *err);
int ctrd_wait_fd(const struct ctrd_wait *w);
/* {"exitStatus","exitedAt","oomKilled"}, new; NULL: not yet. */
json_t *ctrd_wait_result(struct ctrd_wait *w);
void ctrd_wait_free(struct ctrd_wait *w);

/* Delete a container's document, unless it has a task (ERR_CONFLICT). */
int ctrd_tasks_delete_container(struct ctrd_tasks *ts, const char *ns, const char *id,
				struct err *err);

#endif
