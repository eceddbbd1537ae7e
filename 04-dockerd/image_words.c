/*
 * image_words.c - see image_words.h.
 */
#include "image_words.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "01-kernel/base/strbuf.h"

#define DEPTH_MAX 32 /* of ${a:-${b:-…}} */

json_t *dockerd_words(const char *text)
{
	json_t *list = json_array();
	const char *p = text;

	while (*(p += strspn(p, " \t"))) {
		const char *start = p;
		char quote = 0;

		for (; *p && (quote || !isspace((unsigned char)*p)); p++) {
			if (*p == '\\' && p[1] && quote != '\'')
				p++;
			else if (quote ? *p == quote : *p == '"' || *p == '\'')
				quote = quote ? 0 : *p;
		}
		json_array_append_new(list, json_stringn(start, (size_t)(p - start)));
	}
	return list;
}

/* --- what a word stands for ----------------------------------------------------------------- */

struct expanding {
	const char *p;
	const json_t *env;
	struct strbuf out;
	unsigned depth;
	struct err *err;
};

static int expand(struct expanding *x, char end);

static const char *value_of(const json_t *env, const char *name, size_t n)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)env, i, v) {
		const char *have = json_string_value(v);

		if (have && !strncmp(have, name, n) && have[n] == '=')
			return have + n + 1;
	}
	return "";
}

static size_t name_length(const char *p)
{
	size_t n = 0;

	while (isalnum((unsigned char)p[n]) || p[n] == '_')
		n++;
	return n;
}

static void cut(struct strbuf *sb, size_t n)
{
	sb->len = n;
	if (sb->data)
		sb->data[n] = '\0';
}

/* Behind "${NAME:": what stands there is used where the value is empty ("-") or where it is not. */
static int otherwise(struct expanding *x, const char *value)
{
	size_t before = x->out.len;
	char modifier = *x->p++;

	if (modifier != '-' && modifier != '+')
		return err_set(x->err, ERR_INVALID, "unsupported modifier (%c) in substitution",
			       modifier ? modifier : ' ');
	if (++x->depth > DEPTH_MAX)
		return err_set(x->err, ERR_INVALID, "substitutions nested too deep");
	if (expand(x, '}'))
		return -1;
	x->depth--;
	if (!*value == (modifier == '-'))
		return 0;
	cut(&x->out, before);
	if (modifier == '-')
		strbuf_adds(&x->out, value);
	return 0;
}

/* Behind the "$". */
static int variable(struct expanding *x)
{
	bool braced = *x->p == '{';
	const char *name = x->p + braced, *value;
	size_t n = name_length(name);

	if (!n && !braced) {
		strbuf_addc(&x->out, '$');
		return 0;
	}
	value = value_of(x->env, name, n);
	x->p = name + n;
	if (braced && n && *x->p == ':') {
		x->p++;
		if (otherwise(x, value))
			return -1;
	} else {
		strbuf_adds(&x->out, value);
	}
	if (!braced)
		return 0;
	if (!n || *x->p != '}')
		return err_set(x->err, ERR_INVALID, "syntax error: missing '}' in substitution");
	x->p++;
	return 0;
}

static bool is_escape(const char *p, char quote)
{
	return *p == '\\' && p[1] && (!quote || (quote == '"' && strchr("\"$\\", p[1])));
}

/* Up to `end`, which is left there. */
static int expand(struct expanding *x, char end)
{
	char quote = 0;

	while (*x->p && (quote || *x->p != end)) {
		char c = *x->p;

		if (is_escape(x->p, quote)) {
			strbuf_addc(&x->out, x->p[1]);
			x->p += 2;
			continue;
		}
		x->p++;
		if ((c == '"' || c == '\'') && (!quote || quote == c))
			quote = quote ? 0 : c;
		else if (c == '$' && quote != '\'' && variable(x))
			return -1;
		else if (c != '$' || quote == '\'')
			strbuf_addc(&x->out, c);
	}
	if (quote)
		return err_set(x->err, ERR_INVALID,
			       "unexpected end of statement while looking for matching %s-quote",
			       quote == '"' ? "double" : "single");
	return 0;
}

char *dockerd_word_expand(const char *word, const json_t *env, struct err *err)
{
	struct expanding x = { .p = word, .env = env, .out = STRBUF_INIT, .err = err };

	strbuf_adds(&x.out, "");
	if (!expand(&x, '\0'))
		return strbuf_steal(&x.out);
	strbuf_free(&x.out);
	return err_wrap(err, "failed to process \"%s\"", word), NULL;
}
