/*
 * units.h - numbers as people type them: sizes, CPUs, durations, addresses.
 */
#ifndef DOCKYARD_CLI_UNITS_H
#define DOCKYARD_CLI_UNITS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "01-kernel/base/err.h"

/* "64m", "1.5GiB", "512": bytes. Units are powers of 1024, in either case,
 * with or without "b" or "ib". */
int cli_parse_bytes(const char *text, int64_t *out, struct err *err);

/* "0.5", "1/3", "2": billionths of a CPU. More than nine decimals are refused. */
int cli_parse_cpus(const char *text, int64_t *out, struct err *err);

/* "300ms", "1m30s", "1.5h": nanoseconds, as Go's time.ParseDuration reads it. */
int cli_parse_duration(const char *text, int64_t *out, struct err *err);

/* A whole number in decimal (or 0x, 0o, 0b), as Go's strconv.ParseInt says it. */
int cli_parse_int(const char *text, int64_t *out, struct err *err);

/* true, false, t, F, 1, 0 ...: what Go's strconv.ParseBool takes. */
int cli_parse_bool(const char *text, bool *out, struct err *err);

/* An IPv4 or an IPv6 address, and nothing else with it? */
bool cli_is_address(const char *text);

/* A moment for --since and --until: Unix seconds, RFC 3339 (parts of it), or a
 * duration ("10m": that long before `now`). Written as "seconds.nanoseconds". */
int cli_parse_moment(const char *text, const struct timespec *now, char out[40], struct err *err);

#endif
