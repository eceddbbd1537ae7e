/*
 * lines.h - an answer that is one JSON document per line, and comes in pieces.
 */
#ifndef DOCKYARD_CLI_LINES_H
#define DOCKYARD_CLI_LINES_H

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

/* Takes one line, which has no line feed and is not empty. */
typedef int (*cli_line)(void *context, const char *line, size_t n, struct err *err);

/* Give each whole line to `take`; what has begun is held until the rest has come.
 * -1 where `take` says so, and where a line has no end: it must not grow us. */
int cli_lines_feed(struct strbuf *held, const char *data, size_t n, cli_line take, void *context, struct err *err);

#endif
