/*
 * nft.h - nftables over netlink (NETLINK_NETFILTER), for what a bridge network
 * needs: masquerading, published ports (DNAT), forwarding.
 *
 * Everything stands in one table (`inet dockyard` by default), so it comes and
 * goes whole and never mixes with rules that others made. A transaction is a
 * batch: the kernel takes all of it or nothing (nft(8), "atomic rule
 * replacement").
 */
#ifndef DOCKYARD_NFT_H
#define DOCKYARD_NFT_H

#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>

#include "base/err.h"

struct kern_nft_publish {
	uint8_t proto;              /* IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP */
	struct in_addr host_ip;     /* INADDR_ANY: every local address */
	uint16_t host_port;
	struct in_addr container_ip;
	uint16_t container_port;
	int ipv6;                   /* then these two instead; in6addr_any: every one but ::1 */
	struct in6_addr host_ip6, container_ip6;
};

struct kern_nft_bridge {
	const char *bridge;         /* interface name */
	struct in_addr network;     /* for masquerading */
	unsigned prefix;
	int masquerade, icc, internal;
	struct in6_addr network6;
	unsigned prefix6;           /* 0: no IPv6 on it */
};

/* Replace the table with exactly this: one batch, so there is no moment
 * without rules and a crashed daemon's leftovers vanish. n of each may be 0. */
int kern_nft_replace(const char *table, const struct kern_nft_bridge *bridges, size_t nb,
		     const struct kern_nft_publish *ports, size_t np, struct err *err);

/* In a container's network namespace (that of the calling thread): what is sent to
 * port 53 of `address` goes to these ports of it instead, where the resolver listens
 * and is in nobody's way. Replaces the table. */
int kern_nft_resolver(const char *table, struct in_addr address, uint16_t udp, uint16_t tcp,
		      struct err *err);

/* Delete the table; missing is no error. */
int kern_nft_delete(const char *table, struct err *err);

#endif
