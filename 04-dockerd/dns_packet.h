/*
 * dns_packet.h - the wire format of DNS (RFC 1035, section 4): as much as a resolver needs that
 * answers simple questions and passes all others on as they are.
 *
 * Whoever runs in a container may send anything. Nothing here follows a compression
 * pointer, allocates or recurses; a packet is read once from front to back.
 */
#ifndef DOCKYARD_DOCKERD_DNS_PACKET_H
#define DOCKYARD_DOCKERD_DNS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "01-kernel/netlink.h"

#define DNS_HEADER 12
#define DNS_NAME_SIZE 256   /* as text, with its NUL */
#define DNS_PACKET_MAX 4096 /* of a question; nobody has reason to ask a longer one */

enum { DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28 };
enum { DNS_OK = 0, DNS_FORMERR = 1, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3, DNS_NOTIMP = 4 };

struct dns_question {
	uint16_t id, type, class;
	char name[DNS_NAME_SIZE]; /* lower case, no dot at the end; "" where the name has
	                             bytes that no host name has (it is passed on) */
	size_t end;               /* of the question in the packet */
	size_t room;              /* how long an answer over UDP may be: 512, or as EDNS says */
};

/* False: not a question, there is nothing to answer. Otherwise *rcode is DNS_OK, or the
 * error that is the answer. */
bool dns_question_parse(const uint8_t *packet, size_t n, struct dns_question *q, int *rcode);

struct dns_answer {
	struct kern_addr ip;      /* family 0: the name instead */
	char name[DNS_NAME_SIZE];
};
/* The reply to this question into out (of at most `room` bytes, at least 512): its length. What
 * does not fit is left out and the reply is marked as truncated. */
size_t dns_reply(const uint8_t *packet, const struct dns_question *q, int rcode,
		 const struct dns_answer *answers, size_t n, uint8_t *out, size_t room);

/* "2.0.17.172.in-addr.arpa", and the same for IPv6: the address; false where it is none. */
bool dns_reverse_parse(const char *name, struct kern_addr *ip);

#endif
