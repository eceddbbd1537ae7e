/*
 * snapshot.c - the table of snapshots and its rules; see snapshot.h.
 *
 * The table in memory mirrors the info.json files. A change is made on disk first,
 * then in the table, under one lock; what takes long (counting, removing a tree)
 * happens outside it, on a directory that nobody else can name any more or that
 * its one owner is working on.
 */
#include "snapshot_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"

#define INFO_LIMIT (64u << 10)

struct snap {
	struct snap *next;
	char *key, *parent; /* parent: "" for none */
	enum ctrd_snapshot_kind kind;
	unsigned n; /* the directory's name */
	struct ctrd_usage usage; /* of committed ones */
	char created[TIME_TEXT_SIZE];
};

struct ctrd_snapshots {
	char *root;
	int dir;
	pthread_mutex_t lock; /* guards the table and the snaps in it */
	struct snap *table;
	unsigned last;
};

static const char *const kind_names[] = { "active", "view", "committed" };

static void snap_free(struct snap *sn)
{
	free(sn->key);
	free(sn->parent);
	free(sn);
}

static struct snap *find(struct ctrd_snapshots *s, const char *key)
{
	for (struct snap *sn = s->table; sn; sn = sn->next)
		if (!strcmp(sn->key, key))
			return sn;
	return NULL;
}

static struct snap *want(struct ctrd_snapshots *s, const char *key, struct err *err)
{
	struct snap *sn = find(s, key);

	if (!sn)
		err_set(err, ERR_NOT_FOUND, "no such snapshot: %.200s", key);
	return sn;
}

/* --- on disk ------------------------------------------------------------------------- */

static json_t *snap_doc(const struct snap *sn)
{
	return json_pack("{s:s,s:s,s:s,s:s}", "key", sn->key, "parent", sn->parent, "kind",
			 kind_names[sn->kind], "createdAt", sn->created);
}

static int save(struct ctrd_snapshots *s, const struct snap *sn, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%u/info.json", sn->n);
	AUTO_JSON json_t *doc = snap_doc(sn);

	json_object_set_new(doc, "size", json_integer((json_int_t)sn->usage.size));
	json_object_set_new(doc, "inodes", json_integer((json_int_t)sn->usage.inodes));
	return jsonx_write(s->dir, path, doc, 0600, err);
}

static int load_one(struct ctrd_snapshots *s, const char *name, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/info.json", name);
	AUTO_JSON json_t *doc = jsonx_read(s->dir, path, INFO_LIMIT, err);
	struct snap *sn;

	if (!doc)
		return -1;
	sn = xcalloc(1, sizeof(*sn));
	sn->key = xstrdup(jsonx_str(doc, "key", ""));
	sn->parent = xstrdup(jsonx_str(doc, "parent", ""));
	sn->n = (unsigned)atoi(name);
	sn->usage.size = (uint64_t)jsonx_int(doc, "size", 0);
	sn->usage.inodes = (uint64_t)jsonx_int(doc, "inodes", 0);
	snprintf(sn->created, sizeof(sn->created), "%s", jsonx_str(doc, "createdAt", ""));
	while (sn->kind < CTRD_COMMITTED && strcmp(kind_names[sn->kind], jsonx_str(doc, "kind", "")))
		sn->kind++;
	sn->next = s->table;
	s->table = sn;
	return 0;
}

/* Read every info.json; a directory without one was being made or removed. */
static int load(struct ctrd_snapshots *s, struct err *err)
{
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return err_sys(err, "list %s", s->root);
	for (struct dirent *de; (de = readdir(dir));) {
		unsigned n = (unsigned)strtoul(de->d_name, NULL, 10);

		if (!n)
			continue;
		if (n > s->last)
			s->last = n;
		if (!load_one(s, de->d_name, err))
			continue;
		if (err->kind != ERR_NOT_FOUND)
			return err_wrap(err, "snapshot %s", de->d_name);
		if (file_remove_tree(s->dir, de->d_name, err))
			log_warn("snapshots: leftover %s: %s", de->d_name, err->msg);
	}
	return 0;
}

struct ctrd_snapshots *ctrd_snapshots_open(const char *root, struct err *err)
{
	struct ctrd_snapshots *s;

	if (strpbrk(root, ":,\\")) {
		err_set(err, ERR_INVALID, "%s: overlayfs cannot take a path with one of \":,\\\"",
			root);
		return NULL;
	}
	if (file_mkdir_p(root, 0700, err))
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->root = xstrdup(root);
	pthread_mutex_init(&s->lock, NULL);
	s->dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		err_sys(err, "open %s", root);
	else if (!load(s, err))
		return s;
	ctrd_snapshots_close(s);
	return NULL;
}

void ctrd_snapshots_close(struct ctrd_snapshots *s)
{
	if (!s)
		return;
	for (struct snap *sn; (sn = s->table);) {
		s->table = sn->next;
		snap_free(sn);
	}
	if (s->dir >= 0)
		close(s->dir);
	pthread_mutex_destroy(&s->lock);
	free(s->root);
	free(s);
}

/* --- looking --------------------------------------------------------------------------- */

json_t *ctrd_snapshots_list(struct ctrd_snapshots *s)
{
	json_t *list = json_array();

	pthread_mutex_lock(&s->lock);
	for (const struct snap *sn = s->table; sn; sn = sn->next)
		json_array_append_new(list, snap_doc(sn));
	pthread_mutex_unlock(&s->lock);
	return list;
}

json_t *ctrd_snapshot_get(struct ctrd_snapshots *s, const char *key, struct err *err)
{
	json_t *doc = NULL;
	struct snap *sn;

	pthread_mutex_lock(&s->lock);
	sn = want(s, key, err);
	if (sn)
		doc = snap_doc(sn);
	pthread_mutex_unlock(&s->lock);
	return doc;
}

bool ctrd_snapshot_exists(struct ctrd_snapshots *s, const char *key)
{
	bool there;

	pthread_mutex_lock(&s->lock);
	there = find(s, key) != NULL;
	pthread_mutex_unlock(&s->lock);
	return there;
}

/* What a snapshot is mounted from, overlayfs's words; the lock is held. */
static json_t *mounts_of(struct ctrd_snapshots *s, const struct snap *sn)
{
	AUTO_STRBUF struct strbuf lower = STRBUF_INIT;
	AUTO_FREE char *own = xasprintf("%s/%u", s->root, sn->n);
	const struct snap *top = *sn->parent ? find(s, sn->parent) : NULL;
	size_t lowers = 0;

	for (const struct snap *p = top; p; p = *p->parent ? find(s, p->parent) : NULL, lowers++)
		strbuf_addf(&lower, "%s%s/%u/fs", lowers ? ":" : "lowerdir=", s->root, p->n);
	if (!lowers || (sn->kind == CTRD_VIEW && lowers == 1)) {
		AUTO_FREE char *fs = xasprintf("%s/%u/fs", s->root, lowers ? top->n : sn->n);

		return json_pack("[{s:s,s:s,s:[s,s]}]", "type", "bind", "source", fs, "options",
				 "rbind", sn->kind == CTRD_VIEW ? "ro" : "rw");
	}
	if (sn->kind == CTRD_VIEW)
		return json_pack("[{s:s,s:s,s:[s]}]", "type", "overlay", "source", "overlay",
				 "options", lower.data);
	return json_pack("[{s:s,s:s,s:[s++,s++,s]}]", "type", "overlay", "source", "overlay",
			 "options", "workdir=", own, "/work", "upperdir=", own, "/fs", lower.data);
}

json_t *ctrd_snapshot_mounts(struct ctrd_snapshots *s, const char *key, struct err *err)
{
	json_t *mounts = NULL;
	struct snap *sn;

	pthread_mutex_lock(&s->lock);
	sn = want(s, key, err);
	if (sn && sn->kind == CTRD_COMMITTED)
		err_set(err, ERR_CONFLICT, "snapshot %.200s is committed: prepare a view of it", key);
	else if (sn)
		mounts = mounts_of(s, sn);
	pthread_mutex_unlock(&s->lock);
	return mounts;
}

static int open_fs(struct ctrd_snapshots *s, unsigned n, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%u/fs", n);
	int fd = openat(s->dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open %s/%s", s->root, path) : fd;
}

int ctrd_snapshot_layer(struct ctrd_snapshots *s, const char *key, struct err *err)
{
	struct snap *sn;
	int fd = -1;

	pthread_mutex_lock(&s->lock);
	sn = want(s, key, err);
	if (sn && sn->kind != CTRD_ACTIVE)
		err_set(err, ERR_CONFLICT, "snapshot %.200s is not active", key);
	else if (sn)
		fd = open_fs(s, sn->n, err);
	pthread_mutex_unlock(&s->lock);
	return fd;
}

int ctrd_snapshot_usage(struct ctrd_snapshots *s, const char *key, struct ctrd_usage *u,
			struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct snap *sn;
	bool known = false;

	pthread_mutex_lock(&s->lock);
	sn = want(s, key, err);
	if (sn) {
		*u = sn->usage;
		known = sn->kind == CTRD_COMMITTED;
		if (!known)
			fd = open_fs(s, sn->n, err);
	}
	pthread_mutex_unlock(&s->lock);
	if (known)
		return 0;
	return fd < 0 ? -1 : ctrd_tree_usage(fd, u, err);
}

int ctrd_snapshot_chain_usage(struct ctrd_snapshots *s, const char *key, struct ctrd_usage *u,
			      struct err *err)
{
	if (ctrd_snapshot_usage(s, key, u, err))
		return -1;
	pthread_mutex_lock(&s->lock);
	for (const struct snap *sn = find(s, key); sn && *sn->parent;) {
		sn = find(s, sn->parent);
		u->size += sn ? sn->usage.size : 0;
		u->inodes += sn ? sn->usage.inodes : 0;
	}
	pthread_mutex_unlock(&s->lock);
	return 0;
}

/* --- changing ---------------------------------------------------------------------------- */

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
static int make_dirs(struct ctrd_snapshots *s, const struct snap *sn, const struct snap *parent,
		     struct err *err)
{
	AUTO_FREE char *dir = xasprintf("%u", sn->n);
	AUTO_FREE char *fs = xasprintf("%u/fs", sn->n), *work = xasprintf("%u/work", sn->n);
	AUTO_CLOSE int above = -1, layer = -1;
	static const char *const top[] = { ".", NULL };

	if (mkdirat(s->dir, dir, 0700) || mkdirat(s->dir, fs, 0755) ||
	    mkdirat(s->dir, work, 0711) || fchmodat(s->dir, fs, 0755, 0))
		return err_sys(err, "make %s/%s", s->root, dir);
	if (!parent)
		return 0;
	above = open_fs(s, parent->n, err);
	layer = above < 0 ? -1 : open_fs(s, sn->n, err);
	return layer < 0 ? -1 : ctrd_tree_inherit(layer, top, &above, 1, err);
}

static int check_parent(struct ctrd_snapshots *s, const char *key, const struct snap **out,
			struct err *err)
{
	*out = NULL;
	if (!*key)
		return 0;
	*out = want(s, key, err);
	if (!*out)
		return -1;
	if ((*out)->kind != CTRD_COMMITTED)
		return err_set(err, ERR_CONFLICT, "parent snapshot %.200s is not committed", key);
	return 0;
}

static int prepare_locked(struct ctrd_snapshots *s, const char *key, const char *parent_key,
			  enum ctrd_snapshot_kind kind, struct err *err)
{
	const struct snap *parent;
	struct snap *sn;
	char dir[16];

	if (find(s, key))
		return err_set(err, ERR_EXISTS, "snapshot %.200s exists already", key);
	if (check_parent(s, parent_key, &parent, err))
		return -1;
	sn = xcalloc(1, sizeof(*sn));
	*sn = (struct snap){ .next = s->table, .key = xstrdup(key), .parent = xstrdup(parent_key),
			     .kind = kind, .n = ++s->last };
	time_now_text(sn->created);
	snprintf(dir, sizeof(dir), "%u", sn->n);
	if (make_dirs(s, sn, parent, err) || save(s, sn, err)) {
		struct err ignored;

		file_remove_tree(s->dir, dir, &ignored);
		snap_free(sn);
		return err_wrap(err, "snapshot %.200s", key);
	}
	s->table = sn;
	return 0;
}

int ctrd_snapshot_prepare(struct ctrd_snapshots *s, const char *key, const char *parent,
			  enum ctrd_snapshot_kind kind, struct err *err)
{
	int rc;

	if (check_key(key, err))
		return -1;
	pthread_mutex_lock(&s->lock);
	rc = prepare_locked(s, key, parent ? parent : "", kind, err);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

int ctrd_snapshots_sync(struct ctrd_snapshots *s, struct err *err)
{
	return syncfs(s->dir) ? err_sys(err, "sync %s", s->root) : 0;
}

/* Let the layer's unnamed directories look like those below it. */
static int inherit(struct ctrd_snapshots *s, const struct snap *sn, const char *const *implicit,
		   struct err *err)
{
	AUTO_CLOSE int layer = open_fs(s, sn->n, err);
	AUTO_FREE int *lowers = NULL;
	size_t n = 0;
	int rc = layer < 0 ? -1 : 0;

	for (const struct snap *p = find(s, sn->parent); p && !rc; p = find(s, p->parent)) {
		lowers = xrealloc(lowers, (n + 1) * sizeof(*lowers));
		lowers[n] = open_fs(s, p->n, err);
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
	struct snap *sn = want(s, c->key, err), next;
	const struct snap *parent;

	if (!sn)
		return -1;
	if (sn->kind != CTRD_ACTIVE)
		return err_set(err, ERR_CONFLICT, "snapshot %.200s is not active", c->key);
	if (find(s, c->name))
		return err_set(err, ERR_EXISTS, "snapshot %.200s exists already", c->name);
	next = *sn;
	next.key = (char *)c->name;
	next.parent = c->parent ? (char *)c->parent : sn->parent;
	next.kind = CTRD_COMMITTED;
	next.usage = *usage;
	if (check_parent(s, next.parent, &parent, err))
		return -1;
	if (c->implicit && parent && inherit(s, &next, c->implicit, err))
		return -1;
	if (save(s, &next, err))
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
	struct ctrd_usage usage;
	int rc;

	if (check_key(c->name, err) || ctrd_snapshot_usage(s, c->key, &usage, err))
		return -1;
	if (!c->synced && ctrd_snapshots_sync(s, err))
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
	struct snap *sn = want(s, key, err), **link = &s->table;
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
	while (*link != sn)
		link = &(*link)->next;
	*link = sn->next;
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
