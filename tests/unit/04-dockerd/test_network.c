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

static struct in_addr addr(const char *text)
{
	struct in_addr a;

	CU_ASSERT_FATAL(inet_pton(AF_INET, text, &a) == 1);
	return a;
}

static void addresses_in_order(void)
{
	struct ipam pool;
	struct in_addr a;
	struct err err;

	EXPECT_INT(dockerd_ipam_open(&pool, addr("10.0.0.1"), 29, &err), 0); /* .2 to .6 are free */
	for (int i = 2; i <= 6; i++) {
		EXPECT_INT(dockerd_ipam_take(&pool, &a, &err), 0);
		EXPECT_INT(ntohl(a.s_addr) & 0xff, i);
	}
	EXPECT_INT(dockerd_ipam_take(&pool, &a, &err), -1);
	EXPECT_INT(err.kind, ERR_NO_SPACE);
	dockerd_ipam_release(&pool, addr("10.0.0.4"));
	EXPECT_INT(dockerd_ipam_take(&pool, &a, &err), 0);
	EXPECT_STR(inet_ntoa(a), "10.0.0.4");
	dockerd_ipam_close(&pool);
}

static void addresses_are_claimed_once(void)
{
	struct ipam pool;
	struct err err;

	EXPECT_INT(dockerd_ipam_open(&pool, addr("172.17.0.1"), 16, &err), 0);
	CU_ASSERT(dockerd_ipam_claim(&pool, addr("172.17.0.9")));
	CU_ASSERT(!dockerd_ipam_claim(&pool, addr("172.17.0.9")));
	CU_ASSERT(!dockerd_ipam_claim(&pool, addr("172.17.0.1")));  /* the gateway */
	CU_ASSERT(!dockerd_ipam_claim(&pool, addr("172.17.255.255"))); /* broadcast */
	CU_ASSERT(!dockerd_ipam_claim(&pool, addr("172.18.0.1")));  /* another network */
	dockerd_ipam_close(&pool);
	EXPECT_INT(dockerd_ipam_open(&pool, addr("172.17.0.0"), 16, &err), -1);
	EXPECT_INT(dockerd_ipam_open(&pool, addr("172.17.0.1"), 31, &err), -1);
}

static void pools_in_dockers_order(void)
{
	char text[32];

	EXPECT_STR(dockerd_ipam_candidate(0, text), "172.17.0.1/16");
	EXPECT_STR(dockerd_ipam_candidate(14, text), "172.31.0.1/16");
	EXPECT_STR(dockerd_ipam_candidate(15, text), "192.168.0.1/20");
	EXPECT_STR(dockerd_ipam_candidate(30, text), "192.168.240.1/20");
	CU_ASSERT(!dockerd_ipam_candidate(31, text));
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

/* --- a bridge -------------------------------------------------------------------------------- */

static struct config config_in(char *dir)
{
	return (struct config){ .data_root = dir };
}

static void the_bridge_comes_and_goes(void)
{
	char *dir = tmp_new();
	struct config cfg = config_in(dir);
	struct network *net;
	struct err err = { 0 };
	char id[ID_SIZE];

	net = dockerd_network_open(&cfg, &err);
	EXPECT_STR(err.kind == ERR_NOT_FOUND ? "" : err.msg, ""); /* no record yet */
	CU_ASSERT_FATAL(net != NULL);
	EXPECT_STR(net->bridge, "docker0");
	EXPECT_STR(inet_ntoa(net->gateway), "172.17.0.1");
	CU_ASSERT(kern_link_exists("docker0"));
	strcpy(id, net->ids[NET_BRIDGE]);
	dockerd_network_close(net, true); /* containers run on it: it stays */
	CU_ASSERT(kern_link_exists("docker0"));
	net = dockerd_network_open(&cfg, &err);
	CU_ASSERT_FATAL(net != NULL);
	CU_ASSERT(net->ours); /* recognised */
	EXPECT_STR(net->ids[NET_BRIDGE], id);
	dockerd_network_close(net, false);
	CU_ASSERT(!kern_link_exists("docker0"));
	tmp_free(dir);
}

static void a_docker0_of_others_is_left_alone(void)
{
	char *dir = tmp_new();
	struct config cfg = config_in(dir);
	struct kern_addr theirs;
	struct network *net;
	struct err err = { 0 };

	EXPECT_INT(kern_link_bridge("docker0", &err), 0);
	EXPECT_INT(kern_addr_parse("172.17.0.1/16", &theirs, &err), 0);
	EXPECT_INT(kern_addr_add("docker0", &theirs, &err), 0);
	net = dockerd_network_open(&cfg, &err);
	CU_ASSERT_FATAL(net != NULL);
	EXPECT_STR(net->bridge, "dockyard0");
	EXPECT_STR(inet_ntoa(net->gateway), "172.18.0.1"); /* 172.17 is taken */
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
	struct network *net;
	struct err err;

	cfg.bridge = (char *)"none";
	net = dockerd_network_open(&cfg, &err);
	CU_ASSERT_FATAL(net != NULL);
	EXPECT_STR(net->bridge, "");
	CU_ASSERT(!kern_link_exists("docker0"));
	dockerd_network_close(net, false);
	tmp_free(dir);
}

static void a_bip_that_makes_no_sense(void)
{
	static const char *const bad[] = { "nonsense", "10.0.0.0/24", "10.0.0.1/31",
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

int suite_network(void)
{
	static const CU_TestInfo tests[] = {
		{ "addresses in order", addresses_in_order },
		{ "addresses are claimed once", addresses_are_claimed_once },
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
