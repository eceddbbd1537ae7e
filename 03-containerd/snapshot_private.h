/*
 * snapshot_private.h - what snapshot.c (the table), snapshot_change.c (its rules)
 * and snapshot_tree.c (the files of one layer) share.
 */
#ifndef DOCKYARD_CTRD_SNAPSHOT_PRIVATE_H
#define DOCKYARD_CTRD_SNAPSHOT_PRIVATE_H

#include <pthread.h>

#include "01-kernel/base/log.h"
#include "snapshot.h"

struct snap {
	struct snap *next;
	char *key, *parent; /* parent: "" for none */
	enum ctrd_snapshot_kind kind;
	bool busy; /* its files are being made: the key is taken, and that is all */
	unsigned n; /* the directory's name */
	struct ctrd_usage usage; /* of committed ones */
	json_t *labels;          /* an object; replaced as a whole, never changed in place */
	char created[TIME_TEXT_SIZE];
};

struct ctrd_snapshots {
	char *root;
	int dir;
	bool native;    /* every fs/ is a whole tree, and no overlay is mounted */
	bool userxattr; /* overlayfs in a user namespace keeps its notes in user.overlay.* */
	pthread_mutex_t lock; /* guards the table and the snaps in it */
	struct snap *table;
	unsigned last;
};

void snap_free(struct snap *sn);
/* With the lock held: find a key (NULL), or fail for want of it. */
struct snap *snap_find(struct ctrd_snapshots *s, const char *key);
struct snap *snap_want(struct ctrd_snapshots *s, const char *key, struct err *err);
int snap_save(struct ctrd_snapshots *s, const struct snap *sn, struct err *err); /* info.json */
int snap_open_fs(struct ctrd_snapshots *s, unsigned n, struct err *err);         /* <n>/fs: an fd */

/* Mount an overlay where nobody else sees it (`at`: any directory), and open its root. */
struct kern_overlay;
int snap_overlay_open(const struct kern_overlay *o, const char *at, struct err *err);

/* snapshot_native.c: the whole tree of a new snapshot (parent 0: an empty one); and of one
 * that was unpacked by itself, now that its parent is known. */
int snap_native_make(struct ctrd_snapshots *s, unsigned n, unsigned parent, struct err *err);
int snap_native_merge(struct ctrd_snapshots *s, const struct ctrd_commit *c, struct err *err);

/* Count what is under the directory `fd` (borrowed). */
int ctrd_tree_usage(int fd, struct ctrd_usage *u, struct err *err);

/* Give each of the directories `paths` in `layer` the owner, mode, times and extended
 * attributes of the directory of that name in the nearest of `lowers` (nearest first). */
int ctrd_tree_inherit(int layer, const char *const *paths, const int *lowers, size_t n,
		      struct err *err);

#endif
