/*
 * test_template.c - Go's templates, with Docker's functions: what they print, and how they fail.
 */
#include <string.h>

#include "format.h"
#include "suites.h"
#include "template.h"

static const char document[] =
	"{\"Name\":\"web\",\"Id\":\"abc\",\"N\":3,\"Up\":true,\"No\":null,\"Empty\":\"\",\"List\":[\"x\",\"y\"],"
	"\"Map\":{\"b\":\"2\",\"a\":\"1\"},\"State\":{\"Status\":\"running\",\"Code\":0},"
	"\"Ports\":{\"80/tcp\":[{\"HostPort\":\"8080\"}]},\"Html\":\"a<b>&c\",\"Pi\":0.5,\"Labels\":{\"k\":\"v\"}}";

/* The results are those of Go's text/template with Docker's functions. */
#define FIVE "{{$a := 1}}{{$a := 2}}{{$a := 3}}{{$a := 4}}{{$a := 5}}"
#define TWENTY FIVE FIVE FIVE FIVE

static void templates(void)
{
	static const char *const samples[][2] = {
		{ "plain", "plain" }, { "{{.Name}}", "web" }, { "{{ .State.Status }}!", "running!" }, { "{{.Id}}", "abc" },
		{ "{{.N}} {{.Up}} {{.No}} {{.Pi}}", "3 true <no value> 0.5" }, { "{{.List}} {{.Map}}", "[x y] map[a:1 b:2]" },
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
		{ "{{with 0}}a{{else with 5}}{{.}}{{end}}", "5" },
		{ "{{'a'}} {{index \"/c\" 0}} {{join (split \"a-é\" \"\") \",\"}}", "97 47 a,-,é" },
		{ "{{html \"<a&'\\\"b>\"}} {{html 1 2 \"a\"}}", "&lt;a&amp;&#39;&#34;b&gt; 1 2a" },
		{ "{{js \"it's \\\"<a>\\\" = & \\\\ \\n\\t\"}}", "it\\'s \\\"\\u003Ca\\u003E\\\" \\u003D \\u0026 \\\\ \\u000A\\u0009" },
		{ "{{urlquery \"a b&c=d/é\"}} {{urlquery \"a\" 1 \"b\"}}", "a+b%26c%3Dd%2F%C3%A9 a1b" },
		{ "{{define \"T\"}}[{{.}}]{{end}}{{template \"T\" .Name}}", "[web]" },
		{ "{{template \"T\" .Name | upper}}{{define \"T\"}}[{{.}}]{{end}}", "[WEB]" },
		{ "{{block \"B\" .State}}{{.Status}}{{end}}", "running" },
		{ "{{define \"T\"}}{{.Name}}{{end}}{{template \"T\"}}", "<no value>" },
		{ "{{define \"T\"}}{{$}}{{$x := 2}}{{$x}}{{end}}{{$x := 1}}{{template \"T\" 5}}{{$x}}", "521" },
		{ "{{and false .Nosuch.X}} {{or true (index .List 99)}}", "false true" },
		{ "{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21" },
		{ TWENTY TWENTY TWENTY TWENTY "{{$a}}", "5" },
		{ "{{slice .List 0 1 1}} {{index .List 0 | upper}}", "[x] X" },
		{ "{{.Name |}} {{1 | printf \"%d\"}}", "web 1" },
		{ "{{printf \"%s|%10s|%-10s|%q|%v|%+v|%#v\" \"a\" \"b\" \"c\" \"d\" \"e\" \"f\" \"g\"}}", "a|         b|c         |\"d\"|e|f|\"g\"" },
		{ "{{printf \"%d|%5d|%-5d|%05d|%+d|%x|%X|%o|%O|%b|%c|%U|%q\" 42 42 42 42 42 42 42 42 42 42 65 65 65}}", "42|   42|42   |00042|+42|2a|2A|52|0o52|101010|A|U+0041|'A'" },
		{ "{{printf \"%f|%.2f|%8.3f|%e|%g|%G|%v\" 1.5 1.5 1.5 1.5 1.5 1.5 1.5}}", "1.500000|1.50|   1.500|1.500000e+00|1.5|1.5|1.5" },
		{ "{{printf \"%d\" .List}} {{printf \"%q\" .List}}", "[%!d(string=x) %!d(string=y)] [\"x\" \"y\"]" },
		{ "{{printf \"%\"}} {{printf \"%[2]s %[1]s\" \"a\" \"b\"}} {{printf \"%[3]d\" 1}}", "%!(NOVERB) b a %!d(BADINDEX)" },
		{ "{{printf \"%*d|%-*d|%.*f\" 5 1 5 2 2 3.14159}}", "    1|2    |3.14" },
		{ "{{printf \"%x|%X|% x|%#x\" \"hi\" \"hi\" \"hi\" \"hi\"}}", "6869|6869|68 69|0x6869" },
		{ "{{printf \"%q|%+q\" \"é\\n\" \"é\\n\"}}", "\"é\\n\"|\"\\u00e9\\n\"" },
		{ "{{printf \"%s\" nil}} {{printf \"%d\" nil}} {{printf \"%v\" nil}}", "%!s(<nil>) %!d(<nil>) <nil>" },
		{ "{{printf \"%05s|%.2s|%6.3v|\" \"ab\" \"éab\" 3.14159}}", "000ab|éa|  3.14|" },
		{ "{{printf \"%U %#U % d|%+.2e\" 233 233 5 12345.678}}", "U+00E9 U+00E9 'é'  5|+1.23e+04" },
		{ "{{printf \"%#x %#o %08b %t %5t|\" 255 8 5 true true}}", "0xff 010 00000101 true  true|" },
		{ "{{1e6}} {{123456789.0}} {{0.1}} {{3.0}} {{1_000}} {{0x10}} {{0b11}} {{0o17}} {{017}} {{.1}}", "1e+06 1.23456789e+08 0.1 3 1000 16 3 15 15 0.1" },
		{ "{{'a'}} {{'\\n'}} {{'é'}} {{'\\''}} {{'\\x41'}} {{'\\u00e9'}} {{\"\\x41\\u00e9\\101\"}}", "97 10 233 39 65 233 AéA" },
		{ "{{upper \"é\"}} {{lower \"É\"}} {{title \"élan o'neil-smith x_y\"}}", "É é Élan O'Neil-Smith X_y" },
		{ "{{range $i, $c := .List}}{{if $i}},{{end}}{{$c}}{{end}}", "x,y" },
		{ "{{print 1 2 \"a\" \"b\" 3}} {{print nil}} {{print true 1.5 'a'}}", "1 2ab3 <nil> true 1.5 97" },
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

/* What the real client 28.2 prints of a container that has these members. */
static void shapes(void)
{
	static const char container[] =
		"{\"Id\":\"abc\",\"State\":{\"Status\":\"running\",\"Running\":true,\"Pid\":5,\"ExitCode\":0},"
		"\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/tmp\",\"Destination\":\"/d\",\"Mode\":\"ro\",\"RW\":false,\"Propagation\":\"rprivate\"}],"
		"\"HostConfig\":{\"Memory\":64,\"CpuShares\":7,\"RestartPolicy\":{\"Name\":\"no\",\"MaximumRetryCount\":0},\"CapAdd\":null,"
		"\"Ulimits\":[{\"Name\":\"nofile\",\"Hard\":2,\"Soft\":1}]},"
		"\"Config\":{\"Entrypoint\":null,\"Labels\":{\"k\":\"v\"},\"ExposedPorts\":{\"80/tcp\":{}},"
		"\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":5400000000000,\"Timeout\":1500000}},"
		"\"NetworkSettings\":{\"Ports\":{\"80/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8080\"}]},\"Networks\":{\"n\":{\"IPAddress\":\"1.2.3.4\"}}}}";
	static const char *const samples[][2] = {
		{ "{{.State}}", "{running true false false false false 5 0    <nil>}" }, { "{{.ID}}", "abc" },
		{ "{{.Mounts}}", "[{bind  /tmp /d  ro false rprivate}]" },
		{ "{{.NetworkSettings.Ports}}", "map[80/tcp:[{0.0.0.0 8080}]]" },
		{ "{{range .NetworkSettings.Ports}}{{range .}}{{.HostIP}}:{{.HostPort}}{{end}}{{end}}", "0.0.0.0:8080" },
		{ "{{.HostConfig.Memory}} {{.HostConfig.CPUShares}} {{.HostConfig.Resources.Memory}}", "64 7 64" },
		{ "{{.HostConfig.RestartPolicy}} {{printf \"%v %+v\" .HostConfig.RestartPolicy .HostConfig.RestartPolicy}}",
		  "{no 0} {no 0} {Name:no MaximumRetryCount:0}" },
		{ "{{json .HostConfig.RestartPolicy}} {{json .Config.Entrypoint}}", "{\"Name\":\"no\",\"MaximumRetryCount\":0} null" },
		{ "{{.Config.Healthcheck}} {{.Config.Healthcheck.Interval}}", "{[CMD x] 1h30m0s 1.5ms 0s 0s 0} 1h30m0s" },
		{ "{{printf \"%T\" .State}} {{index .HostConfig.Sysctls \"a\"}}|{{.HostConfig.Sysctls.a}}", "*container.State |<no value>" },
		{ "{{.HostConfig.Ulimits}} {{.Config.ExposedPorts}}", "[nofile=1:2] map[80/tcp:{}]" },
		{ "{{.State.Health}} {{if .State.Health}}a{{else}}none{{end}} {{.Config.Labels.zz}}", "<nil> none <no value>" },
		{ "{{.Config.Entrypoint}} {{len .Config.Entrypoint}} {{range .HostConfig.CapAdd}}x{{else}}e{{end}} {{.Config.Volumes}}|{{.Config.StopSignal}}|", "[] 0 e map[]||" },
		{ "{{.NetworkSettings.Networks.n.IPAddress}}{{.NetworkSettings.Networks.zz}}", "1.2.3.4<no value>" },
		{ "{{if .HostConfig}}a{{end}}{{with .State.Error}}b{{end}}", "a" },
		{ "{{.State.Nosuch}}", NULL }, { "{{.Id}}", NULL }, { "{{len .State}}", NULL }, { "{{index .State \"Pid\"}}", NULL },
		{ "{{range .State}}x{{end}}", NULL },
	};
	static const char *const reasons[] = {
		"template: :1:8: executing \"\" at <.State.Nosuch>: can't evaluate field Nosuch in type *container.State",
		"template: :1:2: executing \"\" at <.Id>: can't evaluate field Id in type container.InspectResponse",
		"template: :1:2: executing \"\" at <len .State>: error calling len: len of type container.State",
		"template: :1:2: executing \"\" at <index .State \"Pid\">: error calling index: can't index item of type container.State",
		"template: :1:8: executing \"\" at <.State>: range can't iterate over {running true false false false false 5 0    <nil>}",
	};
	AUTO_JSON json_t *doc = json_of(container);
	size_t failed = 0;

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		AUTO_STRBUF struct strbuf out = STRBUF_INIT;
		struct err err = { 0 };
		struct cli_template *t = cli_template_parse(samples[i][0], &err);
		CU_ASSERT_PTR_NOT_NULL_FATAL(t);
		EXPECT_INT(cli_format_run(t, "container.InspectResponse", doc, &out, &err), samples[i][1] ? 0 : -1);
		if (samples[i][1])
			EXPECT_STR(out.data ? out.data : "", samples[i][1]);
		else
			EXPECT_STR(err.msg, reasons[failed++]);
		cli_template_free(t);
	}
}

static void malformed(void)
{
	static const char *const samples[][2] = {
		{ "{{.Foo", "template: :1: unclosed action" }, { "x\n{{.Foo", "template: :2: unclosed action" },
		{ "{{foo .X}}", "template: :1: function \"foo\" not defined" }, { "{{if .X}}", "template: :1: unexpected EOF" },
		{ "{{end}}", "template: :1: unexpected {{end}}" }, { "{{else}}", "template: :1: unexpected {{else}}" },
		{ "{{if .X}}{{else}}{{else}}{{end}}", "template: :1: expected end; found {{else}}" }, { "{{}}", "template: :1: missing value for command" },
		{ "{{.", "template: :1: illegal number syntax: \".\"" }, { "{{.X", "template: :1: unclosed action" },
		{ "{{(.X}}", "template: :1: unclosed left paren" }, { "{{\"a}}", "template: :1: unterminated quoted string" },
		{ "{{|}}", "template: :1: unexpected \"|\" in command" }, { "{{.X..Y}}", "template: :1: unexpected <.> in operand" },
		{ "{{/* c }}", "template: :1: unclosed comment" },
		{ "{{ /* c */ }}", "template: :1: unexpected \"/\" in command" },
		{ "{{define \"T\"}}a{{end}}{{define \"T\"}}b{{end}}", "template: :1: template: multiple definition of template \"T\"" },
		{ "{{define T}}{{end}}", "template: :1: unexpected \"T\" in define clause" },
		{ "{{define \"T\" 1}}{{end}}", "template: :1: unexpected \"1\" in define clause" },
		{ "{{template}}", "template: :1: unexpected \"}}\" in template clause" },
		{ "{{block \"x\"}}{{end}}", "template: :1: missing value for block clause" },
		{ "{{if true}}{{define \"x\"}}{{end}}{{end}}", "template: :1: unexpected <define> in command" },
		{ "{{$x}}", "template: :1: undefined variable \"$x\"" },
		{ "{{if $x := true}}{{end}}{{$x}}", "template: :1: undefined variable \"$x\"" },
		{ "{{$x := 1}}{{define \"a\"}}{{$x}}{{end}}", "template: :1: undefined variable \"$x\"" },
		{ "{{break}}", "template: :1: {{break}} outside {{range}}" },
		{ "{{''}}", "template: :1: invalid syntax" },
		{ "{{'ab'}}", "template: :1: malformed character constant: 'ab'" },
		{ "{{\"a\" | 5}}", "template: :1: non executable command in pipeline stage 2" },
		{ "{{if}}{{end}}", "template: :1: missing value for if" },
		{ "{{range $x, $y, $z := .A}}{{end}}", "template: :1: too many declarations in range" },
		{ "{{99999999999999999999}}", "template: :1: integer overflow: \"99999999999999999999\"" },
		{ "{{\"a\\qb\"}}", "template: :1: invalid syntax" },
		{ "{{define \"a\"}}x", "template: :1: unexpected EOF" },
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
		{ "{{.Name.Foo}}", "template: :1:7: executing \"\" at <.Name.Foo>: can't evaluate field Foo in type interface {}" },
		{ "{{.No.Foo}}", "template: :1:5: executing \"\" at <.No.Foo>: nil pointer evaluating interface {}.Foo" },
		{ "{{index .List 9}}", "template: :1:2: executing \"\" at <index .List 9>: error calling index: index out of range: 9" },
		{ "{{upper .N}}", "template: :1:8: executing \"\" at <.N>: wrong type for value; expected string; got int" },
		{ "{{len 3}}", "template: :1:2: executing \"\" at <len 3>: error calling len: len of type int" },
		{ "{{range .Name}}{{end}}", "template: :1:8: executing \"\" at <.Name>: range can't iterate over web" },
		{ "{{call 1}}", "template: :1:2: executing \"\" at <call 1>: error calling call: non-function 1 of type int" },
		{ "{{call .Name}}", "template: :1:2: executing \"\" at <call .Name>: error calling call: non-function .Name of type string" },
		{ "{{json .Foo \"k\"}}", "template: :1:2: executing \"\" at <json>: wrong number of args for json: want 1 got 2" },
		{ "{{template \"T\" .}}x", "template: :1:11: executing \"\" at <{{template \"T\" .}}>: template \"T\" not defined" },
		{ "{{block \"B\" .State}}{{.Nosuch}}{{end}}", "template: :1:22: executing \"B\" at <.Nosuch>: map has no entry for key \"Nosuch\"" },
		{ "{{$x = 2}}", "template: :1:7: executing \"\" at <2>: undefined variable: $x" },
		{ "{{range $i, $j := 3}}{{end}}", "template: :1:18: executing \"\" at <3>: can't use 3 to iterate over more than one variable" },
		{ "{{eq 1 1.0}}", "template: :1:2: executing \"\" at <eq 1 1.0>: error calling eq: incompatible types for comparison" },
		{ "{{lt true false}}", "template: :1:2: executing \"\" at <lt true false>: error calling lt: invalid type for comparison" },
		{ "{{eq}}", "template: :1:2: executing \"\" at <eq>: wrong number of args for eq: want at least 1 got 0" },
		{ "{{not 1 2}}", "template: :1:2: executing \"\" at <not>: wrong number of args for not: want 1 got 2" },
		{ "{{index .List \"a\"}}", "template: :1:2: executing \"\" at <index .List \"a\">: error calling index: cannot index slice/array with type string" },
		{ "{{slice .Name 9}}", "template: :1:2: executing \"\" at <slice .Name 9>: error calling slice: index out of range: 9" },
		{ "{{slice 3 1}}", "template: :1:2: executing \"\" at <slice 3 1>: error calling slice: can't slice item of type int" },
		{ "{{upper 3}}", "template: :1:8: executing \"\" at <3>: expected string; found 3" },
		{ "{{join .Name \",\"}}", "template: :1:7: executing \"\" at <.Name>: wrong type for value; expected []string; got string" },
		{ "{{nil}}", "template: :1:2: executing \"\" at <nil>: nil is not a command" },
		{ "{{$.State.Nosuch}}", "template: :1:3: executing \"\" at <$.State.Nosuch>: map has no entry for key \"Nosuch\"" },
		{ "{{pad \"a\" -2 3}}", "template: :1:2: executing \"\" at <pad \"a\" -2 3>: error calling pad: strings: negative Repeat count" },
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

int suite_template(void)
{
	static const CU_TestInfo tests[] = {
		{ "everything a template can do", templates }, { "structs, as Go has them", shapes }, { "malformed templates", malformed },
		{ "templates that fail when run", failing }, CU_TEST_INFO_NULL,
	};

	return suite_add("template", tests);
}
