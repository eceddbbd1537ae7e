/*
 * referrers.c - end-12a and end-12b, on disk. The model is in referrers.h.
 */
#include "referrers.h"

#include <fcntl.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "index.h"
#include "names.h"

#define REFERRERS_LIMIT (64u << 20)

static char *subject_path(struct reg_store *store, const char *name, const char *subject)
{
	AUTO_FREE char *repo = reg_repo_path(store, name);
	AUTO_FREE char *all = xasprintf("%s/_referrers", repo);

	return reg_path_of_digest(all, subject);
}

static json_t *load(const char *path, struct err *err)
{
	json_t *index = jsonx_read(AT_FDCWD, path, REFERRERS_LIMIT, err);

	return index || err->kind != ERR_NOT_FOUND ? index : reg_index_new();
}

/* Keep what `keep` says, by digest or by artifact type. */
static void filter(json_t *index, const char *key, const char *value, bool equal)
{
	json_t *all = json_object_get(index, "manifests");

	for (size_t i = json_array_size(all); i-- > 0;) {
		const char *has = jsonx_str(json_array_get(all, i), key, "");

		if (!strcmp(has, value) != equal)
			json_array_remove(all, i);
	}
}

int reg_referrers_add(struct reg_store *store, const char *name, const struct reg_manifest *m,
		      const char *digest, uint64_t size, struct err *err)
{
	AUTO_FREE char *path = subject_path(store, name, m->subject);
	AUTO_FREE char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	json_t *annotations = json_object_get(m->doc, "annotations");
	AUTO_JSON json_t *index = NULL;
	json_t *d;

	if (reg_mkdir_durable(dir, err))
		return -1;
	index = load(path, err);
	if (!index)
		return -1;
	d = json_pack("{s:s, s:s, s:I}", "mediaType", m->type->media_type, "digest", digest, "size",
		      (json_int_t)size);
	if (m->artifact_type && *m->artifact_type)
		json_object_set_new(d, "artifactType", json_string(m->artifact_type));
	if (json_is_object(annotations))
		json_object_set(d, "annotations", annotations);
	filter(index, "digest", digest, false);
	json_array_append_new(json_object_get(index, "manifests"), d);
	return jsonx_write(AT_FDCWD, path, index, 0644, err);
}

int reg_referrers_remove(struct reg_store *store, const char *name, const char *subject,
			 const char *digest, struct err *err)
{
	AUTO_FREE char *path = subject_path(store, name, subject);
	AUTO_JSON json_t *index = load(path, err);

	if (!index)
		return -1;
	filter(index, "digest", digest, false);
	if (json_array_size(json_object_get(index, "manifests")))
		return jsonx_write(AT_FDCWD, path, index, 0644, err);
	unlink(path);
	return 0;
}

json_t *reg_referrers_load(struct reg_store *store, const char *name, const char *subject,
			   const char *artifact_type, struct err *err)
{
	AUTO_FREE char *path = subject_path(store, name, subject);
	json_t *index = load(path, err);

	if (index && artifact_type)
		filter(index, "artifactType", artifact_type, true);
	return index;
}
