/*
 * options_test.c - command lines in runc's manner.
 */
#include "suite.h"

#include "02-runc/options.h"

static bool flag;
static const char *text;
static int number;
static struct strlist list;

static const struct option_def defs[] = {
	{ "bundle", 'b', OPTION_TEXT, &text, "" },
	{ "detach", 'd', OPTION_FLAG, &flag, "" },
	{ "preserve-fds", 0, OPTION_NUMBER, &number, "" },
	{ "env", 'e', OPTION_LIST, &list, "" },
	{ NULL },
};

static int parse(int argc, char **argv, struct err *err)
{
	int rest = -1;

	flag = false;
	text = NULL;
	number = 0;
	strlist_free(&list);
	list = (struct strlist)STRLIST_INIT;
	return runc_options_parse(defs, argc, argv, &rest, err) ? -1 : rest;
}

static void spellings(void)
{
	char *a[] = { "--bundle", "x", "-d", "-e", "A=1", "--env=B=2", "id", "-b" };
	char *b[] = { "--bundle=y", "--preserve-fds", "3", "--", "--detach" };
	char *c[] = { "-b=z", "--detach=false", "-bundle", "w" };
	struct err err;

	EQ_INT(parse(8, a, &err), 6); /* what follows the first argument is the command's */
	EQ_STR(text, "x");
	CU_ASSERT(flag);
	EQ_INT((long)list.n, 2);
	EQ_STR(list.v[1], "B=2");
	EQ_INT(parse(5, b, &err), 4);
	EQ_STR(text, "y");
	EQ_INT(number, 3);
	CU_ASSERT(!flag);
	EQ_INT(parse(4, c, &err), 4);
	EQ_STR(text, "w");
	CU_ASSERT(!flag);
	strlist_free(&list);
	list = (struct strlist)STRLIST_INIT;
}

static void refused(void)
{
	char *unknown[] = { "--nope" }, *valueless[] = { "--bundle" };
	char *no_number[] = { "--preserve-fds", "x" }, *no_bool[] = { "--detach=maybe" };
	struct err err;

	EQ_INT(parse(1, unknown, &err), -1);
	HAS(err.msg, "unknown option --nope");
	EQ_INT(parse(1, valueless, &err), -1);
	HAS(err.msg, "needs a value");
	EQ_INT(parse(2, no_number, &err), -1);
	HAS(err.msg, "not a number");
	EQ_INT(parse(1, no_bool, &err), -1);
	HAS(err.msg, "neither true nor false");
}

/* Every command says what it cannot do with; none skips an option it does not know. */
static void commands(void)
{
	static const char *const names[] = {
		"create", "delete", "events", "exec", "features", "kill", "list", "pause", "ps",
		"resume", "run", "spec", "start", "state", "update",
	};
	struct result r;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		r = runc(names[i], "--no-such-option", "x", "y", NULL);
		EQ_INT(r.status, 1);
		HAS(r.err, "unknown option --no-such-option");
		r = runc(names[i], "--help", NULL);
		EQ_INT(r.status, 0);
		CU_ASSERT(str_starts(r.out, "NAME:\n   runc "));
		HAS(r.out, "USAGE:\n   runc ");
		CU_ASSERT(!strstr(r.out, "  value"));
		EQ_STR(runc("help", names[i], NULL).out, r.out);
		/* also behind other options, and, but for options of a program's, behind arguments */
		if (strcmp(names[i], "exec") && strcmp(names[i], "ps"))
			EQ_STR(runc(names[i], "x", "--help", NULL).out, r.out);
	}
	EQ_STR(runc("run", "-d", "-h", NULL).out, runc("run", "-h", NULL).out);
	CU_ASSERT(strcmp(runc("run", "-h", NULL).out, runc("create", "-h", NULL).out));
	FAILS(runc("help", "frobnicate", NULL), 3, "No help topic for 'frobnicate'");
	FAILS(runc("frobnicate", NULL), 3, "No help topic for 'frobnicate'");
	FAILS(runc("state", NULL), 1, "expected exactly 1 argument");
	FAILS(runc("state", "a", "b", NULL), 1, "expected exactly 1 argument");
	FAILS(runc("list", "a", NULL), 1, "expected no arguments");
	FAILS(runc("kill", NULL), 1, "expected at least 1 argument");
	FAILS(runc("kill", "a", "TERM", "b", NULL), 1, "expected at most 2 arguments");
	r = runc("-h", NULL);
	EQ_INT(r.status, 0);
	CU_ASSERT(str_starts(r.out, "NAME:\n   runc - Open Container Initiative runtime\n"));
	EQ_STR(runc("help", NULL).out, r.out);
	HAS(runc("--version", NULL).out, "runc version ");
	HAS(runc("--version", NULL).out, "\nspec: 1.");
}

CU_TestInfo option_tests[] = {
	{ "spellings", spellings },
	{ "unknown and incomplete ones are refused", refused },
	{ "of every command", commands },
	CU_TEST_INFO_NULL,
};
