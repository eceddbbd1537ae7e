/*
 * df.c - GET /system/df: what takes room on the disk.
 */
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "build.h"
#include "human.h"
#include "images.h"
#include "volume.h"

json_int_t dockerd_tree_size(const char *path)
{
	char *const paths[] = { (char *)path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	json_int_t size = 0;
	FTSENT *e;

	while (tree && (e = fts_read(tree)))
		if (e->fts_info == FTS_F)
			size += e->fts_statp->st_size;
	if (tree)
		fts_close(tree);
	return size;
}

static json_t *containers(struct daemon *d)
{
	json_t *out = json_array();
	struct container **all;
	size_t n;

	all = dockerd_container_all(d, &n);
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *path = xasprintf("/v1/snapshots/%s/usage", all[i]->id);
		struct err ignored;
		AUTO_JSON json_t *usage = ctrd_call(d->ctrd, "GET", path, NULL, &ignored);
		AUTO_FREE char *status = NULL;

		dockerd_lock(d);
		status = dockerd_state_text(&all[i]->st, time(NULL));
		json_array_append_new(
			out, json_pack("{s:s, s:[o], s:s, s:s, s:I, s:I, s:s, s:s, s:I}", "Id",
				       all[i]->id, "Names", json_sprintf("/%s", all[i]->name),
				       "Image", jsonx_str(all[i]->config, "Image", ""), "ImageID",
				       all[i]->image_id, "SizeRw", jsonx_int(usage, "size", 0),
				       "SizeRootFs", jsonx_int(usage, "size", 0), "State",
				       dockerd_state_word(&all[i]->st), "Status", status, "Created",
				       (json_int_t)dockerd_parse_time(all[i]->created)));
		dockerd_unlock(d);
	}
	dockerd_container_all_free(d, all, n);
	return out;
}

static json_t *volumes(struct daemon *d, struct err *err)
{
	json_t *list = dockerd_volume_list(d, err), *v;
	size_t i;

	json_array_foreach(list, i, v) {
		AUTO_JSON json_t *users = dockerd_volume_users(d, jsonx_str(v, "Name", ""));

		json_object_set_new(v, "UsageData",
				    json_pack("{s:I, s:I}", "RefCount",
					      (json_int_t)json_array_size(users), "Size",
					      dockerd_tree_size(jsonx_str(v, "Mountpoint", ""))));
	}
	return list;
}

/* A part of the answer is asked for by type=; without any, all are. */
enum { WANT_IMAGES = 1, WANT_CONTAINERS = 2, WANT_VOLUMES = 4, WANT_CACHE = 8, WANT_WRONG = 16 };

static void add_type(void *arg, const char *value)
{
	unsigned *want = arg;

	*want |= !strcmp(value, "image")	 ? WANT_IMAGES
		 : !strcmp(value, "container")	 ? WANT_CONTAINERS
		 : !strcmp(value, "volume")	 ? WANT_VOLUMES
		 : !strcmp(value, "build-cache") ? WANT_CACHE : WANT_WRONG;
}

static json_t *images(struct daemon *d, struct err *err)
{
	AUTO_JSON json_t *none = json_object();
	json_t *list = dockerd_image_summaries(d, none, err), *image;
	size_t i;

	json_array_foreach(list, i, image)
		json_object_set_new(image, "SharedSize",
				    json_integer(dockerd_shared_size(d, jsonx_str(image, "Id", ""))));
	return list;
}

static int add(json_t *doc, const char *key, json_t *list)
{
	return list ? json_object_set_new(doc, key, list) : -1;
}

static json_int_t sizes(const json_t *list)
{
	json_int_t sum = 0;
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)list, i, v)
		sum += jsonx_int(v, "Size", 0);
	return sum;
}

static int get_df(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	AUTO_JSON json_t *doc = json_object();
	unsigned want = 0;

	http_query_each(req, "type", add_type, &want);
	if (want & WANT_WRONG)
		return err_set(err, ERR_INVALID, "unknown object type: expected container, image, "
			       "volume or build-cache");
	want = want ? want : WANT_IMAGES | WANT_CONTAINERS | WANT_VOLUMES | WANT_CACHE;
	json_object_set_new(doc, "LayersSize",
			    json_integer(want & WANT_IMAGES ? dockerd_layers_size(daemon) : 0));
	if (want & WANT_IMAGES && add(doc, "Images", images(daemon, err)))
		return -1;
	if (want & WANT_CONTAINERS && add(doc, "Containers", containers(daemon)))
		return -1;
	if (want & WANT_VOLUMES && add(doc, "Volumes", volumes(daemon, err)))
		return -1;
	if (want & WANT_CACHE)
		json_object_set_new(doc, "BuildCache", dockerd_build_cache(daemon));
	json_object_set_new(doc, "BuilderSize", json_integer(sizes(json_object_get(doc, "BuildCache"))));
	http_reply_json(rep, 200, json_incref(doc));
	return 0;
}

const struct http_route dockerd_df_routes[] = {
	{ "GET", "/system/df", get_df },
	{ NULL },
};
