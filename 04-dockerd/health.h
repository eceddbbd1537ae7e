/*
 * health.h - health checks: a command that is run in a container now and then, and
 * what its exit statuses say about it.
 *
 *   health_config.c   what was asked for, by the request and by the image
 *   health.c          the state, and the one thread that knows when the next probe is due
 *   health_probe.c    one probe: an exec whose output and status are kept
 *
 * Nothing waits per container: the timer's thread sleeps until the earliest probe, and
 * only a probe under way has a worker.
 *
 *     start ──▶ starting ──(status 0)──▶ healthy ──(Retries failures in a row)──▶ unhealthy
 *                  └───────────────────(Retries failures in a row)──────────────────┘
 */
#ifndef DOCKYARD_DOCKERD_HEALTH_H
#define DOCKYARD_DOCKERD_HEALTH_H

#include <stdint.h>

#include "01-kernel/base/strbuf.h"
#include "container.h"

#define HEALTH_LOG 5       /* results kept */
#define HEALTH_OUTPUT 4096 /* bytes kept of each */

enum health_status { HEALTH_NONE, HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };

struct health { /* daemon.lock */
	enum health_status status; /* none: the container never ran */
	int streak;    /* failures in a row */
	json_t *log;   /* array, oldest first, in the API's shape */
	int64_t due;   /* CLOCK_MONOTONIC, ns: the next probe; 0: none */
	bool probing;
};

/* The durations of a Healthcheck in nanoseconds, defaults filled in. */
struct health_times {
	int64_t interval, timeout, start_period, start_interval;
	int retries;
};
void dockerd_health_times(const json_t *config, struct health_times *t);

/* Complete config's Healthcheck from the image's and check it. */
int dockerd_health_merge(json_t *config, const json_t *image, struct err *err);
/* The command of a probe (new), or NULL where nothing is to be probed. */
json_t *dockerd_health_command(const json_t *config);

/* --- what happens to the container; daemon.lock held ---------------------------------- */
void dockerd_health_started(struct daemon *d, struct container *c);
/* It ended or was paused: no probes, and not healthy. */
void dockerd_health_stopped(struct container *c);
void dockerd_health_unpaused(struct daemon *d, struct container *c);

/* Account for one result. True: the status is another one now. */
bool dockerd_health_result(struct health *h, const struct health_times *t, bool in_start_period,
			   int code, json_t *entry);

const char *dockerd_health_word(const struct health *h); /* "none", "starting"... */
json_t *dockerd_health_json(const struct health *h);     /* State.Health; NULL: no check */
/* From the document, where the container has a check. */
struct health *dockerd_health_load(const json_t *config, const json_t *doc);
void dockerd_health_free(struct health *h);

/* --- the timer ------------------------------------------------------------------------ */
int dockerd_health_start_timer(struct daemon *d, struct err *err);
void dockerd_health_wake(struct daemon *d);
void dockerd_health_join_timer(struct daemon *d);

/* --- one probe ------------------------------------------------------------------------ */
struct probe {
	char start[TIME_TEXT_SIZE], end[TIME_TEXT_SIZE];
	int code; /* -1: did not start, or took too long */
	struct strbuf output;
};
/* False: called off, because the container or the daemon ends. */
bool dockerd_health_probe(struct daemon *d, struct container *c, int64_t timeout_ns,
			  struct probe *p);

#endif
