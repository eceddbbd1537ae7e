/*
 * content_labels.c - see content_labels.h.
 */
#include "content_labels.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "content_private.h"
#include "wire.h"

#define DOC_LIMIT (1u << 20)
#define SUFFIX ".json"

json_t *content_labels(struct content *c, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/" CONTENT_LABELS, c->root);
	AUTO_CLOSEDIR DIR *dir = opendir(path);
	AUTO_JSON json_t *all = json_object();

	if (!dir && errno != ENOENT) {
		err_sys(err, "list %s", path);
		return NULL;
	}
	for (struct dirent *de; dir && (de = readdir(dir));) {
		AUTO_FREE char *digest = xasprintf("sha256:%.64s", de->d_name);
		json_t *labels;

		if (!digest_valid(digest) || !content_has(c, digest, NULL))
			continue;
		labels = jsonx_read(dirfd(dir), de->d_name, DOC_LIMIT, err);
		if (labels)
			json_object_set_new(all, digest, labels);
		else if (err->kind != ERR_NOT_FOUND)
			return NULL;
	}
	return steal_ptr(&all);
}

static json_t *label_locked(struct content *c, const char *path, const json_t *labels,
			    struct err *err)
{
	AUTO_FREE char *dir = xasprintf("%s/" CONTENT_LABELS, c->root);
	AUTO_JSON json_t *have = jsonx_read(AT_FDCWD, path, DOC_LIMIT, err);
	const char *key;
	json_t *v;

	if (!have && err->kind != ERR_NOT_FOUND)
		return NULL;
	if (!have)
		have = json_object();
	json_object_foreach((json_t *)labels, key, v) {
		if (*json_string_value(v))
			json_object_set(have, key, v);
		else
			json_object_del(have, key);
	}
	if (file_mkdir_p(dir, 0700, err) || jsonx_write(AT_FDCWD, path, have, 0600, err))
		return NULL;
	return steal_ptr(&have);
}

json_t *content_label(struct content *c, const char *digest, const json_t *labels,
		      struct err *err)
{
	AUTO_FREE char *path = NULL;
	json_t *all = NULL;

	if (!digest_valid(digest)) {
		err_set(err, ERR_INVALID, "invalid digest \"%.100s\"", digest);
		return NULL;
	}
	if (ctrd_labels_check(labels, err))
		return NULL;
	path = xasprintf("%s/" CONTENT_LABELS "/%s" SUFFIX, c->root, strchr(digest, ':') + 1);
	pthread_mutex_lock(&c->labels_lock);
	if (content_has(c, digest, NULL))
		all = label_locked(c, path, labels, err);
	else
		err_set(err, ERR_NOT_FOUND, "no such blob: %s", digest);
	pthread_mutex_unlock(&c->labels_lock);
	return all;
}
