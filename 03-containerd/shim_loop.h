/*
 * shim_loop.h - the shim's one thread: descriptors, timers, and nothing else.
 *
 * A watch is a descriptor and what to do when it is ready. The loop takes one
 * event at a time from epoll(7), so a callback may close and free any watch,
 * its own too: there is no list of stale events behind it.
 */
#ifndef DOCKYARD_CTRD_SHIM_LOOP_H
#define DOCKYARD_CTRD_SHIM_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "01-kernel/base/err.h"

struct shim_watch {
	int fd; /* -1: none */
	bool armed;
	uint32_t events;
	void (*ready)(void *owner, uint32_t events);
	void *owner;
};

struct shim_timer {
	int64_t at_ms; /* on CLOCK_MONOTONIC; 0: not set */
	void (*fire)(void *owner);
	void *owner;
	struct shim_timer *next;
};

struct shim_loop {
	int epfd;
	bool stop;
	struct shim_timer *timers;
};

int shim_loop_init(struct shim_loop *l, struct err *err);
void shim_loop_run(struct shim_loop *l); /* until l->stop */

/* Prepare a watch; takes over the descriptor. Nothing is waited for yet. */
void shim_watch_init(struct shim_watch *w, int fd, void (*ready)(void *owner, uint32_t events),
		     void *owner);
/* Wait for these EPOLL* events. With none of them the kernel still reports EPOLLHUP
 * and EPOLLERR, for ever: whoever does not act on those calls shim_watch_pause. */
void shim_watch_set(struct shim_loop *l, struct shim_watch *w, uint32_t events);
void shim_watch_pause(struct shim_loop *l, struct shim_watch *w);
void shim_watch_close(struct shim_loop *l, struct shim_watch *w); /* and close the descriptor */

/* Call fire(owner) once, in `ms` milliseconds; set again, it moves. */
void shim_timer_set(struct shim_loop *l, struct shim_timer *t, int ms, void (*fire)(void *owner),
		    void *owner);
void shim_timer_cancel(struct shim_loop *l, struct shim_timer *t);
int64_t shim_now_ms(void);

#endif
