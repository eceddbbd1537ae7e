/*
 * trace.h - docker --trace: the way of one command through every box.
 *
 *     docker --trace run nginx                 drawn on standard error, at the end
 *     DOCKER_TRACE=out.json docker run nginx   written to a file, in Chrome's trace event format,
 *                                              which Perfetto (https://ui.perfetto.dev) opens
 *     DOCKER_TRACE=out.txt docker run nginx    any other name: drawn into the file
 *
 * The trace is made here and goes along with each request (01-kernel/base/trace.h). At the end
 * the daemon is asked for what it and the boxes below have kept of it. A daemon that is not ours
 * keeps nothing: then there are the CLI's own spans, and what it says by itself.
 */
#ifndef DOCKYARD_CLI_TRACE_H
#define DOCKYARD_CLI_TRACE_H

#include <stdio.h>

#include "01-kernel/base/trace.h"
#include "api.h"

/* What came of the lines. All strings lie in `text`. */
struct cli_span {
	int64_t start_ns, took_ns;
	const char *box, *what;
	uint64_t id, parent_id;
	int pid, tid;
	struct cli_span *parent, *first, *next; /* the tree: parents before children, by time */
	int depth;
	int64_t shift_ns; /* by how much another machine's clock was set */
};

struct cli_trace {
	char *text;
	struct cli_span *v; /* by their beginnings */
	size_t n;
	char id[TRACE_ID_SIZE];
	struct cli_span *root; /* NULL: there are none */
};

/* Is this command to be traced? Then it is from here on. `draw`: the option --trace. */
bool cli_trace_begin(bool draw);
/* Collect, and show it as was asked for. `api` as the command left it. */
int cli_trace_end(struct cli_api *api, bool draw, struct err *err);

/* trace_tree.c: read lines (taken) of the trace `id` and put them in order. What has no known parent is
 * put under the first span; what is in a circle is left out. */
void cli_trace_read(struct cli_trace *t, char *lines, const char *id);
void cli_trace_free(struct cli_trace *t);
/* The span after this one, down the tree; NULL at the end. */
const struct cli_span *cli_trace_next(const struct cli_span *span);

/* trace_draw.c: `columns` 0: lines of any length. */
void cli_trace_draw(FILE *out, const struct cli_trace *t, int columns);
/* trace_chrome.c: the document; new. */
json_t *cli_trace_chrome(const struct cli_trace *t);

#endif
