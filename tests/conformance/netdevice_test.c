/*
 * netdevice_test.c - "Network Devices" in config-linux.md. The tests' own network
 * namespace plays the host.
 */
#include "conform.h"

static bool ip(const char *command)
{
	AUTO_FREE char *text = xasprintf("ip %s >/dev/null 2>&1", command);

	return !system(text);
}

/* An interface that need not lead anywhere, or none can be made here. */
static bool make_device(const char *name)
{
	AUTO_FREE char *dummy = xasprintf("link add %s type dummy", name);
	AUTO_FREE char *veth = xasprintf("link add %s type veth peer name %s-peer", name, name);

	if (ip(dummy) || ip(veth))
		return true;
	skip("no network device can be made here");
	return false;
}

static json_t *with_device(const char *name, const char *value)
{
	json_t *config = sleeper(), *devices = json_object();
	AUTO_FREE char *path = xasprintf("linux.netDevices.%s", name);

	json_object_set_new(json_object_get(config, "linux"), "netDevices", devices);
	set(config, path, "%s", value);
	return config;
}

static struct result inside(const char *command)
{
	return runc("exec", id, "sh", "-c", command, NULL);
}

PROVES(moved_devices,
	{ "config-linux.md#network-devices", MUST, "A device of `netDevices` is in the container, by the same name where no other is given." },
	{ "config-linux.md#network-devices", MUST, "It is up." },
	{ "config-linux.md#network-devices", MUST, "It keeps its attributes, among them the permanent addresses of global scope." });
static void moved_devices(void)
{
	if (!make_device("conf0"))
		return;
	CU_ASSERT(ip("link set conf0 mtu 1357 address 02:00:00:00:00:07") && ip("addr add 10.77.0.1/24 dev conf0") &&
		  ip("addr add fd77::1/64 dev conf0"));
	if (start(with_device("conf0", "{}"))) {
		CU_ASSERT(!ip("link show conf0"));
		PRINTS(inside("cat /sys/class/net/conf0/mtu /sys/class/net/conf0/address; "
			      "busybox ip -4 addr show conf0 | grep -c 10.77.0.1/24; busybox ip -6 addr show conf0 | grep -c fd77::1/64; "
			      "busybox ip link show conf0 | grep -c '[<,]UP[,>]'"), "1357\n02:00:00:00:00:07\n1\n1\n1\n");
		stop();
	}
	ip("link del conf0");
}

PROVES(renamed_devices,
	{ "config-linux.md#network-devices", MUST, "`name` is its name in the container." },
	{ "config-linux.md#network-devices", MUST, "In a `name` with `%d` the kernel puts a number that is free." });
static void renamed_devices(void)
{
	if (!make_device("conf1"))
		return;
	if (start(with_device("conf1", "{'name': 'inner'}"))) {
		PRINTS(inside("ls /sys/class/net"), "inner\nlo\n");
		stop();
	}
	ip("link del conf1");
	if (!make_device("conf2"))
		return;
	if (start(with_device("conf2", "{'name': 'any%d'}"))) {
		PRINTS(inside("ls /sys/class/net"), "any0\nlo\n");
		stop();
	}
	ip("link del conf2");
}

PROVES(devices_that_cannot_be_moved,
	{ "config-linux.md#network-devices", MUST, "That the device can be moved is checked: one that is not there is an error." },
	{ "config-linux.md#network-devices", MUST, "A name that the container's namespace has already is an error." });
static void devices_that_cannot_be_moved(void)
{
	REFUSED(with_device("nowhere0", "{}"));
	if (!make_device("conf3"))
		return;
	REFUSED(with_device("conf3", "{'name': 'lo'}"));
	CU_ASSERT(ip("link show conf3")); /* it is where it was */
	ip("link del conf3");
}

PROVES(devices_stay,
	{ "config-linux.md#network-devices", MUST, "The runtime does not take the device out again: in a namespace that goes on, it stays." },
	{ "config-linux.md#network-devices", MUST, "Nor does it manage the device in there later on." });
static void devices_stay(void)
{
	json_t *config;

	if (!ip("netns add conform-net")) {
		skip("no network namespace can be named here");
		return;
	}
	if (make_device("conf4")) {
		config = with_device("conf4", "{}");
		set(config, "linux.namespaces", "[{'type': 'mount'}, {'type': 'pid'}, "
		    "{'type': 'network', 'path': '/run/netns/conform-net'}]");
		if (start(config)) {
			CU_ASSERT(ip("-n conform-net link set conf4 mtu 1234"));
			stop();
			CU_ASSERT(!system("ip -n conform-net link show conf4 | grep -q 'mtu 1234'"));
		}
		ip("link del conf4");
	}
	ip("netns del conform-net");
}

const struct test netdevice_rules[] = {
	TEST(moved_devices, .needs = "network devices of type dummy or veth", RUNC_DIFFERS = TOO_NEW,
	     CRUN_DIFFERS = TOO_NEW),
	TEST(renamed_devices, .needs = "network devices of type dummy or veth", RUNC_DIFFERS = TOO_NEW,
	     CRUN_DIFFERS = TOO_NEW),
	TEST(devices_that_cannot_be_moved, .needs = "network devices of type dummy or veth",
	     RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = TOO_NEW),
	TEST(devices_stay, .needs = "network devices of type dummy or veth", RUNC_DIFFERS = TOO_NEW,
	     CRUN_DIFFERS = TOO_NEW),
	{ NULL },
};
