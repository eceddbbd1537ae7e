/*
 * ansi.h - colours, and text that must not bring its own.
 */
#ifndef DOCKYARD_CLI_ANSI_H
#define DOCKYARD_CLI_ANSI_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/strbuf.h"

#define CLI_ANSI_RESET "\033[0m"
#define CLI_ANSI_INFO "\033[1m\033[106m\033[30mi" CLI_ANSI_RESET " \033[96mInfo → " CLI_ANSI_RESET

/* Is it a terminal, and has its user nothing against colours? (NO_COLOR: https://no-color.org) */
bool cli_ansi_colours(int fd);

/* What a daemon said, for a person's eyes: where stdout is a terminal, the document (consumed) with texts that
 * do not steer it; else as it was. */
json_t *cli_ansi_plain(json_t *document);

/* puts(3) of lines; on a terminal of such as do not steer it. */
void cli_ansi_puts(const char *text);

/* A hint to the person at the terminal, on stderr; further lines of it are indented here. */
void cli_ansi_note(const char *text);

/* How wide the terminal is; `otherwise` where it is none, or does not say. */
unsigned cli_ansi_width(int fd, unsigned otherwise);

#endif
