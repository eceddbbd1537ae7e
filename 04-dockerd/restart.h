/*
 * restart.h - the restart policy: whether a container that ended is started
 * again, and how long after. A decision, nothing else; exit.c carries it out.
 */
#ifndef DOCKYARD_DOCKERD_RESTART_H
#define DOCKYARD_DOCKERD_RESTART_H

#include <jansson.h>
#include <stdbool.h>

#define RESTART_FIRST_MS 100
#define RESTART_LAST_MS 60000
#define RESTART_SETTLED_MS 10000 /* who ran that long starts afresh */

/* Started again after this exit? `restarts`: how often the policy did so already. */
bool dockerd_restart_wanted(const json_t *policy, int exit_code, bool stopped_by_hand,
			    int restarts);

/* Started when the daemon starts, although it was not running? */
bool dockerd_restart_at_boot(const json_t *policy, bool stopped_by_hand);

/* The wait before the next start: doubled each time up to a minute. `last`: the wait before
 * the run that has just ended, 0 if there was none. */
unsigned dockerd_restart_delay(unsigned last, long ran_ms);

#endif
