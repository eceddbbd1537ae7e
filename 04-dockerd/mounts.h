/*
 * mounts.h - what is mounted into a container besides its root: binds, volumes
 * and tmpfs, from the five places in which a request may ask for them.
 *
 *   HostConfig.Binds        "src:dst:mode", from -v
 *   HostConfig.Mounts       objects, from --mount
 *   HostConfig.Tmpfs        {"/dst": "options"}
 *   HostConfig.VolumesFrom  the mounts of another container
 *   Config.Volumes          {"/dst": {}}, from -v /dst or the image: a volume without a name
 *
 * The result is a list in the shape of inspect's Mounts, kept in the container's
 * document. Keys that begin with '_' are ours: "_nocopy", "_data" (tmpfs options),
 * "_unlisted" (HostConfig.Tmpfs, which inspect shows there alone),
 * "_create" (make a missing bind source), "_flat" (without what is mounted below it),
 * "_ro_flat" (which stays writable), "_anonymous"; of a volume "_labels" and "_options", if it is
 * to be made; of an image "_image", "_chain" (its topmost layer's) and "_view"; of both "_subpath", if
 * only a part of it is wanted.
 */
#ifndef DOCKYARD_DOCKERD_MOUNTS_H
#define DOCKYARD_DOCKERD_MOUNTS_H

#include <jansson.h>

#include "daemon.h"

/* One -v text to one mount. A volume without a name has an empty Name. New. */
json_t *dockerd_mount_parse_bind(const char *text, struct err *err);
/* One --mount object. New. */
json_t *dockerd_mount_parse(const json_t *mount, struct err *err);

/* All of them; nothing is created or looked at but the sources of --mount binds,
 * which must exist. New. */
json_t *dockerd_mounts_plan(struct daemon *d, const json_t *config, const json_t *host,
			    struct err *err);

/* Create the volumes of the plan (and fill in their names and sources), views of images and missing
 * bind sources. The container wants them (volume.h) from then on. On failure the volumes made
 * here without a name are removed. */
int dockerd_mounts_realise(struct daemon *d, const char *container, json_t *mounts,
			   struct err *err);

/* Remove the container's nameless volumes that no other container uses. */
void dockerd_mounts_discard(struct daemon *d, const char *container, const json_t *mounts);

/* The one with that destination, borrowed, or NULL. */
const json_t *dockerd_mounts_at(const json_t *mounts, const char *destination);

/* The list as inspect shows it: without our keys. New. */
json_t *dockerd_mounts_inspect(const json_t *mounts);

/* The OCI mounts, shallow destinations before deep ones. `parts`: where images and parts of volumes
 * are mounted (dockerd_subpaths_dir). New. */
json_t *dockerd_mounts_oci(const json_t *mounts, const char *parts);

/* --- propagation.c ------------------------------------------------------------------------------ */

/* A bind that has the daemon's directory in it, or is in it: a slave, if nobody said so, as far as its source lets it
 * be one; what would be private is ERR_INVALID. */
int dockerd_mount_of_root(json_t *m, const char *data_root, struct err *err);

/* The linux.rootfsPropagation that these mounts need; NULL: the usual one. -1 and ERR_INVALID where one
 * asks for more than its source's own mount lets through. */
int dockerd_mounts_propagation(const json_t *mounts, const char **root, struct err *err);

/* --- image_mount.c: images as mounts ---------------------------------------------------------- */

/* A view of each image that `mounts` want, and which image it is. */
int dockerd_image_mounts_view(struct daemon *d, const char *container, json_t *mounts, struct err *err);
/* The container's views go; having none is no error. */
int dockerd_image_mounts_drop(struct daemon *d, const char *container, struct err *err);
/* Is that image (an ID; NULL: any) among the mounts? */
bool dockerd_image_is_mounted(const json_t *mounts, const char *id);
/* Make the directory `target` and mount the view of one on it. */
int dockerd_image_mount(struct daemon *d, const json_t *m, const char *target, struct err *err);

#endif
