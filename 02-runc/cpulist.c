/*
 * cpulist.c - see cpulist.h.
 */
#include "cpulist.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"

/* A number at *p, which moves behind it; -1 if there is none or it is too big. */
static long number(const char **p)
{
	size_t digits = strspn(*p, DIGITS);
	long n = digits && digits < 10 ? strtol(*p, NULL, 10) : -1;

	*p += digits;
	return n < CPU_SETSIZE ? n : -1;
}

/* "7" or "0-3" in the n bytes at p. */
static int add_element(const char *p, size_t n, cpu_set_t *set, struct err *err)
{
	const char *end = p + n, *at = p;
	long from = number(&at), to = from;

	if (at < end && *at == '-') {
		at++;
		to = number(&at);
	}
	if (at != end || from < 0 || to < from)
		return err_set(err, ERR_INVALID, "'%.*s' is neither a number up to %d nor a range",
			       (int)n, p, CPU_SETSIZE - 1);
	for (; from <= to; from++)
		CPU_SET((size_t)from, set);
	return 0;
}

int runc_cpulist_parse(const char *text, cpu_set_t *set, struct err *err)
{
	const char *whole = text;

	CPU_ZERO(set);
	while (*text) {
		size_t length = strcspn(text, ","), n = length, blank = strspn(text, " \t");

		for (; n > blank && strchr(" \t", text[n - 1]); n--)
			;
		if (n > blank && add_element(text + blank, n - blank, set, err))
			return -1;
		text += length + (text[length] == ',');
	}
	return CPU_COUNT(set) ? 0 : err_set(err, ERR_INVALID, "no number in '%s'", whole);
}
