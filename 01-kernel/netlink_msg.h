/*
 * netlink_msg.h - building and sending netlink(7) messages, for rtnetlink and
 * nftables alike. For this stage only.
 *
 * A message is a header (struct nlmsghdr), a family's own struct, and
 * attributes: length, type, value, padded to four bytes. A value may be
 * attributes itself (a nest). A request may be one message, or a batch of them
 * in one send.
 */
#ifndef DOCKYARD_NETLINK_MSG_H
#define DOCKYARD_NETLINK_MSG_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strbuf.h"

/* The bytes of one or several messages. `message` and nests are remembered as
 * offsets: the buffer moves as it grows. */
struct nl_request {
	struct strbuf buf;
	size_t message; /* where the current message begins */
	uint32_t seq;
};

#define NL_REQUEST_INIT { STRBUF_INIT, 0, 0 }
void nl_request_free(struct nl_request *r);
#define AUTO_NL AUTO(nl_request_free)

/* Begin a message; `body` is the family's struct. The previous one is ended. */
void nl_begin(struct nl_request *r, uint16_t type, uint16_t flags, const void *body, size_t n);
void nl_put(struct nl_request *r, uint16_t type, const void *value, size_t n);
void nl_put_str(struct nl_request *r, uint16_t type, const char *value); /* with its NUL */
void nl_put_u32(struct nl_request *r, uint16_t type, uint32_t value);    /* host order */
void nl_put_be32(struct nl_request *r, uint16_t type, uint32_t value);   /* network order */
void nl_put_be64(struct nl_request *r, uint16_t type, uint64_t value);
size_t nl_nest(struct nl_request *r, uint16_t type); /* to be given to nl_nest_end */
void nl_nest_raw(struct nl_request *r, const void *bytes, size_t n); /* a struct inside a nest */
void nl_nest_end(struct nl_request *r, size_t nest);

/* An open socket of the protocol (NETLINK_ROUTE), in this thread's network
 * namespace. */
int nl_open(int protocol, struct err *err);

/* Send, and read the kernel's answer to every message that asked for one
 * (NLM_F_ACK). The first that failed is the error, with the kernel's own text
 * where it gives one. */
int nl_transact(int sock, struct nl_request *r, const char *what, struct err *err);

/* Send a dump request and call fn for each message of the answer. */
typedef int (*nl_each)(const struct nlmsghdr *msg, void *arg, struct err *err);
int nl_dump(int sock, struct nl_request *r, nl_each fn, void *arg, struct err *err);

/* An attribute of a received message: the value and its length, or NULL.
 * `header` is the length of the family's struct. */
const void *nl_attr(const struct nlmsghdr *msg, size_t header, uint16_t type, size_t *n);

#endif
