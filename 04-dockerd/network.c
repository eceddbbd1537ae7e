/*
 * network.c - see network.h: the list of networks, and the three that are always there.
 */
#include "network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/netlink.h"
#include "01-kernel/nft.h"
#include "dns.h"

#define FORWARDING "/proc/sys/net/ipv4/ip_forward"

const char *const dockerd_network_names[NET_KINDS] = { "bridge", "host", "none" };

int dockerd_network_kind(const char *mode)
{
	if (!*mode || !strcmp(mode, "default"))
		return NET_BRIDGE;
	for (int k = 0; k < NET_KINDS; k++)
		if (!strcmp(mode, dockerd_network_names[k]))
			return k;
	return -1;
}

/* --- finding ------------------------------------------------------------------------ */

/* An ID, then a name, then the beginning of an ID: Docker's order. */
static struct network *search(struct networks *all, const char *ref, struct err *err)
{
	struct network *found = NULL;

	for (struct network *n = all->list; n; n = n->next)
		if (!strcmp(n->id, ref))
			return n;
	for (struct network *n = all->list; n; n = n->next)
		if (!strcmp(n->name, ref))
			return n;
	for (struct network *n = all->list; n && dockerd_is_hex(ref); n = n->next) {
		if (!*ref || !str_starts(n->id, ref))
			continue;
		if (found) {
			err_set(err, ERR_INVALID, "network %s is ambiguous (2 matches found based "
						  "on ID prefix)", ref);
			return NULL;
		}
		found = n;
	}
	if (!found)
		err_set(err, ERR_NOT_FOUND, "network %s not found", ref);
	return found;
}

struct network *dockerd_network_find(struct networks *all, const char *ref, struct err *err)
{
	struct network *net;

	pthread_mutex_lock(&all->lock);
	net = search(all, ref, err);
	if (net)
		net->users++;
	pthread_mutex_unlock(&all->lock);
	return net;
}

void dockerd_network_put(struct networks *all, struct network *net)
{
	if (!net)
		return;
	pthread_mutex_lock(&all->lock);
	net->users--;
	pthread_cond_broadcast(&all->unused);
	pthread_mutex_unlock(&all->lock);
}

char *dockerd_network_name(struct networks *all, const char *ref)
{
	struct network *net;
	struct err ignored;
	char *name;

	if (!strcmp(ref, "default") || !*ref)
		return xstrdup("bridge");
	pthread_mutex_lock(&all->lock);
	net = search(all, ref, &ignored);
	name = xstrdup(net ? net->name : ref);
	pthread_mutex_unlock(&all->lock);
	return name;
}

void dockerd_network_free(struct network *net)
{
	if (!net)
		return;
	dockerd_ipam_close(&net->pool);
	dockerd_ipam_close(&net->pool6);
	json_decref(net->doc);
	free(net->name);
	free(net);
}

/* --- the record of the three ----------------------------------------------------------- */

static char *document_path(const struct config *cfg)
{
	return xasprintf("%s/network.json", cfg->data_root);
}

static void from_document(struct networks *all, const json_t *doc)
{
	const json_t *ids = json_object_get(doc, "Networks");
	struct network *bridge = all->builtin[NET_BRIDGE];

	for (int k = 0; k < NET_KINDS; k++)
		snprintf(all->builtin[k]->id, ID_SIZE, "%s",
			 jsonx_str(ids, dockerd_network_names[k], ""));
	snprintf(all->created, sizeof all->created, "%s", jsonx_str(doc, "Created", ""));
	snprintf(bridge->link, sizeof bridge->link, "%s", jsonx_str(doc, "Bridge", ""));
	if (dockerd_addr_parse(jsonx_str(doc, "Gateway", ""), &bridge->gateway))
		bridge->gateway.prefix = (unsigned)jsonx_int(doc, "Prefix", 0);
	else
		bridge->gateway.family = 0;
	all->set_forwarding = jsonx_bool(doc, "SetForwarding", false);
	if (!dockerd_mac_parse(jsonx_str(doc, "MAC", ""), bridge->mac))
		memset(bridge->mac, 0, sizeof bridge->mac);
}

static int load_document(struct networks *all, const struct config *cfg, struct err *err)
{
	AUTO_FREE char *path = document_path(cfg);
	AUTO_JSON json_t *doc = jsonx_read(AT_FDCWD, path, 1 << 16, err);

	if (doc)
		from_document(all, doc);
	else if (err->kind != ERR_NOT_FOUND)
		return err_wrap(err, "the record of the networks");
	for (int k = 0; k < NET_KINDS; k++)
		if (!all->builtin[k]->id[0])
			dockerd_random_id(all->builtin[k]->id);
	if (!all->created[0])
		time_now_text(all->created);
	return 0;
}

/* Most starts change nothing, and one on a full disk must not fail for what it need not write. */
static int save_document(const struct networks *all, const struct config *cfg, struct err *err)
{
	const struct network *bridge = all->builtin[NET_BRIDGE];
	struct err ignored;
	AUTO_FREE char *path = document_path(cfg);
	AUTO_JSON json_t *old = jsonx_read(AT_FDCWD, path, 1 << 16, &ignored);
	AUTO_JSON json_t *doc = NULL;
	char mac[18], gateway[ADDR_TEXT_SIZE];

	dockerd_mac_text(bridge->mac, mac);
	doc = json_pack("{s:s, s:s, s:s, s:i, s:s, s:b, s:{s:s, s:s, s:s}}", "Created",
			all->created, "Bridge", bridge->link, "Gateway",
			dockerd_addr_text(&bridge->gateway, gateway), "Prefix",
			(int)bridge->gateway.prefix, "MAC", mac, "SetForwarding",
			all->set_forwarding, "Networks", "bridge", bridge->id, "host",
			all->builtin[NET_HOST]->id, "none", all->builtin[NET_NONE]->id);
	return json_equal(old, doc) ? 0 : jsonx_write(AT_FDCWD, path, doc, 0600, err);
}

/* --- the default bridge ------------------------------------------------------------------ */

/* The recorded bridge while it is ours or gone; else the first name that is free. */
static int choose_name(struct network *net, const char *wanted, struct err *err)
{
	if (wanted) {
		if (strlen(wanted) >= IFNAMSIZ)
			return err_set(err, ERR_INVALID, "--bridge %s: the name is too long",
				       wanted);
		strcpy(net->link, wanted);
		return 0;
	}
	if (net->link[0] && (dockerd_link_is_ours(net, net->link) || !kern_link_exists(net->link)))
		return 0;
	strcpy(net->link, "docker0");
	for (unsigned i = 0; kern_link_exists(net->link); i++) {
		if (i == 100)
			return err_set(err, ERR_CONFLICT,
				       "docker0 and dockyard0 to dockyard99 are all taken");
		snprintf(net->link, IFNAMSIZ, "dockyard%u", i);
	}
	return 0;
}

/* A bridge that others made and the operator named with --bridge: its address counts. */
static bool foreign_address(struct network *net)
{
	struct kern_addr have[16];
	struct err ignored;
	size_t n = 0;

	if (!kern_link_exists(net->link) || dockerd_link_is_ours(net, net->link) ||
	    kern_addr_list(net->link, have, 16, &n, &ignored))
		return false;
	for (size_t i = 0; i < n; i++)
		if (have[i].family == AF_INET) {
			net->gateway = have[i];
			return true;
		}
	return false;
}

/* --bip, else what was used last time, else the first subnet that nothing overlaps. */
static int choose_subnet(struct networks *all, struct network *net, const char *bip,
			 struct err *err)
{
	struct kern_addr subnet;

	if (bip) {
		if (kern_addr_parse(bip, &net->gateway, err))
			return err_wrap(err, "--bip");
		if (net->gateway.family != AF_INET)
			return err_set(err, ERR_INVALID,
				       "--bip %s: IPv4 only (--fixed-cidr-v6 is for IPv6)", bip);
		return 0;
	}
	if ((net->gateway.family && dockerd_link_is_ours(net, net->link)) || foreign_address(net))
		return 0;
	for (unsigned long i = 0; dockerd_ipam_candidate(&all->pools, AF_INET, i, &subnet); i++) {
		bool overlaps;

		if (kern_route_overlaps(&subnet, &overlaps, err))
			return -1;
		if (overlaps)
			continue;
		net->gateway = dockerd_ipam_first_host(&subnet);
		return 0;
	}
	return err_set(err, ERR_NO_SPACE,
		       "no private network is free for the default bridge: give one with --bip");
}

static int open_pools(struct network *net, const struct config *cfg, struct err *err)
{
	struct kern_addr range, subnet6;
	char text[ADDR_TEXT_SIZE];

	if (cfg->fixed_cidr && kern_addr_parse(cfg->fixed_cidr, &range, err))
		return err_wrap(err, "--fixed-cidr");
	if (dockerd_ipam_open(&net->pool, &net->gateway, cfg->fixed_cidr ? &range : NULL, err))
		return -1;
	if (!dockerd_ipam_claim(&net->pool, &net->gateway))
		return err_set(err, ERR_INVALID, "%s is a network's own address, not a host's",
			       dockerd_addr_prefix_text(&net->gateway, text));
	if (!cfg->ipv6)
		return 0;
	if (!cfg->fixed_cidr_v6)
		return err_set(err, ERR_INVALID, "could not find an available, non-overlapping IPv6 "
						 "address pool for the default bridge: give one with "
						 "--fixed-cidr-v6");
	if (kern_addr_parse(cfg->fixed_cidr_v6, &subnet6, err) ||
	    dockerd_ipam_open(&net->pool6, &subnet6, NULL, err))
		return err_wrap(err, "--fixed-cidr-v6");
	if (subnet6.family != AF_INET6)
		return err_set(err, ERR_INVALID, "--fixed-cidr-v6 %s: not an IPv6 network",
			       cfg->fixed_cidr_v6);
	net->gateway6 = dockerd_ipam_first_host(&subnet6);
	dockerd_ipam_claim(&net->pool6, &net->gateway6);
	return 0;
}

static void remember_forwarding(struct networks *all, const struct network *net)
{
	AUTO_STRBUF struct strbuf now = STRBUF_INIT;
	struct err ignored;

	if (net->fresh)
		all->set_forwarding = false; /* an earlier daemon has put it back, or never set it */
	if (!file_read(AT_FDCWD, FORWARDING, &now, 16, &ignored) && now.data[0] == '0')
		all->set_forwarding = true; /* the rules will need it on */
}

static int open_bridge(struct networks *all, const struct config *cfg, struct err *err)
{
	struct network *net = all->builtin[NET_BRIDGE];

	snprintf(all->table, sizeof all->table, "dockyard_%.12s", net->id);
	net->icc = cfg->icc;
	net->masquerade = cfg->ip_masq;
	net->mtu = (unsigned)cfg->mtu;
	if (cfg->publish_on && strcmp(cfg->publish_on, "0.0.0.0"))
		strcpy(net->publish_on, cfg->publish_on);
	if (cfg->bridge && !strcmp(cfg->bridge, "none")) {
		net->link[0] = '\0';
		net->gateway.family = 0;
		return 0;
	}
	if (choose_name(net, cfg->bridge, err) || choose_subnet(all, net, cfg->bip, err) ||
	    open_pools(net, cfg, err) || dockerd_link_up(net, err))
		return err_wrap(err, "the default bridge");
	snprintf(all->table, sizeof all->table, "dockyard_%s", net->link);
	remember_forwarding(all, net);
	return 0;
}

/* --- what inspect says of the three --------------------------------------------------------- */

static json_t *pool_json(const struct ipam *pool, const struct kern_addr *gateway)
{
	char text[ADDR_TEXT_SIZE], gw[ADDR_TEXT_SIZE];
	struct kern_addr subnet = dockerd_ipam_subnet(pool);

	return json_pack("{s:s, s:s}", "Subnet", dockerd_addr_prefix_text(&subnet, text), "Gateway",
			 dockerd_addr_text(gateway, gw));
}

static json_t *bridge_options(const struct network *net)
{
	char mtu[16];

	if (net->driver != DRIVER_BRIDGE)
		return json_object();
	snprintf(mtu, sizeof mtu, "%u", net->mtu ? net->mtu : 1500);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}",
			 "com.docker.network.bridge.default_bridge", "true",
			 "com.docker.network.bridge.enable_icc", net->icc ? "true" : "false",
			 "com.docker.network.bridge.enable_ip_masquerade",
			 net->masquerade ? "true" : "false",
			 "com.docker.network.bridge.host_binding_ipv4",
			 *net->publish_on ? net->publish_on : "0.0.0.0",
			 "com.docker.network.bridge.name", net->link,
			 "com.docker.network.driver.mtu", mtu);
}

static json_t *describe(const struct networks *all, const struct network *net)
{
	static const char *const drivers[] = { "bridge", "host", "null" };
	json_t *config = json_array();

	if (net->pool.family)
		json_array_append_new(config, pool_json(&net->pool, &net->gateway));
	if (net->pool6.family)
		json_array_append_new(config, pool_json(&net->pool6, &net->gateway6));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:{s:s, s:n, s:o}, s:b, s:b, s:b, "
			 "s:{s:s}, s:b, s:{}, s:o, s:{}}",
			 "Name", net->name, "Id", net->id, "Created", all->created, "Scope",
			 "local", "Driver", drivers[net->driver], "EnableIPv4", 1, "EnableIPv6",
			 net->pool6.family != 0, "IPAM", "Driver", "default", "Options", "Config",
			 config, "Internal", 0, "Attachable", 0, "Ingress", 0, "ConfigFrom",
			 "Network", "", "ConfigOnly", 0, "Containers", "Options", bridge_options(net),
			 "Labels");
}

/* --- opening and closing ------------------------------------------------------------------- */

static void make_builtin(struct networks *all)
{
	struct network **at = &all->list;

	for (int k = 0; k < NET_KINDS; k++) {
		struct network *net = xcalloc(1, sizeof *net);

		net->name = xstrdup(dockerd_network_names[k]);
		net->driver = (enum net_driver)k;
		net->builtin = true;
		net->icc = net->masquerade = true;
		strcpy(net->ifprefix, "eth");
		all->builtin[k] = *at = net;
		at = &net->next;
	}
}

static int open_all(struct networks *all, const struct config *cfg, struct err *err)
{
	all->dir = xasprintf("%s/networks", cfg->data_root);
	make_builtin(all);
	if (dockerd_ipam_pools_parse(&cfg->address_pools, &all->pools, err) ||
	    load_document(all, cfg, err) || open_bridge(all, cfg, err) ||
	    save_document(all, cfg, err))
		return -1;
	for (int k = 0; k < NET_KINDS; k++)
		all->builtin[k]->doc = describe(all, all->builtin[k]);
	if (dockerd_network_load_all(all, err))
		return -1;
	all->proxy = dockerd_proxy_open(err);
	all->dns = all->proxy ? dockerd_dns_open(all, err) : NULL;
	return all->dns ? 0 : -1;
}

struct networks *dockerd_network_open(const struct config *cfg, struct err *err)
{
	struct networks *all = xcalloc(1, sizeof *all);

	pthread_mutex_init(&all->making, NULL);
	pthread_mutex_init(&all->lock, NULL);
	pthread_cond_init(&all->unused, NULL);
	if (!open_all(all, cfg, err))
		return all;
	dockerd_network_close(all, false);
	return NULL;
}

void dockerd_network_close(struct networks *all, bool keep)
{
	struct err err;

	if (!all)
		return;
	dockerd_dns_close(all->dns);
	dockerd_proxy_close(all->proxy);
	if (all->table[0] && !keep && kern_nft_delete(all->table, &err))
		log_warn("nftables table %s stays: %s", all->table, err.msg);
	while (all->list) {
		struct network *net = all->list;

		all->list = net->next;
		if (!keep)
			dockerd_link_down(net);
		dockerd_network_free(net);
	}
	if (all->set_forwarding && !keep)
		file_write_once(AT_FDCWD, FORWARDING, "0", &err);
	dockerd_ipam_pools_free(&all->pools);
	pthread_cond_destroy(&all->unused);
	pthread_mutex_destroy(&all->making);
	pthread_mutex_destroy(&all->lock);
	free(all->dir);
	free(all);
}
