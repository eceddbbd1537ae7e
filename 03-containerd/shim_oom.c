/*
 * shim_oom.c - want of memory in the container, told when it happens.
 *
 * The kernel may kill any process of the container, not only its init: whoever
 * watches from outside would not see more than a shell that says "Killed". The group tells
 * (kern_cgroup_oom_watch), and what it told is remembered, in the shim for the next
 * containerd, and in exit.json for good.
 */
#include "shim.h"

#include <sys/epoll.h>

static void on_oom(void *owner, uint32_t events)
{
	struct shim *s = owner;

	(void)events;
	if (!kern_cgroup_oom_happened(s->oom.group, &s->oom.state))
		return;
	s->procs->oom_killed = true;
	shim_event(s, "oom", s->procs);
}

void shim_oom_watch(struct shim *s)
{
	struct err err;

	s->oom.group = s->cgroup ? kern_cgroup_open(s->cgroup, &err) : NULL;
	if (!s->oom.group)
		return;
	if (kern_cgroup_oom_watch(s->oom.group, &s->oom.state, &err)) {
		if (err.kind != ERR_UNSUPPORTED) /* no memory controller: nothing to watch */
			log_warn("%s", err.msg);
		return;
	}
	shim_watch_init(&s->oom.watch, s->oom.state.fd, on_oom, s);
	shim_watch_set(&s->loop, &s->oom.watch, EPOLLIN);
}

void shim_oom_ended(struct shim *s)
{
	struct shim_proc *init = s->procs;

	if (!s->oom.group)
		return;
	/* The end may be seen before the news of its cause. */
	if (!init->oom_killed && kern_cgroup_oom_kills(s->oom.group)) {
		init->oom_killed = true;
		shim_event(s, "oom", init);
	}
	shim_oom_close(s); /* before the group is removed, which would be news too */
}

void shim_oom_close(struct shim *s)
{
	shim_watch_close(&s->loop, &s->oom.watch);
	kern_cgroup_free(s->oom.group);
	s->oom.group = NULL;
}
