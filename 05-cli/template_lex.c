/*
 * template_lex.c - the constants of a template, as Go writes them.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "template_private.h"

int template_line_of(const struct parser *p, const char *at)
{
	int line = 1;

	for (const char *c = p->text; c < at; c++)
		line += *c == '\n';
	return line;
}

void template_fail(struct parser *p, const char *fmt, ...)
{
	char reason[256];
	va_list ap;

	if (p->failed)
		return;
	p->failed = true;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof reason, fmt, ap);
	va_end(ap);
	err_set(p->err, ERR_INVALID, "template: :%d: %s", template_line_of(p, p->p), reason);
}

/* ---- characters ---------------------------------------------------------- */

long template_character(const char *text, size_t *n)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t len = *c >= 0xf0 ? 4 : *c >= 0xe0 ? 3 : *c >= 0xc0 ? 2 : 1;
	long point = len == 1 ? *c : *c & (0x7f >> len);

	*n = 1;
	for (size_t i = 1; i < len; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return *c;
		point = point << 6 | (c[i] & 0x3f);
	}
	*n = len;
	return point;
}

void template_add_character(struct strbuf *sb, long point)
{
	if (point < 0 || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		point = 0xfffd; /* the one that stands for what is none */
	if (point < 0x80) {
		strbuf_addc(sb, (char)point);
		return;
	}
	int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
	strbuf_addc(sb, (char)((0xff00 >> (more + 1) & 0xff) | point >> 6 * more));
	while (more-- > 0)
		strbuf_addc(sb, (char)(0x80 | (point >> 6 * more & 0x3f)));
}

/* What follows a backslash: \n, \x41, \u00e9, \101. -1 when it is nothing of Go's. */
static long escape(struct parser *p, char quote, bool *byte)
{
	static const char simple[] = "a\ab\bf\fn\nr\rt\tv\v\\\\";
	char c = p->p < p->stop ? *p->p++ : 0;
	size_t n = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : strchr("01234567", c) ? 3 : 0;
	char digits[9];

	*byte = n == 2 || n == 3;
	for (size_t i = 0; simple[i]; i += 2)
		if (simple[i] == c)
			return simple[i + 1];
	if (c == quote && c)
		return c;
	if (!n || !c)
		return -1;
	p->p -= n == 3; /* the first digit was taken */
	snprintf(digits, sizeof digits, "%.*s", (int)n, p->p);
	if (strspn(digits, n == 3 ? "01234567" : "0123456789abcdefABCDEF") != n)
		return -1;
	p->p += n;
	return strtol(digits, NULL, n == 3 ? 8 : 16);
}

/* One character of a constant, escaped or not, appended. */
static bool take_character(struct parser *p, char quote, struct strbuf *sb, long *point)
{
	bool byte = false;
	size_t n;

	if (*p->p != '\\' || quote == '`') {
		*point = template_character(p->p, &n);
		strbuf_add(sb, p->p, n);
		p->p += n;
		return true;
	}
	p->p++;
	*point = escape(p, quote, &byte);
	if (*point < 0 || (byte && *point > 0xff))
		return false;
	if (byte)
		strbuf_addc(sb, (char)*point);
	else
		template_add_character(sb, *point);
	return true;
}

json_t *template_string(struct parser *p)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	char quote = *p->p++;
	long point;

	strbuf_reserve(&sb, 1);
	while (p->p < p->stop && *p->p != quote)
		if (!take_character(p, quote, &sb, &point)) {
			template_fail(p, "invalid syntax");
			return NULL;
		}
	if (p->p >= p->stop) {
		template_fail(p, "unterminated %squoted string", quote == '"' ? "" : "raw ");
		return NULL;
	}
	p->p++;
	json_t *value = json_stringn(sb.data, sb.len);
	if (!value)
		template_fail(p, "a string that is not UTF-8");
	return value;
}

/* 'a': its number. */
json_t *template_char(struct parser *p)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	const char *start = p->p++;
	long point = 0;

	if (p->p >= p->stop || *p->p == '\'' || !take_character(p, '\'', &sb, &point)) {
		template_fail(p, "invalid syntax");
		return NULL;
	}
	if (p->p < p->stop && *p->p == '\'') {
		p->p++;
		return json_integer(point);
	}
	const char *end = memchr(p->p, '\'', (size_t)(p->stop - p->p));
	if (end)
		template_fail(p, "malformed character constant: %.*s", (int)(end + 1 - start), start);
	else
		template_fail(p, "unterminated character constant");
	return NULL;
}

/* ---- numbers ------------------------------------------------------------- */

/* 1_000, 0x10, 0b11, 0o17, 017. */
static bool whole(const char *text, json_int_t *value)
{
	const char *digits = text + (strchr("+-", *text) ? 1 : 0);
	bool minus = *text == '-', marked = digits[0] == '0' && digits[1];
	int base = !marked ? 10 : strchr("bB", digits[1]) ? 2 : strchr("oO", digits[1]) ? 8 : strchr("xX", digits[1]) ? 16 : 8;
	char *end;

	if (marked && strchr("bBoOxX", digits[1]))
		digits += 2;
	errno = 0;
	unsigned long long number = strtoull(digits, &end, base);
	if (*end || !*digits || *digits == '-')
		return false;
	if (number > (unsigned long long)LLONG_MAX + minus)
		errno = ERANGE;
	*value = minus ? (json_int_t)(0 - number) : (json_int_t)number;
	return true;
}

json_t *template_number(struct parser *p)
{
	char text[64];
	size_t n = strspn(p->p, "+-0123456789.eExXoObBabcdefABCDEF_"), used = 0;
	json_int_t number;
	char *end;

	for (size_t i = 0; i < n && used + 1 < sizeof text; i++)
		if (p->p[i] != '_')
			text[used++] = p->p[i];
	text[used] = 0;
	if (whole(text, &number)) {
		if (errno)
			template_fail(p, "integer overflow: \"%s\"", text);
		p->p += n;
		return json_integer(number);
	}
	errno = 0;
	double real = strtod(text, &end);
	json_t *value = *end || errno == ERANGE ? NULL : json_real(real);
	if (!value)
		template_fail(p, "illegal number syntax: \"%s\"", text);
	p->p += n;
	return value;
}
