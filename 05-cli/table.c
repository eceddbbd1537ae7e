/*
 * table.c - see table.h.
 */
#include "table.h"

#include <string.h>

#define PADDING 3

struct line {
	const char *text;
	size_t len;
};

size_t cli_text_width(const char *text, size_t n)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80; /* not a continuation byte */
	return width;
}

char *cli_text_ellipsis(const char *text, size_t max)
{
	size_t seen = 0;

	if (cli_text_width(text, strlen(text)) <= max)
		return xstrdup(text);
	if (!max)
		return xstrdup("");
	for (size_t i = 0;; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80 && seen++ == max - 1)
			return xasprintf("%.*s…", (int)i, text);
}

/* The cell at `column`, when a tab ends it. */
static const char *cell(const struct line *line, size_t column, size_t *len)
{
	const char *p = line->text, *end = p + line->len;

	for (;; column--) {
		const char *tab = memchr(p, '\t', (size_t)(end - p));
		if (!tab)
			return NULL;
		*len = (size_t)(tab - p);
		if (!column)
			return p;
		p = tab + 1;
	}
}

/* A column as it is for a block of lines, up to but not including `end`. */
struct column {
	size_t width, end;
};

/* The block that begins with line `at`: the lines that have the column too. */
static struct column measure(const struct line *lines, size_t n, size_t at, size_t column,
			     size_t min_width)
{
	struct column c = { min_width, at };
	const char *text;
	size_t len;

	for (; c.end < n && (text = cell(&lines[c.end], column, &len)); c.end++)
		if (cli_text_width(text, len) + PADDING > c.width)
			c.width = cli_text_width(text, len) + PADDING;
	return c;
}

static void print_line(const struct line *lines, size_t n, size_t at, struct column *columns,
		       size_t max_columns, size_t min_width, struct strbuf *out)
{
	const char *rest = lines[at].text, *text;
	size_t len;

	for (size_t i = 0; i < max_columns && (text = cell(&lines[at], i, &len)); i++) {
		if (at >= columns[i].end)
			columns[i] = measure(lines, n, at, i, min_width);
		strbuf_add(out, text, len);
		strbuf_addf(out, "%*s", (int)(columns[i].width - cli_text_width(text, len)), "");
		rest = text + len + 1;
	}
	strbuf_add(out, rest, (size_t)(lines[at].text + lines[at].len - rest));
	strbuf_addc(out, '\n');
}

void cli_table_layout(const char *text, size_t min_width, struct strbuf *out)
{
	size_t n = 0, feeds = 0, tabs = 0;

	for (const char *p = text; *p; p++) {
		feeds += *p == '\n';
		tabs += *p == '\t';
	}
	AUTO_FREE struct line *lines = xcalloc(feeds + 1, sizeof *lines);
	AUTO_FREE struct column *columns = xcalloc(tabs + 1, sizeof *columns);
	for (const char *p = text; *p; n++) {
		lines[n] = (struct line){ p, strcspn(p, "\n") };
		p += lines[n].len + (p[lines[n].len] == '\n');
	}
	for (size_t i = 0; i < n; i++)
		print_line(lines, n, i, columns, tabs, min_width, out);
}
