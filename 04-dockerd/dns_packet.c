/*
 * dns_packet.c - see dns_packet.h.
 */
#include "dns_packet.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LABEL_MAX 63
#define TTL 600 /* seconds, as Docker's */
#define EDNS 41 /* RFC 6891: a pseudo record at the end of a question */

enum { QR = 0x8000, OPCODE = 0x7800, AA = 0x0400, TC = 0x0200, RD = 0x0100, RA = 0x0080 };

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* --- reading -------------------------------------------------------------------------- */

/* Labels up to the empty one: where the name ends, or 0. A pointer has no place in a question. */
static size_t parse_name(const uint8_t *packet, size_t n, size_t at, char out[DNS_NAME_SIZE])
{
	size_t len = 0;
	bool plain = true;

	while (at < n && packet[at]) {
		size_t label = packet[at++];

		if (label > LABEL_MAX || label > n - at || len + label + 1 >= DNS_NAME_SIZE)
			return 0;
		if (len)
			out[len++] = '.';
		for (size_t i = 0; i < label; i++, at++) {
			plain &= isgraph(packet[at]) && packet[at] != '.';
			out[len++] = (char)tolower(packet[at]);
		}
	}
	if (at >= n)
		return 0;
	out[plain ? len : 0] = '\0';
	return at + 1;
}

/* The size in the EDNS record, where that is all that follows the question. */
static size_t answer_room(const uint8_t *packet, size_t n, size_t at)
{
	size_t size;

	if (n < at + 11 || get16(packet + 10) != 1 || packet[at] || get16(packet + at + 1) != EDNS)
		return 512;
	size = get16(packet + at + 3);
	return size < 512 ? 512 : size > DNS_PACKET_MAX ? DNS_PACKET_MAX : size;
}

bool dns_question_parse(const uint8_t *packet, size_t n, struct dns_question *q, int *rcode)
{
	uint16_t flags;

	*q = (struct dns_question){ .end = DNS_HEADER, .room = 512 };
	if (n < DNS_HEADER)
		return false;
	flags = get16(packet + 2);
	if (flags & QR)
		return false;
	q->id = get16(packet);
	*rcode = flags & OPCODE ? DNS_NOTIMP : DNS_FORMERR;
	if (flags & OPCODE || get16(packet + 4) != 1)
		return true;
	q->end = parse_name(packet, n, DNS_HEADER, q->name);
	if (!q->end || n - q->end < 4) {
		q->end = DNS_HEADER;
		return true;
	}
	q->type = get16(packet + q->end);
	q->class = get16(packet + q->end + 2);
	q->end += 4;
	q->room = answer_room(packet, n, q->end);
	*rcode = DNS_OK;
	return true;
}

/* --- writing ---------------------------------------------------------------------------- */

/* As labels, into at most DNS_NAME_SIZE bytes; 0 where the text is no name. */
static size_t put_name(uint8_t *out, const char *name)
{
	size_t len = 0;

	while (*name) {
		size_t label = strcspn(name, ".");

		if (!label || label > LABEL_MAX || len + label + 2 > DNS_NAME_SIZE)
			return 0;
		out[len++] = (uint8_t)label;
		memcpy(out + len, name, label);
		len += label;
		name += label + (name[label] == '.');
	}
	out[len++] = 0;
	return len;
}

/* One record about the name that was asked for: at most 12 + DNS_NAME_SIZE bytes. */
static size_t put_record(uint8_t *out, const struct dns_answer *a)
{
	size_t n;

	put16(out, 0xc000 | DNS_HEADER); /* that name stands right behind the header */
	put16(out + 2, a->ip.family == AF_INET ? DNS_A : a->ip.family ? DNS_AAAA : DNS_PTR);
	put16(out + 4, 1); /* IN */
	put16(out + 6, 0);
	put16(out + 8, TTL);
	if (a->ip.family) {
		n = a->ip.family == AF_INET ? 4 : 16;
		memcpy(out + 12, &a->ip.ip, n);
	} else {
		n = put_name(out + 12, a->name);
	}
	put16(out + 10, (unsigned)n);
	return n ? 12 + n : 0;
}

size_t dns_reply(const uint8_t *packet, const struct dns_question *q, int rcode,
		 const struct dns_answer *answers, size_t n, uint8_t *out, size_t room)
{
	unsigned flags = QR | RA | (get16(packet + 2) & (OPCODE | RD)) | (unsigned)rcode;
	uint8_t record[12 + DNS_NAME_SIZE];
	size_t len = q->end, count = 0;

	memcpy(out, packet, q->end); /* at most a header, a name and four bytes: it fits */
	for (size_t i = 0; i < n; i++) {
		size_t size = put_record(record, &answers[i]);

		if (len + size > room) {
			flags |= TC;
			break;
		}
		memcpy(out + len, record, size);
		len += size;
		count += size > 0;
	}
	put16(out + 2, flags);
	put16(out + 4, q->end > DNS_HEADER);
	put16(out + 6, (unsigned)count);
	put16(out + 8, 0);
	put16(out + 10, 0);
	return len;
}

/* --- reverse names ------------------------------------------------------------------------ */

static bool reverse4(const char *name, struct kern_addr *ip)
{
	unsigned a, b, c, d;
	int end = 0;

	if (sscanf(name, "%3u.%3u.%3u.%3u.in-addr.arpa%n", &d, &c, &b, &a, &end) != 4 || !end ||
	    name[end] || a > 255 || b > 255 || c > 255 || d > 255)
		return false;
	*ip = (struct kern_addr){ .family = AF_INET, .prefix = 32 };
	ip->ip.v4.s_addr = htonl(a << 24 | b << 16 | c << 8 | d);
	return true;
}

/* 32 digits, the last one first, each a label. */
static bool reverse6(const char *name, struct kern_addr *ip)
{
	static const char digits[] = "0123456789abcdef";

	*ip = (struct kern_addr){ .family = AF_INET6, .prefix = 128 };
	for (int i = 31; i >= 0; i--, name += 2) {
		const char *digit = *name ? strchr(digits, *name) : NULL;

		if (!digit || name[1] != '.')
			return false;
		ip->ip.v6.s6_addr[i / 2] |= (uint8_t)((digit - digits) << (i % 2 ? 0 : 4));
	}
	return !strcmp(name, "ip6.arpa");
}

bool dns_reverse_parse(const char *name, struct kern_addr *ip)
{
	return reverse4(name, ip) || reverse6(name, ip);
}
