/*
 * nft_msg.h - nf_tables' objects and expressions as netlink messages. For this
 * stage only.
 *
 * A rule is a list of expressions that run in order on a packet with a few
 * registers. Loading expressions fill a register (a header field, the name of
 * an interface), comparing ones end the rule when it does not match, and the
 * last one gives a verdict. What nft(8) writes as
 *
 *     iifname "br0" ip daddr 10.0.0.0/8 drop
 *
 * is: meta iifname => reg; cmp reg "br0"; meta nfproto => reg; cmp reg ipv4;
 * payload network+16, 4 => reg; bitwise reg & 255.0.0.0; cmp reg 10.0.0.0;
 * immediate verdict drop. So the kernel knows no protocols, only bytes.
 */
#ifndef DOCKYARD_NFT_MSG_H
#define DOCKYARD_NFT_MSG_H

#include <netinet/in.h> /* first: <linux/in.h> then leaves its types alone */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "netlink_msg.h"

/* A batch: everything between these two is done whole or not at all. Add
 * messages, then send. */
void nft_batch_begin(struct nl_request *r);
int nft_batch_commit(struct nl_request *r, const char *what, struct err *err);

/* Begin a message of nf_tables (NFT_MSG_NEWRULE) for a family (NFPROTO_INET). */
void nft_begin(struct nl_request *r, uint8_t msg, uint16_t flags, uint8_t family);

void nft_table(struct nl_request *r, uint8_t msg, const char *table);

/* A base chain: `type` "nat" or "filter", a hook (NF_INET_FORWARD), a priority. */
struct nft_chain {
	const char *name, *type;
	uint32_t hook;
	int priority;
};
void nft_chain(struct nl_request *r, const char *table, const struct nft_chain *c);
/* A chain that others jump to. */
void nft_plain_chain(struct nl_request *r, const char *table, const char *name);

/* A rule of a chain: begin, expressions, end. */
struct nft_rule {
	struct nl_request *r;
	size_t expressions;
};
struct nft_rule nft_rule_begin(struct nl_request *r, uint8_t family, uint16_t flags,
			       const char *table, const char *chain, const char *comment);
void nft_rule_end(struct nft_rule *rule);

void nft_match_iif(struct nft_rule *rule, const char *name, int equal);
void nft_match_oif(struct nft_rule *rule, const char *name, int equal);
void nft_match_ipv4(struct nft_rule *rule); /* needed before the two below */
void nft_match_saddr(struct nft_rule *rule, struct in_addr ip, unsigned prefix);
void nft_match_daddr(struct nft_rule *rule, struct in_addr ip, unsigned prefix);
void nft_match_ipv6(struct nft_rule *rule); /* the same for IPv6 */
void nft_match_saddr6(struct nft_rule *rule, const struct in6_addr *ip, unsigned prefix);
void nft_match_daddr6(struct nft_rule *rule, const struct in6_addr *ip, unsigned prefix);
void nft_match_not_daddr6(struct nft_rule *rule, const struct in6_addr *ip);
void nft_match_local(struct nft_rule *rule); /* the destination is this machine */
void nft_match_dport(struct nft_rule *rule, uint8_t proto, uint16_t port);
void nft_match_ct(struct nft_rule *rule, uint32_t key, uint32_t any_of);
void nft_counter(struct nft_rule *rule);
void nft_verdict(struct nft_rule *rule, int32_t verdict, const char *chain); /* NF_DROP, NFT_JUMP */
void nft_dnat(struct nft_rule *rule, struct in_addr ip, uint16_t port);
void nft_dnat6(struct nft_rule *rule, const struct in6_addr *ip, uint16_t port);
void nft_masquerade(struct nft_rule *rule);

#endif
