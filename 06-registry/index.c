/*
 * index.c - descriptors in, descriptors out. The model is in index.h.
 */
#include "index.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "errors.h"

#define INDEX_LIMIT (256u << 20)
#define REF_NAME "org.opencontainers.image.ref.name"

char *reg_index_path(const struct reg_store *store, const char *name)
{
	AUTO_FREE char *repo = reg_repo_path(store, name);

	return xasprintf("%s/index.json", repo);
}

int reg_index_open(const struct reg_store *store, const char *name, struct err *err)
{
	AUTO_FREE char *path = reg_index_path(store, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return reg_refuse(err, REG_NAME_UNKNOWN, "no repository %s", name);
	return fd < 0 ? err_sys(err, "open %s", path) : fd;
}

json_t *reg_index_new(void)
{
	return json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType",
			 "application/vnd.oci.image.index.v1+json", "manifests");
}

json_t *reg_index_read(int fd, const char *path, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	json_t *index;

	if (file_read_fd(fd, &text, INDEX_LIMIT, err)) {
		err_wrap(err, "%s", path);
		return NULL;
	}
	index = jsonx_parse(text.data, text.len, path, err);
	if (index && !json_is_array(json_object_get(index, "manifests"))) {
		json_decref(index);
		err_set(err, ERR_CORRUPT, "%s: no list of manifests", path);
		return NULL;
	}
	return index;
}

json_t *reg_index_load(struct reg_store *store, const char *name, bool make, struct err *err)
{
	AUTO_FREE char *path = reg_index_path(store, name);
	AUTO_CLOSE int fd = reg_index_open(store, name, err);

	if (fd >= 0)
		return reg_index_read(fd, path, err);
	return make && reg_refused(err, REG_NAME_UNKNOWN) ? reg_index_new() : NULL;
}

int reg_index_save(struct reg_store *store, const char *name, const json_t *index, struct err *err)
{
	AUTO_FREE char *path = reg_index_path(store, name);

	return jsonx_write(AT_FDCWD, path, index, 0644, err);
}

const char *reg_index_tag_of(const json_t *descriptor)
{
	return jsonx_str(json_object_get(descriptor, "annotations"), REF_NAME, NULL);
}

static json_t *list(const json_t *index)
{
	return json_object_get(index, "manifests");
}

json_t *reg_index_tag(const json_t *index, const char *tag)
{
	size_t i;
	json_t *d;

	json_array_foreach(list(index), i, d) {
		const char *t = reg_index_tag_of(d);

		if (t && !strcmp(t, tag))
			return d;
	}
	return NULL;
}

json_t *reg_index_digest(const json_t *index, const char *digest)
{
	size_t i;
	json_t *d;

	json_array_foreach(list(index), i, d)
		if (!strcmp(jsonx_str(d, "digest", ""), digest))
			return d;
	return NULL;
}

json_t *reg_index_find(const json_t *index, const char *reference)
{
	return strchr(reference, ':') ? reg_index_digest(index, reference)
				      : reg_index_tag(index, reference);
}

static json_t *descriptor(const char *tag, const char *media_type, const char *digest,
			  uint64_t size)
{
	json_t *d = json_pack("{s:s, s:s, s:I}", "mediaType", media_type, "digest", digest, "size",
			      (json_int_t)size);

	if (tag)
		json_object_set_new(d, "annotations", json_pack("{s:s}", REF_NAME, tag));
	return d;
}

static void remove_at(json_t *index, const json_t *d)
{
	size_t i;
	json_t *each;

	json_array_foreach(list(index), i, each)
		if (each == d) {
			json_array_remove(list(index), i);
			return;
		}
}

void reg_index_put(json_t *index, const char *tag, const char *media_type, const char *digest,
		   uint64_t size)
{
	json_t *known = reg_index_digest(index, digest);

	if (known && !tag)
		return;
	if (tag)
		reg_index_untag(index, tag);
	/* The one entry without a tag gives way to the first with one. */
	known = reg_index_digest(index, digest);
	if (known && !reg_index_tag_of(known))
		remove_at(index, known);
	json_array_append_new(list(index), descriptor(tag, media_type, digest, size));
}

bool reg_index_untag(json_t *index, const char *tag)
{
	AUTO_JSON json_t *d = json_incref(reg_index_tag(index, tag)); /* beyond its removal */
	const char *digest = jsonx_str(d, "digest", "");

	if (!d)
		return false;
	remove_at(index, d);
	if (!reg_index_digest(index, digest))
		json_array_append_new(list(index),
				      descriptor(NULL, jsonx_str(d, "mediaType", ""), digest,
						 (uint64_t)jsonx_int(d, "size", 0)));
	return true;
}

bool reg_index_drop(json_t *index, const char *digest)
{
	bool found = false;
	json_t *d;

	while ((d = reg_index_digest(index, digest))) {
		remove_at(index, d);
		found = true;
	}
	return found;
}

int reg_tag_compare(const char *a, const char *b)
{
	int order = strcasecmp(a, b);

	return order ? order : strcmp(a, b);
}

static int by_tag(const void *a, const void *b)
{
	return reg_tag_compare(*(char *const *)a, *(char *const *)b);
}

void reg_index_tags(const json_t *index, struct strlist *tags)
{
	size_t i;
	json_t *d;

	json_array_foreach(list(index), i, d)
		if (reg_index_tag_of(d))
			strlist_add(tags, reg_index_tag_of(d));
	if (tags->n)
		qsort(tags->v, tags->n, sizeof(*tags->v), by_tag);
}
