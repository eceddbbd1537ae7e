/*
 * tasks_private.h - the table of tasks, shared by the tasks*.c pages.
 *
 * Locks, in this order: a task's `op`, held while its state is being changed through the
 * shim (it may take long), then the table's `lock`, held for moments and never during I/O.
 */
#ifndef DOCKYARD_CTRD_TASKS_PRIVATE_H
#define DOCKYARD_CTRD_TASKS_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "01-kernel/base/log.h"
#include "01-kernel/base/strbuf.h"
#include "runtime.h"
#include "tasks.h"

enum task_status { TASK_CREATING, TASK_CREATED, TASK_RUNNING, TASK_PAUSED, TASK_STOPPED };

const char *task_status_name(enum task_status status);

/* A task's init or an exec. All fields: tasks->lock. */
struct task_proc {
	struct task_proc *next;
	char *exec_id; /* NULL: init */
	enum task_status status;
	pid_t pid;
	bool terminal;
	int exit_status;
	char exited_at[TIME_TEXT_SIZE];
	bool oom_killed;
	bool unstarted; /* init's: it ended before it was started */
};

struct task {
	struct task *next;   /* tasks->lock */
	int refs;            /* tasks->lock; the table's one included */
	struct ctrd_tasks *table;
	char *ns, *id, *bundle;
	char *binary;        /* the OCI runtime */
	json_t *binary_args; /* its options before all others, or NULL */
	pthread_mutex_t op;
	bool has_shim;       /* tasks->lock, as all that follows */
	bool silent;         /* its shim has not answered since containerd started */
	bool deleting;       /* its shim is to go */
	bool removed;        /* no longer in the table */
	char *cgroup;
	struct task_proc init, *execs;
	struct ctrd_wait *waits;
	int events;          /* the subscription; after task_watch the watcher's alone */
	struct strbuf line;  /* the watcher's: an event that has not fully arrived */
};

struct ctrd_tasks {
	struct ctrd_tasks_options o; /* strings owned */
	pthread_mutex_t lock;
	pthread_cond_t changed;      /* some task's shim has gone */
	struct task *tasks;
	pthread_t watcher, asker;
	bool watching, asking;
	int epfd, stop_fd;
};

/* --- the table (tasks.c) ----------------------------------------------------------------- */

/* A new entry, with two references: the table's and the caller's. ERR_EXISTS. */
struct task *task_add(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err);
struct task *task_find(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err);
/* Also one that is being created, which goes on with `op` held. */
struct task *task_find_unmade(struct ctrd_tasks *ts, const char *ns, const char *id,
			      struct err *err);
void task_put(struct task *t);    /* give a reference back */
void task_remove(struct task *t); /* out of the table */
void cleanup_task(struct task **t);
#define AUTO_TASK __attribute__((cleanup(cleanup_task)))

/* With the lock held: */
struct task_proc *task_proc(struct task *t, const char *exec_id); /* or NULL */
void task_proc_update(struct task *t, struct task_proc *p, const json_t *state);
struct task_proc *task_exec_add(struct task *t, const char *exec_id);
json_t *task_json(const struct task *t);
json_t *task_exit_json(const struct task_proc *p);
void task_wake(struct task *t); /* the waiters look again */

/* One request to the task's shim (shimctl.h), with its events behind it. */
json_t *task_call(struct task *t, const char *op, json_t *args, struct err *err);
void task_publish(struct task *t, const char *topic, const char *exec_id, json_t *more);
/* The runtime's own state directory for the namespace: the caller's. */
char *task_runtime_root(const struct ctrd_tasks *ts, const char *ns);

/* --- the shims' events (tasks_watch.c) ------------------------------------------------------ */

int task_watcher_start(struct ctrd_tasks *ts, struct err *err);
void task_watcher_stop(struct ctrd_tasks *ts);
/* Hand the subscription over to the watcher. */
int task_watch(struct task *t, int fd, struct err *err);
/* Wait, a few seconds at most, until the shim has gone and its last event is in. */
void task_await_end(struct task *t);
/* Run the OCI runtime's `delete --force`, when the shim and its commands have ended. */
void task_delete_by_runtime(struct task *t);
/* There is no shim: what is on disk, or else a lost container that is now killed. */
void task_without_shim(struct task *t);

/* --- restart (tasks_recover.c) --------------------------------------------------------------- */

int task_recover_all(struct ctrd_tasks *ts, struct err *err);
void task_recover_stop(struct ctrd_tasks *ts);

/* The member `log` of a request to create one, NULL: none (tasks_log.c). */
int task_log_check(const json_t *log, struct err *err);
/* Is it {"path",…}, as ctrd_task_checkpoint wants it? (tasks_ops.c) */
int task_checkpoint_check(const json_t *req, const char *where, struct err *err);

/* The shim's answer to create, or to the start that restores: {"pid","cgroup"}. The lock is held. */
void task_made(struct task *t, const json_t *made);

/* Undo a task: the shim, the runtime's container, the bundle (tasks_create.c). */
void task_demolish(struct task *t);

#endif
