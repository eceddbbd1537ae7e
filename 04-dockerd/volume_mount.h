/*
 * volume_mount.h - volumes that are file systems of their own.
 *
 * A volume with driver options (type, device, o: those of mount(8)) is mounted over its _data while
 * somebody uses it: in the host's mount namespace, where a shim finds it when it is started, and where
 * it outlives this daemon. Which volumes are held, and by whom, is in memory only: a new daemon asks
 * which containers run (dockerd_volumes_adopt), and unmounts what none of them uses.
 *
 * A user is a container's ID while it runs, or a name of one's own for a moment (a copy).
 */
#ifndef DOCKYARD_DOCKERD_VOLUME_MOUNT_H
#define DOCKYARD_DOCKERD_VOLUME_MOUNT_H

#include <jansson.h>

#include "container.h"

/* --- volume_options.c: what DriverOpts may say, in the words of Docker's local driver ------- */
int dockerd_volume_options_check(const json_t *options, struct err *err);
/* Is there something to mount? */
bool dockerd_volume_is_mount(const json_t *options);
/* Options and device as mount(2) wants them: what names a server has its address. New. */
int dockerd_volume_resolve(const json_t *options, char **words, char **device, struct err *err);

/* --- volume_mount.c ------------------------------------------------------------------------ */

/* Mount those of `mounts` (mounts.h) that need it and are not mounted yet; `user` holds them. On
 * failure it holds none. */
int dockerd_volumes_mount(struct daemon *d, const char *user, const json_t *mounts,
			  struct err *err);
/* Unmount what nobody else holds. Holding none is no error. */
void dockerd_volumes_release(struct daemon *d, const char *user);
/* At the start, when it is known who runs. */
void dockerd_volumes_adopt(struct daemon *d);
/* Before the directory of a volume is removed: ERR_CONFLICT while somebody holds it. volumes.lock
 * held. */
int dockerd_volume_unmount(struct daemon *d, const char *name, struct err *err);
/* The event "mount" or "unmount" of each of the container's volumes. */
void dockerd_volume_events(struct daemon *d, const struct container *c, const char *action);

/* --- volume_subpath.c: images, and parts of volumes and of images (…Options.Subpath) ---------- */

/* Is it one of these? */
bool dockerd_subpath_is(const json_t *m);
/* What the path means is the kernel's business and settled once: the directory found is bound where
 * the container cannot change what the name leads to. */
int dockerd_subpaths_mount(struct daemon *d, const char *user, const json_t *mounts,
			   struct err *err);
/* The container has its own mounts, or will have none. */
void dockerd_subpaths_clear(struct daemon *d, const char *user);
/* Where they are: <directory>/<index in mounts>. The caller frees. */
char *dockerd_subpaths_dir(const struct daemon *d, const char *user);
/* What a daemon left that died in between. */
void dockerd_subpaths_sweep(struct daemon *d);

#endif
