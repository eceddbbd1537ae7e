/*
 * list.c - see list.h.
 */
#include "list.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "human.h"
#include "table.h"
#include "template.h"
#include "value.h"

static const char table_word[] = "table";

/* ---- methods ------------------------------------------------------------- */

/* .Label "com.example.x": one label of the row. */
static json_t *row_method(void *source, const char *name, json_t **args, size_t n, struct err *err)
{
	if (strcmp(name, "Label"))
		return NULL;
	if (n != 1 || !json_is_string(args[0])) {
		err_set(err, ERR_INVALID, n == 1 ? "wrong type for value; expected string" : "wrong number of args for Label: want 1 got %zu", n);
		return NULL;
	}
	return json_string(jsonx_str(json_object_get(source, "Labels"), json_string_value(args[0]), ""));
}

/* The heading over a label is the last part of its name; over what is not
 * known it is no value: the rows have already said so. */
static json_t *heading_method(void *source, const char *name, json_t **args, size_t n, struct err *err)
{
	(void)source;
	(void)err;
	if (strcmp(name, "Label") || n != 1 || !json_is_string(args[0]))
		return json_incref(cli_value_none());
	const char *dot = strrchr(json_string_value(args[0]), '.');
	AUTO_FREE char *text = xstrdup(dot ? dot + 1 : json_string_value(args[0]));
	for (char *c = text; *c; c++)
		if (*c == '-' || *c == '_')
			*c = ' ';
	return json_string(text);
}

/* ---- printing ------------------------------------------------------------ */

/* Shells make it hard to type a tab: "\t" and "\n" stand for one. */
static char *unescape(const char *text)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_reserve(&sb, strlen(text) + 1);
	for (const char *c = text; *c; c++) {
		bool escape = *c == '\\' && (c[1] == 't' || c[1] == 'n');
		strbuf_addc(&sb, escape ? c[1] == 't' ? '\t' : '\n' : *c);
		c += escape;
	}
	return strbuf_steal(&sb);
}

char *cli_list_template(const char *format)
{
	if (str_starts(format, table_word)) {
		format += sizeof table_word - 1;
		format += strspn(format, " ");
	}
	return unescape(format);
}

static json_t *heading_row(const struct cli_heading *headings)
{
	json_t *row = json_object();

	for (; headings->field; headings++)
		json_object_set_new(row, headings->field, json_string(headings->heading));
	return row;
}

static const char blame[] = "template parsing error"; /* also of one that parses, and does not run */

static int add_rows(const struct cli_list *list, const struct cli_template *t, struct strbuf *out,
		    struct err *err)
{
	json_t *row;
	size_t i;

	json_array_foreach(list->rows, i, row) {
		struct cli_template_scope scope = { row_method, json_array_get(list->sources, i), list->type };
		if (cli_template_run(t, row, &scope, out, err))
			return err_wrap(err, blame);
		strbuf_addc(out, '\n');
	}
	return 0;
}

static int add_table(const struct cli_list *list, const struct cli_template *t, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	AUTO_STRBUF struct strbuf rows = STRBUF_INIT;
	AUTO_JSON json_t *headings = heading_row(list->headings);
	struct cli_template_scope scope = { heading_method, NULL, list->type, .heading = true };
	struct err ignored;

	if (add_rows(list, t, &rows, err))
		return -1;
	/* What rows can do, headings need not: of those there is what came out. */
	(void)cli_template_run(t, headings, &scope, &text, &ignored);
	strbuf_addc(&text, '\n');
	strbuf_add(&text, rows.data ? rows.data : "", rows.len);
	cli_table_layout(text.data, CLI_TABLE_WIDTH, out);
	return 0;
}

/* A field that rows do not have is a mistake even when there are no rows: a row of empty texts is tried. */
static int check_fields(const struct cli_list *list, const struct cli_template *t, struct err *err)
{
	AUTO_STRBUF struct strbuf ignored = STRBUF_INIT;
	AUTO_JSON json_t *row = heading_row(list->headings);
	struct cli_template_scope scope = { row_method, NULL, list->type };
	const char *field;
	json_t *heading;

	json_object_foreach(row, field, heading)
		json_string_set(heading, "");
	if (cli_template_run(t, row, &scope, &ignored, err))
		return err_wrap(err, list->early ? "failed to execute template" : blame);
	return 0;
}

/* As the user wrote it, "table" and all. */
static int check_early(const struct cli_list *list, const char *format, struct err *err)
{
	struct cli_template *t = cli_template_parse(format, err);

	if (!t)
		return err_wrap(err, "failed to parse template");
	int rc = check_fields(list, t, err);
	cli_template_free(t);
	return rc;
}

static void add_json(const json_t *rows, struct strbuf *out)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)rows, i, row) {
		AUTO_FREE char *text = cli_value_json(row);
		strbuf_addf(out, "%s\n", text);
	}
}

static int by_text_of(const void *a, const void *b, void *key)
{
	return strverscmp(jsonx_str(*(json_t *const *)a, key, ""), jsonx_str(*(json_t *const *)b, key, ""));
}

static int by_time_of(const void *a, const void *b, void *key)
{
	return strcmp(jsonx_str(*(json_t *const *)a, key, ""), jsonx_str(*(json_t *const *)b, key, ""));
}

static void sort_by(json_t *sources, const char *key, int (*compare)(const void *, const void *, void *))
{
	size_t n = json_array_size(sources);
	AUTO_FREE json_t **items = xcalloc(n + 1, sizeof *items);

	for (size_t i = 0; i < n; i++)
		items[i] = json_incref(json_array_get(sources, i));
	qsort_r(items, n, sizeof *items, compare, (void *)key);
	json_array_clear(sources);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(sources, items[i]);
}

void cli_sort_by(json_t *sources, const char *key)
{
	sort_by(sources, key, by_text_of);
}

void cli_sort_by_time(json_t *sources, const char *key)
{
	sort_by(sources, key, by_time_of);
}

const char *cli_list_format(const char *given, const char *setting, bool quiet, const char *quiet_format)
{
	const char *format = given && *given ? given : setting;

	return quiet && (!format || !*format || !strcmp(format, table_word)) ? quiet_format : format;
}

int cli_list_add(const struct cli_list *list, struct strbuf *out, struct err *err)
{
	const char *format = list->format && *list->format ? list->format : table_word;
	bool table = str_starts(format, table_word);

	/* A row as JSON has <, > and & escaped; what the function json is given has not. */
	if (!strcmp(format, "json") || !strcmp(format, "{{json .}}")) {
		add_json(list->rows, out);
		return 0;
	}
	if (list->early && check_early(list, format, err))
		return -1;
	if (!strcmp(format, table_word))
		format = list->table;
	else if (list->raw && !strcmp(format, "raw"))
		format = list->raw;
	AUTO_FREE char *text = cli_list_template(format);
	struct cli_template *t = cli_template_parse(text, err);
	if (!t)
		return err_wrap(err, blame);
	int rc = list->early || json_array_size(list->rows) ? 0 : check_fields(list, t, err);
	if (!rc)
		rc = table ? add_table(list, t, out, err) : add_rows(list, t, out, err);
	cli_template_free(t);
	return rc;
}

int cli_list_print(const struct cli_list *list, struct err *err)
{
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	int rc = cli_list_add(list, &out, err);

	if (!rc && out.len)
		fwrite(out.data, 1, out.len, stdout);
	return rc;
}

void cli_list_free(struct cli_list *list)
{
	json_decref(list->rows);
	json_decref(list->sources);
}

/* ---- filters ------------------------------------------------------------- */

int cli_filter_check(const char *value, struct err *err)
{
	if (!*value || strchr(value, '='))
		return 0;
	return err_set(err, ERR_INVALID, "bad format of filter (expected name=value)");
}

static char *trimmed(const char *text, size_t n, bool lower)
{
	while (n && isspace((unsigned char)*text)) {
		text++;
		n--;
	}
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	char *copy = xstrndup(text, n);
	for (char *c = copy; lower && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

void cli_filter_query(struct strbuf *path, const struct strlist *filters)
{
	AUTO_JSON json_t *doc = json_object();

	for (size_t i = 0; i < filters->n; i++) {
		const char *text = filters->v[i], *equals = strchr(text, '=');
		if (!equals)
			continue; /* empty: no filter */
		AUTO_FREE char *name = trimmed(text, (size_t)(equals - text), true);
		AUTO_FREE char *value = trimmed(equals + 1, strlen(equals + 1), false);
		json_t *values = json_object_get(doc, name);
		if (!values) {
			values = json_object();
			json_object_set_new(doc, name, values);
		}
		json_object_set_new(values, value, json_true());
	}
	if (!json_object_size(doc))
		return;
	AUTO_FREE char *text = jsonx_text(doc);
	cli_query(path, "filters", text);
}

/* ---- cells that many lists have ------------------------------------------ */

char *cli_ago(json_int_t when)
{
	char text[CLI_HUMAN_SIZE];

	return xasprintf("%s ago", cli_human_duration(time(NULL) - when, text));
}

char *cli_go_time(const char *rfc3339)
{
	struct tm tm = { 0 };
	const char *rest = strptime(rfc3339, "%Y-%m-%dT%H:%M:%S", &tm);
	char when[80];

	if (!rest)
		return xstrdup(rfc3339);
	snprintf(when, sizeof when, "%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		 tm.tm_min, tm.tm_sec);
	size_t n = strcspn(rest, "Z+-"), digits = n;
	while (digits && strchr("0.", rest[digits - 1]))
		digits--;
	if (rest[n] == 'Z' || !rest[n])
		return xasprintf("%s%.*s +0000 UTC", when, (int)digits, rest);
	return xasprintf("%s%.*s %.3s%s %.3s%s", when, (int)digits, rest, rest + n,
			 strlen(rest + n) > 4 ? rest + n + 4 : "", rest + n, strlen(rest + n) > 4 ? rest + n + 4 : "");
}

void cli_put(json_t *row, const char *field, const char *text)
{
	json_object_set_new(row, field, json_string(text));
}

void cli_put_pairs(json_t *row, const char *field, const json_t *object, bool values)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	size_t n;
	AUTO_FREE const char **keys = jsonx_sorted_keys(object, &n);

	for (size_t i = 0; i < n; i++) {
		const char *value = jsonx_str(object, keys[i], NULL);
		strbuf_addf(&sb, "%s%s", i ? "," : "", keys[i]);
		if (values && value)
			strbuf_addf(&sb, "=%s", value);
	}
	cli_put(row, field, sb.len ? sb.data : "");
}

char *cli_short_id(const char *id, bool whole)
{
	const char *colon = strchr(id, ':');

	if (whole)
		return xstrdup(id);
	return xstrndup(colon ? colon + 1 : id, 12);
}
