/*
 * test_ports.c - port specifications, and holding ports on this machine's (the test's
 * own) loopback.
 */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ports.h"
#include "proxy.h"
#include "suites.h"

static void spec_is(const char *text, int proto, int first, int last)
{
	struct port_spec spec = { 0 };
	struct err err = { 0 };

	EXPECT_INT(dockerd_port_parse(text, &spec, &err), 0);
	EXPECT_INT(spec.proto, proto);
	EXPECT_INT(spec.first, first);
	EXPECT_INT(spec.last, last);
}

static void specifications(void)
{
	static const char *const bad[] = { "",	   "0", "65536", "-1",	"80-70", "80/icmp",
					   "80/x", "a", "80-",	 "1 2", "+1" };
	struct port_spec spec;
	struct err err;

	spec_is("80", IPPROTO_TCP, 80, 80);
	spec_is("53/udp", IPPROTO_UDP, 53, 53);
	spec_is("9/sctp", IPPROTO_SCTP, 9, 9);
	spec_is("8000-8010/tcp", IPPROTO_TCP, 8000, 8010);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		EXPECT_INT(dockerd_port_parse(bad[i], &spec, &err), -1);
}

static int plan_of(const char *config, const char *host, struct ports *plan, struct err *err)
{
	AUTO_JSON json_t *c = json_of(config), *h = json_of(host);

	*plan = (struct ports){ NULL, 0 };
	return dockerd_ports_plan(c, h, &(struct port_defaults){ "", false }, plan, err);
}

static void plans(void)
{
	struct ports plan;
	struct err err;

	EXPECT_INT(plan_of("{}",
			   "{\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"},"
			   "{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"\"}],\"53/"
			   "udp\":[{\"HostPort\":\"53\"}]}}",
			   &plan, &err),
		   0);
	/* everywhere is 0.0.0.0 and ::, for TCP */
	EXPECT_INT((long long)plan.n, 4);
	EXPECT_STR(plan.v[0].host_ip, "0.0.0.0");
	EXPECT_STR(plan.v[1].host_ip, "::");
	EXPECT_INT(plan.v[1].host_port, 8080);
	EXPECT_INT(plan.v[2].host_port, 0);
	EXPECT_INT(plan.v[3].proto, IPPROTO_UDP);
	dockerd_ports_free(&plan);
	EXPECT_INT(plan_of("{\"ExposedPorts\":{\"80/tcp\":{},\"81/udp\":{}}}",
			   "{\"PublishAllPorts\":true,\"PortBindings\":{\"80/"
			   "tcp\":[{\"HostPort\":\"1\"}]}}",
			   &plan, &err),
		   0);
	EXPECT_INT((long long)plan.n, 3);
	EXPECT_INT(plan.v[2].container_port, 81);
	dockerd_ports_free(&plan);
	EXPECT_INT(plan_of("{}",
			   "{\"PortBindings\":{\"80/"
			   "tcp\":[{\"HostIp\":\"nope\",\"HostPort\":\"1\"}]}}",
			   &plan, &err),
		   -1);
	EXPECT_HAS(err.msg, "invalid IP address: nope");
}

static int hold(const char *bindings, struct ports *ports, struct err *err)
{
	AUTO_FREE char *host = xasprintf("{\"PortBindings\":{\"80/tcp\":[%s]}}", bindings);

	if (plan_of("{}", host, ports, err))
		return -1;
	return dockerd_ports_hold(ports, err);
}

static void a_held_port_is_taken(void)
{
	struct ports a, b;
	struct err err;

	EXPECT_INT(hold("{\"HostPort\":\"18080\"}", &a, &err), 0);
	EXPECT_INT(hold("{\"HostPort\":\"18080\"}", &b, &err), -1);
	EXPECT_STR(err.msg, "Bind for 0.0.0.0:18080 failed: port is already allocated");
	dockerd_ports_free(&b);
	/* a range takes the next one */
	EXPECT_INT(hold("{\"HostPort\":\"18080-18082\"}", &b, &err), 0);
	EXPECT_INT(b.v[0].host_port, 18081);
	dockerd_ports_free(&b);
	dockerd_ports_free(&a);
	EXPECT_INT(hold("{\"HostPort\":\"18080\"}", &b, &err), 0);
	dockerd_ports_free(&b);
}

static void nothing_is_held_after_a_failure(void)
{
	struct ports a, b, again;
	struct err err;

	EXPECT_INT(hold("{\"HostPort\":\"18090\"}", &a, &err), 0);
	EXPECT_INT(hold("{\"HostPort\":\"18091\"},{\"HostPort\":\"18090\"}", &b, &err), -1);
	EXPECT_INT(hold("{\"HostPort\":\"18091\"}", &again, &err), 0);
	dockerd_ports_free(&again);
	dockerd_ports_free(&a);
	dockerd_ports_free(&b);
}

static void any_port_is_the_same_on_both_families(void)
{
	struct ports p;
	struct err err;

	EXPECT_INT(hold("{\"HostPort\":\"\"}", &p, &err), 0);
	CU_ASSERT(p.v[0].host_port >= 1024);
	if (p.n == 2)
		EXPECT_INT(p.v[1].host_port, p.v[0].host_port);
	dockerd_ports_free(&p);
}

static void documents(void)
{
	AUTO_JSON json_t *exposed = json_of("{\"80/tcp\":{},\"443/tcp\":{}}"), *doc = NULL,
			 *shown = NULL, *list = NULL;
	struct ports p, back = { NULL, 0 };
	struct err err;

	EXPECT_INT(hold("{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"18099\"}", &p, &err), 0);
	doc = dockerd_ports_json(&p);
	dockerd_ports_from_json(doc, &back);
	shown = dockerd_ports_inspect(&back, exposed);
	EXPECT_JSON(shown, "{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"18099\"}],\"443/"
			   "tcp\":null}");
	list = dockerd_ports_summary(&back, exposed);
	EXPECT_JSON(
		list,
		"[{\"IP\":\"127.0.0.1\",\"PrivatePort\":80,\"PublicPort\":18099,\"Type\":\"tcp\"},"
		"{\"PrivatePort\":443,\"Type\":\"tcp\"}]");
	dockerd_ports_free(&p);
	dockerd_ports_free(&back);
}

/* --- the proxy ------------------------------------------------------------------------------- */

static int listen_on(const char *ip, uint16_t port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	inet_pton(AF_INET, ip, &sa.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	CU_ASSERT_FATAL(!bind(fd, (struct sockaddr *)&sa, sizeof sa) && !listen(fd, 4));
	return fd;
}

/* 127.0.0.2 is the container: it upper-cases one byte. */
static void the_proxy_carries_connections(void)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
				   .sin6_port = htons(18070),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct in_addr container = { .s_addr = htonl(0x7f000002) };
	struct proxy *proxy;
	struct ports p;
	struct err err;
	int server = listen_on("127.0.0.2", 80), client, peer;
	char c = 0;

	proxy = dockerd_proxy_open(&err);
	CU_ASSERT_FATAL(proxy != NULL);
	EXPECT_INT(hold("{\"HostPort\":\"18070\"}", &p, &err), 0);
	dockerd_proxy_add(proxy, &p, &(struct kern_addr){ .family = AF_INET, .ip.v4 = container });
	client = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p.n == 2 && !connect(client, (struct sockaddr *)&to, sizeof to)) {
		CU_ASSERT(write(client, "x", 1) == 1);
		shutdown(client, SHUT_WR);
		peer = accept(server, NULL, NULL);
		CU_ASSERT(read(peer, &c, 1) == 1 && c == 'x');
		CU_ASSERT(read(peer, &c, 1) == 0); /* the half-close came through */
		CU_ASSERT(write(peer, "X", 1) == 1);
		close(peer);
		CU_ASSERT(read(client, &c, 1) == 1 && c == 'X');
		CU_ASSERT(read(client, &c, 1) == 0);
	}
	close(client);
	close(server);
	dockerd_proxy_remove(proxy, &p);
	dockerd_ports_free(&p);
	dockerd_proxy_close(proxy);
}

int suite_ports(void)
{
	static const CU_TestInfo tests[] = {
		{ "specifications", specifications },
		{ "plans", plans },
		{ "a held port is taken", a_held_port_is_taken },
		{ "nothing is held after a failure", nothing_is_held_after_a_failure },
		{ "any port is the same on both families", any_port_is_the_same_on_both_families },
		{ "documents", documents },
		{ "the proxy carries connections", the_proxy_carries_connections },
		CU_TEST_INFO_NULL,
	};

	return suite_add("ports", tests);
}
