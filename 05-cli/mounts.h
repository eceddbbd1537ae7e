/*
 * mounts.h - "--mount type=bind,source=/a,target=/b,readonly": -v in long.
 */
#ifndef DOCKYARD_CLI_MOUNTS_H
#define DOCKYARD_CLI_MOUNTS_H

#include <jansson.h>

#include "01-kernel/base/err.h"

/* A line of CSV, key=value each, as an object of the API's Mounts: new, or NULL. */
json_t *cli_mount_parse(const char *spec, struct err *err);

#endif
