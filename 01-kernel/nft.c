/*
 * nft.c - see nft.h. What the table says, in nft(8)'s words, for a bridge br0
 * with 172.17.0.0/16 and the port 8080 published to 172.17.0.2:80:
 *
 *     chain guard {            type filter hook prerouting priority raw
 *         iifname br0 ip daddr 127.0.0.0/8 drop
 *     }
 *     chain prerouting {       type nat hook prerouting priority dstnat
 *         jump published
 *     }
 *     chain output {           type nat hook output priority dstnat
 *         jump published       # a connection of the host's own, to 127.0.0.1 too
 *     }
 *     chain published {
 *         fib daddr type local tcp dport 8080 dnat ip to 172.17.0.2:80
 *     }
 *     chain postrouting {      type nat hook postrouting priority srcnat
 *         oifname br0 ip saddr 127.0.0.0/8 masquerade
 *         oifname br0 ip saddr 172.17.0.0/16 ct status dnat masquerade
 *         oifname != br0 ip saddr 172.17.0.0/16 masquerade
 *     }
 *     chain forward {          type filter hook forward priority filter
 *         (see add_forward)
 *     }
 *
 * A connection to 127.0.0.1:8080 leaves by the bridge with the source address
 * 127.0.0.1, which the kernel allows only where route_localnet is set for the
 * bridge. That would let a container reach the host's loopback, so `guard`
 * takes such packets before anything is translated (answers of translated
 * connections carry the bridge's address there).
 *
 * The second masquerade rule is for a container that calls a published port of
 * its own network: without it the answer would go straight to the caller, from
 * an address that the caller never called.
 */
#include "nft.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "nft_forward.h"
#include "nft_msg.h"
#include "path.h"

/* Numbers of the kernel's uapi/linux/netfilter_ipv4.h, which no longer
 * compiles beside <netinet/in.h> everywhere. */
enum { PRI_RAW = -300, PRI_DSTNAT = -100, PRI_FILTER = 0, PRI_SRCNAT = 100 };
#define CT_STATE(s) (1u << ((s) % IP_CT_IS_REPLY + 1)) /* as the `ct state` bits are */

static const struct nft_chain chains[] = {
	{ "guard", "filter", NF_INET_PRE_ROUTING, PRI_RAW },
	{ "prerouting", "nat", NF_INET_PRE_ROUTING, PRI_DSTNAT },
	{ "output", "nat", NF_INET_LOCAL_OUT, PRI_DSTNAT },
	{ "postrouting", "nat", NF_INET_POST_ROUTING, PRI_SRCNAT },
	{ "forward", "filter", NF_INET_FORWARD, PRI_FILTER },
};

struct ruleset {
	struct nl_request *r;
	const char *table;
};

static struct nft_rule rule_in(const struct ruleset *rs, const char *chain)
{
	return nft_rule_begin(rs->r, NFPROTO_INET, NLM_F_APPEND, rs->table, chain, NULL);
}

static struct in_addr loopback_net(void)
{
	return (struct in_addr){ htonl(INADDR_LOOPBACK) };
}

static void add_guard(const struct ruleset *rs, const struct kern_nft_bridge *b)
{
	struct nft_rule rule = rule_in(rs, "guard");

	nft_match_iif(&rule, b->bridge, 1);
	nft_match_ipv4(&rule);
	nft_match_daddr(&rule, loopback_net(), 8);
	nft_verdict(&rule, NF_DROP, NULL);
	nft_rule_end(&rule);
}

static void add_jump(const struct ruleset *rs, const char *chain)
{
	struct nft_rule rule = rule_in(rs, chain);

	nft_verdict(&rule, NFT_JUMP, "published");
	nft_rule_end(&rule);
}

/* Nothing with the source ::1 may leave the host, so there is no way to a container for it:
 * ::1 is left to whoever listens there. */
static void add_published6(struct nft_rule *rule, const struct kern_nft_publish *p)
{
	nft_match_ipv6(rule);
	if (IN6_IS_ADDR_UNSPECIFIED(&p->host_ip6)) {
		nft_match_not_daddr6(rule, &in6addr_loopback);
		nft_match_local(rule);
	} else {
		nft_match_daddr6(rule, &p->host_ip6, 128);
	}
	nft_match_dport(rule, p->proto, p->host_port);
	nft_dnat6(rule, &p->container_ip6, p->container_port);
	nft_rule_end(rule);
}

static void add_published(const struct ruleset *rs, const struct kern_nft_publish *p)
{
	struct nft_rule rule = rule_in(rs, "published");

	if (p->ipv6) {
		add_published6(&rule, p);
		return;
	}
	nft_match_ipv4(&rule);
	if (p->host_ip.s_addr == INADDR_ANY)
		nft_match_local(&rule);
	else
		nft_match_daddr(&rule, p->host_ip, 32);
	nft_match_dport(&rule, p->proto, p->host_port);
	nft_dnat(&rule, p->container_ip, p->container_port);
	nft_rule_end(&rule);
}

static void match_source(struct nft_rule *rule, const struct kern_nft_bridge *b, bool v6)
{
	if (v6) {
		nft_match_ipv6(rule);
		nft_match_saddr6(rule, &b->network6, b->prefix6);
	} else {
		nft_match_ipv4(rule);
		nft_match_saddr(rule, b->network, b->prefix);
	}
}

/* A container that asks for its own published port, and one that asks the world. */
static void add_masquerade_of(const struct ruleset *rs, const struct kern_nft_bridge *b, bool v6)
{
	struct nft_rule rule = rule_in(rs, "postrouting");

	nft_match_oif(&rule, b->bridge, 1);
	match_source(&rule, b, v6);
	nft_match_ct(&rule, NFT_CT_STATUS, IPS_DST_NAT);
	nft_masquerade(&rule);
	nft_rule_end(&rule);

	if (!b->masquerade || b->internal)
		return;
	rule = rule_in(rs, "postrouting");
	nft_match_oif(&rule, b->bridge, 0);
	match_source(&rule, b, v6);
	nft_masquerade(&rule);
	nft_rule_end(&rule);
}

static void add_masquerade(const struct ruleset *rs, const struct kern_nft_bridge *b)
{
	struct nft_rule rule = rule_in(rs, "postrouting");

	nft_match_oif(&rule, b->bridge, 1);
	nft_match_ipv4(&rule);
	nft_match_saddr(&rule, loopback_net(), 8);
	nft_masquerade(&rule);
	nft_rule_end(&rule);
	add_masquerade_of(rs, b, false);
}

enum { IN = 1, OUT = 2, DNATED = 4, ANSWER = 8, NOT_IN = 16, NOT_OUT = 32 };

/* A rule about the bridge: packets that come IN from it, go OUT to it (or
 * NOT), were DNATED, or are an ANSWER. */
static void add_forward_rule(const struct ruleset *rs, const char *bridge, unsigned what,
			     int32_t verdict)
{
	struct nft_rule rule = rule_in(rs, "forward");

	if (what & (IN | NOT_IN))
		nft_match_iif(&rule, bridge, !!(what & IN));
	if (what & (OUT | NOT_OUT))
		nft_match_oif(&rule, bridge, !!(what & OUT));
	if (what & ANSWER)
		nft_match_ct(&rule, NFT_CT_STATE,
			     CT_STATE(IP_CT_ESTABLISHED) | CT_STATE(IP_CT_RELATED));
	if (what & DNATED)
		nft_match_ct(&rule, NFT_CT_STATUS, IPS_DST_NAT);
	nft_verdict(&rule, verdict, NULL);
	nft_rule_end(&rule);
}

/* Before the rules of all bridges, or another's would let pass what was published. */
static void add_internal(const struct ruleset *rs, const struct kern_nft_bridge *b)
{
	if (!b->internal)
		return;
	add_forward_rule(rs, b->bridge, IN | NOT_OUT, NF_DROP);
	add_forward_rule(rs, b->bridge, OUT | NOT_IN, NF_DROP);
}

/* In order: answers pass; between the containers of one network as icc says,
 * published ports in any case; into a network from elsewhere only what was
 * published; out of it unless it is internal. Being dropped on the way into
 * another bridge is what keeps networks apart. */
static void add_forward(const struct ruleset *rs, const struct kern_nft_bridge *b)
{
	add_forward_rule(rs, b->bridge, OUT | ANSWER, NF_ACCEPT);
	if (!b->icc) {
		add_forward_rule(rs, b->bridge, IN | OUT | DNATED, NF_ACCEPT);
		add_forward_rule(rs, b->bridge, IN | OUT, NF_DROP);
	}
	add_forward_rule(rs, b->bridge, OUT | NOT_IN | DNATED, NF_ACCEPT);
	add_forward_rule(rs, b->bridge, OUT | NOT_IN, NF_DROP);
}

static int set_sysctl(const char *path, const char *value, struct err *err)
{
	AUTO_CLOSE int fd = kern_path_open_proc(path, O_RDONLY, err);
	AUTO_CLOSE int out = -1;
	char now[8] = "";

	if (fd < 0)
		return -1;
	/* Where it is set already, a read-only /proc/sys does no harm. */
	if (read(fd, now, sizeof now - 1) > 0 && now[0] == value[0] && now[1] == '\n')
		return 0;
	out = kern_path_open_proc(path, O_WRONLY, err);
	if (out < 0)
		return -1;
	if (write(out, value, strlen(value)) < 0)
		return err_sys(err, "write %s to /proc/%s", value, path);
	return 0;
}

/* What the rules need of the host: that it forwards at all, and lets packets
 * from 127.0.0.1 leave by the bridge. */
static int prepare_host(const struct kern_nft_bridge *bridges, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *path = xasprintf("sys/net/ipv4/conf/%s/route_localnet",
						 bridges[i].bridge);

		if (strchr(bridges[i].bridge, '/') || bridges[i].prefix > 32)
			return err_set(err, ERR_INVALID, "bridge '%s'", bridges[i].bridge);
		if (set_sysctl(path, "1", err))
			return err_wrap(err, "bridge %s", bridges[i].bridge);
	}
	for (size_t i = 0; i < n; i++)
		if (bridges[i].prefix6 && !bridges[i].internal)
			return set_sysctl("sys/net/ipv4/ip_forward", "1", err) ||
					       set_sysctl("sys/net/ipv6/conf/all/forwarding", "1", err)
				       ? -1
				       : 0;
	return n ? set_sysctl("sys/net/ipv4/ip_forward", "1", err) : 0;
}

static void add_ruleset(const struct ruleset *rs, const struct kern_nft_bridge *bridges, size_t nb,
			const struct kern_nft_publish *ports, size_t np)
{
	/* Add, so that delete finds one; delete with all that is in it; add anew. */
	nft_table(rs->r, NFT_MSG_NEWTABLE, rs->table);
	nft_table(rs->r, NFT_MSG_DELTABLE, rs->table);
	nft_table(rs->r, NFT_MSG_NEWTABLE, rs->table);
	nft_plain_chain(rs->r, rs->table, "published");
	for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++)
		nft_chain(rs->r, rs->table, &chains[i]);
	for (size_t i = 0; i < nb; i++)
		add_internal(rs, &bridges[i]);
	for (size_t i = 0; i < nb; i++) {
		add_guard(rs, &bridges[i]);
		if (bridges[i].prefix) /* 0: it has IPv6 alone */
			add_masquerade(rs, &bridges[i]);
		if (bridges[i].prefix6)
			add_masquerade_of(rs, &bridges[i], true);
		add_forward(rs, &bridges[i]);
	}
	add_jump(rs, "prerouting");
	add_jump(rs, "output");
	for (size_t i = 0; i < np; i++)
		add_published(rs, &ports[i]);
}

int kern_nft_replace(const char *table, const struct kern_nft_bridge *bridges, size_t nb,
		     const struct kern_nft_publish *ports, size_t np, struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	struct ruleset rs = { &r, table };

	if (prepare_host(bridges, nb, err))
		return err_wrap(err, "prepare forwarding");
	nft_batch_begin(&r);
	if (nft_forward_forget(&r, table, err))
		return -1;
	for (size_t i = 0; i < nb; i++)
		if (nft_forward_allow(&r, table, bridges[i].bridge, err))
			return -1;
	add_ruleset(&rs, bridges, nb, ports, np);
	return nft_batch_commit(&r, "set the nftables rules", err);
}

static void redirect(const struct ruleset *rs, struct in_addr address, uint8_t proto, uint16_t port)
{
	struct nft_rule rule = rule_in(rs, "output");

	nft_match_ipv4(&rule);
	nft_match_daddr(&rule, address, 32);
	nft_match_dport(&rule, proto, 53);
	nft_dnat(&rule, address, port);
	nft_rule_end(&rule);
}

int kern_nft_resolver(const char *table, struct in_addr address, uint16_t udp, uint16_t tcp,
		      struct err *err)
{
	static const struct nft_chain output = { "output", "nat", NF_INET_LOCAL_OUT, PRI_DSTNAT };
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	struct ruleset rs = { &r, table };

	nft_batch_begin(&r);
	nft_table(&r, NFT_MSG_NEWTABLE, table);
	nft_table(&r, NFT_MSG_DELTABLE, table);
	nft_table(&r, NFT_MSG_NEWTABLE, table);
	nft_chain(&r, table, &output);
	redirect(&rs, address, IPPROTO_UDP, udp);
	redirect(&rs, address, IPPROTO_TCP, tcp);
	return nft_batch_commit(&r, "set the rules of the resolver", err);
}

int kern_nft_delete(const char *table, struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;

	nft_batch_begin(&r);
	if (nft_forward_forget(&r, table, err))
		return -1;
	nft_table(&r, NFT_MSG_NEWTABLE, table);
	nft_table(&r, NFT_MSG_DELTABLE, table);
	return nft_batch_commit(&r, "delete the nftables rules", err);
}
