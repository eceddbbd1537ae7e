/*
 * images.h - names for images, and what becomes of the nameless.
 *
 *   <root>/<namespace>/<SHA-256 of the name>.json
 *       {"name","target":{mediaType,digest,size},"labels":{},"createdAt","updatedAt"}
 *
 * A name points at a descriptor; the descriptor at blobs; their layers at
 * snapshots. Names belong to a namespace, blobs and snapshots to all. What no
 * name reaches, and no container and no work in progress needs, is garbage.
 */
#ifndef DOCKYARD_CTRD_IMAGES_H
#define DOCKYARD_CTRD_IMAGES_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/err.h"
#include "content.h"
#include "snapshot.h"

/* Keys of snapshots that a layer is being unpacked into begin so; one that is there when
 * the daemon starts was left by a pull that died. */
#define CTRD_UNPACKING "unpacking-"

struct ctrd_images;
/* The two stores stay the caller's and outlive the images. */
struct ctrd_images *ctrd_images_open(const char *root, struct content *content,
				     struct ctrd_snapshots *snapshots, struct err *err);
void ctrd_images_close(struct ctrd_images *im);
struct content *ctrd_images_content(struct ctrd_images *im);
struct ctrd_snapshots *ctrd_images_snapshots(struct ctrd_images *im);

json_t *ctrd_images_list(struct ctrd_images *im, const char *ns, struct err *err); /* new */
json_t *ctrd_image_get(struct ctrd_images *im, const char *ns, const char *name, struct err *err);
/* Create or move a name. The target's blob must be in the store. `labels` may be NULL: kept
 * as they were. *created (may be NULL) tells which it was. */
int ctrd_image_put(struct ctrd_images *im, const char *ns, const char *name, const json_t *target,
		   const json_t *labels, bool *created, struct err *err);
/* Remove the name, then the garbage (ctrd_images_gc). */
int ctrd_image_delete(struct ctrd_images *im, const char *ns, const char *name, struct err *err);

/* What a name means for a platform ("linux/arm64/v8"; NULL: this machine's):
 * {"name","target","manifestDescriptor","manifest","configDescriptor","config",
 *  "chainID","size","unpacked","snapshotSize"}; chainID is "" for an image without layers. */
json_t *ctrd_image_resolve(struct ctrd_images *im, const char *ns, const char *name,
			   const char *platform, struct err *err);
/* The same for a descriptor that has no name (yet); without "name". */
json_t *ctrd_target_resolve(struct ctrd_images *im, const json_t *target, const char *platform,
			    struct err *err);
/* The chain ID of the layers' diff IDs (OCI image-spec, config.md, "Layer ChainID"). */
int ctrd_chain_id(const json_t *diff_ids, size_t n, char out[DIGEST_SIZE], struct err *err);

/* --- garbage ----------------------------------------------------------------------------- */

/* Work in progress: between lease and release nothing is collected. A collection
 * asked for meanwhile runs at the last release. */
void ctrd_images_lease(struct ctrd_images *im);
void ctrd_images_release(struct ctrd_images *im);
/* A blob that was uploaded, or a snapshot that was committed, and will belong to an image
 * soon: kept for an hour, or until an image has reached it once. */
void ctrd_images_pin(struct ctrd_images *im, const char *digest_or_key);

/* Who else needs something: called at each collection, names every manifest, index or plain
 * blob and every snapshot to keep with all that it reaches; where it fails nothing is removed.
 * Set before threads start. */
struct ctrd_gc;
void ctrd_gc_keep(struct ctrd_gc *gc, const char *digest);
void ctrd_gc_keep_snapshot(struct ctrd_gc *gc, const char *key);
void ctrd_images_roots(struct ctrd_images *im,
		       int (*roots)(void *arg, struct ctrd_gc *gc, struct err *err), void *arg);

/* Remove committed snapshots and blobs that nothing reaches. Active snapshots and views
 * are their owners'; they and their parents stay. */
int ctrd_images_gc(struct ctrd_images *im, struct err *err);

#endif
