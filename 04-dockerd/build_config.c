/*
 * build_config.c - see build.h: instructions that change the image's Config.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/ns.h"
#include "build.h"
#include "prune.h"

json_t *config_member(json_t *config, const char *key, json_t *(*make)(void))
{
	json_t *v = json_object_get(config, key);

	if (v && !json_is_null(v))
		return v;
	json_object_set_new(config, key, make());
	return json_object_get(config, key);
}

static json_t *member(struct stage *s, const char *key, json_t *(*make)(void))
{
	return config_member(stage_config(s), key, make);
}

static int set_text(struct stage *s, const char *key, const char *word, const char *value, struct err *err)
{
	AUTO_FREE char *text = xasprintf("%s %s", word, value);

	if (json_object_set_new(stage_config(s), key, json_string(value)))
		return err_set(err, ERR_INVALID, "%s: not UTF-8", word);
	return stage_note(s, text, err);
}

/* --- pairs ------------------------------------------------------------------------------------------ */

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

/* One name and value, both still with their quotes, into `out`. */
static int add_pair(struct stage *s, const char *word, const char *name, const char *value,
		    json_t *out, struct err *err)
{
	AUTO_FREE char *n = step_expand(s, name, err), *v = n ? step_expand(s, value, err) : NULL;

	if (!v)
		return -1;
	if (!*n)
		return err_set(err, ERR_INVALID, "%s names can not be blank", word);
	return json_object_set_new(out, n, json_string(v)) ? err_set(err, ERR_INVALID, "%s: not UTF-8", word)
							   : 0;
}

/* "a=b c=d", or the old "a b and the rest": an object, new. All values are worked out before one counts. */
static json_t *pairs(struct stage *s, const struct instruction *i, struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;
	AUTO_JSON json_t *out = json_object();

	dockerfile_words(i->rest, s->b->file.escape, &words);
	if (!strchr(words.v[0], '=')) {
		const char *rest = i->rest + strlen(words.v[0]);

		rest += strspn(rest, " \t");
		if (!*rest) {
			err_set(err, ERR_INVALID, "%s must have two arguments", i->word);
			return NULL;
		}
		return add_pair(s, i->word, words.v[0], rest, out, err) ? NULL : steal_ptr(&out);
	}
	for (size_t w = 0; w < words.n; w++) {
		char *eq = strchr(words.v[w], '=');

		if (!eq) {
			err_set(err, ERR_INVALID, "Syntax error - can't find = in \"%s\". Must be of the "
				"form: name=value", words.v[w]);
			return NULL;
		}
		*eq = '\0';
		if (add_pair(s, i->word, words.v[w], eq + 1, out, err))
			return NULL;
	}
	return steal_ptr(&out);
}

static char *pairs_text(const char *word, const json_t *pairs, const char *format)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	const char *name;
	json_t *value;

	strbuf_adds(&text, word);
	json_object_foreach((json_t *)pairs, name, value) {
		strbuf_addf(&text, " %s=", name);
		strbuf_addf(&text, *format == 'q' ? "\"%s\"" : "%s", json_string_value(value));
	}
	return strbuf_steal(&text);
}

int step_env(struct stage *s, const struct instruction *i, struct err *err)
{
	AUTO_JSON json_t *given = pairs(s, i, err);
	AUTO_FREE char *text = NULL;
	const char *name;
	json_t *value;

	json_object_foreach(given, name, value)
		set_env(member(s, "Env", json_array), name, json_string_value(value));
	text = given ? pairs_text("ENV", given, "") : NULL;
	return given ? stage_note(s, text, err) : -1;
}

int config_label(struct stage *s, const json_t *labels, struct err *err)
{
	AUTO_FREE char *text = pairs_text("LABEL", labels, "");

	json_object_update(member(s, "Labels", json_object), (json_t *)labels);
	return stage_note(s, text, err);
}

int step_label(struct stage *s, const struct instruction *i, struct err *err)
{
	AUTO_JSON json_t *given = pairs(s, i, err);

	return given ? config_label(s, given, err) : -1;
}

/* --- sets --------------------------------------------------------------------------------------------- */

static int expose_one(json_t *set, const char *text, struct err *err)
{
	const char *slash = strchr(text, '/');
	const char *protocol = slash ? slash + 1 : "tcp";
	unsigned first, last;
	int end = 0;

	if (sscanf(text, "%5u-%5u%n", &first, &last, &end) != 2 || !end) {
		end = 0;
		if (sscanf(text, "%5u%n", &first, &end) == 1)
			last = first;
	}
	if (!end || (text[end] && text[end] != '/') || last < first || last > 65535 ||
	    (strcasecmp(protocol, "tcp") && strcasecmp(protocol, "udp") && strcasecmp(protocol, "sctp")))
		return err_set(err, ERR_INVALID, "Invalid containerPort: %s", text);
	for (; first <= last; first++) {
		AUTO_FREE char *port = xasprintf("%u/%s", first, protocol);

		for (char *c = port; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		json_object_set_new(set, port, json_object());
	}
	return 0;
}

int step_expose(struct stage *s, const struct instruction *i, struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;

	if (step_expand_words(s, i->rest, &words, err))
		return -1;
	for (size_t w = 0; w < words.n; w++)
		if (expose_one(member(s, "ExposedPorts", json_object), words.v[w], err))
			return -1;
	return stage_note(s, i->text, err);
}

int step_volume(struct stage *s, const struct instruction *i, struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;

	dockerfile_list(i->rest, s->b->file.escape, &words);
	for (size_t w = 0; w < words.n; w++) {
		AUTO_FREE char *path = step_expand(s, words.v[w], err);

		if (!path)
			return -1;
		if (!*path)
			return err_set(err, ERR_INVALID, "VOLUME specified can not be an empty string");
		json_object_set_new(member(s, "Volumes", json_object), path, json_object());
	}
	return stage_note(s, i->text, err);
}

/* --- commands ------------------------------------------------------------------------------------------- */

/* ["a","b"] as it is, or a line for the shell; new. */
static json_t *command(struct stage *s, const char *rest, struct err *err)
{
	bool wrong;
	json_t *list = dockerfile_exec_form(rest, &wrong);

	if (wrong) {
		err_set(err, ERR_INVALID, "when using JSON array syntax, arrays must be comprised of "
			"strings only");
		return NULL;
	}
	if (list)
		return list;
	return *rest ? stage_shell(s, rest, err) : json_array();
}

static int note_command(struct stage *s, const char *word, const json_t *list, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	json_t *v;
	size_t i;

	strbuf_addf(&text, "%s [", word);
	json_array_foreach((json_t *)list, i, v)
		strbuf_addf(&text, "%s\"%s\"", i ? " " : "", json_string_value(v));
	strbuf_addc(&text, ']');
	return stage_note(s, text.data, err);
}

int step_cmd(struct stage *s, const struct instruction *i, struct err *err)
{
	AUTO_JSON json_t *list = command(s, i->rest, err);

	if (!list)
		return -1;
	s->cmd_set = true;
	json_object_set(stage_config(s), "Cmd", list);
	return note_command(s, "CMD", list, err);
}

/* The base's command was for the base's entrypoint. */
int step_entrypoint(struct stage *s, const struct instruction *i, struct err *err)
{
	AUTO_JSON json_t *list = command(s, i->rest, err);

	if (!list)
		return -1;
	json_object_set(stage_config(s), "Entrypoint", list);
	if (!s->cmd_set)
		json_object_del(stage_config(s), "Cmd");
	return note_command(s, "ENTRYPOINT", list, err);
}

int step_shell(struct stage *s, const struct instruction *i, struct err *err)
{
	bool wrong;
	AUTO_JSON json_t *list = dockerfile_exec_form(i->rest, &wrong);

	if (!json_array_size(list))
		return err_set(err, ERR_INVALID, list ? "SHELL requires at least one argument"
						      : "SHELL requires the arguments to be in JSON form");
	json_object_set(stage_config(s), "Shell", list);
	return note_command(s, "SHELL", list, err);
}

/* --- HEALTHCHECK --------------------------------------------------------------------------------------------- */

static int health_flags(const struct instruction *i, json_t *health, struct err *err)
{
	static const char *const names[][2] = { { "interval", "Interval" }, { "timeout", "Timeout" },
						{ "start-period", "StartPeriod" },
						{ "start-interval", "StartInterval" } };
	const char *retries = step_flag(i, "retries", 0);
	char *end;

	for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
		const char *text = step_flag(i, names[n][0], 0);
		long long ns = text ? dockerd_parse_duration(text) : 0;

		if (text && (ns < 0 || (ns && ns < 1000000)))
			return err_set(err, ERR_INVALID, "Interval \"%s\" of --%s is no duration of 1ms or "
				       "more", text, names[n][0]);
		if (ns)
			json_object_set_new(health, names[n][1], json_integer(ns));
	}
	if (!retries)
		return 0;
	if (!*retries || strtol(retries, &end, 10) < 0 || *end)
		return err_set(err, ERR_INVALID, "--retries cannot be negative (%s)", retries);
	if (strtol(retries, NULL, 10))
		json_object_set_new(health, "Retries", json_integer(strtol(retries, NULL, 10)));
	return 0;
}

static json_t *health_test(const char *command, struct err *err)
{
	bool wrong;
	AUTO_JSON json_t *list = dockerfile_exec_form(command, &wrong);
	json_t *test;

	if (!*command || (list && !json_array_size(list))) {
		err_set(err, ERR_INVALID, "Missing command after HEALTHCHECK CMD");
		return NULL;
	}
	test = list ? json_pack("[s]", "CMD") : json_pack("[s, s]", "CMD-SHELL", command);
	json_array_extend(test, list);
	return test;
}

int step_healthcheck(struct stage *s, const struct instruction *i, struct err *err)
{
	AUTO_JSON json_t *health = json_object(), *test = NULL;
	const char *kind = i->rest, *rest;
	size_t n = strcspn(kind, " \t");

	rest = kind + n + strspn(kind + n, " \t");
	if (n == 4 && !strncasecmp(kind, "NONE", n)) {
		if (*rest || i->flags.n)
			return err_set(err, ERR_INVALID, "HEALTHCHECK NONE takes no arguments");
		test = json_pack("[s]", "NONE");
	} else if (n == 3 && !strncasecmp(kind, "CMD", n)) {
		test = health_test(rest, err);
		if (!test || health_flags(i, health, err))
			return -1;
	} else {
		return err_set(err, ERR_INVALID, "Unknown type \"%.*s\" in HEALTHCHECK (try CMD)", (int)n,
			       kind);
	}
	json_object_set(health, "Test", test);
	json_object_set(stage_config(s), "Healthcheck", health);
	return stage_note(s, i->text, err);
}

/* --- the rest -------------------------------------------------------------------------------------------------- */

int step_user(struct stage *s, const struct instruction *i, struct err *err)
{
	AUTO_FREE char *user = step_expand(s, i->rest, err);

	return user ? set_text(s, "User", i->word, user, err) : -1;
}

int step_stopsignal(struct stage *s, const struct instruction *i, struct err *err)
{
	AUTO_FREE char *signal = step_expand(s, i->rest, err);

	if (!signal)
		return -1;
	if (kern_signal_parse(signal, err) < 0)
		return err_set(err, ERR_INVALID, "invalid signal: %s", signal);
	return set_text(s, "StopSignal", i->word, signal, err);
}

int step_maintainer(struct stage *s, const struct instruction *i, struct err *err)
{
	if (json_object_set_new(s->doc, "author", json_string(i->rest)))
		return err_set(err, ERR_INVALID, "MAINTAINER: not UTF-8");
	return stage_note(s, i->text, err);
}

/* Kept as text, with its here-documents, for the build that begins with this image. */
int step_onbuild(struct stage *s, const struct instruction *i, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	struct instruction trigger;
	int rc;

	if (instruction_parse(i->rest, &trigger, err))
		return -1;
	if (!strcmp(trigger.word, "ONBUILD"))
		rc = err_set(err, ERR_INVALID, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
	else if (!strcmp(trigger.word, "FROM") || !strcmp(trigger.word, "MAINTAINER"))
		rc = err_set(err, ERR_INVALID, "%s isn't allowed as an ONBUILD trigger", trigger.word);
	else
		rc = step_check(&trigger, err);
	instruction_free(&trigger);
	strbuf_adds(&text, i->rest);
	for (size_t h = 0; h < i->n_heredocs; h++)
		strbuf_addf(&text, "\n%s%s", i->heredocs[h].content, i->heredocs[h].name);
	if (!rc && json_array_append_new(member(s, "OnBuild", json_array), json_string(text.data)))
		rc = err_set(err, ERR_INVALID, "ONBUILD: not UTF-8");
	return rc ? -1 : stage_note(s, i->text, err);
}
