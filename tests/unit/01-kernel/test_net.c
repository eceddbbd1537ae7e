/*
 * test_net.c - links, addresses, routes (netlink.h), in the suite's own
 * network namespace.
 */
#include "suite.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "01-kernel/netlink.h"
#include "01-kernel/ns.h"
#include "net_suite.h"

int new_netns(struct err *err)
{
	struct kern_clone c = { CLONE_NEWNET, -1, NULL };
	pid_t pid = kern_ns_clone(&c, err);
	int fd;

	if (pid == 0)
		for (;;)
			pause();
	if (pid < 0)
		return -1;
	/* The descriptor alone keeps the namespace. */
	fd = kern_ns_open(pid, kern_ns_by_oci_name("network"), err);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}

static void address_text(void)
{
	struct kern_addr a;
	struct err err;

	OK(kern_addr_parse("172.17.0.1/16", &a, &err));
	CU_ASSERT(a.family == AF_INET && a.prefix == 16 && a.ip.v4.s_addr == inet_addr("172.17.0.1"));
	OK(kern_addr_parse("fd00::1/64", &a, &err));
	CU_ASSERT(a.family == AF_INET6 && a.prefix == 64 && a.ip.v6.s6_addr[0] == 0xfd);
	OK(kern_addr_parse("0.0.0.0/0", &a, &err));
	for (const char *const *bad = (const char *const[]){ "", "172.17.0.1", "172.17.0.1/33",
			"172.17.0/16", "172.17.0.1/", "172.17.0.1/-1", "172.17.0.1/+8", "172.17.0.1/8x",
			"fd00::1/129", "::1::/64", "a/8", NULL }; *bad; bad++)
		FAILS(kern_addr_parse(*bad, &a, &err), ERR_INVALID, *bad);
}

static void bridge_and_its_settings(void)
{
	const uint8_t mac[6] = { 0x02, 0x42, 0xac, 0x11, 0, 1 };
	struct kern_addr addr, found[8];
	uint8_t now[6] = { 0 };
	size_t n = 0;
	struct err err;
	bool v4 = false;

	if (kern_link_bridge("br-unit", &err))
		SKIP("%s", err.msg);
	CU_ASSERT(kern_link_exists("br-unit"));
	FAILS(kern_link_bridge("br-unit", &err), ERR_EXISTS, "br-unit");
	OK(kern_link_set_mac("br-unit", mac, &err));
	OK(kern_link_get_mac("br-unit", now, &err));
	CU_ASSERT(!memcmp(mac, now, 6));
	OK(kern_link_set_mtu("br-unit", 1400, &err));
	OK(kern_addr_parse("10.77.0.1/24", &addr, &err));
	OK(kern_addr_add("br-unit", &addr, &err));
	FAILS(kern_addr_add("br-unit", &addr, &err), ERR_EXISTS, "br-unit");
	OK(kern_link_up("br-unit", &err));
	OK(kern_addr_list("br-unit", found, 8, &n, &err));
	for (size_t i = 0; i < n; i++)
		v4 |= found[i].family == AF_INET && found[i].prefix == 24 &&
		      found[i].ip.v4.s_addr == inet_addr("10.77.0.1");
	CU_ASSERT(v4);
	OK(kern_link_delete("br-unit", &err));
	OK(kern_link_delete("br-unit", &err)); /* missing is no error */
	CU_ASSERT(!kern_link_exists("br-unit"));
}

static int inside(void *arg, struct err *err)
{
	struct kern_addr addr;

	(void)arg;
	if (!kern_link_exists("eth0") || kern_link_exists("veth-unit"))
		return err_set(err, ERR_CONFLICT, "the wrong end is here");
	if (kern_link_up("lo", err) || kern_addr_parse("10.78.0.2/24", &addr, err) ||
	    kern_addr_add("eth0", &addr, err) || kern_link_up("eth0", err) ||
	    kern_route_default("10.78.0.1", err))
		return -1;
	return 23;
}

static void a_cable_between_namespaces(void)
{
	struct err err;
	AUTO_CLOSE int ns = new_netns(&err);

	CU_ASSERT_FATAL(ns >= 0);
	if (kern_link_veth("veth-unit", "eth0", ns, &err) && err.kind == ERR_UNSUPPORTED)
		SKIP("%s", err.msg);
	CU_ASSERT(kern_link_exists("veth-unit") && !kern_link_exists("eth0"));
	FAILS(kern_link_veth("veth-unit", "eth1", -1, &err), ERR_EXISTS, "veth-unit");
	CU_ASSERT_EQUAL(kern_net_inside(ns, inside, NULL, &err), 23);
	CU_ASSERT(kern_link_exists("veth-unit")); /* and we are back */
	OK(kern_link_bridge("br-unit", &err));
	OK(kern_link_set_master("veth-unit", "br-unit", &err));
	OK(kern_link_set_hairpin("veth-unit", true, &err));
	OK(kern_link_set_isolated("veth-unit", true, &err));
	OK(kern_link_set_master("veth-unit", NULL, &err));
	FAILS(kern_link_set_hairpin("veth-unit", true, &err), ERR_UNSUPPORTED, "veth-unit");
	FAILS(kern_link_set_master("veth-unit", "br-none", &err), ERR_NOT_FOUND, "br-none");
	OK(kern_link_delete("veth-unit", &err));
	OK(kern_link_delete("br-unit", &err));
}

static void names_that_cannot_be(void)
{
	struct err err;
	uint8_t mac[6];

	FAILS(kern_link_bridge("", &err), ERR_INVALID, "name");
	FAILS(kern_link_bridge("a-name-that-is-too-long", &err), ERR_INVALID, "too-long");
	FAILS(kern_link_bridge("a/b", &err), ERR_INVALID, "a/b");
	FAILS(kern_link_up("none-unit", &err), ERR_NOT_FOUND, "none-unit");
	FAILS(kern_link_get_mac("none-unit", mac, &err), ERR_NOT_FOUND, "none-unit");
	FAILS(kern_route_default("not-an-address", &err), ERR_INVALID, "not-an-address");
}

static void overlapping_networks(void)
{
	static const struct { const char *net; bool overlaps; } cases[] = {
		{ "10.79.0.0/16", true }, { "10.79.128.0/17", false }, { "10.0.0.0/8", true },
		{ "10.79.1.0/24", true }, { "10.79.2.0/24", false }, { "10.80.0.0/16", false },
		{ "10.79.1.64/26", true }, { "127.0.0.0/8", true },
	};
	struct kern_addr addr, net;
	struct err err;

	if (kern_link_bridge("br-unit", &err))
		SKIP("%s", err.msg);
	OK(kern_addr_parse("10.79.1.1/24", &addr, &err));
	OK(kern_addr_add("br-unit", &addr, &err));
	OK(kern_link_up("br-unit", &err));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool got = !cases[i].overlaps;

		OK(kern_addr_parse(cases[i].net, &net, &err));
		OK(kern_route_overlaps(&net, &got, &err));
		if (got != cases[i].overlaps)
			fprintf(stderr, "\n%s: expected %d\n", cases[i].net, cases[i].overlaps);
		CU_ASSERT_EQUAL(got, cases[i].overlaps);
	}
	OK(kern_link_delete("br-unit", &err));
}

const struct test net_tests[] = {
	{ "addresses with a prefix", address_text },
	{ "a bridge: address, hardware address, MTU", bridge_and_its_settings },
	{ "a cable with an end in another namespace", a_cable_between_namespaces },
	{ "names that cannot be", names_that_cannot_be },
	{ "which networks are taken", overlapping_networks },
	{ NULL, NULL },
};
