/*
 * intelrdt_schema.c - the lines of resctrl's `schemata` files.
 *
 *     L3:0=7f0;1=1f        of cache 0 the portions in this mask (hexadecimal)
 *     MB:0=20;1=70         of the bandwidth behind cache 0 this much
 *
 * What is read back is not what was written: padded, sorted, without leading zeros.
 */
#include <stdlib.h>
#include <string.h>

#include "intelrdt.h"

static void add_line(struct strbuf *sb, const char *line, size_t n)
{
	if (n)
		strbuf_addf(sb, "%.*s\n", (int)n, line);
}

/* A line about bandwidth within l3CacheSchema does not count. */
static void add_l3(struct strbuf *sb, const char *l3)
{
	for (size_t n; l3 && *l3; l3 += n + (l3[n] == '\n')) {
		n = strcspn(l3, "\n");
		if (!str_starts(l3, "MB:"))
			add_line(sb, l3, n);
	}
}

char *runc_rdt_schemata(const struct runc_rdt *r, bool only_listed)
{
	struct strbuf sb = STRBUF_INIT;

	if (!only_listed) {
		add_l3(&sb, r->l3);
		if (r->mb)
			add_line(&sb, r->mb, strlen(r->mb));
	}
	for (const char **s = r->schemata; s && *s; s++)
		add_line(&sb, *s, strlen(*s));
	return strbuf_steal(&sb);
}

/* The value for cache `id` in a line behind its colon. */
static bool value_of(const char *line, unsigned long id, int base, unsigned long long *value)
{
	const char *end = line + strcspn(line, "\n");

	while (line < end) {
		char *equals;
		unsigned long found = strtoul(line, &equals, 10);

		if (equals == line || *equals != '=')
			return false;
		*value = strtoull(equals + 1, &equals, base);
		if (found == id)
			return true;
		line = equals + (*equals == ';');
		if (line != equals + 1)
			return false;
	}
	return false;
}

/* The line of `existing` for the same resource as `line`, behind its colon. */
static const char *same_resource(const char *existing, const char *line)
{
	size_t n = strcspn(line, ":");

	while (*existing) {
		existing += strspn(existing, " ");
		if (strcspn(existing, ":") == n && !strncmp(existing, line, n))
			return existing + n + 1;
		existing += strcspn(existing, "\n");
		existing += *existing == '\n';
	}
	return NULL;
}

static bool line_matches(const char *line, const char *existing)
{
	const char *theirs = same_resource(existing, line), *p = line + strcspn(line, ":") + 1;
	int base = str_starts(line, "MB:") ? 10 : 16;

	if (!theirs || !strchr(line, ':'))
		return false;
	while (*p && *p != '\n') {
		unsigned long long want, have;
		unsigned long id = strtoul(p, NULL, 10);

		if (!value_of(p, id, base, &want) || !value_of(theirs, id, base, &have) ||
		    want != have)
			return false;
		p += strcspn(p, ";\n");
		p += *p == ';';
	}
	return true;
}

bool runc_rdt_schemata_match(const struct runc_rdt *r, const char *existing)
{
	struct runc_rdt named = { .l3 = r->l3, .mb = r->mb };
	AUTO_FREE char *lines = runc_rdt_schemata(&named, false);

	for (const char *p = lines; *p; p += strcspn(p, "\n") + 1)
		if (!line_matches(p, existing))
			return false;
	return true;
}
