/*
 * template_printf.c - printf, as Go's package fmt has it.
 *
 *     %[flags][width][.precision]verb        flags: + - # 0 and a blank
 *     %[2]d, %*d, %.*f                       which argument; a width from an argument
 *
 * A verb on a list or a map goes to its elements. What does not fit is shown
 * in the text, and is no error: %!d(string=web).
 */
#include <math.h>
#include <string.h>

#include "shape.h"
#include "template_private.h"

#define WIDTH_MAX 999

struct spec {
	bool plus, minus, sharp, space, zero;
	bool names; /* %+v: those of fields, and no sign of numbers */
	int width, precision; /* -1: none */
	char verb;
};

struct printing {
	struct strbuf *out;
	json_t **args;
	size_t n, next; /* next: the argument that is due */
	bool reordered, bad_index;
};

/* ---- fields -------------------------------------------------------------- */

static void pad(struct strbuf *out, const struct spec *s, const char *text)
{
	int fill = s->width - (int)cli_text_width(text, strlen(text));

	if (!s->minus)
		for (int i = 0; i < fill; i++)
			strbuf_addc(out, s->zero ? '0' : ' ');
	strbuf_adds(out, text);
	if (s->minus && fill > 0)
		strbuf_addf(out, "%*s", fill, "");
}

static void bad_verb(struct strbuf *out, char verb, const json_t *value)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;

	if (json_is_null(value)) {
		strbuf_addf(out, "%%!%c(<nil>)", verb);
		return;
	}
	cli_value_print(value, &text);
	strbuf_addf(out, "%%!%c(%s=%s)", verb, cli_value_type(value), text.data ? text.data : "");
}

/* ---- text ---------------------------------------------------------------- */

/* The bytes of the first `max` characters. */
static size_t prefix(const char *text, int max)
{
	size_t n = 0;

	for (; text[n] && (max > 0 || (text[n] & 0xc0) == 0x80); n++)
		max -= (text[n + 1] & 0xc0) != 0x80;
	return n;
}

static void quote(struct strbuf *out, const char *text, const struct spec *s)
{
	static const char escapes[] = "\aa\bb\ff\nn\rr\tt\vv\\\\\"\"";

	if (s->sharp && !strpbrk(text, "`\n\r")) {
		strbuf_addf(out, "`%s`", text);
		return;
	}
	strbuf_addc(out, '"');
	for (const char *c = text; *c; c++) {
		const char *known = strchr(escapes, *c);
		if (known && (known - escapes) % 2 == 0) {
			strbuf_addf(out, "\\%c", known[1]);
		} else if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			strbuf_addf(out, "\\x%02x", *c);
		} else if (s->plus && (*c & 0x80)) {
			size_t n;
			long point = template_character(c, &n);
			strbuf_addf(out, point > 0xffff ? "\\U%08lx" : "\\u%04lx", point);
			c += n - 1;
		} else {
			strbuf_addc(out, *c);
		}
	}
	strbuf_addc(out, '"');
}

static void hexadecimal(struct strbuf *out, const char *text, size_t n, const struct spec *s)
{
	for (size_t i = 0; i < n; i++) {
		if (s->space && i)
			strbuf_addc(out, ' ');
		if (s->sharp && (s->space || !i))
			strbuf_adds(out, s->verb == 'X' ? "0X" : "0x");
		strbuf_addf(out, s->verb == 'X' ? "%02X" : "%02x", (unsigned char)text[i]);
	}
}

static void print_text(struct strbuf *out, const struct spec *s, const json_t *value)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	AUTO_FREE char *part = xstrdup(json_string_value(value));

	if (s->precision >= 0)
		part[prefix(part, s->precision)] = 0;
	if (s->verb == 'q' || (s->verb == 'v' && s->sharp))
		quote(&text, part, &(struct spec){ .plus = s->plus, .sharp = s->sharp && s->verb == 'q' });
	else if (s->verb == 'x' || s->verb == 'X')
		hexadecimal(&text, part, strlen(part), s);
	else if (s->verb == 's' || s->verb == 'v')
		strbuf_adds(&text, part);
	else {
		bad_verb(out, s->verb, value);
		return;
	}
	pad(out, s, text.data ? text.data : "");
}

/* ---- numbers ------------------------------------------------------------- */

static void digits(struct strbuf *out, unsigned long long value, unsigned base, bool capital)
{
	char text[72];
	size_t at = sizeof text - 1;

	text[at] = 0;
	do {
		text[--at] = (capital ? "0123456789ABCDEF" : "0123456789abcdef")[value % base];
		value /= base;
	} while (value);
	strbuf_adds(out, text + at);
}

/* The sign, the base's mark, zeros, and the digits. */
static void print_base(struct strbuf *out, const struct spec *s, json_int_t value, unsigned base)
{
	AUTO_STRBUF struct strbuf number = STRBUF_INIT, text = STRBUF_INIT;
	const char *mark = s->verb == 'O' ? "0o" : !s->sharp ? "" : base == 16 ? s->verb == 'X' ? "0X" : "0x"
							: base == 8 ? "0" : base == 2 ? "0b" : "";
	const char *sign = value < 0 ? "-" : s->plus ? "+" : s->space ? " " : "";
	bool zero = s->zero && !s->minus && s->precision < 0;

	digits(&number, value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value, base, s->verb == 'X');
	int fill = (zero ? s->width - (int)strlen(sign) - (int)strlen(mark) : s->precision) - (int)number.len;
	strbuf_addf(&text, "%s%s", sign, mark);
	for (; fill > 0; fill--)
		strbuf_addc(&text, '0');
	strbuf_adds(&text, number.data);
	struct spec blank = *s;
	blank.zero = false;
	pad(out, &blank, text.data);
}

static void print_integer(struct strbuf *out, const struct spec *s, const json_t *value)
{
	static const struct {
		char verb;
		unsigned base;
	} bases[] = { { 'd', 10 }, { 'v', 10 }, { 'b', 2 }, { 'o', 8 }, { 'O', 8 }, { 'x', 16 }, { 'X', 16 } };
	AUTO_STRBUF struct strbuf text = STRBUF_INIT, character = STRBUF_INIT;
	json_int_t number = json_integer_value(value);

	for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
		if (bases[i].verb == s->verb) {
			print_base(out, s, number, bases[i].base);
			return;
		}
	if (!strchr("cqU", s->verb)) {
		bad_verb(out, s->verb, value);
		return;
	}
	template_add_character(&character, (long)number);
	if (s->verb == 'U')
		strbuf_addf(&text, "U+%04llX%s%s%s", (unsigned long long)number, s->sharp ? " '" : "", s->sharp ? character.data : "",
			    s->sharp ? "'" : "");
	else
		strbuf_addf(&text, s->verb == 'q' ? "'%s'" : "%s", character.data);
	pad(out, s, text.data);
}

static void print_real(struct strbuf *out, const struct spec *s, const json_t *value)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	double number = json_real_value(value);
	char format[16];

	if (!strchr("veEfFgG", s->verb)) {
		bad_verb(out, s->verb, value);
		return;
	}
	if (strchr("vgG", s->verb) && s->precision < 0) { /* as many digits as the number needs */
		strbuf_adds(&text, signbit(number) ? "" : s->plus ? "+" : s->space ? " " : "");
		cli_value_print(value, &text);
	} else {
		snprintf(format, sizeof format, "%%%s%s%s.*%c", s->plus ? "+" : "", s->space ? " " : "", s->sharp ? "#" : "",
			 s->verb == 'v' ? 'g' : s->verb);
		strbuf_addf(&text, format, s->precision < 0 ? 6 : s->precision, number);
	}
	size_t sign = s->zero && !s->minus && strchr("+- ", text.data[0]) ? 1 : 0;
	strbuf_add(out, text.data, sign); /* zeros come after it */
	pad(out, &(struct spec){ .minus = s->minus, .zero = s->zero && !s->minus, .width = s->width - (int)sign }, text.data + sign);
}

/* ---- any value ----------------------------------------------------------- */

static void print_leaf(struct strbuf *out, const json_t *value, const void *spec)
{
	const struct spec *s = spec;

	switch (json_typeof(value)) {
	case JSON_STRING:
		print_text(out, s, value);
		break;
	case JSON_INTEGER:
		print_integer(out, s, value);
		break;
	case JSON_REAL:
		print_real(out, s, value);
		break;
	case JSON_NULL:
		if (s->verb == 'v')
			cli_value_print(value, out);
		else
			bad_verb(out, s->verb, value);
		break;
	default:
		if (s->verb == 't' || s->verb == 'v')
			pad(out, s, json_is_true(value) ? "true" : "false");
		else
			bad_verb(out, s->verb, value);
	}
}

static void print_type(struct strbuf *out, const struct spec *s, const json_t *value)
{
	AUTO_FREE char *text = xasprintf("%s%s", cli_shape_is_pointer(value) ? "*" : "", cli_value_type(value));

	pad(out, s, text);
}

/* ---- the format ---------------------------------------------------------- */

/* "[2]": the argument to use next. */
static const char *take_index(struct printing *p, const char *c)
{
	size_t n = *c == '[' ? strspn(c + 1, "0123456789") : 0;

	if (*c != '[')
		return c;
	long index = n && n < 5 && c[n + 1] == ']' ? strtol(c + 1, NULL, 10) : 0;
	p->reordered = true;
	p->bad_index = index < 1 || (size_t)index >= p->n;
	p->next = p->bad_index ? p->next : (size_t)index;
	const char *end = strchr(c, ']');
	return end ? end + 1 : c + 1;
}

/* A number, or "*": that of an argument. -1: neither. */
static const char *take_number(struct printing *p, const char *c, int *number)
{
	size_t n = strspn(c, "0123456789");

	*number = -1;
	if (n) {
		*number = n > 3 ? WIDTH_MAX : atoi(c);
		return c + n;
	}
	const char *star = take_index(p, c);
	if (*star != '*')
		return c;
	json_int_t value = p->next < p->n ? json_integer_value(p->args[p->next]) : 0;
	p->next++;
	*number = value > WIDTH_MAX ? WIDTH_MAX : value < -WIDTH_MAX ? -WIDTH_MAX : (int)value;
	return star + 1;
}

static const char *parse_spec(struct printing *p, const char *c, struct spec *s)
{
	*s = (struct spec){ .precision = -1 };
	for (; *c && strchr("+-# 0", *c); c++) {
		s->plus = s->plus || *c == '+';
		s->minus = s->minus || *c == '-';
		s->sharp = s->sharp || *c == '#';
		s->space = s->space || *c == ' ';
		s->zero = s->zero || *c == '0';
	}
	c = take_number(p, c, &s->width);
	if (s->width < -1) { /* of an argument: to the left */
		s->minus = true;
		s->width = -s->width;
	}
	if (*c == '.') {
		c = take_number(p, c + 1, &s->precision);
		s->precision = s->precision < 0 ? 0 : s->precision;
	}
	c = take_index(p, c);
	s->zero = s->zero && !s->minus;
	s->verb = *c;
	s->names = s->plus && *c == 'v';
	s->plus = s->plus && *c != 'v';
	return *c ? c + 1 : c;
}

static const char *print_one(struct printing *p, const char *c)
{
	struct spec s;

	p->bad_index = false;
	c = parse_spec(p, c, &s);
	if (!s.verb)
		strbuf_adds(p->out, "%!(NOVERB)");
	else if (s.verb == '%')
		strbuf_addc(p->out, '%');
	else if (p->bad_index)
		strbuf_addf(p->out, "%%!%c(BADINDEX)", s.verb);
	else if (p->next >= p->n)
		strbuf_addf(p->out, "%%!%c(MISSING)", s.verb);
	else if (s.verb == 'T')
		print_type(p->out, &s, p->args[p->next++]);
	else
		cli_value_compose(p->out, p->args[p->next++], print_leaf, &s, s.names);
	return c;
}

void template_printf(struct strbuf *out, json_t **args, size_t n)
{
	struct printing p = { .out = out, .args = args, .n = n, .next = 1 };

	for (const char *c = json_string_value(args[0]); *c;) {
		size_t plain = strcspn(c, "%");
		strbuf_add(out, c, plain);
		c += plain;
		if (*c)
			c = print_one(&p, c + 1);
	}
	if (p.reordered || p.next >= n)
		return;
	for (size_t i = p.next; i < n; i++) {
		strbuf_addf(out, "%s%s=", i == p.next ? "%!(EXTRA " : ", ", json_is_null(args[i]) ? "<nil>" : cli_value_type(args[i]));
		cli_value_print(args[i], out);
	}
	strbuf_addc(out, ')');
}
