/*
 * test_reference.c - what a name on the command line means. Expected values: the
 * table of the distribution project's reference package and what docker 28 prints.
 */
#include "reference.h"

#include <string.h>

#include "suites.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX

static void test_normalise(void)
{
	static const struct { const char *text, *full, *familiar; } rows[] = {
		{ "nginx", "docker.io/library/nginx:latest", "nginx:latest" },
		{ "nginx:1.25", "docker.io/library/nginx:1.25", "nginx:1.25" },
		{ "bitnami/nginx", "docker.io/bitnami/nginx:latest", "bitnami/nginx:latest" },
		{ "docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest" },
		{ "index.docker.io/library/nginx", "docker.io/library/nginx:latest", "nginx:latest" },
		{ "localhost/x", "localhost/x:latest", "localhost/x:latest" },
		{ "localhost:5000/x/y:t", "localhost:5000/x/y:t", "localhost:5000/x/y:t" },
		{ "ghcr.io/a/b", "ghcr.io/a/b:latest", "ghcr.io/a/b:latest" },
		{ "[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest" },
		{ "nginx@" DIGEST, "docker.io/library/nginx@" DIGEST, "nginx@" DIGEST },
		{ "nginx:1@" DIGEST, "docker.io/library/nginx:1@" DIGEST, "nginx:1@" DIGEST },
		{ "library/nginx", "docker.io/library/nginx:latest", "nginx:latest" },
		{ "Example/x", "Example/x:latest", "Example/x:latest" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reference ref;
		struct err err;
		AUTO_FREE char *full = NULL, *familiar = NULL;

		EXPECT_OK(reference_parse(rows[i].text, &ref, &err));
		full = reference_full(&ref);
		familiar = reference_familiar(&ref);
		EXPECT_STR(full, rows[i].full);
		EXPECT_STR(familiar, rows[i].familiar);
	}
}

static void test_refuse(void)
{
	static const char *const bad[] = {
		"", ":tag", "@" DIGEST, "nginx:", "nginx:-x", "nginx:a b", "Nginx", "a//b", "/a",
		"a/", "-a", "a_-b", "a___b", "nginx@sha256:12", ("nginx@md5:" HEX), "a..b", "../x",
		"https://docker.io/nginx", HEX, "x.y:port/a", "docker.io/Library/nginx", "a:b:c",
		"nginx\n", "-x.y/a", "é",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct reference ref;
		struct err err = { 0 };

		EXPECT_INT(reference_parse(bad[i], &ref, &err), -1);
		EXPECT_INT(err.kind, ERR_INVALID);
		EXPECT_HAS(err.msg, "invalid reference format");
	}
}

static void test_lengths(void)
{
	char text[600];
	struct reference ref;
	struct err err;

	memset(text, 'a', sizeof(text));
	memcpy(text, "nginx:", 6);
	text[6 + 128] = '\0'; /* the longest tag */
	EXPECT_OK(reference_parse(text, &ref, &err));
	text[6 + 128] = 'a';
	text[6 + 129] = '\0';
	EXPECT_INT(reference_parse(text, &ref, &err), -1);
	memset(text, 'a', sizeof(text));
	text[599] = '\0';
	EXPECT_INT(reference_parse(text, &ref, &err), -1);
}

int suite_reference(void)
{
	static const CU_TestInfo tests[] = {
		{ "short names become full ones and back", test_normalise },
		{ "malformed references are refused", test_refuse },
		{ "limits of length hold", test_lengths },
		CU_TEST_INFO_NULL,
	};

	return suite_add("reference", tests);
}
