/*
 * container.h - what several verbs ask about a container.
 */
#ifndef DOCKYARD_CLI_CONTAINER_H
#define DOCKYARD_CLI_CONTAINER_H

#include "cli.h"
#include "session.h"

/* GET /containers/NAME/json: new, or NULL. */
json_t *cli_container_inspect(struct cli *cli, const char *name, struct err *err);

/* POST /containers/ID/attach for stdout, stderr and, where it is carried, stdin. */
int cli_container_attach(struct cli_session *s, struct err *err);

#endif
