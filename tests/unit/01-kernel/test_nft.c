/*
 * test_nft.c - the rules of bridge networks, tried with connections.
 *
 * Three "containers" are network namespaces: a and b on one bridge, c on
 * another; all held by this one process, which listens in each and connects
 * from each. A socket belongs to the namespace in which it was made.
 */
#include "suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "01-kernel/netlink.h"
#include "01-kernel/nft.h"
#include "net_suite.h"

#define TABLE "dockyard-unit"

struct box {
	const char *veth, *bridge, *addr, *gateway;
	int ns, listener;
};

static struct box boxes[] = {
	{ "veth-a", "br-one", "10.81.0.2/24", "10.81.0.1", -1, -1 },
	{ "veth-b", "br-one", "10.81.0.3/24", "10.81.0.1", -1, -1 },
	{ "veth-c", "br-two", "10.82.0.2/24", "10.82.0.1", -1, -1 },
};
enum { A, B, C, HOST };

static int listen_inside(void *arg, struct err *err)
{
	struct box *box = arg;
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct kern_addr addr;
	int fd;

	if (kern_link_up("lo", err) || kern_addr_parse(box->addr, &addr, err) ||
	    kern_addr_add("eth0", &addr, err) || kern_link_up("eth0", err) ||
	    kern_route_default(box->gateway, err))
		return -1;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) || listen(fd, 8))
		return err_sys(err, "listen");
	box->listener = fd;
	return 0;
}

static int build(struct err *err)
{
	static const struct { const char *bridge, *addr; } bridges[] = {
		{ "br-one", "10.81.0.1/24" }, { "br-two", "10.82.0.1/24" },
	};

	for (size_t i = 0; i < 2; i++) {
		struct kern_addr addr;

		if (kern_link_bridge(bridges[i].bridge, err) ||
		    kern_addr_parse(bridges[i].addr, &addr, err) ||
		    kern_addr_add(bridges[i].bridge, &addr, err) || kern_link_up(bridges[i].bridge, err))
			return -1;
	}
	for (size_t i = 0; i < 3; i++) {
		struct box *b = &boxes[i];

		b->ns = new_netns(err);
		if (b->ns < 0 || kern_link_veth(b->veth, "eth0", b->ns, err) ||
		    kern_link_set_master(b->veth, b->bridge, err) ||
		    kern_link_set_hairpin(b->veth, true, err) || kern_link_up(b->veth, err) ||
		    kern_net_inside(b->ns, listen_inside, b, err))
			return -1;
	}
	return 0;
}

static void take_down(void)
{
	struct err ignored;

	kern_nft_delete(TABLE, &ignored);
	for (size_t i = 0; i < 3; i++) {
		kern_link_delete(boxes[i].veth, &ignored);
		if (boxes[i].ns >= 0)
			close(boxes[i].ns);
		if (boxes[i].listener >= 0)
			close(boxes[i].listener);
		boxes[i].ns = boxes[i].listener = -1;
	}
	kern_link_delete("br-one", &ignored);
	kern_link_delete("br-two", &ignored);
}

static int connect_now(void *arg, struct err *err)
{
	struct sockaddr_in *to = arg;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_sys(err, "socket");
	if (connect(fd, (struct sockaddr *)to, sizeof *to) && errno != EINPROGRESS) {
		close(fd);
		return err_sys(err, "connect");
	}
	return fd;
}

/* From a box or the host to ip:port: which box accepted, or -1 within `ms`. */
static int reaches(int from, const char *ip, uint16_t port, int ms)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct pollfd p[3];
	struct err err;
	int fd, who = -1;

	inet_pton(AF_INET, ip, &to.sin_addr);
	fd = from == HOST ? connect_now(&to, &err)
			  : kern_net_inside(boxes[from].ns, connect_now, &to, &err);
	if (fd < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		p[i] = (struct pollfd){ .fd = boxes[i].listener, .events = POLLIN };
	if (poll(p, 3, ms) > 0)
		for (int i = 0; i < 3; i++)
			if (p[i].revents) {
				int peer = accept(p[i].fd, NULL, NULL);

				who = i;
				if (peer >= 0)
					close(peer);
			}
	close(fd);
	return who;
}

#define YES 2000 /* ms: until a connection counts as refused */
#define NO 300

#define REACHES(from, ip, port, want)                                                      \
	do {                                                                               \
		int got_ = reaches(from, ip, port, (want) < 0 ? NO : YES);                 \
		if (got_ != (want))                                                        \
			fprintf(stderr, "\n%s:%d: %s to %s:%d: expected %d, got %d\n",     \
				__FILE__, __LINE__, #from, ip, port, want, got_);          \
		CU_ASSERT_EQUAL(got_, want);                                               \
	} while (0)

static struct kern_nft_bridge one, two;
static struct kern_nft_publish ports[3];

static void describe(void)
{
	one = (struct kern_nft_bridge){ "br-one", { inet_addr("10.81.0.0") }, 24, 1, 1, 0 };
	two = (struct kern_nft_bridge){ "br-two", { inet_addr("10.82.0.0") }, 24, 1, 1, 0 };
	ports[0] = (struct kern_nft_publish){ IPPROTO_TCP, { INADDR_ANY }, 8080,
					      { inet_addr("10.81.0.2") }, 80 };
	ports[1] = (struct kern_nft_publish){ IPPROTO_TCP, { inet_addr("127.0.0.1") }, 8081,
					      { inet_addr("10.82.0.2") }, 80 };
}

static int replace(size_t np, struct err *err)
{
	const struct kern_nft_bridge both[] = { one, two };

	return kern_nft_replace(TABLE, both, 2, ports, np, err);
}

static bool lacks_nftables(const struct err *err)
{
	return err->kind == ERR_UNSUPPORTED || err->errnum == EPROTONOSUPPORT ||
	       err->errnum == EINVAL || err->errnum == ENOENT;
}

static void published_ports(void)
{
	struct err err;

	describe();
	if (build(&err)) {
		take_down();
		SKIP("%s", err.msg);
	}
	if (replace(2, &err)) {
		take_down();
		if (lacks_nftables(&err))
			SKIP("%s", err.msg);
		GIVE_UP();
	}
	REACHES(HOST, "127.0.0.1", 8080, A);
	REACHES(HOST, "10.81.0.1", 8080, A);
	REACHES(HOST, "127.0.0.1", 8081, C);
	REACHES(HOST, "10.82.0.1", 8081, -1); /* bound to 127.0.0.1 only */
	REACHES(A, "10.81.0.1", 8080, A);     /* itself, from outside */
	REACHES(B, "10.81.0.1", 8080, A);
	REACHES(C, "10.81.0.1", 8080, A);
	REACHES(C, "10.82.0.1", 8080, A);
	REACHES(A, "10.81.0.3", 80, B); /* directly, on one network */
	REACHES(C, "10.81.0.3", 80, -1); /* networks are apart */
	REACHES(A, "10.82.0.2", 80, -1);
	OK(replace(0, &err)); /* nothing is published any more */
	REACHES(HOST, "127.0.0.1", 8080, -1);
	take_down();
}

static void internal_and_icc(void)
{
	struct err err;

	describe();
	if (build(&err)) {
		take_down();
		SKIP("%s", err.msg);
	}
	one.icc = 0;
	two.internal = 1;
	if (replace(1, &err)) {
		take_down();
		if (lacks_nftables(&err))
			SKIP("%s", err.msg);
		GIVE_UP();
	}
	REACHES(B, "10.81.0.1", 8080, A); /* published is for neighbours, too */
	REACHES(HOST, "127.0.0.1", 8080, A);
	REACHES(C, "10.81.0.2", 80, -1);
	/* Between ports of a bridge nothing is forwarded by the IP layer unless
	 * br_netfilter shows it; isolating the ports works everywhere. */
	OK(kern_link_set_isolated("veth-a", true, &err));
	OK(kern_link_set_isolated("veth-b", true, &err));
	REACHES(A, "10.81.0.3", 80, -1);
	REACHES(HOST, "10.81.0.3", 80, B);
	take_down();
}

static int loopback_server(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(9099),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 4))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int route_loopback(void *arg, struct err *err)
{
	FILE *f = fopen("/proc/sys/net/ipv4/conf/all/route_localnet", "we");

	(void)arg;
	if (!f || fputs("1", f) < 0 || fclose(f))
		return err_sys(err, "route_localnet");
	return system("ip route del local 127.0.0.0/8 dev lo table local 2>/dev/null; "
		      "ip route del local 127.0.0.1 dev lo table local 2>/dev/null; "
		      "ip addr del 127.0.0.1/8 dev lo 2>/dev/null; "
		      "ip route add 127.0.0.1 via 10.81.0.1 2>/dev/null") ? 1 : 0;
}

/* route_localnet on the bridge must not open the host's loopback to a container
 * that routes 127.0.0.1 there. */
static void loopback_stays_closed(void)
{
	AUTO_CLOSE int server = loopback_server();
	struct pollfd p = { .fd = server, .events = POLLIN };
	struct err err;
	int got;

	describe();
	if (server < 0 || build(&err) || replace(1, &err)) {
		take_down();
		SKIP("no network of two to try it on");
	}
	got = kern_net_inside(boxes[A].ns, route_loopback, NULL, &err);
	if (got) {
		take_down();
		SKIP("the route cannot be set here");
	}
	REACHES(A, "127.0.0.1", 9099, -1);
	CU_ASSERT_EQUAL(poll(&p, 1, 200), 0);
	take_down();
}

/* As a real Docker, ufw or firewalld leave it: iptables' chain drops. */
static bool iptables_drops(void)
{
	return !system("nft 'add table ip filter; add chain ip filter FORWARD "
		       "{ type filter hook forward priority 0; policy drop; }' 2>/dev/null");
}

static bool iptables_has(const char *text)
{
	AUTO_FREE char *cmd = xasprintf("nft list chain ip filter FORWARD | grep -q '%s'", text);

	return !system(cmd);
}

static void beside_a_firewall_that_drops(void)
{
	struct err err;

	describe();
	if (!iptables_drops())
		SKIP("nft(8) is not here to set it up");
	if (build(&err)) {
		take_down();
		SKIP("%s", err.msg);
	}
	OK(replace(1, &err));
	OK(replace(1, &err)); /* again: replaced, not added */
	REACHES(C, "10.82.0.1", 8080, A);
	REACHES(C, "10.81.0.3", 80, -1); /* our own table still keeps networks apart */
	CU_ASSERT(iptables_has("iifname \"br-one\" counter .* accept"));
	CU_ASSERT(!system("test $(nft list chain ip filter FORWARD | grep -c br-one) = 2"));
	OK(kern_nft_delete(TABLE, &err));
	CU_ASSERT(!iptables_has("br-")); /* nothing of ours is left in it */
	take_down();
	CU_ASSERT(!system("nft delete table ip filter"));
}

static void all_or_nothing(void)
{
	AUTO_FREE char *name = xasprintf("%0300d", 0); /* NFT_NAME_MAXLEN is 256 */
	struct err err;

	describe();
	OK(kern_nft_delete("no-such-table", &err));
	FAILS(kern_nft_replace(name, NULL, 0, NULL, 0, &err), ERR_SYSTEM, "nftables");
	FAILS(kern_nft_replace(TABLE, &one, 1, NULL, 0, &err), ERR_NOT_FOUND, "br-one");
}

static void three_thousand_ports(void)
{
	enum { N = 3000 };
	AUTO_FREE struct kern_nft_publish *many = xcalloc(N, sizeof *many);
	struct err err;

	describe();
	for (int i = 0; i < N; i++) {
		many[i] = ports[0];
		many[i].host_port = (uint16_t)(10000 + i);
	}
	if (kern_nft_replace(TABLE, NULL, 0, many, N, &err)) {
		if (lacks_nftables(&err))
			SKIP("%s", err.msg);
		GIVE_UP();
	}
	OK(kern_nft_delete(TABLE, &err));
}

const struct test nft_tests[] = {
	{ "published ports from the host, neighbours, itself, other networks", published_ports },
	{ "an internal network, and one without talk among neighbours", internal_and_icc },
	{ "the host's loopback stays closed", loopback_stays_closed },
	{ "beside a firewall that drops what is forwarded", beside_a_firewall_that_drops },
	{ "what cannot be done changes nothing", all_or_nothing },
	{ "three thousand ports in one batch", three_thousand_ports },
	{ NULL, NULL },
};
