/*
 * manifest.h - manifests: what kinds there are, what they refer to, and how one
 * gets into a repository.
 *
 * A manifest is stored as the very bytes that were pushed. It is parsed only to
 * see that it is what its media type says, and that the repository has all that
 * it refers to: so whatever can be pulled by name can be pulled whole.
 */
#ifndef DOCKYARD_REG_MANIFEST_H
#define DOCKYARD_REG_MANIFEST_H

#include <jansson.h>

#include "store.h"

/* "Registry implementations SHOULD expect to be able to support manifest pushes of
 * at least 4 megabytes": we take a little more than that. */
#define REG_MANIFEST_LIMIT (8u << 20)

struct reg_manifest_type {
	const char *media_type;
	const char *parts;  /* the list of descriptors in it: "layers", "manifests" */
	bool index;         /* the parts are manifests, and there is no config */
};

/* NULL: not a media type of manifests that we take. */
const struct reg_manifest_type *reg_manifest_type(const char *media_type);

struct reg_manifest {
	json_t *doc;
	const struct reg_manifest_type *type;
	const char *subject;       /* a digest, or NULL; borrowed from doc */
	const char *artifact_type; /* NULL: none; borrowed from doc */
};

/* Parse, and check all that can be seen without the store: MANIFEST_INVALID. `type` may
 * be NULL or carry parameters. */
int reg_manifest_parse(const char *text, size_t n, const char *content_type,
		       struct reg_manifest *m, struct err *err);
void reg_manifest_free(struct reg_manifest *m);

struct reg_part {
	const char *media_type, *digest;
	uint64_t size;
	bool manifest; /* else a blob */
	bool foreign;  /* lies at a URL elsewhere: need not be here */
};

/* Every descriptor in it but the subject, in order. Stops at the first -1. */
int reg_manifest_each(const struct reg_manifest *m,
		      int (*each)(void *arg, const struct reg_part *part, struct err *err),
		      void *arg, struct err *err);

/* Store it under `tag` (may be NULL). The repository must have all its parts:
 * MANIFEST_BLOB_UNKNOWN. When this returns 0 it is on the disk. */
int reg_manifest_put(struct reg_store *store, const char *name, const char *tag, const char *text,
		     size_t n, const struct reg_manifest *m, const char *digest, struct err *err);

/* The same of a mirror, which has the parts later, or never. */
int reg_manifest_keep(struct reg_store *store, const char *name, const char *tag, const char *text,
		      size_t n, const struct reg_manifest *m, const char *digest, struct err *err);
/* Let the tag point to a manifest that the repository has. */
int reg_manifest_tag(struct reg_store *store, const char *name, const char *tag,
		     const char *digest, struct err *err);

/* Remove a tag, or (by digest) a manifest with all its tags. */
int reg_manifest_untag(struct reg_store *store, const char *name, const char *tag,
		       struct err *err);
int reg_manifest_delete(struct reg_store *store, const char *name, const char *digest,
			struct err *err);
/* The same for who holds the repository's lock and has its index; the bytes stay a blob. */
int reg_manifest_drop(struct reg_store *store, const char *name, json_t *index,
		      const char *digest, struct err *err);

#endif
