/*
 * container_files.c - GET /containers/{id}/changes (docker diff) and /export: what containerd
 * knows of the container's snapshot.
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "events.h"
#include "relay.h"
#include "task.h"

/* --- changes ------------------------------------------------------------------------------- */

/* A line of containerd's, {"kind":"A","path":…}, to Docker's numbers. */
static int on_change(void *arg, json_t *line)
{
	static const char kinds[] = "CAD";
	const char *kind = jsonx_str(line, "kind", "C"), *path = jsonx_str(line, "path", "");
	const char *at = strchr(kinds, *kind);

	json_array_append_new(arg, json_pack("{s:s, s:i}", "Path", path, "Kind",
					     at && *at ? (int)(at - kinds) : 0));
	return 0;
}

static int get_changes(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	struct daemon *d = daemon;
	struct container *c = dockerd_api_container(d, req, err);
	AUTO_FREE char *path = NULL;
	json_t *list;
	int rc;

	if (!c)
		return -1;
	path = xasprintf("/v1/snapshots/%s/changes?without=" DOCKERD_MADE_BY_START, c->id);
	list = json_array();
	rc = ctrd_stream(d->ctrd, "GET", path, NULL, on_change, list, err);
	dockerd_container_put(d, c);
	if (rc) {
		json_decref(list);
		return -1;
	}
	if (!json_array_size(list)) { /* Go's nil, which clients know */
		json_decref(list);
		list = json_null();
	}
	http_reply_json(rep, 200, list);
	return 0;
}

/* --- export -------------------------------------------------------------------------------- */

static bool is_going(struct daemon *d, const struct container *c)
{
	bool going;

	dockerd_lock(d);
	going = c->st.removing || !c->listed;
	dockerd_unlock(d);
	return going;
}

static int get_export(struct http_request *req, struct http_reply *rep, void *daemon,
		      struct err *err)
{
	struct container *c = dockerd_api_container(daemon, req, err);
	AUTO_FREE char *path = NULL;
	int rc;

	if (!c)
		return -1;
	path = xasprintf("/v1/snapshots/%s/archive?parent=", c->id);
	rc = dockerd_relay(daemon, rep, "application/octet-stream", "GET", path, NULL, err);
	if (!rc)
		dockerd_container_event(daemon, c, "export", NULL);
	else if (is_going(daemon, c)) /* and so does what containerd was reading */
		err_set(err, ERR_CONFLICT, "container %s is removed meanwhile", c->id);
	dockerd_container_put(daemon, c);
	return rc;
}

const struct http_route dockerd_files_routes[] = {
	{ "GET", "/containers/{id}/changes", get_changes },
	{ "GET", "/containers/{id}/export", get_export },
	{ NULL },
};
