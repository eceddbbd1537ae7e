/*
 * test_dockerfile.c - a Dockerfile's grammar. What is expected is the Dockerfile reference's word, and
 * for variables the shell's.
 */
#include <string.h>

#include "01-kernel/base/ignore.h"
#include "dockerfile.h"
#include "suites.h"

static struct dockerfile f;

static int parse(const char *text, struct err *err)
{
	dockerfile_free(&f);
	return dockerfile_parse(text, strlen(text), &f, err);
}

static void expect_parse(const char *text)
{
	struct err err = { 0 };

	if (parse(text, &err))
		EXPECT_STR(err.msg, "");
}

static void expect_refused(const char *text, const char *why)
{
	struct err err = { 0 };

	EXPECT_INT(parse(text, &err), -1);
	EXPECT_HAS(err.msg, why);
	dockerfile_free(&f);
}

static void lines_continue_and_comments_vanish(void)
{
	expect_parse("# a comment\nFROM busybox\n\n  run echo \\\n# inside\n   a \\\n\n  b\n");
	EXPECT_INT((long long)f.n, 2);
	EXPECT_STR(f.v[1].word, "RUN");
	EXPECT_STR(f.v[1].rest, "echo    a   b");
	EXPECT_INT(f.v[1].line, 4);
	EXPECT_INT(f.v[1].end, 8);
	EXPECT_INT((long long)f.warnings.n, 1);
	EXPECT_HAS(f.warnings.v[0], "Empty continuation line");
	expect_parse("RUN a\\\\\nRUN b \\ \n c\r\n");
	EXPECT_INT((long long)f.n, 2);
	EXPECT_STR(f.v[0].rest, "a\\\\");
	EXPECT_STR(f.v[1].rest, "b  c");
	dockerfile_free(&f);
}

static void directives_stand_first(void)
{
	expect_parse("# escape=`\n# syntax=docker/dockerfile:1\nFROM x\nRUN a `\n b\\\n");
	EXPECT_INT(f.escape, '`');
	EXPECT_STR(f.v[1].rest, "a  b\\");
	expect_parse("# about\n# escape=`\nFROM x\nRUN a \\\n b\n");
	EXPECT_INT(f.escape, '\\');
	EXPECT_STR(f.v[1].rest, "a  b");
	expect_refused("# escape=x\nFROM x\n", "invalid escape token");
	expect_refused("# escape=`\n# escape=`\nFROM x\n", "only one escape parser directive");
	expect_refused("", "cannot be empty");
	expect_refused("FROM \xff\n", "not UTF-8");
	expect_refused("# escape=`\n", "cannot be empty");
}

static void flags_come_before_the_rest(void)
{
	expect_parse("COPY --from=a --chown=\"1:2\" --chmod=7\\ 5 x --y z\nRUN -- --x\nONBUILD COPY --from=a b c\n");
	EXPECT_INT((long long)f.v[0].flags.n, 3);
	EXPECT_STR(f.v[0].flags.v[1], "--chown=1:2");
	EXPECT_STR(f.v[0].flags.v[2], "--chmod=7 5");
	EXPECT_STR(f.v[0].rest, "x --y z");
	EXPECT_STR(f.v[1].rest, "--x");
	EXPECT_STR(f.v[2].rest, "COPY --from=a b c");
	dockerfile_free(&f);
}

static void heredocs_are_taken_as_they_are(void)
{
	expect_parse("FROM x\nRUN <<EOF cat <<-'B'\na\\\n# b\nEOF\n\tc\n\tB\nCOPY <<\"X Y\" /z\n$q\nX Y\nCMD <<EOF\n");
	EXPECT_INT((long long)f.n, 4);
	EXPECT_INT((long long)f.v[1].n_heredocs, 2);
	EXPECT_STR(f.v[1].heredocs[0].content, "a\\\n# b\n");
	CU_ASSERT(f.v[1].heredocs[0].expand);
	EXPECT_STR(f.v[1].heredocs[1].content, "c\n");
	CU_ASSERT(!f.v[1].heredocs[1].expand);
	EXPECT_STR(f.v[2].heredocs[0].name, "X Y");
	EXPECT_STR(f.v[2].heredocs[0].content, "$q\n");
	EXPECT_INT((long long)f.v[3].n_heredocs, 0);
	EXPECT_INT(f.v[1].end, 7);
	expect_refused("FROM x\nRUN <<EOF\na\n", "line 2 (RUN <<EOF): unterminated heredoc");
}

static void an_excerpt_shows_where(void)
{
	AUTO_FREE char *text = NULL;

	expect_parse("FROM x\nRUN a\nRUN b \\\n c\nRUN d\n");
	text = dockerfile_excerpt(&f, &f.v[2]);
	EXPECT_STR(text, "--------------------\n   1 |     FROM x\n   2 |     RUN a\n"
			 "   3 | >>> RUN b \\\n   4 | >>>  c\n   5 |     RUN d\n--------------------\n");
	dockerfile_free(&f);
}

static void exec_forms(void)
{
	bool wrong;
	AUTO_JSON json_t *good = dockerfile_exec_form(" [\"a\", \"b c\"]", &wrong);

	EXPECT_JSON(good, "[\"a\", \"b c\"]");
	CU_ASSERT(!dockerfile_exec_form("[a, b]", &wrong) && !wrong);
	CU_ASSERT(!dockerfile_exec_form("[\"a\", 1]", &wrong) && wrong);
	CU_ASSERT(!dockerfile_exec_form("echo []", &wrong) && !wrong);
}

/* --- variables --------------------------------------------------------------------------------- */

static const char *get(void *arg, const char *name)
{
	(void)arg;
	return !strcmp(name, "x") ? "foo.tar.gz" : !strcmp(name, "e") ? "" : !strcmp(name, "b") ? "a b"
	       : !strcmp(name, "p") ? "*.gz" : NULL;
}

static const struct expander env = { .escape = '\\', .get = get };

static void variables_expand(void)
{
	/* Left what is written, right what sh makes of it. */
	static const char *const rows[][2] = {
		{ "$x", "foo.tar.gz" },	       { "a${x}b", "afoo.tar.gzb" },
		{ "'$x'", "$x" },	       { "\"$x\"", "foo.tar.gz" },
		{ "\\$x", "$x" },	       { "\"\\$x \\a\"", "$x \\a" },
		{ "$", "$" },		       { "$$", "$$" },
		{ "${n:-d}", "d" },	       { "${e:-d}", "d" },
		{ "${e-d}", "" },	       { "${n-d}", "d" },
		{ "${x:+d}", "d" },	       { "${e:+d}", "" },
		{ "${e+d}", "d" },	       { "${n+d}", "" },
		{ "${n:-${x}z}", "foo.tar.gzz" }, { "${n:-'a b'}", "a b" },
		{ "${x#*.}", "tar.gz" },       { "${x##*.}", "gz" },
		{ "${x%.*}", "foo.tar" },      { "${x%%.*}", "foo" },
		{ "${x#bar}", "foo.tar.gz" },  { "${x%$p}", "foo.tar" },
		{ "${x/o/0}", "f0o.tar.gz" },  { "${x//o/0}", "f00.tar.gz" },
		{ "${x//.*/}", "foo" },	       { "${x/?o/--}", "--o.tar.gz" },
		{ "${x#\\*}", "foo.tar.gz" },  { "${e}", "" },
		{ "${x:?bad}", "foo.tar.gz" }, { "''", "" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = { 0 };
		AUTO_FREE char *got = dockerfile_expand(&env, rows[i][0], &err);

		EXPECT_STR(got ? got : err.msg, rows[i][1]);
	}
}

static void what_is_no_variable_is_refused(void)
{
	static const char *const rows[][2] = {
		{ "${", "missing '}'" },	{ "${x", "missing '}'" },
		{ "${}", "bad substitution" },	{ "${x:", "missing '}'" },
		{ "${x:-a", "looking for matching }" },
		{ "${x:#a}", "unsupported modifier (:#)" }, { "${x^}", "unsupported modifier (^)" },
		{ "'a", "single-quote" },	{ "\"a", "double-quote" },
		{ "${n:?is needed}", "n: is needed" }, { "${e:?}", "not allowed to be empty" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = { 0 };
		AUTO_FREE char *got = dockerfile_expand(&env, rows[i][0], &err);

		CU_ASSERT(!got);
		EXPECT_HAS(err.msg, rows[i][1]);
	}
}

static void words_split_outside_of_quotes(void)
{
	AUTO_STRLIST struct strlist out = STRLIST_INIT;
	struct err err;

	EXPECT_INT(dockerfile_expand_words(&env, "$b \"$b\" c\\ d '' $e", &out, &err), 0);
	EXPECT_INT((long long)out.n, 5);
	EXPECT_STR(out.v[0], "a");
	EXPECT_STR(out.v[1], "b");
	EXPECT_STR(out.v[2], "a b");
	EXPECT_STR(out.v[3], "c d");
	EXPECT_STR(out.v[4], "");
}

static void a_heredoc_keeps_its_quotes(void)
{
	struct expander here = { .escape = '\\', .keep_quotes = true, .get = get };
	struct err err;
	AUTO_FREE char *got = dockerfile_expand(&here, "'$x' \"\\n\" \\$x", &err);

	EXPECT_STR(got, "'foo.tar.gz' \"\\n\" $x");
}

/* --- patterns ------------------------------------------------------------------------------------ */

static void patterns_of_one_path(void)
{
	static const struct {
		const char *pattern, *path;
		bool match;
	} rows[] = {
		{ "a", "a", true },	      { "*", "a", true },	{ "*", "a/b", false },
		{ "**", "a/b", true },	      { "**/b", "b", true },	{ "**/b", "x/y/b", true },
		{ "a/**", "a/b/c", true },    { "a/**/c", "a/c", true }, { "a/**/c", "a/x/y/c", true },
		{ "*.md", "README.md", true }, { "*.md", "d/README.md", false },
		{ "?.c", "a.c", true },	      { "?.c", "ab.c", false },	{ "?", "/", false },
		{ "[a-c]x", "bx", true },     { "[^a-c]x", "bx", false }, { "[^a-c]x", "dx", true },
		{ "\\*", "*", true },	      { "\\*", "a", false },	{ "a**b", "axx/b", true },
		{ "[x", "[x", true },	      { "", "", true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (ignore_match(rows[i].pattern, rows[i].path) != rows[i].match) {
			EXPECT_STR(rows[i].pattern, rows[i].match ? "a match" : "no match");
			EXPECT_STR(rows[i].path, "its path");
		}
}

static void a_pattern_may_be_none(void)
{
	static const char *const wrong[] = { "!", "[a", "a[", "a\\", "![^x", "[\\]" };
	static const char *const right[] = { "a", "!a", "[a]", "[^a-z]x", "\\[", "a/**/b", "!\\!" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct ignore g = { 0 };

		ignore_add(&g, wrong[i]);
		EXPECT_STR(ignore_wrong(&g), wrong[i]);
		ignore_free(&g);
	}
	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		struct ignore g = { 0 };

		ignore_add(&g, right[i]);
		CU_ASSERT_PTR_NULL(ignore_wrong(&g));
		ignore_free(&g);
	}
}

static void the_last_pattern_decides(void)
{
	struct ignore g = { 0 };

	ignore_add_lines(&g, "# c\n\n  /a/ \n*.md\n!README*.md\nREADME-secret.md\n! keep/../a/b \n");
	EXPECT_INT((long long)g.patterns.n, 5);
	EXPECT_INT(ignore_chooses(&g, "a"), true);
	EXPECT_INT(ignore_chooses(&g, "a/x/y"), true);
	EXPECT_INT(ignore_chooses(&g, "a/b"), false);
	EXPECT_INT(ignore_chooses(&g, "a/b/c"), false);
	EXPECT_INT(ignore_chooses(&g, "x.md"), true);
	EXPECT_INT(ignore_chooses(&g, "README.md"), false);
	EXPECT_INT(ignore_chooses(&g, "README-secret.md"), true);
	EXPECT_INT(ignore_chooses(&g, "d/x.md"), false);
	CU_ASSERT(g.exceptions);
	ignore_free(&g);
}

int suite_dockerfile(void)
{
	static const CU_TestInfo tests[] = {
		{ "lines continue, comments vanish", lines_continue_and_comments_vanish },
		{ "directives stand first", directives_stand_first },
		{ "flags come before the rest", flags_come_before_the_rest },
		{ "here-documents are taken as they are", heredocs_are_taken_as_they_are },
		{ "an excerpt shows where", an_excerpt_shows_where },
		{ "exec forms", exec_forms },
		{ "variables expand", variables_expand },
		{ "what is no variable is refused", what_is_no_variable_is_refused },
		{ "words split outside of quotes", words_split_outside_of_quotes },
		{ "a here-document keeps its quotes", a_heredoc_keeps_its_quotes },
		{ "patterns of one path", patterns_of_one_path },
		{ "a pattern may be none", a_pattern_may_be_none },
		{ "the last pattern decides", the_last_pattern_decides },
		{ NULL },
	};
	return suite_add("dockerfile", tests);
}
