/*
 * test_output.c - tables and lists.
 */
#include <string.h>

#include "list.h"
#include "suites.h"
#include "table.h"
#include "value.h"

/* ---- tables -------------------------------------------------------------- */

static void layout_is(const char *text, const char *want)
{
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;

	cli_table_layout(text, CLI_TABLE_WIDTH, &out);
	EXPECT_STR(out.data ? out.data : "", want);
}

static void layout(void)
{
	layout_is("", "");
	layout_is("REPOSITORY\tTAG\tSIZE\nbusybox\tlatest\t1.98MB\n",
		  "REPOSITORY   TAG       SIZE\nbusybox      latest    1.98MB\n");
	layout_is("A\tPORTS\tB\nx\t\ty\n", "A         PORTS     B\nx                   y\n");
	/* "…" is one character, not three bytes */
	layout_is("COMMAND\tX\n\"daemon of…\"\ty\n", "COMMAND        X\n\"daemon of…\"   y\n");
	/* a line without the column ends its block (text/tabwriter) */
	layout_is("a\tb\nlonger than ten\tc\nnone\nd\te\n", "a                 b\nlonger than ten   c\nnone\nd         e\n");
	layout_is("one\n", "one\n");
}

static void ellipsis(void)
{
	static const struct {
		const char *text;
		size_t max;
		const char *want;
	} samples[] = {
		{ "abc", 3, "abc" }, { "abcd", 3, "ab…" }, { "äöüß", 3, "äö…" }, { "äöü", 3, "äöü" }, { "ab", 1, "…" },
		{ "ab", 0, "" }, { "", 5, "" },
	};

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		AUTO_FREE char *got = cli_text_ellipsis(samples[i].text, samples[i].max);
		EXPECT_STR(got, samples[i].want);
	}
}

static void indent(void)
{
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;

	cli_json_indent("[{\"a\":1e400,\"b\":[],\"c\":{ },\"d\":\"x\\\"{,}\\u003c\",\"e\":[1,18446744073709551615]}]", "",
			"    ", &out);
	EXPECT_STR(out.data, "[\n    {\n        \"a\": 1e400,\n        \"b\": [],\n        \"c\": {},\n"
			     "        \"d\": \"x\\\"{,}\\u003c\",\n        \"e\": [\n            1,\n"
			     "            18446744073709551615\n        ]\n    }\n]");
	strbuf_clear(&out);
	cli_json_indent("]}]}\"\\", "", "  ", &out); /* no JSON: no harm */
}

int suite_table(void)
{
	static const CU_TestInfo tests[] = {
		{ "columns as text/tabwriter lays them out", layout }, { "shortening", ellipsis },
		{ "indented JSON changes nothing else", indent }, CU_TEST_INFO_NULL,
	};

	return suite_add("table", tests);
}

/* ---- lists --------------------------------------------------------------- */

static const struct cli_heading headings[] = { { "ID", "CONTAINER ID" }, { "Names", "NAMES" }, { NULL, NULL } };

struct printing {
	struct cli_list *list;
	struct err err;
	int rc;
};

static void print(void *context)
{
	struct printing *p = context;

	p->rc = cli_list_print(p->list, &p->err);
}

static char *list_of(const char *format, const char *rows, struct printing *p)
{
	struct cli_list list = { .format = format, .table = "{{.ID}}\t{{.Names}}", .type = "*formatter.ContainerContext",
				 .headings = headings, .rows = json_of(rows),
				 .raw = "id: {{.ID}}\n", .sources = json_of("[{\"Labels\":{\"com.x.y-z\":\"v\"}},{\"Labels\":null}]") };

	*p = (struct printing){ .list = &list };
	char *text = output_of(print, p);
	cli_list_free(&list);
	return text;
}

static void formats(void)
{
	static const char rows[] = "[{\"ID\":\"1\",\"Names\":\"a\"},{\"ID\":\"2\",\"Names\":\"b\"}]";
	static const char *const samples[][2] = {
		{ "", "CONTAINER ID   NAMES\n1              a\n2              b\n" },
		{ "table", "CONTAINER ID   NAMES\n1              a\n2              b\n" },
		{ "table {{.Names}}\\t{{.Label \"com.x.y-z\"}}", "NAMES     y z\na         v\nb         \n" },
		{ "table {{.ID}}\\t{{json .Names}} {{upper .Names}} {{truncate .Names 0}}", "CONTAINER ID   NAMES NAMES NAMES\n1              \"a\" A \n2              \"b\" B \n" },
		{ "table {{.ID}}\\t{{range split .Names \"x\"}}[{{.}}]{{end}}", "CONTAINER ID   \n1              [a]\n2              [b]\n" },
		{ "table {{.ID}}\\t{{index (split .Names \"x\") 0}}", "CONTAINER ID   78\n1              a\n2              b\n" },
		{ "table {{.ID}}\\t{{json .}}", "CONTAINER ID   \n1              {\"ID\":\"1\",\"Names\":\"a\"}\n2              {\"ID\":\"2\",\"Names\":\"b\"}\n" },
		{ "json", "{\"ID\":\"1\",\"Names\":\"a\"}\n{\"ID\":\"2\",\"Names\":\"b\"}\n" },
		{ "{{.ID}}\\t{{.Names}}", "1\ta\n2\tb\n" }, { "raw", "id: 1\n\nid: 2\n\n" },
	};
	struct printing p;

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		AUTO_FREE char *got = list_of(samples[i][0], rows, &p);
		EXPECT_INT(p.rc, 0);
		EXPECT_STR(got, samples[i][1]);
	}
	AUTO_FREE char *empty = list_of(NULL, "[]", &p);
	EXPECT_STR(empty, "CONTAINER ID   NAMES\n");
	AUTO_FREE char *wrong = list_of("{{.Foo}}", "[]", &p); /* also where there is no row to fail on */
	EXPECT_INT(p.rc, -1);
	EXPECT_STR(p.err.msg, "template parsing error: template: :1:2: executing \"\" at <.Foo>: can't evaluate field Foo "
			      "in type *formatter.ContainerContext");
	EXPECT_STR(wrong, "");
}

static void filters(void)
{
	AUTO_STRLIST struct strlist list = STRLIST_INIT;
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	struct err err;

	strbuf_adds(&path, "/x");
	cli_filter_query(&path, &list);
	EXPECT_STR(path.data, "/x");
	strlist_add(&list, " Name = a b ");
	cli_filter_query(&path, &list);
	EXPECT_STR(path.data, "/x?filters=%7B%22name%22%3A%7B%22a%20b%22%3Atrue%7D%7D");
	EXPECT_INT(cli_filter_check("foo", &err), -1);
	EXPECT_STR(err.msg, "bad format of filter (expected name=value)");
	EXPECT_INT(cli_filter_check("foo=", &err), 0);
}

static void plain(void)
{
	AUTO_JSON json_t *doc = json_of("{\"a\\u001b\":[\"x\\u001b[2J\\ny\",1,null],\"b\":{\"c\":\"\\u009b\"}}");
	AUTO_JSON json_t *got = cli_value_plain(doc);

	EXPECT_JSON(got, "{\"a\\\\x1b\":[\"x\\\\x1b[2J\\ny\",1,null],\"b\":{\"c\":\"\\\\u009b\"}}");
}

int suite_list(void)
{
	static const CU_TestInfo tests[] = { { "--format", formats }, { "--filter", filters },
					     { "what a daemon says does not steer a terminal", plain }, CU_TEST_INFO_NULL };

	return suite_add("list", tests);
}
