/*
 * duration.c - "1h15m30.918s": numbers, each with a unit, as Go's programs take
 * them on their command lines.
 */
#include <string.h>

#include "01-kernel/base/strbuf.h"
#include "events.h"

static const struct { const char *name; double ns; } units[] = {
	{ "ns", 1 }, { "us", 1e3 }, { "µs", 1e3 }, { "μs", 1e3 }, /* U+00B5, U+03BC */
	{ "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 },
};

/* The unit at the beginning of the text: 0 if there is none. */
static double unit_at(const char *text, size_t *len)
{
	*len = strcspn(text, "0123456789.");
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strlen(units[i].name) == *len && !memcmp(text, units[i].name, *len))
			return units[i].ns;
	return 0;
}

int runc_duration_parse(const char *text, int64_t *ns)
{
	bool negative = *text == '-';
	double total = 0;

	text += *text == '-' || *text == '+';
	*ns = 0;
	if (!strcmp(text, "0"))
		return 0;
	do {
		size_t digits = strspn(text, "0123456789."), len;
		char *end;
		double n = strtod(text, &end), unit = unit_at(text + digits, &len);

		if (!digits || end != text + digits || unit == 0)
			return -1;
		total += n * unit;
		text += digits + len;
	} while (*text);
	if (total > 9e18)
		return -1;
	*ns = (int64_t)(negative ? -total : total);
	return 0;
}
