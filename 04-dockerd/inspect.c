/*
 * inspect.c - GET /containers/{id}/json.
 */
#include "inspect.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "exec.h"
#include "images.h"
#include "links.h"
#include "mounts.h"

/* What both NetworkSettings and each of its Networks say about an endpoint; all of it
 * empty where there is none. */
static json_t *addresses(const struct endpoint *ep)
{
	char ip[ADDR_TEXT_SIZE] = "", ip6[ADDR_TEXT_SIZE] = "", gateway[ADDR_TEXT_SIZE] = "",
	     gateway6[ADDR_TEXT_SIZE] = "", mac[18] = "";

	if (ep) {
		dockerd_addr_text(&ep->ip, ip);
		dockerd_addr_text(&ep->ip6, ip6);
		dockerd_mac_text(ep->mac, mac);
	}
	if (ep && !ep->net->internal) {
		struct kern_addr v4 = dockerd_endpoint_gateway(ep, AF_INET),
				 v6 = dockerd_endpoint_gateway(ep, AF_INET6);

		dockerd_addr_text(&v4, gateway);
		dockerd_addr_text(&v6, gateway6);
	}
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:i, s:s, s:s}", "EndpointID", ep ? ep->id : "",
			 "Gateway", gateway, "GlobalIPv6Address", ip6, "GlobalIPv6PrefixLen",
			 *ip6 ? (int)ep->ip6.prefix : 0, "IPAddress", ip, "IPPrefixLen",
			 *ip ? (int)ep->ip.prefix : 0, "IPv6Gateway", gateway6, "MacAddress", mac);
}

static const struct endpoint *endpoint_on(const struct container *c, const char *network)
{
	const struct endpoint *ep = c->endpoints;

	while (ep && strcmp(ep->net->name, network))
		ep = ep->sibling;
	return ep;
}

static json_t *dns_names(const struct endpoint *ep)
{
	return ep && ep->net->dns ? jsonx_strings(&ep->names) : json_null();
}

static json_t *null_if_empty(const json_t *settings, const char *key)
{
	json_t *v = json_object_get(settings, key);
	bool empty = !json_array_size(v) && !json_object_size(v);

	return empty ? json_null() : json_deep_copy(v);
}

/* The network's ID: of one that nobody is on yet, what the built-in ones have, or "". */
static const char *network_id(const struct daemon *d, const struct endpoint *ep, const char *name)
{
	int kind = dockerd_network_kind(name);

	return ep ? ep->net->id : kind >= 0 ? d->net->builtin[kind]->id : "";
}

static void add_alias(json_t *list, const char *name)
{
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (!strcmp(json_string_value(v), name))
			return;
	json_array_append_new(list, json_string(name));
}

/* Before DNSNames the names that a container has unasked were among its aliases, from its first start on. */
static json_t *aliases(const struct container *c, const char *network, const json_t *settings,
		       int minor)
{
	json_t *list = null_if_empty(settings, "Aliases");
	char id[ID_SHORT + 1];

	if (minor >= 45 || dockerd_network_kind(network) >= 0 || !strcmp(c->st.started, ZERO_TIME))
		return list;
	if (!json_is_array(list)) {
		json_decref(list);
		list = json_array();
	}
	snprintf(id, sizeof id, "%.*s", ID_SHORT, c->id);
	add_alias(list, id);
	add_alias(list, jsonx_str(c->config, "Hostname", ""));
	return list;
}

json_t *dockerd_inspect_networks(const struct daemon *d, const struct container *c, int minor)
{
	json_t *all = json_object(), *settings, *one;
	const char *name;

	json_object_foreach(c->networks, name, settings) {
		const struct endpoint *ep = endpoint_on(c, name);

		one = json_pack("{s:o, s:o, s:o, s:o, s:s}", "IPAMConfig",
				null_if_empty(settings, "IPAMConfig"), "Links",
				null_if_empty(settings, "Links"), "Aliases",
				aliases(c, name, settings, minor), "DriverOpts",
				null_if_empty(settings, "DriverOpts"), "NetworkID",
				network_id(d, ep, name));
		if (minor >= 44)
			json_object_set_new(one, "DNSNames", dns_names(ep));
		if (minor >= 48)
			json_object_set_new(one, "GwPriority",
					    json_integer(jsonx_int(settings, "GwPriority", 0)));
		json_object_update_new(one, addresses(ep));
		json_object_set_new(all, name, one);
	}
	return all;
}

/* The addresses at the top are the default bridge's: they are older than networks. */
static json_t *network_settings(struct daemon *d, const struct container *c, int minor)
{
	const struct endpoint *ep = dockerd_gateway_of(c);
	const json_t *exposed = c->endpoints ? json_object_get(c->config, "ExposedPorts") : NULL;
	json_t *s = json_pack("{s:s, s:s, s:s, s:o, s:b, s:s, s:i, s:n, s:n}", "Bridge", "",
			      "SandboxID", c->endpoints ? c->endpoints->sandbox : "", "SandboxKey",
			      "", "Ports", dockerd_ports_inspect(ep ? &ep->ports : NULL, exposed),
			      "HairpinMode", 0, "LinkLocalIPv6Address", "",
			      "LinkLocalIPv6PrefixLen", 0, "SecondaryIPAddresses",
			      "SecondaryIPv6Addresses");

	if (c->st.running && c->st.pid)
		json_object_set_new(s, "SandboxKey",
				    json_sprintf("/proc/%d/ns/net", (int)c->st.pid));
	json_object_update_new(s, addresses(endpoint_on(c, "bridge")));
	json_object_set_new(s, "Networks", dockerd_inspect_networks(d, c, minor));
	return s;
}

static void set_path(json_t *doc, const char *key, const struct daemon *d,
		     const struct container *c, const char *file)
{
	AUTO_FREE char *path = dockerd_container_path(d, c, file);

	json_object_set_new(doc, key, json_string(path));
}

static void set_files(json_t *doc, const struct daemon *d, const struct container *c)
{
	AUTO_FREE char *log = dockerd_container_log(d, c);
	/* Of other drivers the file is nobody's business, as with Docker: it may change. */
	bool shown = !strcmp(json_string_value(jsonx_at(c->host, "LogConfig.Type")), "json-file");

	set_path(doc, "ResolvConfPath", d, c, "resolv.conf");
	set_path(doc, "HostnamePath", d, c, "hostname");
	set_path(doc, "HostsPath", d, c, "hosts");
	json_object_set_new(doc, "LogPath", json_string(shown ? log : ""));
}

json_t *dockerd_inspect(struct daemon *d, struct container *c, int minor)
{
	json_t *args = dockerd_container_args(c), *doc;

	doc = json_pack("{s:s, s:s, s:O, s:O}", "Id", c->id, "Created", c->created, "Path",
			json_array_get(args, 0), "Args", args);
	json_array_remove(args, 0);
	dockerd_lock(d);
	json_object_set_new(doc, "State", dockerd_state_json(&c->st));
	json_object_set_new(doc, "Image", json_string(c->image_id));
	set_files(doc, d, c);
	json_object_set_new(doc, "Name", json_sprintf("/%s", c->name));
	json_object_set_new(doc, "RestartCount", json_integer(c->st.restarts));
	json_object_update_new(doc,
			       json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "Driver", "overlayfs",
					 "Platform", "linux", "MountLabel", "", "ProcessLabel", "",
					 "AppArmorProfile", "", "ExecIDs", dockerd_exec_ids(d, c)));
	json_object_set_new(doc, "HostConfig", dockerd_container_host(c));
	json_object_set_new(json_object_get(doc, "HostConfig"), "Links", dockerd_links_shown(d, c));
	json_object_set_new(doc, "GraphDriver",
			    json_pack("{s:n, s:s}", "Data", "Name", "overlayfs"));
	json_object_set_new(doc, "Mounts", dockerd_mounts_inspect(c->mounts));
	json_object_set_new(doc, "Config", json_deep_copy(c->config));
	json_object_set_new(doc, "NetworkSettings", network_settings(d, c, minor));
	dockerd_unlock(d);
	json_decref(args);
	return doc;
}

/* The snapshot's size as containerd counts it, 0 when it cannot tell; and with the image's. */
static void add_sizes(struct daemon *d, const struct container *c, json_t *doc)
{
	AUTO_FREE char *path = xasprintf("/v1/snapshots/%s/usage", c->id);
	struct err ignored;
	AUTO_JSON json_t *usage = ctrd_call(d->ctrd, "GET", path, NULL, &ignored);

	json_object_set_new(doc, "SizeRw", json_integer(jsonx_int(usage, "size", 0)));
	json_object_set_new(doc, "SizeRootFs",
			    json_integer(jsonx_int(usage, "size", 0) +
					 dockerd_image_size(d, c->image_id)));
}

static int get_inspect(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	struct container *c = dockerd_api_container(daemon, req, err);
	json_t *doc;

	if (!c)
		return -1;
	doc = dockerd_inspect(daemon, c, dockerd_api_minor(req));
	if (http_query_bool(req, "size", 0))
		add_sizes(daemon, c, doc);
	dockerd_container_put(daemon, c);
	http_reply_json(rep, 200, doc);
	return 0;
}

const struct http_route dockerd_inspect_routes[] = {
	{ "GET", "/containers/{id...}/json", get_inspect }, /* or by a link, "web/db" */
	{ NULL },
};
