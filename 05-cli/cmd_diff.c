/*
 * cmd_diff.c - docker diff: what a container has changed of its image's files.
 */
#include <stdio.h>

#include "01-kernel/base/jsonx.h"
#include "verbs.h"

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	static const char kinds[] = "CAD"; /* changed, added, deleted: 0, 1, 2 in the API */
	AUTO_FREE char *path = cli_api_path("containers", args[0], "/changes", err);
	AUTO_JSON json_t *changes = NULL;
	json_t *change;
	size_t i;

	(void)options;
	(void)n;
	if (!path || cli_api_call(&cli->api, "GET", path, NULL, &changes, err))
		return -1;
	json_array_foreach(changes, i, change) {
		json_int_t kind = jsonx_int(change, "Kind", 0);
		printf("%c %s\n", kind >= 0 && kind < 3 ? kinds[kind] : '?', jsonx_str(change, "Path", ""));
	}
	return 0;
}

const struct cli_command cli_cmd_diff = {
	.usage = "CONTAINER", .summary = "Inspect changes to files or directories on a container's filesystem",
	.min = 1, .max = 1, .run = run,
};
