/*
 * build_arg.c - see build.h: ARG, and where its value is from.
 *
 *   in front of the first FROM   for FROMs, and as a default for stages that declare the name
 *   in a stage                   what the client sent, the default written there, that one, or one
 *                                that every build has (TARGETARCH and its like)
 */
#include <string.h>

#include "build.h"

/* Known without being declared in front of a stage. */
static const char *builtin_arg(const char *name)
{
#if defined(__aarch64__)
	static const char arch[] = "arm64", platform[] = "linux/arm64";
#else
	static const char arch[] = "amd64", platform[] = "linux/amd64";
#endif
	static const char *const rows[][2] = {
		{ "TARGETPLATFORM", platform }, { "TARGETOS", "linux" }, { "TARGETARCH", arch },
		{ "TARGETVARIANT", "" },	{ "BUILDPLATFORM", platform }, { "BUILDOS", "linux" },
		{ "BUILDARCH", arch },		{ "BUILDVARIANT", "" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(rows[i][0], name))
			return rows[i][1];
	return NULL;
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
		value = builtin_arg(name);
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

	return value ? value : builtin_arg(name);
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
