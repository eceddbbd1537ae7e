/*
 * ipam.h - which addresses of a network are taken.
 *
 * One pool is one subnet, of IPv4 or IPv6; a macvlan or ipvlan network may have several, one after
 * the other in a list. The addresses in use are kept as a sorted list of numbers: a subnet of
 * IPv6 has more of them than bits fit into memory, and few are ever in use.
 *
 * Nothing is stored here on disk: an address is taken because a running
 * container's document says so, and the pool is filled from those documents
 * when the daemon starts. Two records of one fact could disagree.
 */
#ifndef DOCKYARD_DOCKERD_IPAM_H
#define DOCKYARD_DOCKERD_IPAM_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"
#include "01-kernel/netlink.h"

#define ADDR_TEXT_SIZE (INET6_ADDRSTRLEN + 4) /* with "/128" */

__extension__ typedef unsigned __int128 ipam_number;

struct ipam {
	int family;             /* 0: the network has none of this family */
	unsigned prefix;
	ipam_number first, last;       /* of the subnet */
	ipam_number from, to;          /* what is given out: the range */
	ipam_number *taken;            /* ascending */
	size_t n, cap;
	struct ipam *more;             /* the network's next subnet of this family; owned */
	struct kern_addr gateway;      /* of such a further subnet; family 0: the network's own */
};

/* A subnet; addresses are given out of `range` (NULL: all of it). What may be nobody's (the
 * subnet's own address and, with IPv4, its broadcast) is taken from the start. */
int dockerd_ipam_open(struct ipam *pool, const struct kern_addr *subnet,
		      const struct kern_addr *range, struct err *err);
void dockerd_ipam_close(struct ipam *pool);
/* One more subnet, to be opened. */
struct ipam *dockerd_ipam_more(struct ipam *pool);

/* What follows is about all subnets of the list. */

/* The lowest free address of the first range that has one, with its subnet's prefix, or ERR_NO_SPACE. */
int dockerd_ipam_take(struct ipam *pool, struct kern_addr *ip, struct err *err);
/* The subnet that it is in, or NULL. */
const struct ipam *dockerd_ipam_of(const struct ipam *pool, const struct kern_addr *ip);
/* A particular one: false if it is taken or outside. */
bool dockerd_ipam_claim(struct ipam *pool, const struct kern_addr *ip);
bool dockerd_ipam_contains(const struct ipam *pool, const struct kern_addr *ip);
void dockerd_ipam_release(struct ipam *pool, const struct kern_addr *ip);
bool dockerd_ipam_overlap(const struct ipam *pool, const struct kern_addr *subnet);

/* This one subnet itself, "172.17.0.0/16". */
struct kern_addr dockerd_ipam_subnet(const struct ipam *pool);

/* "10.0.0.1" and "10.0.0.1/8". An address without a prefix ("10.0.0.1") is parsed by the third. */
const char *dockerd_addr_text(const struct kern_addr *a, char out[ADDR_TEXT_SIZE]);
const char *dockerd_addr_prefix_text(const struct kern_addr *a, char out[ADDR_TEXT_SIZE]);
bool dockerd_addr_parse(const char *text, struct kern_addr *out);

/* The subnets that are tried where none was asked for, in Docker's order: 172.17.0.0/16 to
 * 172.31.0.0/16, then 192.168.0.0/20 in steps; or those of default-address-pools. */
struct ipam_pools {
	struct ipam_base {
		struct kern_addr base;
		unsigned size;
	} *v;
	size_t n;
};
/* Each "base=10.0.0.0/8,size=24"; none: Docker's own. */
int dockerd_ipam_pools_parse(const struct strlist *given, struct ipam_pools *out, struct err *err);
void dockerd_ipam_pools_free(struct ipam_pools *pools);
/* The index'th subnet of the family; false after the last. */
bool dockerd_ipam_candidate(const struct ipam_pools *pools, int family, unsigned long index,
			    struct kern_addr *out);

/* The first address of the subnet that a host may have: the gateway's, where none is given. */
struct kern_addr dockerd_ipam_first_host(const struct kern_addr *subnet);

#endif
