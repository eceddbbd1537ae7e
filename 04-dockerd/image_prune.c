/*
 * image_prune.c - POST /images/prune: nameless images, or (dangling=false) all that no container
 * was made from.
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "events.h"
#include "filters.h"
#include "human.h"
#include "images.h"

static const char *const known[] = { "dangling", "label", "label!", "until", NULL };

struct prune {
	struct daemon *d;
	json_t *filters, *deleted;
	bool all;              /* not nameless ones only */
	struct timespec until; /* made before; 0: whenever */
	json_int_t reclaimed;
};

static int parse(struct prune *p, struct http_request *req, struct err *err)
{
	const char *dangling, *until;

	p->filters = dockerd_filters_parse(http_query(req, "filters"), known, err);
	if (!p->filters)
		return -1;
	dangling = json_string_value(json_array_get(json_object_get(p->filters, "dangling"), 0));
	until = json_string_value(json_array_get(json_object_get(p->filters, "until"), 0));
	if (dangling && !strchr("01tfTF", *dangling))
		return err_set(err, ERR_INVALID, "invalid filter 'dangling=[%s]'", dangling);
	p->all = dangling && strchr("0fF", *dangling);
	if (json_array_size(json_object_get(p->filters, "until")) > 1)
		return err_set(err, ERR_INVALID, "more than one until filter specified");
	return until ? dockerd_parse_ago(until, &p->until, err) : 0;
}

static bool wanted(const struct prune *p, const json_t *summary)
{
	const json_t *labels = json_object_get(summary, "Labels"),
		     *without = json_object_get(p->filters, "label!");

	if (jsonx_int(summary, "Containers", 0) > 0 ||
	    (!p->all && json_array_size(json_object_get(summary, "RepoTags"))))
		return false;
	if (p->until.tv_sec && jsonx_int(summary, "Created", 0) > p->until.tv_sec)
		return false;
	if (!dockerd_filter_labels(p->filters, labels))
		return false;
	return !json_array_size(without) || !dockerd_labels_match(without, labels);
}

static void remove_one(struct prune *p, const json_t *summary)
{
	json_int_t before = dockerd_layers_size(p->d);
	struct err err;

	if (dockerd_image_remove(p->d, jsonx_str(summary, "Id", ""), true, NULL, p->deleted, &err)) {
		log_debug("prune: %s", err.msg); /* in use since, or gone */
		return;
	}
	p->reclaimed += before - dockerd_layers_size(p->d);
}

static int post_prune(struct http_request *req, struct http_reply *rep, void *daemon,
		      struct err *err)
{
	struct prune p = { .d = daemon };
	AUTO_JSON json_t *none = json_object(), *list = NULL;
	json_t *summary;
	size_t i;

	if (parse(&p, req, err) || !(list = dockerd_image_summaries(daemon, none, err))) {
		json_decref(p.filters);
		return -1;
	}
	p.deleted = json_array();
	json_array_foreach(list, i, summary)
		if (wanted(&p, summary))
			remove_one(&p, summary);
	json_decref(p.filters);
	dockerd_event(daemon, "image", "prune", "",
		      json_pack("{s:o}", "reclaimed", json_sprintf("%lld", (long long)p.reclaimed)));
	if (!json_array_size(p.deleted)) { /* Go's nil */
		json_decref(p.deleted);
		p.deleted = json_null();
	}
	http_reply_json(rep, 200, json_pack("{s:o, s:I}", "ImagesDeleted", p.deleted,
					    "SpaceReclaimed", p.reclaimed));
	return 0;
}

const struct http_route dockerd_image_prune_routes[] = {
	{ "POST", "/images/prune", post_prune },
	{ NULL },
};
