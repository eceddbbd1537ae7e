/*
 * network_make.c - the body of POST /networks/create, checked, and completed with subnets
 * that nothing overlaps. What its options mean is network_options.c's.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "create.h"
#include "network.h"

static const struct field fields[] = {
	{ "Name", 's', true, "\"\"" },
	{ "CheckDuplicate", 'b', true, "false" }, /* names are unique in any case */
	{ "Driver", 's', true, "\"bridge\"" },
	{ "Scope", 's', true, "\"local\"" },
	{ "Internal", 'b', true, "false" },
	{ "Attachable", 'b', true, "false" },
	{ "Ingress", 'b', false, "false" },
	{ "ConfigOnly", 'b', false, "false" },
	{ "ConfigFrom", 'o', false, "{\"Network\":\"\"}" },
	{ "EnableIPv4", 'b', true, "true" },
	{ "EnableIPv6", 'b', true, "false" },
	{ "IPAM", 'o', true, "{}" },
	{ "Options", 'o', true, "{}" },
	{ "Labels", 'o', true, "{}" },
	{ NULL },
};
static const struct field ipam_fields[] = {
	{ "Driver", 's', true, "\"default\"" },
	{ "Options", 'o', false, "null" },
	{ "Config", 'a', true, "[]" },
	{ NULL },
};
static const struct field config_fields[] = {
	{ "Subnet", 's', true, "\"\"" },
	{ "IPRange", 's', true, "\"\"" },
	{ "Gateway", 's', true, "\"\"" },
	{ "AuxiliaryAddresses", 'o', true, "{}" },
	{ NULL },
};

/* --- checks ---------------------------------------------------------------------------- */

static int check_name(const char *name, struct err *err)
{
	if (!*name)
		return err_set(err, ERR_INVALID, "network name cannot be empty");
	if (dockerd_network_kind(name) >= 0)
		return err_set(err, ERR_PERMISSION, "operation is not permitted on predefined %s network ",
			       name);
	if (!dockerd_name_valid(name) && (name[1] || !isalnum((unsigned char)*name)))
		return err_set(err, ERR_INVALID,
			       "invalid network name \"%s\": only [a-zA-Z0-9][a-zA-Z0-9_.-] are "
			       "allowed",
			       name);
	return 0;
}

static int check_driver(const json_t *body, struct err *err)
{
	const char *driver = jsonx_str(body, "Driver", ""), *scope = jsonx_str(body, "Scope", "");

	if (!strcmp(driver, "host") || !strcmp(driver, "null"))
		return err_set(err, ERR_PERMISSION, "only one instance of \"%s\" network is allowed",
			       driver);
	if (!strcmp(driver, "overlay") || !strcmp(scope, "swarm"))
		return err_set(err, ERR_UNAVAILABLE,
			       "This node is not a swarm manager. Use \"docker swarm init\" or "
			       "\"docker swarm join\" to connect this node to swarm and try again.");
	if (strcmp(driver, "bridge") && strcmp(driver, "macvlan") && strcmp(driver, "ipvlan"))
		return err_set(err, ERR_NOT_FOUND, "plugin \"%s\" not found", driver);
	if (*scope && strcmp(scope, "local"))
		return err_set(err, ERR_INVALID, "invalid scope: %s", scope);
	return 0;
}

static int check_strings(const json_t *body, const char *key, struct err *err)
{
	json_t *v;
	const char *name;

	json_object_foreach(json_object_get(body, key), name, v)
		if (!json_is_string(v))
			return err_set(err, ERR_INVALID, "%s.%s: expected a string", key, name);
	return 0;
}

/* --- subnets ------------------------------------------------------------------------------ */

/* Of fd00::/8, with 40 bits that are this engine's own (RFC 4193). */
static bool candidate6(const struct networks *all, unsigned long index, struct kern_addr *out)
{
	*out = (struct kern_addr){ .family = AF_INET6, .prefix = 64 };
	out->ip.v6.s6_addr[0] = 0xfd;
	for (int i = 0; i < 5; i++)
		sscanf(all->builtin[NET_BRIDGE]->id + 2 * i, "%2hhx", &out->ip.v6.s6_addr[1 + i]);
	out->ip.v6.s6_addr[6] = (uint8_t)(index >> 8);
	out->ip.v6.s6_addr[7] = (uint8_t)index;
	return index < 65536;
}

static bool candidate(const struct networks *all, int family, unsigned long i,
		      struct kern_addr *out)
{
	if (dockerd_ipam_candidate(&all->pools, family, i, out))
		return true;
	return family == AF_INET6 && !dockerd_ipam_candidate(&all->pools, family, 0, out) &&
	       candidate6(all, i, out);
}

static bool is_used(struct networks *all, const struct kern_addr *subnet)
{
	bool used = false;

	pthread_mutex_lock(&all->lock);
	for (struct network *n = all->list; n && !used; n = n->next)
		used = dockerd_ipam_overlap(&n->pool, subnet) ||
		       dockerd_ipam_overlap(&n->pool6, subnet);
	pthread_mutex_unlock(&all->lock);
	return used;
}

static int choose(struct networks *all, int family, json_t *config, struct err *err)
{
	char text[ADDR_TEXT_SIZE];
	struct kern_addr subnet;

	for (unsigned long i = 0; candidate(all, family, i, &subnet); i++) {
		bool overlaps = is_used(all, &subnet);

		if (!overlaps && kern_route_overlaps(&subnet, &overlaps, err))
			return -1;
		if (overlaps)
			continue;
		json_array_append_new(config, json_pack("{s:s}", "Subnet",
							dockerd_addr_prefix_text(&subnet, text)));
		return 0;
	}
	return err_set(err, ERR_PERMISSION,
		       "could not find an available, non-overlapping IPv%d address pool among the "
		       "defaults to assign to the network",
		       family == AF_INET ? 4 : 6);
}

/* One row as asked for: empty members go, as they do in Go. */
static int take_row(json_t *rows, const json_t *given, bool *v4, bool *v6, struct err *err)
{
	static const char *const optional[] = { "IPRange", "Gateway", "AuxiliaryAddresses" };
	json_t *row = dockerd_normalise(given, config_fields, "IPAM.Config.", err);
	const char *subnet;

	if (!row)
		return -1;
	json_array_append_new(rows, row);
	for (size_t i = 0; i < sizeof optional / sizeof *optional; i++)
		if (dockerd_is_empty(json_object_get(row, optional[i])))
			json_object_del(row, optional[i]);
	if (check_strings(row, "AuxiliaryAddresses", err))
		return -1;
	subnet = jsonx_str(row, "Subnet", "");
	if (!*subnet && json_object_size(row) == 1)
		return json_array_remove(rows, json_array_size(rows) - 1);
	if (!*subnet)
		return err_set(err, ERR_INVALID, "invalid network config:\n"
						 "every ip-range or gateway must have a corresponding subnet");
	*(strchr(subnet, ':') ? v6 : v4) = true;
	return 0;
}

static json_t *make_config(struct networks *all, const json_t *body, const json_t *ipam,
			   struct err *err)
{
	AUTO_JSON json_t *rows = json_array();
	bool v4 = false, v6 = false, want6 = jsonx_bool(body, "EnableIPv6", false);
	json_t *given;
	size_t i;

	json_array_foreach(json_object_get(ipam, "Config"), i, given)
		if (take_row(rows, given, &v4, &v6, err))
			return NULL;
	if (v6 && !want6) {
		err_set(err, ERR_INVALID, "invalid network config:\nIPv6 subnet given, but "
					  "EnableIPv6 is not set");
		return NULL;
	}
	if (v4 && !jsonx_bool(body, "EnableIPv4", true)) {
		err_set(err, ERR_INVALID, "invalid network config:\nIPv4 subnet given, but "
					  "EnableIPv4 is false");
		return NULL;
	}
	if (!v4 && jsonx_bool(body, "EnableIPv4", true) && choose(all, AF_INET, rows, err))
		return NULL;
	if (!v6 && want6 && choose(all, AF_INET6, rows, err))
		return NULL;
	return steal_ptr(&rows);
}

/* --- the whole ------------------------------------------------------------------------------- */

static json_t *document(struct networks *all, const json_t *body, struct err *err)
{
	AUTO_JSON json_t *ipam = dockerd_normalise(json_object_get(body, "IPAM"), ipam_fields,
						   "IPAM.", err);
	char id[ID_SIZE], now[TIME_TEXT_SIZE];
	const char *driver = jsonx_str(ipam, "Driver", "");
	json_t *config;

	if (!ipam)
		return NULL;
	if (*driver && strcmp(driver, "default")) {
		err_set(err, ERR_INVALID, "invalid ipam driver: %s", driver);
		return NULL;
	}
	config = make_config(all, body, ipam, err);
	if (!config)
		return NULL;
	dockerd_random_id(id);
	return json_pack("{s:O, s:s, s:s, s:s, s:s, s:O, s:O, s:{s:s, s:O, s:o}, s:O, s:O, s:b, "
			 "s:{s:s}, s:b, s:{}, s:O, s:O}",
			 "Name", json_object_get(body, "Name"), "Id", id, "Created",
			 time_now_text(now), "Scope", "local", "Driver",
			 jsonx_str(body, "Driver", ""), "EnableIPv4",
			 json_object_get(body, "EnableIPv4"), "EnableIPv6",
			 json_object_get(body, "EnableIPv6"), "IPAM", "Driver", "default",
			 "Options", json_object_get(ipam, "Options"), "Config", config, "Internal",
			 json_object_get(body, "Internal"), "Attachable",
			 json_object_get(body, "Attachable"), "Ingress", 0, "ConfigFrom", "Network",
			 "", "ConfigOnly", 0, "Containers", "Options", json_object_get(body, "Options"), "Labels",
			 json_object_get(body, "Labels"));
}

struct network *dockerd_network_make(struct networks *all, const json_t *given, struct err *err)
{
	AUTO_JSON json_t *body = dockerd_normalise(given, fields, "", err);
	AUTO_JSON json_t *doc = NULL;

	if (!body)
		return NULL;
	if (!*jsonx_str(body, "Driver", ""))
		json_object_set_new(body, "Driver", json_string("bridge"));
	if (check_name(jsonx_str(body, "Name", ""), err) || check_driver(body, err) ||
	    check_strings(body, "Labels", err) || check_strings(body, "Options", err))
		return NULL;
	if (!jsonx_bool(body, "EnableIPv4", true) && !jsonx_bool(body, "EnableIPv6", false)) {
		err_set(err, ERR_INVALID, "IPv4 or IPv6 must be enabled");
		return NULL;
	}
	doc = document(all, body, err);
	return doc ? dockerd_network_from_doc(doc, err) : NULL;
}
