/*
 * network.c - see network.h: choosing, making, recognising and removing the
 * bridge, and the rules around it.
 */
#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/netlink.h"
#include "01-kernel/nft.h"

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

void dockerd_mac_text(const uint8_t mac[6], char out[18])
{
	snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
}

/* --- the document ------------------------------------------------------------------ */

static char *document_path(const struct config *cfg)
{
	return xasprintf("%s/network.json", cfg->data_root);
}

static void from_document(struct network *net, const json_t *doc)
{
	const json_t *ids = json_object_get(doc, "Networks");
	unsigned m[6];

	for (int k = 0; k < NET_KINDS; k++)
		snprintf(net->ids[k], ID_SIZE, "%s", jsonx_str(ids, dockerd_network_names[k], ""));
	snprintf(net->created, sizeof net->created, "%s", jsonx_str(doc, "Created", ""));
	snprintf(net->bridge, sizeof net->bridge, "%s", jsonx_str(doc, "Bridge", ""));
	inet_pton(AF_INET, jsonx_str(doc, "Gateway", ""), &net->gateway);
	net->prefix = (unsigned)jsonx_int(doc, "Prefix", 0);
	net->set_forwarding = jsonx_bool(doc, "SetForwarding", false);
	if (sscanf(jsonx_str(doc, "MAC", ""), "%x:%x:%x:%x:%x:%x", m, m + 1, m + 2, m + 3, m + 4,
		   m + 5) == 6)
		for (int i = 0; i < 6; i++)
			net->mac[i] = (uint8_t)m[i];
}

static int load_document(struct network *net, const struct config *cfg, struct err *err)
{
	AUTO_FREE char *path = document_path(cfg);
	AUTO_JSON json_t *doc = jsonx_read(AT_FDCWD, path, 1 << 16, err);

	if (doc)
		from_document(net, doc);
	else if (err->kind != ERR_NOT_FOUND)
		return err_wrap(err, "the record of the networks");
	for (int k = 0; k < NET_KINDS; k++)
		if (!net->ids[k][0])
			dockerd_random_id(net->ids[k]);
	if (!net->created[0])
		time_now_text(net->created);
	return 0;
}

/* Most starts change nothing, and one on a full disk must not fail for what it need not write. */
static int save_document(const struct network *net, const struct config *cfg, struct err *err)
{
	struct err ignored;
	AUTO_FREE char *path = document_path(cfg);
	AUTO_JSON json_t *old = jsonx_read(AT_FDCWD, path, 1 << 16, &ignored);
	AUTO_JSON json_t *doc = NULL;
	char mac[18];

	dockerd_mac_text(net->mac, mac);
	doc = json_pack("{s:s, s:s, s:s, s:i, s:s, s:b, s:{s:s, s:s, s:s}}", "Created",
			net->created, "Bridge", net->bridge, "Gateway", inet_ntoa(net->gateway),
			"Prefix", (int)net->prefix, "MAC", mac, "SetForwarding",
			net->set_forwarding, "Networks", "bridge", net->ids[NET_BRIDGE], "host",
			net->ids[NET_HOST], "none", net->ids[NET_NONE]);
	return json_equal(old, doc) ? 0 : jsonx_write(AT_FDCWD, path, doc, 0600, err);
}

/* --- choosing ------------------------------------------------------------------------ */

static bool is_ours(const struct network *net, const char *name)
{
	static const uint8_t none[6];
	struct err ignored;
	uint8_t mac[6];

	return memcmp(net->mac, none, 6) && !kern_link_get_mac(name, mac, &ignored) &&
	       !memcmp(mac, net->mac, 6);
}

/* The recorded bridge while it is ours or gone; else the first name that is free. */
static int choose_name(struct network *net, const char *wanted, struct err *err)
{
	if (wanted) {
		if (strlen(wanted) >= IFNAMSIZ)
			return err_set(err, ERR_INVALID, "--bridge %s: the name is too long",
				       wanted);
		strcpy(net->bridge, wanted);
		return 0;
	}
	if (net->bridge[0] && (is_ours(net, net->bridge) || !kern_link_exists(net->bridge)))
		return 0;
	strcpy(net->bridge, "docker0");
	for (unsigned i = 0; kern_link_exists(net->bridge); i++) {
		if (i == 100)
			return err_set(err, ERR_CONFLICT,
				       "docker0 and dockyard0 to dockyard99 are all taken");
		snprintf(net->bridge, IFNAMSIZ, "dockyard%u", i);
	}
	return 0;
}

static int set_subnet(struct network *net, const char *text, struct err *err)
{
	struct kern_addr addr;

	if (kern_addr_parse(text, &addr, err))
		return -1;
	if (addr.family != AF_INET)
		return err_set(err, ERR_UNSUPPORTED, "%s: the default bridge has IPv4 only", text);
	net->gateway = addr.ip.v4;
	net->prefix = addr.prefix;
	return 0;
}

/* --bip, else what was used last time, else the first pool that nothing overlaps. */
static int choose_subnet(struct network *net, const char *bip, struct err *err)
{
	char text[32];

	if (bip)
		return set_subnet(net, bip, err) ? err_wrap(err, "--bip") : 0;
	if (net->prefix && is_ours(net, net->bridge))
		return 0;
	for (unsigned i = 0; dockerd_ipam_candidate(i, text); i++) {
		struct kern_addr addr;
		bool overlaps;

		if (kern_addr_parse(text, &addr, err) || kern_route_overlaps(&addr, &overlaps, err))
			return -1;
		if (!overlaps)
			return set_subnet(net, text, err);
	}
	return err_set(err, ERR_NO_SPACE,
		       "no private network is free for the default bridge: give one with --bip");
}

/* --- making ---------------------------------------------------------------------------- */

static struct kern_addr gateway_addr(const struct network *net)
{
	return (struct kern_addr){ .family = AF_INET,
				   .ip.v4 = net->gateway,
				   .prefix = net->prefix };
}

static bool has_address(const struct network *net)
{
	struct kern_addr have[16];
	struct err ignored;
	size_t n = 0;

	if (kern_addr_list(net->bridge, have, 16, &n, &ignored))
		return false;
	for (size_t i = 0; i < n; i++)
		if (have[i].family == AF_INET && have[i].ip.v4.s_addr == net->gateway.s_addr &&
		    have[i].prefix == net->prefix)
			return true;
	return false;
}

/* A bridge that others made and the operator named with --bridge: its address counts. */
static int use_foreign(struct network *net, bool bip, struct err *err)
{
	struct kern_addr have[16];
	size_t n = 0;

	if (kern_addr_list(net->bridge, have, 16, &n, err))
		return -1;
	for (size_t i = 0; i < n && !bip; i++) {
		if (have[i].family == AF_INET) {
			net->gateway = have[i].ip.v4;
			net->prefix = have[i].prefix;
			return 0;
		}
	}
	if (!has_address(net))
		return err_set(err, ERR_CONFLICT,
			       "bridge %s exists, is not ours and does not have the "
			       "address of --bip",
			       net->bridge);
	return 0;
}

static int make_bridge(struct network *net, struct err *err)
{
	struct kern_addr addr = gateway_addr(net);

	net->mac[0] = 0x02; /* locally administered, as Docker's */
	net->mac[1] = 0x42;
	if (getrandom(net->mac + 2, 4, 0) != 4)
		return err_sys(err, "getrandom");
	if (kern_link_bridge(net->bridge, err))
		return -1;
	if (kern_link_set_mac(net->bridge, net->mac, err) ||
	    kern_addr_add(net->bridge, &addr, err) || kern_link_up(net->bridge, err)) {
		struct err ignored;

		kern_link_delete(net->bridge, &ignored);
		return -1;
	}
	net->ours = net->fresh = true;
	return 0;
}

static int bring_up_bridge(struct network *net, bool bip, struct err *err)
{
	struct kern_addr addr = gateway_addr(net);

	if (!kern_link_exists(net->bridge))
		return make_bridge(net, err);
	if (!is_ours(net, net->bridge))
		return use_foreign(net, bip, err);
	net->ours = true;
	/* Ours with another address: --bip was changed. Containers on the old subnet
	 * keep their addresses until they are started again. */
	if (!has_address(net) && kern_addr_add(net->bridge, &addr, err))
		return -1;
	return kern_link_up(net->bridge, err);
}

/* Forwarding between the bridge and the world, and, for published ports reached as
 * 127.0.0.1, packets with a loopback source on a bridge (ip-sysctl.rst, route_localnet). */
static void enable_forwarding(struct network *net)
{
	AUTO_FREE char *localnet =
		xasprintf("/proc/sys/net/ipv4/conf/%s/route_localnet", net->bridge);
	AUTO_STRBUF struct strbuf now = STRBUF_INIT;
	struct err err;

	if (net->fresh)
		net->set_forwarding = false; /* an earlier daemon has put it back, or never set it */
	if (!file_read(AT_FDCWD, FORWARDING, &now, 16, &err) && now.data[0] == '0') {
		if (file_write_once(AT_FDCWD, FORWARDING, "1", &err))
			log_warn("IPv4 forwarding stays off, containers reach no further than this "
				 "host: %s",
				 err.msg);
		else
			net->set_forwarding = true;
	}
	if (file_write_once(AT_FDCWD, localnet, "1", &err))
		log_warn("published ports on 127.0.0.1 go through the proxy: %s", err.msg);
}

static int open_bridge(struct network *net, const struct config *cfg, struct err *err)
{
	if (choose_name(net, cfg->bridge, err) || choose_subnet(net, cfg->bip, err) ||
	    bring_up_bridge(net, cfg->bip, err))
		return err_wrap(err, "the default bridge");
	snprintf(net->table, sizeof net->table, "dockyard_%s", net->bridge);
	if (dockerd_ipam_open(&net->pool, net->gateway, net->prefix, err))
		return -1;
	enable_forwarding(net);
	return 0;
}

struct network *dockerd_network_open(const struct config *cfg, struct err *err)
{
	struct network *net = xcalloc(1, sizeof *net);
	int rc;

	pthread_mutex_init(&net->lock, NULL);
	rc = load_document(net, cfg, err);
	if (!rc && cfg->bridge && !strcmp(cfg->bridge, "none"))
		net->bridge[0] = '\0';
	else if (!rc)
		rc = open_bridge(net, cfg, err);
	if (!rc)
		rc = save_document(net, cfg, err);
	if (!rc && !(net->proxy = dockerd_proxy_open(err)))
		rc = -1;
	if (!rc)
		return net;
	dockerd_network_close(net, false);
	return NULL;
}

/* --- rules -------------------------------------------------------------------------------- */

static void collect(const struct network *net, struct kern_nft_publish **out, size_t *n)
{
	*n = 0;
	*out = NULL;
	for (struct endpoint *ep = net->endpoints; ep; ep = ep->next) {
		*out = xrealloc(*out, (*n + ep->ports.n + 1) * sizeof **out);
		for (size_t i = 0; i < ep->ports.n; i++) {
			const struct port *p = &ep->ports.v[i];
			struct kern_nft_publish *pub = &(*out)[*n];

			*pub = (struct kern_nft_publish){ .proto = p->proto,
							  .host_port = p->host_port,
							  .container_ip = ep->ip,
							  .container_port = p->container_port };
			if (inet_pton(AF_INET, p->host_ip, &pub->host_ip) == 1)
				(*n)++; /* IPv6 is the proxy's */
		}
	}
}

int dockerd_network_apply(struct network *net, struct err *err)
{
	struct kern_nft_bridge bridge = { .bridge = net->bridge, .prefix = net->prefix,
					  .masquerade = 1, .icc = 1 };
	AUTO_FREE struct kern_nft_publish *ports = NULL;
	size_t n;

	if (!net->bridge[0])
		return 0;
	bridge.network.s_addr = htonl(net->pool.network);
	collect(net, &ports, &n);
	return kern_nft_replace(net->table, &bridge, 1, ports, n, err);
}

void dockerd_network_close(struct network *net, bool keep)
{
	struct err err;

	if (!net)
		return;
	dockerd_proxy_close(net->proxy);
	if (net->table[0] && !keep) {
		if (kern_nft_delete(net->table, &err))
			log_warn("nftables table %s stays: %s", net->table, err.msg);
		if (net->ours && kern_link_delete(net->bridge, &err))
			log_warn("bridge %s stays: %s", net->bridge, err.msg);
		if (net->set_forwarding)
			file_write_once(AT_FDCWD, FORWARDING, "0", &err);
	}
	dockerd_ipam_close(&net->pool);
	pthread_mutex_destroy(&net->lock);
	free(net);
}
