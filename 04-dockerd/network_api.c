/*
 * network_api.c - GET /networks and /networks/{id}: the three networks there are.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "filters.h"
#include "network.h"

static json_t *ipam(const struct network *net, int kind)
{
	json_t *config = json_array();
	char subnet[INET_ADDRSTRLEN], gateway[INET_ADDRSTRLEN];
	struct in_addr network;

	if (kind == NET_BRIDGE && net->bridge[0]) {
		network.s_addr = htonl(net->pool.network);
		inet_ntop(AF_INET, &network, subnet, sizeof subnet);
		inet_ntop(AF_INET, &net->gateway, gateway, sizeof gateway);
		json_array_append_new(config, json_pack("{s:o, s:s}", "Subnet",
							json_sprintf("%s/%u", subnet, net->prefix),
							"Gateway", gateway));
	}
	return json_pack("{s:s, s:n, s:o}", "Driver", "default", "Options", "Config", config);
}

static json_t *options(const struct network *net, int kind)
{
	if (kind != NET_BRIDGE)
		return json_object();
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}",
			 "com.docker.network.bridge.default_bridge", "true",
			 "com.docker.network.bridge.enable_icc", "true",
			 "com.docker.network.bridge.enable_ip_masquerade", "true",
			 "com.docker.network.bridge.host_binding_ipv4", "0.0.0.0",
			 "com.docker.network.bridge.name", net->bridge,
			 "com.docker.network.driver.mtu", "1500");
}

/* Those that run on it. daemon.lock held. */
static json_t *members(const struct daemon *d, int kind)
{
	json_t *out = json_object();

	for (struct container *c = d->containers; c; c = c->next) {
		const struct endpoint *ep = c->endpoint;
		char ip[INET_ADDRSTRLEN] = "", mac[18] = "";
		json_t *one;

		if (!c->st.running ||
		    dockerd_network_kind(jsonx_str(c->host, "NetworkMode", "")) != kind)
			continue;
		if (ep) {
			inet_ntop(AF_INET, &ep->ip, ip, sizeof ip);
			dockerd_mac_text(ep->mac, mac);
		}
		one = json_pack("{s:s, s:s, s:s, s:o, s:s}", "Name", c->name, "EndpointID",
				ep ? ep->id : "", "MacAddress", mac, "IPv4Address",
				ep ? json_sprintf("%s/%u", ip, d->net->prefix) : json_string(""),
				"IPv6Address", "");
		json_object_set_new(out, c->id, one);
	}
	return out;
}

static json_t *inspect(struct daemon *d, int kind, bool with_members)
{
	static const char *const drivers[] = { "bridge", "host", "null" };
	struct network *net = d->net;
	json_t *doc;

	dockerd_lock(d);
	doc = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:o, s:b, s:b, s:b, s:{s:s}, s:b, "
			"s:o, s:o, s:{}}",
			"Name", dockerd_network_names[kind], "Id", net->ids[kind], "Created",
			net->created, "Scope", "local", "Driver", drivers[kind], "EnableIPv4", 1,
			"EnableIPv6", 0, "IPAM", ipam(net, kind), "Internal", 0, "Attachable", 0,
			"Ingress", 0, "ConfigFrom", "Network", "", "ConfigOnly", 0, "Containers",
			with_members ? members(d, kind) : json_object(), "Options",
			options(net, kind), "Labels");
	dockerd_unlock(d);
	return doc;
}

static bool begins(const char *value, const void *arg)
{
	return str_starts(arg, value);
}

static bool contains(const char *value, const void *arg)
{
	return strstr(arg, value) != NULL;
}

static int get_list(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	static const char *const known[] = { "name", "id",    "driver",	  "scope",
					     "type", "label", "dangling", NULL };
	AUTO_JSON json_t *f = dockerd_filters_parse(http_query(req, "filters"), known, err);
	json_t *list = json_array();

	if (!f) {
		json_decref(list);
		return -1;
	}
	for (int kind = 0; kind < NET_KINDS; kind++) {
		json_t *n = inspect(daemon, kind, false);

		if (dockerd_filter_any(f, "name", contains, jsonx_str(n, "Name", "")) &&
		    dockerd_filter_any(f, "id", begins, jsonx_str(n, "Id", "")) &&
		    dockerd_filter_equal(f, "driver", jsonx_str(n, "Driver", "")) &&
		    dockerd_filter_equal(f, "scope", "local") &&
		    dockerd_filter_equal(f, "type", "builtin") &&
		    dockerd_filter_equal(f, "dangling", "false") && !json_object_get(f, "label"))
			json_array_append(list, n);
		json_decref(n);
	}
	http_reply_json(rep, 200, list);
	return 0;
}

static int get_one(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct daemon *d = daemon;
	const char *ref = http_param(req, "id");
	const char *scope = http_query(req, "scope");

	for (int kind = 0; kind < NET_KINDS && (!scope || !*scope || !strcmp(scope, "local"));
	     kind++) {
		if (strcmp(ref, dockerd_network_names[kind]) &&
		    (!*ref || !str_starts(d->net->ids[kind], ref)))
			continue;
		http_reply_json(rep, 200, inspect(d, kind, true));
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND, "network %s not found", ref);
}

const struct http_route dockerd_network_routes[] = {
	{ "GET", "/networks", get_list },
	{ "GET", "/networks/{id}", get_one },
	{ NULL },
};
