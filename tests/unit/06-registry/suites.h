/* suites.h - the suites of the registry's unit tests; main.c runs them. */
#ifndef DOCKYARD_TEST_REGISTRY_SUITES_H
#define DOCKYARD_TEST_REGISTRY_SUITES_H

#include <CUnit/CUnit.h>

#include "store.h"

extern CU_TestInfo names_tests[], range_tests[], manifest_tests[], index_tests[], store_tests[],
	upload_tests[], seed_tests[], password_tests[],
	access_tests[], token_tests[],
	gc_tests[], units_tests[], s3_tests[], lookup_tests[];

/* An empty store in a directory of its own; the tests of a suite share it. */
extern struct reg_store *test_store;
extern char test_root[];
int test_store_open(void);
int test_store_close(void);

/* A file, empty at first. */
extern char test_file[];
int test_file_make(void);
int test_file_remove(void);

/* Push bytes as a blob; its digest. */
const char *test_blob(const char *name, const char *text);

#define EQ_STR(got, want) test_eq_str(got, want, __FILE__, __LINE__)
void test_eq_str(const char *got, const char *want, const char *file, int line);

#endif
