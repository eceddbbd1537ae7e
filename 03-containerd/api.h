/*
 * api.h - containerd's API: HTTP+JSON, a handler for each route (routes.c has the
 * table, README.md the description).
 *
 * A handler takes the request apart, calls one function of a service, and puts the
 * answer together. Handlers run in threads of their own and may block.
 */
#ifndef DOCKYARD_CTRD_API_H
#define DOCKYARD_CTRD_API_H

#include "01-kernel/base/jsonx.h"
#include "daemon.h"
#include "http.h"

#define API_HANDLER(name) \
	int name(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)

/* routes.c */
extern const struct http_route ctrd_routes[];
void ctrd_api_error(struct http_request *req, struct http_reply *rep, const struct err *err);
/* The namespace that the request is about: header Containerd-Namespace, or "default". */
const char *ctrd_api_ns(const struct http_request *req);
/* Reply 200 with the document (taken); NULL: -1, for the error that is set. */
int ctrd_api_reply(struct http_reply *rep, int status, json_t *doc);
/* The values of ?filter= (filter.h), an array; new. */
json_t *ctrd_api_filters(struct http_request *req);
/* The same for a list, of which ?filter= (filter.h) may let only some through. */
int ctrd_api_reply_list(struct http_request *req, struct http_reply *rep, json_t *list,
			struct err *err);

/* api_content.c */
API_HANDLER(api_content_list);
API_HANDLER(api_content_ingests);
API_HANDLER(api_content_label);
API_HANDLER(api_content_get);
API_HANDLER(api_content_put);
int api_content_sink(struct http_request *req, struct http_sink *sink, void *daemon,
		     struct err *err);
API_HANDLER(api_content_delete);

/* api_images.c */
API_HANDLER(api_images_list);
API_HANDLER(api_image_get);
API_HANDLER(api_image_put);
API_HANDLER(api_image_delete);
API_HANDLER(api_image_resolve);

/* api_transfer.c */
API_HANDLER(api_pull);
API_HANDLER(api_push);

/* api_snapshots.c */
API_HANDLER(api_snapshots_list);
API_HANDLER(api_snapshot_get);
API_HANDLER(api_snapshot_label);
API_HANDLER(api_snapshot_prepare);
API_HANDLER(api_snapshot_view);
API_HANDLER(api_snapshot_mounts);
API_HANDLER(api_snapshot_usage);
API_HANDLER(api_snapshot_commit);
API_HANDLER(api_snapshot_delete);

/* api_leases.c */
API_HANDLER(api_leases_list);
API_HANDLER(api_lease_create);
API_HANDLER(api_lease_get);
API_HANDLER(api_lease_delete);
API_HANDLER(api_lease_add);
API_HANDLER(api_lease_drop);
API_HANDLER(api_namespaces_list);
API_HANDLER(api_namespace_create);
API_HANDLER(api_namespace_get);
API_HANDLER(api_namespace_label);
API_HANDLER(api_namespace_delete);
/* The request made this resource (leases.h): its lease holds it, or else an hour does. Called
 * before a collection could come between, with the images leased. */
int ctrd_api_hold(struct ctrd_daemon *d, const struct http_request *req, const char *type,
		  const char *resource, struct err *err);
int ctrd_api_hold_snapshot(struct ctrd_daemon *d, const struct http_request *req, const char *key,
			   struct err *err);

/* api_archive.c */
API_HANDLER(api_export_get);
API_HANDLER(api_export_post);
API_HANDLER(api_import);
int api_import_sink(struct http_request *req, struct http_sink *sink, void *daemon,
		    struct err *err);

/* api_diff.c */
API_HANDLER(api_snapshot_diff);
API_HANDLER(api_snapshot_changes);
API_HANDLER(api_snapshot_archive);

/* api_containers.c */
API_HANDLER(api_containers_list);
API_HANDLER(api_container_create);
API_HANDLER(api_container_get);
API_HANDLER(api_container_label);
API_HANDLER(api_container_delete);

/* api_tasks.c; those with an {exec} in their path serve both */
API_HANDLER(api_tasks_list);
API_HANDLER(api_task_create);
API_HANDLER(api_task_get);
API_HANDLER(api_task_delete);
API_HANDLER(api_task_start);
API_HANDLER(api_task_pause);
API_HANDLER(api_task_resume);
API_HANDLER(api_task_kill);
API_HANDLER(api_task_resize);
API_HANDLER(api_task_wait);
API_HANDLER(api_task_update);
API_HANDLER(api_task_checkpoint);
API_HANDLER(api_task_reopen_log);
API_HANDLER(api_task_pids);
API_HANDLER(api_task_metrics);
API_HANDLER(api_task_stats);
API_HANDLER(api_execs_list);
API_HANDLER(api_exec_create);
API_HANDLER(api_exec_start);
API_HANDLER(api_exec_get);
API_HANDLER(api_exec_delete);

/* api_events.c */
API_HANDLER(api_events);
API_HANDLER(api_version);
API_HANDLER(api_trace);

#endif
