/*
 * build_arg.c - see build.h: ARG, and where its value is from.
 *
 *   in front of the first FROM   for FROMs, and as a default for stages that declare the name
 *   in a stage                   what the client sent, the default written there, that one, or one
 *                                that every build has (TARGETARCH and its like)
 */
#include <string.h>

#include "03-containerd/platform.h"
#include "build.h"

static void describe(json_t *out, const char *prefix, const char *platform)
{
	struct ctrd_platform p;
	struct err ignored;

	if (ctrd_platform_parse(platform, &p, &ignored))
		return;
	const char *const rows[][2] = { { "OS", p.os }, { "ARCH", p.arch }, { "VARIANT", p.variant } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO_FREE char *name = xasprintf("%s%s", prefix, rows[i][0]);

		json_object_set_new(out, name, json_string(rows[i][1]));
	}
	AUTO_FREE char *name = xasprintf("%sPLATFORM", prefix);

	json_object_set_new(out, name, json_sprintf("%s/%s%s%s", p.os, p.arch, *p.variant ? "/" : "", p.variant));
}

json_t *builtin_args(const char *platform)
{
	json_t *out = json_object();

	describe(out, "BUILD", NULL);
	describe(out, "TARGET", platform);
	return out;
}

static const char *builtin_arg(const struct build *b, const char *name)
{
	return json_string_value(json_object_get(b->builtin_args, name));
}

/* What the client sent for it, or NULL. */
static const char *sent_arg(struct build *b, const char *name)
{
	json_t *value = json_object_get(b->o.args, name);

	pthread_mutex_lock(&b->lock);
	if (value)
		json_object_set_new(b->used_args, name, json_true());
	pthread_mutex_unlock(&b->lock);
	return json_string_value(value);
}

/* One name[=default] of an ARG into `args`. */
static int declare(struct build *b, const struct expander *x, const char *word, json_t *args,
		   bool global, struct err *err)
{
	AUTO_FREE char *name = xstrndup(word, strcspn(word, "=")), *given = NULL;
	const char *value;

	if (!*name)
		return err_set(err, ERR_INVALID, "ARG names can not be blank");
	if (word[strlen(name)] && !(given = dockerfile_expand(x, word + strlen(name) + 1, err)))
		return -1;
	value = sent_arg(b, name);
	value = value ? value : given;
	if (!value && !global)
		value = json_string_value(json_object_get(b->global_args, name));
	if (!value)
		value = builtin_arg(b, name);
	if (json_object_set_new(args, name, value ? json_string(value) : json_null()))
		return err_set(err, ERR_INVALID, "ARG %s: not UTF-8", name);
	return 0;
}

static int declare_all(struct build *b, const struct expander *x, const char *rest, json_t *args,
		       bool global, struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;

	dockerfile_words(rest, b->file.escape, &words);
	for (size_t w = 0; w < words.n; w++)
		if (declare(b, x, words.v[w], args, global, err))
			return -1;
	return 0;
}

static const char *global_lookup(void *arg, const char *name)
{
	struct build *b = arg;
	const char *value = json_string_value(json_object_get(b->global_args, name));

	return value ? value : builtin_arg(b, name);
}

struct expander global_expander(struct build *b)
{
	return (struct expander){ .escape = b->file.escape, .get = global_lookup, .arg = b };
}

/* In front of the first FROM. */
int global_arg(struct build *b, const struct instruction *i, struct err *err)
{
	struct expander x = global_expander(b);

	return declare_all(b, &x, i->rest, b->global_args, true, err);
}

int step_arg(struct stage *s, const struct instruction *i, struct err *err)
{
	struct expander x = stage_expander(s);

	return declare_all(s->b, &x, i->rest, s->args, false, err) ? -1 : stage_note(s, i->text, err);
}
