/*
 * ansi.h - colours, and text that must not bring its own.
 */
#ifndef DOCKYARD_CLI_ANSI_H
#define DOCKYARD_CLI_ANSI_H

#include <stdbool.h>

#include "01-kernel/base/strbuf.h"

#define CLI_ANSI_RESET "\033[0m"

/* Is it a terminal, and has its user nothing against colours? (NO_COLOR: https://no-color.org) */
bool cli_ansi_colours(int fd);

/* How wide the terminal is; `otherwise` where it is none, or does not say. */
unsigned cli_ansi_width(int fd, unsigned otherwise);

#endif
