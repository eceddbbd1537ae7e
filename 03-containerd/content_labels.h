/*
 * content_labels.h - what clients note about blobs.
 *
 *   <root>/labels/<hex>.json     an object of strings; gone with its blob
 */
#ifndef DOCKYARD_CTRD_CONTENT_LABELS_H
#define DOCKYARD_CTRD_CONTENT_LABELS_H

#include <jansson.h>

#include "content.h"

/* Those of every blob that has some: {"sha256:…":{}}, new. */
json_t *content_labels(struct content *c, struct err *err);
/* Set these labels, "" removes one; the others stay. All of the blob's, new. */
json_t *content_label(struct content *c, const char *digest, const json_t *labels,
		      struct err *err);

#endif
