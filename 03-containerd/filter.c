/*
 * filter.c - see filter.h. A filter is read anew for each document: lists are short, and so
 * are filters.
 */
#include "filter.h"

#include <regex.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

static int malformed(const char *filter, const char *at, struct err *err)
{
	return err_set(err, ERR_INVALID, "filter \"%.200s\": malformed at \"%.40s\"", filter, at);
}

/* --- reading --------------------------------------------------------------------------- */

/* A quoted string, or as many of `chars` as there are (NULL: up to a comma); new, or NULL. */
static char *read_word(const char **at, const char *chars)
{
	struct strbuf sb = STRBUF_INIT;
	const char *p = *at;
	size_t n;

	if (*p != '"') {
		n = chars ? strspn(p, chars) : strcspn(p, ",");
		*at = p + n;
		return n ? xstrndup(p, n) : NULL;
	}
	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		strbuf_addc(&sb, *p);
	}
	if (!*p) {
		strbuf_free(&sb);
		return NULL;
	}
	*at = p + 1;
	return strbuf_steal(&sb);
}

/* Follow "a.b.c" into the document: *value is borrowed, NULL where there is none. */
static int read_path(const char *filter, const char **at, const json_t *doc, const json_t **value,
		     struct err *err)
{
	bool first = true;

	*value = doc;
	do {
		AUTO_FREE char *name = NULL;

		*at += !first;
		name = read_word(at, NAME_CHARS);
		if (!name)
			return malformed(filter, *at, err);
		/* The real API calls a snapshot's key its name. */
		if (first && !strcmp(name, "name") && !json_object_get(doc, "name"))
			*value = json_object_get(doc, "key");
		else
			*value = json_object_get(*value, name);
		first = false;
	} while (**at == '.');
	return 0;
}

static char *text_of(const json_t *value)
{
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	return value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : xstrdup("");
}

/* --- matching ---------------------------------------------------------------------------- */

static int match_regex(const char *filter, const char *pattern, const char *text, bool *yes,
		       struct err *err)
{
	regex_t re;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB))
		return err_set(err, ERR_INVALID, "filter \"%.200s\": malformed regular expression",
			       filter);
	*yes = !regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return 0;
}

/* One "path operator value", or a path alone. */
static int match_term(const char *filter, const char **at, const json_t *doc, bool *yes,
		      struct err *err)
{
	AUTO_FREE char *have = NULL, *want = NULL;
	const json_t *value;
	char op;

	if (read_path(filter, at, doc, &value, err))
		return -1;
	op = **at;
	if (!op || op == ',') {
		*yes = value && !json_is_null(value);
		return 0;
	}
	if (!strchr("=!~", op) || (*at)[1] != '=')
		return malformed(filter, *at, err);
	*at += 2;
	want = read_word(at, NULL);
	if (!want)
		return malformed(filter, *at, err);
	have = text_of(value);
	*yes = !strcmp(have, want) == (op == '=');
	return op == '~' ? match_regex(filter, want, have, yes, err) : 0;
}

static int match(const char *filter, const json_t *doc, bool *yes, struct err *err)
{
	const char *at = filter;

	for (*yes = true;;) {
		bool one = false;

		if (match_term(filter, &at, doc, &one, err))
			return -1;
		*yes = *yes && one;
		if (!*at)
			return 0;
		if (*at++ != ',')
			return malformed(filter, at - 1, err);
	}
}

static int match_any(const json_t *filters, const json_t *doc, bool *yes, struct err *err)
{
	json_t *filter;
	size_t i;

	*yes = false;
	json_array_foreach(filters, i, filter) {
		bool one = false;

		if (match(json_string_value(filter), doc, &one, err))
			return -1;
		*yes = *yes || one;
	}
	return 0;
}

json_t *ctrd_filter_list(json_t *list, const json_t *filters, struct err *err)
{
	AUTO_JSON json_t *all = list;
	AUTO_JSON json_t *some = NULL;
	json_t *doc;
	size_t i;

	if (!list || !json_array_size(filters))
		return steal_ptr(&all);
	some = json_array();
	json_array_foreach(list, i, doc) {
		bool yes = false;

		if (match_any(filters, doc, &yes, err))
			return NULL;
		if (yes)
			json_array_append(some, doc);
	}
	return steal_ptr(&some);
}
