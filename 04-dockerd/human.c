/*
 * human.c - see human.h.
 */
#include "human.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/strbuf.h"

#define LATEST 9000000000ll /* the year 2255; int64_t nanoseconds reach a little further */

char *dockerd_human_duration(time_t s)
{
	long long hours = (s + 1800) / 3600; /* rounded, as the CLI's are */

	if (s < 1)
		return xstrdup("Less than a second");
	if (s == 1)
		return xstrdup("1 second");
	if (s < 60)
		return xasprintf("%lld seconds", (long long)s);
	if (s / 60 == 1)
		return xstrdup("About a minute");
	if (s / 60 < 60)
		return xasprintf("%lld minutes", (long long)s / 60);
	if (hours == 1)
		return xstrdup("About an hour");
	if (hours < 48)
		return xasprintf("%lld hours", hours);
	if (hours < 24 * 7 * 2)
		return xasprintf("%lld days", hours / 24);
	if (hours < 24 * 30 * 2)
		return xasprintf("%lld weeks", hours / 24 / 7);
	if (hours < 24 * 365 * 2)
		return xasprintf("%lld months", hours / 24 / 30);
	return xasprintf("%lld years", hours / 24 / 365);
}

/* ".123" at *p to nanoseconds, moving *p behind it. */
static long fraction(const char **p)
{
	long ns = 0;

	if (**p != '.')
		return 0;
	(*p)++;
	for (long unit = 100000000; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
		ns += (**p - '0') * unit;
	return ns;
}

int dockerd_parse_timespec(const char *text, struct timespec *out)
{
	struct tm tm = { 0 };
	const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int h = 0, m = 0, end = 0;

	if (!p)
		return -1;
	out->tv_nsec = fraction(&p);
	out->tv_sec = timegm(&tm);
	if (out->tv_sec > LATEST)
		return -1;
	if (!strcmp(p, "Z"))
		return 0;
	if ((*p != '+' && *p != '-') || sscanf(p + 1, "%2d:%2d%n", &h, &m, &end) != 2 || p[1 + end])
		return -1;
	out->tv_sec += (*p == '+' ? -1 : 1) * (h * 3600 + m * 60);
	return 0;
}

time_t dockerd_parse_time(const char *text)
{
	struct timespec t;

	return dockerd_parse_timespec(text, &t) ? 0 : t.tv_sec;
}

/* Seconds since 1970 with a fraction; -1 when it is none, or so far off that it does not
 * fit into nanoseconds. */
static int parse_seconds(const char *text, struct timespec *out)
{
	char *end;
	const char *p;

	out->tv_sec = strtoll(text, &end, 10);
	p = end;
	out->tv_nsec = fraction(&p);
	return p == text || *p || out->tv_sec < 0 || out->tv_sec > LATEST ? -1 : 0;
}

int dockerd_parse_when(const char *text, struct timespec *out, struct err *err)
{
	struct timespec t = { 0 };

	if (!text || !*text)
		return 0;
	if (dockerd_parse_timespec(text, &t) && parse_seconds(text, &t))
		return err_set(err, ERR_INVALID, "invalid time '%s': expected RFC 3339 or seconds",
			       text);
	*out = t;
	return 0;
}

/* Go's durations: "1h30m", "24h", "10s". -1: it is none. */
static int parse_duration(const char *text, double *seconds)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = { { "ms", 0.001 }, { "us", 1e-6 }, { "ns", 1e-9 }, { "h", 3600 }, { "m", 60 }, { "s", 1 } };
	const char *p = text;

	*seconds = 0;
	while (*p >= '0' && *p <= '9') {
		char *end;
		double n = strtod(p, &end);
		size_t i = 0;

		while (i < sizeof units / sizeof *units &&
		       strncmp(end, units[i].unit, strlen(units[i].unit)))
			i++;
		if (i == sizeof units / sizeof *units)
			return -1;
		*seconds += n * units[i].seconds;
		p = end + strlen(units[i].unit);
	}
	return p == text || *p ? -1 : 0;
}

int dockerd_parse_ago(const char *text, struct timespec *out, struct err *err)
{
	double ago;

	if (parse_duration(text, &ago))
		return dockerd_parse_when(text, out, err);
	*out = (struct timespec){ time(NULL) - (time_t)ago, 0 };
	return 0;
}
