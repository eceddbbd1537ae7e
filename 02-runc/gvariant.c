/*
 * gvariant.c - see gvariant.h.
 *
 * The text is read twice. The first time finds the signature; in it, N is a number
 * whose type is not known yet, and ? the element that an empty array lacks. The
 * second time writes the values, each as the signature says.
 */
#include "gvariant.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dbus.h"

#define DEPTH_LIMIT 16
#define NUMBERS "ynqiuxtd"

static const struct {
	const char *word;
	char type;
} keywords[] = {
	{ "boolean", 'b' }, { "byte", 'y' }, { "int16", 'n' }, { "uint16", 'q' },
	{ "int32", 'i' }, { "uint32", 'u' }, { "int64", 'x' }, { "uint64", 't' },
	{ "double", 'd' }, { "string", 's' },
};

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t\n\r\f\v");
}

/* How long the word is that begins here: a keyword, or a number. */
static size_t word_length(const char *p)
{
	size_t n = 0;

	while (isalnum((unsigned char)p[n]) || (p[n] && strchr("+-.", p[n])))
		n++;
	return n;
}

static bool is_word(const char *p, const char *word)
{
	return word_length(p) == strlen(word) && !strncmp(p, word, strlen(word));
}

/* The type that a keyword here announces, and where the value begins; else 0. */
static char take_keyword(const char **p)
{
	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		if (is_word(*p, keywords[i].word)) {
			*p = skip_space(*p + strlen(keywords[i].word));
			return keywords[i].type;
		}
	return '\0';
}

static int unreadable(struct err *err, const char *p)
{
	return *p ? err_set(err, ERR_INVALID, "cannot understand '%.32s'", p)
		  : err_set(err, ERR_INVALID, "it ends too early");
}

/* ---- types --------------------------------------------------------------- */

/* Where the one complete type that begins here ends; NULL if that is none. */
static const char *type_end(const char *s, int depth)
{
	if (!*s || depth > DEPTH_LIMIT)
		return NULL;
	if (*s == 'a')
		return type_end(s + 1, depth + 1);
	if (*s != '(' || s[1] == ')')
		return strchr(NUMBERS "bsN?", *s) ? s + 1 : NULL;
	for (s++; s && *s != ')';)
		s = type_end(s, depth + 1);
	return s ? s + 1 : NULL;
}

/* The type that is both: what one leaves open, the other may know. */
static bool unify(struct strbuf *type, const char *other)
{
	AUTO_STRBUF struct strbuf both = STRBUF_INIT;
	const char *a = type->data, *b = other;

	while (a && b && *a && *b) {
		if (*a == '?' || *b == '?') {
			const char *known = *a == '?' ? b : a, *end = type_end(known, 0);

			strbuf_add(&both, known, end ? (size_t)(end - known) : 0);
			a = *a == '?' ? a + 1 : end;
			b = *b == '?' ? b + 1 : end;
			continue;
		}
		if (*a != *b && !(*a == 'N' && strchr(NUMBERS, *b)) &&
		    !(*b == 'N' && strchr(NUMBERS, *a)))
			return false;
		strbuf_addc(&both, *a == 'N' ? *b : *a);
		a++;
		b++;
	}
	if (!a || !b || *a || *b)
		return false;
	strbuf_clear(type);
	strbuf_adds(type, both.data);
	return true;
}

/* "@as" in front of a value. */
static int take_type(const char **p, struct strbuf *type, struct err *err)
{
	const char *end = type_end(*p + 1, 0);

	if (!end)
		return unreadable(err, *p);
	strbuf_add(type, *p + 1, (size_t)(end - *p - 1));
	if (strpbrk(type->data, "N?"))
		return unreadable(err, *p);
	*p = skip_space(end);
	return 0;
}

/* ---- strings ------------------------------------------------------------- */

/* Between quotes of either kind. */
static int take_string(const char **p, struct strbuf *out, struct err *err)
{
	static const char escapes[] = "abfnrtv", meant[] = "\a\b\f\n\r\t\v";
	const char quote = *(*p)++, *e;

	while (**p && **p != quote) {
		char c = *(*p)++;

		if (c != '\\') {
			strbuf_addc(out, c);
			continue;
		}
		c = **p;
		if (!c)
			break;
		++*p;
		if (c == 'u' || c == 'U') /* JSON has its own way to write any character */
			return unreadable(err, *p - 2);
		e = strchr(escapes, c);
		strbuf_addc(out, e ? meant[e - escapes] : c);
	}
	if (!**p)
		return err_set(err, ERR_INVALID, "a string without an end");
	++*p;
	return 0;
}

/* ---- the first reading --------------------------------------------------- */

static int infer(const char **p, struct strbuf *type, int depth, struct err *err);

/* Past the comma after an item, or to the closing bracket. */
static int next_item(const char **p, char close, struct err *err)
{
	*p = skip_space(*p);
	if (**p == ',')
		*p = skip_space(*p + 1);
	else if (**p != close)
		return unreadable(err, *p);
	return 0;
}

static int infer_array(const char **p, struct strbuf *type, int depth, struct err *err)
{
	AUTO_STRBUF struct strbuf element = STRBUF_INIT, next = STRBUF_INIT;

	strbuf_addc(&element, '?');
	for (*p = skip_space(*p + 1); **p != ']';) {
		if (infer(p, &next, depth + 1, err))
			return -1;
		if (!unify(&element, next.data))
			return err_set(err, ERR_INVALID, "an array of different types");
		if (next_item(p, ']', err))
			return -1;
	}
	++*p;
	strbuf_addf(type, "a%s", element.data);
	return 0;
}

static int infer_struct(const char **p, struct strbuf *type, int depth, struct err *err)
{
	AUTO_STRBUF struct strbuf next = STRBUF_INIT;

	strbuf_addc(type, '(');
	for (*p = skip_space(*p + 1); **p != ')';) {
		if (infer(p, &next, depth + 1, err))
			return -1;
		strbuf_adds(type, next.data);
		if (next_item(p, ')', err))
			return -1;
	}
	++*p;
	strbuf_addc(type, ')');
	return type->len > 2 ? 0 : err_set(err, ERR_INVALID, "an empty struct");
}

static int infer_word(const char **p, struct strbuf *type, struct err *err)
{
	size_t n = word_length(*p), sign = **p == '-' || **p == '+';
	bool hex = !strncasecmp(*p + sign, "0x", 2);

	if (is_word(*p, "true") || is_word(*p, "false"))
		strbuf_addc(type, 'b');
	else if (is_word(*p + sign, "inf") || is_word(*p + sign, "nan") ||
		 (isdigit((unsigned char)(*p)[sign]) && !hex && strcspn(*p, ".eE") < n))
		strbuf_addc(type, 'd');
	else if (isdigit((unsigned char)(*p)[sign]))
		strbuf_addc(type, 'N');
	else
		return unreadable(err, *p);
	*p += n;
	return 0;
}

/* A value whose type stands before it. */
static int infer_as(const char **p, struct strbuf *type, int depth, struct err *err)
{
	AUTO_STRBUF struct strbuf found = STRBUF_INIT;

	if (infer(p, &found, depth + 1, err))
		return -1;
	return unify(type, found.data) ? 0 : err_set(err, ERR_INVALID, "a value that is not of the type "
						     "'%s' that it is given", type->data);
}

static int infer(const char **p, struct strbuf *type, int depth, struct err *err)
{
	AUTO_STRBUF struct strbuf ignored = STRBUF_INIT;
	char given;

	strbuf_clear(type);
	if (depth > DEPTH_LIMIT)
		return err_set(err, ERR_INVALID, "too many levels");
	switch (**p) {
	case '@':
		return take_type(p, type, err) ? -1 : infer_as(p, type, depth, err);
	case '[':
		return infer_array(p, type, depth, err);
	case '(':
		return infer_struct(p, type, depth, err);
	case '\'':
	case '"':
		strbuf_addc(type, 's');
		return take_string(p, &ignored, err);
	}
	given = take_keyword(p);
	if (!given)
		return infer_word(p, type, err);
	strbuf_addc(type, given);
	return infer_as(p, type, depth, err);
}

/* The type of the one value in `text`; an undecided number is an int32. */
static int infer_all(const char *text, struct strbuf *type, struct err *err)
{
	const char *p = skip_space(text);

	if (infer(&p, type, 0, err))
		return -1;
	p = skip_space(p);
	if (*p)
		return unreadable(err, p);
	for (char *t = type->data; *t; t++)
		*t = *t == 'N' ? 'i' : *t;
	if (strchr(type->data, '?'))
		return err_set(err, ERR_INVALID, "an empty array without a type (@as [])");
	return 0;
}

/* ---- the second reading -------------------------------------------------- */

static int take_number(const char **p, char type, uint64_t *out, struct err *err)
{
	static const struct {
		char type;
		int64_t min;
		uint64_t max;
	} ranges[] = {
		{ 'y', 0, UINT8_MAX }, { 'n', INT16_MIN, INT16_MAX }, { 'q', 0, UINT16_MAX },
		{ 'i', INT32_MIN, INT32_MAX }, { 'u', 0, UINT32_MAX },
		{ 'x', INT64_MIN, INT64_MAX }, { 't', 0, UINT64_MAX },
	};
	size_t n = word_length(*p), r = 0;
	char *end;
	double d;

	errno = 0;
	if (type == 'd') {
		d = strtod(*p, &end);
		memcpy(out, &d, sizeof d);
	} else {
		while (ranges[r].type != type)
			r++;
		*out = **p == '-' ? (uint64_t)strtoll(*p, &end, 0) : strtoull(*p, &end, 0);
		if (**p == '-' ? (int64_t)*out < ranges[r].min : *out > ranges[r].max)
			errno = ERANGE;
	}
	if (errno || end != *p + n)
		return err_set(err, ERR_INVALID, "'%.*s' is not a number of type '%c'", (int)n, *p, type);
	*p = end;
	return 0;
}

static int put(struct strbuf *body, const char **p, const char *type, struct err *err);

static int put_array(struct strbuf *body, const char **p, const char *type, struct err *err)
{
	struct runc_dbus_array array = runc_dbus_open_array(body, type[1]);

	for (*p = skip_space(*p + 1); **p != ']';)
		if (put(body, p, type + 1, err) || next_item(p, ']', err))
			return -1;
	++*p;
	runc_dbus_close_array(body, array);
	return 0;
}

static int put_struct(struct strbuf *body, const char **p, const char *type, struct err *err)
{
	runc_dbus_put_struct(body);
	*p = skip_space(*p + 1);
	for (type++; *type != ')'; type = type_end(type, 0))
		if (put(body, p, type, err) || next_item(p, ')', err))
			return -1;
	++*p;
	return 0;
}

static int put(struct strbuf *body, const char **p, const char *type, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	uint64_t number;

	if (**p == '@')
		*p = skip_space(type_end(*p + 1, 0));
	else
		take_keyword(p);
	switch (*type) {
	case 'a':
		return put_array(body, p, type, err);
	case '(':
		return put_struct(body, p, type, err);
	case 's':
		if (take_string(p, &text, err))
			return -1;
		runc_dbus_put_text(body, 's', text.data ? text.data : "");
		return 0;
	case 'b':
		runc_dbus_put_number(body, 'b', **p == 't');
		*p += word_length(*p);
		return 0;
	default:
		if (take_number(p, *type, &number, err))
			return -1;
		runc_dbus_put_number(body, *type, number);
		return 0;
	}
}

int runc_gvariant_put(struct strbuf *body, const char *text, struct err *err)
{
	AUTO_STRBUF struct strbuf type = STRBUF_INIT;
	const char *p = skip_space(text);

	if (infer_all(text, &type, err))
		return -1;
	runc_dbus_put_text(body, 'g', type.data);
	return put(body, &p, type.data, err);
}

int runc_gvariant_seconds(const char *text, uint64_t *usec, struct err *err)
{
	AUTO_STRBUF struct strbuf type = STRBUF_INIT;
	const char *p = skip_space(text);
	uint64_t n = 0;
	double d;

	if (infer_all(text, &type, err))
		return -1;
	if (!strchr(NUMBERS, *type.data))
		return err_set(err, ERR_INVALID, "not a number");
	while (*p == '@' || take_keyword(&p))
		p = *p == '@' ? skip_space(type_end(p + 1, 0)) : p;
	if (take_number(&p, *type.data, &n, err))
		return -1;
	memcpy(&d, &n, sizeof d);
	if (*type.data == 'd' ? !(d >= 0 && d < 1e13) : n > UINT64_MAX / 1000000)
		return err_set(err, ERR_INVALID, "not a time");
	*usec = *type.data == 'd' ? (uint64_t)(d * 1e6) : n * 1000000;
	return 0;
}
