/*
 * jsonx.h - the few things that every stage does with jansson.
 *
 * Reference counting is jansson's: a json_t returned as new belongs to the
 * caller (json_decref, or AUTO_JSON); "borrowed" lives as long as its parent.
 * Only users of this header need jansson; the archive member is left out of
 * programs that do not.
 */
#ifndef DOCKYARD_JSONX_H
#define DOCKYARD_JSONX_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "err.h"
#include "strbuf.h"

static inline void cleanup_json(json_t **j)
{
	json_decref(*j);
}

#define AUTO_JSON AUTO(cleanup_json)

/* Parse; `what` names the document in the error ("config.json"). New, or NULL
 * with ERR_INVALID. Duplicate keys are refused: two readers of one document
 * must not see two different values. */
json_t *jsonx_parse(const char *text, size_t len, const char *what, struct err *err);

/* The same of an object or array (`type`) that a client may leave out: no text, and the null that Go writes for
 * nothing, are an empty one. What is neither is ERR_INVALID. */
json_t *jsonx_parse_optional(const char *text, size_t len, json_type type, const char *what, struct err *err);

/* Parse a file of at most `limit` bytes. New, or NULL. */
json_t *jsonx_read(int dirfd, const char *path, size_t limit, struct err *err);

/* Write compactly through file_write_atomic. */
int jsonx_write(int dirfd, const char *path, const json_t *doc, mode_t mode, struct err *err);

/* Compact text; the caller frees. Never NULL. */
char *jsonx_text(const json_t *doc);

/* The list as an array of strings; new. */
json_t *jsonx_strings(const struct strlist *l);

/* An object's keys, sorted; the caller frees the list, the keys are the object's. */
const char **jsonx_sorted_keys(const json_t *object, size_t *n);

/* The value under a dotted path ("process.user.uid"), borrowed, or NULL. */
json_t *jsonx_at(const json_t *doc, const char *dotted);

/* Optional members, by key: `fallback` when absent, null or of another type.
 * For documents that we wrote ourselves; input is checked with jsonx_want. */
const char *jsonx_str(const json_t *obj, const char *key, const char *fallback);
json_int_t jsonx_int(const json_t *obj, const char *key, json_int_t fallback);
bool jsonx_bool(const json_t *obj, const char *key, bool fallback);

/* A member of untrusted input that must have this type where it is present:
 * sets *out (borrowed, NULL when absent or null) and returns 0, or ERR_INVALID
 * "<where>.<key>: expected a string". JSON_TRUE stands for both booleans. */
int jsonx_want(const json_t *obj, const char *where, const char *key, json_type type,
	       json_t **out, struct err *err);

#endif
