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

/* Before the first thread: one heap for all of them. Threads come and go here with requests, and
 * malloc would give each of them, up to eight per processor, one of its own, of which every one
 * keeps the most that was ever needed at once. What they wait for is not malloc's lock. */
void ctrd_rest_share_heap(void);

/* Give back, if nothing was done since the last look, and something since the last time. */
void ctrd_rest(struct ctrd_rest *r);

#endif
