/*
 * archive.h - images in a file: the OCI image layout and `docker save`'s format, in one
 * archive as Docker 25 and later make it.
 *
 *     oci-layout, index.json ─▶ blobs/sha256/<hex>     image-spec, image-layout.md
 *     manifest.json          ─▶ the same blobs         docker load; older archives have
 *                               <id>.json, <id>/layer.tar, and links between those
 *
 * Nothing of an archive is ever a path on this machine: files go into the content store by
 * their digests, and names and links are looked up in a table.
 */
#ifndef DOCKYARD_CTRD_ARCHIVE_H
#define DOCKYARD_CTRD_ARCHIVE_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/err.h"
#include "images.h"
#include "tar_write.h"
#include "unpack.h"

/* --- export ------------------------------------------------------------------------------ */

struct ctrd_export {
	const char *ns;
	const json_t *names;  /* an array of full references */
	const char *platform; /* this one only; NULL: all that are in the store */
	bool all;             /* what an index names and the store lacks is an error */
	bool oci;             /* without Docker's manifest.json */
};

/* Look everything up: what is missing is told now and not in the middle of an archive. Until
 * it is freed nothing of it becomes garbage. */
struct ctrd_exporter;
struct ctrd_exporter *ctrd_export_open(struct ctrd_images *im, const struct ctrd_export *e,
				       struct err *err);
int ctrd_export_write(struct ctrd_exporter *x, const struct ctrd_sink *out, struct err *err);
void ctrd_export_free(struct ctrd_exporter *x);

/* --- import ------------------------------------------------------------------------------ */

struct ctrd_import {
	const char *ns;
	const char *base;     /* "name" for a bare tag; NULL: "import-<date>" */
	const char *platform; /* unpack this one; NULL: this machine's, or what there is */
	bool no_unpack;
	bool digests; /* each image also as "<base>@<digest>" */
	/* Sees {"id","status"} of each layer and {"status":"imported","name","target","new"} of
	 * each image; non-zero gives up. May be NULL. */
	int (*progress)(void *arg, json_t *event);
	void *arg;
};

struct ctrd_importer;
struct ctrd_importer *ctrd_import_open(struct ctrd_images *im);
/* All of the archive (plain or compressed as layers may be) into the store. */
int ctrd_import_read(struct ctrd_importer *x, const struct ctrd_source *src, struct err *err);
/* Unpack the images and name them. {"status":"done","images":[names]}, new. */
json_t *ctrd_import_finish(struct ctrd_importer *x, const struct ctrd_import *i, struct err *err);
void ctrd_import_free(struct ctrd_importer *x);

/* The same for who has a store for blobs and none for images: it sees to it that what was read
 * does not go. The images, in the end: [{"target": descriptor, "name": text or not there}],
 * borrowed; all that they mean is in the store, but for images that an index only names. */
struct ctrd_importer *ctrd_import_blobs(struct content *c);
const json_t *ctrd_import_images(struct ctrd_importer *x, struct err *err);

/* --- unpacking ------------------------------------------------------------------------------ */

/* The layers of an image that is in the store, as snapshots; what is there stays. */
int ctrd_image_unpack(struct ctrd_images *im, const json_t *manifest, const json_t *config,
		      int (*progress)(void *arg, json_t *event), void *arg, struct err *err);

#endif
