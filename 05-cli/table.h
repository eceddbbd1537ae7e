/*
 * table.h - text in columns.
 *
 * Lines of cells, a tab after each cell but the last. A column is as wide as
 * its widest cell and three blanks, and at least min_width; the last cell of a line
 * takes what it needs. A column is made of the lines that follow each other
 * and have it, as Go's text/tabwriter defines it: so ragged lines come out as
 * they do there. Widths are counted in characters, not bytes (UTF-8).
 */
#ifndef DOCKYARD_CLI_TABLE_H
#define DOCKYARD_CLI_TABLE_H

#include "01-kernel/base/strbuf.h"

#define CLI_TABLE_WIDTH 10 /* of ps, images and most others */
void cli_table_layout(const char *text, size_t min_width, struct strbuf *out);

/* Characters in the first n bytes of UTF-8 text. */
size_t cli_text_width(const char *text, size_t n);

/* At most `max` characters: the text, or its beginning and "…". New. */
char *cli_text_ellipsis(const char *text, size_t max);

#endif
