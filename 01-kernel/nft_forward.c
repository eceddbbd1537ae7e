/*
 * nft_forward.c - living beside a firewall that drops forwarded packets.
 *
 * A packet passes every base chain of a hook: `accept` in one ends that chain
 * only, `drop` in any of them is final. A real Docker, ufw and firewalld set
 * the policy of iptables' FORWARD chain to drop, so accepting in a table of
 * our own is not enough: their chain must let our bridges' packets through,
 * too. Those that our table does not want it still drops itself.
 *
 * iptables is mostly a way to write nftables today (iptables-nft): its chain is
 * `FORWARD` in the table `ip filter`. The two rules put there per bridge are
 * built of the same expressions that iptables would use, so iptables-save shows
 * them as `-A FORWARD -i br0 -j ACCEPT`, and they carry a mark in their user
 * data by which they are found again. A chain of the older kind (iptables-legacy)
 * is out of this interface's reach.
 */
#include "nft_forward.h"

#include <endian.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#include "nft_msg.h"

static const char filter[] = "filter", forward[] = "FORWARD";

static int is(const struct nlmsghdr *msg, uint16_t attr, const char *text)
{
	size_t n = 0;
	const char *value = nl_attr(msg, sizeof(struct nfgenmsg), attr, &n);

	return value && n == strlen(text) + 1 && !memcmp(value, text, n);
}

static int look_for_drop(const struct nlmsghdr *msg, void *arg, struct err *err)
{
	size_t n = 0;
	const void *policy = nl_attr(msg, sizeof(struct nfgenmsg), NFTA_CHAIN_POLICY, &n);
	uint32_t value;

	(void)err;
	if (!policy || n != sizeof value || !is(msg, NFTA_CHAIN_TABLE, filter) ||
	    !is(msg, NFTA_CHAIN_NAME, forward))
		return 0;
	memcpy(&value, policy, sizeof value);
	*(int *)arg = ntohl(value) == NF_DROP;
	return 0;
}

static int dump(uint8_t msg, nl_each fn, void *arg, struct err *err)
{
	AUTO_NL struct nl_request r = NL_REQUEST_INIT;
	AUTO_CLOSE int sock = nl_open(NETLINK_NETFILTER, err);

	if (sock < 0)
		return -1;
	nft_begin(&r, msg, NLM_F_DUMP, NFPROTO_IPV4);
	if (msg == NFT_MSG_GETRULE) {
		nl_put_str(&r, NFTA_RULE_TABLE, filter);
		nl_put_str(&r, NFTA_RULE_CHAIN, forward);
	}
	return nl_dump(sock, &r, fn, arg, err) ? err_wrap(err, "iptables' chains") : 0;
}

static int drops(int *yes, struct err *err)
{
	*yes = 0;
	return dump(NFT_MSG_GETCHAIN, look_for_drop, yes, err);
}

/* The mark: the table's name, so that two stacks keep apart. */
static void mark_of(const char *table, char out[48])
{
	snprintf(out, 48, "dockyard %s", table);
}

struct forget {
	struct nl_request *batch;
	char mark[48];
};

static int forget_rule(const struct nlmsghdr *msg, void *arg, struct err *err)
{
	struct forget *f = arg;
	size_t n = 0, handle_size = 0;
	const char *data = nl_attr(msg, sizeof(struct nfgenmsg), NFTA_RULE_USERDATA, &n);
	const void *handle = nl_attr(msg, sizeof(struct nfgenmsg), NFTA_RULE_HANDLE, &handle_size);

	(void)err;
	if (!data || n != strlen(f->mark) + 3 || memcmp(data + 2, f->mark, n - 2) || !handle ||
	    handle_size != sizeof(uint64_t) || !is(msg, NFTA_RULE_CHAIN, forward))
		return 0;
	nft_begin(f->batch, NFT_MSG_DELRULE, 0, NFPROTO_IPV4);
	nl_put_str(f->batch, NFTA_RULE_TABLE, filter);
	nl_put_str(f->batch, NFTA_RULE_CHAIN, forward);
	nl_put(f->batch, NFTA_RULE_HANDLE, handle, handle_size);
	return 0;
}

int nft_forward_forget(struct nl_request *batch, const char *table, struct err *err)
{
	struct forget f = { .batch = batch };

	mark_of(table, f.mark);
	/* Without the table there is nothing to list, and so nothing to forget. */
	if (dump(NFT_MSG_GETRULE, forget_rule, &f, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	return 0;
}

int nft_forward_allow(struct nl_request *batch, const char *table, const char *bridge,
		      struct err *err)
{
	char mark[48];
	int needed;

	if (drops(&needed, err))
		return -1;
	mark_of(table, mark);
	for (int out = 0; needed && out < 2; out++) {
		/* No NLM_F_APPEND: the rule goes to the front, before any drop. */
		struct nft_rule rule = nft_rule_begin(batch, NFPROTO_IPV4, 0, filter, forward, mark);

		if (out)
			nft_match_oif(&rule, bridge, 1);
		else
			nft_match_iif(&rule, bridge, 1);
		nft_counter(&rule);
		nft_verdict(&rule, NF_ACCEPT, NULL);
		nft_rule_end(&rule);
	}
	return 0;
}
