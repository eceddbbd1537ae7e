/*
 * commands.h - the names of the verbs: `docker ps`, `docker container ls`.
 *
 * A verb has a place in a group ("container": "ls", "list", "ps"), a short name
 * at the top ("ps"), or both. Adding a verb is one line in commands.c, its
 * struct in verbs.h, and its file.
 */
#ifndef DOCKYARD_CLI_COMMANDS_H
#define DOCKYARD_CLI_COMMANDS_H

#include "cli.h"

struct cli_verb {
	const char *top;   /* "ps", or NULL */
	const char *group; /* "container", or NULL */
	const char *names; /* in the group: "ls list ps"; the first is the one shown */
	int common;        /* place among the common commands of `docker --help`, 0: not there */
#define CLI_VERB_HIDDEN (-1) /* in no list: programs call it */
	const struct cli_command *command;
};
extern const struct cli_verb cli_verbs[]; /* ends with command NULL */

struct cli_group {
	const char *name;
	const char *summary; /* NULL: not in the list */
};
extern const struct cli_group cli_groups[]; /* ends with name NULL */

/* What the words name: a verb, a group (of which no verb was given), or
 * neither. *used is the number of words that belong to the name, and *path the
 * name as it was typed, to be freed. */
struct cli_found {
	const struct cli_verb *verb;
	const struct cli_group *group;
	int used;
	char *path;
};
void cli_find(char **words, int n, struct cli_found *found);

/* The name nearest to what was typed, within a typo or two: new, or NULL. */
char *cli_suggest(const char *group, const char *typed);

#endif
