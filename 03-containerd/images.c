/*
 * images.c - names, one JSON document each; see images.h.
 *
 * The file is called after the digest of the name: a full reference may be longer
 * than a file name can be, and has slashes.
 */
#include "images_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "manifest.h"
#include "wire.h"

#define DOC_LIMIT (1u << 20)
#define NAME_LIMIT 1024

/* What a pull that died was unpacking into. */
static void sweep_unpacking(struct ctrd_snapshots *snapshots)
{
	AUTO_JSON json_t *list = ctrd_snapshots_list(snapshots);
	struct err err;
	json_t *sn;
	size_t i;

	json_array_foreach(list, i, sn)
		if (str_starts(jsonx_str(sn, "key", ""), CTRD_UNPACKING) &&
		    ctrd_snapshot_remove(snapshots, jsonx_str(sn, "key", ""), &err))
			log_warn("images: %s", err.msg);
}

struct ctrd_images *ctrd_images_open(const char *root, struct content *content,
				     struct ctrd_snapshots *snapshots, struct err *err)
{
	struct ctrd_images *im;

	if (file_mkdir_p(root, 0700, err))
		return NULL;
	im = xcalloc(1, sizeof(*im));
	*im = (struct ctrd_images){ .root = xstrdup(root), .content = content,
				    .snapshots = snapshots, .pins = json_object() };
	pthread_mutex_init(&im->lock, NULL);
	sweep_unpacking(snapshots);
	return im;
}

void ctrd_images_close(struct ctrd_images *im)
{
	if (!im)
		return;
	pthread_mutex_destroy(&im->lock);
	json_decref(im->pins);
	free(im->root);
	free(im);
}

struct content *ctrd_images_content(struct ctrd_images *im)
{
	return im->content;
}

struct ctrd_snapshots *ctrd_images_snapshots(struct ctrd_images *im)
{
	return im->snapshots;
}

/* --- files ------------------------------------------------------------------------------ */

static int check_names(const char *ns, const char *name, struct err *err)
{
	size_t n = strspn(ns, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	if (!n || ns[n] || n > 76 || *ns == '.' || *ns == '-')
		return err_set(err, ERR_INVALID, "invalid namespace \"%.80s\"", ns);
	n = strlen(name);
	if (!n || n > NAME_LIMIT)
		return err_set(err, ERR_INVALID, "an image's name has 1 to %d bytes", NAME_LIMIT);
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return err_set(err, ERR_INVALID, "invalid image name \"%.200s\"", name);
	return 0;
}

static char *image_path(const struct ctrd_images *im, const char *ns, const char *name)
{
	char digest[DIGEST_SIZE];

	digest_of(name, strlen(name), digest);
	return xasprintf("%s/%s/%s.json", im->root, ns, strchr(digest, ':') + 1);
}

static int each_in(struct ctrd_images *im, const char *ns,
		   void (*each)(void *arg, const json_t *image), void *arg, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", im->root, ns);
	AUTO_CLOSEDIR DIR *dir = opendir(path);

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_sys(err, "list %s", path);
	for (struct dirent *de; (de = readdir(dir));) {
		AUTO_JSON json_t *doc = NULL;

		if (!str_ends(de->d_name, ".json"))
			continue;
		doc = jsonx_read(dirfd(dir), de->d_name, DOC_LIMIT, err);
		if (doc)
			each(arg, doc);
		else if (err->kind != ERR_NOT_FOUND) /* else removed just now */
			return err_wrap(err, "images");
	}
	return 0;
}

int ctrd_images_each(struct ctrd_images *im, void (*each)(void *arg, const json_t *image),
		     void *arg, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = opendir(im->root);

	if (!dir)
		return err_sys(err, "list %s", im->root);
	for (struct dirent *de; (de = readdir(dir));)
		if (de->d_name[0] != '.' && each_in(im, de->d_name, each, arg, err))
			return -1;
	return 0;
}

static void append(void *arg, const json_t *image)
{
	json_array_append_new(arg, json_deep_copy(image));
}

json_t *ctrd_images_list(struct ctrd_images *im, const char *ns, struct err *err)
{
	json_t *list;

	if (check_names(ns, "x", err))
		return NULL;
	list = json_array();
	if (!each_in(im, ns, append, list, err))
		return list;
	json_decref(list);
	return NULL;
}

json_t *ctrd_image_get(struct ctrd_images *im, const char *ns, const char *name, struct err *err)
{
	AUTO_FREE char *path = NULL;
	json_t *doc;

	if (check_names(ns, name, err))
		return NULL;
	path = image_path(im, ns, name);
	doc = jsonx_read(AT_FDCWD, path, DOC_LIMIT, err);
	if (!doc && err->kind == ERR_NOT_FOUND)
		err_set(err, ERR_NOT_FOUND, "no such image: %.200s", name);
	return doc;
}

/* --- changes ----------------------------------------------------------------------------------- */

static int put_locked(struct ctrd_images *im, const char *ns, const char *name,
		      const json_t *target, const json_t *labels, bool *created, struct err *err)
{
	AUTO_FREE char *dir = xasprintf("%s/%s", im->root, ns), *path = image_path(im, ns, name);
	struct err missing;
	AUTO_JSON json_t *old = jsonx_read(AT_FDCWD, path, DOC_LIMIT, &missing);
	AUTO_JSON json_t *doc = NULL;
	const json_t *kept = labels ? labels : json_object_get(old, "labels");
	char now[TIME_TEXT_SIZE];

	time_now_text(now);
	if (!old && missing.kind != ERR_NOT_FOUND)
		return err_set(err, missing.kind, "image %.200s: %s", name, missing.msg);
	if (!content_has(im->content, ctrd_descriptor_digest(target), NULL))
		return err_set(err, ERR_NOT_FOUND, "image %.200s: no such blob: %s", name,
			       ctrd_descriptor_digest(target));
	if (file_mkdir_p(dir, 0700, err))
		return -1;
	doc = json_pack("{s:s,s:o,s:o,s:s,s:s}", "name", name, "target", json_deep_copy(target),
			"labels", kept ? json_deep_copy(kept) : json_object(), "createdAt",
			old ? jsonx_str(old, "createdAt", now) : now, "updatedAt", now);
	*created = !old;
	return jsonx_write(AT_FDCWD, path, doc, 0600, err);
}

int ctrd_image_put(struct ctrd_images *im, const char *ns, const char *name, const json_t *target,
		   const json_t *labels, bool *created, struct err *err)
{
	bool ignored;
	int rc;

	if (check_names(ns, name, err) || ctrd_descriptor_check(target, "target", err) ||
	    ctrd_labels_check(labels, err))
		return -1;
	pthread_mutex_lock(&im->lock);
	rc = put_locked(im, ns, name, target, labels, created ? created : &ignored, err);
	pthread_mutex_unlock(&im->lock);
	return rc;
}

int ctrd_image_delete(struct ctrd_images *im, const char *ns, const char *name, struct err *err)
{
	AUTO_FREE char *path = NULL;
	struct err late;
	int rc = 0;

	if (check_names(ns, name, err))
		return -1;
	path = image_path(im, ns, name);
	pthread_mutex_lock(&im->lock);
	if (unlink(path))
		rc = errno == ENOENT ? err_set(err, ERR_NOT_FOUND, "no such image: %.200s", name)
				     : err_sys(err, "remove image %.200s", name);
	else if (ctrd_images_gc_locked(im, &late)) /* the name is gone; the next one tries again */
		log_warn("images: garbage of %s: %s", name, late.msg);
	pthread_mutex_unlock(&im->lock);
	return rc;
}
