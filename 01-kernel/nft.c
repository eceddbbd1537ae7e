/*
 * nft.c - the rules of a bridge network, written to nftables in one batch.
 *
 *   table inet <name>
 *     chain prerouting   nat,    dstnat   a published port becomes the container's
 *     chain output       nat,    dstnat   the same for connections made on this host
 *     chain postrouting  nat,    srcnat   what leaves a bridge gets the host's address
 *     chain forward      filter, filter   who may enter and leave a bridge
 *
 * A rule is a list of small expressions that work on registers: load something
 * (meta, payload, fib, ct), compare it, and at the end do something (nat, masq,
 * a verdict). `nft --debug=netlink` prints the same lists. A comparison that is
 * false ends the rule.
 *
 * The messages go out between BATCH_BEGIN and BATCH_END: the kernel applies all
 * of them or none. The batch makes the table (so that deleting it cannot fail),
 * deletes it, and makes it anew.
 */
#include "nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/strbuf.h"

#define PRIORITY_DSTNAT (-100) /* nft(8), "Standard priority names" */
#define PRIORITY_FILTER 0
#define PRIORITY_SRCNAT 100

/* --- messages: headers, attributes, nests. Numbers are big-endian here. --------------- */

struct batch {
	struct strbuf sb;
	const char *table;
	uint32_t seq;
	size_t message; /* where the open message starts */
};

static size_t align4(struct batch *b)
{
	static const char zero[NLMSG_ALIGNTO];

	strbuf_add(&b->sb, zero, NLMSG_ALIGN(b->sb.len) - b->sb.len);
	return b->sb.len;
}

static void message_begin(struct batch *b, uint16_t type, uint16_t flags, uint8_t family,
			  uint16_t resource)
{
	struct nlmsghdr h = { .nlmsg_type = type, .nlmsg_seq = ++b->seq,
			      .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags) };
	struct nfgenmsg g = { family, NFNETLINK_V0, htons(resource) };

	b->message = align4(b);
	strbuf_add(&b->sb, &h, sizeof h);
	strbuf_add(&b->sb, &g, sizeof g);
}

static void message_end(struct batch *b)
{
	uint32_t len = (uint32_t)(align4(b) - b->message);

	memcpy(b->sb.data + b->message, &len, sizeof len); /* nlmsg_len comes first */
}

static void attr(struct batch *b, uint16_t type, const void *data, size_t n)
{
	struct nlattr a = { (uint16_t)(NLA_HDRLEN + n), type };

	align4(b);
	strbuf_add(&b->sb, &a, sizeof a);
	strbuf_add(&b->sb, data, n);
}

static void attr_u32(struct batch *b, uint16_t type, uint32_t value)
{
	uint32_t be = htonl(value);

	attr(b, type, &be, sizeof be);
}

static void attr_str(struct batch *b, uint16_t type, const char *s)
{
	attr(b, type, s, strlen(s) + 1);
}

static size_t nest_begin(struct batch *b, uint16_t type)
{
	size_t at = align4(b);
	struct nlattr a = { 0, (uint16_t)(type | NLA_F_NESTED) };

	strbuf_add(&b->sb, &a, sizeof a);
	return at;
}

static void nest_end(struct batch *b, size_t at)
{
	uint16_t len = (uint16_t)(b->sb.len - at);

	memcpy(b->sb.data + at, &len, sizeof len); /* nla_len comes first */
}

/* --- expressions ------------------------------------------------------------------------ */

struct expr {
	size_t element, data;
};

static struct expr expr_begin(struct batch *b, const char *name)
{
	struct expr e = { .element = nest_begin(b, NFTA_LIST_ELEM) };

	attr_str(b, NFTA_EXPR_NAME, name);
	e.data = nest_begin(b, NFTA_EXPR_DATA);
	return e;
}

static void expr_end(struct batch *b, struct expr e)
{
	nest_end(b, e.data);
	nest_end(b, e.element);
}

/* Load something into register 1: three of the four loaders look alike. */
static void load(struct batch *b, const char *what, uint16_t dreg_attr, uint16_t key_attr,
		 uint32_t key)
{
	struct expr e = expr_begin(b, what);

	attr_u32(b, dreg_attr, NFT_REG_1);
	attr_u32(b, key_attr, key);
	expr_end(b, e);
}

static void load_meta(struct batch *b, uint32_t key)
{
	load(b, "meta", NFTA_META_DREG, NFTA_META_KEY, key);
}

static void load_ct(struct batch *b, uint32_t key)
{
	load(b, "ct", NFTA_CT_DREG, NFTA_CT_KEY, key);
}

static void load_payload(struct batch *b, uint32_t base, uint32_t offset, uint32_t len)
{
	struct expr e = expr_begin(b, "payload");

	attr_u32(b, NFTA_PAYLOAD_DREG, NFT_REG_1);
	attr_u32(b, NFTA_PAYLOAD_BASE, base);
	attr_u32(b, NFTA_PAYLOAD_OFFSET, offset);
	attr_u32(b, NFTA_PAYLOAD_LEN, len);
	expr_end(b, e);
}

static void data_value(struct batch *b, uint16_t type, const void *value, size_t n)
{
	size_t nest = nest_begin(b, type);

	attr(b, NFTA_DATA_VALUE, value, n);
	nest_end(b, nest);
}

static void compare(struct batch *b, uint32_t op, const void *value, size_t n)
{
	struct expr e = expr_begin(b, "cmp");

	attr_u32(b, NFTA_CMP_SREG, NFT_REG_1);
	attr_u32(b, NFTA_CMP_OP, op);
	data_value(b, NFTA_CMP_DATA, value, n);
	expr_end(b, e);
}

/* register 1 &= mask */
static void mask(struct batch *b, const void *bits, size_t n)
{
	static const uint8_t zero[16];
	struct expr e = expr_begin(b, "bitwise");

	attr_u32(b, NFTA_BITWISE_SREG, NFT_REG_1);
	attr_u32(b, NFTA_BITWISE_DREG, NFT_REG_1);
	attr_u32(b, NFTA_BITWISE_LEN, (uint32_t)n);
	data_value(b, NFTA_BITWISE_MASK, bits, n);
	data_value(b, NFTA_BITWISE_XOR, zero, n);
	expr_end(b, e);
}

static void immediate(struct batch *b, uint32_t reg, const void *value, size_t n)
{
	struct expr e = expr_begin(b, "immediate");

	attr_u32(b, NFTA_IMMEDIATE_DREG, reg);
	data_value(b, NFTA_IMMEDIATE_DATA, value, n);
	expr_end(b, e);
}

static void verdict(struct batch *b, int code)
{
	struct expr e = expr_begin(b, "immediate");
	size_t data, v;

	attr_u32(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nest_begin(b, NFTA_IMMEDIATE_DATA);
	v = nest_begin(b, NFTA_DATA_VERDICT);
	attr_u32(b, NFTA_VERDICT_CODE, (uint32_t)code);
	nest_end(b, v);
	nest_end(b, data);
	expr_end(b, e);
}

static void masquerade(struct batch *b)
{
	expr_end(b, expr_begin(b, "masq"));
}

/* --- conditions -------------------------------------------------------------------------- */

static void if_interface(struct batch *b, uint32_t key, uint32_t op, const char *name)
{
	char padded[IFNAMSIZ] = "";

	memcpy(padded, name, strnlen(name, IFNAMSIZ - 1));
	load_meta(b, key);
	compare(b, op, padded, sizeof padded);
}

static void if_ipv4(struct batch *b)
{
	uint8_t family = NFPROTO_IPV4;

	load_meta(b, NFT_META_NFPROTO);
	compare(b, NFT_CMP_EQ, &family, sizeof family);
}

#define IP_SOURCE 12 /* offsets in the header, RFC 791 */
#define IP_DESTINATION 16

static void if_address(struct batch *b, uint32_t offset, struct in_addr net, unsigned prefix)
{
	uint32_t bits = prefix ? htonl(~0u << (32 - prefix)) : 0;
	uint32_t value = net.s_addr & bits;

	if_ipv4(b);
	load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offset, 4);
	if (prefix < 32)
		mask(b, &bits, sizeof bits);
	compare(b, NFT_CMP_EQ, &value, sizeof value);
}

/* Any of the bits; conntrack's words are in host byte order. */
static void if_ct(struct batch *b, uint32_t key, uint32_t bits)
{
	uint32_t none = 0;

	load_ct(b, key);
	mask(b, &bits, sizeof bits);
	compare(b, NFT_CMP_NEQ, &none, sizeof none);
}

static void if_port(struct batch *b, const struct kern_nft_publish *p)
{
	uint16_t port = htons(p->host_port);

	load_meta(b, NFT_META_L4PROTO);
	compare(b, NFT_CMP_EQ, &p->proto, sizeof p->proto);
	load_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2); /* both TCP and UDP: destination */
	compare(b, NFT_CMP_EQ, &port, sizeof port);
}

/* The destination is one of this machine's own addresses. */
static void if_local_destination(struct batch *b)
{
	struct expr e = expr_begin(b, "fib");
	uint32_t local = RTN_LOCAL;

	attr_u32(b, NFTA_FIB_DREG, NFT_REG_1);
	attr_u32(b, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	attr_u32(b, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	expr_end(b, e);
	compare(b, NFT_CMP_EQ, &local, sizeof local);
}

/* --- tables, chains, rules ------------------------------------------------------------------ */

static void nft_message(struct batch *b, uint16_t type, uint16_t flags)
{
	message_begin(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, NFPROTO_INET, 0);
}

static void table(struct batch *b, uint16_t type, uint16_t flags)
{
	nft_message(b, type, flags);
	attr_str(b, NFTA_TABLE_NAME, b->table);
	message_end(b);
}

static void chain(struct batch *b, const char *name, const char *type, uint32_t hook, int priority)
{
	size_t nest;

	nft_message(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	attr_str(b, NFTA_CHAIN_TABLE, b->table);
	attr_str(b, NFTA_CHAIN_NAME, name);
	nest = nest_begin(b, NFTA_CHAIN_HOOK);
	attr_u32(b, NFTA_HOOK_HOOKNUM, hook);
	attr_u32(b, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	nest_end(b, nest);
	attr_u32(b, NFTA_CHAIN_POLICY, NF_ACCEPT);
	attr_str(b, NFTA_CHAIN_TYPE, type);
	message_end(b);
}

static size_t rule_begin(struct batch *b, const char *chain_name)
{
	nft_message(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	attr_str(b, NFTA_RULE_TABLE, b->table);
	attr_str(b, NFTA_RULE_CHAIN, chain_name);
	return nest_begin(b, NFTA_RULE_EXPRESSIONS);
}

static void rule_end(struct batch *b, size_t nest)
{
	nest_end(b, nest);
	message_end(b);
}

static void rule_publish(struct batch *b, const char *chain_name, const struct kern_nft_publish *p)
{
	uint16_t port = htons(p->container_port);
	size_t r = rule_begin(b, chain_name);
	struct expr e;

	if (p->host_ip.s_addr == INADDR_ANY) {
		if_ipv4(b);
		if_local_destination(b);
	} else {
		if_address(b, IP_DESTINATION, p->host_ip, 32);
	}
	if_port(b, p);
	immediate(b, NFT_REG_1, &p->container_ip, sizeof p->container_ip);
	immediate(b, NFT_REG_2, &port, sizeof port);
	e = expr_begin(b, "nat");
	attr_u32(b, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	attr_u32(b, NFTA_NAT_FAMILY, NFPROTO_IPV4);
	attr_u32(b, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
	attr_u32(b, NFTA_NAT_REG_PROTO_MIN, NFT_REG_2);
	expr_end(b, e);
	rule_end(b, r);
}

static void rules_postrouting(struct batch *b, const struct kern_nft_bridge *br)
{
	const struct in_addr loopback = { htonl(INADDR_LOOPBACK) };
	size_t r;

	if (br->masquerade && !br->internal) {
		r = rule_begin(b, "postrouting");
		if_address(b, IP_SOURCE, br->network, br->prefix);
		if_interface(b, NFT_META_OIFNAME, NFT_CMP_NEQ, br->bridge);
		masquerade(b);
		rule_end(b, r);
	}
	/* A container that reaches its neighbour (or itself) through a published
	 * port: the answer must come back through the host to be translated. */
	r = rule_begin(b, "postrouting");
	if_address(b, IP_SOURCE, br->network, br->prefix);
	if_interface(b, NFT_META_OIFNAME, NFT_CMP_EQ, br->bridge);
	if_ct(b, NFT_CT_STATUS, IPS_DST_NAT);
	masquerade(b);
	rule_end(b, r);
	/* curl 127.0.0.1:8080 on the host: 127.0.0.1 means nothing to the container. */
	r = rule_begin(b, "postrouting");
	if_address(b, IP_SOURCE, loopback, 8);
	if_interface(b, NFT_META_OIFNAME, NFT_CMP_EQ, br->bridge);
	masquerade(b);
	rule_end(b, r);
}

static void rule_forward(struct batch *b, const char *in, uint32_t in_op, const char *out,
			 uint32_t out_op, int code)
{
	size_t r = rule_begin(b, "forward");

	if_interface(b, NFT_META_IIFNAME, in_op, in);
	if_interface(b, NFT_META_OIFNAME, out_op, out);
	verdict(b, code);
	rule_end(b, r);
}

/* Into a bridge comes what was asked for from inside or goes to a published
 * port, nothing else. */
static void rules_forward(struct batch *b, const struct kern_nft_bridge *br)
{
	const char *name = br->bridge;
	size_t r;

	if (br->internal) {
		rule_forward(b, name, NFT_CMP_EQ, name, NFT_CMP_NEQ, NF_DROP);
		rule_forward(b, name, NFT_CMP_NEQ, name, NFT_CMP_EQ, NF_DROP);
	}
	r = rule_begin(b, "forward");
	if_interface(b, NFT_META_OIFNAME, NFT_CMP_EQ, name);
	if_ct(b, NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED));
	verdict(b, NF_ACCEPT);
	rule_end(b, r);
	r = rule_begin(b, "forward");
	if_interface(b, NFT_META_OIFNAME, NFT_CMP_EQ, name);
	if_ct(b, NFT_CT_STATUS, IPS_DST_NAT);
	verdict(b, NF_ACCEPT);
	rule_end(b, r);
	rule_forward(b, name, NFT_CMP_EQ, name, NFT_CMP_EQ, br->icc ? NF_ACCEPT : NF_DROP);
	rule_forward(b, name, NFT_CMP_NEQ, name, NFT_CMP_EQ, NF_DROP);
}

/* --- the transaction ------------------------------------------------------------------------- */

static void batch_begin(struct batch *b)
{
	message_begin(b, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	message_end(b);
	table(b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_ACK);
	table(b, NFT_MSG_DELTABLE, 0);
}

static int bad_reply(struct err *err, int errnum)
{
	if (errnum == EPERM)
		return err_errno(err, errnum, "change nftables (needs CAP_NET_ADMIN)");
	if (errnum == EOPNOTSUPP || errnum == ENOENT || errnum == EPROTONOSUPPORT)
		return err_set(err, ERR_UNSUPPORTED,
			       "this kernel lacks nftables or its NAT (modules nf_tables, nft_chain_nat, "
			       "nft_masq, nft_fib_inet, nft_ct)");
	return err_errno(err, errnum, "change nftables");
}

/* The kernel answers within sendmsg(2): the replies wait in the socket, one for
 * the acknowledged message or one for each that failed. */
static int read_replies(int fd, struct err *err)
{
	_Alignas(struct nlmsghdr) char buf[16384];
	bool acknowledged = false;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof buf, MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)buf;

		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			const struct nlmsgerr *e = NLMSG_DATA(h);

			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			if (e->error)
				return bad_reply(err, -e->error);
			acknowledged = true;
		}
	}
	return acknowledged ? 0 : bad_reply(err, errno == EAGAIN ? EPROTO : errno);
}

static int batch_send(struct batch *b, struct err *err)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int room;

	if (fd < 0)
		return bad_reply(err, errno);
	message_begin(b, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	message_end(b);
	room = (int)b->sb.len * 2; /* a batch is one datagram; FORCE needs CAP_NET_ADMIN, as we do */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	if (sendto(fd, b->sb.data, b->sb.len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
		return bad_reply(err, errno);
	return read_replies(fd, err);
}

int kern_nft_replace(const char *name, const struct kern_nft_bridge *bridges, size_t nb,
		     const struct kern_nft_publish *ports, size_t np, struct err *err)
{
	struct batch b = { .sb = STRBUF_INIT, .table = name };
	int rc;

	batch_begin(&b);
	table(&b, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	chain(&b, "prerouting", "nat", NF_INET_PRE_ROUTING, PRIORITY_DSTNAT);
	chain(&b, "output", "nat", NF_INET_LOCAL_OUT, PRIORITY_DSTNAT);
	chain(&b, "postrouting", "nat", NF_INET_POST_ROUTING, PRIORITY_SRCNAT);
	chain(&b, "forward", "filter", NF_INET_FORWARD, PRIORITY_FILTER);
	for (size_t i = 0; i < np; i++) {
		rule_publish(&b, "prerouting", &ports[i]);
		rule_publish(&b, "output", &ports[i]);
	}
	for (size_t i = 0; i < nb; i++) {
		rules_postrouting(&b, &bridges[i]);
		rules_forward(&b, &bridges[i]);
	}
	rc = batch_send(&b, err);
	strbuf_free(&b.sb);
	return rc ? err_wrap(err, "nftables table %s", name) : 0;
}

int kern_nft_delete(const char *name, struct err *err)
{
	struct batch b = { .sb = STRBUF_INIT, .table = name };
	int rc;

	batch_begin(&b);
	rc = batch_send(&b, err);
	strbuf_free(&b.sb);
	return rc ? err_wrap(err, "nftables table %s", name) : 0;
}
