/*
 * inspect.c - GET /containers/{id}/json.
 */
#include "inspect.h"

#include <arpa/inet.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "exec.h"
#include "mounts.h"

/* What both NetworkSettings and each of its Networks say about an endpoint; all of it
 * empty where there is none. */
static json_t *addresses(const struct daemon *d, const struct endpoint *ep)
{
	char ip[INET_ADDRSTRLEN] = "", gateway[INET_ADDRSTRLEN] = "", mac[18] = "";

	if (ep) {
		inet_ntop(AF_INET, &ep->ip, ip, sizeof ip);
		inet_ntop(AF_INET, &d->net->gateway, gateway, sizeof gateway);
		dockerd_mac_text(ep->mac, mac);
	}
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:i, s:s, s:s}", "EndpointID", ep ? ep->id : "",
			 "Gateway", gateway, "GlobalIPv6Address", "", "GlobalIPv6PrefixLen", 0,
			 "IPAddress", ip, "IPPrefixLen", ep ? (int)d->net->prefix : 0,
			 "IPv6Gateway", "", "MacAddress", mac);
}

json_t *dockerd_inspect_networks(const struct daemon *d, const struct container *c)
{
	int kind = dockerd_network_kind(jsonx_str(c->host, "NetworkMode", ""));
	json_t *one;

	if (kind < 0)
		return json_object(); /* another container's */
	one = json_pack("{s:n, s:n, s:n, s:n, s:i, s:s, s:n}", "IPAMConfig", "Links", "Aliases",
			"DriverOpts", "GwPriority", 0, "NetworkID", d->net->ids[kind], "DNSNames");
	json_object_update_new(one, addresses(d, c->endpoint));
	return json_pack("{s:o}", dockerd_network_names[kind], one);
}

static json_t *network_settings(struct daemon *d, const struct container *c)
{
	const struct endpoint *ep = c->endpoint;
	const json_t *exposed = ep ? json_object_get(c->config, "ExposedPorts") : NULL;
	json_t *s = json_pack("{s:s, s:s, s:s, s:o, s:b, s:s, s:i, s:n, s:n}", "Bridge", "",
			      "SandboxID", ep ? ep->sandbox : "", "SandboxKey", "", "Ports",
			      dockerd_ports_inspect(ep ? &ep->ports : NULL, exposed), "HairpinMode",
			      0, "LinkLocalIPv6Address", "", "LinkLocalIPv6PrefixLen", 0,
			      "SecondaryIPAddresses", "SecondaryIPv6Addresses");

	if (c->st.running && c->st.pid)
		json_object_set_new(s, "SandboxKey",
				    json_sprintf("/proc/%d/ns/net", (int)c->st.pid));
	json_object_update_new(s, addresses(d, ep));
	json_object_set_new(s, "Networks", dockerd_inspect_networks(d, c));
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
	bool none = !strcmp(json_string_value(jsonx_at(c->host, "LogConfig.Type")), "none");

	set_path(doc, "ResolvConfPath", d, c, "resolv.conf");
	set_path(doc, "HostnamePath", d, c, "hostname");
	set_path(doc, "HostsPath", d, c, "hosts");
	json_object_set_new(doc, "LogPath", json_string(none ? "" : log));
}

json_t *dockerd_inspect(struct daemon *d, struct container *c)
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
	json_object_set_new(doc, "GraphDriver",
			    json_pack("{s:n, s:s}", "Data", "Name", "overlayfs"));
	json_object_set_new(doc, "Mounts", dockerd_mounts_inspect(c->mounts));
	json_object_set_new(doc, "Config", json_deep_copy(c->config));
	json_object_set_new(doc, "NetworkSettings", network_settings(d, c));
	dockerd_unlock(d);
	json_decref(args);
	return doc;
}

/* The snapshot's size as containerd counts it; 0 when it cannot tell. */
static void add_sizes(struct daemon *d, const struct container *c, json_t *doc)
{
	AUTO_FREE char *path = xasprintf("/v1/snapshots/%s/usage", c->id);
	struct err ignored;
	AUTO_JSON json_t *usage = ctrd_call(d->ctrd, "GET", path, NULL, &ignored);

	json_object_set_new(doc, "SizeRw", json_integer(jsonx_int(usage, "size", 0)));
	json_object_set_new(doc, "SizeRootFs", json_integer(jsonx_int(usage, "size", 0)));
}

static int get_inspect(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	struct container *c = dockerd_api_container(daemon, req, err);
	json_t *doc;

	if (!c)
		return -1;
	doc = dockerd_inspect(daemon, c);
	if (http_query_bool(req, "size", 0))
		add_sizes(daemon, c, doc);
	dockerd_container_put(daemon, c);
	http_reply_json(rep, 200, doc);
	return 0;
}

const struct http_route dockerd_inspect_routes[] = {
	{ "GET", "/containers/{id}/json", get_inspect },
	{ NULL },
};
