/*
 * format.h - one document by --format: "json", or a template of the user's.
 */
#ifndef DOCKYARD_CLI_FORMAT_H
#define DOCKYARD_CLI_FORMAT_H

#include "cli.h"
#include "template.h"

/* The template of --format: "json" is short for {{json .}}. A malformed one is
 * exit status 64. NULL with err. */
struct cli_template *cli_format_parse(struct cli *cli, const char *format, struct err *err);

/* Print the document by it, as a value of that type (shape.h), and a line feed. */
int cli_format_print(struct cli *cli, const char *format, const char *type, json_t *doc, struct err *err);
/* The same into *out. */
int cli_format_run(const struct cli_template *t, const char *type, const json_t *doc, struct strbuf *out, struct err *err);

#endif
