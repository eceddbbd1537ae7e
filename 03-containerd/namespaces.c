/*
 * namespaces.c - see namespaces.h. The directories are the truth: nothing is cached.
 */
#include "namespaces.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "wire.h"

#define DOC_LIMIT (1u << 20)

struct ctrd_namespaces {
	char *root;
	const char *const *services;
	pthread_mutex_t lock; /* between reading a document and writing it */
};

struct ctrd_namespaces *ctrd_namespaces_open(const char *root, const char *const *services,
					     struct err *err)
{
	AUTO_FREE char *own = xasprintf("%s/namespaces", root);
	struct ctrd_namespaces *n;

	if (file_mkdir_p(own, 0700, err))
		return NULL;
	n = xcalloc(1, sizeof(*n));
	*n = (struct ctrd_namespaces){ .root = xstrdup(root), .services = services };
	pthread_mutex_init(&n->lock, NULL);
	return n;
}

void ctrd_namespaces_close(struct ctrd_namespaces *n)
{
	if (!n)
		return;
	pthread_mutex_destroy(&n->lock);
	free(n->root);
	free(n);
}

static char *path_of(struct ctrd_namespaces *n, const char *name, struct err *err)
{
	return ctrd_namespace_check(name, err) ? NULL : xasprintf("%s/namespaces/%s.json", n->root, name);
}

/* --- what is in them ---------------------------------------------------------------------- */

/* A service that has a document in this namespace, or NULL. */
static const char *user_of(struct ctrd_namespaces *n, const char *name)
{
	for (size_t i = 0; n->services[i]; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s/%s", n->root, n->services[i], name);
		AUTO_CLOSEDIR DIR *dir = opendir(path);

		for (struct dirent *de; dir && (de = readdir(dir));)
			if (str_ends(de->d_name, ".json"))
				return n->services[i];
	}
	return NULL;
}

static void add_used(struct ctrd_namespaces *n, const char *service, json_t *names)
{
	AUTO_FREE char *path = xasprintf("%s/%s", n->root, service);
	AUTO_CLOSEDIR DIR *dir = opendir(path);

	for (struct dirent *de; dir && (de = readdir(dir));)
		if (de->d_name[0] != '.' && user_of(n, de->d_name))
			json_object_set_new(names, de->d_name, json_object());
}

static json_t *load(const char *path, struct err *err)
{
	return jsonx_read(AT_FDCWD, path, DOC_LIMIT, err);
}

static int add_created(struct ctrd_namespaces *n, json_t *names, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/namespaces", n->root);
	AUTO_CLOSEDIR DIR *dir = opendir(path);

	if (!dir)
		return err_sys(err, "list %s", path);
	for (struct dirent *de; (de = readdir(dir));) {
		AUTO_JSON json_t *doc = NULL;

		if (!str_ends(de->d_name, ".json"))
			continue;
		doc = jsonx_read(dirfd(dir), de->d_name, DOC_LIMIT, err);
		if (doc)
			json_object_set(names, jsonx_str(doc, "name", ""),
					json_object_get(doc, "labels"));
		else if (err->kind != ERR_NOT_FOUND)
			return -1;
	}
	return 0;
}

json_t *ctrd_namespaces_list(struct ctrd_namespaces *n, struct err *err)
{
	AUTO_JSON json_t *names = json_object();
	AUTO_JSON json_t *sorted = NULL;
	AUTO_FREE char *text = NULL;
	json_t *list, *labels;
	const char *name;

	for (size_t i = 0; n->services[i]; i++)
		add_used(n, n->services[i], names);
	if (add_created(n, names, err))
		return NULL;
	text = json_dumps(names, JSON_SORT_KEYS);
	sorted = json_loads(text, 0, NULL);
	list = json_array();
	json_object_foreach(sorted, name, labels)
		json_array_append_new(list, json_pack("{s:s, s:O}", "name", name, "labels", labels));
	return list;
}

/* --- one of them ------------------------------------------------------------------------------ */

/* The document, or what stands for it where something is in the namespace. */
static json_t *get(struct ctrd_namespaces *n, const char *path, const char *name, struct err *err)
{
	json_t *doc = load(path, err);

	if (doc || err->kind != ERR_NOT_FOUND)
		return doc;
	if (user_of(n, name))
		return json_pack("{s:s, s:{}}", "name", name, "labels");
	err_set(err, ERR_NOT_FOUND, "no namespace %s", name);
	return NULL;
}

json_t *ctrd_namespace_get(struct ctrd_namespaces *n, const char *name, struct err *err)
{
	AUTO_FREE char *path = path_of(n, name, err);

	return path ? get(n, path, name, err) : NULL;
}

json_t *ctrd_namespace_create(struct ctrd_namespaces *n, const char *name, const json_t *labels,
			      struct err *err)
{
	AUTO_FREE char *path = path_of(n, name, err);
	AUTO_JSON json_t *doc = NULL;
	int rc = -1;

	if (!path || ctrd_labels_check(labels, err))
		return NULL;
	doc = json_pack("{s:s, s:o}", "name", name, "labels",
			labels ? json_deep_copy(labels) : json_object());
	pthread_mutex_lock(&n->lock);
	if (!access(path, F_OK))
		err_set(err, ERR_EXISTS, "namespace %s exists", name);
	else
		rc = jsonx_write(AT_FDCWD, path, doc, 0600, err);
	pthread_mutex_unlock(&n->lock);
	return rc ? NULL : steal_ptr(&doc);
}

static json_t *label_locked(struct ctrd_namespaces *n, const char *path, const char *name,
			    const json_t *labels, struct err *err)
{
	AUTO_JSON json_t *doc = get(n, path, name, err);
	json_t *have = json_object_get(doc, "labels"), *v;
	const char *key;

	if (!doc)
		return NULL;
	json_object_foreach((json_t *)labels, key, v) {
		if (*json_string_value(v))
			json_object_set(have, key, v);
		else
			json_object_del(have, key);
	}
	return jsonx_write(AT_FDCWD, path, doc, 0600, err) ? NULL : steal_ptr(&doc);
}

json_t *ctrd_namespace_label(struct ctrd_namespaces *n, const char *name, const json_t *labels,
			     struct err *err)
{
	AUTO_FREE char *path = path_of(n, name, err);
	json_t *doc;

	if (!path || ctrd_labels_check(labels, err))
		return NULL;
	pthread_mutex_lock(&n->lock);
	doc = label_locked(n, path, name, labels, err);
	pthread_mutex_unlock(&n->lock);
	return doc;
}

int ctrd_namespace_delete(struct ctrd_namespaces *n, const char *name, struct err *err)
{
	AUTO_FREE char *path = path_of(n, name, err);
	const char *user;

	if (!path)
		return -1;
	user = user_of(n, name);
	if (user)
		return err_set(err, ERR_CONFLICT, "namespace %s is not empty: it has %s", name, user);
	if (!unlink(path))
		return 0;
	return errno == ENOENT ? err_set(err, ERR_NOT_FOUND, "no namespace %s", name)
			       : err_sys(err, "remove namespace %s", name);
}
