/*
 * build_cache.c - see build.h: what was built once.
 *
 *   <data-root>/build-cache/steps/<key>    a record: JSON, and a blank for each use; the file's time is the last's
 *   <data-root>/build-cache/mounts/<id>/   a directory of RUN --mount=type=cache
 *
 * A record's blob and snapshot would be garbage to containerd as soon as no image has them; a lease of
 * the record's key keeps them (03-containerd/leases.h).
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "build.h"
#include "volume.h"

#define RECORD_MAX (1 << 20)

static char *place(const struct daemon *d, const char *kind, const char *name)
{
	return xasprintf("%s/build-cache/%s/%s", d->cfg->data_root, kind, name);
}

/* --- records ----------------------------------------------------------------------------------- */

/* The names of all snapshots when the build first asked: it asks for most of its steps. */
static json_t *list_snapshots(struct daemon *d)
{
	struct err ignored;
	AUTO_JSON json_t *list = ctrd_call(d->ctrd, "GET", "/v1/snapshots", NULL, &ignored);
	json_t *names = json_object(), *v;
	size_t i;

	json_array_foreach(list, i, v)
		json_object_set_new(names, jsonx_str(v, "key", ""), json_true());
	return names;
}

bool cache_has_snapshot(struct build *b, const char *chain)
{
	bool yes;

	pthread_mutex_lock(&b->lock);
	if (!b->snapshots)
		b->snapshots = list_snapshots(b->d);
	yes = json_object_get(b->snapshots, chain) != NULL;
	pthread_mutex_unlock(&b->lock);
	return yes;
}

/* One that a power failure spoils is one that is not there. */
static int write_record(const char *path, const json_t *record, struct err *err)
{
	AUTO_FREE char *text = jsonx_text(record);

	return file_write_volatile(AT_FDCWD, path, text, strlen(text), 0600, err);
}

static void count_use(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || st.st_size > RECORD_MAX / 2 || write(fd, " ", 1) != 1)
		log_warn("build cache: a use of %s was not noted", path);
}

json_t *cache_find(struct build *b, const char *key)
{
	AUTO_FREE char *path = place(b->d, "steps", key);
	struct err ignored;
	AUTO_JSON json_t *record = jsonx_read(AT_FDCWD, path, RECORD_MAX, &ignored);

	if (!record || (json_is_object(json_object_get(record, "layer")) &&
			!cache_has_snapshot(b, jsonx_str(record, "chain", ""))))
		return NULL;
	count_use(path);
	return steal_ptr(&record);
}

static int hold(struct daemon *d, const char *key, const json_t *record, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/leases/build-%s/resources", key);
	AUTO_JSON json_t *lease = json_pack("{s:o}", "id", json_sprintf("build-%s", key));
	AUTO_JSON json_t *blob = json_pack("{s:s, s:O}", "type", "content", "id",
					   jsonx_at(record, "layer.digest"));
	AUTO_JSON json_t *snapshot = json_pack("{s:s, s:O}", "type", "snapshots/overlayfs", "id",
					       json_object_get(record, "chain"));

	if (build_call(d, "POST", "/v1/leases", lease, err) && err->kind != ERR_EXISTS)
		return -1;
	return build_call(d, "POST", path, blob, err) || build_call(d, "POST", path, snapshot, err)
		       ? -1 : 0;
}

/* A cache that cannot be written makes a build slow, not wrong. */
void cache_store(struct build *b, const char *key, json_t *record)
{
	struct daemon *d = b->d;
	AUTO_FREE char *dir = place(d, "steps", ""), *path = place(d, "steps", key);
	struct err err;

	pthread_mutex_lock(&b->lock);
	if (b->snapshots)
		json_object_set_new(b->snapshots, jsonx_str(record, "chain", ""), json_true());
	pthread_mutex_unlock(&b->lock);
	if ((json_is_object(json_object_get(record, "layer")) && hold(d, key, record, &err)) ||
	    file_mkdir_p(dir, 0700, &err) || write_record(path, record, &err))
		log_warn("build cache: %s", err.msg);
}

/* --- what there is ------------------------------------------------------------------------------- */

static void times_of(const char *path, json_t *entry)
{
	struct stat st;
	char text[TIME_TEXT_SIZE];

	if (!stat(path, &st))
		json_object_set_new(entry, "LastUsedAt", json_string(time_text(&st.st_mtim, text)));
}

static json_t *step_entry(struct daemon *d, const char *key)
{
	AUTO_FREE char *path = place(d, "steps", key);
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	struct err ignored;
	AUTO_JSON json_t *record = file_read(AT_FDCWD, path, &text, RECORD_MAX, &ignored)
					   ? NULL : jsonx_parse(text.data, text.len, path, &ignored);
	size_t uses = 0;
	json_t *entry;

	if (!record)
		return NULL;
	while (text.data[text.len - 1 - uses] == ' ')
		uses++;
	entry = json_pack("{s:s, s:s, s:s, s:b, s:b, s:I, s:s, s:I}", "ID", key, "Type", "regular",
			  "Description", jsonx_str(record, "text", ""), "InUse", 0, "Shared", 0, "Size",
			  jsonx_int(record, "size", 0), "CreatedAt", jsonx_str(record, "created", ""),
			  "UsageCount", (json_int_t)uses);
	times_of(path, entry);
	return entry;
}

static json_t *mount_entry(struct daemon *d, const char *id)
{
	AUTO_FREE char *path = place(d, "mounts", id);
	json_t *entry = json_pack("{s:s, s:s, s:s, s:b, s:b, s:I, s:i}", "ID", id, "Type",
				  "exec.cachemount", "Description", "RUN --mount=type=cache", "InUse", 0,
				  "Shared", 0, "Size", dockerd_tree_size(path), "UsageCount", 0);

	times_of(path, entry);
	json_object_set(entry, "CreatedAt", json_object_get(entry, "LastUsedAt"));
	return entry;
}

static void add_kind(struct daemon *d, const char *kind, json_t *(*make)(struct daemon *, const char *),
		     json_t *out)
{
	AUTO_FREE char *dir = place(d, kind, "");
	AUTO_CLOSEDIR DIR *list = opendir(dir);
	const struct dirent *e;

	while (list && (e = readdir(list)))
		if (*e->d_name != '.')
			json_array_append_new(out, make(d, e->d_name));
}

json_t *dockerd_build_cache(struct daemon *d)
{
	json_t *out = json_array();

	add_kind(d, "steps", step_entry, out);
	add_kind(d, "mounts", mount_entry, out);
	return out;
}

/* --- prune --------------------------------------------------------------------------------------- */

static void drop(struct daemon *d, const json_t *entry)
{
	bool step = !strcmp(jsonx_str(entry, "Type", ""), "regular");
	const char *id = jsonx_str(entry, "ID", "");
	AUTO_FREE char *path = place(d, step ? "steps" : "mounts", id);
	AUTO_FREE char *lease = xasprintf("/v1/leases/build-%s", id);
	struct err err;

	if (!step)
		cache_directory_lock(d, id);
	if (file_remove_tree(AT_FDCWD, path, &err))
		log_warn("build cache: %s", err.msg);
	if (!step)
		cache_directory_unlock(d, id);
	else if (build_call(d, "DELETE", lease, NULL, &err) && err.kind != ERR_NOT_FOUND)
		log_warn("build cache: %s", err.msg);
}

static int by_last_use(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;

	return strcmp(jsonx_str(*x, "LastUsedAt", ""), jsonx_str(*y, "LastUsedAt", ""));
}

json_t *cache_prune(struct daemon *d, bool (*chooses)(void *arg, const json_t *entry), void *arg,
		    json_int_t keep, json_int_t *freed)
{
	AUTO_JSON json_t *all = dockerd_build_cache(d);
	size_t n = json_array_size(all);
	AUTO_FREE json_t **sorted = xcalloc(n + 1, sizeof(json_t *));
	json_t *done = json_array();
	json_int_t total = 0;

	*freed = 0;
	for (size_t i = 0; i < n; i++) {
		sorted[i] = json_array_get(all, i);
		total += jsonx_int(sorted[i], "Size", 0);
	}
	qsort(sorted, n, sizeof *sorted, by_last_use);
	for (size_t i = 0; i < n; i++) {
		if ((keep && total - *freed <= keep) || (chooses && !chooses(arg, sorted[i])))
			continue;
		drop(d, sorted[i]);
		*freed += jsonx_int(sorted[i], "Size", 0);
		json_array_append(done, json_object_get(sorted[i], "ID"));
	}
	return done;
}

/* --- directories ----------------------------------------------------------------------------------- */

static bool is_taken(const struct daemon *d, const char *id, size_t *at)
{
	for (*at = 0; *at < d->caches_taken.n; (*at)++)
		if (!strcmp(d->caches_taken.v[*at], id))
			return true;
	return false;
}

void cache_directory_lock(struct daemon *d, const char *id)
{
	size_t at;

	dockerd_lock(d);
	while (is_taken(d, id, &at))
		pthread_cond_wait(&d->cache_freed, &d->lock);
	strlist_add(&d->caches_taken, id);
	dockerd_unlock(d);
}

void cache_directory_unlock(struct daemon *d, const char *id)
{
	struct strlist *l = &d->caches_taken;
	size_t at;

	dockerd_lock(d);
	if (is_taken(d, id, &at)) {
		free(l->v[at]);
		l->v[at] = l->v[--l->n];
		l->v[l->n] = NULL;
	}
	pthread_cond_broadcast(&d->cache_freed);
	dockerd_unlock(d);
}

char *cache_directory(struct daemon *d, const char *id)
{
	return place(d, "mounts", id);
}
