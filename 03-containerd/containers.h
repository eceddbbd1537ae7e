/*
 * containers.h - containers as documents: what to run, not whether it runs.
 *
 *   <root>/<namespace>/<id>.json
 *       {"id","image","snapshotKey","rootfs","labels":{},"spec":{OCI config.json},"user","groups":[],
 *        "files":[{"path","link"}],"runtime":{"name","options":{"binaryName","binaryArgs"}},"createdAt"}
 *
 * "rootfs" is a directory of the host in place of a snapshot.
 * "user" ("name[:group]") and "groups" (additional ones, by name or number) are put
 * into the spec when a task is created: only then is the image's passwd file there.
 * "files" are made then, too, where there is nothing of that name: empty, or with "link" a symbolic link.
 */
#ifndef DOCKYARD_CTRD_CONTAINERS_H
#define DOCKYARD_CTRD_CONTAINERS_H

#include <jansson.h>

#include "01-kernel/base/err.h"

struct ctrd_containers;
struct ctrd_containers *ctrd_containers_open(const char *root, struct err *err);
void ctrd_containers_close(struct ctrd_containers *c);

/* Check and store. The stored document, new; ERR_EXISTS, ERR_INVALID. */
json_t *ctrd_container_create(struct ctrd_containers *c, const char *ns, const json_t *doc,
			      struct err *err);
json_t *ctrd_container_get(struct ctrd_containers *c, const char *ns, const char *id,
			   struct err *err); /* new */
/* All of a namespace, without their specs; new. */
json_t *ctrd_containers_list(struct ctrd_containers *c, const char *ns, struct err *err);
/* {"labels":{"KEY":"VALUE","KEY":null}}: set and clear. The document, new. */
json_t *ctrd_container_label(struct ctrd_containers *c, const char *ns, const char *id,
			     const json_t *req, struct err *err);
int ctrd_container_delete(struct ctrd_containers *c, const char *ns, const char *id,
			  struct err *err);

#endif
