/*
 * sweep.h - what a containerd that was killed while it replaced a document left beside it.
 */
#ifndef DOCKYARD_CTRD_SWEEP_H
#define DOCKYARD_CTRD_SWEEP_H

/* Remove `<name>.json.<pid>.<n>.tmp` (file_write_atomic) from <root>/<store>/ and
 * <root>/<store>/<directory>/ of every store but the content. The caller holds the root's
 * lock, so nobody is writing one. */
void ctrd_sweep(const char *root);

#endif
