/*
 * trace_private.h - between the spans (trace.c) and the memory that keeps them (trace_keep.c).
 */
#ifndef DOCKYARD_TRACE_PRIVATE_H
#define DOCKYARD_TRACE_PRIVATE_H

#include "trace.h"

/* All of them return at once in a process that keeps nothing. */
void trace_keep_open(const uint64_t id[2]);   /* a span has begun */
void trace_keep_closed(const uint64_t id[2]); /* and ended */
void trace_keep_line(const uint64_t id[2], const char *line, size_t n);

#endif
