/*
 * gc.c - mark what a repository's manifests need, then sweep the rest. The model is in gc.h.
 *
 *     index.json ─▶ manifests ─▶ config, layers, manifests of an index
 *        tags       (without --untagged all of them are needed)
 *                        ▲
 *                        └─ referrers: needed as long as their subject is
 */
#include "gc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "errors.h"
#include "index.h"
#include "manifest.h"

#define LOCK_TRIES 500 /* of 10 ms: who pushes holds the lock for one blob's sync */

struct gc {
	struct reg_store *store;
	const struct reg_gc_options *o;
	FILE *out;
	unsigned blobs, manifests;
	uint64_t bytes; /* that are in no repository any more */
	json_t *would;  /* of a dry run: digest -> how many links it would have removed */

	/* Of the repository at hand. */
	const char *name;
	json_t *index;
	json_t *needed; /* an object: digests are its keys */
};

/* ---- mark ------------------------------------------------------------------------------ */

static int mark_manifest(struct gc *gc, const char *digest, const char *media_type,
			 struct err *err);

static bool is_needed(const struct gc *gc, const char *digest)
{
	return json_object_get(gc->needed, digest);
}

static int mark_part(void *arg, const struct reg_part *part, struct err *err)
{
	struct gc *gc = arg;

	if (part->manifest)
		return mark_manifest(gc, part->digest, part->media_type, err);
	json_object_set_new(gc->needed, part->digest, json_true());
	return 0;
}

/* The manifest parsed; NULL without an error where its bytes are not here (a mirror). */
static char *read_manifest(struct gc *gc, const char *digest, const char *media_type,
			   struct reg_manifest *m, struct err *err)
{
	size_t n;
	AUTO_FREE char *text = reg_blob_read(gc->store, gc->name, digest, &n, err);

	if (!text && reg_refused(err, REG_BLOB_UNKNOWN))
		*err = (struct err){ 0 };
	if (!text || reg_manifest_parse(text, n, media_type, m, err))
		return NULL;
	return steal_ptr(&text);
}

/* What was marked before is not looked at again, so this ends. */
static int mark_manifest(struct gc *gc, const char *digest, const char *media_type,
			 struct err *err)
{
	AUTO_FREE char *text = NULL;
	struct reg_manifest m;
	int rc;

	if (is_needed(gc, digest))
		return 0;
	json_object_set_new(gc->needed, digest, json_true());
	text = read_manifest(gc, digest, media_type, &m, err);
	if (!text)
		return err->kind ? err_wrap(err, "manifest %s", digest) : 0;
	rc = reg_manifest_each(&m, mark_part, gc, err);
	reg_manifest_free(&m);
	return rc;
}

static int mark_descriptor(struct gc *gc, const json_t *d, struct err *err)
{
	return mark_manifest(gc, jsonx_str(d, "digest", ""), jsonx_str(d, "mediaType", NULL), err);
}

/* Add to `list`, if it has a subject. */
static int list_referrer(struct gc *gc, json_t *d, json_t *list, struct err *err)
{
	const char *digest = jsonx_str(d, "digest", "");
	AUTO_FREE char *text = NULL;
	struct reg_manifest m;

	text = read_manifest(gc, digest, jsonx_str(d, "mediaType", NULL), &m, err);
	if (!text)
		return err->kind ? err_wrap(err, "manifest %s", digest) : 0;
	if (m.subject)
		json_array_append_new(list, json_pack("{s:O, s:s}", "manifest", d, "subject", m.subject));
	reg_manifest_free(&m);
	return 0;
}

/* A signature of a signature: until a round finds no more. Each is read once, for there may be as many
 * rounds as referrers. */
static int mark_referrers(struct gc *gc, struct err *err)
{
	AUTO_JSON json_t *list = json_array();
	bool more = true;
	size_t i;
	json_t *d;

	json_array_foreach(json_object_get(gc->index, "manifests"), i, d)
		if (!is_needed(gc, jsonx_str(d, "digest", "")) && list_referrer(gc, d, list, err))
			return -1;
	while (more) {
		more = false;
		for (i = json_array_size(list); i-- > 0;) {
			const json_t *r = json_array_get(list, i);

			if (!is_needed(gc, jsonx_str(r, "subject", "")))
				continue;
			if (mark_descriptor(gc, json_object_get(r, "manifest"), err))
				return -1;
			json_array_remove(list, i);
			more = true;
		}
	}
	return 0;
}

/* A manifest without a tag may be new, and its tag or its index still to come. */
static bool is_recent(struct gc *gc, const json_t *d)
{
	return !reg_blob_unused(gc->store, gc->name, jsonx_str(d, "digest", ""), gc->o->grace);
}

static int mark(struct gc *gc, struct err *err)
{
	size_t i;
	json_t *d;

	json_array_foreach(json_object_get(gc->index, "manifests"), i, d)
		if ((!gc->o->untagged || reg_index_tag_of(d) || is_recent(gc, d)) &&
		    mark_descriptor(gc, d, err))
			return -1;
	return mark_referrers(gc, err);
}

/* ---- sweep ----------------------------------------------------------------------------- */

static void collect_manifests(struct gc *gc, struct strlist *digests)
{
	size_t i;
	json_t *d;

	json_array_foreach(json_object_get(gc->index, "manifests"), i, d)
		if (!is_needed(gc, jsonx_str(d, "digest", "")))
			strlist_add(digests, jsonx_str(d, "digest", ""));
}

static int sweep_manifests(struct gc *gc, struct err *err)
{
	AUTO_STRLIST struct strlist digests = STRLIST_INIT;

	collect_manifests(gc, &digests);
	for (size_t i = 0; i < digests.n; i++) {
		fprintf(gc->out, "%s  manifest %s\n", gc->name, digests.v[i]);
		gc->manifests++;
		/* Its bytes are a blob like any other, and swept as such. */
		if (!gc->o->dry_run &&
		    reg_manifest_drop(gc->store, gc->name, gc->index, digests.v[i], err))
			return -1;
	}
	return 0;
}

/* What is on the disk and not needed, of one algorithm's directory. */
static void collect_of(struct gc *gc, int parent, const char *algorithm, struct strlist *digests)
{
	int fd = openat(parent, algorithm, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	for (struct dirent *e; dir && (e = readdir(dir));) {
		AUTO_FREE char *digest = xasprintf("%s:%s", algorithm, e->d_name);

		if (digest_valid(digest) && !is_needed(gc, digest) &&
		    reg_blob_unused(gc->store, gc->name, digest, gc->o->grace))
			strlist_add(digests, digest);
	}
}

static int collect_blobs(struct gc *gc, struct strlist *digests, struct err *err)
{
	AUTO_FREE char *repo = reg_repo_path(gc->store, gc->name);
	AUTO_FREE char *path = xasprintf("%s/blobs", repo);
	AUTO_CLOSEDIR DIR *dir = opendir(path);

	if (!dir)
		return err_sys(err, "list %s", path);
	for (struct dirent *e; (e = readdir(dir));)
		if (*e->d_name != '.')
			collect_of(gc, dirfd(dir), e->d_name, digests);
	strlist_sort(digests);
	return 0;
}

/* Exclusive: nobody pushes, mounts or claims a blob meanwhile. */
static int lock_patiently(struct reg_store *store, struct err *err)
{
	const struct timespec pause = { 0, 10000000 };

	for (int i = 0;; i++) {
		int fd = reg_blobs_lock(store, LOCK_EX | LOCK_NB, err);

		if (fd >= 0 || err->errnum != EWOULDBLOCK || i == LOCK_TRIES)
			return fd;
		nanosleep(&pause, NULL);
	}
}

static int sweep_blob(struct gc *gc, const char *digest, struct err *err)
{
	json_int_t before = jsonx_int(gc->would, digest, 0); /* of a dry run, in other repositories */
	unsigned links = reg_blob_links(gc->store, gc->name, digest) - (unsigned)before;
	uint64_t size = 0;

	reg_blob_has(gc->store, gc->name, digest, &size);
	if (gc->o->dry_run)
		json_object_set_new(gc->would, digest, json_integer(before + 1));
	else if (reg_blob_unlink(gc->store, gc->name, digest, err))
		return -1;
	fprintf(gc->out, "%s  blob %s  %" PRIu64 " bytes\n", gc->name, digest, size);
	gc->blobs++;
	gc->bytes += links == 2 ? size : 0; /* this one and the shared one */
	return 0;
}

static int sweep_blobs(struct gc *gc, struct err *err)
{
	AUTO_STRLIST struct strlist digests = STRLIST_INIT;
	AUTO_CLOSE int lock = -1;

	if (collect_blobs(gc, &digests, err))
		return -1;
	if (!digests.n)
		return 0;
	lock = lock_patiently(gc->store, err);
	if (lock < 0)
		return err_wrap(err, "pushes are under way");
	for (size_t i = 0; i < digests.n; i++) {
		const char *digest = digests.v[i];

		if (reg_blob_unused(gc->store, gc->name, digest, gc->o->grace) && /* still */
		    sweep_blob(gc, digest, err))
			return -1;
	}
	return 0;
}

/* ---- all of them ------------------------------------------------------------------------- */

static int collect(struct gc *gc, struct err *err)
{
	AUTO_CLOSE int lock = reg_repo_lock(gc->store, gc->name, false, err);
	AUTO_JSON json_t *index = NULL;
	AUTO_JSON json_t *needed = json_object();

	if (lock < 0)
		return -1;
	index = reg_index_load(gc->store, gc->name, true, err);
	gc->index = index;
	gc->needed = needed;
	return !index || mark(gc, err) || sweep_manifests(gc, err) || sweep_blobs(gc, err) ? -1 : 0;
}

int reg_gc(struct reg_store *store, const struct reg_gc_options *o, FILE *out, struct err *err)
{
	AUTO_JSON json_t *would = json_object();
	struct gc gc = { .store = store, .o = o, .out = out, .would = would };
	AUTO_STRLIST struct strlist names = STRLIST_INIT;
	struct err first = { 0 };
	unsigned swept;

	if (reg_repo_list_all(store, &names, err))
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		gc.name = names.v[i];
		*err = (struct err){ 0 };
		if (!collect(&gc, err))
			continue;
		err_wrap(err, "%s", names.v[i]);
		fprintf(out, "%s  left as it is: %s\n", names.v[i], err->msg);
		if (!first.kind)
			first = *err;
	}
	if (!o->dry_run && reg_store_sweep(store, &swept, err))
		return -1; /* put off, it is the registry's own, within the hour */
	fprintf(out, "%s %u manifests and %u blobs, %" PRIu64 " bytes freed\n",
		o->dry_run ? "would remove" : "removed", gc.manifests, gc.blobs, gc.bytes);
	*err = first;
	return first.kind ? -1 : 0;
}
