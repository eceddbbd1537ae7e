/*
 * lookup.c - indexes in memory. The model is in lookup.h.
 *
 * A table is never changed: one that is out of date is replaced, and freed by the last who still
 * reads in it. The lock guards the list and the counts, and is never held while a file is read.
 *
 * Which file it is, is told by its inode, size and times. Inodes are used again and times have the
 * grain of a tick, so two changes in quick succession could look like one; a file is therefore only
 * kept in memory once it is older than that (git calls this "racily clean").
 */
#include "lookup.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "errors.h"
#include "index.h"

#define WEIGHT_MAX 50000u /* of all tables together, in entries: some 10 MiB */
#define TABLE_WEIGHT 200u /* of a table beside its entries: the list is searched from its front */
#define GRAIN_NS 100000000 /* a tick is at most a tenth of that */

struct entry {
	char *reference; /* a tag or a digest */
	char *digest, *media_type;
};

struct table {
	struct table *next;
	char *name;
	struct stat file;
	struct entry *entries; /* sorted by reference */
	size_t n;
	unsigned users; /* the list's lock */
};

struct reg_lookup {
	struct reg_store *store;
	pthread_mutex_t lock;
	struct table *list; /* used last comes first */
	size_t weight;      /* of the tables in it */
};

/* ---- a table --------------------------------------------------------------------------- */

static void add_entry(struct table *t, const char *reference, const char *digest, const char *type)
{
	t->entries[t->n++] = (struct entry){ xstrdup(reference), xstrdup(digest), xstrdup(type) };
}

static int by_reference(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->reference, ((const struct entry *)b)->reference);
}

static struct table *table_new(const char *name, const struct stat *file, const json_t *index)
{
	const json_t *list = json_object_get(index, "manifests");
	struct table *t = xcalloc(1, sizeof(*t));
	size_t i;
	json_t *d;

	t->name = xstrdup(name);
	t->file = *file;
	t->users = 1;
	t->entries = xcalloc(2 * json_array_size(list) + 1, sizeof(*t->entries));
	json_array_foreach(list, i, d) {
		const char *digest = jsonx_str(d, "digest", "");
		const char *type = jsonx_str(d, "mediaType", "");
		const char *tag = reg_index_tag_of(d);

		if (strlen(digest) >= DIGEST_SIZE || strlen(type) >= REG_MEDIA_TYPE_SIZE)
			continue; /* not ours */
		add_entry(t, digest, digest, type);
		if (tag)
			add_entry(t, tag, digest, type);
	}
	qsort(t->entries, t->n, sizeof(*t->entries), by_reference);
	return t;
}

static void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->entries[i].reference);
		free(t->entries[i].digest);
		free(t->entries[i].media_type);
	}
	free(t->entries);
	free(t->name);
	free(t);
}

/* ---- the list; all of these need the lock ---------------------------------------------------- */

static void let_go(struct table *t)
{
	if (!--t->users)
		table_free(t);
}

static struct table *unlist(struct reg_lookup *l, const char *name)
{
	struct table **at = &l->list, *t;

	while (*at && strcmp((*at)->name, name))
		at = &(*at)->next;
	t = *at;
	if (t) {
		*at = t->next;
		l->weight -= t->n + TABLE_WEIGHT;
	}
	return t;
}

static void list_first(struct reg_lookup *l, struct table *t)
{
	t->next = l->list;
	l->list = t;
	l->weight += t->n + TABLE_WEIGHT;
}

static void drop_last(struct reg_lookup *l)
{
	struct table *t = l->list;

	while (t->next)
		t = t->next;
	let_go(unlist(l, t->name));
}

/* ---- from the file ------------------------------------------------------------------------------ */

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       !memcmp(&a->st_mtim, &b->st_mtim, sizeof(a->st_mtim)) &&
	       !memcmp(&a->st_ctim, &b->st_ctim, sizeof(a->st_ctim));
}

static bool settled(const struct stat *file)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec - file->st_ctim.tv_sec) * 1000000000LL + now.tv_nsec -
		       file->st_ctim.tv_nsec > GRAIN_NS;
}

static void keep(struct reg_lookup *l, struct table *t)
{
	struct table *old;

	pthread_mutex_lock(&l->lock);
	old = unlist(l, t->name);
	if (old)
		let_go(old);
	t->users++;
	list_first(l, t);
	while (l->list && l->weight > WEIGHT_MAX)
		drop_last(l);
	pthread_mutex_unlock(&l->lock);
}

/* The file that is open has one content for ever: a change is another file. */
static struct table *read_table(struct reg_lookup *l, const char *name, struct err *err)
{
	AUTO_FREE char *path = reg_index_path(l->store, name);
	AUTO_CLOSE int fd = reg_index_open(l->store, name, err);
	AUTO_JSON json_t *index = NULL;
	struct table *t;
	struct stat file;
	bool old;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &file)) {
		err_sys(err, "stat %s", path);
		return NULL;
	}
	old = settled(&file);
	index = reg_index_read(fd, path, err);
	if (!index)
		return NULL;
	t = table_new(name, &file, index);
	if (old)
		keep(l, t);
	return t;
}

/* ---- looking up ------------------------------------------------------------------------------------ */

static struct table *remembered(struct reg_lookup *l, const char *name)
{
	struct table *t;

	pthread_mutex_lock(&l->lock);
	t = unlist(l, name);
	if (t) {
		list_first(l, t);
		t->users++;
	}
	pthread_mutex_unlock(&l->lock);
	return t;
}

static void done_with(struct reg_lookup *l, struct table *t)
{
	pthread_mutex_lock(&l->lock);
	let_go(t);
	pthread_mutex_unlock(&l->lock);
}

static bool up_to_date(struct reg_lookup *l, const struct table *t)
{
	AUTO_FREE char *path = reg_index_path(l->store, t->name);
	struct stat file;

	return !stat(path, &file) && same_file(&file, &t->file);
}

static struct table *table_of(struct reg_lookup *l, const char *name, struct err *err)
{
	struct table *t = remembered(l, name);

	if (t && up_to_date(l, t))
		return t;
	if (t)
		done_with(l, t);
	return read_table(l, name, err);
}

int reg_lookup(struct reg_lookup *l, const char *name, const char *reference,
	       struct reg_found *found, struct err *err)
{
	const struct entry wanted = { .reference = (char *)reference };
	struct table *t = table_of(l, name, err);
	const struct entry *e;

	if (!t)
		return -1;
	e = bsearch(&wanted, t->entries, t->n, sizeof(*e), by_reference);
	if (e) {
		strcpy(found->digest, e->digest);
		strcpy(found->media_type, e->media_type);
	}
	done_with(l, t);
	return e ? 0
		 : reg_refuse(err, REG_MANIFEST_UNKNOWN, "%s has no manifest %.200s", name,
			      reference);
}

struct reg_lookup *reg_lookup_new(struct reg_store *store)
{
	struct reg_lookup *l = xcalloc(1, sizeof(*l));

	l->store = store;
	pthread_mutex_init(&l->lock, NULL);
	return l;
}

void reg_lookup_free(struct reg_lookup *l)
{
	if (!l)
		return;
	while (l->list)
		drop_last(l);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
