/*
 * import_private.h - what the pages of an import share.
 *
 *   import_read.c    the archive -> blobs in the store, and a table of its other files
 *   import_docker.c  manifest.json -> manifests in the store
 *   import.c         index.json -> names
 */
#ifndef DOCKYARD_CTRD_IMPORT_PRIVATE_H
#define DOCKYARD_CTRD_IMPORT_PRIVATE_H

#include "archive.h"

struct ctrd_importer {
	struct ctrd_images *im; /* NULL: blobs alone are wanted */
	struct content *content;
	json_t *files; /* path -> {"digest","size","compression"}, or {"link":path} */
	size_t names;  /* bytes of all paths: bounded */
	json_t *index, *docker, *layout; /* index.json, manifest.json, oci-layout; or NULL */
	json_t *images; /* [{"target":descriptor,"name":NULL or text}] */
};

/* The file that a path of manifest.json means, links followed: borrowed, or NULL. */
const json_t *import_file(const struct ctrd_importer *x, const char *path, struct err *err);
/* Fill `images` from manifest.json. */
int import_docker(struct ctrd_importer *x, struct err *err);

#endif
