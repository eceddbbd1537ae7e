/*
 * rest.h - what a daemon gives back when it has nothing to do.
 */
#ifndef DOCKYARD_CTRD_REST_H
#define DOCKYARD_CTRD_REST_H

#include <signal.h>

/* Before the first thread: one heap for all of them. Threads come and go here with requests, and
 * malloc would give each of them, up to eight per processor, one of its own, of which every one
 * keeps the most that was ever needed at once. What they wait for is not malloc's lock. */
void ctrd_rest_share_heap(void);

/* The main thread's life: until one of the signals, which it returns, give back what the start needed, and then, now
 * and then, what work has. All threads have them blocked. */
int ctrd_rest_until(const sigset_t *signals);

#endif
