/*
 * human.h - times and sizes as Docker words them.
 */
#ifndef DOCKYARD_CLI_HUMAN_H
#define DOCKYARD_CLI_HUMAN_H

#include <stdint.h>
#include <time.h>

#define CLI_HUMAN_SIZE 40

/* "Less than a second", "About a minute", "3 weeks". */
const char *cli_human_duration(int64_t seconds, char out[CLI_HUMAN_SIZE]);

/* "1.98MB": powers of 1000, `digits` significant ones. "1.982MB" with 4. */
const char *cli_human_size(double bytes, int digits, char out[CLI_HUMAN_SIZE]);

/* "23.54GiB": powers of 1024, four significant digits. */
const char *cli_human_binary(double bytes, char out[CLI_HUMAN_SIZE]);

/* "2024-01-01 00:00:00 +0000 UTC", in the local zone. */
const char *cli_human_time(time_t when, char out[CLI_HUMAN_SIZE]);

/* "2024-01-01T00:00:00+01:00", RFC 3339 in the local zone. */
const char *cli_human_date(time_t when, char out[CLI_HUMAN_SIZE]);

#endif
