/*
 * cmd_stop.c - docker stop and docker restart: a signal, patience, SIGKILL.
 */
#include <stdio.h>

#include "each.h"
#include "verbs.h"

struct options {
	const char *signal;
	struct cli_number timeout;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 's', "signal", CLI_STRING, AT(signal), "Signal to send to the container", .api = "1.42" },
	{ 0, "time", CLI_INT, AT(timeout), "Seconds to wait before killing the container", .hidden = true, .instead = "timeout" },
	{ 't', "timeout", CLI_INT, AT(timeout), "Seconds to wait before killing the container" },
	{ 0 },
};

static int stop(struct cli *cli, const char *action, const struct options *o, char **args, int n,
		struct err *err)
{
	AUTO_STRBUF struct strbuf tail = STRBUF_INIT;
	char seconds[24];

	strbuf_adds(&tail, action);
	if (o->signal)
		cli_query(&tail, "signal", o->signal);
	snprintf(seconds, sizeof seconds, "%lld", (long long)o->timeout.value);
	if (o->timeout.set)
		cli_query(&tail, "t", seconds);
	return cli_each(cli, args, n, cli_post_container, tail.data, err);
}

static int run_stop(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	return stop(cli, "/stop", options, args, n, err);
}

static int run_restart(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	return stop(cli, "/restart", options, args, n, err);
}

const struct cli_command cli_cmd_stop = {
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]", .summary = "Stop one or more running containers",
	.min = 1, .max = -1, .options_size = sizeof(struct options), .flags = flags, .run = run_stop,
};

const struct cli_command cli_cmd_restart = {
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]", .summary = "Restart one or more containers",
	.min = 1, .max = -1, .options_size = sizeof(struct options), .flags = flags, .run = run_restart,
};
