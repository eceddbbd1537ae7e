/*
 * api_leases.c - leases and namespaces over HTTP (api.h, leases.h, namespaces.h).
 *
 * A request that makes a blob or a snapshot may name a lease in its header Containerd-Lease;
 * what it made is then held by that lease, and without one for an hour.
 */
#include "api.h"

#include <string.h>

int ctrd_api_hold(struct ctrd_daemon *d, const struct http_request *req, const char *type,
		  const char *resource, struct err *err)
{
	const char *lease = http_header(req, "Containerd-Lease");

	if (lease && *lease)
		return ctrd_lease_add(d->leases, ctrd_api_ns(req), lease, type, resource, err);
	ctrd_images_pin(d->images, resource);
	return 0;
}

int ctrd_api_hold_snapshot(struct ctrd_daemon *d, const struct http_request *req, const char *key,
			   struct err *err)
{
	AUTO_FREE char *type = xasprintf(LEASE_SNAPSHOT "%s", ctrd_snapshots_name(d->snapshots));

	return ctrd_api_hold(d, req, type, key, err);
}

/* --- leases ------------------------------------------------------------------------------ */

API_HANDLER(api_leases_list)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply_list(req, rep, ctrd_leases_list(d->leases, ctrd_api_ns(req), err),
				   err);
}

API_HANDLER(api_lease_create)
{
	struct ctrd_daemon *d = daemon;
	json_t *body = http_body_json(req, err), *id, *labels;

	if (!body || jsonx_want(body, "", "id", JSON_STRING, &id, err) ||
	    jsonx_want(body, "", "labels", JSON_OBJECT, &labels, err))
		return -1;
	return ctrd_api_reply(rep, 201, ctrd_lease_create(d->leases, ctrd_api_ns(req),
							  json_string_value(id), labels, err));
}

API_HANDLER(api_lease_get)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply(rep, 200, ctrd_lease_get(d->leases, ctrd_api_ns(req),
						       http_param(req, "id"), err));
}

/* What only the lease held is gone when the answer comes. */
API_HANDLER(api_lease_delete)
{
	struct ctrd_daemon *d = daemon;

	(void)rep;
	return ctrd_lease_delete(d->leases, ctrd_api_ns(req), http_param(req, "id"), err) ||
	       ctrd_images_gc(d->images, err) ? -1 : 0;
}

API_HANDLER(api_lease_add)
{
	struct ctrd_daemon *d = daemon;
	json_t *body = http_body_json(req, err), *type, *id;

	(void)rep;
	if (!body || jsonx_want(body, "", "type", JSON_STRING, &type, err) ||
	    jsonx_want(body, "", "id", JSON_STRING, &id, err))
		return -1;
	if (!type || !id)
		return err_set(err, ERR_INVALID, "type or id is missing");
	return ctrd_lease_add(d->leases, ctrd_api_ns(req), http_param(req, "id"),
			      json_string_value(type), json_string_value(id), err);
}

API_HANDLER(api_lease_drop)
{
	struct ctrd_daemon *d = daemon;
	const char *type = http_query(req, "type"), *id = http_query(req, "id");

	(void)rep;
	if (!type || !id)
		return err_set(err, ERR_INVALID, "type or id is missing");
	return ctrd_lease_drop(d->leases, ctrd_api_ns(req), http_param(req, "id"), type, id, err);
}

/* --- namespaces ----------------------------------------------------------------------------- */

API_HANDLER(api_namespaces_list)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply_list(req, rep, ctrd_namespaces_list(d->namespaces, err), err);
}

API_HANDLER(api_namespace_create)
{
	struct ctrd_daemon *d = daemon;
	json_t *body = http_body_json(req, err), *name, *labels, *made;

	if (!body || jsonx_want(body, "", "name", JSON_STRING, &name, err) ||
	    jsonx_want(body, "", "labels", JSON_OBJECT, &labels, err))
		return -1;
	if (!name)
		return err_set(err, ERR_INVALID, "name is missing");
	made = ctrd_namespace_create(d->namespaces, json_string_value(name), labels, err);
	if (made)
		ctrd_events_publish(d->events, json_string_value(name), "/namespaces/create",
				    json_pack("{s:O}", "name", name));
	return ctrd_api_reply(rep, 201, made);
}

API_HANDLER(api_namespace_get)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply(rep, 200, ctrd_namespace_get(d->namespaces, http_param(req, "name"),
							   err));
}

API_HANDLER(api_namespace_label)
{
	struct ctrd_daemon *d = daemon;
	json_t *body = http_body_json(req, err), *labels;

	if (!body || jsonx_want(body, "", "labels", JSON_OBJECT, &labels, err))
		return -1;
	return ctrd_api_reply(rep, 200, ctrd_namespace_label(d->namespaces, http_param(req, "name"),
							     labels, err));
}

API_HANDLER(api_namespace_delete)
{
	struct ctrd_daemon *d = daemon;
	const char *name = http_param(req, "name");

	(void)rep;
	if (ctrd_namespace_delete(d->namespaces, name, err))
		return -1;
	ctrd_events_publish(d->events, name, "/namespaces/delete", json_pack("{s:s}", "name", name));
	return 0;
}
