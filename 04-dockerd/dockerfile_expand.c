/*
 * dockerfile_expand.c - see dockerfile.h: variables, quotes and escapes of a word.
 *
 *   $x ${x}    ${x:-w} ${x-w}    ${x:+w} ${x+w}    ${x:?w} ${x?w}
 *   ${x#p} ${x##p} ${x%p} ${x%%p}    ${x/p/w} ${x//p/w}
 *
 * w is a word like the whole, so all of it nests; p is a pattern of "*", "?" and "\". With a colon
 * an empty value counts as none.
 */
#include <ctype.h>
#include <string.h>

#include "dockerfile.h"

#define RESULT_MAX (1 << 20) /* values that double themselves, line by line, end here */
#define DEPTH_MAX 50
#define PATTERN_MAX 4096 /* bytes of a value with its pattern */

struct lexer {
	const struct expander *x;
	const char *p;
	unsigned depth;
	struct strbuf all;    /* the word expanded */
	struct strlist *words; /* or NULL */
	struct strbuf word;
	bool in_word;
	struct err *err;
};

/* --- what comes out ------------------------------------------------------------------------------ */

static void end_word(struct lexer *l)
{
	if (l->words && l->in_word)
		strlist_add(l->words, l->word.data ? l->word.data : "");
	strbuf_clear(&l->word);
	l->in_word = false;
}

/* `raw`: from within quotes, or escaped: a blank then is a character like others. */
static int put(struct lexer *l, char c, bool raw)
{
	if (l->all.len >= RESULT_MAX)
		return err_set(l->err, ERR_INVALID, "the expanded text is longer than %d bytes",
			       RESULT_MAX);
	strbuf_addc(&l->all, c);
	if (!l->words)
		return 0;
	if (!raw && isspace((unsigned char)c)) {
		end_word(l);
	} else {
		strbuf_addc(&l->word, c);
		l->in_word = true;
	}
	return 0;
}

static int puts_all(struct lexer *l, const char *s, bool raw)
{
	for (; *s; s++)
		if (put(l, *s, raw))
			return -1;
	return 0;
}

/* --- patterns -------------------------------------------------------------------------------------- */

/* After this, at[i] tells whether the pattern matches the first i bytes of s, all of them. */
static void match_each(const char *p, const char *s, size_t n, bool *at)
{
	memset(at, 0, n + 1);
	at[0] = true;
	for (; *p; p++) {
		bool any = *p == '?', star = *p == '*';

		if (*p == '\\' && p[1])
			p++;
		if (star) {
			for (size_t i = 1; i <= n; i++)
				at[i] |= at[i - 1];
			continue;
		}
		for (size_t i = n; i-- > 0;)
			at[i + 1] = at[i] && (any || s[i] == *p);
		at[0] = false;
	}
}

/* The shortest or longest beginning that the pattern matches, or -1. */
static ssize_t match_start(const char *pattern, const char *s, bool longest)
{
	size_t n = strlen(s);
	AUTO_FREE bool *at = xcalloc(n + 1, sizeof *at);
	ssize_t found = -1;

	match_each(pattern, s, n, at);
	for (size_t i = 0; i <= n && (found < 0 || longest); i++)
		if (at[i])
			found = (ssize_t)i;
	return found;
}

static ssize_t match_end(const char *pattern, const char *s, bool longest)
{
	size_t n = strlen(s);
	AUTO_FREE bool *at = xcalloc(n + 1, sizeof *at);
	ssize_t found = -1;

	for (size_t k = 0; k <= n && (found < 0 || longest); k++) {
		match_each(pattern, s + n - k, k, at);
		if (at[k])
			found = (ssize_t)k;
	}
	return found;
}

/* ${x#p} and its relatives: the value without its shortest or longest beginning or end. */
static char *without(const char *value, const char *pattern, char op, bool longest)
{
	ssize_t n = op == '#' ? match_start(pattern, value, longest)
			      : match_end(pattern, value, longest);

	if (n < 0)
		return xstrdup(value);
	return op == '#' ? xstrdup(value + n) : xstrndup(value, strlen(value) - (size_t)n);
}

static char *replaced(const char *value, const char *pattern, const char *by, bool all)
{
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	bool again = *pattern != '\0';

	strbuf_adds(&out, "");
	while (*value && out.len < RESULT_MAX) {
		ssize_t n = again ? match_start(pattern, value, true) : -1;

		if (n > 0) {
			strbuf_adds(&out, by);
			value += n;
			again = all;
		} else {
			strbuf_addc(&out, *value++);
		}
	}
	return strbuf_steal(&out);
}

/* --- ${…} -------------------------------------------------------------------------------------------- */

static int run(struct lexer *l, char stop, bool raw_escapes);

/* What stands up to `stop`, expanded by a lexer of its own. NULL with err. */
static char *nested(struct lexer *l, char stop, bool raw_escapes)
{
	struct lexer in = { .x = l->x, .p = l->p, .depth = l->depth + 1, .err = l->err };
	int rc;

	if (in.depth > DEPTH_MAX) {
		err_set(l->err, ERR_INVALID, "variables are nested too deeply");
		return NULL;
	}
	strbuf_adds(&in.all, "");
	rc = run(&in, stop, raw_escapes);
	l->p = in.p;
	strbuf_free(&in.word);
	if (!rc)
		return strbuf_steal(&in.all);
	strbuf_free(&in.all);
	return NULL;
}

static char *take_name(struct lexer *l)
{
	const char *start = l->p;

	if (isdigit((unsigned char)*l->p))
		while (isdigit((unsigned char)*l->p))
			l->p++;
	else if (*l->p && strchr("@*#", *l->p))
		l->p++;
	else
		while (isalnum((unsigned char)*l->p) || *l->p == '_')
			l->p++;
	return xstrndup(start, (size_t)(l->p - start));
}

/* What is matched takes time of its length squared. */
static int check_pattern(struct lexer *l, const char *value, const char *pattern)
{
	if (value && strlen(value) + strlen(pattern) > PATTERN_MAX)
		return err_set(l->err, ERR_INVALID, "a value and a pattern of more than %d bytes",
			       PATTERN_MAX);
	return 0;
}

static int put_free(struct lexer *l, char *text, bool raw)
{
	int rc = text ? puts_all(l, text, raw) : -1;

	free(text);
	return rc;
}

/* A value, or a word in its place: - + ? */
static int substitute(struct lexer *l, const char *name, const char *value, char op, bool colon,
		      bool raw)
{
	bool set = value && !(colon && !*value);
	AUTO_FREE char *word = nested(l, '}', false);

	if (!word)
		return -1;
	if (op == '?' && !set)
		return err_set(l->err, ERR_INVALID, "%s: %s", name,
			       *word ? word : value ? "not allowed to be empty" : "not allowed to be unset");
	if (op == '+')
		return set ? puts_all(l, word, raw) : 0;
	return puts_all(l, set ? value : word, raw);
}

static int strip(struct lexer *l, const char *value, char op, bool raw)
{
	bool longest = *l->p == op;
	AUTO_FREE char *pattern = NULL;

	l->p += longest;
	pattern = nested(l, '}', true);
	if (!pattern || check_pattern(l, value, pattern))
		return -1;
	return put_free(l, without(value ? value : "", pattern, op, longest), raw);
}

static int replace(struct lexer *l, const char *value, bool raw)
{
	bool all = *l->p == '/';
	AUTO_FREE char *pattern = NULL, *by = NULL;

	l->p += all;
	pattern = nested(l, '/', true);
	by = pattern ? nested(l, '}', true) : NULL;
	if (!by || check_pattern(l, value, pattern))
		return -1;
	return put_free(l, replaced(value ? value : "", pattern, by, all), raw);
}

static int braces(struct lexer *l, bool raw)
{
	AUTO_FREE char *name = NULL;
	const char *value;
	bool colon;
	char op;

	if (!*++l->p)
		return err_set(l->err, ERR_INVALID, "syntax error: missing '}'");
	if (strchr("{}:", *l->p))
		return err_set(l->err, ERR_INVALID, "syntax error: bad substitution");
	name = take_name(l);
	value = l->x->get(l->x->arg, name);
	colon = *l->p == ':';
	l->p += colon;
	op = *l->p;
	if (op)
		l->p++;
	if (op == '}' && !colon)
		return puts_all(l, value ? value : "", raw);
	if (op && strchr("-+?", op))
		return substitute(l, name, value, op, colon, raw);
	if (op && strchr("#%", op) && !colon)
		return strip(l, value, op, raw);
	if (op == '/' && !colon)
		return replace(l, value, raw);
	if (!op)
		return err_set(l->err, ERR_INVALID, "syntax error: missing '}'");
	return err_set(l->err, ERR_INVALID, "unsupported modifier (%s%c) in substitution",
		       colon ? ":" : "", op);
}

static int dollar(struct lexer *l, bool raw)
{
	AUTO_FREE char *name = NULL;
	const char *value;

	if (*++l->p == '{')
		return braces(l, raw);
	name = take_name(l);
	if (!*name)
		return put(l, '$', raw);
	value = l->x->get(l->x->arg, name);
	return puts_all(l, value ? value : "", raw);
}

/* --- quotes ---------------------------------------------------------------------------------------- */

static int single_quoted(struct lexer *l)
{
	for (l->p++; *l->p != '\''; l->p++) {
		if (!*l->p)
			return err_set(l->err, ERR_INVALID, "unexpected end of statement while looking "
				       "for matching single-quote");
		if (put(l, *l->p, true))
			return -1;
	}
	l->p++;
	l->in_word = true; /* '' is a word, too */
	return 0;
}

static int double_quoted(struct lexer *l)
{
	l->p++;
	while (*l->p != '"') {
		char c = *l->p;

		if (!c)
			return err_set(l->err, ERR_INVALID, "unexpected end of statement while looking "
				       "for matching double-quote");
		if (c == '$') {
			if (dollar(l, true))
				return -1;
			continue;
		}
		if (c == l->x->escape && (l->p[1] == '"' || l->p[1] == '$' || l->p[1] == c))
			c = *++l->p;
		if (put(l, c, true))
			return -1;
		l->p++;
	}
	l->p++;
	l->in_word = true;
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------------- */

static int escaped(struct lexer *l, bool raw_escapes)
{
	if (raw_escapes && put(l, *l->p, true))
		return -1;
	if (!*++l->p)
		return 0;
	return put(l, *l->p++, true);
}

static int run(struct lexer *l, char stop, bool raw_escapes)
{
	while (*l->p && *l->p != stop) {
		char c = *l->p;
		int rc;

		if (c == '$')
			rc = dollar(l, false);
		else if (c == '\'' && !l->x->keep_quotes)
			rc = single_quoted(l);
		else if (c == '"' && !l->x->keep_quotes)
			rc = double_quoted(l);
		else if (c == l->x->escape && !(l->x->keep_quotes && l->p[1] != '$' && l->p[1] != c))
			rc = escaped(l, raw_escapes);
		else
			rc = put(l, *l->p++, false);
		if (rc)
			return -1;
	}
	if (stop && *l->p != stop)
		return err_set(l->err, ERR_INVALID, "unexpected end of statement while looking for "
			       "matching %c", stop);
	l->p += stop != '\0';
	return 0;
}

static char *process(const struct expander *x, const char *word, struct strlist *words,
		     struct err *err)
{
	struct lexer l = { .x = x, .p = word, .words = words, .err = err };
	int rc;

	strbuf_adds(&l.all, "");
	rc = run(&l, '\0', false);
	end_word(&l);
	strbuf_free(&l.word);
	if (!rc)
		return strbuf_steal(&l.all);
	strbuf_free(&l.all);
	err_wrap(err, "failed to process \"%.200s\"", word);
	return NULL;
}

char *dockerfile_expand(const struct expander *x, const char *word, struct err *err)
{
	return process(x, word, NULL, err);
}

int dockerfile_expand_words(const struct expander *x, const char *word, struct strlist *out,
			    struct err *err)
{
	AUTO_FREE char *all = process(x, word, out, err);

	return all ? 0 : -1;
}
