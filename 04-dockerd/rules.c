/*
 * rules.c - all networks and all published ports as the one nftables table (01-kernel/nft.h).
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/nft.h"
#include "network.h"

static bool publish(const struct endpoint *ep, const struct port *p, struct kern_nft_publish *out)
{
	*out = (struct kern_nft_publish){ .proto = p->proto, .host_port = p->host_port,
					  .container_port = p->container_port };
	if (inet_pton(AF_INET, p->host_ip, &out->host_ip) == 1) {
		out->container_ip = ep->ip.ip.v4;
		return ep->ip.family != 0;
	}
	out->ipv6 = 1;
	out->container_ip6 = ep->ip6.ip.v6;
	/* To a container without IPv6 the proxy carries it. */
	return ep->ip6.family && inet_pton(AF_INET6, p->host_ip, &out->host_ip6) == 1;
}

static void collect_ports(const struct network *net, struct kern_nft_publish **out, size_t *n)
{
	for (struct endpoint *ep = net->endpoints; ep; ep = ep->next) {
		*out = xrealloc(*out, (*n + ep->ports.n + 1) * sizeof **out);
		for (size_t i = 0; i < ep->ports.n; i++)
			if (publish(ep, &ep->ports.v[i], &(*out)[*n]))
				(*n)++;
	}
}

static struct kern_nft_bridge bridge_of(const struct network *net)
{
	struct kern_nft_bridge b = { .bridge = net->link, .masquerade = net->masquerade,
				     .icc = net->icc, .internal = net->internal };

	if (net->pool.family) {
		b.network = dockerd_ipam_subnet(&net->pool).ip.v4;
		b.prefix = net->pool.prefix;
	}
	if (net->pool6.family) {
		b.network6 = dockerd_ipam_subnet(&net->pool6).ip.v6;
		b.prefix6 = net->pool6.prefix;
	}
	return b;
}

int dockerd_network_apply(struct networks *all, struct err *err)
{
	AUTO_FREE struct kern_nft_bridge *bridges = NULL;
	AUTO_FREE struct kern_nft_publish *ports = NULL;
	size_t nb = 0, np = 0;

	for (struct network *net = all->list; net; net = net->next) {
		if (net->driver != DRIVER_BRIDGE || !net->link[0] || net->removing)
			continue;
		bridges = xrealloc(bridges, (nb + 1) * sizeof *bridges);
		bridges[nb++] = bridge_of(net);
		collect_ports(net, &ports, &np);
	}
	return nb ? kern_nft_replace(all->table, bridges, nb, ports, np, err) : 0;
}
