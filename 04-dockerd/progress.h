/*
 * progress.h - answers that tell how a long piece of work comes on: a JSON object per line,
 * in the words that the CLI draws bars from.
 *
 *     worker thread ──progress_line──▶ queue ──▶ the reply's thread ──▶ client
 *
 * There are two threads because an error that comes before anything was said is to be an HTTP
 * error: the handler waits for the first line before it answers. A later one is the last line.
 */
#ifndef DOCKYARD_DOCKERD_PROGRESS_H
#define DOCKYARD_DOCKERD_PROGRESS_H

#include <jansson.h>

#include "03-containerd/http.h"
#include "daemon.h"

struct progress;

struct progress_job {
	/* In the worker: 0, or -1 with err. */
	int (*run)(struct progress *p, void *arg, struct err *err);
	void (*release)(void *arg); /* called once, when nobody needs arg any more */
	void *arg;
};

/* Begin the work and answer with its lines. -1: it failed before it said anything. The job is
 * released in either case. */
int dockerd_progress(struct daemon *d, const struct progress_job *job, struct http_reply *rep,
		     struct err *err);

/* For `run`: say this (takes it). Non-zero: the client has gone, nobody listens. */
int progress_line(struct progress *p, json_t *line);
/* The same, asked for without saying anything. */
bool progress_cancelled(struct progress *p);
/* {"status":…,"id":…} with a bar where total > 0; `id` may be NULL. */
int progress_status(struct progress *p, const char *id, const char *status, json_int_t at,
		    json_int_t total);
/* A line of containerd's about a layer (transfer.h) in Docker's words; a state without one says nothing. */
struct progress_word {
	const char *theirs, *ours;
	bool counts; /* has a bar */
};
int progress_layer(struct progress *p, const json_t *line, const struct progress_word *words, size_t n);
/* {"stream":…}: text for the terminal. */
int progress_text(struct progress *p, json_t *text);

#endif
