/*
 * cmd_complete.c - docker __complete WORDS…: what the last of the words may
 * become, one per line, a tab and what it is. Shells ask (cmd_completion.c).
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "commands.h"
#include "context.h"
#include "verbs.h"

static void offer(const char *name, const char *about, const char *typed)
{
	if (*name && str_starts(name, typed))
		printf("%s%s%.*s\n", name, *about ? "\t" : "", (int)strcspn(about, "\n"), about);
}

/* ---- names of verbs and flags -------------------------------------------- */

static void offer_verbs(const struct cli_group *group, const char *typed)
{
	for (const struct cli_verb *v = cli_verbs; v->command; v++) {
		if (v->common == CLI_VERB_HIDDEN)
			continue;
		if (!group && v->top)
			offer(v->top, v->command->summary, typed);
		if (group && v->group && !strcmp(v->group, group->name)) {
			AUTO_FREE char *name = xstrndup(v->names, strcspn(v->names, " "));
			offer(name, v->command->summary, typed);
		}
	}
	for (const struct cli_group *g = cli_groups; !group && g->name; g++)
		offer(g->name, g->summary ? g->summary : "", typed);
}

static void offer_flags(const struct cli_flag *flags, const char *typed)
{
	for (const struct cli_flag *f = flags; f && f->name; f++) {
		AUTO_FREE char *name = xasprintf("--%s", f->name);
		if (!f->hidden)
			offer(name, f->help, typed);
	}
}

/* ---- names of things ----------------------------------------------------- */

static void offer_contexts(struct cli *cli, const char *typed)
{
	AUTO_STRLIST struct strlist names = STRLIST_INIT;

	cli_context_list(&cli->config, &names);
	strlist_add(&names, CLI_CONTEXT_DEFAULT);
	for (size_t i = 0; i < names.n; i++)
		offer(names.v[i], "", typed);
}

/* What stands for a thing in a usage line, and where their names are. */
static const struct thing {
	const char *word, *path, *list, *field;
} things[] = {
	{ "CONTAINER", "/containers/json?all=1", NULL, "Names" },
	{ "IMAGE", "/images/json", NULL, "RepoTags" },
	{ "SOURCE_IMAGE", "/images/json", NULL, "RepoTags" },
	{ "NETWORK", "/networks", NULL, "Name" },
	{ "VOLUME", "/volumes", "Volumes", "Name" },
};

/* A daemon that does not answer has nothing to offer. */
static void offer_things(struct cli *cli, const struct thing *thing, const char *typed)
{
	AUTO_JSON json_t *answer = NULL;
	const json_t *list;
	json_t *item, *name;
	struct err ignored;
	size_t i, k;

	if (cli_api_call(&cli->api, "GET", thing->path, NULL, &answer, &ignored))
		return;
	list = thing->list ? json_object_get(answer, thing->list) : answer;
	json_array_foreach((json_t *)list, i, item) {
		json_t *names = json_object_get(item, thing->field);
		if (json_is_string(names))
			offer(json_string_value(names), "", typed);
		json_array_foreach(names, k, name) {
			const char *text = json_is_string(name) ? json_string_value(name) : "";
			offer(*text == '/' ? text + 1 : text, "", typed);
		}
	}
}

/* The word of the usage line that argument `n` stands for: the last one goes on. */
static void offer_arguments(struct cli *cli, const struct cli_command *c, int n, const char *typed)
{
	AUTO_FREE char *usage = xstrdup(c->usage), *word = NULL;
	char *save = NULL;

	for (char *p = strtok_r(usage, " |[]:", &save); p; p = strtok_r(NULL, " |[]:", &save)) {
		if (!strcmp(p, "OPTIONS"))
			continue;
		free(word);
		word = xstrndup(p, strcspn(p, "."));
		if (!n--)
			break;
	}
	for (size_t i = 0; word && i < sizeof things / sizeof *things; i++)
		if (!strcmp(things[i].word, word))
			offer_things(cli, &things[i], typed);
	if (word && !strcmp(word, "CONTEXT"))
		offer_contexts(cli, typed);
}

/* ---- the verb ------------------------------------------------------------ */

/* Does this word take the next one as its value? */
static bool takes_value(const struct cli_command *c, const char *word)
{
	const struct cli_flag *tables[] = { c->flags, c->more_flags };

	for (size_t t = 0; t < 2; t++)
		for (const struct cli_flag *f = tables[t]; f && f->name; f++) {
			bool is_long = word[0] == '-' && word[1] == '-' && !strcmp(word + 2, f->name);
			bool is_short = f->letter && word[0] == '-' && word[1] == f->letter && !word[2];
			if (is_long || is_short)
				return f->kind != CLI_BOOL;
		}
	return false;
}

static void offer_for_verb(struct cli *cli, const struct cli_command *c, char **words, int n)
{
	const char *typed = words[n - 1];
	int arguments = 0;

	for (int i = 0; i + 1 < n; i++)
		if (takes_value(c, words[i]))
			i++;
		else
			arguments += words[i][0] != '-';
	if (n > 1 && takes_value(c, words[n - 2])) {
		if (str_starts(words[n - 2], "--net"))
			offer_things(cli, &things[3], typed);
		return;
	}
	if (*typed == '-') {
		offer_flags(c->flags, typed);
		offer_flags(c->more_flags, typed);
	} else {
		offer_arguments(cli, c, arguments, typed);
	}
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct cli_found found;

	(void)options;
	(void)err;
	cli_find(args, n - 1, &found);
	if (found.verb)
		offer_for_verb(cli, found.verb->command, args + found.used, n - found.used);
	else if (n == 1 || (found.group && n == 2))
		offer_verbs(found.group, args[n - 1]);
	free(found.path);
	return 0;
}

const struct cli_command cli_cmd_complete = {
	.usage = "-- WORD [WORD...]", .summary = "Print what the last word may become", .min = 1, .max = -1, .run = run,
};
