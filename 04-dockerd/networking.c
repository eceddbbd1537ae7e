/*
 * networking.c - which networks a container is to be on, and how: the NetworkingConfig of
 * a request to create, checked, as {network's name: EndpointSettings}. See network.h.
 */
#include <arpa/inet.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "create.h"
#include "network.h"

static const struct field networking_fields[] = {
	{ "EndpointsConfig", 'o', true, "null" },
	{ NULL },
};
static const struct field settings_fields[] = {
	{ "IPAMConfig", 'o', true, "null" },
	{ "Links", 'l', true, "null" },
	{ "Aliases", 'l', true, "null" },
	{ "MacAddress", 's', true, "\"\"" },
	{ "DriverOpts", 'o', true, "null" },
	{ "GwPriority", 'i', true, "0" },
	/* What inspect shows, and clients send back: Docker takes no notice of it either. */
	{ "NetworkID", 's', true, "\"\"" },
	{ "EndpointID", 's', true, "\"\"" },
	{ "Gateway", 's', true, "\"\"" },
	{ "IPAddress", 's', true, "\"\"" },
	{ "IPPrefixLen", 'i', true, "0" },
	{ "IPv6Gateway", 's', true, "\"\"" },
	{ "GlobalIPv6Address", 's', true, "\"\"" },
	{ "GlobalIPv6PrefixLen", 'i', true, "0" },
	{ "DNSNames", 'l', true, "null" },
	{ NULL },
};
static const struct field ipam_fields[] = {
	{ "IPv4Address", 's', true, "\"\"" },
	{ "IPv6Address", 's', true, "\"\"" },
	{ "LinkLocalIPs", 'l', true, "null" },
	{ NULL },
};

static int check_address(const json_t *ipam, const char *key, int family, struct err *err)
{
	const char *text = jsonx_str(ipam, key, "");
	struct in6_addr ignored;

	if (*text && inet_pton(family, text, &ignored) != 1)
		return err_set(err, ERR_INVALID, "invalid IPv%d address: %s",
			       family == AF_INET ? 4 : 6, text);
	return 0;
}

static int check_link_local(const json_t *ipam, struct err *err)
{
	struct kern_addr ignored;
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(ipam, "LinkLocalIPs"), i, v)
		if (!dockerd_addr_parse(json_string_value(v), &ignored))
			return err_set(err, ERR_INVALID, "invalid link-local IP address: %s",
				       json_string_value(v));
	return 0;
}

static int take_ipam(json_t *settings, const json_t *given, const char *where, struct err *err)
{
	AUTO_FREE char *name = xasprintf("%sIPAMConfig.", where);
	json_t *ipam, *part = json_object_get(given, "IPAMConfig");

	if (!part || json_is_null(part))
		return 0;
	ipam = dockerd_normalise(part, ipam_fields, name, err);
	if (!ipam)
		return -1;
	json_object_set_new(settings, "IPAMConfig", ipam);
	for (size_t i = 0; ipam_fields[i].name; i++)
		if (dockerd_is_empty(json_object_get(ipam, ipam_fields[i].name)))
			json_object_del(ipam, ipam_fields[i].name);
	return check_address(ipam, "IPv4Address", AF_INET, err) ||
			       check_address(ipam, "IPv6Address", AF_INET6, err) ||
			       check_link_local(ipam, err)
		       ? -1
		       : 0;
}

static int check_links(const json_t *settings, struct err *err)
{
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(settings, "Links"), i, v)
		if (!*json_string_value(v) || *json_string_value(v) == ':')
			return err_set(err, ERR_INVALID, "bad format for links: %s",
				       json_string_value(v));
	return 0;
}

json_t *dockerd_endpoint_settings(const json_t *given, const char *where, struct err *err)
{
	AUTO_JSON json_t *all = dockerd_normalise(json_is_null(given) ? NULL : given,
						  settings_fields, where, err);
	AUTO_JSON json_t *out = json_object();
	uint8_t mac[6];

	if (!all)
		return NULL;
	for (size_t i = 0; strcmp(settings_fields[i].name, "NetworkID"); i++)
		json_object_set(out, settings_fields[i].name,
				json_object_get(all, settings_fields[i].name));
	if (take_ipam(out, given, where, err) || check_links(out, err) ||
	    dockerd_endpoint_check_options(out, err))
		return NULL;
	if (*jsonx_str(out, "MacAddress", "") &&
	    !dockerd_mac_parse(jsonx_str(out, "MacAddress", ""), mac)) {
		err_set(err, ERR_INVALID, "invalid MAC address: %s",
			jsonx_str(out, "MacAddress", ""));
		return NULL;
	}
	return json_deep_copy(out);
}

/* --- a request to create ---------------------------------------------------------------- */

static int take_endpoints(struct daemon *d, json_t *out, json_t *endpoints, struct err *err)
{
	const char *key;
	json_t *given;

	json_object_foreach(endpoints, key, given) {
		AUTO_FREE char *name = dockerd_network_name(d->net, key);
		AUTO_FREE char *where =
			xasprintf("NetworkingConfig.EndpointsConfig.%s.", key);
		json_t *settings = dockerd_endpoint_settings(given, where, err);

		if (!settings)
			return -1;
		json_object_set_new(out, name, settings);
	}
	return 0;
}

/* "a, b": as Docker lists them. */
static int refuse_several(json_t *endpoints, struct err *err)
{
	AUTO_STRBUF struct strbuf names = STRBUF_INIT;
	const char *key;
	json_t *v;

	json_object_foreach(endpoints, key, v)
		strbuf_addf(&names, "%s%s", names.len ? ", " : "", key);
	return err_set(err, ERR_INVALID, "Container cannot be connected to network endpoints: %s",
		       names.data);
}

/* Host, none and another container's network stand alone. */
static int check_alone(const json_t *out, const char *mode, struct err *err)
{
	const char *key;
	json_t *v;

	if (dockerd_network_kind(mode) != NET_HOST && dockerd_network_kind(mode) != NET_NONE &&
	    !str_starts(mode, "container:"))
		mode = NULL;
	json_object_foreach((json_t *)out, key, v) {
		bool alone = !strcmp(key, "host") || !strcmp(key, "none");

		if ((mode && strcmp(key, mode)) || (!mode && alone && json_object_size(out) > 1))
			return err_set(err, ERR_INVALID,
				       "conflicting options: cannot attach both user-defined and "
				       "non-user-defined network-modes");
	}
	return 0;
}

/* The two settings of the container that mean its first network. */
static void add_own(json_t *settings, const json_t *config, const json_t *host, bool builtin)
{
	json_t *mac = json_object_get(config, "MacAddress"), *links = json_object_get(host, "Links");

	if (json_string_length(mac) && !json_string_length(json_object_get(settings, "MacAddress")))
		json_object_set(settings, "MacAddress", mac);
	/* On the default bridge they are lines of /etc/hosts (links.c). */
	if (!builtin && json_array_size(links) &&
	    !json_array_size(json_object_get(settings, "Links")))
		json_object_set(settings, "Links", links);
}

json_t *dockerd_networking_make(struct daemon *d, const json_t *networking, const json_t *config,
				const json_t *host, bool several, struct err *err)
{
	const char *mode = jsonx_str(host, "NetworkMode", "");
	AUTO_JSON json_t *checked = dockerd_normalise(json_is_null(networking) ? NULL : networking,
						      networking_fields, "NetworkingConfig.", err);
	json_t *endpoints = json_object_get(checked, "EndpointsConfig");
	AUTO_FREE char *first = dockerd_network_name(d->net, mode);
	AUTO_JSON json_t *given = json_object(), *out = json_object();
	bool unsaid = !strcmp(mode, "default") || !*mode;

	if (!checked)
		return NULL;
	if (json_object_size(endpoints) > 1 && !several) {
		refuse_several(endpoints, err);
		return NULL;
	}
	if (take_endpoints(d, given, endpoints, err) || check_alone(given, first, err))
		return NULL;
	if (str_starts(mode, "container:") || jsonx_bool(config, "NetworkDisabled", false))
		return steal_ptr(&out);
	/* The first network is plugged first: it is eth0. */
	if (!unsaid || !json_object_size(given) || json_object_get(given, first)) {
		json_t *settings = json_object_get(given, first);

		json_object_set_new(out, first,
				    settings ? json_incref(settings)
					     : dockerd_endpoint_settings(NULL, "", err));
	}
	json_object_update_missing(out, given);
	if (json_object_get(out, first))
		add_own(json_object_get(out, first), config, host,
			dockerd_network_kind(first) >= 0);
	return steal_ptr(&out);
}
