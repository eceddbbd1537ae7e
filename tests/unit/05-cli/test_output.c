/*
 * test_output.c - tables, templates, lists.
 */
#include <string.h>

#include "list.h"
#include "suites.h"
#include "table.h"
#include "template.h"
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

int suite_table(void)
{
	static const CU_TestInfo tests[] = {
		{ "columns as text/tabwriter lays them out", layout }, { "shortening", ellipsis }, CU_TEST_INFO_NULL,
	};

	return suite_add("table", tests);
}

/* ---- templates ----------------------------------------------------------- */

static const char document[] =
	"{\"Name\":\"web\",\"Id\":\"abc\",\"N\":3,\"Up\":true,\"No\":null,\"Empty\":\"\",\"List\":[\"x\",\"y\"],"
	"\"Map\":{\"b\":\"2\",\"a\":\"1\"},\"State\":{\"Status\":\"running\",\"Code\":0},"
	"\"Ports\":{\"80/tcp\":[{\"HostPort\":\"8080\"}]},\"Html\":\"a<b>&c\",\"Pi\":0.5}";

/* The results are those of Go's text/template with Docker's functions. */
static void templates(void)
{
	static const char *const samples[][2] = {
		{ "plain", "plain" }, { "{{.Name}}", "web" }, { "{{ .State.Status }}!", "running!" }, { "{{.ID}}", "abc" },
		{ "{{.N}} {{.Up}} {{.No}} {{.Pi}}", "3 true <nil> 0.5" }, { "{{.List}} {{.Map}}", "[x y] map[a:1 b:2]" },
		{ "{{json .Map}} {{json .List}} {{json .Html}}", "{\"b\":\"2\",\"a\":\"1\"} [\"x\",\"y\"] \"a<b>&c\"" },
		{ "{{index .Map \"a\"}}{{index .List 1}}{{index .Map \"zz\"}}", "1y" },
		{ "{{(index (index .Ports \"80/tcp\") 0).HostPort}}", "8080" },
		{ "{{range .List}}[{{.}}]{{end}}", "[x][y]" }, { "{{range $i, $e := .List}}{{$i}}={{$e}};{{end}}", "0=x;1=y;" },
		{ "{{range $k, $v := .Map}}{{$k}}:{{$v}} {{end}}", "a:1 b:2 " }, { "{{range .No}}x{{else}}none{{end}}", "none" },
		{ "{{if .Up}}up{{else}}down{{end}}", "up" }, { "{{if .Empty}}a{{else if eq .N 3}}b{{else}}c{{end}}", "b" },
		{ "{{with .State}}{{.Status}}{{$.Name}}{{end}}", "runningweb" }, { "{{with .Empty}}x{{else}}y{{end}}", "y" },
		{ "{{$x := .Name}}{{$x}}{{if .Up}}{{$x = \"new\"}}{{end}}{{$x}}", "webnew" },
		{ "{{.Name | upper | printf \"%-5s|\"}}", "WEB  |" }, { "{{printf \"%d %05d %x %q %v %%\" .N .N .N .Name .Up}}", "3 00003 3 \"web\" true %" },
		{ "{{printf \"%d\" .Name}}", "%!d(string=web)" }, { "{{printf \"%s\"}}", "%!s(MISSING)" },
		{ "{{join .List \",\"}} {{len .List}}{{len .Map}}{{len .Name}}", "x,y 223" }, { "{{title .Name}} {{lower \"AbC\"}}", "Web abc" },
		{ "{{range split \"a,b\" \",\"}}<{{.}}>{{end}}", "<a><b>" }, { "{{truncate .Name 2}} {{pad .Name 1 2}}|", "we  web  |" },
		{ "{{slice .Name 1}} {{slice .List 0 1}}", "eb [x]" }, { "{{println .Name \"x\"}}", "web x\n" },
		{ "{{eq .Name \"a\" \"web\"}} {{ne .N 3}} {{lt 1 2}} {{ge .N 4}} {{not .Up}}", "true false true false false" },
		{ "{{and .Up .Name}} {{or .Empty .N}}", "web 3" }, { "a  {{- .Name -}}  b", "awebb" }, { "{{/* no */}}x{{- /* no */ -}} y", "xy" },
		{ "{{\"q\\\"\\t\"}}{{`r\\n`}}", "q\"\tr\\n" }, { "{{true}} {{-1}} {{1.5}}", "true -1 1.5" }, { "{{.}}{{with .N}}{{.}}{{end}}", NULL },
		{ "{{range $i := .List}}{{if eq $i \"y\"}}{{break}}{{end}}{{$i}}{{end}}", "x" },
		{ "{{range .List}}{{if eq . \"x\"}}{{continue}}{{end}}{{.}}{{end}}", "y" },
		{ "{{range 3}}{{.}}{{end}}", "012" },
		{ "{{with nil}}a{{else with 5}}{{.}}{{end}}", "5" },
		{ "{{'a'}} {{index \"/c\" 0}} {{join (split \"a-é\" \"\") \",\"}}", "97 47 a,-,é" },
		{ "{{printf \"x\" 1}} {{printf \"%s\" 5}} {{printf \"%c %T\" 65 \"x\"}}", "x%!(EXTRA int=1) %!s(int=5) A string" },
	};
	AUTO_JSON json_t *doc = json_of(document);

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		AUTO_STRBUF struct strbuf out = STRBUF_INIT;
		struct err err = { 0 };
		struct cli_template *t = cli_template_parse(samples[i][0], &err);
		if (!t)
			fprintf(stderr, "\n%s: %s\n", samples[i][0], err.msg);
		CU_ASSERT_PTR_NOT_NULL_FATAL(t);
		EXPECT_INT(cli_template_run(t, doc, NULL, &out, &err), 0);
		if (samples[i][1])
			EXPECT_STR(out.data ? out.data : "", samples[i][1]);
		cli_template_free(t);
	}
}

static void malformed(void)
{
	static const char *const samples[][2] = {
		{ "{{.Foo", "template: :1: unclosed action" }, { "x\n{{.Foo", "template: :2: unclosed action" },
		{ "{{foo .X}}", "template: :1: function \"foo\" not defined" }, { "{{if .X}}", "template: :1: unexpected EOF" },
		{ "{{end}}", "template: :1: unexpected {{end}}" }, { "{{else}}", "template: :1: unexpected {{else}}" },
		{ "{{if .X}}{{else}}{{else}}{{end}}", "template: :1: unexpected {{else}}" }, { "{{}}", "template: :1: missing value for command" },
		{ "{{(.X}}", "template: :1: unclosed left paren" }, { "{{\"a}}", "template: :1: unclosed action" },
		{ "{{.X | }}", "template: :1: missing value for command" }, { "{{.X..Y}}", "template: :1: unexpected <.> in operand" },
	};
	AUTO_STRBUF struct strbuf deep = STRBUF_INIT;
	struct err err;

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		CU_ASSERT_PTR_NULL(cli_template_parse(samples[i][0], &err));
		EXPECT_STR(err.msg, samples[i][1]);
	}
	strbuf_adds(&deep, "{{");
	for (int i = 0; i < 100000; i++)
		strbuf_addc(&deep, '(');
	strbuf_adds(&deep, "}}");
	CU_ASSERT_PTR_NULL(cli_template_parse(deep.data, &err));
	EXPECT_HAS(err.msg, "nested too deeply");
}

static void failing(void)
{
	static const char *const samples[][2] = {
		{ "{{.Foo}}", "template: :1:2: executing \"\" at <.Foo>: map has no entry for key \"Foo\"" },
		{ "{{.State.Foo}}", "template: :1:8: executing \"\" at <.State.Foo>: map has no entry for key \"Foo\"" },
		{ "{{.Name.Foo}}", "template: :1:7: executing \"\" at <.Name.Foo>: can't evaluate field Foo in type string" },
		{ "{{.No.Foo}}", "template: :1:5: executing \"\" at <.No.Foo>: nil pointer evaluating interface {}.Foo" },
		{ "{{index .List 9}}", "template: :1:2: executing \"\" at <index .List 9>: error calling index: index out of range: 9" },
		{ "{{upper .N}}", "template: :1:2: executing \"\" at <upper .N>: error calling upper: wrong type for value; expected string" },
		{ "{{len 3}}", "template: :1:2: executing \"\" at <len 3>: error calling len: len of type that has none" },
		{ "{{$y}}", "template: :1:2: executing \"\" at <$y>: undefined variable \"$y\"" },
		{ "{{printf \"%99999s\" .Name}}", "template: :1:2: executing \"\" at <printf \"%99999s\" .Name>: error calling printf: "
						"a format that printf does not understand" },
		{ "{{range .Name}}{{end}}", "template: :1:8: executing \"\" at <.Name>: range can't iterate over web" },
	};
	AUTO_JSON json_t *doc = json_of(document);

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		AUTO_STRBUF struct strbuf out = STRBUF_INIT;
		struct err err = { 0 };
		struct cli_template *t = cli_template_parse(samples[i][0], &err);
		CU_ASSERT_PTR_NOT_NULL_FATAL(t);
		EXPECT_INT(cli_template_run(t, doc, NULL, &out, &err), -1);
		EXPECT_STR(err.msg, samples[i][1]);
		cli_template_free(t);
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

int suite_template(void)
{
	static const CU_TestInfo tests[] = {
		{ "everything a template can do", templates }, { "malformed templates", malformed },
		{ "templates that fail when run", failing }, { "indented JSON changes nothing else", indent }, CU_TEST_INFO_NULL,
	};

	return suite_add("template", tests);
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
				 .sources = json_of("[{\"Labels\":{\"com.x.y-z\":\"v\"}},{\"Labels\":null}]") };

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
		{ "json", "{\"ID\":\"1\",\"Names\":\"a\"}\n{\"ID\":\"2\",\"Names\":\"b\"}\n" },
		{ "{{.ID}}\\t{{.Names}}", "1\ta\n2\tb\n" },
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
	EXPECT_STR(p.err.msg, "failed to execute template: template: :1:2: executing \"\" at <.Foo>: can't evaluate field Foo "
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

int suite_list(void)
{
	static const CU_TestInfo tests[] = { { "--format", formats }, { "--filter", filters }, CU_TEST_INFO_NULL };

	return suite_add("list", tests);
}
