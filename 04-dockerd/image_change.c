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
#include "01-kernel/ns.h"
#include "container_root.h"
#include "image_make.h"
#include "image_words.h"
#include "ports.h"

struct changing {
	json_t *config;
	const char *word; /* the instruction at hand */
	bool cmd_set;     /* by an instruction before it */
	bool any, failed;
	struct err *err;
};

/* ["a","b"]; NULL where it is no list of strings. */
json_t *dockerd_exec_form(const char *text)
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

static char *expanded(const struct changing *ch, const char *text)
{
	return dockerd_word_expand(text, json_object_get(ch->config, "Env"), ch->err);
}

/* --- instructions ------------------------------------------------------------------------- */

static json_t *command_line(const char *text)
{
	json_t *list = dockerd_exec_form(text);

	return list ? list : json_pack("[s, s, s]", "/bin/sh", "-c", text);
}

static int command(struct changing *ch, const char *key, const char *text)
{
	ch->cmd_set = true;
	return json_object_set_new(ch->config, key, command_line(text));
}

/* It takes the command away that was there, unless that was set for it. An empty one is none, and so
 * in a commit the container's. */
static int entrypoint(struct changing *ch, const char *key, const char *text)
{
	AUTO_JSON json_t *list = command_line(text);

	if (!ch->cmd_set)
		json_object_del(ch->config, "Cmd");
	json_object_del(ch->config, key);
	return json_array_size(list) ? json_object_set(ch->config, key, list) : 0;
}

static int text_value(struct changing *ch, const char *key, const char *text)
{
	AUTO_FREE char *value = expanded(ch, text);

	if (!value)
		return -1;
	if (!strcmp(key, "StopSignal") && kern_signal_parse(value, ch->err) < 0)
		return err_set(ch->err, ERR_INVALID, "Invalid signal: %s", value);
	json_object_set_new(ch->config, key, json_string(value));
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

/* `env`: of before the instruction, for all of its pairs. */
static int set_pair(struct changing *ch, const char *key, const char *name, const char *value,
		    const json_t *env)
{
	AUTO_FREE char *n = dockerd_word_expand(name, env, ch->err),
		       *v = n ? dockerd_word_expand(value, env, ch->err) : NULL;

	if (!v)
		return -1;
	if (!*n)
		return err_set(ch->err, ERR_INVALID, "%s names can not be blank", ch->word);
	if (!strcmp(key, "Env"))
		set_env(member(ch->config, key, json_array), n, v);
	else
		json_object_set_new(member(ch->config, key, json_object), n, json_string(v));
	return 0;
}

/* "a=b c=d", or the old "a b and the rest". */
static int pairs(struct changing *ch, const char *key, const char *text)
{
	AUTO_JSON json_t *list = dockerd_words(text),
			 *env = json_deep_copy(json_object_get(ch->config, "Env"));
	const char *first = json_string_value(json_array_get(list, 0)), *rest = text + strlen(first);
	json_t *v;
	size_t i;

	if (!strchr(first, '=')) {
		rest += strspn(rest, " \t");
		if (*rest)
			return set_pair(ch, key, first, rest, env);
		return err_set(ch->err, ERR_INVALID, "%s must have two arguments", ch->word);
	}
	json_array_foreach(list, i, v) {
		AUTO_FREE char *name = xstrdup(json_string_value(v));
		char *eq = strchr(name, '=');

		if (!eq)
			return err_set(ch->err, ERR_INVALID, "Syntax error - can't find = in \"%s\". "
				       "Must be of the form: name=value", name);
		*eq = '\0';
		if (set_pair(ch, key, name, eq + 1, env))
			return -1;
	}
	return 0;
}

/* Blanks part these words, whatever the quotes. */
static json_t *fields(const char *text)
{
	AUTO_FREE char *copy = xstrdup(text);
	json_t *list = json_array();
	char *save = NULL;

	for (char *w = strtok_r(copy, " \t", &save); w; w = strtok_r(NULL, " \t", &save))
		json_array_append_new(list, json_string(w));
	return list;
}

/* 8000-8010/udp is eleven ports. */
static int expose(struct changing *ch, const char *key, const char *text)
{
	AUTO_JSON json_t *list = fields(text);
	json_t *set = member(ch->config, key, json_object), *v;
	struct port_spec ports;
	size_t i;

	json_array_foreach(list, i, v) {
		AUTO_FREE char *name = expanded(ch, json_string_value(v));

		if (!name || dockerd_port_parse(name, &ports, ch->err))
			return -1;
		for (unsigned port = ports.first; port <= ports.last; port++) {
			AUTO_FREE char *one = xasprintf("%u/%s", port,
							dockerd_proto_name(ports.proto));

			json_object_set_new(set, one, json_object());
		}
	}
	return 0;
}

static int volume(struct changing *ch, const char *key, const char *text)
{
	json_t *given = dockerd_exec_form(text), *set = member(ch->config, key, json_object), *v;
	AUTO_JSON json_t *list = given ? given : fields(text);
	size_t i;

	json_array_foreach(list, i, v) {
		AUTO_FREE char *name = expanded(ch, json_string_value(v));

		if (!name)
			return -1;
		if (!*name)
			return err_set(ch->err, ERR_INVALID, "VOLUME specified can not be an empty string");
		json_object_set_new(set, name, json_object());
	}
	return 0;
}

static int onbuild(struct changing *ch, const char *key, const char *text)
{
	size_t n = strcspn(text, " \t");

	if (n == strlen("ONBUILD") && !strncasecmp(text, "ONBUILD", n))
		return err_set(ch->err, ERR_INVALID, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
	if ((n == strlen("FROM") && !strncasecmp(text, "FROM", n)) ||
	    (n == strlen("MAINTAINER") && !strncasecmp(text, "MAINTAINER", n)))
		return err_set(ch->err, ERR_INVALID, "%.*s isn't allowed as an ONBUILD trigger", (int)n,
			       text);
	json_array_append_new(member(ch->config, key, json_array), json_string(text));
	return 0;
}

static int directory(struct changing *ch, const char *key, const char *text)
{
	AUTO_FREE char *given = expanded(ch, text), *joined = NULL, *clean = NULL;

	if (!given)
		return -1;
	joined = *given == '/' ? xasprintf("%s", given)
			       : xasprintf("/%s/%s", jsonx_str(ch->config, key, ""), given);
	clean = dockerd_root_clean(joined);
	if (str_ends(clean, "/."))
		clean[strlen(clean) - 2] = '\0';
	json_object_set_new(ch->config, key, json_string(*clean ? clean : "/"));
	return 0;
}

static int healthcheck(struct changing *ch, const char *key, const char *text)
{
	json_t *check = dockerd_healthcheck(text, ch->err);

	return check ? json_object_set_new(ch->config, key, check) : -1;
}

/* --- all of them ---------------------------------------------------------------------------- */

static const struct {
	const char *word, *key;
	int (*apply)(struct changing *ch, const char *key, const char *text);
} instructions[] = {
	{ "CMD", "Cmd", command },           { "ENTRYPOINT", "Entrypoint", entrypoint },
	{ "ENV", "Env", pairs },             { "EXPOSE", "ExposedPorts", expose },
	{ "HEALTHCHECK", "Healthcheck", healthcheck }, { "LABEL", "Labels", pairs },
	{ "ONBUILD", "OnBuild", onbuild },   { "STOPSIGNAL", "StopSignal", text_value },
	{ "USER", "User", text_value },      { "VOLUME", "Volumes", volume },
	{ "WORKDIR", "WorkingDir", directory },
};

/* In small letters, as the Dockerfile's parser has it. */
static int not_valid(const char *text, size_t n, struct err *err)
{
	AUTO_FREE char *word = xstrndup(text, n);

	for (char *p = word; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return err_set(err, ERR_INVALID, "%s is not a valid change command", word);
}

static int change(struct changing *ch, const char *instruction)
{
	const char *text = instruction + strspn(instruction, " \t");
	size_t n = strcspn(text, " \t");
	const char *rest = text + n + strspn(text + n, " \t");

	for (size_t i = 0; i < sizeof instructions / sizeof *instructions; i++) {
		if (strncasecmp(instructions[i].word, text, n) || instructions[i].word[n])
			continue;
		ch->word = instructions[i].word;
		if (!*rest)
			return err_set(ch->err, ERR_INVALID, "%s requires at least one argument",
				       ch->word);
		return instructions[i].apply(ch, instructions[i].key, rest);
	}
	return not_valid(text, n, ch->err);
}

static void change_lines(void *arg, const char *text)
{
	struct changing *ch = arg;
	AUTO_FREE char *copy = xstrdup(text);
	char *save = NULL;

	for (char *l = strtok_r(copy, "\n", &save); l && !ch->failed; l = strtok_r(NULL, "\n", &save)) {
		for (size_t n = strlen(l); n && isspace((unsigned char)l[n - 1]); n--)
			l[n - 1] = '\0';
		if (!*l)
			continue;
		ch->any = true;
		ch->failed = change(ch, l) != 0;
	}
}

int dockerd_image_changes(json_t *config, const struct http_request *req, struct err *err)
{
	struct changing ch = { .config = config, .err = err };

	http_query_each(req, "changes", change_lines, &ch);
	if (!ch.any && http_query(req, "changes"))
		return err_set(err, ERR_INVALID, "file with no instructions");
	return ch.failed ? -1 : 0;
}

int dockerd_image_change(json_t *config, const char *lines, struct err *err)
{
	struct changing ch = { .config = config, .err = err };

	change_lines(&ch, lines);
	return ch.failed ? -1 : 0;
}
