/*
 * snapshot.h - file system trees in layers, on overlayfs, or copied where there is none.
 *
 *   <root>/<n>/info.json    {"key","parent","kind","labels":{},"createdAt","size","inodes"}
 *   <root>/<n>/fs/          this snapshot's own files: its difference to the parent
 *   <root>/<n>/work/        overlayfs's scratch space (active ones)
 *
 * A snapshot is active (writable), a view (a read-only look at its parent) or
 * committed (immutable, a parent of others). Image layers are committed under
 * their chain ID. The key never becomes a path: directories are numbered.
 * A directory without info.json is what a crash left, and is removed at open.
 * All functions are safe for many threads; one process owns a root.
 */
#ifndef DOCKYARD_CTRD_SNAPSHOT_H
#define DOCKYARD_CTRD_SNAPSHOT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "01-kernel/base/err.h"

enum ctrd_snapshot_kind { CTRD_ACTIVE, CTRD_VIEW, CTRD_COMMITTED };

struct ctrd_snapshots;
struct ctrd_snapshots *ctrd_snapshots_open(const char *root, struct err *err);
/* One that copies, for where overlayfs is not to be had: each fs/ is a whole tree. A root
 * belongs to one of the two for good. */
struct ctrd_snapshots *ctrd_snapshots_open_native(const char *root, struct err *err);
const char *ctrd_snapshots_name(const struct ctrd_snapshots *s); /* "overlayfs", "native" */
/* The directories of the two in a daemon's root. */
#define CTRD_OVERLAY_DIR "snapshots"
#define CTRD_NATIVE_DIR "snapshots-native"
/* Which one is it to be below this root? `wanted` NULL: overlayfs if it works here,
 * which is tried. ERR_UNSUPPORTED when it was asked for and does not; says so in the log. */
int ctrd_snapshotter_choose(const char *dir, const char *wanted, bool *native, struct err *err);
void ctrd_snapshots_close(struct ctrd_snapshots *s);

/* [{"key","parent","kind","labels","createdAt"}], and one of them (new references). */
json_t *ctrd_snapshots_list(struct ctrd_snapshots *s);
json_t *ctrd_snapshot_get(struct ctrd_snapshots *s, const char *key, struct err *err);
bool ctrd_snapshot_exists(struct ctrd_snapshots *s, const char *key);

/* Make an active snapshot or a view on a committed parent (NULL or "": none).
 * ERR_EXISTS, ERR_NOT_FOUND (the parent), ERR_CONFLICT (the parent is not committed). */
int ctrd_snapshot_prepare(struct ctrd_snapshots *s, const char *key, const char *parent,
			  enum ctrd_snapshot_kind kind, struct err *err);

/* How to mount it: [{"type","source","options":[]}], see mounts.h. New. */
json_t *ctrd_snapshot_mounts(struct ctrd_snapshots *s, const char *key, struct err *err);

/* Its own fs/ directory, to unpack a layer into: an fd, the caller's. */
int ctrd_snapshot_layer(struct ctrd_snapshots *s, const char *key, struct err *err);

/* To read, of whichever kind: its own directory alone, and its whole tree with all that is
 * below. An fd, the caller's; the tree is mounted where nobody else sees it. */
int ctrd_snapshot_own(struct ctrd_snapshots *s, const char *key, struct err *err);
int ctrd_snapshot_tree(struct ctrd_snapshots *s, const char *key, struct err *err);

struct ctrd_usage {
	uint64_t size, inodes; /* of fs/ alone, a hard-linked file once */
};
int ctrd_snapshot_usage(struct ctrd_snapshots *s, const char *key, struct ctrd_usage *u,
			struct err *err);
/* This one and its parents together. */
int ctrd_snapshot_chain_usage(struct ctrd_snapshots *s, const char *key, struct ctrd_usage *u,
			      struct err *err);

/* Turn active `key` into committed `name`. `parent` NULL keeps the parent; else it is
 * set only now: layers are unpacked side by side and put in order here. Where
 * `implicit` is given (NULL-terminated paths), these directories of the layer were not
 * in its archive: they take over their lower layers' owner, mode, times and xattrs.
 * The files are synced first unless the caller did so (ctrd_snapshots_sync).
 * ERR_EXISTS when `name` is there: the snapshot `key` is then left as it is. */
struct ctrd_commit {
	const char *key, *name, *parent;
	const char *const *implicit;
	bool synced;
};
int ctrd_snapshot_commit(struct ctrd_snapshots *s, const struct ctrd_commit *c, struct err *err);
int ctrd_snapshots_sync(struct ctrd_snapshots *s, struct err *err); /* one syncfs(2) */

/* Set these labels (an object of strings); "" removes one; the others stay. */
int ctrd_snapshot_label(struct ctrd_snapshots *s, const char *key, const json_t *labels,
			struct err *err);

/* ERR_CONFLICT while it is another one's parent. */
int ctrd_snapshot_remove(struct ctrd_snapshots *s, const char *key, struct err *err);

#endif
