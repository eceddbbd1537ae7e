/*
 * exec_private.h - what the pages of exec share.
 */
#ifndef DOCKYARD_DOCKERD_EXEC_PRIVATE_H
#define DOCKYARD_DOCKERD_EXEC_PRIVATE_H

#include <time.h>

#include "03-containerd/http.h"
#include "exec.h"

struct exec {
	struct exec *next;   /* daemon.lock, as all that follows unless it says fixed */
	unsigned refs;
	char id[ID_SIZE];    /* fixed */
	struct container *c; /* fixed; a reference */
	json_t *config;      /* fixed: the request, normalised */
	bool started, running;
	int exit_code;       /* -1: none yet */
	pid_t pid;
	time_t ended;
};

/* A reference, or NULL with "No such exec instance". */
struct exec *dockerd_exec_find(struct daemon *d, const char *id, struct err *err);
void dockerd_exec_put(struct daemon *d, struct exec *e);
/* The container must run, and not be paused. */
int dockerd_exec_check_running(struct daemon *d, struct container *c, struct err *err);
/* Enter one into the table: a reference. Takes c's and config's references. */
struct exec *dockerd_exec_new(struct daemon *d, struct container *c, json_t *config);
/* Start it with its output attached: the shim's socket, or -1 with err in the words of
 * the API; its end is recorded then. */
int dockerd_exec_launch(struct daemon *d, struct exec *e, struct err *err);
/* An event that carries the command: "exec_start: ls -l". */
void dockerd_exec_tell(struct daemon *d, struct exec *e, const char *what);
/* Record the end, unless it is known; delete the process in containerd. */
void dockerd_exec_finish(struct daemon *d, struct exec *e, int status);

/* POST /exec/{id}/start (exec_start.c). */
int dockerd_exec_post_start(struct http_request *req, struct http_reply *rep, void *daemon,
			    struct err *err);

#endif
