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
	unsigned n; /* the directory's name */
	struct ctrd_usage usage; /* of committed ones */
	json_t *labels;          /* an object; replaced as a whole, never changed in place */
	char created[TIME_TEXT_SIZE];
};

struct ctrd_snapshots {
	char *root;
	int dir;
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

/* Count what is under the directory `fd` (borrowed). */
int ctrd_tree_usage(int fd, struct ctrd_usage *u, struct err *err);

/* Give each of the directories `paths` in `layer` the owner, mode, times and extended
 * attributes of the directory of that name in the nearest of `lowers` (nearest first). */
int ctrd_tree_inherit(int layer, const char *const *paths, const int *lowers, size_t n,
		      struct err *err);

#endif
