/*
 * shape.h - the Go types behind Docker's documents, as far as a template can tell them from maps.
 *
 * The real client decodes what the daemon says into structs, and runs --format over those: {{.State}} is
 * {running true …} and not a map, a member that JSON leaves out is there all the same (and is zero, nil,
 * empty), some have another name ({{.ID}} is "Id"), and a struct has no length. A document that was given a
 * shape behaves so; maps in it, of which the keys are the user's, stay maps.
 */
#ifndef DOCKYARD_CLI_SHAPE_H
#define DOCKYARD_CLI_SHAPE_H

#include <jansson.h>
#include <stdbool.h>

/* The document as a value of that type, "container.InspectResponse": new. */
json_t *cli_shape(const char *type, const json_t *doc);

/* Of a struct the name of its type; NULL: it is none. Its members are its fields, and one without a name. */
const char *cli_shape_name(const json_t *value);
bool cli_shape_is_pointer(const json_t *value); /* to a struct */
/* Of a time or a duration, which are structs or numbers to Go, how it reads; or NULL. */
const char *cli_shape_text(const json_t *value);
/* A field of a struct, or of one that is embedded in it: borrowed, or NULL. */
json_t *cli_shape_field(const json_t *value, const char *name);

/* The JSON that it was, all the way down, with its members in Go's order: new. */
json_t *cli_shape_json(const json_t *value);

#endif
