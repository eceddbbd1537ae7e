/*
 * template.h - Go templates, as --format takes them, over JSON values.
 *
 *     {{.Names}}\t{{.State.Status}}         fields, nested
 *     {{json .Mounts}}                      functions
 *     {{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}
 *     {{if .State.Running}}up{{else}}down{{end}}   {{with .Health}}..{{end}}
 *     {{define "name"}}..{{end}}  {{template "name" .State}}  {{block "name" .}}..{{end}}
 *     {{.Names | upper | printf "%-20s"}}   pipelines: the last argument
 *     {{- x -}}                             blanks on that side are cut off
 *
 * A template is parsed once (template_parse.c) to a tree and run over any
 * number of values (template_run.c, functions in template_func.c). Values are
 * jansson's: what Go would hold as a struct or a map is an object here, and
 * both answer to .Field.
 */
#ifndef DOCKYARD_CLI_TEMPLATE_H
#define DOCKYARD_CLI_TEMPLATE_H

#include <jansson.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

struct cli_template;

/* How a value answers to what is not one of its members. */
struct cli_template_scope {
	/* .Name with or without arguments, for the value the template is run
	 * on: new, or NULL with err, or NULL without (kind stays ERR_NONE): no such. */
	json_t *(*method)(void *context, const char *name, json_t **args, size_t n, struct err *err);
	void *context;
	/* The type that an error names; NULL: a map, of which keys are missing. */
	const char *type;
	/* A key that a map has not is no mistake: it has no value. */
	bool lenient;
	/* It makes a table's headings: functions that give a text another look leave it as it is. */
	bool heading;
};

/* NULL with err when it is malformed. */
struct cli_template *cli_template_parse(const char *text, struct err *err);
void cli_template_free(struct cli_template *t);

/* Append the result of running it over `value` (borrowed). scope may be NULL. */
int cli_template_run(const struct cli_template *t, json_t *value, const struct cli_template_scope *scope,
		     struct strbuf *out, struct err *err);

#endif
