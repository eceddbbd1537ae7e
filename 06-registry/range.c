/*
 * range.c - numbers out of Range and Content-Range, by hand and with a limit:
 * strtoull would take signs and blanks and wrap around.
 */
#include "range.h"

#include <string.h>

/* Digits at *s; false where there are none or too many for a file's size. */
static bool number(const char **s, uint64_t *out)
{
	size_t n = strspn(*s, "0123456789");

	if (!n || n > 18)
		return false;
	*out = 0;
	while (n--)
		*out = *out * 10 + (uint64_t)(*(*s)++ - '0');
	return true;
}

static enum reg_range_answer suffix(const char *s, uint64_t size, struct reg_range *out)
{
	uint64_t last;

	if (!number(&s, &last) || *s)
		return REG_RANGE_WHOLE;
	if (!last || !size)
		return REG_RANGE_UNSATISFIED;
	out->count = last < size ? last : size;
	out->first = size - out->count;
	return REG_RANGE_PART;
}

enum reg_range_answer reg_range_parse(const char *header, uint64_t size, struct reg_range *out)
{
	uint64_t first, last = UINT64_MAX;
	const char *s;

	if (!header || strncmp(header, "bytes=", 6))
		return REG_RANGE_WHOLE;
	s = header + 6;
	if (*s == '-')
		return suffix(s + 1, size, out);
	if (!number(&s, &first) || *s++ != '-')
		return REG_RANGE_WHOLE;
	if (*s && (!number(&s, &last) || *s))
		return REG_RANGE_WHOLE;
	if (first >= size || last < first)
		return REG_RANGE_UNSATISFIED;
	if (last >= size)
		last = size - 1;
	*out = (struct reg_range){ first, last - first + 1 };
	return REG_RANGE_PART;
}

bool reg_chunk_parse(const char *header, struct reg_range *out)
{
	uint64_t first, last;

	if (!number(&header, &first) || *header++ != '-' || !number(&header, &last) || *header ||
	    last < first)
		return false;
	*out = (struct reg_range){ first, last - first + 1 };
	return true;
}
