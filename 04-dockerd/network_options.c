/*
 * network_options.c - a network's document (the API's shape) becomes a struct network: what
 * the driver's options mean, and the addresses. See network.h.
 *
 * An option that this daemon does not know is refused: Docker's drivers pass over it in silence.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "network.h"

/* --- options ---------------------------------------------------------------------------- */

static int set_bool(bool *to, const char *key, const char *value, struct err *err)
{
	if (!strcmp(value, "true") || !strcmp(value, "1") || !strcmp(value, "t"))
		*to = true;
	else if (!strcmp(value, "false") || !strcmp(value, "0") || !strcmp(value, "f"))
		*to = false;
	else
		return err_set(err, ERR_INVALID, "failed to parse %s value: '%s' is neither true "
						 "nor false", key, value);
	return 0;
}

static int set_mtu(struct network *net, const char *value, struct err *err)
{
	char *end;
	unsigned long mtu = strtoul(value, &end, 10);

	if (end == value || *end || *value == '-' || mtu > 65535 || (mtu && mtu < 68))
		return err_set(err, ERR_INVALID, "invalid MTU: %s", value);
	net->mtu = (unsigned)mtu;
	return 0;
}

static int set_name(char *to, size_t size, const char *key, const char *value, struct err *err)
{
	if (strlen(value) >= size || strpbrk(value, "/ :\t\n") || !strcmp(value, ".") ||
	    !strcmp(value, ".."))
		return err_set(err, ERR_INVALID, "%s: '%s' cannot be the name of an interface", key,
			       value);
	strcpy(to, value);
	return 0;
}

static int option_of_bridge(struct network *net, const char *key, const char *value,
			    struct err *err)
{
	const char *word = key + strlen("com.docker.network.bridge.");
	struct in_addr ip;
	bool refused;

	if (!strcmp(word, "name"))
		return set_name(net->link, sizeof net->link, key, value, err);
	if (!strcmp(word, "enable_icc"))
		return set_bool(&net->icc, key, value, err);
	if (!strcmp(word, "enable_ip_masquerade"))
		return set_bool(&net->masquerade, key, value, err);
	if (!strcmp(word, "host_binding_ipv4")) {
		if (inet_pton(AF_INET, value, &ip) != 1)
			return err_set(err, ERR_INVALID, "failed to parse %s value: %s", key, value);
		strcpy(net->publish_on, ip.s_addr ? value : "");
		return 0;
	}
	if (str_starts(word, "gateway_mode_ipv") && !strcmp(value, "nat"))
		return 0;
	if (!strcmp(word, "default_bridge") || !strcmp(word, "inhibit_ipv4")) {
		if (set_bool(&refused, key, value, err))
			return -1;
		if (!refused)
			return 0;
	}
	return err_set(err, ERR_UNSUPPORTED, "driver option %s=%s is not supported by this daemon",
		       key, value);
}

static int take_option(struct network *net, const char *key, const char *value, struct err *err)
{
	const char *kind = net->driver == DRIVER_MACVLAN ? "macvlan" : "ipvlan";
	bool vlan = net->driver == DRIVER_MACVLAN || net->driver == DRIVER_IPVLAN;
	bool ignored;

	if (!strcmp(key, "com.docker.network.driver.mtu"))
		return set_mtu(net, value, err);
	if (!strcmp(key, "com.docker.network.container_iface_prefix"))
		return set_name(net->ifprefix, sizeof net->ifprefix, key, value, err);
	if (!strcmp(key, "com.docker.network.enable_ipv6") ||
	    !strcmp(key, "com.docker.network.enable_ipv4"))
		return set_bool(&ignored, key, value, err); /* the document says it already */
	if (net->driver == DRIVER_BRIDGE && str_starts(key, "com.docker.network.bridge."))
		return option_of_bridge(net, key, value, err);
	if (vlan && !strcmp(key, "parent"))
		return set_name(net->link, sizeof net->link, key, value, err);
	if (vlan && str_starts(key, kind) && !strcmp(key + strlen(kind), "_mode")) {
		if (kern_vlan_check(kind, value, err))
			return -1;
		strcpy(net->mode, value);
		return 0;
	}
	if (!strcmp(key, "ipvlan_flag") && net->driver == DRIVER_IPVLAN &&
	    !strcmp(value, "bridge"))
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "driver option %s is not supported by this daemon", key);
}

static int take_options(struct network *net, const json_t *options, struct err *err)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)options, key, v) {
		if (!json_is_string(v))
			return err_set(err, ERR_INVALID, "Options.%s: expected a string", key);
		if (take_option(net, key, json_string_value(v), err))
			return -1;
	}
	return 0;
}

/* --- addresses --------------------------------------------------------------------------- */

static int claim(struct ipam *pool, const char *what, const char *text, struct kern_addr *ip,
		 struct err *err)
{
	struct kern_addr subnet = dockerd_ipam_subnet(pool);
	char sub[ADDR_TEXT_SIZE];

	dockerd_addr_prefix_text(&subnet, sub);
	if (!dockerd_addr_parse(text, ip) || !dockerd_ipam_contains(pool, ip))
		return err_set(err, ERR_INVALID, "invalid %s %s: parent subnet is %s", what, text, sub);
	ip->prefix = pool->prefix;
	if (!dockerd_ipam_claim(pool, ip))
		return err_set(err, ERR_PERMISSION, "%s %s: Address already in use", what, text);
	return 0;
}

/* The first of its family, or one more: a bridge has one subnet, as it has one address. */
static struct ipam *next_pool(struct network *net, const struct kern_addr *subnet, struct err *err)
{
	struct ipam *pool = subnet->family == AF_INET ? &net->pool : &net->pool6;

	if (!pool->family)
		return pool;
	if (net->driver == DRIVER_BRIDGE)
		err_set(err, ERR_PERMISSION, "bridge driver doesn't support multiple subnets");
	else if (dockerd_ipam_overlap(pool, subnet))
		err_set(err, ERR_PERMISSION, POOL_OVERLAPS);
	else
		return dockerd_ipam_more(pool);
	return NULL;
}

/* The gateway that was chosen is part of the document: after a restart it is the same. */
static int take_config(struct network *net, json_t *row, struct err *err)
{
	const char *text = jsonx_str(row, "Subnet", ""), *range = jsonx_str(row, "IPRange", ""),
		   *gateway = jsonx_str(row, "Gateway", ""), *name;
	json_t *aux = json_object_get(row, "AuxiliaryAddresses"), *v;
	struct kern_addr subnet, within, ip, *gw;
	char chosen[ADDR_TEXT_SIZE];
	struct ipam *pool;

	if (kern_addr_parse(text, &subnet, err))
		return err_set(err, ERR_INVALID, "invalid subnet %s: invalid CIDR address", text);
	if (*range && kern_addr_parse(range, &within, err))
		return err_set(err, ERR_INVALID, "invalid ip-range %s: invalid CIDR address", range);
	pool = next_pool(net, &subnet, err);
	if (!pool || dockerd_ipam_open(pool, &subnet, *range ? &within : NULL, err))
		return -1;
	gw = pool == &net->pool ? &net->gateway : pool == &net->pool6 ? &net->gateway6 : &pool->gateway;
	json_object_foreach(aux, name, v)
		if (claim(pool, "auxiliary address", json_string_value(v), &ip, err))
			return -1;
	if (*gateway ? claim(pool, "gateway", gateway, gw, err) : dockerd_ipam_take(pool, gw, err))
		return -1;
	json_object_set_new(row, "Gateway", json_string(dockerd_addr_text(gw, chosen)));
	return 0;
}

/* --- the whole ----------------------------------------------------------------------------- */

static int driver_of(const char *name)
{
	static const char *const names[] = { "bridge", "host", "null", "macvlan", "ipvlan", NULL };

	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

static void defaults(struct network *net)
{
	net->internal = jsonx_bool(net->doc, "Internal", false);
	net->icc = net->masquerade = net->dns = true;
	strcpy(net->ifprefix, "eth");
	if (net->driver == DRIVER_BRIDGE)
		snprintf(net->link, sizeof net->link, "br-%.12s", net->id);
	else
		snprintf(net->link, sizeof net->link, "dm-%.12s", net->id);
	strcpy(net->mode, net->driver == DRIVER_IPVLAN ? "l2" : "bridge");
}

static int fill(struct network *net, struct err *err)
{
	json_t *config = jsonx_at(net->doc, "IPAM.Config"), *row;
	int driver = driver_of(jsonx_str(net->doc, "Driver", ""));
	size_t i;

	if (driver < 0 || driver == DRIVER_HOST || driver == DRIVER_NULL)
		return err_set(err, ERR_CORRUPT, "a network of a user has no driver '%s'",
			       jsonx_str(net->doc, "Driver", ""));
	net->driver = (enum net_driver)driver;
	defaults(net);
	if (take_options(net, json_object_get(net->doc, "Options"), err))
		return -1;
	/* The stand-in for a parent leads nowhere. */
	net->internal |= str_starts(net->link, "dm-") && net->driver != DRIVER_BRIDGE;
	json_array_foreach(config, i, row)
		if (take_config(net, row, err))
			return -1;
	return 0;
}

struct network *dockerd_network_from_doc(const json_t *doc, struct err *err)
{
	const char *id = jsonx_str(doc, "Id", ""), *name = jsonx_str(doc, "Name", "");
	struct network *net = xcalloc(1, sizeof *net);

	snprintf(net->id, sizeof net->id, "%s", id);
	net->name = xstrdup(name);
	net->doc = json_deep_copy(doc);
	if (strlen(id) != ID_SIZE - 1 || !dockerd_is_hex(id) || !*name)
		err_set(err, ERR_CORRUPT, "not a network's document");
	else if (!fill(net, err))
		return net;
	dockerd_network_free(net);
	return NULL;
}
