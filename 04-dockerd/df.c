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

/* One that is a file system of its own takes no room here: with Docker it is not listed. */
static json_t *volumes(struct daemon *d, struct err *err)
{
	AUTO_JSON json_t *all = dockerd_volume_list(d, err);
	json_t *list = all ? json_array() : NULL, *v;
	size_t i;

	json_array_foreach(all, i, v) {
		AUTO_JSON json_t *users = NULL;

		if (json_object_size(json_object_get(v, "Options")))
			continue;
		users = dockerd_volume_users(d, jsonx_str(v, "Name", ""));
		json_object_set_new(v, "UsageData",
				    json_pack("{s:I, s:I}", "RefCount",
					      (json_int_t)json_array_size(users), "Size",
					      dockerd_tree_size(jsonx_str(v, "Mountpoint", ""))));
		json_array_append(list, v);
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

static json_t *images(struct daemon *d, int minor, struct err *err)
{
	AUTO_JSON json_t *none = json_object();
	json_t *list = dockerd_image_summaries(d, none, err), *image;
	size_t i;

	json_array_foreach(list, i, image)
		json_object_set_new(image, "SharedSize",
				    json_integer(dockerd_shared_size(d, jsonx_str(image, "Id", ""))));
	if (minor < 44)
		dockerd_images_virtual(list);
	return list;
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
	int minor = dockerd_api_minor(req);
	unsigned want = 0;

	if (minor >= 42)
		http_query_each(req, "type", add_type, &want);
	if (want & WANT_WRONG)
		return err_set(err, ERR_INVALID, "unknown object type: expected container, image, "
			       "volume or build-cache");
	want = want ? want : WANT_IMAGES | WANT_CONTAINERS | WANT_VOLUMES | WANT_CACHE;
	json_object_set_new(doc, "LayersSize",
			    json_integer(want & WANT_IMAGES ? dockerd_layers_size(daemon) : 0));
	/* What was not asked for is null; a list that failed is NULL, and so not set. */
	if (json_object_set_new(doc, "Images",
				want & WANT_IMAGES ? images(daemon, minor, err) : json_null()) ||
	    json_object_set_new(doc, "Containers",
				want & WANT_CONTAINERS ? containers(daemon) : json_null()) ||
	    json_object_set_new(doc, "Volumes",
				want & WANT_VOLUMES ? volumes(daemon, err) : json_null()))
		return -1;
	json_object_set_new(doc, "BuildCache",
			    want & WANT_CACHE ? dockerd_build_cache(daemon) : json_null());
	if (minor < 42)
		json_object_set_new(doc, "BuilderSize",
				    json_integer(sizes(json_object_get(doc, "BuildCache"))));
	http_reply_json(rep, 200, json_incref(doc));
	return 0;
}

const struct http_route dockerd_df_routes[] = {
	{ "GET", "/system/df", get_df },
	{ NULL },
};
