/* store_test.c - who sees which blob, and when its bytes go. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "errors.h"
#include "names.h"
#include "suites.h"

static bool on_disk(const char *digest)
{
	return content_has(test_store->content, digest, NULL);
}

static void a_blob_belongs_to_its_repository(void)
{
	const char *digest = test_blob("scope/a", "scoped");
	uint64_t size = 0;
	struct err err;

	CU_ASSERT_TRUE(reg_blob_has(test_store, "scope/a", digest, &size));
	CU_ASSERT_EQUAL(size, 6);
	CU_ASSERT_FALSE(reg_blob_has(test_store, "scope/b", digest, NULL));
	CU_ASSERT_FALSE(reg_blob_has(test_store, "scope", digest, NULL));
	CU_ASSERT_EQUAL(reg_blob_open(test_store, "scope/b", digest, &size, &err), -1);
	CU_ASSERT_TRUE(reg_refused(&err, REG_BLOB_UNKNOWN));
	CU_ASSERT_EQUAL(reg_blob_mount(test_store, "scope/b", "scope/c", digest, &err), -1);
	CU_ASSERT_TRUE(reg_refused(&err, REG_BLOB_UNKNOWN));
	CU_ASSERT_EQUAL(reg_blob_mount(test_store, "scope/a", "scope/b", digest, &err), 0);
	CU_ASSERT_TRUE(reg_blob_has(test_store, "scope/b", digest, NULL));
}

static void a_wrong_digest_leaves_nothing(void)
{
	char digest[DIGEST_SIZE];
	struct err err;

	digest_of("one", 3, digest);
	CU_ASSERT_EQUAL(reg_blob_write(test_store, "wrong", "two", 3, digest, &err), -1);
	CU_ASSERT_TRUE(reg_refused(&err, REG_DIGEST_INVALID));
	CU_ASSERT_FALSE(on_disk(digest));
	CU_ASSERT_FALSE(reg_blob_has(test_store, "wrong", digest, NULL));
	digest_of("two", 3, digest);
	CU_ASSERT_FALSE(on_disk(digest));
}

static void the_last_link_takes_the_bytes(void)
{
	const char *digest = test_blob("last/a", "shared by two");
	struct err err;

	test_blob("last/b", "shared by two");
	CU_ASSERT_EQUAL(reg_blob_delete(test_store, "last/a", digest, &err), 0);
	CU_ASSERT_TRUE(on_disk(digest));
	CU_ASSERT_EQUAL(reg_blob_delete(test_store, "last/a", digest, &err), -1);
	CU_ASSERT_TRUE(reg_refused(&err, REG_BLOB_UNKNOWN));
	CU_ASSERT_EQUAL(reg_blob_delete(test_store, "last/b", digest, &err), 0);
	CU_ASSERT_FALSE(on_disk(digest));
}

/* What a registry leaves that dies between the blob and its link. */
static void a_sweep_takes_what_nobody_links(void)
{
	const char *kept = test_blob("sweep", "kept");
	char lost[DIGEST_SIZE];
	unsigned removed;
	struct err err;

	CU_ASSERT_EQUAL(content_write(test_store->content, "lost", 4, NULL, lost, &err), 0);
	CU_ASSERT_EQUAL(reg_store_sweep(test_store, &removed, &err), 0);
	CU_ASSERT_EQUAL(removed, 1);
	CU_ASSERT_FALSE(on_disk(lost));
	CU_ASSERT_TRUE(on_disk(kept));
}

/* A pusher holds the blobs' lock, shared, between its commit and its link. */
static void a_sweep_does_not_disturb_a_push(void)
{
	char lost[DIGEST_SIZE], path[128];
	unsigned removed;
	struct err err;
	int fd;

	snprintf(path, sizeof(path), "%s/blobs", test_root);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	CU_ASSERT_EQUAL_FATAL(flock(fd, LOCK_SH), 0);
	CU_ASSERT_EQUAL(content_write(test_store->content, "not linked yet", 14, NULL, lost, &err), 0);
	CU_ASSERT_EQUAL(reg_store_sweep(test_store, &removed, &err), 0);
	CU_ASSERT_EQUAL(removed, 0);
	CU_ASSERT_TRUE(on_disk(lost));
	close(fd);
	CU_ASSERT_EQUAL(reg_store_sweep(test_store, &removed, &err), 0);
	CU_ASSERT_EQUAL(removed, 1);
}

static void a_link_is_never_followed(void)
{
	const char *digest = test_blob("link", "real");
	char path[256];
	uint64_t size;
	struct err err;

	snprintf(path, sizeof(path), "%s/repositories/link/blobs/sha256/%s", test_root, digest + 7);
	CU_ASSERT_EQUAL(unlink(path), 0);
	CU_ASSERT_EQUAL(symlink("/etc/passwd", path), 0);
	CU_ASSERT_FALSE(reg_blob_has(test_store, "link", digest, NULL));
	CU_ASSERT_EQUAL(reg_blob_open(test_store, "link", digest, &size, &err), -1);
}

CU_TestInfo store_tests[] = {
	{ "a blob belongs to its repository", a_blob_belongs_to_its_repository },
	{ "a wrong digest leaves nothing", a_wrong_digest_leaves_nothing },
	{ "the last link takes the bytes", the_last_link_takes_the_bytes },
	{ "a sweep takes what nobody links", a_sweep_takes_what_nobody_links },
	{ "a sweep does not disturb a push", a_sweep_does_not_disturb_a_push },
	{ "a link is never followed", a_link_is_never_followed },
	CU_TEST_INFO_NULL,
};
