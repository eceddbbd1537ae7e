/*
 * namespaces.h - whose images, containers and leases: a namespace is there when it was
 * created, or when something is in it. Blobs and snapshots belong to all of them.
 *
 *   <root>/namespaces/<name>.json     {"name","labels":{}}
 *   <root>/<service>/<name>/...json   what is in it
 */
#ifndef DOCKYARD_CTRD_NAMESPACES_H
#define DOCKYARD_CTRD_NAMESPACES_H

#include <jansson.h>

#include "01-kernel/base/err.h"

struct ctrd_namespaces; /* safe for many threads */
/* `services`: the names of the directories in root that have one for each namespace. */
struct ctrd_namespaces *ctrd_namespaces_open(const char *root, const char *const *services,
					     struct err *err);
void ctrd_namespaces_close(struct ctrd_namespaces *n);

json_t *ctrd_namespaces_list(struct ctrd_namespaces *n, struct err *err); /* sorted; new */
json_t *ctrd_namespace_get(struct ctrd_namespaces *n, const char *name, struct err *err);
/* ERR_EXISTS when it was created already; one that is merely in use may be. */
json_t *ctrd_namespace_create(struct ctrd_namespaces *n, const char *name, const json_t *labels,
			      struct err *err);
/* Set these labels, "" removes one; the others stay. */
json_t *ctrd_namespace_label(struct ctrd_namespaces *n, const char *name, const json_t *labels,
			     struct err *err);
/* ERR_CONFLICT while something is in it. */
int ctrd_namespace_delete(struct ctrd_namespaces *n, const char *name, struct err *err);

#endif
