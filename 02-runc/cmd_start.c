/*
 * cmd_start.c - `start`: let a created container run its program.
 */
#include "cmd.h"

int runc_cmd_start(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "<container-id>", "let the program run", 1, 1 };
	AUTO_STATE struct runc_state st = RUNC_STATE_INIT;
	const struct option_def none[] = { { NULL } };
	int rest;

	if (runc_cmd_parse(&usage, none, argc, argv, &rest, err))
		return -1;
	if (rest < 0)
		return 0;
	return runc_cmd_state_of(g, argv[rest], &st, err) ||
	       runc_container_start(&st, g->root, err) ? -1 : 0;
}
