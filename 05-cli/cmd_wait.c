/*
 * cmd_wait.c - docker wait: print the exit status of containers when they end.
 */
#include <stdio.h>

#include "01-kernel/base/jsonx.h"
#include "verbs.h"

static int wait_one(struct cli *cli, const char *name, struct err *err)
{
	AUTO_FREE char *path = cli_api_path("containers", name, "/wait", err);
	AUTO_JSON json_t *answer = NULL;

	if (!path || cli_api_call(&cli->api, "POST", path, NULL, &answer, err))
		return -1;
	const char *message = jsonx_str(json_object_get(answer, "Error"), "Message", NULL);
	if (message)
		return err_set(err, ERR_SYSTEM, "%s", message);
	printf("%lld\n", (long long)jsonx_int(answer, "StatusCode", -1));
	fflush(stdout);
	return 0;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct cli_failures failures = CLI_FAILURES_INIT;

	(void)options;
	for (int i = 0; i < n; i++)
		if (wait_one(cli, args[i], err))
			cli_failures_add(&failures, err);
	cli_failures_end(&failures, cli);
	return 0;
}

const struct cli_command cli_cmd_wait = {
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Block until one or more containers stop, then print their exit codes",
	.min = 1, .max = -1, .run = run,
};
