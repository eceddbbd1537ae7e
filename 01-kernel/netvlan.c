/*
 * netvlan.c - links that need no bridge: macvlan and ipvlan devices, 802.1Q tags, and
 * the dummy that stands for a parent where there is none (netlink.h).
 *
 * A macvlan has a hardware address of its own on its parent's wire, an ipvlan shares
 * the parent's and is told apart by its IP address. Both are made directly in the
 * container's namespace, as a veth's end is.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "netlink.h"
#include "netlink_msg.h"

static const struct mode {
	const char *kind, *name;
	uint32_t value;
} modes[] = {
	{ "macvlan", "bridge", MACVLAN_MODE_BRIDGE },
	{ "macvlan", "private", MACVLAN_MODE_PRIVATE },
	{ "macvlan", "vepa", MACVLAN_MODE_VEPA },
	{ "macvlan", "passthru", MACVLAN_MODE_PASSTHRU },
	{ "ipvlan", "l2", IPVLAN_MODE_L2 },
	{ "ipvlan", "l3", IPVLAN_MODE_L3 },
	{ "ipvlan", "l3s", IPVLAN_MODE_L3S },
	{ NULL, NULL, 0 },
};

static const struct mode *find_mode(const char *kind, const char *name)
{
	const struct mode *m = modes;

	while (m->kind && (strcmp(m->kind, kind) || strcmp(m->name, name)))
		m++;
	return m->kind ? m : NULL;
}

int kern_vlan_check(const char *kind, const char *mode, struct err *err)
{
	return find_mode(kind, mode) ? 0
				     : err_set(err, ERR_INVALID, "%s has no mode '%s'", kind, mode);
}

/* The nest of what the kind wants to know is left open for the caller. */
struct making {
	struct nl_request r;
	size_t info, data;
};

static int begin(struct making *m, const char *name, const char *parent, int ns_fd,
		 const char *kind, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	uint32_t index = parent ? if_nametoindex(parent) : 0;

	if (parent && !index)
		return err_errno(err, ENODEV, "network interface %s", parent);
	if (!*name || strlen(name) >= IFNAMSIZ)
		return err_set(err, ERR_INVALID, "'%s' cannot be the name of a network interface",
			       name);
	nl_begin(&m->r, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
	nl_put_str(&m->r, IFLA_IFNAME, name);
	if (parent)
		nl_put_u32(&m->r, IFLA_LINK, index);
	if (ns_fd >= 0)
		nl_put_u32(&m->r, IFLA_NET_NS_FD, (uint32_t)ns_fd);
	m->info = nl_nest(&m->r, IFLA_LINKINFO);
	nl_put_str(&m->r, IFLA_INFO_KIND, kind);
	m->data = nl_nest(&m->r, IFLA_INFO_DATA);
	return 0;
}

static int finish(struct making *m, const char *what, struct err *err)
{
	AUTO_CLOSE int sock = nl_open(NETLINK_ROUTE, err);

	if (sock < 0)
		return -1;
	nl_nest_end(&m->r, m->data);
	nl_nest_end(&m->r, m->info);
	return nl_transact(sock, &m->r, what, err);
}

static void free_making(struct making *m)
{
	nl_request_free(&m->r);
}

int kern_link_vlan(const struct kern_vlan *v, struct err *err)
{
	AUTO(free_making) struct making m = { NL_REQUEST_INIT, 0, 0 };
	const struct mode *mode = find_mode(v->kind, v->mode);
	uint16_t ipvlan_mode;

	if (!mode)
		return kern_vlan_check(v->kind, v->mode, err);
	if (begin(&m, v->name, v->parent, v->ns_fd, v->kind, err))
		return -1;
	ipvlan_mode = (uint16_t)mode->value;
	if (!strcmp(v->kind, "ipvlan"))
		nl_put(&m.r, IFLA_IPVLAN_MODE, &ipvlan_mode, sizeof ipvlan_mode);
	else
		nl_put_u32(&m.r, IFLA_MACVLAN_MODE, mode->value);
	if (finish(&m, v->kind, err))
		return err_wrap(err, "create a device on %s", v->parent);
	return 0;
}

int kern_link_dummy(const char *name, struct err *err)
{
	AUTO(free_making) struct making m = { NL_REQUEST_INIT, 0, 0 };

	return begin(&m, name, NULL, -1, "dummy", err) || finish(&m, "create dummy", err) ? -1 : 0;
}

int kern_link_tagged(const char *name, const char *parent, uint16_t tag, struct err *err)
{
	AUTO(free_making) struct making m = { NL_REQUEST_INIT, 0, 0 };

	if (begin(&m, name, parent, -1, "vlan", err))
		return -1;
	nl_put(&m.r, IFLA_VLAN_ID, &tag, sizeof tag);
	return finish(&m, "create an 802.1Q device", err);
}
