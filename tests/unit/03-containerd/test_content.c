/*
 * test_content.c - the content store keeps whole blobs only. Digests of "abc" and
 * the empty string: FIPS 180-4's examples.
 */
#include "content.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suites.h"

#define ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct err err;

static struct content *open_store(char **dir, const char *size)
{
	struct content *c;

	*dir = tmp_new(size);
	c = content_open(*dir, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	return c;
}

static void close_store(struct content *c, char *dir)
{
	content_close(c);
	tmp_free(dir);
}

static size_t blobs(const char *dir)
{
	AUTO_FREE char *path = xasprintf("%s/blobs/sha256", dir);

	return count_below(path);
}

static size_t ingests(const char *dir)
{
	AUTO_FREE char *path = xasprintf("%s/ingest", dir);

	return count_below(path);
}

static void test_digest(void)
{
	char digest[DIGEST_SIZE];

	digest_of("abc", 3, digest);
	EXPECT_STR(digest, ABC);
	digest_of("", 0, digest);
	EXPECT_STR(digest, EMPTY);
	CU_ASSERT_TRUE(digest_valid(ABC));
	CU_ASSERT_FALSE(digest_valid("sha256:../../etc/passwd"));
	CU_ASSERT_FALSE(digest_valid("sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61"
				     "F20015AD"));
	CU_ASSERT_FALSE(digest_valid(ABC "0"));
	CU_ASSERT_FALSE(digest_valid("sha256:"));
	CU_ASSERT_FALSE(digest_valid(""));
}

/* FIPS 180-4's example: "abc" has this SHA-512. */
#define ABC512 "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" \
	       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static void test_other_digest(void)
{
	char *dir, digest[DIGEST_SIZE];
	struct content *c = open_store(&dir, "4m");
	struct ingest *in = content_ingest(c, NULL, &err);
	AUTO_FREE char *path = xasprintf("%s/blobs/sha512/%s", dir, strchr(ABC512, ':') + 1);

	digest_of_like(ABC512, "abc", 3, digest);
	EXPECT_STR(digest, ABC512);
	CU_ASSERT_TRUE(digest_known(ABC512));
	CU_ASSERT_TRUE(digest_known(ABC));
	CU_ASSERT_FALSE(digest_known(ABC512 "0"));
	CU_ASSERT_FALSE(digest_known("sha512:../../etc/passwd"));
	CU_ASSERT_FALSE(digest_valid(ABC512)); /* images here are made of the canonical one */
	EXPECT_OK(ingest_hash_like(in, ABC512, &err));
	EXPECT_OK(ingest_write(in, "abc", 3, &err));
	EXPECT_OK(ingest_commit(in, ABC512, 3, digest, &err));
	EXPECT_STR(digest, ABC512);
	EXPECT_INT(access(path, F_OK), 0);
	CU_ASSERT_TRUE(content_has(c, ABC512, NULL));
	CU_ASSERT_FALSE(content_has(c, ABC, NULL));
	/* Known too late: what has come is hashed anew, before and after more of it. */
	in = content_ingest(c, "late", &err);
	EXPECT_OK(ingest_write(in, "a", 1, &err));
	EXPECT_OK(ingest_hash_like(in, ABC512, &err));
	EXPECT_OK(ingest_write(in, "b", 1, &err));
	EXPECT_OK(ingest_hash_like(in, ABC, &err));
	EXPECT_OK(ingest_write(in, "c", 1, &err));
	EXPECT_OK(ingest_commit(in, ABC512, 3, NULL, &err));
	EXPECT_INT(content_write(c, "abd", 3, ABC512, NULL, &err), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	EXPECT_OK(content_delete(c, ABC512, &err));
	CU_ASSERT_FALSE(content_has(c, ABC512, NULL));
	close_store(c, dir);
}

static void test_write_and_read(void)
{
	char *dir, digest[DIGEST_SIZE];
	struct content *c = open_store(&dir, "4m");
	AUTO_FREE char *text = NULL;
	uint64_t size = 0;
	size_t n = 0;
	struct stat st;
	char path[256];

	EXPECT_OK(content_write(c, "abc", 3, ABC, digest, &err));
	EXPECT_STR(digest, ABC);
	CU_ASSERT_TRUE(content_has(c, ABC, &size));
	EXPECT_INT((long long)size, 3);
	text = content_read(c, ABC, 3, &n, &err);
	EXPECT_STR(text, "abc");
	CU_ASSERT_PTR_NULL(content_read(c, ABC, 2, &n, &err));
	EXPECT_INT(err.kind, ERR_INVALID);
	/* where the OCI image layout has it, and read-only */
	snprintf(path, sizeof(path), "%s/blobs/sha256/%s", dir, strchr(ABC, ':') + 1);
	EXPECT_INT(stat(path, &st), 0);
	EXPECT_INT(st.st_mode & 07777, 0444);
	EXPECT_OK(content_write(c, "abc", 3, ABC, NULL, &err)); /* again is fine */
	EXPECT_OK(content_write(c, "", 0, EMPTY, NULL, &err));
	EXPECT_INT((long long)blobs(dir), 2);
	EXPECT_INT((long long)ingests(dir), 0);
	EXPECT_OK(content_delete(c, ABC, &err));
	EXPECT_INT(content_delete(c, ABC, &err), -1);
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	EXPECT_INT(content_reader(c, ABC, NULL, &err), -1);
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	EXPECT_INT(content_reader(c, "sha256:../../x", NULL, &err), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
	close_store(c, dir);
}

static void test_wrong_content(void)
{
	char *dir;
	struct content *c = open_store(&dir, "4m");
	struct ingest *in;

	EXPECT_INT(content_write(c, "abd", 3, ABC, NULL, &err), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	in = content_ingest(c, NULL, &err);
	EXPECT_OK(ingest_write(in, "abc", 3, &err));
	EXPECT_INT(ingest_commit(in, ABC, 4, NULL, &err), -1); /* digest right, size wrong */
	EXPECT_INT(err.kind, ERR_CORRUPT);
	in = content_ingest(c, "named", &err);
	EXPECT_OK(ingest_write(in, "abd", 3, &err));
	EXPECT_INT(ingest_commit(in, ABC, -1, NULL, &err), -1);
	EXPECT_INT((long long)blobs(dir), 0);
	EXPECT_INT((long long)ingests(dir), 0);
	close_store(c, dir);
}

static void test_unfinished(void)
{
	char *dir;
	struct content *c = open_store(&dir, "4m");
	struct ingest *in = content_ingest(c, NULL, &err), *other;

	EXPECT_OK(ingest_write(in, "abc", 3, &err));
	EXPECT_INT((long long)ingests(dir), 0); /* it has no name yet: a crash leaves nothing */
	ingest_abort(in);
	in = content_ingest(c, "upload-1", &err);
	EXPECT_OK(ingest_write(in, "a", 1, &err));
	other = content_ingest(c, "upload-1", &err);
	CU_ASSERT_PTR_NULL(other);
	EXPECT_INT(err.kind, ERR_CONFLICT);
	ingest_suspend(in);
	EXPECT_INT((long long)ingests(dir), 1);
	in = content_ingest(c, "upload-1", &err);
	EXPECT_INT((long long)ingest_offset(in), 1);
	EXPECT_OK(ingest_write(in, "bc", 2, &err));
	EXPECT_OK(ingest_commit(in, ABC, 3, NULL, &err));
	CU_ASSERT_TRUE(content_has(c, ABC, NULL));
	EXPECT_INT((long long)ingests(dir), 0);
	CU_ASSERT_PTR_NULL(content_ingest(c, "../escape", &err));
	EXPECT_INT(err.kind, ERR_INVALID);
	CU_ASSERT_PTR_NULL(content_ingest(c, ".1.1", &err));
	close_store(c, dir);
}

/* Many blobs, one sync: verified is not yet there; only what is published has a name. */
static void test_in_steps(void)
{
	char *dir, text[8] = "";
	struct content *c = open_store(&dir, "4m");
	struct ingest *in = content_ingest(c, NULL, &err), *wrong = content_ingest(c, NULL, &err),
		      *twin = content_ingest(c, NULL, &err);
	int fd;

	EXPECT_OK(ingest_write(in, "abc", 3, &err));
	EXPECT_OK(ingest_write(twin, "abc", 3, &err));
	EXPECT_OK(ingest_write(wrong, "abd", 3, &err));
	EXPECT_OK(ingest_verify(in, ABC, 3, &err));
	EXPECT_OK(ingest_verify(twin, ABC, 3, &err));
	EXPECT_INT(ingest_verify(wrong, ABC, 3, &err), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	ingest_abort(wrong);
	EXPECT_INT((long long)blobs(dir), 0);
	fd = ingest_reader(in, &err);
	EXPECT_INT(read(fd, text, sizeof(text)), 3); /* from its beginning */
	EXPECT_STR(text, "abc");
	close(fd);
	EXPECT_OK(content_sync(c, &err));
	EXPECT_OK(ingest_publish(in, &err));
	EXPECT_OK(ingest_publish(twin, &err)); /* another pull was quicker */
	EXPECT_OK(content_settle(c, &err));
	EXPECT_INT((long long)blobs(dir), 1);
	EXPECT_INT((long long)ingests(dir), 0);
	CU_ASSERT_TRUE(content_has(c, ABC, NULL));
	close_store(c, dir);
}

static void test_leftovers(void)
{
	char *dir, path[256];
	struct content *c = open_store(&dir, "4m");

	content_close(c);
	snprintf(path, sizeof(path), "%s/ingest/.999999.0", dir); /* no such process */
	close(open(path, O_CREAT | O_WRONLY, 0600));
	/* A dead process may have had the number that we have now. */
	snprintf(path, sizeof(path), "%s/ingest/.%d.999", dir, (int)getpid());
	close(open(path, O_CREAT | O_WRONLY, 0600));
	c = content_open(dir, &err);
	EXPECT_INT((long long)ingests(dir), 0);
	close_store(c, dir);
}

static void test_disk_full(void)
{
	char *dir, block[65536] = "";
	struct content *c = open_store(&dir, "512k");
	struct ingest *in = content_ingest(c, NULL, &err);
	int rc = 0;

	for (int i = 0; i < 32 && !rc; i++)
		rc = ingest_write(in, block, sizeof(block), &err);
	EXPECT_INT(rc, -1);
	EXPECT_INT(err.kind, ERR_NO_SPACE);
	EXPECT_INT(ingest_commit(in, NULL, -1, NULL, &err), -1); /* not even what there is */
	EXPECT_INT(err.kind, ERR_NO_SPACE);
	EXPECT_INT((long long)blobs(dir), 0);
	EXPECT_INT((long long)ingests(dir), 0);
	EXPECT_OK(content_write(c, "abc", 3, ABC, NULL, &err)); /* the space is back */
	close_store(c, dir);
}

static int sum(void *arg, const char *digest, uint64_t size)
{
	*(uint64_t *)arg += size + (strcmp(digest, ABC) ? 0 : 100);
	return 0;
}

static void test_walk(void)
{
	char *dir;
	struct content *c = open_store(&dir, "4m");
	uint64_t total = 0;

	EXPECT_OK(content_write(c, "abc", 3, NULL, NULL, &err));
	EXPECT_OK(content_write(c, "hello", 5, NULL, NULL, &err));
	EXPECT_OK(content_walk(c, sum, &total, &err));
	EXPECT_INT((long long)total, 108);
	close_store(c, dir);
}

int suite_content(void)
{
	static const CU_TestInfo tests[] = {
		{ "digests are made and recognised", test_digest },
		{ "a digest by SHA-512", test_other_digest },
		{ "a blob is written, read and deleted", test_write_and_read },
		{ "a wrong digest or size leaves nothing", test_wrong_content },
		{ "an unfinished ingest is resumed, locked or gone", test_unfinished },
		{ "many blobs are verified, synced and named in steps", test_in_steps },
		{ "what a dead process left is swept", test_leftovers },
		{ "a full disk leaves nothing", test_disk_full },
		{ "walking sees every blob", test_walk },
		CU_TEST_INFO_NULL,
	};

	return suite_add("content", tests);
}
