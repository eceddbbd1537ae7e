/*
 * seed_archive.c - images out of an archive: `docker save` in its old format (manifest.json) and in
 * its new one (an image layout in a tar file), `ctr images export`, `skopeo copy oci-archive:`.
 *
 *     archive ─▶ shared blobs ─▶ links ─▶ manifests, as from a layout
 *                └── the lock that pushes share: nobody sweeps what has no link yet ──┘
 *
 * containerd's importer reads it (03-containerd/archive.h): nothing of the archive becomes a path,
 * and what manifest.json describes gets a manifest as a registry has it.
 */
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "03-containerd/archive.h"
#include "03-containerd/reference.h"
#include "errors.h"
#include "manifest.h"
#include "names.h"
#include "seed_private.h"

/* One image, and what it is to be called. */
struct wanted {
	char *name, *tag;
	char digest[DIGEST_SIZE];
	const char *media_type; /* the importer's */
};

struct all_wanted {
	struct wanted *v;
	size_t n;
};

static void all_free(struct all_wanted *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free(all->v[i].name);
		free(all->v[i].tag);
	}
	free(all->v);
}

static ssize_t read_fd(void *state, void *buf, size_t n, struct err *err)
{
	ssize_t got = io_read(*(int *)state, buf, n);

	return got < 0 ? err_sys(err, "read the archive") : got;
}

/* ---- which images ------------------------------------------------------------------------ */

/* Is "docker.io/library/busybox:1.36" meant by "busybox:1.36" or by "1.36"? */
static bool is_called(const char *image, const char *ref)
{
	size_t n = strlen(image), len = strlen(ref);

	return n >= len && !strcmp(image + n - len, ref) &&
	       (n == len || image[n - len - 1] == '/' || image[n - len - 1] == ':');
}

static int own_name(struct wanted *w, const char *name, struct err *err)
{
	struct reference ref;

	if (!name || !strpbrk(name, ":/"))
		return err_set(err, ERR_INVALID, "an image in it has no name: give it one");
	if (reference_parse(name, &ref, err) || reg_name_check(ref.path, err))
		return err_wrap(err, "an image in it is called \"%.200s\"", name);
	if (!*ref.tag)
		return err_set(err, ERR_INVALID, "%.200s has no tag: give it a name", name);
	w->name = xstrdup(ref.path);
	w->tag = xstrdup(ref.tag);
	return 0;
}

static bool has_platform(const json_t *d)
{
	const json_t *platform = json_object_get(d, "platform");

	return strcmp(jsonx_str(platform, "os", ""), "unknown") != 0; /* a build's attestation */
}

/* `docker save` writes the index of an image for many machines, and this machine's image. An
 * index without its images is none that can be pulled: then that image is what is meant. */
static int choose_child(struct reg_store *store, struct wanted *w, const json_t *index,
			struct err *err)
{
	const json_t *here = NULL;
	size_t i, present = 0, absent = 0;
	json_t *d;

	json_array_foreach(json_object_get(index, "manifests"), i, d) {
		if (!content_has(store->content, jsonx_str(d, "digest", ""), NULL)) {
			absent++;
		} else if (has_platform(d)) {
			present++;
			here = d;
		}
	}
	if (!absent)
		return 0;
	if (present != 1)
		return err_set(err, ERR_INVALID, "index %s: %zu images of it are missing", w->digest,
			       absent);
	snprintf(w->digest, sizeof(w->digest), "%s", jsonx_str(here, "digest", ""));
	w->media_type = NULL; /* it says so itself */
	return 0;
}

static int find_target(struct reg_store *store, struct wanted *w, const json_t *target,
		       struct err *err)
{
	AUTO_FREE char *text = NULL;
	struct reg_manifest m;
	size_t n;
	int rc;

	snprintf(w->digest, sizeof(w->digest), "%s", jsonx_str(target, "digest", ""));
	w->media_type = jsonx_str(target, "mediaType", NULL);
	text = content_read(store->content, w->digest, REG_MANIFEST_LIMIT, &n, err);
	if (!text || reg_manifest_parse(text, n, w->media_type, &m, err))
		return -1;
	rc = m.type->index ? choose_child(store, w, m.doc, err) : 0;
	reg_manifest_free(&m);
	return rc;
}

static int choose(const struct seed_order *o, const json_t *images, struct all_wanted *all,
		  struct err *err)
{
	const json_t *image;
	size_t i;

	all->v = xcalloc(json_array_size(images) + 1, sizeof(*all->v));
	json_array_foreach(images, i, image) {
		const char *called = jsonx_str(image, "name", NULL);
		struct wanted *w = &all->v[all->n];

		if (o->ref && !(called && is_called(called, o->ref)))
			continue;
		all->n++;
		if (find_target(o->store, w, json_object_get(image, "target"), err) ||
		    (!o->name && own_name(w, called, err)))
			return -1;
		if (o->name) {
			w->name = xstrdup(o->name);
			w->tag = xstrdup(o->tag);
		}
	}
	if (!all->n && o->ref)
		return err_set(err, ERR_NOT_FOUND, "the archive has no image %s", o->ref);
	return 0;
}

/* Two names of one image are one image; two images cannot have one name. */
static int check_one(const struct all_wanted *all, struct err *err)
{
	for (size_t i = 1; i < all->n; i++)
		if (strcmp(all->v[i].digest, all->v[0].digest))
			return err_set(err, ERR_INVALID,
				       "the archive holds %zu images: say which as FILE:REF, or give no name",
				       all->n);
	return 0;
}

/* ---- into the store ------------------------------------------------------------------------ */

static int put(const struct seed_order *o, const struct all_wanted *all, bool linking,
	       struct err *err)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct wanted *w = &all->v[i];
		struct seed s = { .store = o->store, .name = w->name, .layout = -1,
				  .linking = linking, .out = o->out };

		if (seed_manifest(&s, w->digest, w->media_type, w->tag, err))
			return -1;
	}
	return 0;
}

/* Until the blobs have links, with the lock. */
static int read_locked(const struct seed_order *o, struct ctrd_importer *x, int fd,
		       struct all_wanted *all, struct err *err)
{
	AUTO_CLOSE int lock = reg_blobs_lock(o->store, LOCK_SH, err);
	const struct ctrd_source source = { .read = read_fd, .state = &fd };
	const json_t *images;

	if (lock < 0 || ctrd_import_read(x, &source, err))
		return -1;
	images = ctrd_import_images(x, err);
	if (!images || choose(o, images, all, err) || (o->name && check_one(all, err)))
		return -1;
	return put(o, all, true, err);
}

int seed_archive(const struct seed_order *o, int fd, struct err *err)
{
	struct ctrd_importer *x = ctrd_import_blobs(o->store->content);
	struct all_wanted all = { 0 };
	struct err ignored;
	unsigned swept;
	int rc = read_locked(o, x, fd, &all, err) || put(o, &all, false, err);

	all_free(&all);
	ctrd_import_free(x);
	reg_store_sweep(o->store, &swept, &ignored); /* what was in it and nothing named */
	return rc ? -1 : 0;
}
