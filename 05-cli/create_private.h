/*
 * create_private.h - what the files that put the request together share.
 */
#ifndef DOCKYARD_CLI_CREATE_PRIVATE_H
#define DOCKYARD_CLI_CREATE_PRIVATE_H

#include "01-kernel/base/jsonx.h"
#include "create.h"

/* The object, or array, under `key`, made where it is missing; borrowed. */
json_t *cli_object_at(json_t *parent, const char *key);
json_t *cli_array_at(json_t *parent, const char *key);

int cli_create_networks(struct cli_create_options *o, json_t *host, struct err *err);
int cli_create_limits(const struct cli_create_options *o, json_t *host, struct err *err);
int cli_create_gpus(const char *text, json_t *host, struct err *err);

#endif
