/*
 * test_netmove.c - a link from one network namespace into another, with what
 * belongs to it (kern_link_move in netlink.h).
 */
#include "suite.h"

#include <fcntl.h>
#include <net/if.h>

#include "01-kernel/netlink.h"
#include "net_suite.h"

struct seen {
	const char *name;
	bool there, global, v6;
};

/* What has become of it, in the namespace where it now is. */
static int look(void *arg, struct err *err)
{
	struct seen *s = arg;
	struct kern_addr a, found[16];
	size_t n = 0;

	s->there = kern_link_exists(s->name);
	if (!s->there || kern_addr_list(s->name, found, 16, &n, err))
		return s->there ? -1 : 0;
	for (size_t i = 0; i < n; i++) {
		if (!kern_addr_parse("10.82.0.5/24", &a, err))
			s->global |= found[i].family == AF_INET && found[i].ip.v4.s_addr == a.ip.v4.s_addr &&
				     found[i].prefix == 24;
		if (!kern_addr_parse("fd00:82::5/64", &a, err))
			s->v6 |= found[i].family == AF_INET6 && !memcmp(&found[i].ip.v6, &a.ip.v6, 16);
	}
	return 0;
}

/* The other side is taken to have a link of this name. */
static int occupy(void *arg, struct err *err)
{
	return kern_link_veth(arg, "other", -1, err);
}

static void add(const char *link, const char *address)
{
	struct kern_addr a;
	struct err err;

	OK(kern_addr_parse(address, &a, &err));
	OK(kern_addr_add(link, &a, &err));
}

static void there_and_back(void)
{
	struct err err;
	AUTO_CLOSE int there = new_netns(&err), here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct kern_link_move go = { .name = "mv-unit", .new_name = "eth%d", .from = here, .to = there,
				     .up = true };
	struct kern_link_move back = { .name = "eth1", .new_name = "mv-unit", .from = there, .to = here };
	struct seen seen = { .name = "eth1" };

	CU_ASSERT_FATAL(there >= 0 && here >= 0);
	if (kern_link_veth("mv-unit", "mv-peer", -1, &err))
		SKIP("%s", err.msg);
	add("mv-unit", "10.82.0.5/24");
	add("mv-unit", "fd00:82::5/64");
	OK(kern_net_inside(there, occupy, "eth0", &err));
	OK(kern_link_move(&go, &err));
	CU_ASSERT(go.moved && !go.was_up && !strcmp(go.got, "eth1")); /* 0 was taken */
	CU_ASSERT(!kern_link_exists("mv-unit"));
	OK(kern_net_inside(there, look, &seen, &err));
	CU_ASSERT(seen.there && seen.global && seen.v6);
	OK(kern_link_move(&back, &err));
	CU_ASSERT(back.moved && back.was_up);
	seen = (struct seen){ .name = "mv-unit" };
	OK(look(&seen, &err));
	CU_ASSERT(seen.there && seen.global && seen.v6);
	OK(kern_link_delete("mv-unit", &err));
}

static void refused(void)
{
	struct err err;
	AUTO_CLOSE int there = new_netns(&err), here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct kern_link_move go = { .name = "mv-unit", .new_name = "lo", .from = here, .to = there };

	CU_ASSERT_FATAL(there >= 0 && here >= 0);
	if (kern_link_veth("mv-unit", "mv-peer", -1, &err))
		SKIP("%s", err.msg);
	FAILS(kern_link_move(&go, &err), ERR_EXISTS, "lo");
	CU_ASSERT(!go.moved && kern_link_exists("mv-unit"));
	go.new_name = "a-name-that-is-too-long";
	FAILS(kern_link_move(&go, &err), ERR_INVALID, "too-long");
	go.name = "none-unit";
	go.new_name = "x";
	FAILS(kern_link_move(&go, &err), ERR_NOT_FOUND, "none-unit");
	/* What the kernel does not let go. */
	go.name = "lo";
	CU_ASSERT(kern_link_move(&go, &err) && !go.moved);
	OK(kern_link_delete("mv-unit", &err));
}

const struct test netmove_tests[] = {
	{ "there and back, with its addresses", there_and_back },
	{ "refused", refused },
	{ NULL, NULL },
};
