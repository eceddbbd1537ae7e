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

/* A context's document, as cli_context_load gives it: new, or NULL. "default" has one too, which
 * leads where -H, DOCKER_HOST or the usual do. */
json_t *cli_endpoint_meta(const struct cli *cli, const char *name, struct err *err);
#define CLI_ENDPOINT_DEFAULT_ABOUT "Current DOCKER_HOST based configuration"

#endif
