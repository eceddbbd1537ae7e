/*
 * build_stage.c - see build.h: the graph of stages.
 *
 *     FROM golang AS a    FROM a AS b    FROM scratch, COPY --from=b ...    FROM busybox AS unused
 *        0   ◀───────────────  1   ◀───────────  2 = target                    3: never run
 *
 * A stage can name only those before it, so the numbers are an order in which all waits end.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "01-kernel/base/jsonx.h"
#include "build.h"

/* --- which there are -------------------------------------------------------------------------- */

static bool name_is_valid(const char *name)
{
	if (!islower((unsigned char)*name))
		return false;
	while (islower((unsigned char)*name) || isdigit((unsigned char)*name) ||
	       (*name && strchr("-_.", *name)))
		name++;
	return !*name;
}

static int add_stage(struct build *b, const struct instruction *i, struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;
	struct stage *s;

	dockerfile_words(i->rest, b->file.escape, &words);
	if (words.n != 1 && (words.n != 3 || strcasecmp(words.v[1], "AS")))
		return err_set(err, ERR_INVALID, "FROM requires either one or three arguments");
	b->stages = xrealloc(b->stages, (b->n_stages + 1) * sizeof *b->stages);
	s = &b->stages[b->n_stages];
	*s = (struct stage){ .b = b, .index = b->n_stages++, .from = i, .said = json_array() };
	if (words.n == 1)
		return 0;
	s->name = xstrdup(words.v[2]);
	for (char *c = s->name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (!name_is_valid(s->name))
		return err_set(err, ERR_INVALID, "invalid name for build stage: \"%s\", name can't start "
			       "with a number or contain symbols", words.v[2]);
	return 0;
}

/* Those without variables are done to a stage that is none, to know of what is wrong before anything is built. */
static int try_out(struct build *b, const struct instruction *i, struct err *err)
{
	static const char words[] = "CMD ENTRYPOINT HEALTHCHECK ONBUILD SHELL ";
	AUTO_JSON json_t *doc = json_object();
	struct stage none = { .b = b, .doc = doc, .bare = true };

	return step_is_one_of(words, i->word, strlen(i->word)) ? stage_step(&none, i, err) : 0;
}

static int add_instruction(struct build *b, const struct instruction *i, struct err *err)
{
	if (step_check(i, err) || try_out(b, i, err))
		return -1;
	if (!strcmp(i->word, "FROM")) {
		if (add_stage(b, i, err))
			return -1;
	} else if (!b->n_stages) {
		b->before_from++;
		return strcmp(i->word, "ARG") ? err_set(err, ERR_INVALID, "no build stage in current context")
					      : 0;
	}
	b->stages[b->n_stages - 1].n++;
	return 0;
}

static int split(struct build *b, struct err *err)
{
	for (size_t n = 0; n < b->file.n; n++) {
		const struct instruction *i = &b->file.v[n];

		if (add_instruction(b, i, err))
			return err_wrap(err, "dockerfile parse error on line %d (%.200s)", i->line, i->text);
	}
	return b->n_stages ? 0 : err_set(err, ERR_INVALID, "no build stage in current context");
}

/* --- which are needed ---------------------------------------------------------------------------- */

static struct stage *named(struct build *b, const char *name, size_t before)
{
	char *end;
	unsigned long n = strtoul(name, &end, 10);

	if (context_find(b, name)) /* it stands in for the stage */
		return NULL;
	for (size_t i = before; i-- > 0;)
		if (b->stages[i].name && !strcasecmp(b->stages[i].name, name))
			return &b->stages[i];
	return isdigit((unsigned char)*name) && !*end && n < before ? &b->stages[n] : NULL;
}

struct stage *stage_find(struct stage *s, const char *name)
{
	return named(s->b, name, s->index);
}

bool stage_is_later(struct stage *s, const char *name)
{
	struct stage *any = named(s->b, name, s->b->n_stages);

	return any && any->index >= s->index && (any == s || isdigit((unsigned char)*name));
}

static int need(struct stage *s, struct err *err);

static int need_named(struct stage *s, const char *name, struct err *err)
{
	struct stage *other = stage_find(s, name);

	return other ? need(other, err) : 0;
}

/* "type=bind,from=x,…" */
static int need_mount(struct stage *s, const char *mount, struct err *err)
{
	for (const char *p = mount; *p; p += strcspn(p, ","), p += *p == ',') {
		AUTO_FREE char *name = NULL;

		if (strncmp(p, "from=", 5))
			continue;
		name = xstrndup(p + 5, strcspn(p + 5, ","));
		if (need_named(s, name, err))
			return -1;
	}
	return 0;
}

static int need_instruction(struct stage *s, const struct instruction *i, struct err *err)
{
	const char *from = strcmp(i->word, "COPY") ? NULL : step_flag(i, "from", 0), *mount;

	if (from && need_named(s, from, err))
		return -1;
	for (size_t m = 0; (mount = step_flag(i, "mount", m)); m++)
		if (need_mount(s, mount, err))
			return -1;
	return 0;
}

static int need_trigger(struct stage *s, const char *text, struct err *err)
{
	struct instruction trigger;
	int rc;

	if (instruction_parse(text, &trigger, err))
		return -1;
	rc = need_instruction(s, &trigger, err);
	instruction_free(&trigger);
	return rc;
}

/* A trigger of a base image may name a stage that nothing in the Dockerfile does. Where all stages before are
 * needed anyway, there is no reason to look. */
static int need_triggers(struct stage *s, const char *name, const char *platform, struct err *err)
{
	AUTO_JSON json_t *image = NULL, *triggers = NULL;
	bool all = true;
	json_t *v;
	size_t n;

	for (n = 0; n < s->index; n++)
		all = all && s->b->stages[n].needed;
	all = all || !strcmp(name, "scratch") || context_of_files(s->b, name) >= 0;
	image = all ? json_object() : build_image(s, name, platform, err);
	triggers = json_incref(jsonx_at(image, "config.config.OnBuild"));
	json_array_foreach(triggers, n, v)
		if (json_is_string(v) && need_trigger(s, json_string_value(v), err))
			return err_wrap(err, "a trigger of %s", name);
	return image ? 0 : -1;
}

/* FROM's first word, expanded; a variable that cannot be is told when the stage runs. */
static int need_base(struct stage *s, struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;
	struct expander x = global_expander(s->b);
	const char *flag = step_flag(s->from, "platform", 0);
	AUTO_FREE char *name = NULL, *platform = NULL;
	struct err ignored;

	dockerfile_words(s->from->rest, s->b->file.escape, &words);
	name = dockerfile_expand(&x, words.v[0], &ignored);
	platform = flag ? dockerfile_expand(&x, flag, &ignored) : NULL;
	if (!name || !*name)
		return 0;
	return stage_find(s, name) ? need_named(s, name, err)
				   : need_triggers(s, name, platform && *platform ? platform : s->b->o.platform, err);
}

/* The triggers last: by then it is known what is needed anyway. */
static int need(struct stage *s, struct err *err)
{
	if (s->needed)
		return 0;
	s->needed = true;
	for (size_t n = 1; n < s->n; n++)
		if (need_instruction(s, s->from + n, err))
			return -1;
	return need_base(s, err);
}

static int choose_target(struct build *b, struct err *err)
{
	const char *name = b->o.target;
	struct stage *target = name && *name ? named(b, name, b->n_stages)
					     : &b->stages[b->n_stages - 1];

	if (!target)
		return err_set(err, ERR_INVALID, "target stage \"%s\" could not be found", name);
	b->target = target->index;
	return need(target, err);
}

int build_stages(struct build *b, struct err *err)
{
	if (split(b, err))
		return -1;
	b->builtin_args = builtin_args(b->o.platform);
	for (size_t n = 0; n < b->before_from; n++)
		if (global_arg(b, &b->file.v[n], err))
			return err_wrap(err, "dockerfile parse error on line %d", b->file.v[n].line);
	if (choose_target(b, err))
		return -1;
	b->steps = (int)b->before_from;
	for (size_t n = 0; n <= b->target; n++) {
		if (!b->stages[n].needed)
			continue;
		b->stages[n].first_step = b->steps + 1;
		b->steps += (int)b->stages[n].n;
	}
	b->steps += json_object_size(b->o.labels) ? 1 : 0;
	return 0;
}

/* --- waiting --------------------------------------------------------------------------------------- */

int stage_await(struct stage *s, struct stage *other, struct err *err)
{
	struct build *b = s->b;
	bool failed;

	if (!other->needed) /* a trigger of the base image names it; it was not known when this began */
		return err_set(err, ERR_UNSUPPORTED, "stage %s is named by a trigger of the base image "
			       "only, and was not built", other->name ? other->name : "");
	pthread_mutex_lock(&b->lock);
	while (!other->done && !b->stop)
		pthread_cond_wait(&b->changed, &b->lock);
	failed = other->failed || !other->done;
	pthread_mutex_unlock(&b->lock);
	return failed ? err_set(err, ERR_CANCELLED, "the build was given up") : 0;
}
