/*
 * env.h - environment variables: -e and --env-file.
 */
#ifndef DOCKYARD_CLI_ENV_H
#define DOCKYARD_CLI_ENV_H

#include <jansson.h>

#include "01-kernel/base/strbuf.h"
#include "01-kernel/base/err.h"

/* For -e: a name is needed. */
int cli_env_check(const char *text, struct err *err);

/* The files' variables, then the flags': new. NAME without a value takes it
 * from our environment; where we have none, a flag removes it from the image's. */
json_t *cli_env_collect(const struct strlist *files, const struct strlist *flags, struct err *err);

#endif
