/*
 * manifest.h - the documents that images are made of (OCI image-spec: index,
 * manifest, config; Docker's schema 2 is the same under other media types).
 */
#ifndef DOCKYARD_CTRD_MANIFEST_H
#define DOCKYARD_CTRD_MANIFEST_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/err.h"
#include "content.h"

#define MANIFEST_LIMIT (4u << 20) /* as registries have it */
#define CONFIG_LIMIT (8u << 20)

/* For the Accept header of a request. */
extern const char *const ctrd_manifest_types[]; /* NULL at the end */

enum ctrd_doc { CTRD_DOC_OTHER, CTRD_DOC_INDEX, CTRD_DOC_MANIFEST };
enum ctrd_doc ctrd_doc_kind(const char *media_type);
/* Say that it is CTRD_DOC_OTHER, and of what is known why. Returns -1. */
int ctrd_doc_unknown(const char *media_type, struct err *err);
/* May this layer be unpacked, as far as its media type says? */
bool ctrd_layer_type(const char *media_type);

/* Parse and check an index or a manifest: every descriptor in it is well-formed, and it
 * cannot be read as both. New. */
json_t *ctrd_doc_parse(const char *text, size_t n, enum ctrd_doc kind, struct err *err);
/* The same out of the store. */
json_t *ctrd_doc_load(struct content *c, const json_t *descriptor, struct err *err);
json_t *ctrd_config_load(struct content *c, const json_t *descriptor, struct err *err);

/* {mediaType,digest,size}: is it one? */
int ctrd_descriptor_check(const json_t *d, const char *what, struct err *err);
const char *ctrd_descriptor_digest(const json_t *d); /* "" if there is none */

/* The index's entry for the platform (text as ctrd_platform_parse takes it): borrowed;
 * NULL with ERR_NOT_FOUND. */
json_t *ctrd_index_choose(const json_t *index, const char *platform, struct err *err);

/* The diff IDs of a config, checked against the number of layers: borrowed, or NULL. */
json_t *ctrd_config_diff_ids(const json_t *config, const json_t *manifest, struct err *err);

#endif
