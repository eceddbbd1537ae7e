/*
 * df.h - docker system df -v: every image, container, volume and piece of cache.
 */
#ifndef DOCKYARD_CLI_DF_H
#define DOCKYARD_CLI_DF_H

#include "cli.h"

/* Tables of what /system/df says; with --format, one document of their rows. */
int cli_df_verbose(const json_t *df, const char *format, struct err *err);

#endif
