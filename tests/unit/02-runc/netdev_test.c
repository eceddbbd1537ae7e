/*
 * netdev_test.c - linux.netDevices: interfaces of the host's that become the
 * container's ("Network Devices" in config-linux.md, version 1.3). The host is the
 * suite's own network namespace.
 */
#include "suite.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "01-kernel/netlink.h"
#include "01-kernel/ns.h"

static bool make_device(void)
{
	struct kern_addr global;
	struct err err;

	if (kern_link_veth("unit-a", "unit-b", -1, &err) ||
	    kern_addr_parse("10.81.0.5/24", &global, &err) ||
	    kern_addr_add("unit-a", &global, &err) || kern_link_set_mtu("unit-a", 1300, &err) ||
	    kern_link_up("unit-a", &err)) {
		printf("SKIP: %s\n", err.msg);
		return false;
	}
	return true;
}

static void remove_device(void)
{
	struct err err;

	kern_link_delete("unit-b", &err);
}

/* A process that keeps a new network namespace; its pid. */
static pid_t keep_netns(void)
{
	struct kern_clone c = { CLONE_NEWNET, -1, NULL };
	struct err err;
	pid_t pid = kern_ns_clone(&c, &err);

	if (!pid)
		for (;;)
			pause();
	return pid;
}

static bool has_address(const char *link, const char *address)
{
	struct kern_addr want, found[8];
	struct err err;
	size_t n = 0;

	CU_ASSERT(!kern_addr_parse(address, &want, &err));
	if (kern_addr_list(link, found, 8, &n, &err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (found[i].family == want.family && found[i].prefix == want.prefix &&
		    found[i].ip.v4.s_addr == want.ip.v4.s_addr)
			return true;
	return false;
}

static int look_inside(void *arg, struct err *err)
{
	(void)err;
	return kern_link_exists(arg) && has_address(arg, "10.81.0.5/24");
}

/* Moved, renamed, with its address and MTU, up, and there before a hook runs. */
static void moved(void)
{
	AUTO_FREE char *out = xasprintf("%s/net", test_dir), *seen = NULL;
	json_t *config = spec();

	if (!make_device()) {
		json_decref(config);
		return;
	}
	set(config, "linux.netDevices", "{'unit-a': {'name': 'net%%d'}}");
	set(config, "hooks", "{'createContainer': [{'path': '/bin/sh', 'args': ['sh', '-c', "
	    "'grep -c net0: /proc/net/dev >%s'], 'env': ['PATH=/bin:/usr/bin']}]}", out);
	set(config, "linux.sysctl", "{'net.ipv4.conf.net0.forwarding': '1'}");
	script(config, "busybox ip -o -4 addr show net0 | grep -o 'inet [0-9./]*'; cat /sys/class/net/net0/mtu "
	       "/sys/class/net/net0/operstate; busybox ip link show net0 | grep -o '<[^>]*>' | tr ',' '\\n' | grep -x UP");
	struct result r = run(config);

	HAS(r.out, "inet 10.81.0.5/24\n1300\n");
	HAS(r.out, "UP");
	EQ_INT(r.status, 0);
	seen = read_file(out);
	EQ_STR(seen, "1\n");
	/* A virtual device goes with its namespace. */
	CU_ASSERT(!kern_link_exists("unit-a") && !kern_link_exists("unit-b"));
	NOTHING_LEFT();
}

static void into_a_joined_namespace(void)
{
	json_t *config = spec();
	struct err err;
	pid_t keeper;
	int ns;

	if (!make_device()) {
		json_decref(config);
		return;
	}
	keeper = keep_netns();
	ns = kern_ns_open(keeper, kern_ns_by_oci_name("network"), &err);
	set(config, "linux.namespaces", "[{'type': 'pid'}, {'type': 'mount'}, {'type': 'uts'}, "
	    "{'type': 'network', 'path': '/proc/%d/ns/net'}]", (int)keeper);
	set(config, "mounts", "[{'destination': '/proc', 'type': 'proc', 'source': 'proc'}]");
	set(config, "linux.netDevices", "{'unit-a': {}}");
	EQ_INT(run(config).status, 0);
	/* It stays with the namespace, which is not the container's. */
	CU_ASSERT(!kern_link_exists("unit-a"));
	CU_ASSERT_EQUAL(kern_net_inside(ns, look_inside, "unit-a", &err), 1);
	close(ns);
	kill(keeper, SIGKILL);
	waitpid(keeper, NULL, 0);
	remove_device();
	NOTHING_LEFT();
}

/* A creation that fails leaves the device where and as it was. */
static void brought_back(void)
{
	static const char *const hooks[] = { "createRuntime", "createContainer" };

	if (!make_device())
		return;
	for (size_t i = 0; i < 2; i++) {
		json_t *config = spec();

		set(config, "linux.netDevices", "{'unit-a': {'name': 'inside'}}");
		set(config, "hooks", "{'%s': [{'path': '/bin/false'}]}", hooks[i]);
		FAILS(run(config), 1, hooks[i]);
		CU_ASSERT(kern_link_exists("unit-a"));
		CU_ASSERT(has_address("unit-a", "10.81.0.5/24"));
	}
	remove_device();
	NOTHING_LEFT();
}

static void refused(void)
{
	json_t *config = spec();

	set(config, "linux.netDevices", "{'no-such-dev': {}}");
	FAILS(run(config), 1, "linux.netDevices[\"no-such-dev\"]: link not found");
	config = spec();
	set(config, "linux.netDevices", "{'lo': {}}");
	set(config, "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}]");
	FAILS(run(config), 1, "unable to move network devices without a NET namespace");
	config = spec();
	set(config, "linux.netDevices", "{'lo': {}}");
	set(config, "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}, {'type': 'network', "
	    "'path': '/proc/%d/ns/net'}]", (int)getpid());
	FAILS(run(config), 1, "unable to move network devices without a NET namespace");
	if (!make_device())
		return;
	config = spec();
	set(config, "linux.netDevices", "{'unit-a': {'name': 'lo'}}");
	FAILS(run(config), 1, "a network device lo exists there");
	CU_ASSERT(kern_link_exists("unit-a"));
	remove_device();
	NOTHING_LEFT();
}

CU_TestInfo netdev_tests[] = {
	{ "moved, before the hooks", moved },
	{ "into a namespace that is joined", into_a_joined_namespace },
	{ "brought back", brought_back },
	{ "refused", refused },
	CU_TEST_INFO_NULL,
};
