/*
 * progress.h - a pull, a push, a load as it happens.
 *
 * The daemon answers POST /images/create with a line of JSON per event:
 * {"id": "<layer>", "status": "Downloading", "progressDetail": {"current", "total"}}.
 * On a terminal every layer has a line of its own, which is drawn over; in a
 * pipe the bars are left out and the rest is printed as it comes. An "error"
 * in the stream is the pull's failure, though the status was 200.
 */
#ifndef DOCKYARD_CLI_PROGRESS_H
#define DOCKYARD_CLI_PROGRESS_H

#include <stdio.h>

#include "cli.h"

struct cli_progress {
	FILE *out; /* NULL: show nothing */
	bool terminal;
	unsigned width;      /* of the terminal */
	struct strlist ids;  /* of the layers that have a line, from top to bottom */
	struct strbuf line;  /* what has come of a line */
};

void cli_progress_begin(struct cli_progress *p, FILE *out);
void cli_progress_show(struct cli_progress *p, const json_t *event);
/* -1: the event tells of an error, which is `err`. */
int cli_progress_error(const json_t *event, struct err *err);
int cli_progress_feed(void *progress, const char *data, size_t n, struct err *err); /* a cli_sink */
int cli_progress_end(struct cli_progress *p, struct err *err);

/* The bar: "[====>   ]  1.2MB/3.4MB"; empty when there is nothing to show. */
void cli_progress_bar(struct strbuf *sb, double current, double total, unsigned width);

/* Do a request of which the answer is such a stream, and show it. */
int cli_progress_request(struct cli_api *api, const struct cli_request *request, FILE *out, struct err *err);

/* Pull an image: `reference` as it was typed, `platform` or NULL. */
struct cli_reference;
int cli_pull(struct cli *cli, const struct cli_reference *reference, const char *platform, FILE *out,
	     struct err *err);

#endif
