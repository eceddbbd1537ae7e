/* main.c - runs the suites, and what they share: a store in a temporary directory. */
#include "suites.h"

#include <CUnit/Basic.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"

struct reg_store *test_store;
char test_root[64];

int test_store_open(void)
{
	struct err err;

	strcpy(test_root, "/tmp/registry-unit.XXXXXX");
	if (!mkdtemp(test_root))
		return 1;
	test_store = reg_store_open(test_root, &err);
	if (!test_store)
		fprintf(stderr, "open the store: %s\n", err.msg);
	return !test_store;
}

int test_store_close(void)
{
	struct err err;

	reg_store_close(test_store);
	test_store = NULL;
	return file_remove_tree(AT_FDCWD, test_root, &err);
}

char test_file[64];

int test_file_make(void)
{
	int fd;

	strcpy(test_file, "/tmp/registry-unit.XXXXXX");
	fd = mkstemp(test_file);
	return fd < 0 || close(fd);
}

int test_file_remove(void)
{
	return unlink(test_file);
}

const char *test_blob(const char *name, const char *text)
{
	static char digest[DIGEST_SIZE];
	struct err err = { 0 };

	digest_of(text, strlen(text), digest);
	if (reg_blob_write(test_store, name, text, strlen(text), digest, &err))
		fprintf(stderr, "write a blob: %s\n", err.msg);
	CU_ASSERT_EQUAL(err.kind, ERR_NONE);
	return digest;
}

void test_eq_str(const char *got, const char *want, const char *file, int line)
{
	bool equal = got && !strcmp(got, want);

	if (!equal)
		fprintf(stderr, "\n%s:%d: expected \"%s\", got \"%s\"\n", file, line, want,
			got ? got : "(null)");
	CU_assertImplementation(equal, (unsigned)line, "strings are equal", file, "", CU_FALSE);
}

int main(void)
{
	CU_SuiteInfo suites[] = {
		{ "names", NULL, NULL, NULL, NULL, names_tests },
		{ "ranges", NULL, NULL, NULL, NULL, range_tests },
		{ "s3", NULL, NULL, NULL, NULL, s3_tests },
		{ "manifests", NULL, NULL, NULL, NULL, manifest_tests },
		{ "index.json", test_store_open, test_store_close, NULL, NULL, index_tests },
		{ "lookup", test_store_open, test_store_close, NULL, NULL, lookup_tests },
		{ "store", test_store_open, test_store_close, NULL, NULL, store_tests },
		{ "uploads", test_store_open, test_store_close, NULL, NULL, upload_tests },
		{ "seed", test_store_open, test_store_close, NULL, NULL, seed_tests },
		{ "passwords", test_file_make, test_file_remove, NULL, NULL, password_tests },
		{ "access", test_file_make, test_file_remove, NULL, NULL, access_tests },
		{ "tokens", test_store_open, test_store_close, NULL, NULL, token_tests },
		{ "garbage", test_store_open, test_store_close, NULL, NULL, gc_tests },
		{ "units", NULL, NULL, NULL, NULL, units_tests },
		CU_SUITE_INFO_NULL,
	};
	unsigned failed;

	if (CU_initialize_registry() || CU_register_suites(suites))
		return 2;
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
	CU_cleanup_registry();
	return failed ? 1 : 0;
}
