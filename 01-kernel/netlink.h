/*
 * netlink.h - rtnetlink(7): links, addresses, routes. No program is forked.
 *
 * Each call opens, uses and closes its own NETLINK_ROUTE socket in the network
 * namespace of the calling thread; `pid` moves an end into another one.
 */
#ifndef DOCKYARD_NETLINK_H
#define DOCKYARD_NETLINK_H

#include <stdbool.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/types.h>

#include "base/err.h"

int kern_link_bridge(const char *name, struct err *err);      /* ERR_EXISTS if there */
/* A veth pair; `peer` is created directly in the network namespace of ns_fd
 * (-1: this one) under the name peer_name. */
int kern_link_veth(const char *name, const char *peer_name, int ns_fd, struct err *err);
int kern_link_set_master(const char *name, const char *bridge, struct err *err); /* NULL: none */
/* Settings of a bridge's port. Hairpin: a frame may go back out of the port it
 * came in by, which a container needs that calls a published port of its own
 * while br_netfilter translates addresses in the bridge. Isolated: no frames to
 * and from other isolated ports, so neighbours cannot talk. ERR_UNSUPPORTED
 * when the link is no port of a bridge. */
int kern_link_set_hairpin(const char *name, bool on, struct err *err);
int kern_link_set_isolated(const char *name, bool on, struct err *err);
int kern_link_up(const char *name, struct err *err);
/* The loopback interface of a new network namespace is down. */
int kern_link_loopback_up(struct err *err);
int kern_link_set_mac(const char *name, const uint8_t mac[6], struct err *err);
int kern_link_set_mtu(const char *name, unsigned mtu, struct err *err);
int kern_link_get_mac(const char *name, uint8_t mac[6], struct err *err);
int kern_link_delete(const char *name, struct err *err);      /* missing is no error */
bool kern_link_exists(const char *name);

/* Links without a bridge (netvlan.c). A device of `kind` "macvlan" or "ipvlan" in `mode`
 * ("bridge", "private", "vepa", "passthru"; "l2", "l3", "l3s") on `parent`, created directly
 * in the namespace of ns_fd. ERR_INVALID for a mode that there is not. */
struct kern_vlan {
	const char *kind, *mode, *parent, *name;
	int ns_fd;
};
int kern_vlan_check(const char *kind, const char *mode, struct err *err);
int kern_link_vlan(const struct kern_vlan *v, struct err *err);
int kern_link_dummy(const char *name, struct err *err);
/* The 802.1Q device `name` with this tag on `parent`. */
int kern_link_tagged(const char *name, const char *parent, uint16_t tag, struct err *err);

/* Move a link into another network namespace (netmove.c): with its permanent addresses
 * of global scope, under a new name, of which "%d" is replaced by a number that is free
 * there. ERR_EXISTS when the name is taken. */
struct kern_link_move {
	const char *name, *new_name;
	int from, to; /* descriptors of the namespaces */
	bool up;      /* how it shall be in the new one */
	/* the answer; `moved` also when only what follows the move failed */
	bool moved, was_up;
	char got[16]; /* its name there, IFNAMSIZ */
};
int kern_link_move(struct kern_link_move *m, struct err *err);

struct kern_addr {
	int family;               /* AF_INET or AF_INET6 */
	union { struct in_addr v4; struct in6_addr v6; } ip;
	unsigned prefix;
};
/* "172.17.0.1/16" */
int kern_addr_parse(const char *text, struct kern_addr *addr, struct err *err);
int kern_addr_add(const char *link, const struct kern_addr *addr, struct err *err);
int kern_addr_list(const char *link, struct kern_addr *out, size_t max, size_t *n, struct err *err);
int kern_route_default(const char *gateway, struct err *err); /* in this namespace */
/* Everything over this link, with no gateway. */
int kern_route_default_link(const char *link, int family, struct err *err);
/* Take the default route away; missing is no error. */
int kern_route_default_delete(int family, struct err *err);

/* Is any route or address of this namespace inside the given network? For
 * choosing a free pool as Docker does. */
int kern_route_overlaps(const struct kern_addr *net, bool *overlaps, struct err *err);

/* Run fn with the calling thread inside the network namespace of ns_fd and
 * come back; -1 if entering fails, else fn's value. */
int kern_net_inside(int ns_fd, int (*fn)(void *arg, struct err *err), void *arg, struct err *err);

#endif
