/*
 * rest.h - what a daemon gives back when it has nothing to do.
 */
#ifndef DOCKYARD_CTRD_REST_H
#define DOCKYARD_CTRD_REST_H

#include <stdbool.h>
#include <stdint.h>

/* How often it is worth a look. */
#define CTRD_REST_SECONDS 5

struct ctrd_rest {
	int64_t cpu_ns; /* that the process had used at the last look */
	bool rested;    /* since it last did something */
};

/* Give back, if nothing was done since the last look, and something since the last time. */
void ctrd_rest(struct ctrd_rest *r);

#endif
