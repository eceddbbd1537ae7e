/*
 * shim.h - the shim: the parent of one container, and what its pages share.
 *
 *     containerd ── shim.sock ──▶ shim_control.c ──▶ shim_task.c, shim_exec.c ──▶ runc
 *     dockerd ── attach.sock ──▶ shim_attach.c ◀─▶ shim_io.c ◀─▶ pipes or terminal
 *                                                    └──▶ shim_log.c ──▶ the log
 *
 * A shim is started by containerd and from then on depends on nobody: it is the
 * subreaper of everything in its container (PR_SET_CHILD_SUBREAPER), so the kernel
 * tells it how each process ended; it holds the pipes or the terminal, writes the
 * log, and keeps the exit status on disk before it tells anyone. One thread, one
 * loop (shim_loop.h); the runtime's commands run as children meanwhile (jobs).
 *
 * Its working directory is the bundle, so its files have short relative names:
 * a path in a socket's address may have 107 bytes only (unix(7)).
 */
#ifndef DOCKYARD_CTRD_SHIM_H
#define DOCKYARD_CTRD_SHIM_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/strbuf.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/cgroup.h"
#include "runtime.h"
#include "shim_log.h"
#include "shim_loop.h"

#define SHIM_CHUNK 16384   /* one read of a container's output, or of its input */
#define SHIM_SPANS_MAX (512u << 10) /* of a trace, in an answer: containerd reads a line of 1 MiB */
#define SHIM_DRAIN_MS 2000 /* how long after its end a process's output is awaited */

struct shim;
struct shim_client;

/* --- shim_io.c: a process's standard streams ----------------------------------- */

struct shim_io {
	struct shim *shim;
	bool terminal;
	bool stdin_once;  /* the first client that ends its input ends the process's */
	bool hold;        /* read no output until somebody attached */
	bool running;     /* the process exists: its output may be read */
	bool done;        /* the process has ended and no more output is awaited */
	int child[3];     /* the process's ends, until the runtime has them */
	struct shim_watch out[SHIM_STREAMS]; /* a terminal has out[SHIM_STDOUT] only */
	struct shim_watch in;
	struct strbuf input; /* taken from a client, not yet by the process */
	size_t input_done;
	bool input_ends;  /* close `in` when `input` is empty */
	char *console;    /* the name of the console socket */
	struct shim_watch console_watch; /* first it listens, then it is the connection */
	unsigned short rows, cols;
	struct shim_log *log; /* NULL: the output goes to clients only */
	struct shim_timer log_retry;
	size_t afterwards; /* read since the task was deleted */
	char *attach;     /* the name of the attach socket */
	struct shim_watch attach_watch;
	struct shim_client *clients;
	void (*on_eof)(void *owner); /* all output has been read */
	void *owner;
};

/* Make pipes, or the console socket `<name>console.sock`. `want_in`: not /dev/null. */
int shim_io_open(struct shim_io *io, struct shim *s, bool terminal, bool want_in, const char *name,
		 struct err *err);
/* The runtime has passed our ends on: forget them, and read what comes. */
int shim_io_started(struct shim_io *io, struct err *err);
bool shim_io_eof(const struct shim_io *io);
void shim_io_input(struct shim_io *io, const char *buf, size_t n);
void shim_io_input_end(struct shim_io *io);
int shim_io_resize(struct shim_io *io, unsigned short rows, unsigned short cols, struct err *err);
/* Wait for exactly what can be served now. Called after every change. */
void shim_io_update(struct shim_io *io);
/* The task is deleted: has the log all that was written? What lies in a pipe is yet to be read. */
bool shim_io_logged(struct shim_io *io);
/* The process has ended: clients get what is left and are let go. */
void shim_io_finish(struct shim_io *io);
void shim_io_close(struct shim_io *io);

/* --- shim_log_start.c ---------------------------------------------------------------- */

/* Open the log that `log` (of options.json) asks for, and give it the streams' output. */
int shim_log_start(struct shim_log *l, struct shim_io *io, const json_t *log, struct err *err);

/* --- shim_attach.c: the clients of a process's streams -------------------------- */

int shim_attach_listen(struct shim_io *io, const char *name, struct err *err);
void shim_attach_output(struct shim_io *io, enum shim_stream stream, const char *buf, size_t n);
bool shim_attach_full(const struct shim_io *io); /* wait with reading until a client has read */
void shim_attach_update(struct shim_io *io);
void shim_attach_finish(struct shim_io *io);
void shim_attach_close(struct shim_io *io);

/* --- shim_spill.c: what does not fit into a client's buffer ----------------------- */

struct shim_spill {
	int file; /* -1: none */
	off_t start, end; /* what has yet to be taken */
	off_t given;      /* the file system has back what is before */
};
/* Add to the file, or make it beside the log. -1: there is no room, or too much in it. */
int shim_spill_put(struct shim_spill *s, const char *log, const void *buf, size_t n);
/* The oldest bytes, at most n; 0: none. */
size_t shim_spill_take(struct shim_spill *s, void *buf, size_t n);
off_t shim_spill_size(const struct shim_spill *s);
void shim_spill_close(struct shim_spill *s);

/* --- processes: the container's init and its execs ------------------------------ */

enum shim_status { SHIM_NEW, SHIM_CREATED, SHIM_RUNNING, SHIM_PAUSED, SHIM_STOPPED };

struct shim_proc {
	struct shim *shim;
	struct shim_proc *next;
	char *exec_id; /* NULL: the container's init */
	char *prefix;  /* of its files in the bundle: "" or "exec-<id>." */
	enum shim_status status;
	pid_t pid;
	bool starting; /* the command that starts it has not returned: its exit waits */
	bool started;  /* init's: the program was let go, and not only the container made */
	bool killed;   /* init's: a client had a signal sent to it */
	bool exited;   /* reaped; its output may still be awaited */
	int exit_status;
	char exited_at[TIME_TEXT_SIZE];
	bool oom_killed; /* init's: some process of the container was */
	struct shim_io io;
	struct shim_timer drain;
};

const char *shim_status_name(enum shim_status status);
struct shim_proc *shim_proc_new(struct shim *s, const char *exec_id);
void shim_proc_free(struct shim_proc *p);
struct shim_proc *shim_proc_find(struct shim *s, const char *exec_id); /* NULL: init */
json_t *shim_proc_json(const struct shim_proc *p);
char *shim_proc_file(const struct shim_proc *p, const char *name); /* the caller frees */
/* Read the pid file that the runtime wrote for p. */
int shim_proc_read_pid(struct shim_proc *p, const char *name, struct err *err);
/* The command that started p is over: an exit seen meanwhile counts now. */
void shim_proc_started(struct shim_proc *p);
/* Take the room on the disk that the record of init's end will need. */
int shim_record_reserve(struct err *err);
/* Record the end of a process that was reaped, without waiting for its output. */
void shim_proc_finish(struct shim_proc *p);
void shim_reap(struct shim *s); /* on SIGCHLD */

/* --- jobs: commands of the runtime under way ------------------------------------- */

struct shim_conn;

struct shim_job {
	struct shim_job *next;
	pid_t pid;
	const char *command; /* "create" */
	int errfd;           /* its standard error, where nobody else reads that; -1 */
	char *log;           /* the runtime's log, and where this command's part begins */
	off_t log_from;
	struct shim_proc *proc;
	struct shim_conn *conn; /* who waits for the answer; NULL when it has gone */
	struct trace_span span;
	char *trace;         /* the file of the runtime's spans; NULL: nobody traces */
	void (*done)(struct shim_job *job, int rc, struct err *err); /* answers job->conn */
};

/* Start `runtime <command> <words...>`: words are the flags, the container's id and what
 * follows it. `with_io`: the process's own streams go along (create, exec). `done` is called
 * when it has ended. Returns 1, as an operation that is answered later; -1 and err. */
int shim_job_start(struct shim_proc *p, struct shim_conn *conn, const char *command,
		   const struct strlist *words, bool with_io,
		   void (*done)(struct shim_job *job, int rc, struct err *err), struct err *err);
/* True when the process that ended was a job. */
bool shim_job_reaped(struct shim *s, pid_t pid, int status);
/* The client behind the connection has gone. */
void shim_job_orphan(struct shim *s, const struct shim_conn *conn);

/* --- shim_control.c: containerd's requests ---------------------------------------- */

int shim_control_listen(struct shim *s, struct err *err);
/* True when every answer has been sent; the connections are then shut down. */
bool shim_control_finish(struct shim *s);
void shim_control_close(struct shim *s);
/* Answer a request; `result` (taken) may be NULL for {}. conn may be NULL. */
void shim_reply(struct shim_conn *conn, json_t *result);
void shim_reply_error(struct shim_conn *conn, const struct err *err);
/* Tell every subscriber; takes the event. */
void shim_event(struct shim *s, const char *name, const struct shim_proc *p);

/* An operation: 0 with *result (may stay NULL), -1 with err, or 1 when a job will
 * answer. */
typedef int (*shim_op)(struct shim *s, struct shim_conn *conn, const json_t *req, json_t **result,
		       struct err *err);
struct shim_op_row {
	const char *name;
	shim_op run;
};
/* Each ends with a row of NULLs. */
extern const struct shim_op_row shim_task_ops[], shim_exec_ops[], shim_checkpoint_ops[];

/* What creating a container (shim_task.c) and restoring one (shim_checkpoint.c) share. */
void shim_task_words(struct shim *s, struct strlist *words);
int shim_task_begun(struct shim_proc *p, struct err *err);
/* The runtime refused something: if the task has ended, that is why. */
void shim_task_blame_end(const struct shim *s, struct err *err);
int shim_task_restore(struct shim *s, struct shim_conn *conn, struct err *err);

/* The runtime's delete is done and init is gone: unmount, answer, leave. */
void shim_task_deleted(struct shim *s, struct shim_conn *conn);
int shim_exec_kill(struct shim *s, const json_t *req, struct err *err);
int shim_exec_delete(struct shim *s, const json_t *req, struct err *err);

/* --- shim_oom.c ---------------------------------------------------------------------- */

void shim_oom_watch(struct shim *s); /* the container's group is known */
void shim_oom_ended(struct shim *s); /* its init has ended: the last look */
void shim_oom_close(struct shim *s);

/* --- shim_user.c -------------------------------------------------------------------- */

/* Resolve "name[:group]" and additional group names against the root file system
 * open at `root`: {"uid","gid","additionalGids":[…],"home"}. New, or NULL. */
json_t *shim_user_resolve(int root, const char *user, const json_t *groups, struct err *err);

/* --- shim_files.c ---------------------------------------------------------------------- */

/* The options' "files" in rootfs, which is mounted: those that are not there. */
int shim_files_make(const struct shim *s, struct err *err);

/* --- shim_mounts.c --------------------------------------------------------------------- */

/* Into a mount namespace of our own, whose mounts are slaves of the host's but for options.json's "shared". */
int shim_mounts_separate(const struct shim *s, struct err *err);

/* --- the shim itself ------------------------------------------------------------------ */

/* An exit that was seen before the runtime had told which process it is. */
struct shim_exit {
	struct shim_exit *next;
	pid_t pid;
	int status;
};

struct shim {
	struct shim_loop loop;
	json_t *options;  /* options.json */
	const char *id;   /* in options, as the following */
	struct ctrd_runtime runtime;
	char *bundle;     /* the working directory's absolute name */
	char *cgroup;     /* of the container's init */
	struct {
		struct kern_cgroup *group; /* NULL: nothing is watched */
		struct kern_cgroup_oom_watch state;
		struct shim_watch watch;
	} oom;
	struct shim_proc *procs; /* the first is the container's init */
	struct shim_job *jobs;
	struct shim_exit *exits;
	bool tried;       /* the runtime was asked to create it: it must be told to delete it */
	bool deleting;    /* the runtime's delete is done, init's end is awaited */
	struct shim_conn *delete_conn; /* by whom; NULL: they have gone */
	struct shim_log log;
	struct shim_watch signals, control;
	struct shim_conn *conns;
	bool leaving;     /* the task is deleted: end when the last client has its output */
	struct shim_timer leave;
	char chunk[SHIM_CHUNK];
};

/* End the loop as soon as nobody is owed anything that he goes on taking. */
void shim_leave(struct shim *s);
void shim_leave_if_idle(struct shim *s); /* may end the loop, if shim_leave was called */

#endif
