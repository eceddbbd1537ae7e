/*
 * ipam.h - which addresses of a network are taken: one bit each.
 *
 * Nothing is stored here on disk: an address is taken because a running
 * container's document says so, and the bits are filled from those documents
 * when the daemon starts. Two records of one fact could disagree.
 */
#ifndef DOCKYARD_DOCKERD_IPAM_H
#define DOCKYARD_DOCKERD_IPAM_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "01-kernel/base/err.h"

struct ipam {
	uint32_t network, gateway; /* host byte order */
	unsigned prefix;           /* 8..30 */
	uint8_t *taken;
};

/* From the gateway's address and the prefix ("172.17.0.1/16"). Network,
 * broadcast and gateway addresses are taken from the start. */
int dockerd_ipam_open(struct ipam *pool, struct in_addr gateway, unsigned prefix, struct err *err);
void dockerd_ipam_close(struct ipam *pool);

/* The lowest free address, or ERR_NO_SPACE. */
int dockerd_ipam_take(struct ipam *pool, struct in_addr *ip, struct err *err);
/* A particular one: false if it is taken or outside. */
bool dockerd_ipam_claim(struct ipam *pool, struct in_addr ip);
void dockerd_ipam_release(struct ipam *pool, struct in_addr ip);

/* The candidates for the default bridge, in Docker's order: 172.17.0.1/16 to
 * 172.31.0.1/16, then 192.168.0.1/20 in steps. NULL after the last. */
const char *dockerd_ipam_candidate(unsigned index, char out[32]);

#endif
