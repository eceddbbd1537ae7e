/*
 * cmd_create.c - docker create: docker run without the running.
 */
#include <stdio.h>

#include "create.h"
#include "verbs.h"

struct options {
	struct cli_create_options create; /* first: its flags' offsets are from here */
};

static const struct cli_flag flags[] = {
	{ 0, "help", CLI_BOOL, 0, "Print usage" }, /* known without this; -h is the hostname's */
	{ 0, "pull", CLI_STRING, offsetof(struct options, create.pull),
	  "Pull image before creating (\"always\", \"missing\", \"never\")", .shown = "\"missing\"" },
	{ 0 },
};

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct options *o = options;
	AUTO_FREE char *id = NULL;

	if (cli_create_request(&o->create, args, n, false, err)) {
		cli_fail_with_help(cli, err);
		return 0;
	}
	if (cli_create(cli, &o->create, args[0], &id, err))
		return -1;
	puts(id);
	return 0;
}

const struct cli_command cli_cmd_create = {
	.usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]", .summary = "Create a new container",
	.min = 1, .max = -1, .flags_first = true, .options_size = sizeof(struct options),
	.flags = cli_create_flags, .more_flags = flags, .run = run,
};
