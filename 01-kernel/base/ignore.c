/*
 * ignore.c - see ignore.h.
 *
 * A pattern is matched without going back: `at[i]` tells whether what was read of the pattern so
 * far can have matched the path's first i characters. So no pattern takes long.
 */
#include "ignore.h"

#include <ctype.h>
#include <string.h>

/* --- one pattern --------------------------------------------------------------------------- */

/* [a-z], [^a-z]: `p` stands behind the bracket. Does c match? *end: behind the class; NULL where it
 * is not closed, and the bracket a character like others. */
static bool in_class(const char *p, char c, const char **end)
{
	bool negated = *p == '^' || *p == '!', found = false;

	p += negated;
	for (const char *first = p; *p && (*p != ']' || p == first); p++) {
		unsigned char low, high;

		if (*p == '\\' && p[1])
			p++;
		low = high = (unsigned char)*p;
		if (p[1] == '-' && p[2] && p[2] != ']') {
			p += 2;
			high = (unsigned char)*p;
		}
		found |= (unsigned char)c >= low && (unsigned char)c <= high;
	}
	*end = *p ? p + 1 : NULL;
	return found != negated && c != '/';
}

/* One character of the pattern other than a star against each of the path's. */
static const char *step_one(const char *p, const char *path, size_t n, bool *at)
{
	const char *next = p + 1, *end = NULL;
	char kind = *p;

	if (kind == '\\' && p[1])
		next = p + 2;
	if (kind == '[') {
		in_class(p + 1, 'x', &end);
		next = end ? end : next;
	}
	for (size_t i = n; i-- > 0;) {
		char c = path[i];
		bool ok = kind == '?' ? c != '/' : kind == '[' && end ? in_class(p + 1, c, &end)
			  : c == (kind == '\\' && p[1] ? p[1] : kind);

		at[i + 1] = at[i] && ok;
	}
	at[0] = false;
	return next;
}

/* "*": any characters but slashes. "**" in front of something: any number of "x/". */
static void step_star(const char *path, size_t n, bool *at, bool directories)
{
	bool before = false;

	for (size_t i = 0; i <= n; i++) {
		bool here = at[i];

		if (directories)
			at[i] = here || (before && i && path[i - 1] == '/');
		else
			at[i] = here || (i && path[i - 1] != '/' && at[i - 1]);
		before |= here;
	}
}

bool ignore_match(const char *pattern, const char *path)
{
	size_t n = strlen(path);
	AUTO_FREE bool *at = xcalloc(n + 1, sizeof *at);

	at[0] = true;
	while (*pattern) {
		if (*pattern != '*') {
			pattern = step_one(pattern, path, n, at);
			continue;
		}
		if (pattern[1] != '*') {
			step_star(path, n, at, false);
			pattern++;
			continue;
		}
		pattern += 2;
		pattern += *pattern == '/';
		if (!*pattern)
			return memchr(at, true, n + 1) != NULL;
		step_star(path, n, at, true);
	}
	return at[n];
}

/* --- a list of them ---------------------------------------------------------------------------- */

char *ignore_clean(const char *path)
{
	AUTO_FREE char *copy = xstrdup(path);
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	char *save = NULL;

	strbuf_adds(&out, "");
	for (char *w = strtok_r(copy, "/", &save); w; w = strtok_r(NULL, "/", &save)) {
		char *slash = strrchr(out.data, '/');

		if (!strcmp(w, "."))
			continue;
		if (!strcmp(w, "..")) {
			out.len = slash ? (size_t)(slash - out.data) : 0;
			out.data[out.len] = '\0';
			continue;
		}
		strbuf_addf(&out, "%s%s", out.len ? "/" : "", w);
	}
	return xstrdup(out.len ? out.data : ".");
}

/* Without blanks around it; the caller frees. */
static char *trimmed(const char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	n = strlen(s);
	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	return xstrndup(s, n);
}

void ignore_add(struct ignore *g, const char *pattern)
{
	AUTO_FREE char *text = trimmed(pattern);
	bool wanted = *text == '!';
	AUTO_FREE char *rest = trimmed(text + wanted);
	AUTO_FREE char *clean = ignore_clean(rest);

	if (!*rest && wanted)
		strlist_add(&g->patterns, "!"); /* matches nothing; ignore_wrong finds it */
	if (!*rest)
		return;
	strlist_addf(&g->patterns, "%s%s", wanted ? "!" : "", clean);
	g->exceptions |= wanted;
}

void ignore_add_lines(struct ignore *g, const char *text)
{
	if (str_starts(text, "\xef\xbb\xbf"))
		text += 3;
	while (*text) {
		size_t n = strcspn(text, "\n");
		AUTO_FREE char *line = xstrndup(text, n);

		if (*line != '#')
			ignore_add(g, line);
		text += n + (text[n] == '\n');
	}
}

static bool is_well_formed(const char *p)
{
	while (*p) {
		const char *end = p + 1;

		if (*p == '\\')
			end = p[1] ? p + 2 : NULL;
		else if (*p == '[')
			in_class(p + 1, 'x', &end);
		if (!end)
			return false;
		p = end;
	}
	return true;
}

const char *ignore_wrong(const struct ignore *g)
{
	for (size_t i = 0; i < g->patterns.n; i++) {
		const char *p = g->patterns.v[i];

		if (!strcmp(p, "!") || !is_well_formed(p + (*p == '!')))
			return p;
	}
	return NULL;
}

void ignore_free(struct ignore *g)
{
	strlist_free(&g->patterns);
	*g = (struct ignore){ 0 };
}

/* The path itself, or a directory on the way to it. */
static bool matches_way(const char *pattern, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		AUTO_FREE char *dir = xstrndup(path, (size_t)(slash - path));

		if (ignore_match(pattern, dir))
			return true;
	}
	return ignore_match(pattern, path);
}

bool ignore_chooses(const struct ignore *g, const char *path)
{
	bool chosen = false;

	for (size_t i = 0; i < g->patterns.n; i++) {
		const char *p = g->patterns.v[i];
		bool wanted = *p == '!';

		if (chosen == wanted && matches_way(p + wanted, path))
			chosen = !wanted;
	}
	return chosen;
}
