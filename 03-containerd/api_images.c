/*
 * api_images.c - image names over HTTP (api.h, images.h).
 */
#include "api.h"

API_HANDLER(api_images_list)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply_list(req, rep, ctrd_images_list(d->images, ctrd_api_ns(req), err),
				   err);
}

API_HANDLER(api_image_get)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply(rep, 200, ctrd_image_get(d->images, ctrd_api_ns(req),
						       http_param(req, "name"), err));
}

API_HANDLER(api_image_put)
{
	struct ctrd_daemon *d = daemon;
	const char *ns = ctrd_api_ns(req), *name = http_param(req, "name");
	json_t *body = http_body_json(req, err), *target, *labels;
	bool created = false;

	if (!body || jsonx_want(body, "", "target", JSON_OBJECT, &target, err) ||
	    jsonx_want(body, "", "labels", JSON_OBJECT, &labels, err))
		return -1;
	if (!target)
		return err_set(err, ERR_INVALID, "target is missing");
	if (ctrd_image_put(d->images, ns, name, target, labels, &created, err))
		return -1;
	ctrd_events_publish(d->events, ns, created ? "/images/create" : "/images/update",
			    json_pack("{s:s}", "name", name));
	return ctrd_api_reply(rep, created ? 201 : 200, ctrd_image_get(d->images, ns, name, err));
}

API_HANDLER(api_image_delete)
{
	struct ctrd_daemon *d = daemon;
	const char *ns = ctrd_api_ns(req), *name = http_param(req, "name");

	(void)rep;
	if (ctrd_image_delete(d->images, ns, name, err))
		return -1;
	ctrd_events_publish(d->events, ns, "/images/delete", json_pack("{s:s}", "name", name));
	return 0;
}

API_HANDLER(api_image_resolve)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply(rep, 200, ctrd_image_resolve(d->images, ctrd_api_ns(req),
							   http_param(req, "name"),
							   http_query(req, "platform"), err));
}
