/*
 * dns.c - what a container sends to the resolver: the question, and the answer made of it.
 */
#include <string.h>

#include "04-dockerd/dns_packet.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_answer answers[40] = { { .ip = { .family = AF_INET } } };
	struct dns_question q;
	struct kern_addr ip;
	uint8_t out[512];
	int rcode = -1;
	size_t n;

	if (size > DNS_PACKET_MAX || !dns_question_parse(data, size, &q, &rcode))
		return 0;
	MUST(q.end >= DNS_HEADER && q.end <= size && q.end < sizeof out);
	MUST(strlen(q.name) < DNS_NAME_SIZE && q.room >= 512 && q.room <= DNS_PACKET_MAX);
	dns_reverse_parse(q.name, &ip);
	for (size_t i = 1; i < 40; i++)
		memcpy(answers[i].name, q.name, sizeof q.name);
	n = dns_reply(data, &q, rcode, answers, 40, out, sizeof out);
	MUST(n >= q.end && n <= sizeof out);
	/* An answer is no question: two resolvers cannot keep each other busy. */
	MUST(!dns_question_parse(out, n, &q, &rcode));
	return 0;
}
