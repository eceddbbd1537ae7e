/*
 * template_func.c - what a template can call: Go's own functions and those that
 * Docker adds.
 */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "template_private.h"

#define WIDTH_MAX 4096 /* of pad's blanks */
#define WIDTH_DIGITS 3 /* of printf's width and precision */

/* ---- arguments ----------------------------------------------------------- */

static json_t *bad(struct err *err, const char *what)
{
	err_set(err, ERR_INVALID, "%s", what);
	return NULL;
}

/* `kinds` spells the arguments: s string, i integer, a anything. */
static bool expect(json_t **args, size_t n, const char *kinds, struct err *err)
{
	size_t want = strlen(kinds);

	if (n != want)
		return !err_set(err, ERR_INVALID, "wrong number of args: want %zu got %zu", want, n);
	for (size_t i = 0; i < n; i++)
		if ((kinds[i] == 's' && !json_is_string(args[i])) || (kinds[i] == 'i' && !json_is_integer(args[i])))
			return !err_set(err, ERR_INVALID, "wrong type for value; expected %s",
					kinds[i] == 's' ? "string" : "int");
	return true;
}

static const char *text_of(const json_t *value)
{
	return json_string_value(value);
}

/* The end of every function that makes text: sb is consumed. */
static json_t *text_value(struct strbuf *sb)
{
	AUTO_FREE char *text = strbuf_steal(sb);
	json_t *value = json_string(text);

	return value ? value : json_string(""); /* a character cut in two is no text */
}

/* ---- text ---------------------------------------------------------------- */

static json_t *f_json(json_t **args, size_t n, struct err *err)
{
	if (!expect(args, n, "a", err))
		return NULL;
	AUTO_FREE char *text = jsonx_text(args[0]);
	return json_string(text);
}

static json_t *map_text(json_t **args, size_t n, int (*change)(int), struct err *err)
{
	struct strbuf sb = STRBUF_INIT;

	if (!expect(args, n, "s", err))
		return NULL;
	for (const char *c = text_of(args[0]); *c; c++)
		strbuf_addc(&sb, (unsigned char)*c < 0x80 ? (char)change((unsigned char)*c) : *c);
	return text_value(&sb);
}

static json_t *f_upper(json_t **args, size_t n, struct err *err)
{
	return map_text(args, n, toupper, err);
}

static json_t *f_lower(json_t **args, size_t n, struct err *err)
{
	return map_text(args, n, tolower, err);
}

static json_t *f_title(json_t **args, size_t n, struct err *err)
{
	struct strbuf sb = STRBUF_INIT;
	bool first = true;

	if (!expect(args, n, "s", err))
		return NULL;
	for (const char *c = text_of(args[0]); *c; c++) {
		strbuf_addc(&sb, first ? (char)toupper((unsigned char)*c) : *c);
		first = isspace((unsigned char)*c);
	}
	return text_value(&sb);
}

static json_t *f_join(json_t **args, size_t n, struct err *err)
{
	struct strbuf sb = STRBUF_INIT;

	if (!expect(args, n, "as", err))
		return NULL;
	if (!json_is_array(args[0]) && !json_is_null(args[0]))
		return bad(err, "wrong type for value; expected []string");
	for (size_t i = 0; i < json_array_size(args[0]); i++) {
		if (i)
			strbuf_adds(&sb, text_of(args[1]));
		cli_value_print(json_array_get(args[0], i), &sb);
	}
	return text_value(&sb);
}

static json_t *f_split(json_t **args, size_t n, struct err *err)
{
	if (!expect(args, n, "ss", err))
		return NULL;
	const char *p = text_of(args[0]), *separator = text_of(args[1]);
	json_t *parts = json_array();
	if (!*separator) { /* every character on its own */
		for (size_t len; *p; p += len) {
			for (len = 1; ((unsigned char)p[len] & 0xc0) == 0x80; len++)
				;
			json_array_append_new(parts, json_stringn(p, len));
		}
		return parts;
	}
	for (const char *at; *separator && (at = strstr(p, separator)); p = at + strlen(separator))
		json_array_append_new(parts, json_stringn(p, (size_t)(at - p)));
	json_array_append_new(parts, json_string(p));
	return parts;
}

/* pad "text" before after: blanks around it. */
static json_t *f_pad(json_t **args, size_t n, struct err *err)
{
	struct strbuf sb = STRBUF_INIT;

	if (!expect(args, n, "sii", err))
		return NULL;
	json_int_t before = json_integer_value(args[1]), after = json_integer_value(args[2]);
	if (!*text_of(args[0]))
		return json_string("");
	if (before < 0 || after < 0 || before > WIDTH_MAX || after > WIDTH_MAX)
		return bad(err, "the number of blanks is out of range");
	strbuf_addf(&sb, "%*s%s%*s", (int)before, "", text_of(args[0]), (int)after, "");
	return text_value(&sb);
}

static json_t *f_truncate(json_t **args, size_t n, struct err *err)
{
	if (!expect(args, n, "si", err))
		return NULL;
	json_int_t max = json_integer_value(args[1]);
	size_t len = json_string_length(args[0]);
	if (max < 0)
		return bad(err, "a negative length");
	while ((json_int_t)len > max || (len && (text_of(args[0])[len] & 0xc0) == 0x80))
		len--;
	return json_stringn(text_of(args[0]), len);
}

/* ---- print --------------------------------------------------------------- */

static json_t *f_print(json_t **args, size_t n, struct err *err)
{
	struct strbuf sb = STRBUF_INIT;

	(void)err;
	for (size_t i = 0; i < n; i++) { /* a blank between two that are not strings */
		if (i && !json_is_string(args[i]) && !json_is_string(args[i - 1]))
			strbuf_addc(&sb, ' ');
		cli_value_print(args[i], &sb);
	}
	return text_value(&sb);
}

static json_t *f_println(json_t **args, size_t n, struct err *err)
{
	struct strbuf sb = STRBUF_INIT;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		if (i)
			strbuf_addc(&sb, ' ');
		cli_value_print(args[i], &sb);
	}
	strbuf_addc(&sb, '\n');
	return text_value(&sb);
}

/* One verb of printf: flags, width and precision are C's. */
static void print_verb(struct strbuf *sb, const char *spec, size_t len, const json_t *value)
{
	char format[32];
	char verb = spec[len - 1];
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;

	cli_value_print(value, &text);
	if (verb == 'c' && json_is_integer(value) && json_integer_value(value) < 0x80) {
		snprintf(format, sizeof format, "%.*sc", (int)len - 1, spec);
		strbuf_addf(sb, format, (int)json_integer_value(value));
	} else if (strchr("dxXo", verb) && json_is_integer(value)) {
		snprintf(format, sizeof format, "%.*sll%c", (int)len - 1, spec, verb);
		strbuf_addf(sb, format, (long long)json_integer_value(value));
	} else if (strchr("feEgG", verb) && json_is_number(value)) {
		snprintf(format, sizeof format, "%.*s%c", (int)len - 1, spec, verb);
		strbuf_addf(sb, format, json_number_value(value));
	} else if (verb == 'T') {
		strbuf_adds(sb, cli_value_type(value));
	} else if (verb == 'v' || (verb == 't' && json_is_boolean(value)) ||
		   (strchr("sq", verb) && !json_is_number(value) && !json_is_boolean(value))) {
		AUTO_FREE char *quoted = verb == 'q' ? cli_value_json(value) : NULL;
		snprintf(format, sizeof format, "%.*ss", (int)len - 1, spec);
		strbuf_addf(sb, format, quoted ? quoted : text.data);
	} else {
		strbuf_addf(sb, "%%!%c(%s=%s)", verb, cli_value_type(value), text.data);
	}
}

/* The length of "%-08.3f" at `spec`: flags, width, precision, verb; 0 when it is
 * none that C takes, or too wide. */
static size_t spec_length(const char *spec)
{
	size_t n = 1 + strspn(spec + 1, "-+# 0");
	size_t flags = n, width = strspn(spec + n, "0123456789"), precision = 0;

	n += width;
	if (spec[n] == '.') {
		precision = strspn(spec + n + 1, "0123456789");
		n += 1 + precision;
	}
	return flags > 6 || width > WIDTH_DIGITS || precision > WIDTH_DIGITS || !spec[n] ? 0 : n + 1;
}

static json_t *f_printf(json_t **args, size_t n, struct err *err)
{
	struct strbuf sb = STRBUF_INIT;
	size_t next = 1;

	if (!n || !json_is_string(args[0]))
		return bad(err, "wrong number of args: want at least 1 got 0");
	for (const char *c = text_of(args[0]); *c; c++) {
		if (*c != '%' || c[1] == '%') {
			strbuf_addc(&sb, *c);
			c += *c == '%';
			continue;
		}
		size_t len = spec_length(c);
		if (!len) {
			strbuf_free(&sb);
			return bad(err, "a format that printf does not understand");
		}
		if (next < n)
			print_verb(&sb, c, len, args[next++]);
		else
			strbuf_addf(&sb, "%%!%c(MISSING)", c[len - 1]);
		c += len - 1;
	}
	for (size_t i = next; i < n; i++) {
		strbuf_addf(&sb, "%s%s=", i == next ? "%!(EXTRA " : ", ", cli_value_type(args[i]));
		cli_value_print(args[i], &sb);
	}
	if (next < n)
		strbuf_addc(&sb, ')');
	return text_value(&sb);
}

/* ---- collections and truth ----------------------------------------------- */

static json_t *f_len(json_t **args, size_t n, struct err *err)
{
	if (!expect(args, n, "a", err))
		return NULL;
	if (json_is_string(args[0]))
		return json_integer((json_int_t)json_string_length(args[0]));
	if (json_is_array(args[0]) || json_is_null(args[0]))
		return json_integer((json_int_t)json_array_size(args[0]));
	if (json_is_object(args[0]))
		return json_integer((json_int_t)json_object_size(args[0]));
	return bad(err, "len of type that has none");
}

/* index x 1 "key": member by member. A key that a map lacks is the map's zero. */
static json_t *f_index(json_t **args, size_t n, struct err *err)
{
	if (!n)
		return bad(err, "wrong number of args: want at least 1 got 0");
	json_t *value = args[0];
	for (size_t i = 1; i < n; i++) {
		json_int_t at = json_integer_value(args[i]);
		if (json_is_object(value) && json_is_string(args[i])) {
			value = json_object_get(value, text_of(args[i]));
			if (!value)
				return i + 1 == n ? json_string("") : json_null();
		} else if (json_is_string(value) && json_is_integer(args[i]) && at >= 0 &&
			   (size_t)at < json_string_length(value)) { /* a byte */
			return json_integer((unsigned char)text_of(value)[at]);
		} else if (json_is_array(value) && json_is_integer(args[i])) {
			if (at < 0 || (size_t)at >= json_array_size(value)) {
				err_set(err, ERR_INVALID, "index out of range: %lld", (long long)at);
				return NULL;
			}
			value = json_array_get(value, (size_t)at);
		} else {
			return bad(err, json_is_null(value) ? "index of untyped nil" : "can't index item");
		}
	}
	return json_incref(value);
}

/* slice x from [to]: of an array or a string. */
static json_t *f_slice(json_t **args, size_t n, struct err *err)
{
	if (!expect(args, n, n == 3 ? "aii" : n == 2 ? "ai" : "a", err))
		return NULL;
	bool text = json_is_string(args[0]);
	size_t len = text ? json_string_length(args[0]) : json_array_size(args[0]);
	json_int_t from = n > 1 ? json_integer_value(args[1]) : 0;
	json_int_t to = n > 2 ? json_integer_value(args[2]) : (json_int_t)len;
	if (from < 0 || from > to || to > (json_int_t)len)
		return bad(err, "index out of range");
	if (text) {
		json_t *part = json_stringn(text_of(args[0]) + from, (size_t)(to - from));
		return part ? part : bad(err, "a character cut in two");
	}
	json_t *part = json_array();
	for (json_int_t i = from; i < to; i++)
		json_array_append(part, json_array_get(args[0], (size_t)i));
	return part;
}

static json_t *f_not(json_t **args, size_t n, struct err *err)
{
	return expect(args, n, "a", err) ? json_boolean(!cli_value_truth(args[0])) : NULL;
}

/* The first that decides, else the last. */
static json_t *decide(json_t **args, size_t n, bool on, struct err *err)
{
	if (!n)
		return bad(err, "wrong number of args: want at least 1 got 0");
	for (size_t i = 0; i + 1 < n; i++)
		if (cli_value_truth(args[i]) == on)
			return json_incref(args[i]);
	return json_incref(args[n - 1]);
}

static json_t *f_and(json_t **args, size_t n, struct err *err)
{
	return decide(args, n, false, err);
}

static json_t *f_or(json_t **args, size_t n, struct err *err)
{
	return decide(args, n, true, err);
}

/* ---- comparison ---------------------------------------------------------- */

/* eq a b c: is a equal to one of the others? */
static json_t *f_eq(json_t **args, size_t n, struct err *err)
{
	if (n < 2)
		return bad(err, "missing argument for comparison");
	for (size_t i = 1; i < n; i++) {
		bool numbers = json_is_number(args[0]) && json_is_number(args[i]);
		if (!numbers && json_typeof(args[0]) != json_typeof(args[i]) && !json_is_null(args[0]) &&
		    !json_is_null(args[i]) && !(json_is_boolean(args[0]) && json_is_boolean(args[i])))
			return bad(err, "incompatible types for comparison");
		if (numbers ? json_number_value(args[0]) == json_number_value(args[i]) : json_equal(args[0], args[i]))
			return json_true();
	}
	return json_false();
}

static json_t *f_ne(json_t **args, size_t n, struct err *err)
{
	json_t *equal = expect(args, n, "aa", err) ? f_eq(args, n, err) : NULL;

	return equal ? json_boolean(!json_is_true(equal)) : NULL; /* booleans are not counted */
}

static bool order(json_t **args, size_t n, int *sign, struct err *err)
{
	if (!expect(args, n, "aa", err))
		return false;
	if (json_is_number(args[0]) && json_is_number(args[1])) {
		double a = json_number_value(args[0]), b = json_number_value(args[1]);
		*sign = a < b ? -1 : a > b;
		return true;
	}
	if (json_is_string(args[0]) && json_is_string(args[1])) {
		*sign = strcmp(text_of(args[0]), text_of(args[1]));
		return true;
	}
	return !err_set(err, ERR_INVALID, "incompatible types for comparison");
}

static json_t *f_lt(json_t **args, size_t n, struct err *err)
{
	int sign;
	return order(args, n, &sign, err) ? json_boolean(sign < 0) : NULL;
}

static json_t *f_le(json_t **args, size_t n, struct err *err)
{
	int sign;
	return order(args, n, &sign, err) ? json_boolean(sign <= 0) : NULL;
}

static json_t *f_gt(json_t **args, size_t n, struct err *err)
{
	int sign;
	return order(args, n, &sign, err) ? json_boolean(sign > 0) : NULL;
}

static json_t *f_ge(json_t **args, size_t n, struct err *err)
{
	int sign;
	return order(args, n, &sign, err) ? json_boolean(sign >= 0) : NULL;
}

template_function template_function_find(const char *name)
{
	static const struct {
		const char *name;
		template_function function;
	} table[] = {
		{ "and", f_and }, { "eq", f_eq }, { "ge", f_ge }, { "gt", f_gt },
		{ "index", f_index }, { "join", f_join }, { "json", f_json }, { "le", f_le },
		{ "len", f_len }, { "lower", f_lower }, { "lt", f_lt }, { "ne", f_ne },
		{ "not", f_not }, { "or", f_or }, { "pad", f_pad }, { "print", f_print },
		{ "printf", f_printf }, { "println", f_println }, { "slice", f_slice },
		{ "split", f_split }, { "title", f_title }, { "truncate", f_truncate }, { "upper", f_upper },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (!strcmp(table[i].name, name))
			return table[i].function;
	return NULL;
}
