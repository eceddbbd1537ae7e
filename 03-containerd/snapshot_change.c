/*
 * snapshot_change.c - prepare, commit, remove.
 *
 * A change is made on disk first, then in the table, under one lock; what takes
 * long (counting, removing a tree) happens outside it, on a directory that nobody
 * else can name any more or that its one owner is working on.
 */
#include "snapshot_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "wire.h"

static int check_key(const char *key, struct err *err)
{
	size_t n = strlen(key);

	if (!n || n > 512)
		return err_set(err, ERR_INVALID, "a snapshot's key has 1 to 512 bytes");
	for (const char *p = key; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return err_set(err, ERR_INVALID, "control character in a snapshot's key");
	return 0;
}

/* The root of the mounted tree is the upper directory itself: it must look like
 * the parent's. */
static int make_dirs(struct ctrd_snapshots *s, unsigned n, unsigned parent,
		     enum ctrd_snapshot_kind kind, struct err *err)
{
	AUTO_FREE char *dir = xasprintf("%u", n);
	AUTO_FREE char *fs = xasprintf("%u/fs", n), *work = xasprintf("%u/work", n);
	AUTO_CLOSE int above = -1, layer = -1;
	static const char *const top[] = { ".", NULL };

	if (mkdirat(s->dir, dir, 0700) || mkdirat(s->dir, fs, 0755) ||
	    (!s->native && mkdirat(s->dir, work, 0711)) || fchmodat(s->dir, fs, 0755, 0))
		return err_sys(err, "make %s/%s", s->root, dir);
	if (!parent)
		return 0;
	if (s->native)
		return kind == CTRD_VIEW ? 0 : snap_native_make(s, n, parent, err);
	above = snap_open_fs(s, parent, err);
	layer = above < 0 ? -1 : snap_open_fs(s, n, err);
	return layer < 0 ? -1 : ctrd_tree_inherit(layer, top, &above, 1, err);
}

static int check_parent(struct ctrd_snapshots *s, const char *key, const struct snap **out,
			struct err *err)
{
	*out = NULL;
	if (!*key)
		return 0;
	*out = snap_want(s, key, err);
	if (!*out)
		return -1;
	if ((*out)->kind != CTRD_COMMITTED)
		return err_set(err, ERR_CONFLICT, "parent snapshot %.200s is not committed", key);
	return 0;
}

/* Take the key, and keep the parent from being removed. */
static struct snap *reserve_locked(struct ctrd_snapshots *s, const char *key, const char *parent_key,
				   enum ctrd_snapshot_kind kind, unsigned *parent, struct err *err)
{
	const struct snap *above;
	struct snap *sn;

	if (snap_find(s, key)) {
		err_set(err, ERR_EXISTS, "snapshot %.200s exists already", key);
		return NULL;
	}
	if (check_parent(s, parent_key, &above, err))
		return NULL;
	*parent = above ? above->n : 0;
	sn = xcalloc(1, sizeof(*sn));
	*sn = (struct snap){ .next = s->table, .key = xstrdup(key), .parent = xstrdup(parent_key),
			     .kind = kind, .busy = true, .n = ++s->last,
			     .labels = json_object() };
	time_now_text(sn->created);
	s->table = sn;
	return sn;
}

static void forget_locked(struct ctrd_snapshots *s, struct snap *sn)
{
	struct snap **link = &s->table;

	while (*link != sn)
		link = &(*link)->next;
	*link = sn->next;
}

/* The files are made outside the lock: copying a tree takes its time. */
int ctrd_snapshot_prepare(struct ctrd_snapshots *s, const char *key, const char *parent_key,
			  enum ctrd_snapshot_kind kind, struct err *err)
{
	struct err ignored;
	struct snap *sn;
	unsigned parent;
	char dir[16];
	int rc;

	if (check_key(key, err))
		return -1;
	pthread_mutex_lock(&s->lock);
	sn = reserve_locked(s, key, parent_key ? parent_key : "", kind, &parent, err);
	pthread_mutex_unlock(&s->lock);
	if (!sn)
		return -1;
	snprintf(dir, sizeof(dir), "%u", sn->n);
	rc = make_dirs(s, sn->n, parent, kind, err) || snap_save(s, sn, err) ? -1 : 0;
	pthread_mutex_lock(&s->lock);
	sn->busy = false;
	if (rc)
		forget_locked(s, sn);
	pthread_mutex_unlock(&s->lock);
	if (!rc)
		return 0;
	file_remove_tree(s->dir, dir, &ignored);
	snap_free(sn);
	return err_wrap(err, "snapshot %.200s", key);
}

int ctrd_snapshots_sync(struct ctrd_snapshots *s, struct err *err)
{
	return syncfs(s->dir) ? err_sys(err, "sync %s", s->root) : 0;
}

/* Let the layer's unnamed directories look like those below it. */
static int inherit(struct ctrd_snapshots *s, const struct snap *sn, const char *const *implicit,
		   struct err *err)
{
	AUTO_CLOSE int layer = snap_open_fs(s, sn->n, err);
	AUTO_FREE int *lowers = NULL;
	size_t n = 0;
	int rc = layer < 0 ? -1 : 0;

	for (const struct snap *p = snap_find(s, sn->parent); p && !rc; p = snap_find(s, p->parent)) {
		lowers = xrealloc(lowers, (n + 1) * sizeof(*lowers));
		lowers[n] = snap_open_fs(s, p->n, err);
		rc = lowers[n] < 0 ? -1 : 0;
		n += !rc;
	}
	if (!rc)
		rc = ctrd_tree_inherit(layer, implicit, lowers, n, err);
	while (n)
		close(lowers[--n]);
	return rc;
}

/* Fill *next with what key will be; the lock is held. */
static int commit_locked(struct ctrd_snapshots *s, const struct ctrd_commit *c,
			 const struct ctrd_usage *usage, struct err *err)
{
	struct snap *sn = snap_want(s, c->key, err), next;
	const struct snap *parent;

	if (!sn)
		return -1;
	if (sn->kind != CTRD_ACTIVE)
		return err_set(err, ERR_CONFLICT, "snapshot %.200s is not active", c->key);
	if (snap_find(s, c->name))
		return err_set(err, ERR_EXISTS, "snapshot %.200s exists already", c->name);
	next = *sn;
	next.key = (char *)c->name;
	next.parent = c->parent ? (char *)c->parent : sn->parent;
	next.kind = CTRD_COMMITTED;
	next.usage = *usage;
	if (check_parent(s, next.parent, &parent, err))
		return -1;
	if (!s->native && c->implicit && parent && inherit(s, &next, c->implicit, err))
		return -1;
	if (snap_save(s, &next, err))
		return -1;
	free(sn->key);
	sn->key = xstrdup(c->name);
	if (c->parent) {
		free(sn->parent);
		sn->parent = xstrdup(c->parent);
	}
	sn->kind = CTRD_COMMITTED;
	sn->usage = *usage;
	return 0;
}

int ctrd_snapshot_commit(struct ctrd_snapshots *s, const struct ctrd_commit *c, struct err *err)
{
	bool merge = s->native && c->parent;
	struct ctrd_usage usage;
	int rc;

	if (check_key(c->name, err))
		return -1;
	if (ctrd_snapshot_exists(s, c->name)) /* before all the work */
		return err_set(err, ERR_EXISTS, "snapshot %.200s exists already", c->name);
	if ((merge && snap_native_merge(s, c, err)) || ctrd_snapshot_usage(s, c->key, &usage, err))
		return -1;
	if ((!c->synced || merge) && ctrd_snapshots_sync(s, err))
		return -1;
	pthread_mutex_lock(&s->lock);
	rc = commit_locked(s, c, &usage, err);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

/* Take the snapshot out of the table; info.json goes first, so that a crash half-way
 * through the rest leaves a directory that the next open removes. */
static struct snap *unlink_locked(struct ctrd_snapshots *s, const char *key, struct err *err)
{
	struct snap *sn = snap_want(s, key, err);
	char info[32];

	if (!sn)
		return NULL;
	for (const struct snap *other = s->table; other; other = other->next)
		if (!strcmp(other->parent, key)) {
			err_set(err, ERR_CONFLICT, "snapshot %.200s is the parent of %.200s", key,
				other->key);
			return NULL;
		}
	snprintf(info, sizeof(info), "%u/info.json", sn->n);
	if (unlinkat(s->dir, info, 0) && errno != ENOENT) {
		err_sys(err, "remove snapshot %.200s", key);
		return NULL;
	}
	forget_locked(s, sn);
	return sn;
}

int ctrd_snapshot_remove(struct ctrd_snapshots *s, const char *key, struct err *err)
{
	struct snap *sn;
	char dir[16];
	int rc;

	pthread_mutex_lock(&s->lock);
	sn = unlink_locked(s, key, err);
	pthread_mutex_unlock(&s->lock);
	if (!sn)
		return -1;
	snprintf(dir, sizeof(dir), "%u", sn->n);
	rc = file_remove_tree(s->dir, dir, err);
	snap_free(sn);
	return rc ? err_wrap(err, "remove snapshot") : 0;
}

/* --- labels --------------------------------------------------------------------------- */

static int label_locked(struct ctrd_snapshots *s, struct snap *sn, const json_t *labels,
			struct err *err)
{
	json_t *old = sn->labels, *v;
	const char *key;

	sn->labels = json_deep_copy(old);
	json_object_foreach((json_t *)labels, key, v) {
		if (*json_string_value(v))
			json_object_set(sn->labels, key, v);
		else
			json_object_del(sn->labels, key);
	}
	if (snap_save(s, sn, err)) {
		json_decref(sn->labels);
		sn->labels = old;
		return -1;
	}
	json_decref(old);
	return 0;
}

int ctrd_snapshot_label(struct ctrd_snapshots *s, const char *key, const json_t *labels,
			struct err *err)
{
	struct snap *sn;
	int rc;

	if (ctrd_labels_check(labels, err))
		return -1;
	pthread_mutex_lock(&s->lock);
	sn = snap_want(s, key, err);
	rc = sn ? label_locked(s, sn, labels, err) : -1;
	pthread_mutex_unlock(&s->lock);
	return rc;
}
