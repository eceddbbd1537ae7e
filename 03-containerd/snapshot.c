/*
 * snapshot.c - the table of snapshots: loading it, looking into it; see snapshot.h.
 *
 * The table in memory mirrors the info.json files; snapshot_change.c changes both.
 */
#include "snapshot_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/userns.h"

#define INFO_LIMIT (64u << 10)

static const char *const kind_names[] = { "active", "view", "committed" };

void snap_free(struct snap *sn)
{
	free(sn->key);
	free(sn->parent);
	json_decref(sn->labels);
	free(sn);
}

struct snap *snap_find(struct ctrd_snapshots *s, const char *key)
{
	for (struct snap *sn = s->table; sn; sn = sn->next)
		if (!strcmp(sn->key, key))
			return sn;
	return NULL;
}

struct snap *snap_want(struct ctrd_snapshots *s, const char *key, struct err *err)
{
	struct snap *sn = snap_find(s, key);

	if (sn && !sn->busy)
		return sn;
	if (sn)
		err_set(err, ERR_CONFLICT, "snapshot %.200s is still being made", key);
	else
		err_set(err, ERR_NOT_FOUND, "no such snapshot: %.200s", key);
	return NULL;
}

/* --- on disk ------------------------------------------------------------------------- */

static json_t *snap_doc(const struct snap *sn)
{
	return json_pack("{s:s,s:s,s:s,s:o,s:s}", "key", sn->key, "parent", sn->parent, "kind",
			 kind_names[sn->kind], "labels", json_deep_copy(sn->labels), "createdAt",
			 sn->created);
}

int snap_save(struct ctrd_snapshots *s, const struct snap *sn, struct err *err)
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
	sn->labels = json_object_get(doc, "labels") ? json_incref(json_object_get(doc, "labels"))
						    : json_object();
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

static struct ctrd_snapshots *open_store(const char *root, bool native, struct err *err)
{
	struct ctrd_snapshots *s;

	if (file_mkdir_p(root, 0700, err))
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->root = xstrdup(root);
	s->native = native;
	s->userxattr = !native && !kern_userns_initial();
	pthread_mutex_init(&s->lock, NULL);
	s->dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		err_sys(err, "open %s", root);
	else if (!load(s, err))
		return s;
	ctrd_snapshots_close(s);
	return NULL;
}

struct ctrd_snapshots *ctrd_snapshots_open(const char *root, struct err *err)
{
	if (!strpbrk(root, ":,\\"))
		return open_store(root, false, err);
	err_set(err, ERR_INVALID, "%s: overlayfs cannot take a path with one of \":,\\\"", root);
	return NULL;
}

struct ctrd_snapshots *ctrd_snapshots_open_native(const char *root, struct err *err)
{
	return open_store(root, true, err);
}

const char *ctrd_snapshots_name(const struct ctrd_snapshots *s)
{
	return s->native ? "native" : "overlayfs";
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
		if (!sn->busy)
			json_array_append_new(list, snap_doc(sn));
	pthread_mutex_unlock(&s->lock);
	return list;
}

json_t *ctrd_snapshot_get(struct ctrd_snapshots *s, const char *key, struct err *err)
{
	json_t *doc = NULL;
	struct snap *sn;

	pthread_mutex_lock(&s->lock);
	sn = snap_want(s, key, err);
	if (sn)
		doc = snap_doc(sn);
	pthread_mutex_unlock(&s->lock);
	return doc;
}

bool ctrd_snapshot_exists(struct ctrd_snapshots *s, const char *key)
{
	const struct snap *sn;
	bool there;

	pthread_mutex_lock(&s->lock);
	sn = snap_find(s, key);
	there = sn && !sn->busy;
	pthread_mutex_unlock(&s->lock);
	return there;
}

/* What a snapshot is mounted from, overlayfs's words; the lock is held. */
static json_t *mounts_of(struct ctrd_snapshots *s, const struct snap *sn)
{
	AUTO_STRBUF struct strbuf lower = STRBUF_INIT;
	AUTO_FREE char *own = xasprintf("%s/%u", s->root, sn->n);
	const struct snap *top = *sn->parent ? snap_find(s, sn->parent) : NULL;
	size_t lowers = 0;
	bool overlay;
	json_t *mounts;

	for (const struct snap *p = top; p; p = *p->parent ? snap_find(s, p->parent) : NULL, lowers++)
		strbuf_addf(&lower, "%s%s/%u/fs", lowers ? ":" : "lowerdir=", s->root, p->n);
	overlay = !s->native && lowers && (sn->kind != CTRD_VIEW || lowers > 1);
	if (!overlay) {
		bool above = sn->kind == CTRD_VIEW && top;
		AUTO_FREE char *fs = xasprintf("%s/%u/fs", s->root, above ? top->n : sn->n);

		return json_pack("[{s:s,s:s,s:[s,s]}]", "type", "bind", "source", fs, "options",
				 "rbind", sn->kind == CTRD_VIEW ? "ro" : "rw");
	}
	if (sn->kind == CTRD_VIEW)
		mounts = json_pack("[{s:s,s:s,s:[s]}]", "type", "overlay", "source", "overlay",
				   "options", lower.data);
	else
		mounts = json_pack("[{s:s,s:s,s:[s++,s++,s]}]", "type", "overlay", "source", "overlay",
				   "options", "workdir=", own, "/work", "upperdir=", own, "/fs",
				   lower.data);
	if (s->userxattr)
		json_array_append_new(json_object_get(json_array_get(mounts, 0), "options"),
				      json_string("userxattr"));
	return mounts;
}

json_t *ctrd_snapshot_mounts(struct ctrd_snapshots *s, const char *key, struct err *err)
{
	json_t *mounts = NULL;
	struct snap *sn;

	pthread_mutex_lock(&s->lock);
	sn = snap_want(s, key, err);
	if (sn && sn->kind == CTRD_COMMITTED)
		err_set(err, ERR_CONFLICT, "snapshot %.200s is committed: prepare a view of it", key);
	else if (sn)
		mounts = mounts_of(s, sn);
	pthread_mutex_unlock(&s->lock);
	return mounts;
}

int snap_open_fs(struct ctrd_snapshots *s, unsigned n, struct err *err)
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
	sn = snap_want(s, key, err);
	if (sn && sn->kind != CTRD_ACTIVE)
		err_set(err, ERR_CONFLICT, "snapshot %.200s is not active", key);
	else if (sn)
		fd = snap_open_fs(s, sn->n, err);
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
	sn = snap_want(s, key, err);
	if (sn) {
		*u = sn->usage;
		known = sn->kind == CTRD_COMMITTED;
		if (!known)
			fd = snap_open_fs(s, sn->n, err);
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
	if (s->native)
		return 0; /* a whole tree each */
	pthread_mutex_lock(&s->lock);
	for (const struct snap *sn = snap_find(s, key); sn && *sn->parent;) {
		sn = snap_find(s, sn->parent);
		u->size += sn ? sn->usage.size : 0;
		u->inodes += sn ? sn->usage.inodes : 0;
	}
	pthread_mutex_unlock(&s->lock);
	return 0;
}
