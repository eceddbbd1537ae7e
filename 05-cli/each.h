/*
 * each.h - the same for each of several containers or images, side by side.
 *
 * `docker stop a b c` takes as long as the slowest, not as all together. The
 * names of those that went well are printed in the order they were given,
 * failures after them (cli.h).
 */
#ifndef DOCKYARD_CLI_EACH_H
#define DOCKYARD_CLI_EACH_H

#include "cli.h"

/* One of them. `api` is this call's own; context is shared and not written. -1 with err->kind ERR_NONE:
 * nothing was done, and nothing is said. */
typedef int (*cli_one)(struct cli_api *api, const char *name, const void *context, struct err *err);

int cli_each(struct cli *cli, char **names, int n, cli_one one, const void *context, struct err *err);

/* The same with -f: that something is not there is said, but is no failure. */
int cli_each_forced(struct cli *cli, char **names, int n, cli_one one, const void *context,
		    struct err *err);

/* As `one`: POST /containers/NAME<context>, where context is "/kill?signal=9". */
int cli_post_container(struct cli_api *api, const char *name, const void *tail, struct err *err);

#endif
