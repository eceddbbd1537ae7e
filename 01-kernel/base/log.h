/*
 * log.h - what a daemon or a command tells its operator, a line a time.
 *
 * One write(2) per line, so lines of several threads and processes do not mix.
 * Set up once in main, before threads; read-only afterwards.
 */
#ifndef DOCKYARD_LOG_H
#define DOCKYARD_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* How a line looks: "WHEN LEVEL BOX: message"; an object of JSON; or logfmt, time="…"
 * level=… msg="…", which is what runc's callers look for. */
enum log_format { LOG_TEXT, LOG_JSON, LOG_LOGFMT };

/* `box` names the program in each line. `fd` stays the caller's (2 by default). */
void log_setup(const char *box, int fd, enum log_level level, enum log_format format);

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* Append s as a part of a line: what would end it, or tell the operator's terminal to do
 * something, as "\n" or "\x1b". Names and messages of somebody else's are in many a line. */
struct strbuf;
void log_plain(struct strbuf *sb, const char *s);
/* The bytes of the UTF-8 sequence that s begins with; 0 if it is none (RFC 3629: not
 * cut off, not longer than needed, no surrogate, not above U+10FFFF). */
size_t log_utf8_length(const char *s);

/* The time as RFC 3339 with nanoseconds in UTC ("2026-01-02T03:04:05.000000006Z"),
 * as the log, the events, the API and state.json all want it. */
#define TIME_TEXT_SIZE 72 /* as far as a compiler can see; 31 for any year of four digits */
struct timespec;
const char *time_text(const struct timespec *when, char out[TIME_TEXT_SIZE]);
const char *time_now_text(char out[TIME_TEXT_SIZE]);

/* How long things take: CLOCK_MONOTONIC, in nanoseconds. */
int64_t time_steady_ns(void);

#endif
