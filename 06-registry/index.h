/*
 * index.h - a repository's index.json: which manifests it has, and their tags.
 *
 * It is the OCI image layout's index (image-layout.md): a list of descriptors,
 * a tag being the annotation org.opencontainers.image.ref.name. A manifest with
 * two tags stands there twice, one without a tag once, without annotation; so
 * every manifest of the repository, with the media type it was pushed under, is
 * in this one file, and replacing the file moves a tag in one step.
 *
 * Readers take no lock: they see the old file or the new one. Writers hold the
 * repository's lock from the load to the save.
 */
#ifndef DOCKYARD_REG_INDEX_H
#define DOCKYARD_REG_INDEX_H

#include <jansson.h>

#include "store.h"

char *reg_index_path(const struct reg_store *store, const char *name); /* the caller frees */
/* Its file, an fd: NAME_UNKNOWN where the repository has none. */
int reg_index_open(const struct reg_store *store, const char *name, struct err *err);
json_t *reg_index_new(void); /* without a manifest */
/* New; NAME_UNKNOWN where the repository has none. `make`: an empty one then. */
json_t *reg_index_load(struct reg_store *store, const char *name, bool make, struct err *err);
/* The same from an open file, which the message calls `path`. */
json_t *reg_index_read(int fd, const char *path, struct err *err);
int reg_index_save(struct reg_store *store, const char *name, const json_t *index,
		   struct err *err);

/* The descriptor of a tag, of a digest, or of whichever it is, borrowed; NULL if there is none. */
json_t *reg_index_tag(const json_t *index, const char *tag);
json_t *reg_index_digest(const json_t *index, const char *digest);
json_t *reg_index_find(const json_t *index, const char *reference);
const char *reg_index_tag_of(const json_t *descriptor); /* NULL: untagged */

/* Record a manifest, and let the tag (unless NULL) point to it. */
void reg_index_put(json_t *index, const char *tag, const char *media_type, const char *digest,
		   uint64_t size);
/* Take a tag away; its manifest stays, untagged if need be. False: no such tag. */
bool reg_index_untag(json_t *index, const char *tag);
/* Take a manifest away with all its tags. False: no such manifest. */
bool reg_index_drop(json_t *index, const char *digest);

/* The tags, in the specification's "lexical order (i.e. case-insensitive)". */
void reg_index_tags(const json_t *index, struct strlist *tags);
int reg_tag_compare(const char *a, const char *b);

#endif
