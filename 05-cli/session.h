/*
 * session.h - this terminal is the container's: run, start -a, attach, exec -it.
 *
 * One loop carries bytes both ways between stdin, stdout, stderr and the
 * daemon's connection, and minds what happens meanwhile:
 *
 *   input     raw bytes; its end closes the container's stdin (half-close)
 *   output    with a terminal, raw; without, framed (demux.h)
 *   SIGWINCH  the new size is told to the daemon
 *   signals   are sent on to the container
 *   detach    the keys end the session and leave the container
 *
 * With a terminal on both sides, ours is set to raw mode, so that the
 * container's does the echoing, the line editing and the ctrl-C; it is set
 * back before anything else is printed.
 */
#ifndef DOCKYARD_CLI_SESSION_H
#define DOCKYARD_CLI_SESSION_H

#include "cli.h"
#include "conn.h"

struct cli_session {
	struct cli *cli;
	struct cli_conn *conn;
	bool tty;           /* the container has a terminal */
	bool input;         /* carry stdin */
	bool output;        /* anything comes back: a session without ends with stdin */
	const char *keys;   /* to detach, NULL: the usual */
	const char *object; /* "containers" or "exec": whose window it is */
	const char *id;
	bool proxy;         /* signals go on to the container */
	int signals;        /* from cli_session_signals, -1: none */
	int interrupts;     /* of them, so far, that ask to end */
	bool detached;      /* result: the keys were typed */
};

/* docker's refusal: -t without a terminal on stdin. */
int cli_session_check_tty(bool input, bool tty, struct err *err);

/* Catch signals from here on, so that none is lost before the loop runs. */
int cli_session_signals(struct cli_session *s, struct err *err);

/* Make a program that is already there draw itself again: its window grows by
 * one, and cli_session_run sets it right, which the program sees as a change. */
void cli_session_nudge(struct cli_session *s);

/* Carry until the stream ends or the keys are typed. */
int cli_session_run(struct cli_session *s, struct err *err);

/* Wait for the container's end on a connection opened by cli_session_watch:
 * its exit status in *status. Signals are still sent on. */
int cli_session_watch(struct cli_session *s, struct cli_conn *wait, bool removed, struct err *err);
int cli_session_wait(struct cli_session *s, struct cli_conn *wait, int *status, struct err *err);

void cli_session_end(struct cli_session *s);

#endif
