/*
 * api.h - the Engine API's surface: one table of routes per area, the version in
 * the path, the shape of errors.
 */
#ifndef DOCKYARD_DOCKERD_API_H
#define DOCKYARD_DOCKERD_API_H

#include "03-containerd/http.h"
#include "container.h"

/* Each ends with a row of NULLs. */
extern const struct http_route dockerd_system_routes[];    /* system.c: _ping, info, no swarm */
extern const struct http_route dockerd_df_routes[];        /* df.c */
extern const struct http_route dockerd_event_routes[];     /* events.c */
extern const struct http_route dockerd_create_routes[];    /* create.c */
extern const struct http_route dockerd_list_routes[];      /* list.c */
extern const struct http_route dockerd_inspect_routes[];   /* inspect.c */
extern const struct http_route dockerd_lifecycle_routes[]; /* lifecycle.c: start, stop, kill... */
extern const struct http_route dockerd_update_routes[];    /* update.c */
extern const struct http_route dockerd_prune_routes[];     /* prune.c */
extern const struct http_route dockerd_wait_routes[];      /* wait.c */
extern const struct http_route dockerd_attach_routes[];    /* attach.c */
extern const struct http_route dockerd_log_routes[];       /* logs.c */
extern const struct http_route dockerd_top_routes[];       /* top.c */
extern const struct http_route dockerd_stats_routes[];     /* stats.c */
extern const struct http_route dockerd_exec_routes[];      /* exec.c */
extern const struct http_route dockerd_image_routes[];     /* image_api.c */
extern const struct http_route dockerd_image_inspect_routes[]; /* image_inspect.c */
extern const struct http_route dockerd_image_change_routes[]; /* image_delete.c: tag, delete */
extern const struct http_route dockerd_pull_routes[];      /* pull.c */
extern const struct http_route dockerd_push_routes[];      /* push.c */
extern const struct http_route dockerd_save_routes[];      /* image_save.c: save, load */
extern const struct http_route dockerd_copy_routes[];      /* copy_api.c: docker cp */
extern const struct http_route dockerd_files_routes[];     /* container_files.c: export, changes */
extern const struct http_route dockerd_build_routes[];     /* build_api.c */
extern const struct http_route dockerd_commit_routes[];    /* commit.c */
extern const struct http_route dockerd_image_prune_routes[]; /* image_prune.c */
extern const struct http_route dockerd_registry_routes[];    /* registry_api.c: auth, distribution */
extern const struct http_route dockerd_search_routes[];      /* search.c */
extern const struct http_route dockerd_network_routes[];   /* network_api.c */
extern const struct http_route dockerd_volume_routes[];    /* volume_api.c */
extern const struct http_route dockerd_trace_routes[];     /* trace_api.c */

/* Start the listeners of cfg->hosts. */
struct api;
struct api *dockerd_api_open(struct daemon *d, struct err *err);
void dockerd_api_close(struct api *api);

/* The minor number of the version in the request's path ("/v1.41/…": 41), or ours. */
int dockerd_api_minor(const struct http_request *req);

/* http_body_json where there must be a body, and with the complaints of Go's decoder, which clients
 * look for. */
json_t *dockerd_api_body(struct http_request *req, struct err *err);

/* The container that {id} names: a reference, or NULL with 404. */
struct container *dockerd_api_container(struct daemon *d, struct http_request *req,
					struct err *err);

/* The content type of output: framed since 1.42 has a type of its own. */
const char *dockerd_stream_type(const struct http_request *req, bool tty);

/* A numeric query parameter: `fallback` when absent or empty, ERR_INVALID if it is no number. */
int dockerd_query_int(const struct http_request *req, const char *name, long fallback, long *out,
		      struct err *err);

/* POST /images/create?fromSrc= (import.c). */
int dockerd_import(struct http_request *req, struct http_reply *rep, struct daemon *d,
		   struct err *err);

/* A `platform` parameter, "linux/arm64" or {"os":…,"architecture":…}, as the former; the caller
 * frees. NULL where there is none. */
int dockerd_platform_parse(const char *given, char **text, struct err *err);

#endif
