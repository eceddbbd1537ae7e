/*
 * api_containers.c - containers over HTTP (api.h, containers.h).
 */
#include "api.h"

API_HANDLER(api_containers_list)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply_list(req, rep, ctrd_containers_list(d->containers, ctrd_api_ns(req), err),
				   err);
}

API_HANDLER(api_container_create)
{
	struct ctrd_daemon *d = daemon;
	const char *ns = ctrd_api_ns(req);
	json_t *body = http_body_json(req, err), *made;

	if (!body)
		return -1;
	made = ctrd_container_create(d->containers, ns, body, err);
	if (!made)
		return -1;
	ctrd_events_publish(d->events, ns, "/containers/create",
			    json_pack("{s:O, s:O}", "containerID", json_object_get(made, "id"), "image",
				      json_object_get(made, "image")));
	return ctrd_api_reply(rep, 201, made);
}

API_HANDLER(api_container_get)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply(rep, 200, ctrd_container_get(d->containers, ctrd_api_ns(req),
							   http_param(req, "id"), err));
}

API_HANDLER(api_container_label)
{
	struct ctrd_daemon *d = daemon;
	const char *ns = ctrd_api_ns(req);
	json_t *body = http_body_json(req, err), *doc;

	doc = body ? ctrd_container_label(d->containers, ns, http_param(req, "id"), body, err) : NULL;
	if (!doc)
		return -1;
	ctrd_events_publish(d->events, ns, "/containers/update",
			    json_pack("{s:O, s:O}", "containerID", json_object_get(doc, "id"), "labels",
				      json_object_get(doc, "labels")));
	return ctrd_api_reply(rep, 200, doc);
}

API_HANDLER(api_container_delete)
{
	struct ctrd_daemon *d = daemon;

	(void)rep;
	return ctrd_tasks_delete_container(d->tasks, ctrd_api_ns(req), http_param(req, "id"), err);
}
