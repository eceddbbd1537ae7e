/*
 * test_websocket.c - frames as RFC 6455 has them (section 5.7's examples among them), and
 * clients that break its rules.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <pthread.h>

#include "01-kernel/base/file.h"
#include "suites.h"
#include "websocket.h"

static void the_key_is_answered_as_in_the_rfc(void)
{
	char accept[WS_ACCEPT_SIZE];

	dockerd_ws_accept("dGhlIHNhbXBsZSBub25jZQ==", accept);
	EXPECT_STR(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static char *hex(const struct strbuf *sb)
{
	struct strbuf out = STRBUF_INIT;

	strbuf_reserve(&out, 0);
	for (size_t i = 0; i < sb->len; i++)
		strbuf_addf(&out, "%02x", (unsigned char)sb->data[i]);
	return strbuf_steal(&out);
}

static size_t bytes(const char *text, unsigned char *out)
{
	size_t n = strlen(text) / 2;

	for (size_t i = 0; i < n; i++)
		sscanf(text + 2 * i, "%2hhx", &out[i]);
	return n;
}

/* Feed the frames whole, and again byte by byte: what comes must be the same. */
static void fed(const char *frames, int ends, const char *data, const char *answer)
{
	unsigned char in[512];
	size_t n = bytes(frames, in);

	for (size_t piece = n; piece; piece = piece == 1 ? 0 : 1) {
		AUTO_STRBUF struct strbuf got = STRBUF_INIT, back = STRBUF_INIT;
		struct ws_reader r = { .have = 0 };
		int rc = 0;

		strbuf_reserve(&got, 0);
		for (size_t at = 0; at < n && !rc; at += piece)
			rc = dockerd_ws_feed(&r, in + at, piece, &got, &back);
		AUTO_FREE char *said = hex(&back);

		EXPECT_INT(rc, ends);
		EXPECT_STR(got.data, data);
		EXPECT_STR(said, answer);
	}
}

#define MASK "37fa213d"
#define HELLO MASK "7f9f4d5158"

static void messages(void)
{
	fed("8185" HELLO, 0, "Hello", "");
	fed("8285" HELLO, 0, "Hello", "");
	fed("0185" HELLO "8085" HELLO, 0, "HelloHello", ""); /* in two fragments */
	fed("0185" HELLO "8985" HELLO "8085" HELLO, 0, "HelloHello", "8a0548656c6c6f");
	fed("8280" MASK, 0, "", "");
	fed("82fe0005" HELLO, 0, "Hello", "");
	fed("82ff0000000000000005" HELLO, 0, "Hello", "");
}

static void control_frames(void)
{
	fed("8985" HELLO, 0, "", "8a0548656c6c6f");
	fed("8980" MASK, 0, "", "8a00");
	fed("8a85" HELLO, 0, "", ""); /* a pong that nobody asked for */
	fed("8285" HELLO "8882" MASK "3412", 1, "Hello", "880203e8");
	fed("8880" MASK, 1, "", "8800");
}

static void who_breaks_the_protocol_is_told(void)
{
	static const char *const wrong[] = {
		"820548656c6c6f",                /* not masked */
		"c285" HELLO,                    /* a reserved bit */
		"8385" HELLO, "8b85" HELLO,      /* opcodes that there are not */
		"8085" HELLO,                    /* a continuation of nothing */
		"0285" HELLO "8285" HELLO,       /* a new message in the middle of one */
		"0985" HELLO,                    /* a ping in fragments */
		"89fe0080" MASK,                 /* a ping of more than 125 bytes */
		"8881" MASK "37",                /* half a status */
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		fed(wrong[i], 1, i == 5 ? "Hello" : "", "880203ea");
	fed("82ff0000000002000001" MASK, 1, "", "880203f1"); /* 32 MiB and a byte */
	fed("82ffffffffffffffffff" MASK, 1, "", "880203f1");
}

static void lengths_take_the_fewest_bytes(void)
{
	static char payload[70000];
	const struct {
		size_t n;
		const char *head;
	} rows[] = { { 125, "827d" }, { 126, "827e007e" }, { 65535, "827effff" },
		     { 65536, "827f0000000000010000" } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO_STRBUF struct strbuf out = STRBUF_INIT;

		dockerd_ws_frame(&out, WS_BINARY, payload, rows[i].n);
		AUTO_FREE char *text = hex(&out);

		EXPECT_INT((long long)out.len, (long long)(rows[i].n + strlen(rows[i].head) / 2));
		CU_ASSERT(str_starts(text, rows[i].head));
	}
}

/* --- a connection ------------------------------------------------------------------------------ */

/* Say what comes, in Docker's frames of two streams, until the input ends. */
static void echo(int fd, void *arg)
{
	char buf[64];
	ssize_t n;

	(void)arg;
	while ((n = recv(fd, buf, sizeof buf, 0)) > 0) {
		unsigned char head[8] = { 1, 0, 0, 0, 0, 0, 0, (unsigned char)n };

		io_write_full(fd, head, 3); /* a head in two pieces */
		io_write_full(fd, head + 3, 5);
		io_write_full(fd, buf, (size_t)n);
		head[0] = 2;
		head[7] = 1;
		io_write_full(fd, head, 8);
		io_write_full(fd, "!", 1);
	}
}

static void *serve(void *fd)
{
	dockerd_ws_serve(&(struct ws_serve){ .client = *(int *)fd, .framed = true, .run = echo });
	shutdown(*(int *)fd, SHUT_RDWR);
	return NULL;
}

static void a_connection_carries_both_ways_until_it_is_closed(void)
{
	AUTO_STRBUF struct strbuf payload = STRBUF_INIT;
	unsigned char in[64], buf[256];
	size_t n = bytes("8285" HELLO, in), got = 0;
	pthread_t thread;
	int pair[2];

	CU_ASSERT_FATAL(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	CU_ASSERT_FATAL(!pthread_create(&thread, NULL, serve, &pair[1]));
	CU_ASSERT(!io_write_full(pair[0], in, n));
	while (payload.len < 6) { /* frames of any cut: their heads have two bytes */
		CU_ASSERT_FATAL(io_read_full(pair[0], buf, 2) == 2);
		EXPECT_INT(buf[0], 0x82);
		CU_ASSERT_FATAL(io_read_full(pair[0], buf + 2, buf[1]) == buf[1]);
		strbuf_add(&payload, buf + 2, buf[1]);
	}
	EXPECT_STR(payload.data, "Hello!");
	n = bytes("8882" MASK "3412", in);
	CU_ASSERT(!io_write_full(pair[0], in, n));
	got = (size_t)io_read_full(pair[0], buf, sizeof buf);
	EXPECT_INT((long long)got, 4);
	CU_ASSERT(!memcmp(buf, "\x88\x02\x03\xe8", 4));
	pthread_join(thread, NULL);
	close(pair[0]);
	close(pair[1]);
}

static const CU_TestInfo tests[] = {
	{ "a key is answered as in the RFC", the_key_is_answered_as_in_the_rfc },
	{ "messages, whole and in fragments", messages },
	{ "control frames", control_frames },
	{ "who breaks the protocol is told", who_breaks_the_protocol_is_told },
	{ "lengths take the fewest bytes", lengths_take_the_fewest_bytes },
	{ "a connection carries both ways until it is closed",
	  a_connection_carries_both_ways_until_it_is_closed },
	CU_TEST_INFO_NULL,
};

int suite_websocket(void)
{
	return suite_add("websocket", tests);
}
