/*
 * test_streams.c - frames, detach keys, progress: streams cut anywhere.
 */
#include <string.h>

#include "demux.h"
#include "detach.h"
#include "progress.h"
#include "suites.h"

/* ---- frames -------------------------------------------------------------- */

struct got {
	struct strbuf out, err;
};

static int take(void *context, int stream, const char *data, size_t n, struct err *err)
{
	struct got *g = context;

	(void)err;
	strbuf_add(stream == 2 ? &g->err : &g->out, data, n);
	return 0;
}

#define FRAME(stream, length) stream "\0\0\0\0\0\0" length

/* Fed in pieces of every size, the same comes out. */
static void frames(void)
{
	static const char text[] = FRAME("\1", "\5") "hello" FRAME("\2", "\3") "err" FRAME("\1", "\0") FRAME("\0", "\2") "in"
		FRAME("\1", "\1") "!";
	size_t n = sizeof text - 1;

	for (size_t piece = 1; piece <= n; piece++) {
		struct cli_demux d = { 0 };
		struct got g = { STRBUF_INIT, STRBUF_INIT };
		struct err err;
		for (size_t at = 0; at < n; at += piece)
			EXPECT_INT(cli_demux_feed(&d, text + at, n - at < piece ? n - at : piece, take, &g, &err), 0);
		EXPECT_STR(g.out.data, "helloin!");
		EXPECT_STR(g.err.data, "err");
		EXPECT_INT(cli_demux_end(&d, &err), 0);
		strbuf_free(&g.out);
		strbuf_free(&g.err);
	}
}

static void broken_frames(void)
{
	struct cli_demux d = { 0 };
	struct got g = { STRBUF_INIT, STRBUF_INIT };
	struct err err;

	EXPECT_INT(cli_demux_feed(&d, FRAME("\7", "\1") "x", 9, take, &g, &err), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	d = (struct cli_demux){ 0 };
	EXPECT_INT(cli_demux_feed(&d, FRAME("\3", "\4") "oops", 12, take, &g, &err), -1);
	EXPECT_HAS(err.msg, "oops");
	/* a frame of 4 GiB costs nothing until its bytes come */
	d = (struct cli_demux){ 0 };
	EXPECT_INT(cli_demux_feed(&d, "\1\0\0\0\xff\xff\xff\xff" "abc", 11, take, &g, &err), 0);
	EXPECT_STR(g.out.data, "abc");
	EXPECT_INT(cli_demux_end(&d, &err), -1);
	strbuf_free(&g.out);
	strbuf_free(&g.err);
}

/* ---- detach keys --------------------------------------------------------- */

static void detach_keys(void)
{
	struct cli_detach d;
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	struct err err;

	EXPECT_INT(cli_detach_parse(&d, CLI_DETACH_DEFAULT, &err), 0);
	EXPECT_INT((long long)d.n, 2);
	CU_ASSERT(!cli_detach_filter(&d, "ab\x10", 3, &out));
	EXPECT_STR(out.data, "ab"); /* the first key is held back */
	CU_ASSERT(!cli_detach_filter(&d, "c", 1, &out));
	EXPECT_STR(out.data, "ab\x10" "c"); /* it was not the sequence */
	CU_ASSERT(!cli_detach_filter(&d, "\x10\x10", 2, &out));
	CU_ASSERT(cli_detach_filter(&d, "\x11zz", 3, &out));
	EXPECT_STR(out.data, "ab\x10" "c\x10");
	EXPECT_INT(cli_detach_parse(&d, "ctrl-@,a,ctrl-_,ctrl-[", &err), 0);
	CU_ASSERT(!memcmp(d.keys, "\0a\x1f\x1b", 4));
}

static void bad_keys(void)
{
	static const char *const wrong[] = { "", "ab", "ctrl-", "ctrl-A", "ctrl-ab", "a,", ",a" };
	struct cli_detach d;
	struct err err;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		EXPECT_INT(cli_detach_parse(&d, wrong[i], &err), -1);
}

int suite_streams(void)
{
	static const CU_TestInfo tests[] = {
		{ "frames in pieces of any size", frames }, { "frames that are none", broken_frames },
		{ "detach keys", detach_keys }, { "detach keys that are none", bad_keys }, CU_TEST_INFO_NULL,
	};

	return suite_add("streams", tests);
}

/* ---- progress ------------------------------------------------------------ */

static int feed(const char *text, size_t piece, struct err *err)
{
	struct cli_progress p;
	size_t n = strlen(text);
	struct err ignored;
	int rc = 0;

	cli_progress_begin(&p, stdout);
	for (size_t at = 0; !rc && at < n; at += piece)
		rc = cli_progress_feed(&p, text + at, n - at < piece ? n - at : piece, err);
	if (cli_progress_end(&p, rc ? &ignored : err))
		rc = -1;
	return rc;
}

static const char pulled[] =
	"{\"status\":\"Pulling from library/busybox\",\"id\":\"latest\"}\r\n"
	"{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"080d38fb361e\"}\r\n"
	"{\"status\":\"Downloading\",\"progressDetail\":{\"current\":10,\"total\":20},\"progress\":\"[==>]\",\"id\":\"080d38fb361e\"}\r\n"
	"{\"status\":\"Pull complete\",\"progressDetail\":{},\"id\":\"080d38fb361e\"}\r\n"
	"{\"status\":\"Status: \\u001b[31mDone\"}";

static void print_pull(void *piece)
{
	struct err err;

	EXPECT_INT(feed(pulled, *(size_t *)piece, &err), 0);
}

/* In a pipe: lines, without the bars, and nothing that steers a terminal. */
static void lines(void)
{
	for (size_t piece = 1; piece < 200; piece += 33) {
		AUTO_FREE char *got = output_of(print_pull, &piece);
		EXPECT_STR(got, "latest: Pulling from library/busybox\n080d38fb361e: Pulling fs layer\n"
				"080d38fb361e: Pull complete\nStatus: \\x1b[31mDone\n");
	}
}

static void errors(void)
{
	struct err err;
	AUTO_STRBUF struct strbuf endless = STRBUF_INIT;

	EXPECT_INT(feed("{\"errorDetail\":{\"message\":\"no such layer\"},\"error\":\"x\"}\n", 7, &err), -1);
	EXPECT_STR(err.msg, "no such layer");
	EXPECT_INT(feed("{\"error\":\"plain\"}", 99, &err), -1); /* and without the last line's end */
	EXPECT_STR(err.msg, "plain");
	EXPECT_INT(feed("<html>\n", 99, &err), -1);
	strbuf_adds(&endless, "{\"status\":\"");
	while (endless.len < 2u << 20)
		strbuf_adds(&endless, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	EXPECT_INT(feed(endless.data, 65536, &err), -1);
	EXPECT_HAS(err.msg, "has a line of over");
}

/* An image store that has no bytes to count counts seconds; where a person looks, in a line of its own. */
static void other_units(void)
{
	static const char *const samples[][2] = {
		{ "{\"id\":\"a\",\"status\":\"Extracting\",\"progressDetail\":{\"current\":3,\"units\":\"s\"}}", "a: Extracting 3 s\r" },
		{ "{\"id\":\"a\",\"status\":\"x\",\"progressDetail\":{\"current\":3,\"total\":7,\"units\":\"s\"}}", "a: x 3/7 s\r" },
		{ "{\"id\":\"a\",\"status\":\"x\",\"progressDetail\":{\"current\":3,\"total\":7,\"hidecounts\":true}}", "a: x \r" },
	};

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		AUTO_JSON json_t *event = json_of(samples[i][0]);
		char text[256] = "";
		FILE *out = fmemopen(text, sizeof text, "w");
		struct cli_progress p = { .out = out, .terminal = true, .width = 80 };
		cli_progress_show(&p, event);
		fclose(out);
		strlist_free(&p.ids);
		EXPECT_HAS(text, samples[i][1]);
	}
}

static void bars(void)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	cli_progress_bar(&sb, 0, 0, 200);
	EXPECT_INT((long long)sb.len, 0);
	cli_progress_bar(&sb, 500000, 1000000, 200); /* as jsonmessage draws it */
	EXPECT_STR(sb.data, "[=========================>                         ]    500kB/1MB");
	strbuf_clear(&sb);
	cli_progress_bar(&sb, 500000, 1000000, 80);
	EXPECT_STR(sb.data, "   500kB/1MB");
	strbuf_clear(&sb);
	cli_progress_bar(&sb, 2e6, 1e6, 200); /* more than announced */
	EXPECT_STR(sb.data, "[==================================================>]      2MB");
	strbuf_clear(&sb);
	cli_progress_bar(&sb, 1234567, 0, 200);
	EXPECT_STR(sb.data, " 1.235MB");
}

int suite_progress(void)
{
	static const CU_TestInfo tests[] = {
		{ "lines in a pipe", lines }, { "failures in the stream", errors }, { "bars", bars }, { "progress in other units", other_units }, CU_TEST_INFO_NULL,
	};

	return suite_add("progress", tests);
}
