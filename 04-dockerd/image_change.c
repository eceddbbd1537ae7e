/*
 * image_change.c - `changes=` of commit and import: a Dockerfile's instructions that touch an
 * image's Config only (image_make.h).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/strbuf.h"
#include "image_make.h"

/* --- words ----------------------------------------------------------------------------------- */

/* The next word, with quotes and backslashes taken off; false at the end. */
static bool next_word(const char **at, struct strbuf *word)
{
	const char *p = *at;
	char quote = 0;

	strbuf_clear(word);
	strbuf_adds(word, "");
	while (isspace((unsigned char)*p))
		p++;
	if (!*p)
		return false;
	for (; *p && (quote || !isspace((unsigned char)*p)); p++) {
		if (*p == '\\' && p[1] && quote != '\'')
			strbuf_addc(word, *++p);
		else if (quote ? *p == quote : *p == '"' || *p == '\'')
			quote = quote ? 0 : *p;
		else
			strbuf_addc(word, *p);
	}
	*at = p;
	return true;
}

static json_t *words(const char *text)
{
	AUTO_STRBUF struct strbuf word = STRBUF_INIT;
	json_t *list = json_array();

	while (next_word(&text, &word))
		json_array_append_new(list, json_string(word.data));
	return list;
}

/* ["a","b"], or a shell's command line; NULL where JSON is neither. */
static json_t *exec_form(const char *text)
{
	json_t *list = *text == '[' ? json_loads(text, 0, NULL) : NULL, *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (!json_is_string(v)) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *member(json_t *config, const char *key, json_t *(*make)(void))
{
	json_t *v = json_object_get(config, key);

	if (v && !json_is_null(v))
		return v;
	json_object_set_new(config, key, make());
	return json_object_get(config, key);
}

/* --- instructions ------------------------------------------------------------------------- */

static int command(json_t *config, const char *key, const char *text, struct err *err)
{
	json_t *list = exec_form(text);

	(void)err;
	json_object_set_new(config, key,
			    list ? list : json_pack("[s, s, s]", "/bin/sh", "-c", text));
	return 0;
}

static int text_value(json_t *config, const char *key, const char *text, struct err *err)
{
	(void)err;
	json_object_set_new(config, key, json_string(text));
	return 0;
}

static void set_env(json_t *env, const char *name, const char *value)
{
	AUTO_FREE char *text = xasprintf("%s=%s", name, value);
	size_t n = strlen(name), i;
	json_t *v;

	json_array_foreach(env, i, v) {
		const char *have = json_string_value(v);

		if (have && !strncmp(have, name, n) && have[n] == '=') {
			json_array_set_new(env, i, json_string(text));
			return;
		}
	}
	json_array_append_new(env, json_string(text));
}

static void set_pair(json_t *config, const char *key, const char *name, const char *value)
{
	if (!strcmp(key, "Env"))
		set_env(member(config, key, json_array), name, value);
	else
		json_object_set_new(member(config, key, json_object), name, json_string(value));
}

/* "a=b c=d", or the old "a b and the rest". */
static int pairs(json_t *config, const char *key, const char *text, struct err *err)
{
	AUTO_JSON json_t *list = words(text);
	const char *first = json_string_value(json_array_get(list, 0)), *rest;
	json_t *v;
	size_t i;

	if (!strchr(first, '=')) {
		rest = text + strcspn(text, " \t");
		rest += strspn(rest, " \t");
		if (!*rest)
			return err_set(err, ERR_INVALID, "%s must have two arguments",
				       strcmp(key, "Env") ? "LABEL" : "ENV");
		set_pair(config, key, first, rest);
		return 0;
	}
	json_array_foreach(list, i, v) {
		AUTO_FREE char *name = xstrdup(json_string_value(v));
		char *eq = strchr(name, '=');

		if (!eq || eq == name)
			return err_set(err, ERR_INVALID, "Syntax error - can't find = in \"%s\". "
				       "Must be of the form: name=value", name);
		*eq = '\0';
		set_pair(config, key, name, eq + 1);
	}
	return 0;
}

/* EXPOSE 80 443/udp, VOLUME /a /b: sets. */
static int set_members(json_t *config, const char *key, const char *text, struct err *err)
{
	json_t *given = exec_form(text), *set = member(config, key, json_object), *v;
	AUTO_JSON json_t *list = given ? given : words(text);
	bool ports = !strcmp(key, "ExposedPorts");
	size_t i;

	(void)err;
	json_array_foreach(list, i, v) {
		const char *name = json_string_value(v);
		AUTO_FREE char *whole = xasprintf("%s%s", name,
						  ports && !strchr(name, '/') ? "/tcp" : "");

		json_object_set_new(set, whole, json_object());
	}
	return 0;
}

static int add_text(json_t *config, const char *key, const char *text, struct err *err)
{
	(void)err;
	json_array_append_new(member(config, key, json_array), json_string(text));
	return 0;
}

static int directory(json_t *config, const char *key, const char *text, struct err *err)
{
	const char *now = jsonx_str(config, key, "");

	(void)err;
	if (*text == '/')
		json_object_set_new(config, key, json_string(text));
	else
		json_object_set_new(config, key, json_sprintf("%s/%s", strcmp(now, "/") ? now : "",
							      text));
	return 0;
}

static const struct {
	const char *word, *key;
	int (*apply)(json_t *config, const char *key, const char *text, struct err *err);
} instructions[] = {
	{ "CMD", "Cmd", command },           { "ENTRYPOINT", "Entrypoint", command },
	{ "ENV", "Env", pairs },             { "EXPOSE", "ExposedPorts", set_members },
	{ "LABEL", "Labels", pairs },        { "ONBUILD", "OnBuild", add_text },
	{ "STOPSIGNAL", "StopSignal", text_value }, { "USER", "User", text_value },
	{ "VOLUME", "Volumes", set_members }, { "WORKDIR", "WorkingDir", directory },
};

static int change(json_t *config, const char *instruction, struct err *err)
{
	const char *text = instruction + strspn(instruction, " \t");
	size_t n = strcspn(text, " \t");
	const char *rest = text + n + strspn(text + n, " \t");

	for (size_t i = 0; i < sizeof instructions / sizeof *instructions; i++) {
		if (strncasecmp(instructions[i].word, text, n) || instructions[i].word[n])
			continue;
		if (!*rest)
			return err_set(err, ERR_INVALID, "%s requires at least one argument",
				       instructions[i].word);
		return instructions[i].apply(config, instructions[i].key, rest, err);
	}
	return err_set(err, ERR_INVALID, "%.*s is not a valid change command", (int)n, text);
}

struct changing {
	json_t *config;
	bool failed;
	struct err *err;
};

static void change_lines(void *arg, const char *text)
{
	struct changing *ch = arg;
	AUTO_FREE char *copy = xstrdup(text);
	char *save = NULL;

	for (char *l = strtok_r(copy, "\n", &save); l && !ch->failed; l = strtok_r(NULL, "\n", &save))
		ch->failed = change(ch->config, l, ch->err) != 0;
}

int dockerd_image_changes(json_t *config, const struct http_request *req, struct err *err)
{
	struct changing ch = { .config = config, .err = err };

	http_query_each(req, "changes", change_lines, &ch);
	return ch.failed ? -1 : 0;
}
