/*
 * test_network.c - addresses, resolv.conf, and a real bridge in the test's own
 * network namespace.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/netlink.h"
#include "ipam.h"
#include "network.h"
#include "suites.h"

static struct kern_addr net_of(const char *text)
{
	struct kern_addr a;
	struct err err;

	CU_ASSERT_FATAL(kern_addr_parse(text, &a, &err) == 0);
	return a;
}

static bool claim(struct ipam *pool, const char *ip)
{
	struct kern_addr a;

	CU_ASSERT_FATAL(dockerd_addr_parse(ip, &a));
	return dockerd_ipam_claim(pool, &a);
}

static void next_is(struct ipam *pool, const char *want)
{
	char text[ADDR_TEXT_SIZE];
	struct kern_addr a;
	struct err err = { 0 };

	EXPECT_INT(dockerd_ipam_take(pool, &a, &err), 0);
	EXPECT_STR(dockerd_addr_prefix_text(&a, text), want);
}

static void addresses_in_order(void)
{
	struct kern_addr net = net_of("10.0.0.0/29"), four, a;
	struct ipam pool;
	struct err err;

	EXPECT_INT(dockerd_ipam_open(&pool, &net, NULL, &err), 0);
	for (int i = 1; i <= 6; i++) {
		AUTO_FREE char *want = xasprintf("10.0.0.%d/29", i);

		next_is(&pool, want);
	}
	EXPECT_INT(dockerd_ipam_take(&pool, &a, &err), -1);
	EXPECT_INT(err.kind, ERR_NO_SPACE);
	dockerd_addr_parse("10.0.0.4", &four);
	dockerd_ipam_release(&pool, &four);
	next_is(&pool, "10.0.0.4/29");
	dockerd_ipam_close(&pool);
}

static void addresses_are_claimed_once(void)
{
	struct kern_addr net = net_of("172.17.0.0/16"), small = net_of("10.0.0.0/32");
	struct ipam pool;
	struct err err;

	EXPECT_INT(dockerd_ipam_open(&pool, &net, NULL, &err), 0);
	CU_ASSERT(claim(&pool, "172.17.0.9"));
	CU_ASSERT(!claim(&pool, "172.17.0.9"));
	CU_ASSERT(!claim(&pool, "172.17.255.255")); /* broadcast */
	CU_ASSERT(!claim(&pool, "172.18.0.1"));	    /* another network */
	dockerd_ipam_close(&pool);
	EXPECT_INT(dockerd_ipam_open(&pool, &small, NULL, &err), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
}

static void a_range_is_given_out_and_the_rest_may_be_claimed(void)
{
	struct kern_addr net = net_of("10.1.0.0/16"), range = net_of("10.1.5.0/30"),
			 outside = net_of("10.2.0.0/24"), a;
	struct ipam pool;
	struct err err;

	EXPECT_INT(dockerd_ipam_open(&pool, &net, &outside, &err), -1);
	EXPECT_INT(dockerd_ipam_open(&pool, &net, &range, &err), 0);
	for (int i = 0; i < 4; i++) {
		AUTO_FREE char *want = xasprintf("10.1.5.%d/16", i);

		next_is(&pool, want);
	}
	EXPECT_INT(dockerd_ipam_take(&pool, &a, &err), -1);
	CU_ASSERT(claim(&pool, "10.1.9.9"));
	dockerd_ipam_close(&pool);
}

static void further_subnets_follow_the_first(void)
{
	struct kern_addr net = net_of("10.1.0.0/30"), second = net_of("10.2.0.0/30"), a;
	struct kern_addr used = net_of("10.2.0.1/32"), away = net_of("10.3.0.0/16");
	struct ipam pool;
	struct err err;

	EXPECT_INT(dockerd_ipam_open(&pool, &net, NULL, &err), 0);
	EXPECT_INT(dockerd_ipam_open(dockerd_ipam_more(&pool), &second, NULL, &err), 0);
	next_is(&pool, "10.1.0.1/30");
	next_is(&pool, "10.1.0.2/30");
	next_is(&pool, "10.2.0.1/30");
	next_is(&pool, "10.2.0.2/30");
	EXPECT_INT(dockerd_ipam_take(&pool, &a, &err), -1);
	CU_ASSERT_PTR_EQUAL(dockerd_ipam_of(&pool, &used), pool.more);
	CU_ASSERT(!claim(&pool, "10.2.0.1"));
	dockerd_ipam_release(&pool, &used);
	CU_ASSERT(claim(&pool, "10.2.0.1"));
	CU_ASSERT(dockerd_ipam_overlap(&pool, &second));
	CU_ASSERT(!dockerd_ipam_overlap(&pool, &away));
	dockerd_ipam_close(&pool);
}

static void addresses_of_ipv6(void)
{
	struct kern_addr net = net_of("fd00::/64");
	struct ipam pool;
	struct err err;

	EXPECT_INT(dockerd_ipam_open(&pool, &net, NULL, &err), 0);
	CU_ASSERT(claim(&pool, "fd00::2"));
	next_is(&pool, "fd00::1/64");
	next_is(&pool, "fd00::3/64");
	CU_ASSERT(claim(&pool, "fd00::ffff:ffff:ffff:ffff")); /* there is no broadcast */
	CU_ASSERT(!claim(&pool, "fd00:0:0:1::1"));
	dockerd_ipam_close(&pool);
}

static void candidate_is(struct ipam_pools *pools, unsigned long i, const char *want)
{
	char text[ADDR_TEXT_SIZE] = "";
	struct kern_addr a;

	if (dockerd_ipam_candidate(pools, AF_INET, i, &a))
		dockerd_addr_prefix_text(&a, text);
	EXPECT_STR(text, want);
}

static void pools_in_dockers_order(void)
{
	struct strlist none = STRLIST_INIT;
	AUTO_STRLIST struct strlist own = STRLIST_INIT, bad = STRLIST_INIT;
	struct ipam_pools pools;
	struct err err;

	EXPECT_INT(dockerd_ipam_pools_parse(&none, &pools, &err), 0);
	candidate_is(&pools, 0, "172.17.0.0/16");
	candidate_is(&pools, 14, "172.31.0.0/16");
	candidate_is(&pools, 15, "192.168.0.0/20");
	candidate_is(&pools, 30, "192.168.240.0/20");
	candidate_is(&pools, 31, "");
	dockerd_ipam_pools_free(&pools);
	strlist_add(&own, "base=10.10.0.0/16,size=24");
	EXPECT_INT(dockerd_ipam_pools_parse(&own, &pools, &err), 0);
	candidate_is(&pools, 3, "10.10.3.0/24");
	candidate_is(&pools, 256, "");
	dockerd_ipam_pools_free(&pools);
	strlist_add(&bad, "base=10.10.0.0/16,size=8");
	EXPECT_INT(dockerd_ipam_pools_parse(&bad, &pools, &err), -1);
}

static void resolv_is(const char *hosts, const char *config, bool own, const char *want)
{
	AUTO_JSON json_t *c = json_of(config);
	AUTO_FREE char *got = dockerd_resolv_conf(hosts, c, own);

	EXPECT_STR(got, want);
}

static void resolvers(void)
{
	static const char hosts[] = "# the host's\nnameserver 127.0.0.53\nnameserver "
				    "10.1.1.1\nsearch corp\noptions edns0\n";

	resolv_is(hosts, "{}", true, "nameserver 10.1.1.1\nsearch corp\noptions edns0\n");
	resolv_is(hosts, "{}", false,
		  "nameserver 127.0.0.53\nnameserver 10.1.1.1\nsearch corp\noptions edns0\n");
	resolv_is("nameserver 127.0.0.1\n", "{}", true, "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
	resolv_is(hosts,
		  "{\"Dns\":[\"1.1.1.1\",\"9.9.9.9\"],\"DnsSearch\":[\"a\",\"b\"],\"DnsOptions\":["
		  "\"ndots:2\"]}",
		  true, "nameserver 1.1.1.1\nnameserver 9.9.9.9\nsearch a b\noptions ndots:2\n");
}

/* As a real dockerd 20.10 writes it for a user's network. */
static void resolver_of_ours(void)
{
	AUTO_JSON json_t *none = json_of("{}"), *own = json_of("{\"DnsOptions\":[\"ndots:3\"]}");
	AUTO_FREE char *a = dockerd_resolv_embedded("nameserver 10.1.1.1\nsearch corp\n", none);
	AUTO_FREE char *b =
		dockerd_resolv_embedded("nameserver 10.1.1.1\noptions edns0 trust-ad\n", none);
	AUTO_FREE char *c = dockerd_resolv_embedded("nameserver 10.1.1.1\n", own);

	EXPECT_STR(a, "nameserver 127.0.0.11\nsearch corp\noptions ndots:0\n");
	EXPECT_STR(b, "nameserver 127.0.0.11\noptions edns0 trust-ad ndots:0\n");
	EXPECT_STR(c, "nameserver 127.0.0.11\noptions ndots:3\n");
}

/* --- a bridge -------------------------------------------------------------------------------- */

static struct config config_in(char *dir)
{
	return (struct config){ .data_root = dir };
}

static const char *gateway_of(const struct networks *net)
{
	static char text[ADDR_TEXT_SIZE];

	return dockerd_addr_text(&net->builtin[NET_BRIDGE]->gateway, text);
}

static void the_bridge_comes_and_goes(void)
{
	char *dir = tmp_new();
	struct config cfg = config_in(dir);
	struct networks *net;
	struct err err = { 0 };
	char id[ID_SIZE];

	net = dockerd_network_open(&cfg, &err);
	EXPECT_STR(err.kind == ERR_NOT_FOUND ? "" : err.msg, ""); /* no record yet */
	CU_ASSERT_FATAL(net != NULL);
	EXPECT_STR(net->builtin[NET_BRIDGE]->link, "docker0");
	EXPECT_STR(gateway_of(net), "172.17.0.1");
	CU_ASSERT(kern_link_exists("docker0"));
	strcpy(id, net->builtin[NET_BRIDGE]->id);
	dockerd_network_close(net, true); /* containers run on it: it stays */
	CU_ASSERT(kern_link_exists("docker0"));
	net = dockerd_network_open(&cfg, &err);
	CU_ASSERT_FATAL(net != NULL);
	CU_ASSERT(net->builtin[NET_BRIDGE]->ours); /* recognised */
	EXPECT_STR(net->builtin[NET_BRIDGE]->id, id);
	dockerd_network_close(net, false);
	CU_ASSERT(!kern_link_exists("docker0"));
	tmp_free(dir);
}

static void a_docker0_of_others_is_left_alone(void)
{
	char *dir = tmp_new();
	struct config cfg = config_in(dir);
	struct kern_addr theirs;
	struct networks *net;
	struct err err = { 0 };

	EXPECT_INT(kern_link_bridge("docker0", &err), 0);
	EXPECT_INT(kern_addr_parse("172.17.0.1/16", &theirs, &err), 0);
	EXPECT_INT(kern_addr_add("docker0", &theirs, &err), 0);
	net = dockerd_network_open(&cfg, &err);
	CU_ASSERT_FATAL(net != NULL);
	EXPECT_STR(net->builtin[NET_BRIDGE]->link, "dockyard0");
	EXPECT_STR(gateway_of(net), "172.18.0.1"); /* 172.17 is taken */
	dockerd_network_close(net, false);
	CU_ASSERT(!kern_link_exists("dockyard0"));
	CU_ASSERT(kern_link_exists("docker0"));
	kern_link_delete("docker0", &err);
	tmp_free(dir);
}

static void without_a_bridge(void)
{
	char *dir = tmp_new();
	struct config cfg = config_in(dir);
	struct networks *net;
	struct err err;

	cfg.bridge = (char *)"none";
	net = dockerd_network_open(&cfg, &err);
	CU_ASSERT_FATAL(net != NULL);
	EXPECT_STR(net->builtin[NET_BRIDGE]->link, "");
	CU_ASSERT(!kern_link_exists("docker0"));
	dockerd_network_close(net, false);
	tmp_free(dir);
}

static void a_bip_that_makes_no_sense(void)
{
	static const char *const bad[] = { "nonsense", "10.0.0.0/24", "10.0.0.1/32",
					   "2001:db8::1/64" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char *dir = tmp_new();
		struct config cfg = config_in(dir);
		struct err err = { 0 };

		cfg.bip = (char *)bad[i];
		CU_ASSERT(!dockerd_network_open(&cfg, &err));
		CU_ASSERT(err.msg[0] != '\0');
		CU_ASSERT(!kern_link_exists("docker0"));
		tmp_free(dir);
	}
}

static struct network *make(struct networks *all, const char *text, struct err *err)
{
	AUTO_JSON json_t *body = json_of(text);

	return dockerd_network_make(all, body, err);
}

static bool is_there(struct networks *all, const char *name)
{
	struct err ignored;
	struct network *net = dockerd_network_find(all, name, &ignored);

	dockerd_network_put(all, net);
	return net != NULL;
}

/* Killed after the document was written, and after the bridge was removed: the next daemon makes
 * what the document says. A document that was not finished is nobody's. */
static void a_users_network_survives_a_crash(void)
{
	char *dir = tmp_new();
	struct config cfg = config_in(dir);
	AUTO_FREE char *half = xasprintf("%s/networks/.tmp", dir);
	struct err err = { 0 };
	struct networks *all = dockerd_network_open(&cfg, &err);
	struct network *net = make(all, "{\"Name\":\"mine\",\"Options\":{\"com.docker."
					"network.bridge.name\":\"mine0\"}}", &err);

	CU_ASSERT_FATAL(net != NULL);
	EXPECT_INT(dockerd_network_add(all, net, &err), 0);
	EXPECT_STR(net->link, "mine0");
	CU_ASSERT(kern_link_exists("mine0"));
	dockerd_network_close(all, true);
	EXPECT_INT(kern_link_delete("mine0", &err), 0);
	EXPECT_INT(file_write_new(AT_FDCWD, half, "{", 1, 0600, &err), 0);
	all = dockerd_network_open(&cfg, &err);
	CU_ASSERT_FATAL(all != NULL);
	CU_ASSERT(is_there(all, "mine") && kern_link_exists("mine0"));
	net = dockerd_network_find(all, "mine", &err);
	EXPECT_INT(dockerd_network_remove(all, net, &err), 0);
	CU_ASSERT(!is_there(all, "mine") && !kern_link_exists("mine0"));
	net = dockerd_network_find(all, "bridge", &err);
	EXPECT_INT(dockerd_network_remove(all, net, &err), -1);
	EXPECT_INT(err.kind, ERR_PERMISSION);
	dockerd_network_close(all, false);
	tmp_free(dir);
}

int suite_network(void)
{
	static const CU_TestInfo tests[] = {
		{ "addresses in order", addresses_in_order },
		{ "addresses are claimed once", addresses_are_claimed_once },
		{ "a range is given out, the rest may be claimed",
		  a_range_is_given_out_and_the_rest_may_be_claimed },
		{ "further subnets follow the first", further_subnets_follow_the_first },
		{ "addresses of IPv6", addresses_of_ipv6 },
		{ "a user's network survives a crash", a_users_network_survives_a_crash },
		{ "the resolver of ours", resolver_of_ours },
		{ "pools in Docker's order", pools_in_dockers_order },
		{ "resolvers", resolvers },
		{ "the bridge comes and goes", the_bridge_comes_and_goes },
		{ "a docker0 of others is left alone", a_docker0_of_others_is_left_alone },
		{ "without a bridge", without_a_bridge },
		{ "a --bip that makes no sense", a_bip_that_makes_no_sense },
		CU_TEST_INFO_NULL,
	};

	return suite_add("network", tests);
}
