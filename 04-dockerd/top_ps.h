/*
 * top_ps.h - the processes of a container as the host's ps shows them, for `docker top` with
 * arguments of ps.
 */
#ifndef DOCKYARD_DOCKERD_TOP_PS_H
#define DOCKYARD_DOCKERD_TOP_PS_H

#include <jansson.h>

#include "01-kernel/base/err.h"

/* pids: [{"pid"}]. {"Titles","Processes"}, new; or NULL. */
json_t *dockerd_top_ps(const char *args, const json_t *pids, struct err *err);

/* Take ps's output, which is cut up, apart; those lines that are about one of the pids. New. */
json_t *dockerd_top_parse(char *output, const json_t *pids, struct err *err);
/* Would ps show as PID what is something else? */
int dockerd_top_check(const char *args, struct err *err);

#endif
