/*
 * usage.h - what --help prints, made from the tables.
 */
#ifndef DOCKYARD_CLI_USAGE_H
#define DOCKYARD_CLI_USAGE_H

#include <stdio.h>

#include "01-kernel/base/strbuf.h"
#include "commands.h"

void cli_usage_top(FILE *out, const struct cli_flag *globals);
void cli_usage_group(FILE *out, const struct cli_group *group);
void cli_usage_verb(FILE *out, const struct cli_verb *verb, const char *path);

/* A set of flags as two columns, folded to `width` (public for its test). */
void cli_usage_flags(struct strbuf *sb, const struct cli_flagset *set, size_t width);

#endif
