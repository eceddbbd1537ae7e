/*
 * ctr.h - ctr, the hand on containerd: what its pages share.
 *
 *   ctr.c             global options, the table of commands
 *   ctr_images.c      images rm, tag, label (ctr_images_list.c: ls, check;
 *                     ctr_images_mount.c: mount, unmount; ctr_archive.c: import, export)
 *   ctr_transfer.c    images pull, push; content fetch
 *   ctr_content.c     content
 *   ctr_snapshots.c   snapshots
 *   ctr_leases.c      leases, namespaces
 *   ctr_run.c         run; containers create (ctr_run_options.c: their options)
 *   ctr_tasks.c       tasks ls, start, kill, ...
 *   ctr_exec.c        tasks exec
 *   ctr_stores.c      containers, events, version
 *   ctr_attach.c      this terminal and a container's
 *   ctr_print.c       tables (ctr_list.c: lists, filters, labels)
 *
 * ctr knows containerd by its socket alone. The words are those of the real ctr.
 */
#ifndef DOCKYARD_CTR_H
#define DOCKYARD_CTR_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/strbuf.h"
#include "client.h"

struct ctr {
	struct ctrd_client *client;
	const char *address, *ns;
	const char *usage; /* of the command that runs */
};

/* A command gets its own argv (argv[0]: its last word) and returns the exit status. */
typedef int ctr_command(struct ctr *c, int argc, char **argv);
ctr_command ctr_images_pull, ctr_images_push, ctr_images_list, ctr_images_remove, ctr_images_tag,
	ctr_images_label;
ctr_command ctr_images_import, ctr_images_export, ctr_images_check, ctr_images_mount,
	ctr_images_unmount;
ctr_command ctr_run, ctr_containers_create;
ctr_command ctr_containers_list, ctr_containers_info, ctr_containers_label, ctr_containers_remove;
ctr_command ctr_tasks_list, ctr_tasks_start, ctr_tasks_attach, ctr_tasks_exec, ctr_tasks_kill,
	ctr_tasks_remove, ctr_tasks_pause, ctr_tasks_resume, ctr_tasks_ps, ctr_tasks_metrics,
	ctr_tasks_wait, ctr_tasks_checkpoint;
ctr_command ctr_content_list, ctr_content_get, ctr_content_ingest, ctr_content_label,
	ctr_content_remove, ctr_content_fetch, ctr_content_active;
ctr_command ctr_snapshots_list, ctr_snapshots_info, ctr_snapshots_label, ctr_snapshots_mounts,
	ctr_snapshots_prepare, ctr_snapshots_view, ctr_snapshots_commit, ctr_snapshots_remove,
	ctr_snapshots_usage, ctr_snapshots_diff, ctr_snapshots_tree;
ctr_command ctr_leases_list, ctr_leases_create, ctr_leases_remove;
ctr_command ctr_namespaces_list, ctr_namespaces_create, ctr_namespaces_label, ctr_namespaces_remove;
ctr_command ctr_events, ctr_version;

/* Say what failed; the exit status 1. */
int ctr_fail(const struct err *err);
/* Say how the command is used; the exit status 1. */
int ctr_misuse(const struct ctr *c, const char *problem);

/* ctrd_call with a path made by printf; every %s argument is escaped by the caller. */
json_t *ctr_call(struct ctr *c, const char *method, const json_t *body, struct err *err,
		 const char *path, ...) __attribute__((format(printf, 5, 6)));

/* For commands without an answer of interest, and with several names: all are tried. */
int ctr_each(struct ctr *c, int argc, char **argv,
	     int (*one)(struct ctr *c, const char *name, struct err *err));

extern const char ctr_registry_help[]; /* of ctr_transfer.c's commands */

/* The full name ("docker.io/library/nginx:latest"), escaped for a path; NULL and err. */
char *ctr_image_name(const char *text, struct err *err);

/* --- ctr_list.c --------------------------------------------------------------------------- */

/* "key=value" on to a path's query, escaped. */
void ctr_query(struct strbuf *path, const char *key, const char *value);
/* A list command's [-q] [FILTER...], and the list; NULL: ctr_list_failed has the exit status. */
json_t *ctr_list(struct ctr *c, int argc, char **argv, const char *path, bool *quiet,
		 struct err *err);
int ctr_list_failed(const struct ctr *c, const struct err *err);
struct ctr_table;
/* A whole list command: the list as a table, or with -q one member of each. */
struct ctr_listing {
	const char *path, *key;  /* where it is; the member */
	const char *headings[8]; /* of the columns; NULL at the end */
	void (*row)(struct ctr *c, struct ctr_table *t, const json_t *v);
};
int ctr_list_show(struct ctr *c, int argc, char **argv, const struct ctr_listing *l);
/* KEY=VALUE arguments as {"labels":{}}, new; a document's labels as text, freed by the caller. */
json_t *ctr_labels(int n, char **v);
char *ctr_labels_text(const json_t *doc);
void ctr_labels_print(const json_t *doc); /* after a change: all that there are now */
char *ctr_age(const char *created); /* "3 minutes"; the caller frees */

/* The label of a container that says which signal its image wants to be stopped by. */
#define CTR_STOP_SIGNAL "io.containerd.image.config.stop-signal"

/* --- ctr_tasks.c -------------------------------------------------------------------------- */

struct ctr_task_start {
	const char *id, *log; /* log: a file for json-file, or NULL */
	const char *pid_file; /* init's goes there; or NULL */
	const char *checkpoint; /* go on from there; or NULL */
	bool terminal, detach, null_io;
};
/* Create and start the container's task; unless detached, see it through and delete it. The
 * exit status, or -1 and err (the task is then gone). */
int ctr_task_run(struct ctr *c, const struct ctr_task_start *s, struct err *err);

/* --- ctr_print.c -------------------------------------------------------------------------- */

struct ctr_table {
	size_t columns;
	struct strlist cells; /* row by row; the first row is the heading */
};
/* Cells given as strings, `columns` of them. */
void ctr_table_row(struct ctr_table *t, ...);
void ctr_table_print(struct ctr_table *t); /* and free */
void ctr_table_end(struct ctr_table *t, bool quiet); /* print, or only free */
char *ctr_size(json_int_t bytes);          /* "1.4 MiB"; the caller frees */

/* --- ctr_attach.c ------------------------------------------------------------------------- */

struct ctr_session {
	struct ctr *c;
	const char *id, *exec_id; /* exec_id NULL: the task's init */
	bool terminal, has_stdin;
	int fd;                   /* attached */
};
/* Connect; -1 and err. */
int ctr_session_open(struct ctr_session *s, const char *attach, struct err *err);
/* Carry bytes both ways until the process's output ends. */
void ctr_session_run(struct ctr_session *s);
void ctr_session_close(struct ctr_session *s);
/* This terminal's size as [rows,cols], new; NULL when there is none. */
json_t *ctr_console_size(void);
/* Wait for the end: the exit status, or -1 and err. */
int ctr_wait(struct ctr *c, const char *id, const char *exec_id, struct err *err);

#endif
