/*
 * config_read.c - from a file to a document (runc_config_read).
 *
 * jansson reads JSON, refuses what is not UTF-8, and stops at 2048 levels. Two things
 * are ours. It has no type for integers between 2^63 and 2^64, which Docker writes for
 * "no limit"; those are put in quotes first. And it builds a tree of which "{}," takes
 * a hundred times the three bytes that it is in the file, so that values are counted
 * before a single one is made.
 */
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "config.h"

#define VALUES_MAX (1u << 17) /* a container takes some hundred; this many, some 100 MB */

#define DIGITS "0123456789"
#define NUMBER DIGITS "+-.eE" /* what a number of JSON is made of */

/* An integer above INT64_MAX, if the n letters at p are all of it. */
static bool too_big(const char *p, size_t n)
{
	return n >= 19 && *p != '0' && strspn(p, DIGITS) >= n &&
	       (n > 19 || strncmp(p, "9223372036854775807", n) > 0);
}

/* Only the odd document has one: the others are parsed as they are. */
static bool has_big_number(const char *text)
{
	size_t n;

	for (const char *p = text; (p = strpbrk(p, DIGITS)); p += n) {
		n = strspn(p, DIGITS);
		if (too_big(p, n))
			return true;
	}
	return false;
}

/* With both quotation marks. An escaped character cannot end the string. */
static size_t string_length(const char *p)
{
	const char *s = p + 1;

	for (s += strcspn(s, "\"\\"); *s == '\\' && s[1]; s += strcspn(s, "\"\\"))
		s += 2;
	return (size_t)(s - p) + (*s != '\0');
}

/* The length of what stands next: a string, a number, or all up to the next of these. */
static size_t piece_length(const char *p)
{
	size_t n = *p == '"' ? string_length(p) : strspn(p, NUMBER);

	return n ? n : strcspn(p, "\"" NUMBER);
}

static void quote_big_numbers(const char *p, struct strbuf *out)
{
	for (size_t n; *p; p += n) {
		n = piece_length(p);
		if (too_big(p, n))
			strbuf_addf(out, "\"%.*s\"", (int)n, p);
		else
			strbuf_add(out, p, n);
	}
}

/* Before each value but the first stands one of these. */
static size_t count_marks(const char *p, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += p[i] == ',' || p[i] == '[' || p[i] == '{';
	return count;
}

static bool too_many_values(const char *text, size_t len)
{
	size_t count = 0;

	if (count_marks(text, len) < VALUES_MAX)
		return false;
	/* Once more, and this time not within strings. */
	for (size_t n; *text; text += n) {
		n = piece_length(text);
		if (*text != '"')
			count += count_marks(text, n);
	}
	return count >= VALUES_MAX;
}

json_t *runc_config_read(int dirfd, const char *path, char **text, struct err *err)
{
	AUTO_STRBUF struct strbuf raw = STRBUF_INIT, quoted = STRBUF_INIT;
	json_t *doc;

	if (!strcmp(path, "-") ? file_read_fd(STDIN_FILENO, &raw, RUNC_CONFIG_LIMIT, err)
			       : file_read(dirfd, path, &raw, RUNC_CONFIG_LIMIT, err))
		return NULL;
	if (memchr(raw.data, '\0', raw.len)) {
		err_set(err, ERR_INVALID, "%s: contains a NUL byte", path);
		return NULL;
	}
	if (too_many_values(raw.data, raw.len)) {
		err_set(err, ERR_INVALID, "%s: has more than %u values", path, VALUES_MAX);
		return NULL;
	}
	if (has_big_number(raw.data)) {
		strbuf_reserve(&quoted, raw.len + 64);
		quote_big_numbers(raw.data, &quoted);
		doc = jsonx_parse(quoted.data, quoted.len, path, err);
	} else {
		doc = jsonx_parse(raw.data, raw.len, path, err);
	}
	if (doc && text)
		*text = strbuf_steal(&raw);
	return doc;
}
