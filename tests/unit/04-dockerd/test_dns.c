/*
 * test_dns.c - the resolver's packets. The questions are as glibc's and busybox's resolvers send
 * them; the answers' bytes are from RFC 1035, sections 4.1.1 to 4.1.4.
 */
#include <arpa/inet.h>
#include <string.h>

#include "dns_packet.h"
#include "suites.h"

static const uint8_t question[] = { 0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'W', 'e', 'b',
				    3,	  'n',	'e',  't',  0, 0, 1, 0, 1 };

static void a_question(void)
{
	struct dns_question q;
	int rcode;

	CU_ASSERT(dns_question_parse(question, sizeof question, &q, &rcode));
	EXPECT_INT(rcode, DNS_OK);
	EXPECT_INT(q.id, 0x1234);
	EXPECT_STR(q.name, "web.net");
	EXPECT_INT(q.type, DNS_A);
	EXPECT_INT((long long)q.end, sizeof question);
	EXPECT_INT((long long)q.room, 512);
}

static void cut_short_at_every_byte(void)
{
	struct dns_question q;
	int rcode;

	for (size_t n = 0; n < sizeof question; n++) {
		bool asked = dns_question_parse(question, n, &q, &rcode);

		CU_ASSERT(asked == (n >= DNS_HEADER));
		if (asked)
			EXPECT_INT(rcode, DNS_FORMERR);
	}
}

static void refused(size_t at, uint8_t byte, int want)
{
	uint8_t packet[sizeof question];
	struct dns_question q;
	int rcode = -1;

	memcpy(packet, question, sizeof packet);
	packet[at] = byte;
	if (!dns_question_parse(packet, sizeof packet, &q, &rcode))
		rcode = -1;
	EXPECT_INT(rcode, want);
}

static void hostile_questions(void)
{
	refused(2, 0x81, -1);		/* an answer: never answered, or two of us would not end */
	refused(2, 0x29, DNS_NOTIMP);	/* an update */
	refused(5, 2, DNS_FORMERR);	/* two questions */
	refused(12, 0xc0, DNS_FORMERR); /* a pointer, to itself */
	refused(12, 63, DNS_FORMERR);	/* a label that leaves the packet */
	refused(20, 1, DNS_FORMERR);	/* no end of the name */
	refused(13, '.', DNS_OK);	/* no host's name: passed on */
}

/* 255 bytes of labels are one too many for our text. */
static void a_name_that_is_too_long(void)
{
	uint8_t packet[DNS_HEADER + 400] = { 0, 1, 1, 0, 0, 1 };
	struct dns_question q;
	int rcode;

	for (size_t at = DNS_HEADER; at + 64 < sizeof packet; at += 64) {
		packet[at] = 63;
		memset(packet + at + 1, 'a', 63);
	}
	CU_ASSERT(dns_question_parse(packet, sizeof packet, &q, &rcode));
	EXPECT_INT(rcode, DNS_FORMERR);
}

static void an_answer(void)
{
	static const uint8_t want[] = { 0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 2, 0x58, 0, 4, 10, 0, 0, 7 };
	struct dns_answer a = { .ip = { .family = AF_INET } };
	uint8_t out[512];
	struct dns_question q;
	int rcode;
	size_t n;

	inet_pton(AF_INET, "10.0.0.7", &a.ip.ip.v4);
	dns_question_parse(question, sizeof question, &q, &rcode);
	n = dns_reply(question, &q, DNS_OK, &a, 1, out, q.room);
	EXPECT_INT((long long)n, sizeof question + sizeof want);
	EXPECT_INT(out[2], 0x81); /* a response, recursion desired... */
	EXPECT_INT(out[3], 0x80); /* ...and available, no error */
	EXPECT_INT(out[7], 1);
	CU_ASSERT(!memcmp(out + sizeof question, want, sizeof want));
}

static void more_than_fits(void)
{
	struct dns_answer many[64];
	uint8_t out[512];
	struct dns_question q;
	int rcode;
	size_t n;

	for (size_t i = 0; i < 64; i++)
		many[i] = (struct dns_answer){ .ip = { .family = AF_INET6 } };
	dns_question_parse(question, sizeof question, &q, &rcode);
	n = dns_reply(question, &q, DNS_OK, many, 64, out, sizeof out);
	CU_ASSERT(n <= 512 && n > 512 - 28);
	CU_ASSERT(out[2] & 0x02); /* truncated: ask again over TCP */
	EXPECT_INT(out[7], (long long)(n - sizeof question) / 28);
}

static void reverse_names(void)
{
	struct kern_addr ip;
	char text[INET6_ADDRSTRLEN];

	CU_ASSERT(dns_reverse_parse("2.0.17.172.in-addr.arpa", &ip));
	EXPECT_STR(inet_ntop(AF_INET, &ip.ip, text, sizeof text), "172.17.0.2");
	CU_ASSERT(dns_reverse_parse("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d."
				    "f.ip6.arpa", &ip));
	EXPECT_STR(inet_ntop(AF_INET6, &ip.ip, text, sizeof text), "fd00::1");
	CU_ASSERT(!dns_reverse_parse("2.0.17.in-addr.arpa", &ip));
	CU_ASSERT(!dns_reverse_parse("2.0.17.272.in-addr.arpa", &ip));
	CU_ASSERT(!dns_reverse_parse("1.0.ip6.arpa", &ip));
	CU_ASSERT(!dns_reverse_parse("", &ip));
}

int suite_dns(void)
{
	static const CU_TestInfo tests[] = {
		{ "a question", a_question },
		{ "cut short at every byte", cut_short_at_every_byte },
		{ "hostile questions", hostile_questions },
		{ "a name that is too long", a_name_that_is_too_long },
		{ "an answer", an_answer },
		{ "more than fits", more_than_fits },
		{ "reverse names", reverse_names },
		CU_TEST_INFO_NULL,
	};

	return suite_add("names of containers", tests);
}
