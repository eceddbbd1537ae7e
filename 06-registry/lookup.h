/*
 * lookup.h - which manifest a reference means, without reading index.json for every pull.
 *
 * What an index.json says is kept, sorted, for as long as the file is the one that was read:
 * each pull costs one stat(2) and a binary search. The file stays the truth; whoever replaces it,
 * this registry or `registry seed` beside it, need not tell anybody.
 */
#ifndef DOCKYARD_REG_LOOKUP_H
#define DOCKYARD_REG_LOOKUP_H

#include "store.h"

#define REG_MEDIA_TYPE_SIZE 256

struct reg_found {
	char media_type[REG_MEDIA_TYPE_SIZE];
	char digest[DIGEST_SIZE];
};

struct reg_lookup;
struct reg_lookup *reg_lookup_new(struct reg_store *store);
void reg_lookup_free(struct reg_lookup *l);

/* `reference`: a tag or a digest. NAME_UNKNOWN, MANIFEST_UNKNOWN. */
int reg_lookup(struct reg_lookup *l, const char *name, const char *reference,
	       struct reg_found *found, struct err *err);

#endif
