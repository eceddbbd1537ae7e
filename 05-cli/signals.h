/*
 * signals.h - signals as file descriptors, and their names in the API.
 *
 * While a container is attached, every signal that the CLI gets is the
 * container's ("sig-proxy"), and SIGWINCH is a new window size. All are blocked
 * and read from a signalfd(2), so the one poll loop sees them in order.
 */
#ifndef DOCKYARD_CLI_SIGNALS_H
#define DOCKYARD_CLI_SIGNALS_H

#include <stdbool.h>

#include "01-kernel/base/err.h"

/* The fd (O_CLOEXEC, non-blocking) on which signals arrive from now on: SIGWINCH
 * alone, or with `proxy` all that a container can be sent. */
int cli_signals_open(bool proxy, struct err *err);
void cli_signals_close(int fd);

/* The next signal, or 0 when there is none. */
int cli_signals_next(int fd);

/* "TERM" for SIGTERM, "RTMIN+3"; NULL for a number that has no name. */
const char *cli_signal_name(int signal, char buf[16]);

#endif
