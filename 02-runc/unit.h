/*
 * unit.h - what systemd calls a container, and where its group is then.
 *
 * A unit's name ends with its kind: a container's is a scope, below a slice. A
 * slice's name tells all the slices above it: a-b.slice is in a.slice, which is in
 * the root, -.slice. So the path of a group follows from names:
 *
 *     cgroupsPath             unit              group
 *     "" (container web)      runc-web.scope    /system.slice/runc-web.scope
 *     a-b.slice:docker:web    docker-web.scope  /a.slice/a-b.slice/docker-web.scope
 *     a.slice::a-b.slice      a-b.slice         /a.slice/a-b.slice
 *
 * The user's own systemd has its tree below the group that it is in itself, and its
 * containers in user.slice there.
 */
#ifndef DOCKYARD_RUNC_UNIT_H
#define DOCKYARD_RUNC_UNIT_H

#include <stdbool.h>

#include "01-kernel/base/err.h"

struct runc_unit {
	char *name;  /* "runc-web.scope"; NULL: systemd does not know the container */
	char *slice; /* "system.slice" */
	char *title; /* what the unit's description calls the container */
	bool user;   /* the user's own systemd has it, not process 1 */
};

/* From linux.cgroupsPath, here of the form "slice:prefix:name"; with NULL or "" as
 * is usual for a container of this id. u->user says whose it is to be. */
int runc_unit_parse(struct runc_unit *u, const char *cgroups_path, const char *id, struct err *err);
void runc_unit_free(struct runc_unit *u);
bool runc_unit_is_slice(const struct runc_unit *u);

/* The unit's group. New, or NULL. */
char *runc_unit_path(const struct runc_unit *u, struct err *err);

#endif
