/*
 * event.c - what an event looks like: the fields of Docker's registry, by which receivers
 * (scanners, deployers) find their way. What a client sent (its Host, its User-Agent) is cut
 * to a size, and left out where it is no text.
 */
#include <jansson.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "notify_private.h"

#define TEXT_MAX 256

/* New; "" for what is not UTF-8, cut in the middle of a character included. */
static json_t *text(const char *s)
{
	AUTO_FREE char *some = xstrndup(s ? s : "", TEXT_MAX);
	json_t *t = json_string(some);

	return t ? t : json_string("");
}

static void set_text(json_t *object, const char *key, const char *value)
{
	if (value)
		json_object_set_new(object, key, text(value));
}

static json_t *target_of(const struct event_source *source, const struct http_request *req,
			 const struct reg_event *e)
{
	const char *host = http_header(req, "Host");
	AUTO_FREE char *url = xasprintf("%s://%.*s/v2/%s/%s/%s", source->auth->tls ? "https" : "http",
					TEXT_MAX / 2, host ? host : "", e->name,
					e->manifest ? "manifests" : "blobs",
					e->digest ? e->digest : e->tag);
	json_t *target = json_object();
	json_t *address = json_string(url); /* longer than TEXT_MAX, maybe */

	set_text(target, "mediaType", e->media_type ? e->media_type
				     : e->manifest ? NULL : "application/octet-stream");
	set_text(target, "digest", e->digest);
	set_text(target, "repository", e->name);
	set_text(target, "fromRepository", e->from);
	set_text(target, "tag", e->tag);
	if (address)
		json_object_set_new(target, "url", address);
	if (e->size) {
		json_object_set_new(target, "size", json_integer((json_int_t)e->size));
		json_object_set_new(target, "length", json_integer((json_int_t)e->size));
	}
	return target;
}

static json_t *request_of(const struct http_request *req)
{
	char id[REG_UUID_SIZE];
	json_t *request = json_object();

	reg_uuid_new(id);
	set_text(request, "id", id);
	set_text(request, "addr", http_peer(req));
	set_text(request, "host", http_header(req, "Host"));
	set_text(request, "method", http_method(req));
	set_text(request, "useragent", http_header(req, "User-Agent"));
	return request;
}

char *event_text(const struct event_source *source, const struct http_request *req,
		 const struct reg_event *e)
{
	char id[REG_UUID_SIZE], now[TIME_TEXT_SIZE];
	AUTO_FREE char *user = reg_auth_user(source->auth, req);
	json_t *actor = json_object();
	AUTO_JSON json_t *event = NULL;

	set_text(actor, "name", user);
	reg_uuid_new(id);
	event = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:{s:s, s:s}}", "id", id, "timestamp",
			  time_now_text(now), "action", e->action, "target",
			  target_of(source, req, e), "request", request_of(req), "actor", actor,
			  "source", "addr", source->addr, "instanceID", source->instance);
	return jsonx_text(event);
}
