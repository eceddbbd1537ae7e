/*
 * trace.h - what each box did for a command, how long that took, and for whom.
 *
 * A trace is the way of one command through all boxes. Who asks for it (docker --trace)
 * makes its id, which then travels with every request, in the one line that the W3C's
 * Trace Context has for that:
 *
 *     traceparent: 00-<trace: 32 hex digits>-<span: 16>-01
 *
 *     docker ──header──▶ dockerd ──header──▶ containerd ──in the request──▶ shim ──environment──▶ runc
 *       ▲                  │ ▲                 │ ▲   ▲ ▲                      │ ▲                   │
 *       └── GET /trace/ID ─┘ └ GET /v1/trace/ID ┘   │ └──── in the answer ────┘ └────── a file ─────┘
 *                                     registry ─────┘ Server-Timing
 *
 * What a thread does in a trace is a span, under the span that asked for it. Finished, it is
 * one line of text, which is what all of these bring back:
 *
 *     <start, µs since 1970> TAB <duration, µs> TAB <box> TAB <what> TAB
 *     <trace> TAB <span> TAB <parent> TAB <process> TAB <thread> LF
 *
 * The lines are kept in memory, of bounded size, for some minutes (trace_keep.c): so a
 * traceparent from anybody costs a daemon little, and nothing is written anywhere for it.
 *
 * The operator has another way, which needs nobody to ask: where DOCKYARD_TRACE names a file in
 * a daemon's environment, all its spans are appended to it. Outside of a trace such a line
 * ends after <what>.
 *
 * With neither, a span costs two comparisons: no clock is read and nothing allocated.
 */
#ifndef DOCKYARD_TRACE_H
#define DOCKYARD_TRACE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "strbuf.h"

/* Where in which trace: {0} is in none. */
struct trace_context {
	uint64_t trace[2]; /* the id's halves */
	uint64_t span;     /* the one that what is done now belongs to */
};

struct trace_span {
	int64_t start_ns; /* since 1970; 0: nothing is recorded */
	uint64_t parent;
	struct trace_context own;
};

/* --- set up in main, before threads ------------------------------------------------------- */

/* `box` names the program in each line. Opens what DOCKYARD_TRACE says. */
void trace_setup(const char *box);
/* This process keeps its spans for trace_collect; without it a trace passes through. */
void trace_keep(void);
/* For a program that does one thing: do it in the trace that TRACEPARENT in the environment
 * names, if DOCKYARD_TRACE says where its spans go. trace_write then appends them all to that
 * file, with those of a child that was cloned meanwhile. */
void trace_join(void);
void trace_write(void);
/* Record nothing from here on: whoever may not even ask for the time, under a filter of system
 * calls, and whose descriptors are somebody else's. */
void trace_stop(void);

/* --- spans ----------------------------------------------------------------------------------- */

extern __thread struct trace_context trace_now; /* read it; trace_switch changes it */
extern int trace_file;                          /* DOCKYARD_TRACE's, or -1 */

static inline bool trace_active(void)
{
	return (trace_now.trace[0] | trace_now.trace[1]) != 0;
}

struct trace_span trace_begin_now(bool above);

/* Until trace_end, what this thread begins is under the new span. It may end in another thread. */
static inline struct trace_span trace_begin(void)
{
	return trace_active() || trace_file >= 0 ? trace_begin_now(true) : (struct trace_span){ 0 };
}

/* The same, in a trace only: too small a matter for the operator. */
static inline struct trace_span trace_detail_begin(void)
{
	return trace_active() ? trace_begin_now(true) : (struct trace_span){ 0 };
}

void trace_end(struct trace_span *span, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* For a span that a failure ends early: it is recorded as that. */
#define AUTO_SPAN AUTO(trace_fail)
void trace_fail(struct trace_span *span);

/* A system call: recorded in a trace only, as the kernel's, with what it answered (errno stays
 * as it is). Nothing is under it. */
static inline struct trace_span trace_call_begin(void)
{
	return trace_active() ? trace_begin_now(false) : (struct trace_span){ 0 };
}

void trace_call_end_now(const struct trace_span *span, long answer, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A macro so that the words for flags and descriptors are not looked for where nobody asked. */
#define trace_call_end(span, answer, ...) \
	((span)->start_ns ? trace_call_end_now(span, answer, __VA_ARGS__) : (void)0)

/* What another box has done and has just said how long it took for: a part of ours, if `within`
 * is not NULL. */
void trace_told(const struct trace_span *within, const char *box, int64_t took_ns,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* --- contexts ---------------------------------------------------------------------------------- */

/* A new trace, which this thread then works in. */
void trace_new(void);
/* Work in another one, {0} in none, and return the one before. */
struct trace_context trace_switch(struct trace_context to);
/* pthread_create(3) of a thread that goes on with what this one does. */
int trace_thread(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);

/* A traceparent from outside. False, and {0}: it is none, or does not ask for recording. */
bool trace_parse(const char *text, struct trace_context *out);

#define TRACE_TEXT_SIZE 56
/* This thread's traceparent; "" outside of a trace. */
const char *trace_text(char out[TRACE_TEXT_SIZE]);

#define TRACE_ID_SIZE 33
const char *trace_id_text(const uint64_t id[2], char out[TRACE_ID_SIZE]);
bool trace_id_parse(const char *text, uint64_t id[2]);

/* --- what is kept -------------------------------------------------------------------------------- */

/* Append the lines of the trace that are kept. Waits, so many milliseconds at most, for spans
 * that have not ended yet. */
void trace_collect(const uint64_t id[2], int patience_ms, struct strbuf *out);
/* The same of this thread's trace, at once; they are then forgotten. */
void trace_take(struct strbuf *out);
/* Keep lines of this thread's trace that came from elsewhere; others are left out. */
void trace_import(const char *lines, size_t n);

#endif
