/*
 * template_func.c - what a template can call: Go's own functions and those that
 * Docker adds.
 */
#include <ctype.h>
#include <locale.h>
#include <string.h>
#include <wctype.h>

#include "01-kernel/base/jsonx.h"
#include "shape.h"
#include "template_private.h"

/* Of every function; most need no more than their arguments. */
#define ARGS json_t **args, __attribute__((unused)) size_t n, __attribute__((unused)) struct err *err
#define WIDTH_MAX 4096 /* of pad's blanks */

/* ---- arguments ----------------------------------------------------------- */

static json_t *bad(struct err *err, const char *what)
{
	err_set(err, ERR_INVALID, "%s", what);
	return NULL;
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

static json_t *f_json(ARGS)
{
	AUTO_JSON json_t *json = cli_shape_json(args[0]);
	AUTO_FREE char *text = jsonx_text(json);
	return json_string(text);
}

/* Letters beyond ASCII have cases too; towupper knows them in a locale of UTF-8 only, which ours need not be. */
static json_t *map_text(json_t **args, wint_t (*change)(wint_t, locale_t))
{
	struct strbuf sb = STRBUF_INIT;
	locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	size_t n;

	for (const char *c = text_of(args[0]); *c; c += n) {
		long point = template_character(c, &n);
		template_add_character(&sb, locale ? (long)change((wint_t)point, locale) : point);
	}
	if (locale)
		freelocale(locale);
	return text_value(&sb);
}

static json_t *f_upper(ARGS)
{
	return map_text(args, towupper_l);
}

static json_t *f_lower(ARGS)
{
	return map_text(args, towlower_l);
}

/* The first letter of each word; a word is of letters, digits and "_". */
static json_t *f_title(ARGS)
{
	AUTO_JSON json_t *capitals = f_upper(args, n, err);
	const char *text = text_of(args[0]), *upper = text_of(capitals);
	struct strbuf sb = STRBUF_INIT;
	bool first = true, begins = true;

	if (strlen(text) != strlen(upper)) /* a letter of which the capital is longer */
		return json_incref(args[0]);
	for (size_t i = 0; text[i]; i++) {
		if ((text[i] & 0xc0) != 0x80) /* a character begins */
			first = begins;
		begins = !isalnum((unsigned char)text[i]) && text[i] != '_' && !(text[i] & 0x80);
		strbuf_addc(&sb, first ? upper[i] : text[i]);
	}
	return text_value(&sb);
}

static json_t *f_join(ARGS)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < json_array_size(args[0]); i++) {
		if (i)
			strbuf_adds(&sb, text_of(args[1]));
		cli_value_print(json_array_get(args[0], i), &sb);
	}
	return text_value(&sb);
}

static json_t *f_split(ARGS)
{
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
static json_t *f_pad(ARGS)
{
	struct strbuf sb = STRBUF_INIT;

	json_int_t before = json_integer_value(args[1]), after = json_integer_value(args[2]);
	if (!*text_of(args[0]))
		return json_string("");
	if (before < 0 || after < 0 || before > WIDTH_MAX || after > WIDTH_MAX)
		return bad(err, before < 0 || after < 0 ? "strings: negative Repeat count" : "too many blanks");
	strbuf_addf(&sb, "%*s%s%*s", (int)before, "", text_of(args[0]), (int)after, "");
	return text_value(&sb);
}

static json_t *f_truncate(ARGS)
{
	json_int_t max = json_integer_value(args[1]);
	size_t len = json_string_length(args[0]);
	if (max < 0)
		return bad(err, "slice bounds out of range");
	while ((json_int_t)len > max || (len && (text_of(args[0])[len] & 0xc0) == 0x80))
		len--;
	return json_stringn(text_of(args[0]), len);
}

/* ---- print --------------------------------------------------------------- */

void template_print(struct strbuf *sb, json_t **args, size_t n)
{
	for (size_t i = 0; i < n; i++) { /* a blank between two that are not strings */
		if (i && !json_is_string(args[i]) && !json_is_string(args[i - 1]))
			strbuf_addc(sb, ' ');
		cli_value_print(args[i], sb);
	}
}

static json_t *f_print(ARGS)
{
	struct strbuf sb = STRBUF_INIT;

	template_print(&sb, args, n);
	return text_value(&sb);
}

static json_t *f_println(ARGS)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < n; i++) {
		if (i)
			strbuf_addc(&sb, ' ');
		cli_value_print(args[i], &sb);
	}
	strbuf_addc(&sb, '\n');
	return text_value(&sb);
}

static json_t *f_printf(ARGS)
{
	struct strbuf sb = STRBUF_INIT;

	template_printf(&sb, args, n);
	return text_value(&sb);
}

/* ---- collections and truth ----------------------------------------------- */

static json_t *bad_type(struct err *err, const char *what, const json_t *value)
{
	err_set(err, ERR_INVALID, "%s type %s", what, cli_value_type(value));
	return NULL;
}

static json_t *f_len(ARGS)
{
	if (json_is_string(args[0]))
		return json_integer((json_int_t)json_string_length(args[0]));
	if (json_is_array(args[0]) || json_is_null(args[0]))
		return json_integer((json_int_t)json_array_size(args[0]));
	if (json_is_object(args[0]) && !cli_shape_name(args[0]))
		return json_integer((json_int_t)json_object_size(args[0]));
	return bad_type(err, "len of", args[0]);
}

/* Is it a place in something of `size` elements? */
static bool in_range(const json_t *index, json_int_t size, struct err *err)
{
	if (!json_is_integer(index)) {
		bad_type(err, "cannot index slice/array with", index);
		return false;
	}
	if (json_integer_value(index) >= 0 && json_integer_value(index) < size)
		return true;
	return !err_set(err, ERR_INVALID, "index out of range: %lld", (long long)json_integer_value(index));
}

/* One step of index: borrowed, or NULL with err, or with `missing` set. *byte is for what has none to borrow. */
static json_t *step(json_t *value, const json_t *index, json_t **byte, struct err *err)
{
	json_int_t at = json_integer_value(index);

	bool map = json_is_object(value) && !cli_shape_name(value);

	if ((map || value == cli_value_nil_map()) && json_is_string(index))
		return json_object_get(value, text_of(index));
	if (map)
		err_set(err, ERR_INVALID, "value has type %s; should be string", cli_value_type(index));
	else if (json_is_string(value) && in_range(index, (json_int_t)json_string_length(value), err))
		return *byte = json_integer((unsigned char)text_of(value)[at]);
	else if (json_is_array(value) && in_range(index, (json_int_t)json_array_size(value), err))
		return json_array_get(value, (size_t)at);
	else if (json_is_null(value))
		return bad(err, "index of untyped nil");
	else if (!json_is_string(value) && !json_is_array(value))
		bad_type(err, "can't index item of", value);
	return NULL;
}

/* index x 1 "key": member by member. A key that a map lacks is the map's zero. */
static json_t *f_index(ARGS)
{
	json_t *value = args[0], *byte = NULL;

	for (size_t i = 1; i < n; i++) {
		json_t *next = step(value, args[i], &byte, err);
		if (byte && i + 1 < n) {
			bad_type(err, "can't index item of", byte);
			json_decref(byte);
			return NULL;
		}
		bool map = (json_is_object(value) && !cli_shape_name(value)) || value == cli_value_nil_map();
		if (!next && !(map && json_is_string(args[i])))
			return NULL;
		if (!next)
			return i + 1 == n ? json_string("") : json_null();
		value = next;
	}
	return byte ? byte : json_incref(value);
}

/* The bounds of slice: from, to. A third is the capacity, which nothing here shows. */
static bool bounds(json_t **args, size_t n, json_int_t size, json_int_t at[2], struct err *err)
{
	at[0] = 0;
	at[1] = size;
	for (size_t i = 1; i < n; i++) {
		if (!in_range(args[i], size + 1, err))
			return false;
		if (i < 3)
			at[i - 1] = json_integer_value(args[i]);
	}
	if (at[0] <= at[1])
		return true;
	return !err_set(err, ERR_INVALID, "invalid slice index: %lld > %lld", (long long)at[0], (long long)at[1]);
}

/* slice x [from [to]]: of an array or a string. */
static json_t *f_slice(ARGS)
{
	bool text = json_is_string(args[0]);
	json_int_t at[2];

	if (!text && !json_is_array(args[0]))
		return bad_type(err, "can't slice item of", args[0]);
	if (n > 4 || (n > 3 && text))
		return bad(err, text ? "cannot 3-index slice a string" : "too many slice indexes");
	if (!bounds(args, n, (json_int_t)(text ? json_string_length(args[0]) : json_array_size(args[0])), at, err))
		return NULL;
	if (text) {
		json_t *part = json_stringn(text_of(args[0]) + at[0], (size_t)(at[1] - at[0]));
		return part ? part : bad(err, "a character cut in two");
	}
	json_t *part = json_array();
	for (json_int_t i = at[0]; i < at[1]; i++)
		json_array_append(part, json_array_get(args[0], (size_t)i));
	return part;
}

static json_t *f_not(ARGS)
{
	return json_boolean(!cli_value_truth(args[0]));
}

/* The last that was looked at: the caller stops at the one that decides. */
static json_t *f_last(ARGS)
{
	return json_incref(args[n - 1]);
}

/* ---- comparison ---------------------------------------------------------- */

static bool same_type(const json_t *a, const json_t *b)
{
	return json_typeof(a) == json_typeof(b) || (json_is_boolean(a) && json_is_boolean(b));
}

/* eq a b c: is a equal to one of the others? What is nothing is equal to nothing else. */
static json_t *f_eq(ARGS)
{
	bool equal = false;

	if (n < 2)
		return bad(err, "missing argument for comparison");
	for (size_t i = 0; i < n; i++)
		if (json_is_object(args[i]) || json_is_array(args[i]))
			return bad(err, "non-comparable type");
	for (size_t i = 1; i < n; i++) {
		if (!same_type(args[0], args[i]) && !json_is_null(args[0]) && !json_is_null(args[i]))
			return bad(err, "incompatible types for comparison");
		equal = equal || json_equal(args[0], args[i]);
	}
	return json_boolean(equal);
}

static json_t *f_ne(ARGS)
{
	json_t *equal = f_eq(args, n, err);

	return equal ? json_boolean(!json_is_true(equal)) : NULL; /* booleans are not counted */
}

static bool order(json_t **args, int *sign, struct err *err)
{
	if (!same_type(args[0], args[1]))
		return !err_set(err, ERR_INVALID, "incompatible types for comparison");
	if (json_is_integer(args[0])) {
		json_int_t a = json_integer_value(args[0]), b = json_integer_value(args[1]);
		*sign = a < b ? -1 : a > b;
	} else if (json_is_real(args[0])) {
		double a = json_real_value(args[0]), b = json_real_value(args[1]);
		*sign = a < b ? -1 : a > b;
	} else if (json_is_string(args[0])) {
		*sign = strcmp(text_of(args[0]), text_of(args[1]));
	} else {
		return !err_set(err, ERR_INVALID, "invalid type for comparison");
	}
	return true;
}

static json_t *f_lt(ARGS)
{
	int sign;

	return order(args, &sign, err) ? json_boolean(sign < 0) : NULL;
}

static json_t *f_le(ARGS)
{
	int sign;

	return order(args, &sign, err) ? json_boolean(sign <= 0) : NULL;
}

static json_t *f_gt(ARGS)
{
	int sign;

	return order(args, &sign, err) ? json_boolean(sign > 0) : NULL;
}

static json_t *f_ge(ARGS)
{
	int sign;

	return order(args, &sign, err) ? json_boolean(sign >= 0) : NULL;
}

/* Letters as template_private.h explains them. */
static const struct template_function functions[] = {
	{ "and", "aa*", f_last }, { "call", "aa*", NULL }, { "eq", "aa*", f_eq }, { "ge", "aa", f_ge }, { "gt", "aa", f_gt },
	{ "html", "a*", template_html }, { "index", "aa*", f_index }, { "join", "ls", f_join, true }, { "js", "a*", template_js },
	{ "json", "a", f_json, true }, { "le", "aa", f_le }, { "len", "a", f_len }, { "lower", "s", f_lower, true }, { "lt", "aa", f_lt },
	{ "ne", "aa", f_ne }, { "not", "a", f_not }, { "or", "aa*", f_last }, { "pad", "sii", f_pad }, { "print", "a*", f_print },
	{ "printf", "sa*", f_printf }, { "println", "a*", f_println }, { "slice", "aa*", f_slice }, { "split", "ss", f_split, true },
	{ "title", "s", f_title, true }, { "truncate", "si", f_truncate, true }, { "upper", "s", f_upper, true },
	{ "urlquery", "a*", template_urlquery },
};

const struct template_function *template_function_find(const char *name)
{
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		if (!strcmp(functions[i].name, name))
			return &functions[i];
	return NULL;
}
