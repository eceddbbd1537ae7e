/*
 * mounts.h - carrying out the mounts that a snapshot asks for.
 *
 * Apart from snapshot.h because the shim mounts, in a namespace of its own,
 * and has no snapshots.
 */
#ifndef DOCKYARD_CTRD_MOUNTS_H
#define DOCKYARD_CTRD_MOUNTS_H

#include <jansson.h>

#include "01-kernel/base/err.h"

/* Mount [{"type","source","options":[]}] ("overlay" or "bind", as real containerd's
 * snapshotters give them) on target, one over the other. On failure what was mounted
 * is unmounted again. */
int ctrd_mounts_apply(const json_t *mounts, const char *target, struct err *err);

#endif
