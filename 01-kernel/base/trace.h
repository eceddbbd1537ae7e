/*
 * trace.h - what a box did for a request, and how long it took.
 *
 * Where the environment names a file in DOCKYARD_TRACE, every finished span is
 * one line appended to it in one write(2), from any box and any process:
 *
 *     <start, microseconds since 1970> TAB <duration, µs> TAB <box> TAB <what> LF
 *
 * The daemons hand the variable down (containerd -> shim -> runc), so one file
 * holds the way of a command through all boxes, and sort(1) puts it in order.
 * Without the variable a span costs one comparison.
 */
#ifndef DOCKYARD_TRACE_H
#define DOCKYARD_TRACE_H

#include <stdint.h>

struct trace_span {
	int64_t start_us; /* 0: tracing is off */
};

/* Read DOCKYARD_TRACE once, in main, before threads. */
void trace_setup(const char *box);

struct trace_span trace_begin(void);
void trace_end(const struct trace_span *span, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
