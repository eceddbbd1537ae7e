/*
 * container_root.h - a container's files, for this daemon to read and to write.
 *
 *   running    /proc/<pid>/root: what the container itself sees, mounts and all
 *   stopped    its snapshot, mounted where nobody else sees it, with the volumes and binds
 *
 * Either way it is one descriptor, and what a path means below it is the kernel's business
 * (01-kernel/path.h): links and ".." end at it, whatever the container does meanwhile. No
 * thread of ours ever has its own root in there, so nothing of it is loaded or run
 * (CVE-2019-14271), and nothing is looked at by one path and changed by another (CVE-2018-15664,
 * CVE-2021-41089).
 */
#ifndef DOCKYARD_DOCKERD_CONTAINER_ROOT_H
#define DOCKYARD_DOCKERD_CONTAINER_ROOT_H

#include <jansson.h>
#include <stdbool.h>

#include "container.h"

/* A descriptor (O_PATH), the caller's. To write into a stopped container, c->op is held for
 * as long as the descriptor is open: nobody else may mount the snapshot writable then. */
int dockerd_root_open(struct daemon *d, struct container *c, bool write, struct err *err);

/* The snapshot `key` alone, or with OCI mounts on top (`binds`, may be NULL). It is gone when
 * the descriptor is closed. */
int dockerd_root_mount(struct daemon *d, const char *key, const json_t *binds, bool write,
		       struct err *err);

/* "/a/../b/." -> "/b/.": absolute and without "..", as text; a "/." or "/" at the end, which asks
 * for a directory, stays. The caller frees. */
char *dockerd_root_clean(const char *path);

#endif
