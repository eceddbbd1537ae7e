/*
 * api_snapshots.c - snapshots over HTTP (api.h, snapshot.h).
 */
#include "api.h"

API_HANDLER(api_snapshots_list)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply_list(req, rep, ctrd_snapshots_list(d->snapshots), err);
}

API_HANDLER(api_snapshot_get)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply(rep, 200, ctrd_snapshot_get(d->snapshots, http_param(req, "key"), err));
}

API_HANDLER(api_snapshot_label)
{
	json_t *body = http_body_json(req, err), *labels;
	const char *key = http_param(req, "key");
	struct ctrd_daemon *d = daemon;

	if (!body || jsonx_want(body, "", "labels", JSON_OBJECT, &labels, err) ||
	    (labels && ctrd_snapshot_label(d->snapshots, key, labels, err)))
		return -1;
	return ctrd_api_reply(rep, 200, ctrd_snapshot_get(d->snapshots, key, err));
}

/* A snapshot that was just made gets its labels, or is not there. */
static int label_new(struct ctrd_daemon *d, const char *key, const json_t *labels, struct err *err)
{
	struct err ignored;

	if (!labels || !ctrd_snapshot_label(d->snapshots, key, labels, err))
		return 0;
	ctrd_snapshot_remove(d->snapshots, key, &ignored);
	return -1;
}

static json_t *mounts(struct ctrd_daemon *d, const char *key, struct err *err)
{
	json_t *list = ctrd_snapshot_mounts(d->snapshots, key, err);

	return list ? json_pack("{s:o}", "mounts", list) : NULL;
}

static int prepare(struct http_request *req, struct http_reply *rep, struct ctrd_daemon *d,
		   enum ctrd_snapshot_kind kind, struct err *err)
{
	json_t *body = http_body_json(req, err), *key, *parent, *labels;

	if (!body || jsonx_want(body, "", "key", JSON_STRING, &key, err) ||
	    jsonx_want(body, "", "parent", JSON_STRING, &parent, err) ||
	    jsonx_want(body, "", "labels", JSON_OBJECT, &labels, err))
		return -1;
	if (!key)
		return err_set(err, ERR_INVALID, "key is missing");
	if (ctrd_snapshot_prepare(d->snapshots, json_string_value(key), json_string_value(parent), kind,
				  err) ||
	    label_new(d, json_string_value(key), labels, err))
		return -1;
	ctrd_events_publish(d->events, ctrd_api_ns(req), "/snapshots/prepare",
			    json_pack("{s:O, s:O?}", "key", key, "parent", parent));
	return ctrd_api_reply(rep, 201, mounts(d, json_string_value(key), err));
}

API_HANDLER(api_snapshot_prepare)
{
	return prepare(req, rep, daemon, CTRD_ACTIVE, err);
}

API_HANDLER(api_snapshot_view)
{
	return prepare(req, rep, daemon, CTRD_VIEW, err);
}

API_HANDLER(api_snapshot_mounts)
{
	return ctrd_api_reply(rep, 200, mounts(daemon, http_param(req, "key"), err));
}

API_HANDLER(api_snapshot_usage)
{
	struct ctrd_daemon *d = daemon;
	struct ctrd_usage u;

	if (ctrd_snapshot_usage(d->snapshots, http_param(req, "key"), &u, err))
		return -1;
	return ctrd_api_reply(rep, 200, json_pack("{s:I, s:I}", "size", (json_int_t)u.size, "inodes",
						  (json_int_t)u.inodes));
}

API_HANDLER(api_snapshot_commit)
{
	struct ctrd_daemon *d = daemon;
	const char *key = http_param(req, "key");
	json_t *body = http_body_json(req, err), *name, *labels;
	struct ctrd_commit c = { .key = key };
	int rc;

	(void)rep;
	if (!body || jsonx_want(body, "", "name", JSON_STRING, &name, err) ||
	    jsonx_want(body, "", "labels", JSON_OBJECT, &labels, err))
		return -1;
	if (!name)
		return err_set(err, ERR_INVALID, "name is missing");
	c.name = json_string_value(name);
	ctrd_images_lease(d->images);
	rc = (labels && ctrd_snapshot_label(d->snapshots, key, labels, err)) ||
	     ctrd_snapshot_commit(d->snapshots, &c, err) ||
	     ctrd_api_hold_snapshot(d, req, c.name, err);
	ctrd_images_release(d->images);
	if (rc)
		return -1;
	ctrd_events_publish(d->events, ctrd_api_ns(req), "/snapshots/commit",
			    json_pack("{s:s, s:O}", "key", key, "name", name));
	return 0;
}

API_HANDLER(api_snapshot_delete)
{
	struct ctrd_daemon *d = daemon;
	const char *key = http_param(req, "key");

	(void)rep;
	if (ctrd_snapshot_remove(d->snapshots, key, err))
		return -1;
	ctrd_events_publish(d->events, ctrd_api_ns(req), "/snapshots/remove",
			    json_pack("{s:s}", "key", key));
	return 0;
}
