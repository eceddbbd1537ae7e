/*
 * value.h - a JSON value as Go would show it; and one that is put together.
 */
#ifndef DOCKYARD_CLI_VALUE_H
#define DOCKYARD_CLI_VALUE_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/strbuf.h"

/* As Go's fmt prints it: text as it is, map[a:1 b:2], [x y], {1 2}, &{1 2}. */
void cli_value_print(const json_t *value, struct strbuf *out);
/* As {{.}} does: a pointer is followed. */
void cli_value_show(const json_t *value, struct strbuf *out);

/* The same lists, maps and structs around what `leaf` writes of their texts, numbers and nulls; `names`: with those of
 * fields, as %+v has them. */
typedef void (*cli_leaf)(struct strbuf *out, const json_t *value, const void *arg);
void cli_value_compose(struct strbuf *out, const json_t *value, cli_leaf leaf, const void *arg, bool names);

/* What a template gets where Go has no value at all: prints as "<no value>", and is nothing. Borrowed, for ever. */
json_t *cli_value_none(void);
/* A list and a map that are nil: null in JSON, and printed as empty. */
json_t *cli_value_nil_list(void);
json_t *cli_value_nil_map(void);

/* The same with all texts, and all names, so that they do not steer a terminal: new. */
json_t *cli_value_plain(const json_t *value);

/* As Go's encoding/json does for a row: compact, with <, > and & escaped. New. */
char *cli_value_json(const json_t *value);

/* The name of its type in errors: "string", "int". */
const char *cli_value_type(const json_t *value);

/* Is it something: not zero, not empty? */
bool cli_value_truth(const json_t *value);

/* The object, or array, under `key`, made where it is missing; borrowed. */
json_t *cli_object_at(json_t *parent, const char *key);
json_t *cli_array_at(json_t *parent, const char *key);

/* JSON text with line breaks and indentation put in, nothing else changed: so
 * numbers and escapes stay as the daemon wrote them. */
void cli_json_indent(const char *text, const char *prefix, const char *indent, struct strbuf *out);

#endif
