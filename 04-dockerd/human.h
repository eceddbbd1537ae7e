/*
 * human.h - times as people and the API write them.
 */
#ifndef DOCKYARD_DOCKERD_HUMAN_H
#define DOCKYARD_DOCKERD_HUMAN_H

#include <time.h>

#include "01-kernel/base/err.h"

/* "Less than a second", "About a minute", "3 weeks": the words of docker ps. */
char *dockerd_human_duration(time_t seconds);

/* RFC 3339 ("2026-01-02T03:04:05.6Z", "…+02:00") to seconds since 1970; 0 if it is none. */
time_t dockerd_parse_time(const char *text);
int dockerd_parse_timespec(const char *text, struct timespec *out); /* 0 or -1 */

/* The API's since/until: RFC 3339, or seconds since 1970 with up to nine decimals.
 * Empty or NULL leaves *out alone. */
int dockerd_parse_when(const char *text, struct timespec *out, struct err *err);
/* The same, or how long ago ("24h"), as filters have it. */
int dockerd_parse_ago(const char *text, struct timespec *out, struct err *err);

#endif
