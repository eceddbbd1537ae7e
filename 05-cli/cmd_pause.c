/*
 * cmd_pause.c - docker pause and docker unpause: the freezer of the cgroup.
 */
#include "each.h"
#include "verbs.h"

static int run_pause(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	(void)options;
	return cli_each(cli, args, n, cli_post_container, "/pause", err);
}

static int run_unpause(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	(void)options;
	return cli_each(cli, args, n, cli_post_container, "/unpause", err);
}

const struct cli_command cli_cmd_pause = {
	.usage = "CONTAINER [CONTAINER...]", .summary = "Pause all processes within one or more containers",
	.min = 1, .max = -1, .run = run_pause,
};

const struct cli_command cli_cmd_unpause = {
	.usage = "CONTAINER [CONTAINER...]", .summary = "Unpause all processes within one or more containers",
	.min = 1, .max = -1, .run = run_unpause,
};
