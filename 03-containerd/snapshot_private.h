/*
 * snapshot_private.h - what snapshot.c (the table and its rules) and
 * snapshot_tree.c (the files of one layer) share.
 */
#ifndef DOCKYARD_CTRD_SNAPSHOT_PRIVATE_H
#define DOCKYARD_CTRD_SNAPSHOT_PRIVATE_H

#include "snapshot.h"

/* Count what is under the directory `fd` (borrowed). */
int ctrd_tree_usage(int fd, struct ctrd_usage *u, struct err *err);

/* Give each of the directories `paths` in `layer` the owner, mode, times and extended
 * attributes of the directory of that name in the nearest of `lowers` (nearest first). */
int ctrd_tree_inherit(int layer, const char *const *paths, const int *lowers, size_t n,
		      struct err *err);

#endif
