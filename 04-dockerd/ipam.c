/*
 * ipam.c - see ipam.h.
 */
#include "ipam.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/strbuf.h"

static unsigned bits_of(int family)
{
	return family == AF_INET ? 32 : 128;
}

static ipam_number number(const struct kern_addr *a)
{
	const uint8_t *bytes = (const uint8_t *)&a->ip;
	ipam_number n = 0;

	for (unsigned i = 0; i < bits_of(a->family) / 8; i++)
		n = n << 8 | bytes[i];
	return n;
}

static struct kern_addr address(int family, ipam_number n, unsigned prefix)
{
	struct kern_addr a = { .family = family, .prefix = prefix };
	uint8_t *bytes = (uint8_t *)&a.ip;

	for (unsigned i = bits_of(family) / 8; i-- > 0; n >>= 8)
		bytes[i] = (uint8_t)n;
	return a;
}

/* The first and the last number of a network. */
static void bounds(const struct kern_addr *net, ipam_number *first, ipam_number *last)
{
	unsigned host = bits_of(net->family) - net->prefix;
	ipam_number all = host == 128 ? ~(ipam_number)0 : ((ipam_number)1 << host) - 1;

	*first = number(net) & ~all;
	*last = *first | all;
}

/* --- the list ------------------------------------------------------------------------- */

/* Where n is, or would stand. */
static size_t position(const struct ipam *pool, ipam_number n)
{
	size_t low = 0, high = pool->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (pool->taken[mid] < n)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool mark(struct ipam *pool, ipam_number n)
{
	size_t at = position(pool, n);

	if (at < pool->n && pool->taken[at] == n)
		return false;
	if (pool->n == pool->cap) {
		pool->cap = pool->cap ? 2 * pool->cap : 8;
		pool->taken = xrealloc(pool->taken, pool->cap * sizeof *pool->taken);
	}
	memmove(pool->taken + at + 1, pool->taken + at, (pool->n - at) * sizeof *pool->taken);
	pool->taken[at] = n;
	pool->n++;
	return true;
}

/* --- a pool --------------------------------------------------------------------------- */

int dockerd_ipam_open(struct ipam *pool, const struct kern_addr *subnet,
		      const struct kern_addr *range, struct err *err)
{
	char text[ADDR_TEXT_SIZE];

	*pool = (struct ipam){ .prefix = subnet->prefix };
	if (subnet->prefix < 8 || subnet->prefix > bits_of(subnet->family) - 1)
		return err_set(err, ERR_INVALID,
			       "invalid subnet %s: a network of containers needs a prefix of 8 to %u",
			       dockerd_addr_prefix_text(subnet, text), bits_of(subnet->family) - 1);
	bounds(subnet, &pool->first, &pool->last);
	pool->from = pool->first;
	pool->to = pool->last;
	if (range)
		bounds(range, &pool->from, &pool->to);
	if (range && (range->family != subnet->family || pool->from < pool->first ||
		      pool->to > pool->last))
		return err_set(err, ERR_INVALID, "invalid ip-range %s: it is not in the subnet",
			       dockerd_addr_prefix_text(range, text));
	pool->family = subnet->family;
	if (pool->prefix < bits_of(pool->family) - 1) { /* a /31 has two hosts and nothing else */
		mark(pool, pool->first);
		if (pool->family == AF_INET)
			mark(pool, pool->last);
	}
	return 0;
}

struct ipam *dockerd_ipam_more(struct ipam *pool)
{
	while (pool->more)
		pool = pool->more;
	pool->more = xcalloc(1, sizeof *pool->more);
	return pool->more;
}

void dockerd_ipam_close(struct ipam *pool)
{
	while (pool->more) {
		struct ipam *next = pool->more;

		pool->more = next->more;
		free(next->taken);
		free(next);
	}
	free(pool->taken);
	*pool = (struct ipam){ 0 };
}

static bool take_of(struct ipam *pool, struct kern_addr *ip)
{
	ipam_number n = pool->from;

	/* The first number that the list, from here on, skips. */
	for (size_t at = position(pool, n); at < pool->n && pool->taken[at] == n; at++) {
		if (n == pool->to)
			return false;
		n++;
	}
	mark(pool, n);
	*ip = address(pool->family, n, pool->prefix);
	return true;
}

int dockerd_ipam_take(struct ipam *pool, struct kern_addr *ip, struct err *err)
{
	for (struct ipam *p = pool; p; p = p->more)
		if (take_of(p, ip))
			return 0;
	return err_set(err, ERR_NO_SPACE,
		       "no available IPv%d addresses on this network's address pools",
		       pool->family == AF_INET ? 4 : 6);
}

const struct ipam *dockerd_ipam_of(const struct ipam *pool, const struct kern_addr *ip)
{
	while (pool && (pool->family != ip->family || number(ip) < pool->first || number(ip) > pool->last))
		pool = pool->more;
	return pool;
}

bool dockerd_ipam_contains(const struct ipam *pool, const struct kern_addr *ip)
{
	return dockerd_ipam_of(pool, ip) != NULL;
}

bool dockerd_ipam_claim(struct ipam *pool, const struct kern_addr *ip)
{
	pool = (struct ipam *)dockerd_ipam_of(pool, ip);
	return pool && mark(pool, number(ip));
}

void dockerd_ipam_release(struct ipam *pool, const struct kern_addr *ip)
{
	size_t at;

	pool = (struct ipam *)dockerd_ipam_of(pool, ip);
	if (!pool)
		return;
	at = position(pool, number(ip));
	if (at == pool->n || pool->taken[at] != number(ip))
		return;
	pool->n--;
	memmove(pool->taken + at, pool->taken + at + 1, (pool->n - at) * sizeof *pool->taken);
}

struct kern_addr dockerd_ipam_subnet(const struct ipam *pool)
{
	return address(pool->family, pool->first, pool->prefix);
}

bool dockerd_ipam_overlap(const struct ipam *pool, const struct kern_addr *subnet)
{
	ipam_number first, last;

	bounds(subnet, &first, &last);
	for (; pool; pool = pool->more)
		if (pool->family == subnet->family && first <= pool->last && last >= pool->first)
			return true;
	return false;
}

struct kern_addr dockerd_ipam_first_host(const struct kern_addr *subnet)
{
	ipam_number first, last;

	bounds(subnet, &first, &last);
	return address(subnet->family, first + 1, subnet->prefix);
}

/* --- text ------------------------------------------------------------------------------- */

const char *dockerd_addr_text(const struct kern_addr *a, char out[ADDR_TEXT_SIZE])
{
	out[0] = '\0';
	if (a->family)
		inet_ntop(a->family, &a->ip, out, ADDR_TEXT_SIZE);
	return out;
}

const char *dockerd_addr_prefix_text(const struct kern_addr *a, char out[ADDR_TEXT_SIZE])
{
	char ip[ADDR_TEXT_SIZE];

	snprintf(out, ADDR_TEXT_SIZE, "%.*s/%u", INET6_ADDRSTRLEN - 1, dockerd_addr_text(a, ip),
		 a->prefix % 1000);
	return out;
}

bool dockerd_addr_parse(const char *text, struct kern_addr *out)
{
	*out = (struct kern_addr){ .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	out->prefix = bits_of(out->family);
	return inet_pton(out->family, text, &out->ip) == 1;
}

/* --- the pools -------------------------------------------------------------------------- */

static const char *const dockers_pools[] = {
	"base=172.17.0.0/16,size=16", "base=172.18.0.0/15,size=16", "base=172.20.0.0/14,size=16",
	"base=172.24.0.0/13,size=16", "base=192.168.0.0/16,size=20",
};

static int add_base(struct ipam_pools *out, const char *text, struct err *err)
{
	struct ipam_base b = { .size = 0 };
	char base[64] = "";

	if (sscanf(text, "base=%63[^,],size=%3u", base, &b.size) != 2)
		return err_set(err, ERR_INVALID,
			       "invalid default address pool '%s': expected base=NETWORK,size=BITS",
			       text);
	if (kern_addr_parse(base, &b.base, err))
		return err_wrap(err, "default address pool");
	if (b.size < b.base.prefix || b.size > bits_of(b.base.family) - 1 || b.size < 8)
		return err_set(err, ERR_INVALID,
			       "invalid default address pool: %s cannot be cut into networks of "
			       "size %u",
			       base, b.size);
	out->v = xrealloc(out->v, (out->n + 1) * sizeof *out->v);
	out->v[out->n++] = b;
	return 0;
}

int dockerd_ipam_pools_parse(const struct strlist *given, struct ipam_pools *out, struct err *err)
{
	size_t n = given->n ? given->n : sizeof dockers_pools / sizeof *dockers_pools;

	*out = (struct ipam_pools){ 0 };
	for (size_t i = 0; i < n; i++)
		if (add_base(out, given->n ? given->v[i] : dockers_pools[i], err)) {
			dockerd_ipam_pools_free(out);
			return -1;
		}
	return 0;
}

void dockerd_ipam_pools_free(struct ipam_pools *pools)
{
	free(pools->v);
	*pools = (struct ipam_pools){ 0 };
}

bool dockerd_ipam_candidate(const struct ipam_pools *pools, int family, unsigned long index,
			    struct kern_addr *out)
{
	for (size_t i = 0; i < pools->n; i++) {
		const struct ipam_base *b = &pools->v[i];
		unsigned long count = b->size - b->base.prefix < 16
					      ? 1ul << (b->size - b->base.prefix)
					      : 65536; /* more are never looked at */
		ipam_number first, last;

		if (b->base.family != family)
			continue;
		if (index >= count) {
			index -= count;
			continue;
		}
		bounds(&b->base, &first, &last);
		*out = address(family, first + ((ipam_number)index << (bits_of(family) - b->size)),
			       b->size);
		return true;
	}
	return false;
}
