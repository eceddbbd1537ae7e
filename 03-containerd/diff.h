/*
 * diff.h - what a snapshot changed, and the layer archive that says so.
 *
 *   tree below ──┐
 *                ├─ diff_walk.c ─▶ changes ─▶ diff_layer.c ─▶ tar ─▶ gzip ─▶ content store
 *   tree above ──┘                     └────▶ a list (docker diff)
 *
 * An overlayfs upper directory is its own list of changes: only it is walked, and the tree
 * below is looked up name by name. Any other two trees are compared. The same change gives
 * the same bytes: names are sorted, and nothing goes in that is not the tree's own.
 */
#ifndef DOCKYARD_CTRD_DIFF_H
#define DOCKYARD_CTRD_DIFF_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"
#include "content.h"
#include "snapshot.h"
#include "tar_write.h"

struct ctrd_diff {
	const char *key;    /* the snapshot */
	const char *parent; /* against which one; NULL: its own parent; "": nothing, the whole tree */
	bool plain;         /* a tar as it is; else gzip */
	bool clamp;         /* no time later than `epoch` (SOURCE_DATE_EPOCH) */
	int64_t epoch;
	/* Paths ("/etc/hosts") that are passed over, with what is below them; may be NULL. A directory that
	 * holds one is told only for something else than its time or its being there. */
	const struct strlist *without;
};

struct ctrd_diffed {
	const char *media_type;
	char digest[DIGEST_SIZE], diff_id[DIGEST_SIZE];
	uint64_t size, diff_size; /* of the blob; of the tar in it */
};

/* The layer, into the content store. ERR_CONFLICT when the snapshot is removed meanwhile. */
int ctrd_diff(struct ctrd_snapshots *s, struct content *c, const struct ctrd_diff *d,
	      struct ctrd_diffed *out, struct err *err);
/* The same archive, plain, to wherever (docker export: with parent ""). */
int ctrd_diff_archive(struct ctrd_snapshots *s, const struct ctrd_diff *d,
		      const struct ctrd_sink *out, struct err *err);

enum ctrd_change_kind { CTRD_MODIFIED, CTRD_ADDED, CTRD_DELETED }; /* as the Engine API counts */
/* Each change by its path ("/etc/passwd"), directory by directory, but for the root itself;
 * -1 from `each` ends it. */
int ctrd_changes(struct ctrd_snapshots *s, const struct ctrd_diff *d,
		 int (*each)(void *arg, const char *path, enum ctrd_change_kind kind,
			     struct err *err),
		 void *arg, struct err *err);

#endif
