/*
 * console.h - the container's terminal.
 *
 * A terminal belongs to the container's own devpts, so init opens it, inside,
 * and sends the master's descriptor out through a unix socket to whoever will
 * read and write it ("--console-socket"; in the foreground that is runc itself).
 */
#ifndef DOCKYARD_RUNC_CONSOLE_H
#define DOCKYARD_RUNC_CONSOLE_H

#include "config.h"

/* Open a terminal of the devpts in `root`, send its master over `socket` and
 * make the other end our controlling terminal, stdin, stdout and stderr.
 * `bind`: also let /dev/console be it (a new container, not an exec). */
int runc_console_open(int root, int socket, const struct runc_process *p, bool bind,
		      struct err *err);

/* relay.c: stand between the user and a container in the foreground: bytes to
 * and from its terminal (`master`, -1: none), signals on to `pidfd`, until it
 * ends. `pid` is our child; *status is its exit status, 128+n for a signal. */
int runc_relay(pid_t pid, int pidfd, int master, int *status, struct err *err);
/* Signals that runc_relay forwards must be blocked before the child exists, or
 * one could come in between. The child resets its own mask. */
void runc_relay_prepare(void);

#endif
