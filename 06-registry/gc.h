/*
 * gc.h - what no manifest needs any more: garbage, collected while the registry runs.
 *
 * Deleting a manifest leaves its layers: another one may need them, and so may a push
 * that has not come to its manifest yet. So garbage is a blob
 *   - that no manifest of its repository refers to (the repository's lock is held, so no
 *     manifest comes meanwhile), and
 *   - that nobody showed interest in for the time of grace: pushed, mounted, or asked for it by
 *     HEAD, as a push does that would rather not send it. The blob's time of access says when;
 *     only under the shared blobs' lock is it looked at for good.
 * Uploads under way are no blobs yet, and not touched.
 */
#ifndef DOCKYARD_REG_GC_H
#define DOCKYARD_REG_GC_H

#include <stdio.h>

#include "store.h"

struct reg_gc_options {
	uint64_t grace; /* seconds */
	bool untagged;  /* manifests, too: those that no tag leads to */
	bool dry_run;   /* only say what would go */
};

/* Says on `out` what goes. One repository that cannot be read is left as it is, and the
 * others are done: then it fails in the end. */
int reg_gc(struct reg_store *store, const struct reg_gc_options *o, FILE *out, struct err *err);

#endif
