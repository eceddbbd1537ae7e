/*
 * cpulist.h - numbers as people write them: "0-3,7", for processors and for
 * memory nodes (cpuset(7), "List format").
 */
#ifndef DOCKYARD_RUNC_CPULIST_H
#define DOCKYARD_RUNC_CPULIST_H

#include <sched.h>

#include "01-kernel/base/err.h"

/* Spaces around an element and empty elements are let pass, as runc does; a
 * number must be below CPU_SETSIZE. A list without a number is ERR_INVALID. */
int runc_cpulist_parse(const char *text, cpu_set_t *set, struct err *err);

#endif
