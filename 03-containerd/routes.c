/*
 * routes.c - containerd's API as a table (api.h).
 */
#include "api.h"

#include "filter.h"
#include "wire.h"

const struct http_route ctrd_routes[] = {
	{ "GET", "/v1/version", api_version, NULL },
	{ "GET", "/v1/trace/{id}", api_trace, NULL },

	{ "GET", "/v1/content", api_content_list, NULL },
	{ "POST", "/v1/content", api_content_put, api_content_sink },
	{ "GET", "/v1/ingests", api_content_ingests, NULL },
	{ "GET", "/v1/content/{digest}", api_content_get, NULL },
	{ "POST", "/v1/content/{digest}", api_content_label, NULL },
	{ "DELETE", "/v1/content/{digest}", api_content_delete, NULL },

	{ "GET", "/v1/images", api_images_list, NULL },
	{ "GET", "/v1/images/{name...}", api_image_get, NULL },
	{ "PUT", "/v1/images/{name...}", api_image_put, NULL },
	{ "DELETE", "/v1/images/{name...}", api_image_delete, NULL },
	{ "GET", "/v1/resolve/{name...}", api_image_resolve, NULL },
	{ "POST", "/v1/transfer/pull", api_pull, NULL },
	{ "POST", "/v1/transfer/push", api_push, NULL },
	{ "POST", "/v1/transfer/import", api_import, api_import_sink },
	{ "GET", "/v1/transfer/export", api_export_get, NULL },
	{ "POST", "/v1/transfer/export", api_export_post, NULL },

	{ "GET", "/v1/snapshots", api_snapshots_list, NULL },
	{ "POST", "/v1/snapshots/prepare", api_snapshot_prepare, NULL },
	{ "POST", "/v1/snapshots/view", api_snapshot_view, NULL },
	{ "GET", "/v1/snapshots/{key}", api_snapshot_get, NULL },
	{ "POST", "/v1/snapshots/{key}", api_snapshot_label, NULL },
	{ "GET", "/v1/snapshots/{key}/mounts", api_snapshot_mounts, NULL },
	{ "GET", "/v1/snapshots/{key}/usage", api_snapshot_usage, NULL },
	{ "POST", "/v1/snapshots/{key}/commit", api_snapshot_commit, NULL },
	{ "POST", "/v1/snapshots/{key}/diff", api_snapshot_diff, NULL },
	{ "GET", "/v1/snapshots/{key}/changes", api_snapshot_changes, NULL },
	{ "GET", "/v1/snapshots/{key}/archive", api_snapshot_archive, NULL },
	{ "DELETE", "/v1/snapshots/{key}", api_snapshot_delete, NULL },

	{ "GET", "/v1/containers", api_containers_list, NULL },
	{ "POST", "/v1/containers", api_container_create, NULL },
	{ "GET", "/v1/containers/{id}", api_container_get, NULL },
	{ "POST", "/v1/containers/{id}/labels", api_container_label, NULL },
	{ "DELETE", "/v1/containers/{id}", api_container_delete, NULL },

	{ "GET", "/v1/tasks", api_tasks_list, NULL },
	{ "POST", "/v1/tasks", api_task_create, NULL },
	{ "GET", "/v1/tasks/{id}", api_task_get, NULL },
	{ "DELETE", "/v1/tasks/{id}", api_task_delete, NULL },
	{ "POST", "/v1/tasks/{id}/start", api_task_start, NULL },
	{ "POST", "/v1/tasks/{id}/pause", api_task_pause, NULL },
	{ "POST", "/v1/tasks/{id}/resume", api_task_resume, NULL },
	{ "POST", "/v1/tasks/{id}/kill", api_task_kill, NULL },
	{ "POST", "/v1/tasks/{id}/resize", api_task_resize, NULL },
	{ "POST", "/v1/tasks/{id}/wait", api_task_wait, NULL },
	{ "POST", "/v1/tasks/{id}/update", api_task_update, NULL },
	{ "POST", "/v1/tasks/{id}/checkpoint", api_task_checkpoint, NULL },
	{ "POST", "/v1/tasks/{id}/reopen-log", api_task_reopen_log, NULL },
	{ "GET", "/v1/tasks/{id}/pids", api_task_pids, NULL },
	{ "GET", "/v1/tasks/{id}/metrics", api_task_metrics, NULL },
	{ "GET", "/v1/tasks/{id}/stats", api_task_stats, NULL },
	{ "GET", "/v1/tasks/{id}/execs", api_execs_list, NULL },
	{ "POST", "/v1/tasks/{id}/execs", api_exec_create, NULL },
	{ "GET", "/v1/tasks/{id}/execs/{exec}", api_exec_get, NULL },
	{ "DELETE", "/v1/tasks/{id}/execs/{exec}", api_exec_delete, NULL },
	{ "POST", "/v1/tasks/{id}/execs/{exec}/start", api_exec_start, NULL },
	{ "POST", "/v1/tasks/{id}/execs/{exec}/kill", api_task_kill, NULL },
	{ "POST", "/v1/tasks/{id}/execs/{exec}/resize", api_task_resize, NULL },
	{ "POST", "/v1/tasks/{id}/execs/{exec}/wait", api_task_wait, NULL },

	{ "GET", "/v1/leases", api_leases_list, NULL },
	{ "POST", "/v1/leases", api_lease_create, NULL },
	{ "GET", "/v1/leases/{id}", api_lease_get, NULL },
	{ "DELETE", "/v1/leases/{id}", api_lease_delete, NULL },
	{ "POST", "/v1/leases/{id}/resources", api_lease_add, NULL },
	{ "DELETE", "/v1/leases/{id}/resources", api_lease_drop, NULL },

	{ "GET", "/v1/namespaces", api_namespaces_list, NULL },
	{ "POST", "/v1/namespaces", api_namespace_create, NULL },
	{ "GET", "/v1/namespaces/{name}", api_namespace_get, NULL },
	{ "POST", "/v1/namespaces/{name}", api_namespace_label, NULL },
	{ "DELETE", "/v1/namespaces/{name}", api_namespace_delete, NULL },

	{ "GET", "/v1/events", api_events, NULL },
	{ NULL, NULL, NULL, NULL },
};

void ctrd_api_error(struct http_request *req, struct http_reply *rep, const struct err *err)
{
	(void)req;
	http_reply_json(rep, http_status_of(err->kind), ctrd_wire_error(err));
}

const char *ctrd_api_ns(const struct http_request *req)
{
	const char *ns = http_header(req, "Containerd-Namespace");

	return ns && *ns ? ns : "default";
}

int ctrd_api_reply(struct http_reply *rep, int status, json_t *doc)
{
	if (!doc)
		return -1;
	http_reply_json(rep, status, doc);
	return 0;
}

static void add_filter(void *arg, const char *value)
{
	json_array_append_new(arg, json_string(value));
}

json_t *ctrd_api_filters(struct http_request *req)
{
	json_t *filters = json_array();

	http_query_each(req, "filter", add_filter, filters);
	return filters;
}

int ctrd_api_reply_list(struct http_request *req, struct http_reply *rep, json_t *list,
			struct err *err)
{
	AUTO_JSON json_t *filters = ctrd_api_filters(req);

	return ctrd_api_reply(rep, 200, ctrd_filter_list(list, filters, err));
}
