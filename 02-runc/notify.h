/*
 * notify.h - SCMP_ACT_NOTIFY: system calls that an agent outside decides.
 *
 * With such a rule seccomp(2) returns a descriptor, the listener, from which the
 * calls are read and to which their results are written (seccomp_unotify(2)).
 * It exists only in the process that the filter binds, and must get out of it
 * ("Seccomp" and "The Container Process State" in config-linux.md):
 *
 *     init            loads; hands the listener to the runtime       WORD_LISTENER
 *     the runtime     sends it on to the agent at `listenerPath`,
 *                     with what there is to say of the process
 *     the runtime     tells init to go on                            WORD_GO
 *
 * The same happens for every process that `exec` adds: each has a filter, and a
 * listener, of its own.
 */
#ifndef DOCKYARD_RUNC_NOTIFY_H
#define DOCKYARD_RUNC_NOTIFY_H

#include "seccomp.h"
#include "state.h"
#include "sync.h"

/* Init's side: load the filter. If it has a listener, returns when the agent has it,
 * and nobody else. */
int runc_notify_load(const struct runc_filter *f, int sync, struct err *err);

/* Whose listener it is. */
struct runc_notify {
	const struct runc_filter *filter;
	const json_t *seccomp; /* the container's profile */
	const struct runc_state *state;
	enum runc_status status;
	pid_t pid, init; /* the same for init itself */
};

/* The runtime's side: runc_sync_hear, with the listener sent on if one comes first. */
int runc_notify_hear(int sync, const struct runc_notify *whose, enum runc_word *word,
		     struct err *err);

#endif
