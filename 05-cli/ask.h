/*
 * ask.h - "Are you sure?", before something is gone for good.
 */
#ifndef DOCKYARD_CLI_ASK_H
#define DOCKYARD_CLI_ASK_H

#include <stdbool.h>

/* Print the question and " [y/N] ": true for y. The end of input is a no. */
bool cli_ask(const char *question);

/* A line of input, new and without its line feed; NULL at the end of input.
 * With `hidden`, a terminal does not show what is typed. */
char *cli_ask_line(const char *prompt, bool hidden);

#endif
