/*
 * toml.c - see toml.h. One function per rule of the grammar, each at the parser's position.
 */
#include "toml.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/strbuf.h"

#define DEPTH_MAX 16 /* of arrays in arrays: the parser calls itself */

struct parser {
	const char *at;
	unsigned line;
	int depth;
	struct err *err;
};

static int wrong(struct parser *p, const char *what)
{
	return err_set(p->err, ERR_INVALID, "line %u: %s", p->line, what);
}

static void skip_blanks(struct parser *p)
{
	p->at += strspn(p->at, " \t");
}

/* Blanks, comments, ends of lines. */
static void skip_lines(struct parser *p)
{
	for (;;) {
		p->at += strspn(p->at, " \t\r");
		if (*p->at == '#')
			p->at += strcspn(p->at, "\n");
		if (*p->at != '\n')
			return;
		p->at++;
		p->line++;
	}
}

static int expect(struct parser *p, char c)
{
	char what[] = "expected '?'";

	skip_blanks(p);
	if (*p->at == c)
		return p->at++, 0;
	what[10] = c;
	return wrong(p, what);
}

/* --- keys and strings -------------------------------------------------------------------------- */

static int escape(struct parser *p, struct strbuf *out)
{
	static const char from[] = "\"\\bfnrt", to[] = "\"\\\b\f\n\r\t";
	const char *found = *p->at ? strchr(from, *p->at) : NULL;

	if (!found)
		return wrong(p, "an escape in a string that is not known here");
	strbuf_addc(out, to[found - from]);
	p->at++;
	return 0;
}

/* "basic" or 'literal': the quote is at the position. */
static int string(struct parser *p, struct strbuf *out)
{
	char quote = *p->at++;

	if (p->at[0] == quote && p->at[1] == quote)
		return wrong(p, "a text of many lines is not known here");
	while (*p->at != quote) {
		if (!*p->at || *p->at == '\n')
			return wrong(p, "a string without an end");
		if (*p->at == '\\' && quote == '"') {
			p->at++;
			if (escape(p, out))
				return -1;
		} else {
			strbuf_addc(out, *p->at++);
		}
	}
	p->at++;
	return 0;
}

static int key(struct parser *p, struct strbuf *out)
{
	size_t n;

	strbuf_clear(out);
	strbuf_adds(out, ""); /* an empty key is one, too */
	skip_blanks(p);
	if (*p->at == '"' || *p->at == '\'')
		return string(p, out);
	for (n = 0; isalnum((unsigned char)p->at[n]) || p->at[n] == '_' || p->at[n] == '-';)
		n++;
	if (!n)
		return wrong(p, "expected a key");
	strbuf_add(out, p->at, n);
	p->at += n;
	return 0;
}

/* The table of that name in `table`, made if need be. */
static json_t *enter(struct parser *p, json_t *table, const char *name)
{
	json_t *inner = json_object_get(table, name);

	if (!inner) {
		inner = json_object();
		json_object_set_new(table, name, inner);
	}
	if (json_is_object(inner))
		return inner;
	wrong(p, "this key has a value already");
	return NULL;
}

/* a.b."c": all but the last are entered; the last is left in `last`. */
static json_t *path(struct parser *p, json_t *table, struct strbuf *last)
{
	for (;;) {
		if (key(p, last))
			return NULL;
		skip_blanks(p);
		if (*p->at != '.')
			return table;
		p->at++;
		table = enter(p, table, last->data);
		if (!table)
			return NULL;
	}
}

/* --- values ----------------------------------------------------------------------------------- */

static json_t *value(struct parser *p);
static int assignment(struct parser *p, json_t *table);

static json_t *text_value(struct parser *p)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	json_t *v;

	strbuf_adds(&sb, "");
	if (string(p, &sb))
		return NULL;
	v = json_stringn(sb.data, sb.len);
	if (!v)
		wrong(p, "a string that is not UTF-8");
	return v;
}

static json_t *array(struct parser *p)
{
	json_t *list = json_array(), *v;

	p->at++;
	for (skip_lines(p); *p->at != ']'; skip_lines(p)) {
		v = value(p);
		if (!v)
			break;
		json_array_append_new(list, v);
		skip_lines(p);
		if (*p->at == ',')
			p->at++;
		else if (*p->at != ']' && wrong(p, "expected ',' or ']'"))
			break;
	}
	if (*p->at == ']')
		return p->at++, list;
	json_decref(list);
	return NULL;
}

static json_t *inline_table(struct parser *p)
{
	json_t *table = json_object();

	p->at++;
	skip_blanks(p);
	while (*p->at != '}') {
		if (assignment(p, table))
			break;
		skip_blanks(p);
		if (*p->at == ',')
			p->at++;
		else if (*p->at != '}' && wrong(p, "expected ',' or '}'"))
			break;
	}
	if (*p->at == '}')
		return p->at++, table;
	json_decref(table);
	return NULL;
}

static json_t *word(struct parser *p)
{
	size_t n = strcspn(p->at, " \t\r\n,]}#");
	AUTO_FREE char *text = xstrndup(p->at, n);
	char *end = text;
	long long number = strtoll(text, &end, 10);

	p->at += n;
	if (!strcmp(text, "true") || !strcmp(text, "false"))
		return json_boolean(*text == 't');
	if (n && !*end)
		return json_integer(number);
	wrong(p, "expected a string, a whole number, true, false, or a list of such");
	return NULL;
}

static json_t *value(struct parser *p)
{
	json_t *v = NULL;

	skip_blanks(p);
	if (++p->depth > DEPTH_MAX)
		wrong(p, "nested too deep");
	else if (*p->at == '"' || *p->at == '\'')
		v = text_value(p);
	else if (*p->at == '[')
		v = array(p);
	else if (*p->at == '{')
		v = inline_table(p);
	else
		v = word(p);
	p->depth--;
	return v;
}

/* --- lines --------------------------------------------------------------------------------------- */

static int assignment(struct parser *p, json_t *table)
{
	AUTO_STRBUF struct strbuf name = STRBUF_INIT;
	json_t *v;

	table = path(p, table, &name);
	if (!table || expect(p, '='))
		return -1;
	if (json_object_get(table, name.data))
		return wrong(p, "this key has a value already");
	v = value(p);
	if (!v)
		return -1;
	return json_object_set_new(table, name.data, v) ? wrong(p, "a key that is not UTF-8") : 0;
}

/* [a.b]: the table that the lines below it are about. */
static json_t *header(struct parser *p, json_t *root)
{
	AUTO_STRBUF struct strbuf name = STRBUF_INIT;
	json_t *table;

	if (*++p->at == '[') {
		wrong(p, "arrays of tables are not known here");
		return NULL;
	}
	table = path(p, root, &name);
	if (!table || expect(p, ']'))
		return NULL;
	return enter(p, table, name.data);
}

static int line(struct parser *p, json_t *root, json_t **table)
{
	if (*p->at == '[')
		*table = header(p, root);
	else if (assignment(p, *table))
		return -1;
	if (!*table)
		return -1;
	p->at += strspn(p->at, " \t\r");
	return *p->at && *p->at != '\n' && *p->at != '#' ? wrong(p, "something after the value") : 0;
}

json_t *ctrd_toml_parse(const char *text, struct err *err)
{
	struct parser p = { text, 1, 0, err };
	json_t *root = json_object(), *table = root;

	for (skip_lines(&p); *p.at; skip_lines(&p))
		if (line(&p, root, &table)) {
			json_decref(root);
			return NULL;
		}
	return root;
}
