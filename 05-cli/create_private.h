/*
 * create_private.h - what the files that put the request together share.
 */
#ifndef DOCKYARD_CLI_CREATE_PRIVATE_H
#define DOCKYARD_CLI_CREATE_PRIVATE_H

#include "01-kernel/base/jsonx.h"
#include "create.h"
#include "value.h"

int cli_create_networks(struct cli_create_options *o, json_t *host, struct err *err);
int cli_create_limits(const struct cli_create_options *o, json_t *host, struct err *err);
/* --device vendor.com/class=name is no file: true, and it is asked for. */
bool cli_create_cdi(const char *device, json_t *host);
int cli_create_gpus(const char *text, json_t *host, struct err *err);

/* --use-api-socket: what goes into the request, and a config.json for the container, new, or NULL; and that put into it. */
int cli_create_socket(struct cli *cli, const struct cli_create_options *o, json_t **config, struct err *err);
int cli_create_put_config(struct cli *cli, const char *id, const json_t *config, struct err *err);

#endif
