/*
 * test_flags.c - flags as pflag spells them, and help as it prints it.
 */
#include <string.h>

#include "flags.h"
#include "suites.h"
#include "usage.h"

struct options {
	json_t *body;
	struct strlist list;
	const char *text;
	struct cli_number number;
	bool on, yes;
};

static int check_even(const char *value, struct err *err)
{
	return strlen(value) % 2 ? err_set(err, ERR_INVALID, "odd") : 0;
}

#define AT(field) offsetof(struct options, field)
static const struct cli_flag table[] = {
	{ 'a', "all", CLI_BOOL, AT(on), "Everything" },
	{ 0, "body-bool", CLI_BOOL, AT(body), "x", "Host.Init" },
	{ 'm', "memory", CLI_BYTES, AT(body), "Memory limit", "Host.Memory" },
	{ 'e', "env", CLI_LIST, AT(list), "Set it", .check = check_even },
	{ 0, "cap", CLI_LIST, AT(body), "x", "Host.Caps", .api = "1.41" },
	{ 'l', "label", CLI_MAP, AT(body), "x", "Labels" },
	{ 'n', "number", CLI_INT, AT(number), "A number", .shown = "-1" },
	{ 'w', "word", CLI_STRING, AT(text), "A word" },
	{ 0, "proxy", CLI_BOOL, AT(yes), "Proxy", .shown = "true" },
	{ 0, "old", CLI_STRING, AT(text), "A word", .hidden = true },
	{ 0 },
};
static const struct cli_flagset set = { { table, NULL } };

static int parse(struct options *o, struct cli_args *args, bool first, char **argv, struct err *err)
{
	int n = 0;

	while (argv[n])
		n++;
	*o = (struct options){ 0 };
	return cli_flags_parse(&set, n, argv, first, o, args, err);
}
#define ARGV(...) (char *[]){ __VA_ARGS__, NULL }

static void finish(struct options *o, struct cli_args *args)
{
	cli_flags_free(&set, o);
	free(args->v);
}

static void spellings(void)
{
	struct options o;
	struct cli_args args;
	struct err err;

	EXPECT_INT(parse(&o, &args, false, ARGV("-al=a=b", "-n5", "x", "--word", "--", "--env=ab", "-e", "cd", "y", "--",
						"-z"), &err), 0);
	CU_ASSERT(o.on && o.yes && o.number.set);
	EXPECT_INT(o.number.value, 5);
	EXPECT_STR(o.text, "--");
	EXPECT_INT((long long)o.list.n, 2);
	EXPECT_STR(o.list.v[1], "cd");
	EXPECT_JSON(o.body, "{\"Labels\":{\"a\":\"b\"}}");
	EXPECT_INT(args.n, 3);
	EXPECT_STR(args.v[2], "-z");
	finish(&o, &args);
}

static void into_the_request(void)
{
	struct options o;
	struct cli_args args;
	struct err err;

	EXPECT_INT(parse(&o, &args, true, ARGV("-m", "64m", "--cap", "A", "--cap", "B", "--label", "k", "--body-bool=false",
					       "--proxy=0", "image", "-a", "--memory"), &err), 0);
	EXPECT_JSON(o.body, "{\"Host\":{\"Memory\":67108864,\"Caps\":[\"A\",\"B\"],\"Init\":false},\"Labels\":{\"k\":\"\"}}");
	CU_ASSERT(!o.yes && !o.on);
	EXPECT_INT(args.n, 3); /* what follows the image is the image's */
	EXPECT_STR(args.newest->name, "cap");
	finish(&o, &args);
}

static void mistakes(void)
{
	static const struct {
		char *arg;
		const char *message;
	} bad[] = {
		{ "--nosuch", "unknown flag: --nosuch" },
		{ "--nosuch=1", "unknown flag: --nosuch" },
		{ "-Z", "unknown shorthand flag: 'Z' in -Z" },
		{ "-aZx", "unknown shorthand flag: 'Z' in -Zx" },
		{ "--memory", "flag needs an argument: --memory" },
		{ "-am", "flag needs an argument: 'm' in -m" },
		{ "--memory=abc", "invalid argument \"abc\" for \"-m, --memory\" flag: invalid size: 'abc'" },
		{ "--all=x", "invalid argument \"x\" for \"-a, --all\" flag: strconv.ParseBool: parsing \"x\": invalid syntax" },
		{ "-nx", "invalid argument \"x\" for \"-n, --number\" flag: strconv.ParseInt: parsing \"x\": invalid syntax" },
		{ "-eabc", "invalid argument \"abc\" for \"-e, --env\" flag: odd" },
		{ "--cap=\xff", "invalid argument \"\xff\" for \"--cap\" flag: not valid UTF-8" },
	};
	struct options o;
	struct cli_args args;
	struct err err;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		EXPECT_INT(parse(&o, &args, false, ARGV(bad[i].arg), &err), -1);
		EXPECT_STR(err.msg, bad[i].message);
		finish(&o, &args);
	}
}

static void help_is_asked_for(void)
{
	struct options o;
	struct cli_args args;
	struct err err;

	EXPECT_INT(parse(&o, &args, false, ARGV("x", "--help"), &err), 0);
	CU_ASSERT(args.help);
	finish(&o, &args);
	EXPECT_INT(parse(&o, &args, false, ARGV("-ah"), &err), 0);
	CU_ASSERT(args.help);
	finish(&o, &args);
}

int suite_flags(void)
{
	static const CU_TestInfo tests[] = {
		{ "every spelling of a flag", spellings },
		{ "flags that are a place in the request", into_the_request },
		{ "mistakes are told as pflag tells them", mistakes },
		{ "--help and -h", help_is_asked_for },
		CU_TEST_INFO_NULL,
	};

	return suite_add("flags", tests);
}

/* ---- help ---------------------------------------------------------------- */

static void columns(void)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	cli_usage_flags(&sb, &set, 79);
	EXPECT_HAS(sb.data, "  -a, --all            Everything\n");
	EXPECT_HAS(sb.data, "  -m, --memory bytes   Memory limit\n");
	EXPECT_HAS(sb.data, "  -n, --number int     A number (default -1)\n");
	EXPECT_HAS(sb.data, "      --proxy          Proxy (default true)\n");
	CU_ASSERT(strstr(sb.data, "--old") == NULL);
	CU_ASSERT(strstr(sb.data, "--all") < strstr(sb.data, "--cap")); /* sorted */
}

static void folding(void)
{
	/* docker start --help, as the real one prints it on 80 columns */
	static const struct cli_flag flags[] = {
		{ 'a', "attach", CLI_BOOL, 0, "Attach STDOUT/STDERR and forward signals" },
		{ 0, "detach-keys", CLI_STRING, 0, "Override the key sequence for detaching a container" },
		{ 'i', "interactive", CLI_BOOL, 0, "Attach container's STDIN" },
		{ 0 },
	};
	struct cli_flagset start = { { flags, NULL } };
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	cli_usage_flags(&sb, &start, 79);
	EXPECT_STR(sb.data, "  -a, --attach               Attach STDOUT/STDERR and forward signals\n"
			    "      --detach-keys string   Override the key sequence for detaching a\n"
			    "                             container\n"
			    "  -i, --interactive          Attach container's STDIN\n");
}

static void suggestions(void)
{
	static const char *const pairs[][3] = {
		{ NULL, "contaner", "container" }, { NULL, "imags", "images" }, { NULL, "rnu", "run" },
		{ "container", "lss", "ls" }, { "image", "pul", "pull" },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		AUTO_FREE char *near = cli_suggest(pairs[i][0], pairs[i][1]);
		EXPECT_STR(near, pairs[i][2]);
	}
	CU_ASSERT_PTR_NULL(cli_suggest(NULL, "frobnicate"));
}

static void names(void)
{
	static char *const words[][3] = {
		{ "ps", "-a" }, { "container", "ls", "-a" }, { "container", "nosuch" }, { "image", "remove", "x" }, { "nosuch" },
	};
	struct cli_found f;

	cli_find((char **)words[0], 2, &f);
	const struct cli_verb *ps = f.verb;
	EXPECT_STR(f.path, "ps");
	free(f.path);
	cli_find((char **)words[1], 3, &f);
	CU_ASSERT_PTR_EQUAL(f.verb, ps);
	EXPECT_INT(f.used, 2);
	EXPECT_STR(f.path, "container ls");
	free(f.path);
	cli_find((char **)words[2], 2, &f);
	CU_ASSERT(!f.verb && f.group);
	free(f.path);
	cli_find((char **)words[3], 3, &f);
	EXPECT_STR(f.verb->top, "rmi");
	free(f.path);
	cli_find((char **)words[4], 1, &f);
	CU_ASSERT(!f.verb && !f.group);
	free(f.path);
}

/* The tables of all verbs, looked over: what would only fail when it is used. */
static void tables(void)
{
	for (const struct cli_verb *v = cli_verbs; v->command; v++) {
		const struct cli_command *c = v->command;
		CU_ASSERT(c->run && c->usage && c->summary && (c->max < 0 || c->max >= c->min));
		for (int t = 0; t < 2; t++)
			for (const struct cli_flag *f = t ? c->more_flags : c->flags; f && f->name; f++) {
				CU_ASSERT(f->at < (c->options_size ? c->options_size : 1) && f->help);
				for (const struct cli_flag *g = f + 1; g->name; g++)
					CU_ASSERT(strcmp(f->name, g->name) && (!f->letter || f->letter != g->letter));
			}
	}
}

int suite_usage(void)
{
	static const CU_TestInfo tests[] = {
		{ "two columns, sorted", columns },
		{ "long texts are folded as the real help", folding },
		{ "a typo gets a suggestion", suggestions },
		{ "names of verbs and groups", names },
		{ "the tables of flags are sound", tables },
		CU_TEST_INFO_NULL,
	};

	return suite_add("usage", tests);
}
