/*
 * snapshot_native.c - the copying snapshotter, called as the real one's is: every snapshot is
 * a whole tree, a copy of its parent's, and a mount of it is a bind mount.
 *
 * It costs a copy for each layer and container (where the file system shares data between
 * copies, little more than their names), and works wherever files do.
 */
#include "snapshot_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/strbuf.h"
#include "tree_copy.h"

int snap_native_make(struct ctrd_snapshots *s, unsigned n, unsigned parent, struct err *err)
{
	AUTO_CLOSE int from = snap_open_fs(s, parent, err);
	AUTO_CLOSE int to = from < 0 ? -1 : snap_open_fs(s, n, err);

	return to < 0 ? -1 : ctrd_tree_copy(from, to, err);
}

/* The snapshot's own number, and its future parent's (0: none). */
static int numbers(struct ctrd_snapshots *s, const struct ctrd_commit *c, unsigned *n,
		   unsigned *parent, struct err *err)
{
	const struct snap *sn, *above = NULL;

	pthread_mutex_lock(&s->lock);
	sn = snap_want(s, c->key, err);
	if (sn && *c->parent)
		above = snap_want(s, c->parent, err);
	*n = sn ? sn->n : 0;
	*parent = above ? above->n : 0;
	pthread_mutex_unlock(&s->lock);
	return !sn || (*c->parent && !above) ? -1 : 0;
}

/* fs/ becomes layer/, and the new fs/ is the parent's tree with the layer over it. A crash
 * on the way leaves an active snapshot of a dead pull, which the next start removes. */
int snap_native_merge(struct ctrd_snapshots *s, const struct ctrd_commit *c, struct err *err)
{
	AUTO_CLOSE int layer = -1, tree = -1;
	char fs[32], aside[32];
	unsigned n, parent;

	if (numbers(s, c, &n, &parent, err))
		return -1;
	snprintf(fs, sizeof(fs), "%u/fs", n);
	snprintf(aside, sizeof(aside), "%u/layer", n);
	layer = snap_open_fs(s, n, err);
	if (layer < 0)
		return -1;
	if (renameat(s->dir, fs, s->dir, aside) || mkdirat(s->dir, fs, 0755) ||
	    fchmodat(s->dir, fs, 0755, 0))
		return err_sys(err, "make %s/%s", s->root, fs);
	if (parent && snap_native_make(s, n, parent, err))
		return -1;
	tree = snap_open_fs(s, n, err);
	if (tree < 0 || ctrd_tree_apply(layer, tree, c->implicit, err))
		return -1;
	return file_remove_tree(s->dir, aside, err);
}
