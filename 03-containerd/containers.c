/*
 * containers.c - see containers.h. The directory is the truth: nothing is cached.
 */
#include "containers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "wire.h"

#define DOCUMENT_MAX (8 << 20)

struct ctrd_containers {
	char *root;
	pthread_mutex_t lock; /* between looking whether a name is taken and taking it */
};

struct ctrd_containers *ctrd_containers_open(const char *root, struct err *err)
{
	struct ctrd_containers *c;

	if (file_mkdir_p(root, 0700, err))
		return NULL;
	c = xcalloc(1, sizeof *c);
	c->root = xstrdup(root);
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void ctrd_containers_close(struct ctrd_containers *c)
{
	if (!c)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c->root);
	free(c);
}

static char *path_of(struct ctrd_containers *c, const char *ns, const char *id, struct err *err)
{
	if (ctrd_namespace_check(ns, err) || ctrd_id_check("container id", id, err))
		return NULL;
	return xasprintf("%s/%s/%s.json", c->root, ns, id);
}

/* Copy a member that must have this type where it is there. */
static int take(json_t *to, const json_t *from, const char *key, json_type type, json_t *fallback,
		struct err *err)
{
	AUTO_JSON json_t *otherwise = fallback;
	json_t *v;

	if (jsonx_want(from, "container", key, type, &v, err))
		return -1;
	if (v || otherwise)
		json_object_set(to, key, v ? v : otherwise);
	return 0;
}

/* Which program the OCI runtime is, and options of it that stand before all others. */
static int check_runtime(const json_t *doc, struct err *err)
{
	json_t *options = jsonx_at(doc, "runtime.options"), *args, *v;
	size_t i;

	if (jsonx_want(options, "container.runtime.options", "binaryName", JSON_STRING, &v, err) ||
	    jsonx_want(options, "container.runtime.options", "binaryArgs", JSON_ARRAY, &args, err))
		return -1;
	json_array_foreach(args, i, v)
		if (!json_is_string(v))
			return err_set(err, ERR_INVALID,
				       "container.runtime.options.binaryArgs: expected strings");
	return 0;
}

/* A directory of the host is taken as it is; it is nobody's snapshot. */
static int check_rootfs(const json_t *doc, struct err *err)
{
	const char *rootfs = jsonx_str(doc, "rootfs", NULL);

	if (rootfs && *rootfs != '/')
		return err_set(err, ERR_INVALID, "container.rootfs %s: expected an absolute path", rootfs);
	if (rootfs && *jsonx_str(doc, "snapshotKey", ""))
		return err_set(err, ERR_INVALID, "container.rootfs and container.snapshotKey exclude each other");
	return 0;
}

static int check_files(const json_t *files, struct err *err)
{
	const json_t *one;
	size_t i;

	json_array_foreach(files, i, one) {
		json_t *path, *link;

		if (jsonx_want(one, "container.files", "path", JSON_STRING, &path, err) ||
		    jsonx_want(one, "container.files", "link", JSON_STRING, &link, err))
			return -1;
		if (!path || !str_starts(json_string_value(path), "/") || str_ends(json_string_value(path), "/"))
			return err_set(err, ERR_INVALID, "container.files: expected the absolute path of a file");
	}
	return 0;
}

/* The document as it is stored: what we know of, each of the right type. */
static json_t *checked(const json_t *doc, struct err *err)
{
	AUTO_JSON json_t *out = json_object();
	char now[TIME_TEXT_SIZE];

	if (take(out, doc, "id", JSON_STRING, NULL, err) ||
	    take(out, doc, "image", JSON_STRING, json_string(""), err) ||
	    take(out, doc, "snapshotKey", JSON_STRING, json_string(""), err) ||
	    take(out, doc, "rootfs", JSON_STRING, NULL, err) ||
	    take(out, doc, "labels", JSON_OBJECT, json_object(), err) ||
	    take(out, doc, "spec", JSON_OBJECT, NULL, err) ||
	    take(out, doc, "user", JSON_STRING, NULL, err) ||
	    take(out, doc, "groups", JSON_ARRAY, NULL, err) ||
	    take(out, doc, "files", JSON_ARRAY, NULL, err) ||
	    take(out, doc, "runtime", JSON_OBJECT, NULL, err))
		return NULL;
	if (!json_object_get(out, "spec")) {
		err_set(err, ERR_INVALID, "container.spec is missing");
		return NULL;
	}
	if (ctrd_labels_check(json_object_get(out, "labels"), err) || check_runtime(doc, err) ||
	    check_rootfs(out, err) || check_files(json_object_get(out, "files"), err))
		return NULL;
	json_object_set_new(out, "createdAt", json_string(time_now_text(now)));
	return steal_ptr(&out);
}

static int store(struct ctrd_containers *c, const char *ns, const char *path, const json_t *doc,
		 struct err *err)
{
	AUTO_FREE char *dir = xasprintf("%s/%s", c->root, ns);
	int rc = -1;

	pthread_mutex_lock(&c->lock);
	if (!access(path, F_OK))
		err_set(err, ERR_EXISTS, "container %s exists", jsonx_str(doc, "id", ""));
	else if (!file_mkdir_p(dir, 0700, err))
		rc = jsonx_write(AT_FDCWD, path, doc, 0600, err);
	pthread_mutex_unlock(&c->lock);
	return rc;
}

json_t *ctrd_container_create(struct ctrd_containers *c, const char *ns, const json_t *doc,
			      struct err *err)
{
	AUTO_JSON json_t *out = checked(doc, err);
	AUTO_FREE char *path = out ? path_of(c, ns, jsonx_str(out, "id", ""), err) : NULL;

	if (!path || store(c, ns, path, out, err))
		return NULL;
	return steal_ptr(&out);
}

json_t *ctrd_container_get(struct ctrd_containers *c, const char *ns, const char *id,
			   struct err *err)
{
	AUTO_FREE char *path = path_of(c, ns, id, err);
	json_t *doc = path ? jsonx_read(AT_FDCWD, path, DOCUMENT_MAX, err) : NULL;

	if (path && !doc && err->kind == ERR_NOT_FOUND)
		err_set(err, ERR_NOT_FOUND, "no container %s in namespace %s", id, ns);
	return doc;
}

json_t *ctrd_containers_list(struct ctrd_containers *c, const char *ns, struct err *err)
{
	AUTO_FREE char *dir = xasprintf("%s/%s", c->root, ns);
	AUTO_JSON json_t *list = json_array();
	AUTO_CLOSEDIR DIR *d = NULL;
	struct dirent *e;

	if (ctrd_namespace_check(ns, err))
		return NULL;
	d = opendir(dir);
	while (d && (e = readdir(d))) {
		json_t *doc;

		if (!str_ends(e->d_name, ".json"))
			continue;
		doc = jsonx_read(dirfd(d), e->d_name, DOCUMENT_MAX, err);
		if (!doc && err->kind == ERR_NOT_FOUND)
			continue; /* deleted meanwhile */
		if (!doc)
			return NULL;
		json_object_del(doc, "spec");
		json_array_append_new(list, doc);
	}
	return steal_ptr(&list);
}

/* What the labels become; -1: something else than strings and nulls was asked for. */
static int merge_labels(json_t *doc, const json_t *changes, struct err *err)
{
	json_t *labels = json_object_get(doc, "labels"), *v;
	const char *key;

	json_object_foreach((json_t *)changes, key, v) {
		if (json_is_null(v))
			json_object_del(labels, key);
		else if (json_is_string(v))
			json_object_set(labels, key, v);
		else
			return err_set(err, ERR_INVALID, "labels.%s: expected a string or null", key);
	}
	return 0;
}

json_t *ctrd_container_label(struct ctrd_containers *c, const char *ns, const char *id,
			     const json_t *req, struct err *err)
{
	AUTO_FREE char *path = path_of(c, ns, id, err);
	AUTO_JSON json_t *doc = NULL;
	json_t *changes;
	int rc = -1;

	if (!path || jsonx_want(req, "", "labels", JSON_OBJECT, &changes, err))
		return NULL;
	pthread_mutex_lock(&c->lock);
	doc = ctrd_container_get(c, ns, id, err);
	if (doc && !merge_labels(doc, changes, err))
		rc = jsonx_write(AT_FDCWD, path, doc, 0600, err);
	pthread_mutex_unlock(&c->lock);
	return rc ? NULL : steal_ptr(&doc);
}

int ctrd_container_delete(struct ctrd_containers *c, const char *ns, const char *id,
			  struct err *err)
{
	AUTO_FREE char *path = path_of(c, ns, id, err);

	if (!path)
		return -1;
	if (!unlink(path))
		return 0;
	if (errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "no container %s in namespace %s", id, ns);
	return err_sys(err, "remove %s", path);
}
