/*
 * netlink.c - links: bridges, veth pairs, and what is set on them (netlink.h).
 *
 * What `ip link` does, without ip(8): each function is one message to the
 * kernel, with the answer waited for. A veth's other end is made directly in
 * the container's network namespace, so it never shows up in the host's with a
 * name that might be taken.
 */
#include "netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "calls.h"
#include "netlink_msg.h"

static int check_name(const char *name, struct err *err)
{
	if (!*name || strlen(name) >= IFNAMSIZ || strchr(name, '/') || strchr(name, ' '))
		return err_set(err, ERR_INVALID, "'%s' cannot be the name of a network interface",
			       name);
	return 0;
}

static int send_one(struct nl_request *r, const char *what, const char *name, struct err *err)
{
	AUTO_CLOSE int sock = nl_open(NETLINK_ROUTE, err);
	AUTO_FREE char *text = xasprintf("%s %s", what, name);

	return sock < 0 ? -1 : nl_transact(sock, r, text, err);
}

/* Begin a request about one link, by name. */
static void begin_link(struct nl_request *r, uint16_t type, uint16_t flags, const char *name,
		       const struct ifinfomsg *info)
{
	nl_begin(r, type, NLM_F_ACK | flags, info, sizeof *info);
	nl_put_str(r, IFLA_IFNAME, name);
}

int kern_link_bridge(const char *name, struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	size_t kind;

	if (check_name(name, err))
		return -1;
	begin_link(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name, &info);
	kind = nl_nest(&r, IFLA_LINKINFO);
	nl_put_str(&r, IFLA_INFO_KIND, "bridge");
	nl_nest_end(&r, kind);
	return send_one(&r, "create bridge", name, err);
}

int kern_link_veth(const char *name, const char *peer_name, int ns_fd, struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	size_t kind, data, peer;

	if (check_name(name, err) || check_name(peer_name, err))
		return -1;
	begin_link(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name, &info);
	kind = nl_nest(&r, IFLA_LINKINFO);
	nl_put_str(&r, IFLA_INFO_KIND, "veth");
	data = nl_nest(&r, IFLA_INFO_DATA);
	peer = nl_nest(&r, VETH_INFO_PEER);
	nl_nest_raw(&r, &info, sizeof info); /* the peer is described as a link is */
	nl_put_str(&r, IFLA_IFNAME, peer_name);
	if (ns_fd >= 0)
		nl_put_u32(&r, IFLA_NET_NS_FD, (uint32_t)ns_fd);
	nl_nest_end(&r, peer);
	nl_nest_end(&r, data);
	nl_nest_end(&r, kind);
	return send_one(&r, "create veth pair", name, err);
}

static int index_of(const char *name, uint32_t *index, struct err *err)
{
	*index = if_nametoindex(name);
	return *index ? 0 : err_errno(err, ENODEV, "network interface %s", name);
}

int kern_link_set_master(const char *name, const char *bridge, struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	uint32_t master = 0;

	if (bridge && index_of(bridge, &master, err))
		return -1;
	begin_link(&r, RTM_NEWLINK, 0, name, &info);
	nl_put_u32(&r, IFLA_MASTER, master);
	return send_one(&r, "set the bridge of", name, err);
}

/* A setting of the link's role as a bridge's port, one byte. */
static int set_port(const char *name, uint16_t attr, bool on, struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	uint8_t value = on;
	size_t kind, data;

	begin_link(&r, RTM_NEWLINK, 0, name, &info);
	kind = nl_nest(&r, IFLA_LINKINFO);
	nl_put_str(&r, IFLA_INFO_SLAVE_KIND, "bridge");
	data = nl_nest(&r, IFLA_INFO_SLAVE_DATA);
	nl_put(&r, attr, &value, sizeof value);
	nl_nest_end(&r, data);
	nl_nest_end(&r, kind);
	if (!send_one(&r, "set up the bridge port", name, err))
		return 0;
	if (err->errnum == EINVAL || err->errnum == EOPNOTSUPP)
		err->kind = ERR_UNSUPPORTED; /* it has no bridge */
	return -1;
}

int kern_link_set_hairpin(const char *name, bool on, struct err *err)
{
	return set_port(name, IFLA_BRPORT_MODE, on, err);
}

int kern_link_set_isolated(const char *name, bool on, struct err *err)
{
	return set_port(name, IFLA_BRPORT_ISOLATED, on, err);
}

int kern_link_up(const char *name, struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };

	begin_link(&r, RTM_NEWLINK, 0, name, &info);
	return send_one(&r, "bring up", name, err);
}

/* By ioctl(2) (netdevice(7)): one interface whose name never changes, one flag. */
int kern_link_loopback_up(struct err *err)
{
	AUTO_CLOSE int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	return sock < 0 || ioctl(sock, SIOCSIFFLAGS, &request) ? err_sys(err, "bring up lo") : 0;
}

int kern_link_set_mac(const char *name, const uint8_t mac[6], struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };

	begin_link(&r, RTM_NEWLINK, 0, name, &info);
	nl_put(&r, IFLA_ADDRESS, mac, 6);
	return send_one(&r, "set the hardware address of", name, err);
}

int kern_link_set_mtu(const char *name, unsigned mtu, struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };

	begin_link(&r, RTM_NEWLINK, 0, name, &info);
	nl_put_u32(&r, IFLA_MTU, mtu);
	return send_one(&r, "set the MTU of", name, err);
}

static int take_mac(const struct nlmsghdr *msg, void *arg, struct err *err)
{
	size_t n = 0;
	const void *mac = nl_attr(msg, sizeof(struct ifinfomsg), IFLA_ADDRESS, &n);
	uint8_t *out = arg;

	if (msg->nlmsg_type != RTM_NEWLINK || !mac || n != 6)
		return err_set(err, ERR_UNSUPPORTED, "the interface has no hardware address");
	memcpy(out, mac, 6);
	return 0;
}

int kern_link_get_mac(const char *name, uint8_t mac[6], struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	AUTO_CLOSE int sock = nl_open(NETLINK_ROUTE, err);
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };

	if (sock < 0 || index_of(name, &(uint32_t){ 0 }, err))
		return -1;
	begin_link(&r, RTM_GETLINK, 0, name, &info);
	if (nl_dump(sock, &r, take_mac, mac, err))
		return err_wrap(err, "read the hardware address of %s", name);
	return 0;
}

int kern_link_delete(const char *name, struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };

	begin_link(&r, RTM_DELLINK, 0, name, &info);
	if (send_one(&r, "delete", name, err))
		return err->errnum == ENODEV ? 0 : -1;
	return 0;
}

bool kern_link_exists(const char *name)
{
	return if_nametoindex(name) != 0;
}

int kern_net_inside(int ns_fd, int (*fn)(void *arg, struct err *err), void *arg, struct err *err)
{
	/* setns(2) with CLONE_NEWNET moves the calling thread only. */
	AUTO_CLOSE int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int r;

	if (home < 0)
		return err_sys(err, "open this thread's network namespace");
	if (kern_call_setns(ns_fd, CLONE_NEWNET))
		return err_sys(err, "enter the network namespace");
	r = fn(arg, err);
	/* A thread that cannot come back must not go on: whatever it does next
	 * would be done to the container's network. */
	if (kern_call_setns(home, CLONE_NEWNET)) {
		perror("return to the network namespace");
		abort();
	}
	return r;
}
