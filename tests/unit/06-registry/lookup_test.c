/* lookup_test.c - what a reference means is what index.json says, at every moment. */
#include "lookup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/file.h"
#include "errors.h"
#include "index.h"
#include "suites.h"

#define TYPE "application/vnd.oci.image.manifest.v1+json"
#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* As a push does it. */
static void point(const char *name, const char *tag, const char *digest)
{
	struct err err;
	AUTO_CLOSE int lock = reg_repo_lock(test_store, name, true, &err);
	json_t *index = reg_index_load(test_store, name, true, &err);

	reg_index_put(index, tag, TYPE, digest, 100);
	CU_ASSERT_FATAL(!reg_index_save(test_store, name, index, &err));
	json_decref(index);
}

static const char *digest_of_tag(struct reg_lookup *l, const char *name, const char *reference)
{
	static struct reg_found found;
	struct err err;

	return reg_lookup(l, name, reference, &found, &err) ? "" : found.digest;
}

/* Longer than a file has to be left alone before it is kept in memory. */
static void let_settle(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 120000000 }, NULL);
}

static void by_tag_and_digest(void)
{
	struct reg_lookup *l = reg_lookup_new(test_store);
	struct reg_found found = { "", "" };
	struct err err;

	point("lookup/one", "v1", A);
	point("lookup/one", NULL, B);
	let_settle();
	for (int i = 0; i < 2; i++) { /* from the file, from memory */
		CU_ASSERT_EQUAL(reg_lookup(l, "lookup/one", "v1", &found, &err), 0);
		EQ_STR(found.digest, A);
		EQ_STR(found.media_type, TYPE);
		EQ_STR(digest_of_tag(l, "lookup/one", A), A);
		EQ_STR(digest_of_tag(l, "lookup/one", B), B);
		CU_ASSERT_EQUAL(reg_lookup(l, "lookup/one", "v2", &found, &err), -1);
		CU_ASSERT_TRUE(reg_refused(&err, REG_MANIFEST_UNKNOWN));
		CU_ASSERT_EQUAL(reg_lookup(l, "lookup/none", "v1", &found, &err), -1);
		CU_ASSERT_TRUE(reg_refused(&err, REG_NAME_UNKNOWN));
	}
	reg_lookup_free(l);
}

/* Files of one size, as fast as they can be written, and one that was in memory before. */
static void never_out_of_date(void)
{
	struct reg_lookup *l = reg_lookup_new(test_store);
	unsigned wrong = 0;

	point("lookup/two", "v1", A);
	let_settle();
	EQ_STR(digest_of_tag(l, "lookup/two", "v1"), A);
	for (int i = 0; i < 100; i++) {
		point("lookup/two", "v1", i % 2 ? A : B);
		wrong += strcmp(digest_of_tag(l, "lookup/two", "v1"), i % 2 ? A : B) != 0;
	}
	if (wrong)
		printf("%u of 100 times the tag was still what it had been\n", wrong);
	CU_ASSERT_EQUAL(wrong, 0);
	reg_lookup_free(l);
}

/* A repository as another program may have put it there, unsynced: there are many. */
static void put_there(const char *name, const char *digest)
{
	AUTO_FREE char *dir = reg_repo_path(test_store, name);
	AUTO_FREE char *path = xasprintf("%s/index.json", dir);
	AUTO_FREE char *text = xasprintf("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" TYPE
					 "\",\"digest\":\"%s\",\"size\":1,\"annotations\":"
					 "{\"org.opencontainers.image.ref.name\":\"v1\"}}]}", digest);
	struct err err;

	CU_ASSERT_FATAL(!file_mkdir_p(dir, 0755, &err));
	CU_ASSERT_FATAL(!file_write_new(AT_FDCWD, path, text, strlen(text), 0644, &err));
}

/* Whichever is asked for again is there, or read again. */
static void more_than_it_keeps(void)
{
	struct reg_lookup *l = reg_lookup_new(test_store);
	char name[40];

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "lookup/many%d", i);
		put_there(name, i % 2 ? A : B);
	}
	let_settle();
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 300; i++) {
			snprintf(name, sizeof(name), "lookup/many%d", i);
			EQ_STR(digest_of_tag(l, name, "v1"), i % 2 ? A : B);
		}
	reg_lookup_free(l);
}

CU_TestInfo lookup_tests[] = {
	{ "a reference is a tag or a digest", by_tag_and_digest },
	{ "a tag that moved is never seen where it was", never_out_of_date },
	{ "more repositories than are kept in memory", more_than_it_keeps },
	CU_TEST_INFO_NULL,
};
