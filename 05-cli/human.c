/*
 * human.c - see human.h.
 */
#include "human.h"

#include <stdio.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, WEEK = 7 * DAY, MONTH = 30 * DAY, YEAR = 365 * DAY };

const char *cli_human_duration(int64_t seconds, char out[CLI_HUMAN_SIZE])
{
	/* Up to this many seconds, counted in this unit. The rest are years. */
	static const struct {
		int64_t below, unit;
		const char *name;
	} steps[] = {
		{ MINUTE, 1, "seconds" }, { HOUR, MINUTE, "minutes" }, { 48 * HOUR, HOUR, "hours" },
		{ 2 * WEEK, DAY, "days" }, { 2 * MONTH, WEEK, "weeks" }, { 2 * YEAR, MONTH, "months" },
	};
	int64_t hours = (seconds + HOUR / 2) / HOUR; /* hours are rounded, the rest is cut off */

	if (seconds < 1)
		snprintf(out, CLI_HUMAN_SIZE, "Less than a second");
	else if (seconds == 1)
		snprintf(out, CLI_HUMAN_SIZE, "1 second");
	else if (seconds >= MINUTE && seconds < 2 * MINUTE)
		snprintf(out, CLI_HUMAN_SIZE, "About a minute");
	else if (seconds >= HOUR && hours == 1)
		snprintf(out, CLI_HUMAN_SIZE, "About an hour");
	else if (seconds >= HOUR && hours < 48)
		snprintf(out, CLI_HUMAN_SIZE, "%lld hours", (long long)hours);
	else {
		snprintf(out, CLI_HUMAN_SIZE, "%lld years", (long long)(seconds / YEAR));
		for (size_t i = sizeof steps / sizeof *steps; i-- > 0;)
			if (seconds < steps[i].below)
				snprintf(out, CLI_HUMAN_SIZE, "%lld %s",
					 (long long)(seconds / steps[i].unit), steps[i].name);
	}
	return out;
}

static const char *size_text(double bytes, double base, const char *const *units, int last, int digits,
			     char out[CLI_HUMAN_SIZE])
{
	int i = 0;

	while (bytes >= base && i < last) {
		bytes /= base;
		i++;
	}
	snprintf(out, CLI_HUMAN_SIZE, "%.*g%s", digits, bytes, units[i]);
	return out;
}

const char *cli_human_size(double bytes, int digits, char out[CLI_HUMAN_SIZE])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB" };

	return size_text(bytes, 1000, units, 8, digits, out);
}

const char *cli_human_binary(double bytes, char out[CLI_HUMAN_SIZE])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB" };

	return size_text(bytes, 1024, units, 8, 4, out);
}

const char *cli_human_time(time_t when, char out[CLI_HUMAN_SIZE])
{
	struct tm tm;

	if (!localtime_r(&when, &tm) || !strftime(out, CLI_HUMAN_SIZE, "%Y-%m-%d %H:%M:%S %z %Z", &tm))
		out[0] = 0;
	return out;
}

const char *cli_human_date(time_t when, char out[CLI_HUMAN_SIZE])
{
	char zone[16] = "", clock[24] = "";
	struct tm tm = { 0 };

	if (localtime_r(&when, &tm)) {
		strftime(clock, sizeof clock, "%Y-%m-%dT%H:%M:%S", &tm);
		strftime(zone, sizeof zone, "%z", &tm);
	}
	if (tm.tm_gmtoff)
		snprintf(out, CLI_HUMAN_SIZE, "%s%.3s:%.2s", clock, zone, zone + 3);
	else
		snprintf(out, CLI_HUMAN_SIZE, "%sZ", clock);
	return out;
}
