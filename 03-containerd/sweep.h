/*
 * sweep.h - what a daemon that was killed while it replaced a document left beside it.
 */
#ifndef DOCKYARD_CTRD_SWEEP_H
#define DOCKYARD_CTRD_SWEEP_H

/* Remove `<name>.json.<pid>.<n>.tmp` (file_write_atomic) from <root>/, <root>/<store>/ and
 * <root>/<store>/<directory>/ of every store but the content. The caller holds the root's
 * lock, so nobody is writing one. dockerd's root is laid out alike. */
void ctrd_sweep(const char *root);

#endif
