/*
 * filters.h - the `filters` query parameter of list, prune and events.
 *
 * Two spellings are on the wire: {"status":["running"]} since API 1.22, and
 * {"status":{"running":true}}, which the CLI sends. Both become the first.
 */
#ifndef DOCKYARD_DOCKERD_FILTERS_H
#define DOCKYARD_DOCKERD_FILTERS_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/err.h"

/* Parse (NULL or "": no filters). `known` (NULL-terminated) are the keys this
 * endpoint understands; another one is ERR_INVALID "invalid filter 'x'". New. */
json_t *dockerd_filters_parse(const char *text, const char *const known[], struct err *err);

/* Is there no filter of that key, or one whose value satisfies match? */
bool dockerd_filter_any(const json_t *filters, const char *key,
			bool (*match)(const char *value, const void *arg), const void *arg);

/* The commonest match: the strings are equal. */
bool dockerd_filter_equal(const json_t *filters, const char *key, const char *text);

/* A filter that is yes or no: is it said so, in one of Go's words; and is it, or not asked for, this? */
int dockerd_filter_check_bool(const json_t *filters, const char *key, struct err *err);
bool dockerd_filter_bool(const json_t *filters, const char *key, bool value);

/* Every "label" filter, "key" or "key=value" (or "!="-less exact match), holds. */
bool dockerd_filter_labels(const json_t *filters, const json_t *labels);
/* Do all of these (an array of such) hold for the labels? */
bool dockerd_labels_match(const json_t *wanted, const json_t *labels);

#endif
