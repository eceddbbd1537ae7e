/* index_test.c - tags and manifests in one index.json. */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "errors.h"
#include "index.h"
#include "manifest.h"
#include "referrers.h"
#include "suites.h"

#define OCI "application/vnd.oci.image.manifest.v1+json"

static json_t *empty(void)
{
	struct err err;
	json_t *index = reg_index_load(test_store, "no/such", true, &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(index);
	return index;
}

static size_t entries(const json_t *index)
{
	return json_array_size(json_object_get(index, "manifests"));
}

static void a_tag_moves(void)
{
	AUTO_JSON json_t *index = empty();

	reg_index_put(index, "t", OCI, "sha256:1", 1);
	reg_index_put(index, "t", OCI, "sha256:2", 2);
	EQ_STR(jsonx_str(reg_index_tag(index, "t"), "digest", ""), "sha256:2");
	/* The one before stays, without a tag. */
	CU_ASSERT_PTR_NOT_NULL(reg_index_digest(index, "sha256:1"));
	CU_ASSERT_PTR_NULL(reg_index_tag_of(reg_index_digest(index, "sha256:1")));
	CU_ASSERT_EQUAL(entries(index), 2);
}

static void a_manifest_stands_once_per_tag(void)
{
	AUTO_JSON json_t *index = empty();

	reg_index_put(index, NULL, OCI, "sha256:1", 1);
	reg_index_put(index, NULL, OCI, "sha256:1", 1);
	CU_ASSERT_EQUAL(entries(index), 1);
	reg_index_put(index, "a", OCI, "sha256:1", 1);
	CU_ASSERT_EQUAL(entries(index), 1);
	reg_index_put(index, "b", OCI, "sha256:1", 1);
	CU_ASSERT_EQUAL(entries(index), 2);
	reg_index_put(index, "b", OCI, "sha256:1", 1);
	CU_ASSERT_EQUAL(entries(index), 2);
	CU_ASSERT_TRUE(reg_index_untag(index, "a"));
	CU_ASSERT_EQUAL(entries(index), 1);
	CU_ASSERT_TRUE(reg_index_untag(index, "b"));
	CU_ASSERT_EQUAL(entries(index), 1);
	CU_ASSERT_FALSE(reg_index_untag(index, "b"));
	CU_ASSERT_TRUE(reg_index_drop(index, "sha256:1"));
	CU_ASSERT_FALSE(reg_index_drop(index, "sha256:1"));
	CU_ASSERT_EQUAL(entries(index), 0);
}

static void tags_are_in_lexical_order(void)
{
	AUTO_JSON json_t *index = empty();
	AUTO_STRLIST struct strlist tags = STRLIST_INIT;

	reg_index_put(index, "b", OCI, "sha256:1", 1);
	reg_index_put(index, "A", OCI, "sha256:2", 1);
	reg_index_put(index, "a", OCI, "sha256:3", 1);
	reg_index_put(index, "10", OCI, "sha256:4", 1);
	reg_index_put(index, NULL, OCI, "sha256:5", 1);
	reg_index_tags(index, &tags);
	CU_ASSERT_EQUAL_FATAL(tags.n, 4);
	EQ_STR(tags.v[0], "10");
	EQ_STR(tags.v[1], "A");
	EQ_STR(tags.v[2], "a");
	EQ_STR(tags.v[3], "b");
}

/* The text of an image of one part, the config. */
static char *image(const char *config, size_t size, const char *extra)
{
	return xasprintf("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"c\",\"digest\":\"%s\","
			 "\"size\":%zu},\"layers\":[]%s}",
			 config, size, extra);
}

static int put(const char *name, const char *tag, const char *text, struct err *err)
{
	char digest[DIGEST_SIZE];
	struct reg_manifest m;
	int rc;

	digest_of(text, strlen(text), digest);
	if (reg_manifest_parse(text, strlen(text), OCI, &m, err))
		return -1;
	rc = reg_manifest_put(test_store, name, tag, text, strlen(text), &m, digest, err);
	reg_manifest_free(&m);
	return rc;
}

static void a_manifest_needs_its_parts(void)
{
	AUTO_FREE char *text = image(test_blob("parts/a", "{}"), 2, "");
	AUTO_FREE char *wrong = image(test_blob("parts/a", "{}"), 3, "");
	struct err err;

	CU_ASSERT_EQUAL(put("parts/b", "t", text, &err), -1);
	CU_ASSERT_TRUE(reg_refused(&err, REG_MANIFEST_BLOB_UNKNOWN));
	CU_ASSERT_EQUAL(reg_index_open(test_store, "parts/b", &err), -1);
	CU_ASSERT_EQUAL(put("parts/a", "t", wrong, &err), -1);
	CU_ASSERT_TRUE(reg_refused(&err, REG_MANIFEST_INVALID));
	CU_ASSERT_EQUAL(put("parts/a", "t", text, &err), 0);
	CU_ASSERT_EQUAL(close(reg_index_open(test_store, "parts/a", &err)), 0);
}

/* As large as it may be, in a repository that is: looking for each in all would take a minute. */
static void a_large_index_takes_no_time(void)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	AUTO_FREE char *child = image(test_blob("large", "{}"), 2, "");
	AUTO_JSON json_t *index = NULL;
	char digest[DIGEST_SIZE], last[DIGEST_SIZE];
	struct reg_manifest m;
	struct err err;
	clock_t start;

	CU_ASSERT_EQUAL_FATAL(put("large", "child", child, &err), 0);
	digest_of(child, strlen(child), last);
	index = reg_index_load(test_store, "large", false, &err);
	for (int i = 0; i < 20000; i++) {
		AUTO_FREE char *other = xasprintf("sha256:%064d", i);

		json_array_insert_new(json_object_get(index, "manifests"), 0,
				      json_pack("{s:s, s:s, s:i}", "mediaType", OCI, "digest", other, "size", 2));
	}
	CU_ASSERT_EQUAL_FATAL(reg_index_save(test_store, "large", index, &err), 0);
	strbuf_adds(&text, "{\"schemaVersion\":2,\"manifests\":[");
	for (int i = 0; i < 30000; i++)
		strbuf_addf(&text, "%s{\"mediaType\":\"" OCI "\",\"digest\":\"%s\",\"size\":%zu}", i ? "," : "",
			    last, strlen(child));
	strbuf_adds(&text, "]}");
	digest_of(text.data, text.len, digest);
	CU_ASSERT_EQUAL_FATAL(reg_manifest_parse(text.data, text.len,
			      "application/vnd.oci.image.index.v1+json", &m, &err), 0);
	start = clock();
	CU_ASSERT_EQUAL(reg_manifest_put(test_store, "large", NULL, text.data, text.len, &m, digest, &err), 0);
	CU_ASSERT_TRUE((clock() - start) / CLOCKS_PER_SEC < 10);
	reg_manifest_free(&m);
}

static void referrers_come_and_go(void)
{
	const char *config = test_blob("refs", "{}");
	AUTO_FREE char *subject = xasprintf(",\"subject\":{\"digest\":\"%s\"}", config);
	AUTO_FREE char *text = image(config, 2, subject);
	char digest[DIGEST_SIZE];
	struct err err;
	json_t *all, *none;

	digest_of(text, strlen(text), digest);
	CU_ASSERT_EQUAL_FATAL(put("refs", NULL, text, &err), 0);
	CU_ASSERT_EQUAL_FATAL(put("refs", "again", text, &err), 0);
	all = reg_referrers_load(test_store, "refs", config, "c", &err);
	none = reg_referrers_load(test_store, "refs", config, "d", &err);
	CU_ASSERT_EQUAL(entries(all), 1);
	CU_ASSERT_EQUAL(entries(none), 0);
	json_decref(all);
	json_decref(none);
	CU_ASSERT_EQUAL(reg_manifest_delete(test_store, "refs", digest, &err), 0);
	all = reg_referrers_load(test_store, "refs", config, NULL, &err);
	CU_ASSERT_EQUAL(entries(all), 0);
	json_decref(all);
}

#define WRITERS 4
#define EACH 25

static void *writer(void *arg)
{
	long failures = 0;

	for (int i = 0; i < EACH; i++) {
		AUTO_FREE char *tag = xasprintf("w%ld-%d", (long)arg, i);
		AUTO_FREE char *text = NULL;
		char digest[DIGEST_SIZE];
		struct err err;

		digest_of("{}", 2, digest);
		text = image(digest, 2, "");
		failures += put("busy", tag, text, &err) != 0;
	}
	return (void *)failures;
}

/* Each writer reads the index, adds its tag and replaces it: no tag may be lost. */
static void writers_do_not_lose_each_others_tags(void)
{
	AUTO_STRLIST struct strlist tags = STRLIST_INIT;
	pthread_t threads[WRITERS];
	struct err err;
	json_t *index;

	test_blob("busy", "{}");
	for (long i = 0; i < WRITERS; i++)
		pthread_create(&threads[i], NULL, writer, (void *)i);
	for (int i = 0; i < WRITERS; i++) {
		void *failures;

		pthread_join(threads[i], &failures);
		CU_ASSERT_PTR_NULL(failures);
	}
	index = reg_index_load(test_store, "busy", false, &err);
	reg_index_tags(index, &tags);
	CU_ASSERT_EQUAL(tags.n, WRITERS * EACH);
	json_decref(index);
}

CU_TestInfo index_tests[] = {
	{ "a tag moves", a_tag_moves },
	{ "a manifest stands once per tag", a_manifest_stands_once_per_tag },
	{ "tags are in lexical order", tags_are_in_lexical_order },
	{ "a manifest needs its parts", a_manifest_needs_its_parts },
	{ "a large index takes no time", a_large_index_takes_no_time },
	{ "referrers come and go", referrers_come_and_go },
	{ "writers do not lose each other's tags", writers_do_not_lose_each_others_tags },
	CU_TEST_INFO_NULL,
};
