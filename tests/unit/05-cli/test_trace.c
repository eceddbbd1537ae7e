/*
 * test_trace.c - docker --trace: lines become a tree, a drawing, and Chrome's trace event format
 * (its "Trace Event Format" document says which fields a complete event has).
 */
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "trace.h"

#define ID "0af7651916cd43dd8448eb211c80319c"
#define HEX64 "276e67a72cab10a47b8d4c8e1bd5ea16a4b47f0c7c4a1d7c61ad4a9e7a0ed2c5"
#define LINE(start, took, box, what, span, parent, pid) \
	start "\t" took "\t" box "\t" what "\t" ID "\t" span "\t" parent "\t" pid "\t" pid "\n"

/* As they come: in the order in which the spans ended. */
static const char lines[] =
	LINE("1000000000150.500", "20.250", "kernel", "pivot_root(/r)", "00000000000000c4", "00000000000000c3", "30")
	LINE("1000000000140.000", "40.000", "runc", "create", "00000000000000c3", "00000000000000c2", "30")
	LINE("1000000000110.000", "80.000", "dockerd", "start " HEX64, "00000000000000c2", "00000000000000c1", "20")
	LINE("1000000000105.000", "1.000", "dockerd", "GET /_ping: 200", "00000000000000c5", "00000000000000c1", "20")
	LINE("1000000000100.000", "100.000", "docker", "docker run", "00000000000000c1", "0000000000000000", "10");

static const char drawn[] =
	"\ntrace " ID "\n"
	"   at (ms)   took (ms)  from when to when       what\n"
	"     0.000       0.100  |====================| docker: docker run\n"
	"     0.005       0.001  | =                  |   dockerd: GET /_ping: 200\n"
	"     0.010       0.080  |  ================  |   dockerd: start 276e67a72cab\n"
	"     0.040       0.040  |        ========    |     runc: create\n"
	"     0.051       0.020  |          ====      |       kernel: pivot_root(/r)\n";

static void read_lines(struct cli_trace *t, const char *text)
{
	*t = (struct cli_trace){ 0 };
	cli_trace_read(t, xstrdup(text), ID);
}

static char *draw(const struct cli_trace *t, int columns)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	cli_trace_draw(out, t, columns);
	fclose(out);
	return text;
}

static void drawing(void)
{
	struct cli_trace t;

	read_lines(&t, lines);
	AUTO_FREE char *whole = draw(&t, 0), *narrow = draw(&t, 60);
	EXPECT_STR(whole, drawn);
	EXPECT_HAS(narrow, "|   dockerd: G\n"); /* 59 of 60: a full line would wrap */
	cli_trace_free(&t);
}

static void chrome(void)
{
	struct cli_trace t;

	read_lines(&t, lines);
	AUTO_JSON json_t *doc = cli_trace_chrome(&t);
	const json_t *events = json_object_get(doc, "traceEvents");

	EXPECT_INT(json_array_size(events), 5 + 3); /* and three processes */
	EXPECT_JSON(json_array_get(events, 0), "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":10,\"tid\":10,"
		    "\"args\":{\"name\":\"docker\"}}");
	EXPECT_JSON(json_array_get(events, 7), "{\"ph\":\"X\",\"name\":\"pivot_root(/r)\",\"cat\":\"kernel\","
		    "\"ts\":1000000000150.5,\"dur\":20.25,\"pid\":30,\"tid\":30,"
		    "\"args\":{\"span\":\"00000000000000c4\",\"parent\":\"00000000000000c3\"}}");
	EXPECT_JSON(json_object_get(doc, "otherData"), "{\"trace\":\"" ID "\"}");
	cli_trace_free(&t);
}

/* A daemon may send anything. */
static void hostile(void)
{
	struct cli_trace t;

	read_lines(&t, "no line\n\n\t\t\t\t\t\t\t\t\n1\t2\tx\ty\t" ID "\tc1\n"
		   "1\t2\tdockerd\tanother's\t10000000000000000000000000000001\tc1\t0\t1\t1\n"
		   "-5\t99999999999999999999\tdock\033[2Jerd\tup\033]0;x\007\t" ID "\t00000000000000c1\t0\t1\t1\n"
		   "1\t2\ta\tin a circle\t" ID "\t00000000000000c2\t00000000000000c3\t1\t1\n"
		   "1\t2\tb\tin a circle\t" ID "\t00000000000000c3\t00000000000000c2\t1\t1\n"
		   "1\t2\tc\tlost\t" ID "\t00000000000000c4\t00000000000000c9\t1\t1\n"
		   "1\t2\td\titself\t" ID "\t00000000000000c5\t00000000000000c5\t1\t1");
	AUTO_FREE char *text = draw(&t, 0);
	EXPECT_HAS(text, "| dock\\x1b[2Jerd: up\\x1b]0;x\\x07\n");
	EXPECT_HAS(text, "|   c: lost\n");
	EXPECT_HAS(text, "|   d: itself\n");
	CU_ASSERT_PTR_NULL(strstr(text, "circle"));
	CU_ASSERT_PTR_NULL(strstr(text, "another"));
	cli_trace_free(&t);

	read_lines(&t, "");
	AUTO_FREE char *empty = draw(&t, 0);
	EXPECT_HAS(empty, "\ntrace " ID "\n");
	cli_trace_free(&t);
}

/* Its daemon's clock is an hour late: what it did lies within what waited for it, and its parts as
 * far apart as they were. */
static void another_machine(void)
{
	struct cli_trace t;

	read_lines(&t, LINE("5000000000.000", "100000.000", "docker", "POST /x", "00000000000000c1", "0000000000000000", "1")
		   LINE("1400000000.000", "60000.000", "dockerd", "x", "00000000000000c2", "00000000000000c1", "2")
		   LINE("1400010000.000", "5000.000", "containerd", "y", "00000000000000c3", "00000000000000c2", "3"));
	AUTO_FREE char *text = draw(&t, 0);
	EXPECT_HAS(text, "    20.000      60.000  |    ============    |   dockerd: x\n");
	EXPECT_HAS(text, "    30.000       5.000  |      =             |     containerd: y\n");
	cli_trace_free(&t);
}

int suite_trace(void)
{
	static const CU_TestInfo tests[] = {
		{ "a timeline", drawing },
		{ "Chrome's format", chrome },
		{ "whatever a daemon sends", hostile },
		{ "another machine's clock", another_machine },
		CU_TEST_INFO_NULL,
	};

	return suite_add("trace", tests);
}
