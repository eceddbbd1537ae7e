/*
 * test_git.c - which words name a git repository, and what in it (git.h).
 *
 * Expected results: the Dockerfile reference ("ADD", "Adding files from a Git repository"), the documentation of
 * docker build ("Git repositories"), and git-check-ref-format(1).
 */
#include "git.h"

#include "suites.h"

static void test_which(void)
{
	static const char *const repositories[] = {
		"https://host/x.git", "http://host/x.git#main", "https://host/x.git#main:dir", "git://host/x",
		"ssh://git@host/x", "git@host:x", "git@host:x.git#v1", "github.com/owner/x",
	};
	static const char *const others[] = {
		"https://host/x", "https://host/x.git/file", "https://host/x.tar.gz", "file:///x.git", "ext::sh -c x",
		"x.git", "./github.com/x", "-git@host:x", "",
	};

	for (size_t i = 0; i < sizeof repositories / sizeof *repositories; i++)
		EXPECT_INT(git_is_url(repositories[i]), true);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		EXPECT_INT(git_is_url(others[i]), false);
}

static void expect_parts(const char *text, const char *url, const char *ref, const char *dir)
{
	struct git_source g;
	struct err err;

	EXPECT_INT(git_parse(text, &g, &err), 0);
	EXPECT_STR(g.url, url);
	EXPECT_STR(g.ref, ref);
	EXPECT_STR(g.dir, dir);
	git_source_free(&g);
}

static void test_parts(void)
{
	expect_parts("https://host/x.git", "https://host/x.git", "", ".");
	expect_parts("https://host/x.git#v1.2:docs/a", "https://host/x.git", "v1.2", "docs/a");
	expect_parts("https://host/x.git#:docs/", "https://host/x.git", "", "docs");
	expect_parts("git@host:x.git#pull/7/head", "git@host:x.git", "pull/7/head", ".");
	expect_parts("github.com/o/x#:../../etc", "https://github.com/o/x", "", "etc");
}

static void test_refused(void)
{
	static const char *const texts[] = {
		"git://h/x#--upload-pack=y", "git://h/x#+a", "git://h/x#a..b", "git://h/x#a b", "git://h/x#a^", "git://h/x#a*",
		"git://h/x#HEAD@{1}", "git://h/x y", "git://h/x\n#a",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct git_source g;
		struct err err = { 0 };

		EXPECT_INT(git_parse(texts[i], &g, &err), -1);
		EXPECT_INT(err.kind, ERR_INVALID);
		git_source_free(&g);
	}
}

int suite_git(void)
{
	static const CU_TestInfo tests[] = {
		{ "what is a repository", test_which },
		{ "its URL, ref and directory", test_parts },
		{ "refs and URLs that are none", test_refused },
		CU_TEST_INFO_NULL,
	};

	return suite_add("git", tests);
}
