/*
 * cmd_kill.c - docker kill: a signal to a container's first process.
 */
#include "each.h"
#include "verbs.h"

struct options {
	const char *signal;
};

static const struct cli_flag flags[] = {
	{ 's', "signal", CLI_STRING, offsetof(struct options, signal), "Signal to send to the container" },
	{ 0 },
};

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	AUTO_STRBUF struct strbuf tail = STRBUF_INIT;

	strbuf_adds(&tail, "/kill");
	if (o->signal)
		cli_query(&tail, "signal", o->signal);
	return cli_each(cli, args, n, cli_post_container, tail.data, err);
}

const struct cli_command cli_cmd_kill = {
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]", .summary = "Kill one or more running containers",
	.min = 1, .max = -1, .options_size = sizeof(struct options), .flags = flags, .run = run,
};
