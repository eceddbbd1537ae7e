/*
 * netaddr.c - addresses and routes: the second half of netlink.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlink.h"
#include "netlink_msg.h"

static size_t ip_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

int kern_addr_parse(const char *text, struct kern_addr *addr, struct err *err)
{
	const char *slash = strchr(text, '/');
	AUTO_FREE char *ip = xstrndup(text, slash ? (size_t)(slash - text) : 0);
	char *end = NULL;
	unsigned long prefix;

	*addr = (struct kern_addr){ .family = strchr(ip, ':') ? AF_INET6 : AF_INET };
	if (!slash || inet_pton(addr->family, ip, &addr->ip) != 1)
		return err_set(err, ERR_INVALID, "'%s' is no address with a prefix length "
			       "(as 172.17.0.1/16)", text);
	prefix = strtoul(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end || prefix > 8 * ip_size(addr->family))
		return err_set(err, ERR_INVALID, "'%s': invalid prefix length", text);
	addr->prefix = (unsigned)prefix;
	return 0;
}

/* The last address of an IPv4 network; 0 where there is none to speak of. */
static uint32_t broadcast_of(const struct kern_addr *addr)
{
	if (addr->prefix >= 31)
		return 0;
	return addr->ip.v4.s_addr | htonl(UINT32_MAX >> addr->prefix);
}

int kern_addr_add(const char *link, const struct kern_addr *addr, struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	AUTO_CLOSE int sock = nl_open(NETLINK_ROUTE, err);
	struct ifaddrmsg body = {
		.ifa_family = (uint8_t)addr->family, .ifa_prefixlen = (uint8_t)addr->prefix,
		.ifa_index = if_nametoindex(link),
	};

	if (sock < 0)
		return -1;
	if (!body.ifa_index)
		return err_errno(err, ENODEV, "network interface %s", link);
	/* Duplicate address detection would keep an IPv6 address unusable for a
	 * second; addresses here are handed out by one daemon. */
	if (addr->family == AF_INET6)
		body.ifa_flags = IFA_F_NODAD;
	nl_begin(&r, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &body, sizeof body);
	nl_put(&r, IFA_LOCAL, &addr->ip, ip_size(addr->family));
	nl_put(&r, IFA_ADDRESS, &addr->ip, ip_size(addr->family));
	if (addr->family == AF_INET && broadcast_of(addr)) {
		uint32_t broadcast = broadcast_of(addr);

		nl_put(&r, IFA_BROADCAST, &broadcast, sizeof broadcast);
	}
	if (nl_transact(sock, &r, "add an address", err))
		return err_wrap(err, "%s", link);
	return 0;
}

struct addr_list {
	struct kern_addr *out;
	size_t max, n;
	unsigned index; /* of the link; 0: all */
};

static int take_addr(const struct nlmsghdr *msg, void *arg, struct err *err)
{
	const struct ifaddrmsg *a = NLMSG_DATA(msg);
	struct addr_list *l = arg;
	const void *ip;
	size_t n = 0;

	(void)err;
	if (msg->nlmsg_type != RTM_NEWADDR || (l->index && a->ifa_index != l->index) ||
	    (a->ifa_family != AF_INET && a->ifa_family != AF_INET6) || l->n == l->max)
		return 0;
	/* On a point-to-point link ADDRESS is the other end's; LOCAL is ours. */
	ip = nl_attr(msg, sizeof *a, IFA_LOCAL, &n);
	if (!ip)
		ip = nl_attr(msg, sizeof *a, IFA_ADDRESS, &n);
	if (!ip || n != ip_size(a->ifa_family))
		return 0;
	l->out[l->n] = (struct kern_addr){ .family = a->ifa_family, .prefix = a->ifa_prefixlen };
	memcpy(&l->out[l->n++].ip, ip, n);
	return 0;
}

int kern_addr_list(const char *link, struct kern_addr *out, size_t max, size_t *n, struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	AUTO_CLOSE int sock = nl_open(NETLINK_ROUTE, err);
	struct addr_list l = { out, max, 0, if_nametoindex(link) };
	struct ifaddrmsg body = { .ifa_family = AF_UNSPEC };

	*n = 0;
	if (sock < 0)
		return -1;
	if (!l.index)
		return err_errno(err, ENODEV, "network interface %s", link);
	nl_begin(&r, RTM_GETADDR, NLM_F_DUMP, &body, sizeof body);
	if (nl_dump(sock, &r, take_addr, &l, err))
		return err_wrap(err, "addresses of %s", link);
	*n = l.n;
	return 0;
}

/* A default route: by a gateway, over a link, or (to be deleted) whatever it is. */
static int change_default(uint16_t type, int family, const void *gateway, uint32_t link,
			  struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	AUTO_CLOSE int sock = nl_open(NETLINK_ROUTE, err);
	struct rtmsg body = {
		.rtm_family = (uint8_t)family, .rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
	};

	if (sock < 0)
		return -1;
	if (type == RTM_DELROUTE) { /* 0 and "nowhere" stand for any */
		body.rtm_protocol = 0;
		body.rtm_scope = RT_SCOPE_NOWHERE;
	}
	nl_begin(&r, type, NLM_F_ACK | (type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_EXCL : 0),
		 &body, sizeof body);
	if (gateway)
		nl_put(&r, RTA_GATEWAY, gateway, ip_size(family));
	if (link)
		nl_put_u32(&r, RTA_OIF, link);
	return nl_transact(sock, &r, type == RTM_NEWROUTE ? "add the default route"
							  : "delete the default route", err);
}

int kern_route_default(const char *gateway, struct err *err)
{
	int family = strchr(gateway, ':') ? AF_INET6 : AF_INET;
	struct in6_addr ip;

	if (inet_pton(family, gateway, &ip) != 1)
		return err_set(err, ERR_INVALID, "'%s' is no address", gateway);
	if (change_default(RTM_NEWROUTE, family, &ip, 0, err))
		return err_wrap(err, "gateway %s", gateway);
	return 0;
}

int kern_route_default_link(const char *link, int family, struct err *err)
{
	uint32_t index = if_nametoindex(link);

	if (!index)
		return err_errno(err, ENODEV, "network interface %s", link);
	return change_default(RTM_NEWROUTE, family, NULL, index, err);
}

int kern_route_default_delete(int family, struct err *err)
{
	if (!change_default(RTM_DELROUTE, family, NULL, 0, err))
		return 0;
	/* ENOENT: in this namespace there never was a route of IPv6. */
	return err->errnum == ESRCH || err->errnum == ENOENT ? 0 : -1;
}

struct overlap {
	const struct kern_addr *net;
	bool found;
};

/* Do the networks share an address? As many bits as the wider one has must be
 * equal. */
static bool share(const struct kern_addr *a, const void *ip, unsigned prefix)
{
	const uint8_t *x = (const void *)&a->ip, *y = ip;
	unsigned bits = prefix < a->prefix ? prefix : a->prefix;

	if (memcmp(x, y, bits / 8))
		return false;
	return !(bits % 8) || !((x[bits / 8] ^ y[bits / 8]) >> (8 - bits % 8));
}

static int look_at_route(const struct nlmsghdr *msg, void *arg, struct err *err)
{
	const struct rtmsg *rt = NLMSG_DATA(msg);
	struct overlap *o = arg;
	const void *dst;
	size_t n = 0;

	(void)err;
	/* The default route covers everything and reserves nothing. */
	if (msg->nlmsg_type != RTM_NEWROUTE || rt->rtm_family != o->net->family ||
	    !rt->rtm_dst_len)
		return 0;
	dst = nl_attr(msg, sizeof *rt, RTA_DST, &n);
	if (dst && n == ip_size(rt->rtm_family) && share(o->net, dst, rt->rtm_dst_len))
		o->found = true;
	return 0;
}

/* Every address has a route of its own in the table `local`, so routes alone
 * tell about addresses too. */
int kern_route_overlaps(const struct kern_addr *net, bool *overlaps, struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	AUTO_CLOSE int sock = nl_open(NETLINK_ROUTE, err);
	struct rtmsg body = { .rtm_family = (uint8_t)net->family };
	struct overlap o = { net, false };

	if (sock < 0)
		return -1;
	nl_begin(&r, RTM_GETROUTE, NLM_F_DUMP, &body, sizeof body);
	if (nl_dump(sock, &r, look_at_route, &o, err))
		return err_wrap(err, "routes");
	*overlaps = o.found;
	return 0;
}
