/*
 * netmove.c - a network interface from one namespace into another (netlink.h).
 *
 * The kernel moves an interface with one message, renames it in the same, takes it
 * down and forgets its addresses. Those that somebody has set for good are read before
 * and set again behind it; the hardware address, the MTU and the like stay by themselves.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "netlink.h"
#include "netlink_msg.h"

/* One address, as RTM_GETADDR tells of it and RTM_NEWADDR takes it. */
struct saved_addr {
	struct ifaddrmsg body;
	struct { uint16_t type; size_t n; uint8_t value[16]; } attr[3];
	size_t n_attrs;
};

struct travel {
	struct kern_link_move *move;
	unsigned index; /* in the old namespace */
	struct saved_addr *addrs;
	size_t n, cap;
};

static void save_attr(struct saved_addr *a, const struct nlmsghdr *msg, uint16_t type)
{
	size_t n = 0;
	const void *value = nl_attr(msg, sizeof a->body, type, &n);

	if (!value || n > sizeof a->attr->value)
		return;
	a->attr[a->n_attrs].type = type;
	a->attr[a->n_attrs].n = n;
	memcpy(a->attr[a->n_attrs++].value, value, n);
}

/* Dynamic addresses have their lifetime from somebody on the old network, and those
 * of a narrower scope belong to a link or a host: both are left behind. */
static int save_addr(const struct nlmsghdr *msg, void *arg, struct err *err)
{
	const struct ifaddrmsg *body = NLMSG_DATA(msg);
	struct travel *t = arg;
	struct saved_addr *a;

	(void)err;
	if (msg->nlmsg_type != RTM_NEWADDR || body->ifa_index != t->index ||
	    body->ifa_scope != RT_SCOPE_UNIVERSE || !(body->ifa_flags & IFA_F_PERMANENT))
		return 0;
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 8;
		t->addrs = xrealloc(t->addrs, t->cap * sizeof *t->addrs);
	}
	a = &t->addrs[t->n++];
	*a = (struct saved_addr){ .body = { .ifa_family = body->ifa_family,
					    .ifa_prefixlen = body->ifa_prefixlen,
					    .ifa_scope = body->ifa_scope } };
	save_attr(a, msg, IFA_LOCAL);
	save_attr(a, msg, IFA_ADDRESS);
	save_attr(a, msg, IFA_BROADCAST);
	return 0;
}

static int look(const struct nlmsghdr *msg, void *arg, struct err *err)
{
	const struct ifinfomsg *info = NLMSG_DATA(msg);

	(void)err;
	if (msg->nlmsg_type == RTM_NEWLINK)
		((struct kern_link_move *)arg)->was_up = info->ifi_flags & IFF_UP;
	return 0;
}

/* In the old namespace: what it is like, and off it goes. */
static int leave(void *arg, struct err *err)
{
	struct travel *t = arg;
	AUTO_NL struct nl_request link = NL_REQUEST_INIT, dump = NL_REQUEST_INIT, go = NL_REQUEST_INIT;
	AUTO_CLOSE int sock = nl_open(NETLINK_ROUTE, err);
	struct ifinfomsg info = { .ifi_index = (int)if_nametoindex(t->move->name) };
	struct ifaddrmsg any = { .ifa_family = AF_UNSPEC };

	if (sock < 0)
		return -1;
	t->index = (unsigned)info.ifi_index;
	if (!t->index)
		return err_errno(err, ENODEV, "link not found for interface %s on runtime namespace",
				 t->move->name);
	nl_begin(&link, RTM_GETLINK, NLM_F_ACK, &info, sizeof info);
	nl_begin(&dump, RTM_GETADDR, NLM_F_DUMP, &any, sizeof any);
	if (nl_dump(sock, &link, look, t->move, err) || nl_dump(sock, &dump, save_addr, t, err))
		return err_wrap(err, "read its settings");
	nl_begin(&go, RTM_NEWLINK, NLM_F_ACK, &info, sizeof info);
	nl_put_str(&go, IFLA_IFNAME, t->move->got);
	nl_put_u32(&go, IFLA_NET_NS_FD, (uint32_t)t->move->to);
	return nl_transact(sock, &go, "change its namespace", err);
}

/* In the new one: its addresses, and up. */
static int arrive(void *arg, struct err *err)
{
	struct travel *t = arg;
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	AUTO_CLOSE int sock = nl_open(NETLINK_ROUTE, err);
	struct ifinfomsg state = { .ifi_index = (int)if_nametoindex(t->move->got),
				   .ifi_flags = t->move->up ? IFF_UP : 0, .ifi_change = IFF_UP };

	if (sock < 0)
		return -1;
	for (size_t i = 0; i < t->n; i++) {
		struct saved_addr *a = &t->addrs[i];

		a->body.ifa_index = (uint32_t)state.ifi_index;
		nl_begin(&r, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &a->body,
			 sizeof a->body);
		for (size_t j = 0; j < a->n_attrs; j++)
			nl_put(&r, a->attr[j].type, a->attr[j].value, a->attr[j].n);
	}
	nl_begin(&r, RTM_NEWLINK, NLM_F_ACK, &state, sizeof state);
	return nl_transact(sock, &r, "set it up", err);
}

static int check_free(void *arg, struct err *err)
{
	if (if_nametoindex(arg))
		return err_set(err, ERR_EXISTS, "a network device %s exists there", (char *)arg);
	return 0;
}

/* "eth%d" becomes the first that is free there, as the kernel would make it. */
static int choose_name(struct kern_link_move *m, struct err *err)
{
	const char *number = strstr(m->new_name, "%d");
	int i = 0, failed;

	do {
		int n = number ? snprintf(m->got, sizeof m->got, "%.*s%d%s",
					  (int)(number - m->new_name), m->new_name, i++, number + 2)
			       : snprintf(m->got, sizeof m->got, "%s", m->new_name);

		if (n <= 0 || (size_t)n >= sizeof m->got)
			return err_set(err, ERR_INVALID, "'%s' cannot be its name", m->new_name);
		failed = kern_net_inside(m->to, check_free, m->got, err);
	} while (failed && number && err->kind == ERR_EXISTS);
	return failed;
}

int kern_link_move(struct kern_link_move *m, struct err *err)
{
	struct travel t = { .move = m };
	int failed = choose_name(m, err) || kern_net_inside(m->from, leave, &t, err);

	m->moved = !failed;
	failed = failed || kern_net_inside(m->to, arrive, &t, err);
	free(t.addrs);
	return failed ? err_wrap(err, "network device %s", m->name) : 0;
}
