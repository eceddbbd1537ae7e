/*
 * referrers.h - who refers to a manifest: signatures, SBOMs and the like, which
 * name it as their "subject".
 *
 * Kept as the very document that the referrers API answers with, an image index
 * in <repository>/_referrers/sha256/<hex of the subject>. Writers hold the
 * repository's lock. The subject itself need not exist (yet).
 */
#ifndef DOCKYARD_REG_REFERRERS_H
#define DOCKYARD_REG_REFERRERS_H

#include "manifest.h"

int reg_referrers_add(struct reg_store *store, const char *name, const struct reg_manifest *m,
		      const char *digest, uint64_t size, struct err *err);
int reg_referrers_remove(struct reg_store *store, const char *name, const char *subject,
			 const char *digest, struct err *err);
/* New; an index without manifests where nobody refers to it. `artifact_type` NULL: all. */
json_t *reg_referrers_load(struct reg_store *store, const char *name, const char *subject,
			   const char *artifact_type, struct err *err);

#endif
