/*
 * leases.h - what a client needs for a while: it is no garbage until the client says so, or
 * until its time is up.
 *
 *   <root>/<namespace>/<id>.json
 *       {"id","createdAt","labels":{},"resources":[{"type","id"}]}
 *
 * A resource is a blob ("content" and its digest) or a snapshot ("snapshots/overlayfs" and
 * its key), with all that it reaches. The label containerd.io/gc.expire (a time, RFC 3339)
 * ends a lease by itself. Kept on disk: a build that takes a day outlives a restart.
 */
#ifndef DOCKYARD_CTRD_LEASES_H
#define DOCKYARD_CTRD_LEASES_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/err.h"

#define LEASE_CONTENT "content"
#define LEASE_SNAPSHOT "snapshots/" /* and the snapshotter's name */

struct ctrd_leases; /* safe for many threads */
struct ctrd_leases *ctrd_leases_open(const char *root, struct err *err);
void ctrd_leases_close(struct ctrd_leases *l);

/* `id` NULL: one is made up. `labels` may be NULL. The lease, new. */
json_t *ctrd_lease_create(struct ctrd_leases *l, const char *ns, const char *id,
			  const json_t *labels, struct err *err);
json_t *ctrd_lease_get(struct ctrd_leases *l, const char *ns, const char *id, struct err *err);
json_t *ctrd_leases_list(struct ctrd_leases *l, const char *ns, struct err *err); /* new */
int ctrd_lease_delete(struct ctrd_leases *l, const char *ns, const char *id, struct err *err);

/* Adding what is in it, or taking out what is not, changes nothing and is no error. */
int ctrd_lease_add(struct ctrd_leases *l, const char *ns, const char *id, const char *type,
		   const char *resource, struct err *err);
int ctrd_lease_drop(struct ctrd_leases *l, const char *ns, const char *id, const char *type,
		    const char *resource, struct err *err);

/* Every resource of every lease whose time is not up; those whose time is are removed. */
int ctrd_leases_each(struct ctrd_leases *l,
		     void (*each)(void *arg, const char *type, const char *resource), void *arg,
		     struct err *err);

#endif
