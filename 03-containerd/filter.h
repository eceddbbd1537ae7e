/*
 * filter.h - "which of them?": the filters of containerd's lists.
 *
 *     kind==committed,labels."team"==a     both must hold
 *     name~="^docker.io/.+"                a regular expression
 *     labels.keep                          it is there at all
 *
 * A path of names leads into the document ("target.digest"); a name with other characters
 * than letters, digits and _ is quoted. Operators: == != ~=. Of several filters one must hold.
 */
#ifndef DOCKYARD_CTRD_FILTER_H
#define DOCKYARD_CTRD_FILTER_H

#include <jansson.h>

#include "01-kernel/base/err.h"

/* Those of the list (taken) that one of the filters (an array of strings) lets through; no
 * filters: all. New, or NULL: ERR_INVALID. */
json_t *ctrd_filter_list(json_t *list, const json_t *filters, struct err *err);

#endif
