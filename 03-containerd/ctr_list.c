/*
 * ctr_list.c - what the commands that list things, and those that label them, share (ctr.h).
 */
#include "ctr.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void ctr_query(struct strbuf *path, const char *key, const char *value)
{
	AUTO_FREE char *escaped = ctrd_escape(value);

	strbuf_addf(path, "%c%s=%s", strchr(path->data, '?') ? '&' : '?', key, escaped);
}

json_t *ctr_list(struct ctr *c, int argc, char **argv, const char *path, bool *quiet,
		 struct err *err)
{
	AUTO_STRBUF struct strbuf query = STRBUF_INIT;
	static const struct option options[] = { { "quiet", no_argument, NULL, 'q' }, { 0 } };
	int ch;

	*quiet = false;
	strbuf_adds(&query, path);
	while ((ch = getopt_long(argc, argv, "+q", options, NULL)) != -1) {
		*quiet = true;
		if (ch == 'q')
			continue;
		err->kind = ERR_NONE; /* how it is used is what to say */
		return NULL;
	}
	for (int i = optind; i < argc; i++)
		ctr_query(&query, "filter", argv[i]);
	return ctr_call(c, "GET", NULL, err, "%s", query.data);
}

int ctr_list_failed(const struct ctr *c, const struct err *err)
{
	return err->kind == ERR_NONE ? ctr_misuse(c, "unknown option") : ctr_fail(err);
}

void ctr_table_end(struct ctr_table *t, bool quiet)
{
	if (quiet)
		strlist_free(&t->cells);
	else
		ctr_table_print(t);
}

int ctr_list_show(struct ctr *c, int argc, char **argv, const struct ctr_listing *l)
{
	struct ctr_table t = { 0 };
	bool quiet;
	struct err err;
	AUTO_JSON json_t *list = ctr_list(c, argc, argv, l->path, &quiet, &err);
	json_t *v;
	size_t i;

	if (!list)
		return ctr_list_failed(c, &err);
	while (l->headings[t.columns])
		strlist_add(&t.cells, l->headings[t.columns++]);
	json_array_foreach(list, i, v) {
		if (quiet)
			puts(jsonx_str(v, l->key, ""));
		else
			l->row(c, &t, v);
	}
	ctr_table_end(&t, quiet);
	return 0;
}

/* --- labels ------------------------------------------------------------------------------ */

json_t *ctr_labels(int n, char **v)
{
	json_t *labels = json_object();

	for (int i = 0; i < n; i++) {
		AUTO_FREE char *key = xstrdup(v[i]);
		char *value = strchr(key, '=');

		if (value)
			*value++ = '\0';
		json_object_set_new(labels, key, json_string(value ? value : ""));
	}
	return json_pack("{s:o}", "labels", labels);
}

char *ctr_labels_text(const json_t *doc)
{
	struct strbuf sb = STRBUF_INIT;
	const char *key;
	json_t *v;

	json_object_foreach(json_object_get(doc, "labels"), key, v)
		strbuf_addf(&sb, "%s%s=%s", sb.len ? "," : "", key, json_string_value(v));
	if (!sb.len)
		strbuf_addc(&sb, '-');
	return strbuf_steal(&sb);
}

void ctr_labels_print(const json_t *doc)
{
	AUTO_FREE char *text = ctr_labels_text(doc);

	puts(text);
}

/* --- time -------------------------------------------------------------------------------- */

char *ctr_age(const char *created)
{
	static const struct {
		long long seconds;
		const char *one, *many;
	} units[] = {
		{ 365 * 86400, "1 year", "years" }, { 30 * 86400, "1 month", "months" },
		{ 7 * 86400, "1 week", "weeks" },   { 86400, "1 day", "days" },
		{ 3600, "About an hour", "hours" }, { 60, "About a minute", "minutes" },
		{ 1, "1 second", "seconds" },
	};
	struct tm tm = { 0 };
	long long age;

	if (!strptime(created, "%Y-%m-%dT%H:%M:%S", &tm))
		return xstrdup("-");
	age = (long long)time(NULL) - timegm(&tm);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		long long n = age / units[i].seconds;

		if (n > 1)
			return xasprintf("%lld %s", n, units[i].many);
		if (n == 1)
			return xstrdup(units[i].one);
	}
	return xstrdup("Less than a second");
}
