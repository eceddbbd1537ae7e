/*
 * tree_copy.h - trees of files, copied and laid over each other: what the copying snapshotter
 * does in place of overlayfs.
 */
#ifndef DOCKYARD_CTRD_TREE_COPY_H
#define DOCKYARD_CTRD_TREE_COPY_H

#include <sys/stat.h>

#include "01-kernel/base/err.h"

/* Everything below the directory `from`, and that directory's own look, to `to`, which is
 * empty: owners, modes, times, extended attributes, hard links, devices. Data is shared where
 * the file system can (FICLONE), else copied by the kernel. Sockets are left out. */
int ctrd_tree_copy(int from, int to, struct err *err);

/* A layer as it was unpacked, with overlayfs's whiteouts, over the tree `to`: its files are
 * moved there, so both lie on one file system, and `layer` holds only directories then. Those
 * in `implicit` (NULL-terminated; may be NULL) keep the look that they have in `to`. */
int ctrd_tree_apply(int layer, int to, const char *const *implicit, struct err *err);

/* Owner, mode, extended attributes and times of one file that is not followed. */
int ctrd_look_copy(int from, const char *name, int to, const char *as, const struct stat *st,
		   struct err *err);

#endif
