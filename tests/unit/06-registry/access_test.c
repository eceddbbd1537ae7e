/* access_test.c - the file of rights: the table of access.h, and every way to write it wrongly. */
#include "access.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/strbuf.h"
#include "suites.h"

static const char rules[] =
	"# who       repositories   what\n"
	"anonymous   library/**     pull\n"
	"*           **             pull\n"
	"\n"
	"alice       team/*         pull,push\n"
	"alice       team/*         delete\n"
	"admin       **             pull,push,delete\n"
	"admin       catalog\n";

static void write_file(const char *text)
{
	struct err err = { 0 };

	CU_ASSERT_EQUAL(file_write_atomic(AT_FDCWD, test_file, text, strlen(text), 0600, &err), 0);
}

static void rights(void)
{
	enum { ALL = REG_PULL | REG_PUSH | REG_DELETE };
	static const struct {
		const char *user, *repository;
		unsigned rights;
	} rows[] = {
		{ NULL, "library/nginx", REG_PULL },
		{ NULL, "library/a/b", REG_PULL },
		{ NULL, "team/a", 0 },
		{ NULL, "nginx", 0 },
		{ NULL, NULL, 0 },
		{ "bob", "team/a", REG_PULL },
		{ "bob", NULL, 0 },
		{ "alice", "team/a", ALL },
		{ "alice", "team/a/b", REG_PULL },
		{ "alice", "steam/a", REG_PULL },
		{ "admin", "x", ALL },
		{ "admin", "x/y/z", ALL },
		{ "admin", NULL, REG_CATALOG },
		{ "*", "team/a", REG_PULL },
	};
	struct err err = { 0 };
	struct reg_access *access;

	write_file(rules);
	access = reg_access_open(test_file, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(access);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned got = reg_access_rights(access, rows[i].user, rows[i].repository);

		if (got != rows[i].rights)
			fprintf(stderr, "\n%s, %s: expected %x, got %x\n",
				rows[i].user ?: "(nobody)", rows[i].repository ?: "(the catalog)",
				rows[i].rights, got);
		CU_ASSERT_EQUAL(got, rows[i].rights);
	}
	write_file("bob team/a push\n");
	CU_ASSERT_EQUAL(reg_access_rights(access, "bob", "team/a"), REG_PUSH);
	CU_ASSERT_EQUAL(reg_access_rights(access, "alice", "team/a"), 0);
	write_file("bob team/a paint\n"); /* said in the log */
	CU_ASSERT_EQUAL(reg_access_rights(access, "bob", "team/a"), REG_PUSH);
	reg_access_free(access);
}

static void mistakes(void)
{
	static const char *const rows[][2] = {
		{ "alice a pull\nalice\n", "line 2: expected WHO REPOSITORIES RIGHT" },
		{ "alice a\n", "line 1: expected WHO REPOSITORIES RIGHT" },
		{ "alice a pull push\n", "expected WHO REPOSITORIES RIGHT" },
		{ "alice a pull,\n", "\"\" is none of pull, push, delete" },
		{ "alice a Pull\n", "\"Pull\" is none of pull, push, delete" },
		{ "alice a pull,catalog\n", "\"catalog\" is none of" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = { 0 };

		write_file(rows[i][0]);
		CU_ASSERT_PTR_NULL(reg_access_open(test_file, &err));
		CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, rows[i][1]));
		if (!strstr(err.msg, rows[i][1]))
			fprintf(stderr, "\nexpected \"%s\", got \"%s\"\n", rows[i][1], err.msg);
	}
}

CU_TestInfo access_tests[] = {
	{ "rights", rights },
	{ "mistakes", mistakes },
	CU_TEST_INFO_NULL,
};
