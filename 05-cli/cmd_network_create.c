/*
 * cmd_network_create.c - docker network create.
 *
 * --subnet may be given several times, and so may --ip-range, --gateway and
 * --aux-address; nothing says which belongs to which. An address belongs to the
 * subnet that it lies in.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "value.h"
#include "verbs.h"

struct options {
	json_t *body;
	struct strlist subnets, ranges, gateways, others;
	const char *from;
};

#define AT(field) offsetof(struct options, field)
#define BODY AT(body)
static const struct cli_flag flags[] = {
	{ 0, "attachable", CLI_BOOL, BODY, "Enable manual container attachment", "Attachable" },
	{ 0, "aux-address", CLI_MAP, AT(others), "Auxiliary IPv4 or IPv6 addresses used by Network driver",
	  .shown = "map[]" },
	{ 0, "config-from", CLI_STRING, AT(from), "The network from which to copy the configuration" },
	{ 0, "config-only", CLI_BOOL, BODY, "Create a configuration only network", "ConfigOnly" },
	{ 'd', "driver", CLI_STRING, BODY, "Driver to manage the Network", "Driver", .shown = "\"bridge\"" },
	{ 0, "gateway", CLI_STRINGS, AT(gateways), "IPv4 or IPv6 Gateway for the master subnet" },
	{ 0, "ingress", CLI_BOOL, BODY, "Create swarm routing-mesh network", "Ingress" },
	{ 0, "internal", CLI_BOOL, BODY, "Restrict external access to the network", "Internal" },
	{ 0, "ip-range", CLI_STRINGS, AT(ranges), "Allocate container ip from a sub-range" },
	{ 0, "ipam-driver", CLI_STRING, BODY, "IP Address Management Driver", "IPAM.Driver", .shown = "\"default\"" },
	{ 0, "ipam-opt", CLI_MAP, BODY, "Set IPAM driver specific options", "IPAM.Options", .shown = "map[]" },
	{ 0, "ipv4", CLI_BOOL, BODY, "Enable or disable IPv4 address assignment", "EnableIPv4", .api = "1.48",
	  .shown = "true" },
	{ 0, "ipv6", CLI_BOOL, BODY, "Enable or disable IPv6 address assignment", "EnableIPv6" },
	{ 0, "label", CLI_MAP, BODY, "Set metadata on a network", "Labels", .type = "list" },
	{ 'o', "opt", CLI_MAP, BODY, "Set driver specific options", "Options", .shown = "map[]" },
	{ 0, "scope", CLI_STRING, BODY, "Control the network's scope", "Scope" },
	{ 0, "subnet", CLI_STRINGS, AT(subnets), "Subnet in CIDR format that represents a network segment" },
	{ 0 },
};

/* An address, or a range of them: the first `bits` count. */
struct range {
	int family;
	unsigned char bytes[16];
	int bits;
};

static bool parse_range(const char *text, struct range *r)
{
	size_t n = strcspn(text, "/");
	AUTO_FREE char *address = xstrndup(text, n);
	char *end;

	r->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(r->family, address, r->bytes) != 1)
		return false;
	int most = r->family == AF_INET ? 32 : 128;
	r->bits = text[n] ? (int)strtol(text + n + 1, &end, 10) : most;
	return !text[n] || (end != text + n + 1 && !*end && r->bits >= 0 && r->bits <= most);
}

static bool contains(const struct range *outer, const struct range *inner)
{
	if (outer->family != inner->family || outer->bits > inner->bits)
		return false;
	for (int i = 0; i < outer->bits; i++)
		if ((outer->bytes[i / 8] ^ inner->bytes[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

/* The subnet's entry that `text` lies in, borrowed; NULL with err. */
static json_t *subnet_of(json_t *config, const char *text, const char *what, struct err *err)
{
	struct range r, subnet;
	json_t *entry;
	size_t i;

	if (!parse_range(text, &r)) {
		err_set(err, ERR_INVALID, "invalid %s: %s", what, text);
		return NULL;
	}
	json_array_foreach(config, i, entry)
		if (parse_range(jsonx_str(entry, "Subnet", ""), &subnet) && contains(&subnet, &r))
			return entry;
	err_set(err, ERR_INVALID, "no matching subnet for %s %s", what, text);
	return NULL;
}

static int add_subnets(const struct strlist *subnets, json_t *config, struct err *err)
{
	struct range r, other;
	json_t *entry;
	size_t k;

	for (size_t i = 0; i < subnets->n; i++) {
		if (!parse_range(subnets->v[i], &r) || !strchr(subnets->v[i], '/'))
			return err_set(err, ERR_INVALID, "invalid CIDR address: %s", subnets->v[i]);
		json_array_foreach(config, k, entry)
			if (parse_range(jsonx_str(entry, "Subnet", ""), &other) &&
			    (contains(&other, &r) || contains(&r, &other)))
				return err_set(err, ERR_INVALID, "multiple overlapping subnet configuration is not supported");
		json_array_append_new(config, json_pack("{s:s}", "Subnet", subnets->v[i]));
	}
	return 0;
}

/* Each into the entry of its subnet, as `field`, of which an entry has one. */
static int add_field(const struct strlist *values, json_t *config, const char *field, const char *what,
		     struct err *err)
{
	for (size_t i = 0; i < values->n; i++) {
		json_t *entry = subnet_of(config, values->v[i], what, err);
		if (!entry)
			return -1;
		if (json_object_get(entry, field))
			return err_set(err, ERR_INVALID, "cannot configure multiple %ss (%s, %s) on the same subnet", what,
				       values->v[i], jsonx_str(entry, field, ""));
		json_object_set_new(entry, field, json_string(values->v[i]));
	}
	return 0;
}

static int add_others(const struct strlist *others, json_t *config, struct err *err)
{
	for (size_t i = 0; i < others->n; i++) {
		const char *equals = strchr(others->v[i], '=');
		if (!equals)
			return err_set(err, ERR_INVALID, "invalid aux-address: %s: expected NAME=ADDRESS", others->v[i]);
		json_t *entry = subnet_of(config, equals + 1, "aux-address", err);
		if (!entry)
			return -1;
		AUTO_FREE char *name = xstrndup(others->v[i], (size_t)(equals - others->v[i]));
		json_object_set_new(cli_object_at(entry, "AuxiliaryAddresses"), name, json_string(equals + 1));
	}
	return 0;
}

static int put_addresses(struct options *o, struct err *err)
{
	json_t *ipam = cli_object_at(o->body, "IPAM"), *config = json_array();

	json_object_set_new(ipam, "Config", config);
	if (!json_object_get(ipam, "Driver"))
		json_object_set_new(ipam, "Driver", json_string("default"));
	if (o->subnets.n < o->ranges.n || o->subnets.n < o->gateways.n)
		return err_set(err, ERR_INVALID, "every ip-range or gateway must have a corresponding subnet");
	if (add_subnets(&o->subnets, config, err) || add_field(&o->ranges, config, "IPRange", "range", err) ||
	    add_field(&o->gateways, config, "Gateway", "gateway", err))
		return -1;
	return add_others(&o->others, config, err);
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct options *o = options;
	AUTO_JSON json_t *created = NULL;

	(void)n;
	o->body = o->body ? o->body : json_object();
	json_object_set_new(o->body, "Name", json_string(args[0]));
	if (!json_object_get(o->body, "Driver"))
		json_object_set_new(o->body, "Driver", json_string("bridge"));
	if (o->from)
		json_object_set_new(o->body, "ConfigFrom", json_pack("{s:s}", "Network", o->from));
	if (put_addresses(o, err) || cli_api_call(&cli->api, "POST", "/networks/create", o->body, &created, err))
		return -1;
	if (*jsonx_str(created, "Warning", ""))
		cli_complain("WARNING: %s", jsonx_str(created, "Warning", ""));
	puts(jsonx_str(created, "Id", ""));
	return 0;
}

const struct cli_command cli_cmd_network_create = {
	.usage = "[OPTIONS] NETWORK", .summary = "Create a network", .min = 1, .max = 1,
	.options_size = sizeof(struct options), .flags = flags, .run = run,
};
