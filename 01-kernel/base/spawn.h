/*
 * spawn.h - another program in a child process: with the standard streams that it is given, and
 * none of our signal settings, which it would hand down to what it starts.
 */
#ifndef DOCKYARD_SPAWN_H
#define DOCKYARD_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

/* argv[0] is looked for as execvp(3) does. env NULL: our own environment. -1 in stdio: /dev/null. `mortal`: it is killed when the
 * thread that calls this ends (PR_SET_PDEATHSIG). The caller reaps *pid. */
int spawn_program(char *const *argv, char *const *env, const int stdio[3], bool mortal, pid_t *pid,
		  struct err *err);

/* waitpid(2), past the signals that interrupt it; 0, or -1 with errno. NULL: how it ended does not matter. */
int spawn_wait(pid_t pid, int *status);

#endif
