/*
 * lifecycle.h - the states of a container and the ways between them.
 *
 *     created ──start──▶ running ──exit──▶ exited ──start──▶ ...
 *                        │    ▲              │
 *                      pause unpause      (policy) restarting ──▶ running
 *                        ▼    │              │
 *                       paused            remove ──▶ gone
 *
 *   start.c   from the documents to a running task, and the undo of every step
 *   stop.c    signals, and waiting for what they do; pause
 *   exit.c    what happens when the process has ended; restart policy
 *   remove.c
 *
 * Functions ending in _locked want c->op held, the others take it (daemon.h).
 */
#ifndef DOCKYARD_DOCKERD_LIFECYCLE_H
#define DOCKYARD_DOCKERD_LIFECYCLE_H

#include "container.h"

/* *was_running (may be NULL): it was already, nothing was done. */
int dockerd_start(struct daemon *d, struct container *c, bool *was_running, struct err *err);
int dockerd_start_locked(struct daemon *d, struct container *c, struct err *err);

/* `seconds` < 0: wait for ever before SIGKILL. `sig` 0: the container's stop signal. */
int dockerd_stop(struct daemon *d, struct container *c, long seconds, int sig, bool *was_stopped,
		 struct err *err);
int dockerd_kill(struct daemon *d, struct container *c, int sig, struct err *err);
int dockerd_pause(struct daemon *d, struct container *c, bool pause, struct err *err);
/* How long stop waits, and with what it asks: from the container's Config. */
long dockerd_stop_timeout(const struct container *c);
int dockerd_stop_signal(const struct container *c);

/* Wait until it does not run (or, with ms >= 0, so long): false when it still does. */
bool dockerd_wait_stopped(struct daemon *d, struct container *c, long ms);

/* How a task ended, as containerd tells it. */
struct exit_info {
	int status;
	char at[TIME_TEXT_SIZE];
	bool oom_killed;
};
void dockerd_exit_from_json(const json_t *doc, struct exit_info *info);
/* Record the exit, give back what running needed, apply the restart policy. An exit that
 * is known already is ignored. */
void dockerd_exited(struct daemon *d, struct container *c, const struct exit_info *info);
void dockerd_exited_locked(struct daemon *d, struct container *c, const struct exit_info *info);
/* c->st.restarting is set: start it again after its delay, unless that is called off. */
void dockerd_restart_begin(struct daemon *d, struct container *c);

int dockerd_remove(struct daemon *d, struct container *c, bool force, bool volumes,
		   struct err *err);
int dockerd_remove_locked(struct daemon *d, struct container *c, bool volumes, struct err *err);

#endif
