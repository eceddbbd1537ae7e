/*
 * stats.h - a container's use of the machine, kept up to date by a thread.
 *
 * The daemon sends a JSON document a second per container. Each of them is read
 * by a thread of its own, which puts the newest into the entry; who draws takes
 * it from there.
 */
#ifndef DOCKYARD_CLI_STATS_H
#define DOCKYARD_CLI_STATS_H

#include <pthread.h>

#include "cli.h"

struct cli_stats_entry {
	char *name;     /* as it was asked for, or its ID */
	json_t *newest; /* as the daemon sent it; NULL: nothing yet. Under the lock, as what follows */
	struct err err;
	bool failed, ended, dropped, started;
	/* of the thread's own */
	struct cli_stats *stats;
	struct strbuf line;
	pthread_t thread;
};

struct cli_stats {
	pthread_mutex_t lock; /* guards the list and what the entries say */
	pthread_cond_t news;
	struct cli_api api;   /* a template: each thread has its own connection */
	atomic_bool over;     /* all threads are to end */
	bool stream;
	struct cli_stats_entry **v;
	size_t n;
};

void cli_stats_init(struct cli_stats *s, const struct cli_api *api, bool stream);
/* Begin to watch a container; one that is watched already goes on. */
void cli_stats_watch(struct cli_stats *s, const char *name);
/* Stop showing it. Its thread ends with its stream. */
void cli_stats_drop(struct cli_stats *s, const char *id);
/* Wait until every container has said something, or failed; at most `ms`. */
void cli_stats_settle(struct cli_stats *s, int ms);
/* End all threads, and free. */
void cli_stats_end(struct cli_stats *s);
/* The row that the table shows. New. Call it with the lock held. */
json_t *cli_stats_row(const struct cli_stats_entry *entry, bool whole);

#endif
