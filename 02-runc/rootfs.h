/*
 * rootfs.h - the container's file tree, built by init in its mount namespace.
 *
 * The namespace starts as a copy of the host's, so until pivot_root the host's
 * tree, /proc included, is still what "/" names, and the container's is reached
 * through one descriptor, `root`. Everything under it is resolved from there by
 * path.h, because the image's author chose what lies there, and mounted by
 * descriptor, because another container with a shared volume may be changing it
 * at this moment (CVE-2021-30465).
 */
#ifndef DOCKYARD_RUNC_ROOTFS_H
#define DOCKYARD_RUNC_ROOTFS_H

#include <sys/stat.h>

#include "config.h"
#include "sources.h"

struct runc_rootfs {
	const struct runc_config *config;
	const char *bundle; /* relative sources start here */
	const char *path;   /* of the root, on the host */
	const struct kern_cgroup *cgroup; /* the container's */
	struct runc_source *sources; /* one per mount, or NULL */
	int root;           /* O_PATH; -1 until opened */
	struct stat root_stat;
	int null;           /* the host's /dev/null, -1 until opened */
	int proc, sys;      /* what is mounted on /proc and /sys, -1 if nothing is */
	bool dev_readonly;  /* /dev becomes read-only once it is filled */
};

/* Propagation, the root's own mount, and hold of what is the host's. */
int runc_rootfs_open(struct runc_rootfs *r, struct err *err);
/* `mounts`, devices: what hooks may look at. */
int runc_rootfs_assemble(struct runc_rootfs *r, struct err *err);
/* Masked and read-only paths, the working directory, a read-only root: after
 * the hooks, which may still add to the tree. */
int runc_rootfs_seal(struct runc_rootfs *r, const char *cwd, struct err *err);
/* Make it "/" and let go of the host's. r->proc stays. */
int runc_rootfs_enter(struct runc_rootfs *r, bool no_pivot, struct err *err);

/* rootfs_mount.c: one entry of `mounts`. */
int runc_rootfs_mount(struct runc_rootfs *r, size_t index, struct err *err);

/* devices.c: nodes and links in /dev. */
int runc_devices_create(const struct runc_rootfs *r, struct err *err);
/* Is /dev ours to fill, or a bind mount of somebody's own? */
bool runc_devices_wanted(const struct runc_config *c);
/* Where stdin, stdout or stderr is the host's /dev/null, make it that of `root`: the
 * container then has nothing open outside, and criu finds the file by its path. */
int runc_devices_reopen_null(int root, struct err *err);
/* Those that every container has; how many. */
size_t runc_devices_default(const struct runc_device **list);

/* cgroup_mount.c: the mount of type "cgroup". */
int runc_cgroup_mount(const struct runc_rootfs *r, const struct runc_mount *m, struct err *err);

/* copyup.c: what lies in `from` copied into the directory `to` (tmpcopyup). */
int runc_copy_up(int from, int to, struct err *err);

/* mask.c */
int runc_mask_paths(const struct runc_rootfs *r, struct err *err);
int runc_readonly_paths(const struct runc_rootfs *r, struct err *err);

#endif
