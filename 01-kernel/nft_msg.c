/*
 * nft_msg.c - see nft_msg.h.
 */
#include "nft_msg.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#define REG NFT_REG_1
#define REG2 NFT_REG_2

enum { SADDR_OFFSET = 12, DADDR_OFFSET = 16, DPORT_OFFSET = 2 };
enum { SADDR6_OFFSET = 8, DADDR6_OFFSET = 24 };

static void begin_batch_message(struct nl_request *r, uint16_t type)
{
	struct nfgenmsg body = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0,
				 .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	nl_begin(r, type, 0, &body, sizeof body);
}

void nft_batch_begin(struct nl_request *r)
{
	begin_batch_message(r, NFNL_MSG_BATCH_BEGIN);
}

/* A message that fails is answered without being asked. So one acknowledgement
 * is enough to know that all went well: the last message's. */
int nft_batch_commit(struct nl_request *r, const char *what, struct err *err)
{
	AUTO_CLOSE int sock = nl_open(NETLINK_NETFILTER, err);
	struct nlmsghdr h;

	if (sock < 0)
		return err_wrap(err, "%s", what);
	memcpy(&h, r->buf.data + r->message, sizeof h);
	h.nlmsg_flags |= NLM_F_ACK;
	memcpy(r->buf.data + r->message, &h, sizeof h);
	begin_batch_message(r, NFNL_MSG_BATCH_END);
	return nl_transact(sock, r, what, err);
}

void nft_begin(struct nl_request *r, uint8_t msg, uint16_t flags, uint8_t family)
{
	struct nfgenmsg body = { .nfgen_family = family, .version = NFNETLINK_V0 };

	nl_begin(r, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | msg), flags, &body, sizeof body);
}

void nft_table(struct nl_request *r, uint8_t msg, const char *table)
{
	nft_begin(r, msg, msg == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0, NFPROTO_INET);
	nl_put_str(r, NFTA_TABLE_NAME, table);
}

void nft_plain_chain(struct nl_request *r, const char *table, const char *name)
{
	nft_begin(r, NFT_MSG_NEWCHAIN, NLM_F_CREATE, NFPROTO_INET);
	nl_put_str(r, NFTA_CHAIN_TABLE, table);
	nl_put_str(r, NFTA_CHAIN_NAME, name);
}

void nft_chain(struct nl_request *r, const char *table, const struct nft_chain *c)
{
	size_t hook;

	nft_plain_chain(r, table, c->name);
	hook = nl_nest(r, NFTA_CHAIN_HOOK);
	nl_put_be32(r, NFTA_HOOK_HOOKNUM, c->hook);
	nl_put_be32(r, NFTA_HOOK_PRIORITY, (uint32_t)c->priority);
	nl_nest_end(r, hook);
	nl_put_be32(r, NFTA_CHAIN_POLICY, NF_ACCEPT);
	nl_put_str(r, NFTA_CHAIN_TYPE, c->type);
}

struct nft_rule nft_rule_begin(struct nl_request *r, uint8_t family, uint16_t flags,
			       const char *table, const char *chain, const char *comment)
{
	struct nft_rule rule = { .r = r };

	nft_begin(r, NFT_MSG_NEWRULE, NLM_F_CREATE | flags, family);
	nl_put_str(r, NFTA_RULE_TABLE, table);
	nl_put_str(r, NFTA_RULE_CHAIN, chain);
	if (comment) {
		/* User data is a list of type, length, value; type 0 is what nft(8)
		 * shows as `comment "..."`. */
		char text[64] = { 0 };
		size_t n = strnlen(comment, sizeof text - 3) + 1;

		text[1] = (char)n;
		memcpy(text + 2, comment, n - 1);
		nl_put(r, NFTA_RULE_USERDATA, text, n + 2);
	}
	rule.expressions = nl_nest(r, NFTA_RULE_EXPRESSIONS);
	return rule;
}

void nft_rule_end(struct nft_rule *rule)
{
	nl_nest_end(rule->r, rule->expressions);
}

/* The two nests that wrap every expression. */
struct expression {
	struct nl_request *r;
	size_t element, data;
};

static struct expression begin(struct nft_rule *rule, const char *name)
{
	struct expression e = { .r = rule->r };

	e.element = nl_nest(e.r, NFTA_LIST_ELEM);
	nl_put_str(e.r, NFTA_EXPR_NAME, name);
	e.data = nl_nest(e.r, NFTA_EXPR_DATA);
	return e;
}

static void end(struct expression *e)
{
	nl_nest_end(e->r, e->data);
	nl_nest_end(e->r, e->element);
}

static void put_value(struct nl_request *r, uint16_t type, const void *value, size_t n)
{
	size_t nest = nl_nest(r, type);

	nl_put(r, NFTA_DATA_VALUE, value, n);
	nl_nest_end(r, nest);
}

static void compare(struct nft_rule *rule, uint32_t op, const void *value, size_t n)
{
	struct expression e = begin(rule, "cmp");

	nl_put_be32(e.r, NFTA_CMP_SREG, REG);
	nl_put_be32(e.r, NFTA_CMP_OP, op);
	put_value(e.r, NFTA_CMP_DATA, value, n);
	end(&e);
}

static void load_meta(struct nft_rule *rule, uint32_t key)
{
	struct expression e = begin(rule, "meta");

	nl_put_be32(e.r, NFTA_META_DREG, REG);
	nl_put_be32(e.r, NFTA_META_KEY, key);
	end(&e);
}

static void load_payload(struct nft_rule *rule, uint32_t base, uint32_t offset, uint32_t len)
{
	struct expression e = begin(rule, "payload");

	nl_put_be32(e.r, NFTA_PAYLOAD_DREG, REG);
	nl_put_be32(e.r, NFTA_PAYLOAD_BASE, base);
	nl_put_be32(e.r, NFTA_PAYLOAD_OFFSET, offset);
	nl_put_be32(e.r, NFTA_PAYLOAD_LEN, len);
	end(&e);
}

static void mask_bytes(struct nft_rule *rule, const void *bits, size_t n)
{
	struct expression e = begin(rule, "bitwise");
	static const uint8_t zero[16];

	nl_put_be32(e.r, NFTA_BITWISE_SREG, REG);
	nl_put_be32(e.r, NFTA_BITWISE_DREG, REG);
	nl_put_be32(e.r, NFTA_BITWISE_LEN, (uint32_t)n);
	put_value(e.r, NFTA_BITWISE_MASK, bits, n);
	put_value(e.r, NFTA_BITWISE_XOR, zero, n);
	end(&e);
}

static void mask(struct nft_rule *rule, uint32_t bits)
{
	mask_bytes(rule, &bits, sizeof bits);
}

static void match_name(struct nft_rule *rule, uint32_t key, const char *name, int equal)
{
	char padded[IFNAMSIZ] = { 0 };

	memcpy(padded, name, strnlen(name, sizeof padded - 1));
	load_meta(rule, key);
	compare(rule, equal ? NFT_CMP_EQ : NFT_CMP_NEQ, padded, sizeof padded);
}

void nft_match_iif(struct nft_rule *rule, const char *name, int equal)
{
	match_name(rule, NFT_META_IIFNAME, name, equal);
}

void nft_match_oif(struct nft_rule *rule, const char *name, int equal)
{
	match_name(rule, NFT_META_OIFNAME, name, equal);
}

static void match_family(struct nft_rule *rule, uint8_t family)
{
	load_meta(rule, NFT_META_NFPROTO);
	compare(rule, NFT_CMP_EQ, &family, sizeof family);
}

void nft_match_ipv4(struct nft_rule *rule)
{
	match_family(rule, NFPROTO_IPV4);
}

void nft_match_ipv6(struct nft_rule *rule)
{
	match_family(rule, NFPROTO_IPV6);
}

static void match_address(struct nft_rule *rule, uint32_t offset, struct in_addr ip, unsigned prefix)
{
	uint32_t bits = prefix ? htonl(UINT32_MAX << (32 - prefix)) : 0;
	uint32_t net = ip.s_addr & bits;

	load_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, offset, sizeof net);
	if (prefix < 32)
		mask(rule, bits);
	compare(rule, NFT_CMP_EQ, &net, sizeof net);
}

void nft_match_saddr(struct nft_rule *rule, struct in_addr ip, unsigned prefix)
{
	match_address(rule, SADDR_OFFSET, ip, prefix);
}

void nft_match_daddr(struct nft_rule *rule, struct in_addr ip, unsigned prefix)
{
	match_address(rule, DADDR_OFFSET, ip, prefix);
}

static void match_address6(struct nft_rule *rule, uint32_t offset, const struct in6_addr *ip,
			   unsigned prefix)
{
	struct in6_addr bits = { 0 }, net;

	for (unsigned i = 0; i < prefix; i++)
		bits.s6_addr[i / 8] |= (uint8_t)(0x80 >> i % 8);
	for (unsigned i = 0; i < sizeof net; i++)
		net.s6_addr[i] = ip->s6_addr[i] & bits.s6_addr[i];
	load_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, offset, sizeof net);
	if (prefix < 128)
		mask_bytes(rule, &bits, sizeof bits);
	compare(rule, NFT_CMP_EQ, &net, sizeof net);
}

void nft_match_saddr6(struct nft_rule *rule, const struct in6_addr *ip, unsigned prefix)
{
	match_address6(rule, SADDR6_OFFSET, ip, prefix);
}

void nft_match_daddr6(struct nft_rule *rule, const struct in6_addr *ip, unsigned prefix)
{
	match_address6(rule, DADDR6_OFFSET, ip, prefix);
}

void nft_match_not_daddr6(struct nft_rule *rule, const struct in6_addr *ip)
{
	load_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, DADDR6_OFFSET, sizeof *ip);
	compare(rule, NFT_CMP_NEQ, ip, sizeof *ip);
}

/* "fib daddr type local": the routing table is asked what the address is. */
void nft_match_local(struct nft_rule *rule)
{
	struct expression e = begin(rule, "fib");
	uint32_t local = RTN_LOCAL;

	nl_put_be32(e.r, NFTA_FIB_DREG, REG);
	nl_put_be32(e.r, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nl_put_be32(e.r, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	end(&e);
	compare(rule, NFT_CMP_EQ, &local, sizeof local);
}

void nft_match_dport(struct nft_rule *rule, uint8_t proto, uint16_t port)
{
	uint16_t wire = htons(port);

	load_meta(rule, NFT_META_L4PROTO);
	compare(rule, NFT_CMP_EQ, &proto, sizeof proto);
	load_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, DPORT_OFFSET, sizeof wire);
	compare(rule, NFT_CMP_EQ, &wire, sizeof wire);
}

void nft_match_ct(struct nft_rule *rule, uint32_t key, uint32_t any_of)
{
	struct expression e = begin(rule, "ct");
	uint32_t zero = 0;

	nl_put_be32(e.r, NFTA_CT_DREG, REG);
	nl_put_be32(e.r, NFTA_CT_KEY, key);
	end(&e);
	mask(rule, any_of);
	compare(rule, NFT_CMP_NEQ, &zero, sizeof zero);
}

void nft_counter(struct nft_rule *rule)
{
	struct expression e = begin(rule, "counter");

	nl_put_be64(e.r, NFTA_COUNTER_BYTES, 0);
	nl_put_be64(e.r, NFTA_COUNTER_PACKETS, 0);
	end(&e);
}

static void load_value(struct nft_rule *rule, uint32_t reg, const void *value, size_t n)
{
	struct expression e = begin(rule, "immediate");

	nl_put_be32(e.r, NFTA_IMMEDIATE_DREG, reg);
	put_value(e.r, NFTA_IMMEDIATE_DATA, value, n);
	end(&e);
}

void nft_verdict(struct nft_rule *rule, int32_t verdict, const char *chain)
{
	struct expression e = begin(rule, "immediate");
	size_t data, code;

	nl_put_be32(e.r, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nl_nest(e.r, NFTA_IMMEDIATE_DATA);
	code = nl_nest(e.r, NFTA_DATA_VERDICT);
	nl_put_be32(e.r, NFTA_VERDICT_CODE, (uint32_t)verdict);
	if (chain)
		nl_put_str(e.r, NFTA_VERDICT_CHAIN, chain);
	nl_nest_end(e.r, code);
	nl_nest_end(e.r, data);
	end(&e);
}

/* An IPv6 address fills the four registers that a 128-bit one is made of; the port
 * goes into the next. */
static void dnat(struct nft_rule *rule, uint8_t family, const void *ip, size_t n, uint16_t port)
{
	uint16_t wire = htons(port);
	struct expression e;

	load_value(rule, REG, ip, n);
	load_value(rule, REG2, &wire, sizeof wire);
	e = begin(rule, "nat");
	nl_put_be32(e.r, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	nl_put_be32(e.r, NFTA_NAT_FAMILY, family);
	nl_put_be32(e.r, NFTA_NAT_REG_ADDR_MIN, REG);
	nl_put_be32(e.r, NFTA_NAT_REG_PROTO_MIN, REG2);
	end(&e);
}

void nft_dnat(struct nft_rule *rule, struct in_addr ip, uint16_t port)
{
	dnat(rule, NFPROTO_IPV4, &ip, sizeof ip, port);
}

void nft_dnat6(struct nft_rule *rule, const struct in6_addr *ip, uint16_t port)
{
	dnat(rule, NFPROTO_IPV6, ip, sizeof *ip, port);
}

void nft_masquerade(struct nft_rule *rule)
{
	struct expression e = begin(rule, "masq");

	end(&e);
}
