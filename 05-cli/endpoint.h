/*
 * endpoint.h - which daemon: what the command line, the environment and the
 * configuration say, in the order in which they count.
 *
 *     --context, -H, DOCKER_HOST, DOCKER_CONTEXT, currentContext of config.json,
 *     unix:///var/run/docker.sock
 */
#ifndef DOCKYARD_CLI_ENDPOINT_H
#define DOCKYARD_CLI_ENDPOINT_H

#include "cli.h"

/* What the command line said. */
struct cli_place {
	struct strlist hosts;
	const char *context;
	struct cli_tls_flags tls;
};

/* Sets cli->context, and where the verb talks to a daemon cli->api's host and version. */
int cli_endpoint_choose(struct cli *cli, const struct cli_place *place, bool offline, struct err *err);

/* Where the context "default" leads: -H, DOCKER_HOST, or the usual. */
const char *cli_endpoint_default(const struct cli_place *place);

#endif
