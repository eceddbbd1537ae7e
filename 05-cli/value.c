/*
 * value.c - see value.h.
 */
#include "value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "shape.h"

/* Each is a null of its own, with a count that jansson leaves alone, as that of json_null(). */
static json_t none = { JSON_NULL, (size_t)-1 }, nil_list = { JSON_NULL, (size_t)-1 }, nil_map = { JSON_NULL, (size_t)-1 };

json_t *cli_value_none(void)
{
	return &none;
}

json_t *cli_value_nil_list(void)
{
	return &nil_list;
}

json_t *cli_value_nil_map(void)
{
	return &nil_map;
}

static const char *null_text(const json_t *value)
{
	return value == &none ? "<no value>" : value == &nil_list ? "[]" : value == &nil_map ? "map[]" : "<nil>";
}

/* The shortest digits that mean this number, as Go's %v has them: 1.5, 1e+06. */
static void print_real(double number, struct strbuf *out)
{
	char text[40], *exponent;
	int digits = 1;

	do
		snprintf(text, sizeof text, "%.*e", digits - 1, number);
	while (strtod(text, NULL) != number && digits++ < 17);
	exponent = strchr(text, 'e');
	int power = exponent ? atoi(exponent + 1) : 0;
	if (exponent && power >= -4 && power < 6)
		snprintf(text, sizeof text, "%.*f", digits - 1 - power > 0 ? digits - 1 - power : 0, number);
	strbuf_adds(out, text);
}

/* ---- what is made of others ---------------------------------------------- */

struct composing {
	struct strbuf *out;
	cli_leaf leaf;
	const void *arg;
	bool names;
};

static void compose(const struct composing *c, const json_t *value);

static void compose_text(const struct composing *c, const char *text)
{
	AUTO_JSON json_t *value = json_string(text);

	c->leaf(c->out, value, c->arg);
}

/* Go prints a struct as {1 2}. */
static void compose_struct(const struct composing *c, const json_t *value)
{
	const char *name, *between = "";
	json_t *field;

	strbuf_addc(c->out, '{');
	json_object_foreach((json_t *)value, name, field) {
		if (!*name)
			continue;
		strbuf_adds(c->out, between);
		if (c->names)
			strbuf_addf(c->out, "%s:", name);
		compose(c, field);
		between = " ";
	}
	strbuf_addc(c->out, '}');
}

/* One that is pointed at is &{1 2}; a map is sorted by key: map[a:1 b:2]. */
static void compose_object(const struct composing *c, const json_t *object)
{
	size_t n;

	if (cli_shape_text(object)) {
		compose_text(c, cli_shape_text(object));
		return;
	}
	if (cli_shape_name(object)) {
		strbuf_adds(c->out, cli_shape_is_pointer(object) ? "&" : "");
		compose_struct(c, object);
		return;
	}
	AUTO_FREE const char **keys = jsonx_sorted_keys(object, &n);

	strbuf_adds(c->out, "map[");
	for (size_t i = 0; i < n; i++) {
		strbuf_adds(c->out, i ? " " : "");
		compose_text(c, keys[i]);
		strbuf_addc(c->out, ':');
		compose(c, json_object_get(object, keys[i]));
	}
	strbuf_addc(c->out, ']');
}

static void compose(const struct composing *c, const json_t *value)
{
	json_t *item;
	size_t i;

	if (json_is_object(value)) {
		compose_object(c, value);
	} else if (json_is_array(value)) {
		strbuf_addc(c->out, '[');
		json_array_foreach((json_t *)value, i, item) {
			strbuf_adds(c->out, i ? " " : "");
			compose(c, item);
		}
		strbuf_addc(c->out, ']');
	} else {
		c->leaf(c->out, value, c->arg);
	}
}

void cli_value_compose(struct strbuf *out, const json_t *value, cli_leaf leaf, const void *arg, bool names)
{
	compose(&(struct composing){ out, leaf, arg, names }, value);
}

static void print_leaf(struct strbuf *out, const json_t *value, const void *unused)
{
	(void)unused;
	switch (json_typeof(value)) {
	case JSON_STRING:
		strbuf_add(out, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		strbuf_addf(out, "%lld", (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		print_real(json_real_value(value), out);
		break;
	case JSON_NULL:
		strbuf_adds(out, null_text(value));
		break;
	default:
		strbuf_adds(out, json_is_true(value) ? "true" : "false");
	}
}

void cli_value_print(const json_t *value, struct strbuf *out)
{
	cli_value_compose(out, value, print_leaf, NULL, false);
}

void cli_value_show(const json_t *value, struct strbuf *out)
{
	const struct composing c = { out, print_leaf, NULL, false };

	if (cli_shape_is_pointer(value) && !cli_shape_text(value))
		compose_struct(&c, value);
	else
		compose(&c, value);
}

static json_t *plain_object(const json_t *object)
{
	json_t *copy = json_object(), *member;
	const char *key;

	json_object_foreach((json_t *)object, key, member) {
		AUTO_STRBUF struct strbuf name = STRBUF_INIT;
		strbuf_add_plain(&name, key, "\n\t");
		json_object_set_new(copy, name.data, cli_value_plain(member));
	}
	return copy;
}

json_t *cli_value_plain(const json_t *value)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	json_t *copy, *item;
	size_t i;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return plain_object(value);
	case JSON_ARRAY:
		copy = json_array();
		json_array_foreach((json_t *)value, i, item)
			json_array_append_new(copy, cli_value_plain(item));
		return copy;
	case JSON_STRING:
		strbuf_add_plain(&text, json_string_value(value), "\n\t");
		return json_string(text.data);
	default:
		return json_incref((json_t *)value);
	}
}

/* As Go's encoding/json: compact, and <, > and & escaped, for HTML's sake. */
char *cli_value_json(const json_t *value)
{
	AUTO_FREE char *plain = jsonx_text(value);
	struct strbuf sb = STRBUF_INIT;

	for (const char *c = plain; *c; c++)
		if (*c == '<' || *c == '>' || *c == '&')
			strbuf_addf(&sb, "\\u%04x", *c);
		else
			strbuf_addc(&sb, *c);
	return strbuf_steal(&sb);
}

json_t *cli_object_at(json_t *parent, const char *key)
{
	json_t *found = json_object_get(parent, key);

	if (!found) {
		found = json_object();
		json_object_set_new(parent, key, found);
	}
	return found;
}

json_t *cli_array_at(json_t *parent, const char *key)
{
	json_t *found = json_object_get(parent, key);

	if (!found) {
		found = json_array();
		json_object_set_new(parent, key, found);
	}
	return found;
}

static void new_line(struct strbuf *out, const char *prefix, const char *indent, int depth)
{
	strbuf_addf(out, "\n%s", prefix);
	while (depth-- > 0)
		strbuf_adds(out, indent);
}

void cli_json_indent(const char *text, const char *prefix, const char *indent, struct strbuf *out)
{
	int depth = 0;
	bool quoted = false;

	for (const char *c = text; *c; c++) {
		if (quoted) {
			strbuf_addc(out, *c);
			if (*c == '\\' && c[1])
				strbuf_addc(out, *++c);
			else
				quoted = *c != '"';
			continue;
		}
		if (isspace((unsigned char)*c))
			continue;
		bool opens = *c == '{' || *c == '[', closes = *c == '}' || *c == ']';
		if (closes && --depth >= 0)
			new_line(out, prefix, indent, depth);
		strbuf_addc(out, *c);
		quoted = *c == '"';
		size_t blanks = strspn(c + 1, " \t\r\n");
		if (opens && (c[1 + blanks] == '}' || c[1 + blanks] == ']'))
			strbuf_addc(out, *(c += 1 + blanks)); /* {} and [] stay on one line */
		else if (opens)
			new_line(out, prefix, indent, ++depth);
		else if (*c == ',')
			new_line(out, prefix, indent, depth);
		else if (*c == ':')
			strbuf_addc(out, ' ');
	}
}

const char *cli_value_type(const json_t *value)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "map[string]interface {}", [JSON_ARRAY] = "[]interface {}",
		[JSON_STRING] = "string", [JSON_INTEGER] = "int", [JSON_REAL] = "float64",
		[JSON_TRUE] = "bool", [JSON_FALSE] = "bool", [JSON_NULL] = "interface {}",
	};

	return cli_shape_name(value) ? cli_shape_name(value) : names[json_typeof(value)];
}

bool cli_value_truth(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT: /* a struct is something, whatever is in it; a duration may be none */
		return json_object_size(value) > 0 && strcmp(cli_shape_text(value) ? cli_shape_text(value) : "", "0s") != 0;
	case JSON_ARRAY:
		return json_array_size(value) > 0;
	case JSON_STRING:
		return json_string_length(value) > 0;
	case JSON_INTEGER:
		return json_integer_value(value) != 0;
	case JSON_REAL:
		return json_real_value(value) != 0;
	default:
		return json_is_true(value);
	}
}
