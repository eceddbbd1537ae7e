/*
 * shim_loop.c - see shim_loop.h.
 */
#include "shim_loop.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "01-kernel/base/log.h"

int shim_loop_init(struct shim_loop *l, struct err *err)
{
	*l = (struct shim_loop){ .epfd = epoll_create1(EPOLL_CLOEXEC) };
	return l->epfd < 0 ? err_sys(err, "epoll_create1") : 0;
}

int64_t shim_now_ms(void)
{
	return time_steady_ns() / 1000000;
}

void shim_watch_init(struct shim_watch *w, int fd, void (*ready)(void *owner, uint32_t events),
		     void *owner)
{
	*w = (struct shim_watch){ .fd = fd, .ready = ready, .owner = owner };
}

void shim_watch_set(struct shim_loop *l, struct shim_watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	if (w->fd < 0 || (w->armed && w->events == events))
		return;
	if (epoll_ctl(l->epfd, w->armed ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, w->fd, &ev)) {
		struct err err;

		err_sys(&err, "epoll_ctl on descriptor %d", w->fd);
		log_error("%s", err.msg);
		return;
	}
	w->armed = true;
	w->events = events;
}

void shim_watch_pause(struct shim_loop *l, struct shim_watch *w)
{
	if (w->armed)
		epoll_ctl(l->epfd, EPOLL_CTL_DEL, w->fd, NULL);
	w->armed = false;
}

void shim_watch_close(struct shim_loop *l, struct shim_watch *w)
{
	/* Not left to close(2): while a child that is being spawned shares the
	 * open file, epoll would go on reporting it (epoll(7), questions). */
	shim_watch_pause(l, w);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

void shim_timer_cancel(struct shim_loop *l, struct shim_timer *t)
{
	struct shim_timer **p = &l->timers;

	while (*p && *p != t)
		p = &(*p)->next;
	if (*p)
		*p = t->next;
	t->at_ms = 0;
}

void shim_timer_set(struct shim_loop *l, struct shim_timer *t, int ms, void (*fire)(void *owner),
		    void *owner)
{
	struct shim_timer **p = &l->timers;

	shim_timer_cancel(l, t);
	*t = (struct shim_timer){ shim_now_ms() + ms, fire, owner, NULL };
	while (*p && (*p)->at_ms <= t->at_ms)
		p = &(*p)->next;
	t->next = *p;
	*p = t;
}

/* Fire what is due; the milliseconds until the next one, -1 if there is none. */
static int run_timers(struct shim_loop *l)
{
	while (l->timers) {
		struct shim_timer *t = l->timers;
		int64_t left = t->at_ms - shim_now_ms();

		if (left > 0)
			return (int)left;
		l->timers = t->next;
		t->at_ms = 0;
		t->fire(t->owner);
	}
	return -1;
}

void shim_loop_run(struct shim_loop *l)
{
	while (!l->stop) {
		struct epoll_event ev;
		int wait = run_timers(l);

		if (!l->stop && epoll_wait(l->epfd, &ev, 1, wait) == 1) {
			struct shim_watch *w = ev.data.ptr;

			w->ready(w->owner, ev.events);
		}
	}
}
