/*
 * nft_forward.h - living beside a firewall that drops forwarded packets. For
 * this stage only; see nft_forward.c.
 */
#ifndef DOCKYARD_NFT_FORWARD_H
#define DOCKYARD_NFT_FORWARD_H

#include "netlink_msg.h"

/* Add to the batch: take back what an earlier nft_forward_allow for this table
 * put into iptables' chain. */
int nft_forward_forget(struct nl_request *batch, const char *table, struct err *err);

/* Add to the batch: let the bridge's packets through iptables' chain, where
 * there is one that drops. */
int nft_forward_allow(struct nl_request *batch, const char *table, const char *bridge,
		      struct err *err);

#endif
