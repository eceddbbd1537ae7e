/*
 * cmd_rename.c - docker rename.
 */

#include "verbs.h"

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;

	(void)options;
	(void)n;
	AUTO_FREE char *base = cli_api_path("containers", args[0], "/rename", err);
	if (!base)
		return -1;
	strbuf_adds(&path, base);
	cli_query(&path, "name", args[1]);
	if (!cli_api_post(&cli->api, path.data, err))
		return 0;
	cli_complain("%s", err->msg);
	return err_set(err, ERR_SYSTEM, "Error: failed to rename container named %s", args[0]);
}

const struct cli_command cli_cmd_rename = {
	.usage = "CONTAINER NEW_NAME", .summary = "Rename a container", .min = 2, .max = 2, .run = run,
};
