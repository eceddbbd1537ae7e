/*
 * network_api.c - /networks.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "api.h"
#include "create.h"
#include "defaults.h"
#include "events.h"
#include "filters.h"
#include "human.h"
#include "network.h"

/* --- what there is --------------------------------------------------------------------- */

static json_t *address_json(const struct kern_addr *ip)
{
	char text[ADDR_TEXT_SIZE];

	return json_string(ip->family ? dockerd_addr_prefix_text(ip, text) : "");
}

/* One that uses the host's network, or none, has no endpoint, but is on the network. */
static json_t *member_json(const struct container *c, const struct endpoint *ep)
{
	static const struct endpoint none;
	char mac[18] = "";

	if (ep)
		dockerd_mac_text(ep->mac, mac);
	else
		ep = &none;
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "Name", c->name, "EndpointID", ep->id,
			 "MacAddress", mac, "IPv4Address", address_json(&ep->ip), "IPv6Address",
			 address_json(&ep->ip6));
}

/* Those that run on it. daemon.lock held. */
static json_t *members(const struct daemon *d, const struct network *net)
{
	json_t *out = json_object();

	for (struct container *c = d->containers; c; c = c->next) {
		const struct endpoint *ep = c->endpoints;

		if (!c->st.running || !json_object_get(c->networks, net->name))
			continue;
		while (ep && ep->net != net)
			ep = ep->sibling;
		json_object_set_new(out, c->id, member_json(c, ep));
	}
	return out;
}

/* networks.lock held, and so the network stays. */
static json_t *inspect(struct daemon *d, const struct network *net, bool with_members, int minor)
{
	json_t *doc = json_deep_copy(net->doc);

	if (minor < 48)
		json_object_del(doc, "EnableIPv4");
	dockerd_lock(d);
	json_object_set_new(doc, "Containers", with_members ? members(d, net) : json_object());
	dockerd_unlock(d);
	return doc;
}

/* --- filters ----------------------------------------------------------------------------- */

static bool begins(const char *value, const void *arg)
{
	return str_starts(arg, value);
}

static bool contains(const char *value, const void *arg)
{
	return strstr(arg, value) != NULL;
}

/* Dangling: nobody is on it. Containers that do not run do not count, here and for prune: Docker's too. */
static bool passes(const struct network *net, const json_t *f)
{
	return dockerd_filter_any(f, "name", contains, net->name) &&
	       dockerd_filter_any(f, "id", begins, net->id) &&
	       dockerd_filter_equal(f, "driver", jsonx_str(net->doc, "Driver", "")) &&
	       dockerd_filter_equal(f, "scope", "local") &&
	       dockerd_filter_equal(f, "type", net->builtin ? "builtin" : "custom") &&
	       dockerd_filter_labels(f, json_object_get(net->doc, "Labels")) &&
	       dockerd_filter_bool(f, "dangling", !net->builtin && !net->endpoints);
}

static int check_words(const json_t *f, const char *key, const char *const words[], struct err *err)
{
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(f, key), i, v)
		if (!words_have(words, json_string_value(v)))
			return err_set(err, ERR_INVALID, "invalid filter: '%s'='%s'", key,
				       json_string_value(v));
	return 0;
}

static int get_list(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	static const char *const known[] = { "name", "id",    "driver",	  "scope",
					     "type", "label", "dangling", NULL };
	static const char *const types[] = { "builtin", "custom", NULL };
	AUTO_JSON json_t *f = dockerd_filters_parse(http_query(req, "filters"), known, err);
	int minor = dockerd_api_minor(req);
	struct daemon *d = daemon;
	json_t *list;

	if (!f || check_words(f, "type", types, err) || dockerd_filter_check_bool(f, "dangling", err))
		return -1;
	list = json_array();
	pthread_mutex_lock(&d->net->lock);
	for (struct network *net = d->net->list; net; net = net->next)
		if (passes(net, f))
			json_array_append_new(list, inspect(d, net, minor < 28, minor));
	pthread_mutex_unlock(&d->net->lock);
	http_reply_json(rep, 200, list);
	return 0;
}

static int get_one(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	const char *ref = http_param(req, "id"), *scope = http_query(req, "scope");
	struct daemon *d = daemon;
	struct network *net;
	json_t *doc;

	if (scope && *scope && strcmp(scope, "local"))
		return err_set(err, ERR_NOT_FOUND, "network %s not found", ref);
	net = dockerd_network_find(d->net, ref, err);
	if (!net)
		return -1;
	pthread_mutex_lock(&d->net->lock);
	doc = inspect(d, net, true, dockerd_api_minor(req));
	pthread_mutex_unlock(&d->net->lock);
	dockerd_network_put(d->net, net);
	http_reply_json(rep, 200, doc);
	return 0;
}

/* --- making and removing ------------------------------------------------------------------- */

static void event(struct daemon *d, const char *action, const char *id, const char *name,
		  const char *driver)
{
	dockerd_event(d, "network", action, id,
		      json_pack("{s:s, s:s}", "name", name, "type", driver));
}

/* With the options that the operator gives to such networks; what is wrong stays so. New. */
static json_t *completed(const struct daemon *d, const json_t *given)
{
	const json_t *options = json_object_get(given, "Options");
	const char *driver = jsonx_str(given, "Driver", "");
	json_t *out = json_copy((json_t *)given);

	if (!options || json_is_null(options) || json_is_object(options))
		json_object_set_new(out, "Options",
				    dockerd_defaults_of_network(d->cfg, *driver ? driver : "bridge", options));
	return out;
}

/* *doc: its document, new. One at a time: a subnet that was chosen for the one is not free for the next. */
static int make(struct networks *all, const json_t *body, json_t **doc, struct err *err)
{
	struct network *net;
	int rc;

	pthread_mutex_lock(&all->making);
	net = dockerd_network_make(all, body, err);
	*doc = net ? json_deep_copy(net->doc) : NULL; /* once it is added, another may remove it */
	rc = net ? dockerd_network_add(all, net, err) : -1;
	pthread_mutex_unlock(&all->making);
	return rc;
}

static int post_create(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	json_t *given = dockerd_api_body(req, err);
	struct daemon *d = daemon;
	AUTO_JSON json_t *body = given ? completed(d, given) : NULL, *doc = NULL;

	if (!body || make(d->net, body, &doc, err))
		return -1;
	event(d, "create", jsonx_str(doc, "Id", ""), jsonx_str(doc, "Name", ""),
	      jsonx_str(doc, "Driver", ""));
	http_reply_json(rep, 201,
			json_pack("{s:s, s:s}", "Id", jsonx_str(doc, "Id", ""), "Warning", ""));
	return 0;
}

/* Gives up the reference. */
static int remove_one(struct daemon *d, struct network *net, struct err *err)
{
	AUTO_JSON json_t *doc = json_deep_copy(net->doc);

	if (dockerd_network_remove(d->net, net, err))
		return -1;
	event(d, "destroy", jsonx_str(doc, "Id", ""), jsonx_str(doc, "Name", ""),
	      jsonx_str(doc, "Driver", ""));
	return 0;
}

static int delete_one(struct http_request *req, struct http_reply *rep, void *daemon,
		      struct err *err)
{
	struct daemon *d = daemon;
	struct network *net = dockerd_network_find(d->net, http_param(req, "id"), err);

	if (!net || remove_one(d, net, err))
		return -1;
	http_reply_empty(rep, 204);
	return 0;
}

/* --- prune ------------------------------------------------------------------------------------ */

/* "until": a moment, or how long ago. */
static int parse_until(const json_t *f, time_t *until, struct err *err)
{
	const char *text = json_string_value(json_array_get(json_object_get(f, "until"), 0));
	long n;
	char unit, end;

	*until = 0;
	if (!text)
		return 0;
	if (sscanf(text, "%ld%c%c", &n, &unit, &end) == 2 && strchr("smh", unit)) {
		*until = time(NULL) - n * (unit == 's' ? 1 : unit == 'm' ? 60 : 3600);
		return 0;
	}
	if (sscanf(text, "%ld%c", &n, &unit) == 1)
		*until = n;
	else
		*until = dockerd_parse_time(text);
	return *until > 0 ? 0 : err_set(err, ERR_INVALID, "invalid filter 'until=%s'", text);
}

static bool has_label(const char *value, const void *labels)
{
	AUTO_JSON json_t *f = json_pack("{s:[s]}", "label", value);

	return dockerd_filter_labels(f, labels);
}

static bool may_prune(const struct network *net, const json_t *f, time_t until)
{
	const json_t *labels = json_object_get(net->doc, "Labels");

	if (net->builtin || net->endpoints || !dockerd_filter_labels(f, labels))
		return false;
	if (json_object_get(f, "label!") && dockerd_filter_any(f, "label!", has_label, labels))
		return false;
	return !until || dockerd_parse_time(jsonx_str(net->doc, "Created", "")) <= until;
}

static struct network *next_to_prune(struct daemon *d, const json_t *f, time_t until,
				     const json_t *tried)
{
	struct network *net;

	pthread_mutex_lock(&d->net->lock);
	for (net = d->net->list; net; net = net->next)
		if (!json_object_get(tried, net->id) && may_prune(net, f, until))
			break;
	if (net)
		net->users++;
	pthread_mutex_unlock(&d->net->lock);
	return net;
}

static int post_prune(struct http_request *req, struct http_reply *rep, void *daemon,
		      struct err *err)
{
	static const char *const known[] = { "label", "label!", "until", NULL };
	AUTO_JSON json_t *f = dockerd_filters_parse(http_query(req, "filters"), known, err);
	AUTO_JSON json_t *tried = json_object();
	struct daemon *d = daemon;
	struct network *net;
	json_t *deleted;
	time_t until;

	if (!f || parse_until(f, &until, err))
		return -1;
	deleted = json_array();
	while ((net = next_to_prune(d, f, until, tried))) {
		AUTO_FREE char *name = xstrdup(net->name);
		struct err ignored;

		json_object_set_new(tried, net->id, json_true());
		if (!remove_one(d, net, &ignored))
			json_array_append_new(deleted, json_string(name));
	}
	dockerd_event(d, "network", "prune", "", json_pack("{s:s}", "reclaimed", "0"));
	if (!json_array_size(deleted)) {
		json_decref(deleted);
		deleted = json_null();
	}
	http_reply_json(rep, 200, json_pack("{s:o}", "NetworksDeleted", deleted));
	return 0;
}

/* --- connect and disconnect ---------------------------------------------------------------------- */

static const struct field connect_fields[] = {
	{ "Container", 's', true, "\"\"" },
	{ "EndpointConfig", 'o', true, "null" },
	{ NULL },
};
static const struct field disconnect_fields[] = {
	{ "Container", 's', true, "\"\"" },
	/* For endpoints whose container is lost, of which there are none here: what is on a network
	 * is what the containers' documents say. */
	{ "Force", 'b', true, "false" },
	{ NULL },
};

static void tell(struct daemon *d, const struct container *c, const struct network *net,
		 const char *action)
{
	json_t *one = json_object();

	json_object_set_new(one, net->id,
			    json_pack("{s:s, s:s}", "name", net->name, "type",
				      jsonx_str(net->doc, "Driver", "")));
	dockerd_network_events(d, c, action, one);
}

static int connect_one(struct daemon *d, struct container *c, struct network *net,
		       const json_t *body, struct err *err)
{
	AUTO_JSON json_t *settings = dockerd_endpoint_settings(
		json_object_get(body, "EndpointConfig"), "EndpointConfig.", err);
	bool running;
	int rc;

	if (!settings)
		return -1;
	pthread_mutex_lock(&c->op);
	rc = dockerd_connect(d, c, net, settings, err);
	running = c->endpoints != NULL;
	pthread_mutex_unlock(&c->op);
	if (!rc && running)
		tell(d, c, net, "connect");
	return rc;
}

static int disconnect_one(struct daemon *d, struct container *c, struct network *net,
			  const json_t *body, struct err *err)
{
	int rc;

	(void)body;
	pthread_mutex_lock(&c->op);
	rc = dockerd_disconnect(d, c, net, err);
	pthread_mutex_unlock(&c->op);
	if (!rc)
		tell(d, c, net, "disconnect");
	return rc;
}

static int change(struct http_request *req, struct daemon *d, const struct field *fields,
		  int (*fn)(struct daemon *d, struct container *c, struct network *net,
			    const json_t *body, struct err *err),
		  struct err *err)
{
	json_t *given = dockerd_api_body(req, err);
	AUTO_JSON json_t *body = given ? dockerd_normalise(given, fields, "", err) : NULL;
	struct container *c = NULL;
	struct network *net;
	int rc = -1;

	net = body ? dockerd_network_find(d->net, http_param(req, "id"), err) : NULL;
	if (net)
		c = dockerd_container_find(d, jsonx_str(body, "Container", ""), err);
	if (c)
		rc = fn(d, c, net, body, err);
	if (c)
		dockerd_container_put(d, c);
	dockerd_network_put(d->net, net);
	return rc;
}

static int post_connect(struct http_request *req, struct http_reply *rep, void *daemon,
			struct err *err)
{
	if (change(req, daemon, connect_fields, connect_one, err))
		return -1;
	http_reply_empty(rep, 200);
	return 0;
}

static int post_disconnect(struct http_request *req, struct http_reply *rep, void *daemon,
			   struct err *err)
{
	if (change(req, daemon, disconnect_fields, disconnect_one, err))
		return -1;
	http_reply_empty(rep, 200);
	return 0;
}

const struct http_route dockerd_network_routes[] = {
	{ "GET", "/networks", get_list },
	{ "GET", "/networks/", get_list },
	{ "POST", "/networks/create", post_create },
	{ "POST", "/networks/prune", post_prune },
	{ "GET", "/networks/{id}", get_one },
	{ "DELETE", "/networks/{id}", delete_one },
	{ "POST", "/networks/{id}/connect", post_connect },
	{ "POST", "/networks/{id}/disconnect", post_disconnect },
	{ NULL },
};
