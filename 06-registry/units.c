/*
 * units.c - a number and at most one letter.
 */
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	char letter; /* in lower case; the row without one ends the table */
	uint64_t factor;
};

static bool parse(const char *text, const struct unit *units, uint64_t *out)
{
	char *end;
	unsigned long long n;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	n = strtoull(text, &end, 10);
	while (units->letter && units->letter != tolower((unsigned char)*end))
		units++;
	if (units->letter)
		end++;
	return !errno && !*end && !__builtin_mul_overflow(n, units->factor, out);
}

int reg_size_parse(const char *text, uint64_t *bytes, struct err *err)
{
	static const struct unit units[] = { { 'k', 1ull << 10 }, { 'm', 1ull << 20 },
					     { 'g', 1ull << 30 }, { 't', 1ull << 40 }, { 0, 1 } };

	if (parse(text, units, bytes) && *bytes)
		return 0;
	return err_set(err, ERR_INVALID, "\"%.50s\" is not a size (such as 512M or 20G)", text);
}

int reg_seconds_parse(const char *text, uint64_t *seconds, struct err *err)
{
	static const struct unit units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 },
					     { 'd', 24 * 3600 }, { 0, 1 } };

	/* Past a thousand years it is a mistake, and would overflow what is counted with it. */
	if (parse(text, units, seconds) && *seconds < 1000ull * 366 * 24 * 3600 &&
	    (!*seconds || !isdigit((unsigned char)text[strlen(text) - 1])))
		return 0;
	return err_set(err, ERR_INVALID, "\"%.50s\" is not a time (such as 30m, 24h or 7d)", text);
}
