/*
 * build_step.c - see build.h: the table of instructions, their flags, and what a variable is worth.
 *
 * ENV's value hides ARG's of the same name. An ARG has the value that the client sent, else its
 * default, else, declared without one, that of an ARG in front of all stages.
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/ignore.h"
#include "01-kernel/base/jsonx.h"
#include "build.h"
#include "create.h"

/* `flags`: the ones that it may have, each with a blank behind it. */
static const struct step {
	const char *word, *flags;
	step_fn *run;
	bool says_nothing; /* it may have no arguments */
} steps[] = {
	{ "ADD", "chown chmod link exclude checksum keep-git-dir unpack ", step_add },
	{ "ARG", "", step_arg },
	{ "CMD", "", step_cmd, true },
	{ "COPY", "from chown chmod link parents exclude ", step_copy },
	{ "ENTRYPOINT", "", step_entrypoint, true },
	{ "ENV", "", step_env },
	{ "EXPOSE", "", step_expose },
	{ "FROM", "platform ", step_from },
	{ "HEALTHCHECK", "interval timeout start-period start-interval retries ", step_healthcheck },
	{ "LABEL", "", step_label },
	{ "MAINTAINER", "", step_maintainer },
	{ "ONBUILD", "", step_onbuild },
	{ "RUN", "mount network security device ", step_run },
	{ "SHELL", "", step_shell },
	{ "STOPSIGNAL", "", step_stopsignal },
	{ "USER", "", step_user },
	{ "VOLUME", "", step_volume },
	{ "WORKDIR", "", step_workdir },
};

/* --- flags ---------------------------------------------------------------------------------------- */

bool step_is_one_of(const char *words, const char *word, size_t n)
{
	for (const char *p = words; *p; p = strchr(p, ' ') + 1)
		if (strcspn(p, " ") == n && !strncmp(p, word, n))
			return true;
	return false;
}

static int check_flag(const char *known, const char *flag, struct err *err)
{
	size_t n = strcspn(flag + 2, "=");

	return step_is_one_of(known, flag + 2, n)
		       ? 0 : err_set(err, ERR_INVALID, "unknown flag: --%.*s", (int)n, flag + 2);
}

static int once(const struct instruction *i, const char *flag, struct err *err)
{
	AUTO_FREE char *name = xstrndup(flag + 2, strcspn(flag + 2, "="));

	if (strcmp(name, "mount") && strcmp(name, "exclude") && step_flag(i, name, 1))
		return err_set(err, ERR_INVALID, "flag '%s' may be used only once", name);
	return 0;
}

static const struct step *step_of(const struct instruction *i, struct err *err)
{
	for (size_t n = 0; n < sizeof steps / sizeof *steps; n++)
		if (!strcmp(steps[n].word, i->word))
			return &steps[n];
	err_set(err, ERR_INVALID, "unknown instruction: %s", i->word);
	return NULL;
}

/* What a RUN may not have here. */
static int check_rights(const struct instruction *i, struct err *err)
{
	const char *security = step_flag(i, "security", 0);

	if (step_flag(i, "device", 0))
		return err_set(err, ERR_UNSUPPORTED, "RUN --device is not supported by this daemon: devices are not described by CDI");
	if (security && strcmp(security, "sandbox"))
		return err_set(err, ERR_UNSUPPORTED, "RUN --security=%s is not supported by this daemon", security);
	return 0;
}

int step_check(const struct instruction *i, struct err *err)
{
	const struct step *step = step_of(i, err);

	if (!step)
		return -1;
	for (size_t f = 0; f < i->flags.n; f++)
		if (check_flag(step->flags, i->flags.v[f], err) || once(i, i->flags.v[f], err))
			return -1;
	if (!*i->rest && !step->says_nothing)
		return err_set(err, ERR_INVALID, "%s requires at least one argument", i->word);
	return check_rights(i, err);
}

const char *step_flag(const struct instruction *i, const char *name, size_t n)
{
	size_t len = strlen(name);

	for (size_t f = 0; f < i->flags.n; f++) {
		const char *text = i->flags.v[f] + 2;

		if (!strncmp(text, name, len) && (!text[len] || text[len] == '=') && !n--)
			return text[len] ? text + len + 1 : text + len;
	}
	return NULL;
}

int step_flag_bool(const struct instruction *i, const char *name, bool *value, struct err *err)
{
	const char *text = step_flag(i, name, 0);
	int b = !text ? 0 : !*text ? 1 : dockerd_parse_bool(text);

	if (b < 0)
		return err_set(err, ERR_INVALID, "expecting boolean value for flag %s, not: %s", name, text);
	*value = b;
	return 0;
}

/* --- variables --------------------------------------------------------------------------------------- */

json_t *stage_config(struct stage *s)
{
	return config_member(s->doc, "config", json_object);
}

const char *stage_env(const struct stage *s, const char *name)
{
	json_t *env = jsonx_at(s->doc, "config.Env"), *v;
	size_t n = strlen(name), i;

	json_array_foreach(env, i, v) {
		const char *text = json_string_value(v);

		if (text && !strncmp(text, name, n) && text[n] == '=')
			return text + n + 1;
	}
	return NULL;
}

static const char *lookup(void *arg, const char *name)
{
	struct stage *s = arg;
	const char *value = stage_env(s, name);

	return value ? value : json_string_value(json_object_get(s->args, name));
}

struct expander stage_expander(struct stage *s)
{
	return (struct expander){ .escape = s->b->file.escape, .get = lookup, .arg = s };
}

char *step_expand(struct stage *s, const char *word, struct err *err)
{
	struct expander x = stage_expander(s);

	return dockerfile_expand(&x, word, err);
}

int step_expand_words(struct stage *s, const char *text, struct strlist *out, struct err *err)
{
	struct expander x = stage_expander(s);

	return dockerfile_expand_words(&x, text, out, err);
}

char *step_expand_heredoc(struct stage *s, const struct heredoc *h, struct err *err)
{
	struct expander x = stage_expander(s);

	x.keep_quotes = true;
	return h->expand ? dockerfile_expand(&x, h->content, err) : xstrdup(h->content);
}

json_t *stage_run_args(struct stage *s)
{
	AUTO_STRLIST struct strlist list = STRLIST_INIT;
	const char *name;
	json_t *value;

	json_object_foreach(s->args, name, value)
		if (json_is_string(value) && !stage_env(s, name))
			strlist_addf(&list, "%s=%s", name, json_string_value(value));
	strlist_sort(&list);
	return jsonx_strings(&list);
}

json_t *stage_shell(struct stage *s, const char *line, struct err *err)
{
	json_t *shell = json_object_get(stage_config(s), "Shell");
	AUTO_JSON json_t *list = json_array_size(shell) ? json_deep_copy(shell)
							: json_pack("[s, s]", "/bin/sh", "-c");

	if (!json_array_append_new(list, json_string(line)))
		return steal_ptr(&list);
	err_set(err, ERR_INVALID, "a command that is not UTF-8");
	return NULL;
}

char *stage_path(struct stage *s, const char *path)
{
	const char *dir = *path == '/' ? "" : jsonx_str(stage_config(s), "WorkingDir", "");
	AUTO_FREE char *whole = xasprintf("%s/%s", dir, path), *clean = ignore_clean(whole);

	return xasprintf("/%s", strcmp(clean, ".") ? clean : "");
}

/* --- one after the other ----------------------------------------------------------------------------- */

int stage_step(struct stage *s, const struct instruction *i, struct err *err)
{
	const struct step *step = step_of(i, err);

	return step ? step->run(s, i, err) : -1;
}

int stage_run(struct stage *s, struct err *err)
{
	for (size_t n = 0; n < s->n; n++) {
		const struct instruction *i = s->from + n;

		if (stage_say(s, err, "Step %d/%d : %s\n", s->first_step + (int)n, s->b->steps, i->text))
			return -1;
		if (stage_step(s, i, err)) {
			AUTO_FREE char *where = dockerfile_excerpt(&s->b->file, i);
			struct err ignored;

			stage_say(s, &ignored, "Dockerfile:%d\n%s", i->line, where);
			return -1;
		}
	}
	return 0;
}
