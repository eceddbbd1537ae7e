/*
 * bridge.c - the links that networks stand on: making, recognising and removing them.
 *
 * A bridge of ours is known by the hardware address that we gave it. One that others made is
 * used where it was asked for by name, and never removed. The parents of macvlan and
 * ipvlan networks are the operator's, unless none was named (a dummy stands in) or
 * "eth0.10" means an 802.1Q device that is not there yet.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "01-kernel/base/file.h"
#include "network.h"

void dockerd_mac_text(const uint8_t mac[6], char out[18])
{
	snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
}

bool dockerd_mac_parse(const char *text, uint8_t mac[6])
{
	unsigned m[6];
	int end = 0;

	if (sscanf(text, "%2x%*1[:-]%2x%*1[:-]%2x%*1[:-]%2x%*1[:-]%2x%*1[:-]%2x%n", m, m + 1, m + 2,
		   m + 3, m + 4, m + 5, &end) != 6 || text[end])
		return false;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)m[i];
	return true;
}

bool dockerd_link_is_ours(const struct network *net, const char *name)
{
	static const uint8_t none[6];
	struct err ignored;
	uint8_t mac[6];

	return memcmp(net->mac, none, 6) && !kern_link_get_mac(name, mac, &ignored) &&
	       !memcmp(mac, net->mac, 6);
}

bool dockerd_link_has_address(const struct network *net, const struct kern_addr *addr)
{
	struct kern_addr have[32];
	struct err ignored;
	size_t n = 0;

	if (kern_addr_list(net->link, have, 32, &n, &ignored))
		return false;
	for (size_t i = 0; i < n; i++)
		if (have[i].family == addr->family && have[i].prefix == addr->prefix &&
		    !memcmp(&have[i].ip, &addr->ip, addr->family == AF_INET ? 4 : 16))
			return true;
	return false;
}

static int add_addresses(const struct network *net, struct err *err)
{
	const struct kern_addr *both[] = { &net->gateway, &net->gateway6 };

	for (size_t i = 0; i < 2; i++)
		if (both[i]->family && !dockerd_link_has_address(net, both[i]) &&
		    kern_addr_add(net->link, both[i], err))
			return -1;
	return 0;
}

static int make_bridge(struct network *net, struct err *err)
{
	static const uint8_t none[6];

	if (!memcmp(net->mac, none, 6)) {
		net->mac[0] = 0x02; /* locally administered, as Docker's */
		net->mac[1] = 0x42;
		if (getrandom(net->mac + 2, 4, 0) != 4)
			return err_sys(err, "getrandom");
	}
	if (kern_link_bridge(net->link, err))
		return -1;
	if (kern_link_set_mac(net->link, net->mac, err) ||
	    (net->mtu && kern_link_set_mtu(net->link, net->mtu, err)) || add_addresses(net, err) ||
	    kern_link_up(net->link, err)) {
		struct err ignored;

		kern_link_delete(net->link, &ignored);
		return -1;
	}
	net->ours = net->fresh = true;
	return 0;
}

/* For the default bridge an address that is not there was a mistake of the operator's. */
static int use_foreign(struct network *net, struct err *err)
{
	if (net->builtin && !dockerd_link_has_address(net, &net->gateway))
		return err_set(err, ERR_CONFLICT,
			       "bridge %s exists, is not ours and does not have the "
			       "address of --bip",
			       net->link);
	return add_addresses(net, err) || kern_link_up(net->link, err) ? -1 : 0;
}

static int bridge_up(struct network *net, struct err *err)
{
	AUTO_FREE char *localnet = xasprintf("/proc/sys/net/ipv4/conf/%s/route_localnet",
					     net->link);
	struct err warning;

	if (!kern_link_exists(net->link)) {
		if (make_bridge(net, err))
			return -1;
	} else if (!dockerd_link_is_ours(net, net->link)) {
		if (use_foreign(net, err))
			return -1;
	} else {
		net->ours = true;
		/* Ours with another address: --bip was changed. Containers on the old subnet
		 * keep their addresses until they are started again. */
		if (add_addresses(net, err) || kern_link_up(net->link, err))
			return -1;
	}
	/* For published ports reached as 127.0.0.1: packets with a loopback source on a
	 * bridge (ip-sysctl.rst, route_localnet). */
	if (file_write_once(AT_FDCWD, localnet, "1", &warning))
		log_warn("published ports on 127.0.0.1 go through the proxy: %s", warning.msg);
	return 0;
}

/* "eth0.10" */
static int tagged_up(struct network *net, struct err *err)
{
	AUTO_FREE char *parent = xstrdup(net->link);
	char *dot = strrchr(parent, '.');
	unsigned tag = 0;

	if (!dot || sscanf(dot + 1, "%4u", &tag) != 1 || tag < 1 || tag > 4094)
		return err_set(err, ERR_INVALID, "invalid subinterface vlan name %s, example "
						 "formatting is eth0.10", net->link);
	*dot = '\0';
	if (kern_link_tagged(net->link, parent, (uint16_t)tag, err))
		return -1;
	net->ours = true;
	return kern_link_up(net->link, err);
}

static int parent_up(struct network *net, struct err *err)
{
	if (kern_link_exists(net->link)) {
		net->ours = dockerd_link_is_ours(net, net->link) || str_starts(net->link, "dm-");
		return 0;
	}
	if (strchr(net->link, '.'))
		return tagged_up(net, err);
	if (!str_starts(net->link, "dm-"))
		return err_set(err, ERR_INVALID, "the parent interface %s does not exist",
			       net->link);
	if (kern_link_dummy(net->link, err))
		return -1;
	net->ours = true;
	return kern_link_up(net->link, err);
}

int dockerd_link_up(struct network *net, struct err *err)
{
	if (!net->link[0])
		return 0;
	return net->driver == DRIVER_BRIDGE ? bridge_up(net, err) : parent_up(net, err);
}

void dockerd_link_down(struct network *net)
{
	struct err err;

	if (net->ours && kern_link_delete(net->link, &err))
		log_warn("interface %s stays: %s", net->link, err.msg);
	net->ours = false;
}
