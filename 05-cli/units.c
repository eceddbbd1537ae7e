/*
 * units.c - see units.h.
 */
#include "units.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "01-kernel/base/words.h"

/* strtod also reads "0x10", "inf" and "nan", which are no numbers to people. */
static bool decimal(const char *text, const char **end, double *out)
{
	const char *p = text + strspn(text, "0123456789.");
	size_t digits = strspn(text, "0123456789.");
	char *stop;
	bool hex = digits == 1 && *text == '0' && (*p == 'x' || *p == 'X');

	if (!digits || (digits == 1 && *text == '.') || hex)
		return false;
	*out = strtod(text, &stop);
	*end = stop;
	return stop > text;
}

int cli_parse_bytes(const char *text, int64_t *out, struct err *err)
{
	static const char units[] = "kmgtp";
	const char *end, *unit;
	double n;
	int power = 0;

	if (!decimal(text, &end, &n))
		return err_set(err, ERR_INVALID, "invalid size: '%s'", text);
	const char *suffix = *end == ' ' ? end + 1 : end;
	const char *rest = suffix;
	if (*rest && (unit = strchr(units, tolower((unsigned char)*rest)))) {
		power = (int)(unit - units) + 1;
		rest++;
		if (!strncasecmp(rest, "ib", 2))
			rest++;
	}
	if (tolower((unsigned char)*rest) == 'b')
		rest++;
	if (*rest)
		return err_set(err, ERR_INVALID, "invalid suffix: '%s'", suffix);
	n = ldexp(n, 10 * power);
	if (n >= 9223372036854775808.0)
		return err_set(err, ERR_INVALID, "invalid size: '%s'", text);
	*out = (int64_t)n;
	return 0;
}

/* "1/3" has no exact value in billionths and is refused; "1/4" has one. */
int cli_parse_cpus(const char *text, int64_t *out, struct err *err)
{
	const char *end = text + (*text == '-' || *text == '+');
	double n, d = 1;
	bool good = decimal(end, &end, &n);

	if (good && *end == '/')
		good = decimal(end + 1, &end, &d) && d != 0;
	if (!good || *end || n / d > 1e9)
		return err_set(err, ERR_INVALID, "failed to parse %s as a rational number", text);
	n = n / d * 1e9;
	if (fabs(n - nearbyint(n)) > 1e-3)
		return err_set(err, ERR_INVALID, "value is too precise");
	*out = (int64_t)nearbyint(*text == '-' ? -n : n);
	return 0;
}

int cli_parse_int(const char *text, int64_t *out, struct err *err)
{
	const char *digits = text + (*text == '-' || *text == '+');
	int base = 10;
	char *end;

	if (*digits == '0' && digits[1]) {
		int mark = tolower((unsigned char)digits[1]);
		base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
		digits += base != 8 || mark == 'o' ? 2 : 1;
	}
	errno = 0;
	if (!isxdigit((unsigned char)*digits))
		return err_set(err, ERR_INVALID, "strconv.ParseInt: parsing \"%s\": invalid syntax",
			       text);
	long long n = strtoll(digits, &end, base);
	if (*end)
		return err_set(err, ERR_INVALID, "strconv.ParseInt: parsing \"%s\": invalid syntax",
			       text);
	if (errno)
		return err_set(err, ERR_INVALID,
			       "strconv.ParseInt: parsing \"%s\": value out of range", text);
	*out = *text == '-' ? -n : n;
	return 0;
}

int cli_parse_bool(const char *text, bool *out, struct err *err)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True", NULL };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False", NULL };

	*out = words_have(yes, text);
	if (*out || words_have(no, text))
		return 0;
	return err_set(err, ERR_INVALID, "strconv.ParseBool: parsing \"%s\": invalid syntax", text);
}

bool cli_is_address(const char *text)
{
	struct in6_addr ignored;

	return inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, &ignored) == 1;
}

/* ---- durations ----------------------------------------------------------- */

struct unit {
	const char *name;
	double ns;
};
static const struct unit duration_units[] = {
	{ "ns", 1 }, { "us", 1e3 }, { "µs", 1e3 }, { "ms", 1e6 },
	{ "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 },
};

static const struct unit *find_unit(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof duration_units / sizeof *duration_units; i++)
		if (strlen(duration_units[i].name) == len &&
		    !strncmp(duration_units[i].name, name, len))
			return &duration_units[i];
	return NULL;
}

int cli_parse_duration(const char *text, int64_t *out, struct err *err)
{
	const char *p = text + (*text == '-' || *text == '+');
	double total = 0, n;

	if (!strcmp(p, "0")) {
		*out = 0;
		return 0;
	}
	do {
		if (!decimal(p, &p, &n))
			return err_set(err, ERR_INVALID, "time: invalid duration \"%s\"", text);
		size_t len = strcspn(p, "0123456789.");
		const struct unit *unit = find_unit(p, len);
		if (!len)
			return err_set(err, ERR_INVALID, "time: missing unit in duration \"%s\"", text);
		if (!unit)
			return err_set(err, ERR_INVALID, "time: unknown unit \"%.*s\" in duration \"%s\"",
				       (int)len, p, text);
		total += n * unit->ns;
		p += len;
	} while (*p);
	if (total >= 9.2e18)
		return err_set(err, ERR_INVALID, "time: invalid duration \"%s\"", text);
	*out = (int64_t)(*text == '-' ? -total : total);
	return 0;
}

/* ---- moments ------------------------------------------------------------- */

/* A date, perhaps a time, perhaps a fraction, perhaps a zone; without a zone
 * it is local time, as the person at the keyboard means it. */
static bool parse_date(const char *text, struct timespec *out)
{
	static const char *const formats[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H",
					       "%Y-%m-%d" };
	const char *p = NULL;
	struct tm tm;
	int hours, minutes;

	for (size_t i = 0; !p && i < sizeof formats / sizeof *formats; i++) {
		tm = (struct tm){ .tm_isdst = -1 };
		p = strptime(text, formats[i], &tm);
	}
	if (!p)
		return false;
	out->tv_nsec = 0;
	if (*p == '.' && isdigit((unsigned char)p[1])) {
		double fraction = strtod(p, (char **)&p);
		out->tv_nsec = (long)nearbyint(fraction * 1e9) % 1000000000;
	}
	if (!*p) {
		out->tv_sec = mktime(&tm);
		return true;
	}
	out->tv_sec = timegm(&tm);
	if (!strcmp(p, "Z"))
		return true;
	if ((*p != '+' && *p != '-') || strlen(p) != 6 || sscanf(p + 1, "%2d:%2d", &hours, &minutes) != 2)
		return false;
	out->tv_sec -= (*p == '-' ? -60 : 60) * (hours * 60 + minutes);
	return true;
}

int cli_parse_moment(const char *text, const struct timespec *now, char out[40], struct err *err)
{
	struct timespec t = { 0 };
	struct err ignored;
	int64_t ns;
	size_t digits = strspn(text, "0123456789");

	if (digits && digits < 19 && (!text[digits] || text[digits] == '.') &&
	    strspn(text + digits, ".0123456789") == strlen(text + digits)) {
		t.tv_sec = atoll(text);
		t.tv_nsec = text[digits] ? (long)nearbyint(atof(text + digits) * 1e9) : 0;
	} else if (!cli_parse_duration(text, &ns, &ignored)) {
		t.tv_sec = now->tv_sec - (time_t)(ns / 1000000000);
		t.tv_nsec = now->tv_nsec - (long)(ns % 1000000000);
		t.tv_sec += t.tv_nsec < 0 ? -1 : t.tv_nsec >= 1000000000 ? 1 : 0;
		t.tv_nsec = (t.tv_nsec + 1000000000) % 1000000000;
	} else if (!parse_date(text, &t)) {
		return err_set(err, ERR_INVALID, "failed to parse value as time or duration: \"%s\"", text);
	}
	snprintf(out, 40, "%lld.%09ld", (long long)t.tv_sec, t.tv_nsec);
	return 0;
}
