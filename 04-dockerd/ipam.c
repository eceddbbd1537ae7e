/*
 * ipam.c - see ipam.h.
 */
#include "ipam.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "01-kernel/base/strbuf.h"

static uint32_t count(const struct ipam *pool)
{
	return 1u << (32 - pool->prefix);
}

static bool test(const struct ipam *pool, uint32_t i)
{
	return pool->taken[i / 8] & (1u << (i % 8));
}

static void mark(struct ipam *pool, uint32_t i)
{
	pool->taken[i / 8] |= (uint8_t)(1u << (i % 8));
}

int dockerd_ipam_open(struct ipam *pool, struct in_addr gateway, unsigned prefix, struct err *err)
{
	if (prefix < 8 || prefix > 30)
		return err_set(err, ERR_INVALID,
			       "a network of containers needs a prefix of 8 to 30, not %u", prefix);
	pool->prefix = prefix;
	pool->gateway = ntohl(gateway.s_addr);
	pool->network = pool->gateway & ~(count(pool) - 1);
	if (pool->gateway == pool->network || pool->gateway == pool->network + count(pool) - 1)
		return err_set(err, ERR_INVALID, "%s/%u is a network's own address, not a host's",
			       inet_ntoa(gateway), prefix);
	pool->taken = xcalloc((count(pool) + 7) / 8, 1);
	mark(pool, 0);
	mark(pool, count(pool) - 1);
	mark(pool, pool->gateway - pool->network);
	return 0;
}

void dockerd_ipam_close(struct ipam *pool)
{
	free(pool->taken);
	pool->taken = NULL;
}

int dockerd_ipam_take(struct ipam *pool, struct in_addr *ip, struct err *err)
{
	for (uint32_t i = 1; i < count(pool); i++) {
		if (test(pool, i))
			continue;
		mark(pool, i);
		ip->s_addr = htonl(pool->network + i);
		return 0;
	}
	return err_set(err, ERR_NO_SPACE,
		       "no available IPv4 addresses on this network's address pools: bridge");
}

static bool inside(const struct ipam *pool, struct in_addr ip, uint32_t *i)
{
	*i = ntohl(ip.s_addr) - pool->network;
	return *i < count(pool);
}

bool dockerd_ipam_claim(struct ipam *pool, struct in_addr ip)
{
	uint32_t i;

	if (!inside(pool, ip, &i) || test(pool, i))
		return false;
	mark(pool, i);
	return true;
}

void dockerd_ipam_release(struct ipam *pool, struct in_addr ip)
{
	uint32_t i;

	if (inside(pool, ip, &i))
		pool->taken[i / 8] &= (uint8_t)~(1u << (i % 8));
}

const char *dockerd_ipam_candidate(unsigned index, char out[32])
{
	if (index < 15)
		snprintf(out, 32, "172.%u.0.1/16", 17 + index);
	else if (index < 31)
		snprintf(out, 32, "192.168.%u.1/20", (index - 15) * 16);
	else
		return NULL;
	return out;
}
