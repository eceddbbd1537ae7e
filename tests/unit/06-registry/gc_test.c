/* gc_test.c - what the garbage collector takes, and what it must not. */
#include "gc.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "errors.h"
#include "index.h"
#include "manifest.h"
#include "names.h"
#include "suites.h"
#include "uploads.h"

#define OCI "application/vnd.oci.image.manifest.v1+json"
#define INDEX "application/vnd.oci.image.index.v1+json"
#define DAY (24 * 3600)

static const struct reg_gc_options now = { .grace = 0 }, day = { .grace = DAY },
	untagged = { .untagged = true }, dry = { .dry_run = true, .untagged = true };

/* A descriptor of the text, which becomes a blob; the caller frees. */
static char *part(const char *name, const char *type, const char *text)
{
	return xasprintf("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}", type,
			 test_blob(name, text), strlen(text));
}

/* Put the manifest; its digest, which the caller frees. */
static char *put(const char *name, const char *tag, const char *text)
{
	char digest[DIGEST_SIZE];
	struct reg_manifest m;
	struct err err;
	int rc;

	digest_of(text, strlen(text), digest);
	CU_ASSERT_EQUAL_FATAL(reg_manifest_parse(text, strlen(text), NULL, &m, &err), 0);
	rc = reg_manifest_put(test_store, name, tag, text, strlen(text), &m, digest, &err);
	if (rc)
		fprintf(stderr, "put: %s\n", err.msg);
	CU_ASSERT_EQUAL(rc, 0);
	reg_manifest_free(&m);
	return xstrdup(digest);
}

/* An image with one layer, of the given text. `more`: further members. */
static char *put_image(const char *name, const char *tag, const char *layer, const char *more)
{
	AUTO_FREE char *config = part(name, "application/vnd.oci.image.config.v1+json", "{}");
	AUTO_FREE char *d = part(name, "application/x-tar", layer);
	AUTO_FREE char *text = xasprintf("{\"schemaVersion\":2,\"mediaType\":\"" OCI "\",\"config\":%s,"
					 "\"layers\":[%s]%s}", config, d, more);

	return put(name, tag, text);
}

static bool has(const char *name, const char *text)
{
	char digest[DIGEST_SIZE];

	digest_of(text, strlen(text), digest);
	return reg_blob_has(test_store, name, digest, NULL);
}

static bool on_disk(const char *text)
{
	char digest[DIGEST_SIZE];

	digest_of(text, strlen(text), digest);
	return content_has(test_store->content, digest, NULL);
}

/* What it said; the caller frees. */
static char *collect(const struct reg_gc_options *o, int expected)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	struct err err = { 0 };

	CU_ASSERT_EQUAL(reg_gc(test_store, o, out, &err), expected);
	if (err.kind && !expected)
		fprintf(stderr, "gc: %s\n", err.msg);
	fclose(out);
	return text;
}

static void gc(const struct reg_gc_options *o)
{
	free(collect(o, 0));
}

static void what_a_manifest_needs_stays(void)
{
	AUTO_FREE char *image = put_image("stay/a", "v1", "a layer", "");
	struct err err;

	test_blob("stay/a", "of no manifest");
	test_blob("stay/blobs-only", "of no manifest");
	gc(&now);
	CU_ASSERT_TRUE(has("stay/a", "a layer"));
	CU_ASSERT_TRUE(has("stay/a", "{}"));
	CU_ASSERT_FALSE(has("stay/a", "of no manifest"));
	CU_ASSERT_FALSE(has("stay/blobs-only", "of no manifest"));
	CU_ASSERT_FALSE(on_disk("of no manifest"));
	CU_ASSERT_EQUAL(reg_manifest_delete(test_store, "stay/a", image, &err), 0);
	CU_ASSERT_TRUE(has("stay/a", "a layer")); /* deleting takes the manifest alone */
	gc(&now);
	CU_ASSERT_FALSE(on_disk("a layer"));
}

static void a_layer_of_two_images_stays_for_the_other(void)
{
	AUTO_FREE char *one = put_image("two/a", "one", "of two", "");
	AUTO_FREE char *other = put_image("two/a", "other", "of two", ",\"annotations\":{}");
	AUTO_FREE char *elsewhere = put_image("two/b", "v1", "of two", "");
	struct err err;

	CU_ASSERT_EQUAL(reg_manifest_delete(test_store, "two/a", one, &err), 0);
	gc(&now);
	CU_ASSERT_TRUE(has("two/a", "of two"));
	CU_ASSERT_EQUAL(reg_manifest_delete(test_store, "two/a", other, &err), 0);
	gc(&now);
	CU_ASSERT_FALSE(has("two/a", "of two"));
	CU_ASSERT_TRUE(has("two/b", "of two"));
	CU_ASSERT_TRUE(on_disk("of two"));
}

/* Make the blob as old as an hour. */
static void age(const char *name, const char *digest)
{
	const struct timespec times[] = { { .tv_sec = time(NULL) - 3600 }, { .tv_nsec = UTIME_OMIT } };
	AUTO_FREE char *path = xasprintf("%s/repositories/%s/blobs/sha256/%s", test_root, name,
					 strchr(digest, ':') + 1);

	CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void what_somebody_wants_is_spared(void)
{
	const struct reg_gc_options half = { .grace = 1800 };
	struct err err;
	uint64_t size;
	int fd;

	test_blob("wanted/a", "fresh");
	gc(&day);
	CU_ASSERT_TRUE(has("wanted/a", "fresh"));

	age("wanted/a", test_blob("wanted/a", "asked for"));
	fd = reg_blob_claim(test_store, "wanted/a", test_blob("elsewhere", "asked for"), &size, &err);
	CU_ASSERT(fd >= 0);
	close(fd);
	age("wanted/a", test_blob("wanted/a", "pushed again"));
	test_blob("wanted/a", "pushed again");
	age("wanted/a", test_blob("wanted/a", "mounted"));
	CU_ASSERT_EQUAL(reg_blob_mount(test_store, "wanted/a", "wanted/b",
				       test_blob("elsewhere", "mounted"), &err), 0);
	age("wanted/a", test_blob("wanted/a", "forgotten"));
	gc(&half);
	CU_ASSERT_TRUE(has("wanted/a", "asked for"));
	CU_ASSERT_TRUE(has("wanted/a", "pushed again"));
	CU_ASSERT_TRUE(has("wanted/b", "mounted"));
	CU_ASSERT_FALSE(has("wanted/a", "forgotten"));
}

static void an_upload_under_way_is_not_touched(void)
{
	struct reg_uploads *uploads = reg_uploads_new(test_store);
	char uuid[REG_UUID_SIZE], digest[DIGEST_SIZE];
	struct reg_upload *up;
	struct err err;

	CU_ASSERT_EQUAL_FATAL(reg_upload_begin(uploads, "upload", uuid, &err), 0);
	up = reg_upload_take(uploads, "upload", uuid, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(up);
	CU_ASSERT_EQUAL(reg_upload_write(up, "half a", 6, &err), 0);
	gc(&now);
	CU_ASSERT_EQUAL(reg_upload_write(up, " blob", 5, &err), 0);
	digest_of("half a blob", 11, digest);
	CU_ASSERT_EQUAL(reg_upload_finish(uploads, up, digest, &err), 0);
	CU_ASSERT_TRUE(has("upload", "half a blob"));
	reg_uploads_free(uploads);
}

static bool has_manifest(const char *name, const char *digest)
{
	struct err err;
	AUTO_JSON json_t *index = reg_index_load(test_store, name, true, &err);

	return reg_index_digest(index, digest) && reg_blob_has(test_store, name, digest, NULL);
}

#define CHAIN 1500

/* Put under the repository without a sync; it gets the subject's digest, and leaves its own. */
static json_t *link_of_chain(const char *blobs, const char *note, char digest[DIGEST_SIZE])
{
	AUTO_FREE char *text = xasprintf(
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":2},"
		"\"layers\":[],\"subject\":{\"digest\":\"%s\"}}", note, digest, digest);
	AUTO_FREE char *path = NULL;
	struct err err;

	digest_of(text, strlen(text), digest);
	path = reg_path_of_digest(blobs, digest);
	CU_ASSERT_EQUAL(file_write_volatile(AT_FDCWD, path, text, strlen(text), 0644, &err), 0);
	return json_pack("{s:s, s:s, s:i}", "mediaType", OCI, "digest", digest, "size", (int)strlen(text));
}

/* Each signs the one before, and stands before it in the list or behind it: no manifest is read
 * again for each of the others. */
static void a_long_chain_of_signatures(void)
{
	AUTO_FREE char *image = put_image("chain", "v1", "a layer", "");
	AUTO_FREE char *repo = reg_repo_path(test_store, "chain");
	AUTO_FREE char *blobs = xasprintf("%s/blobs", repo);
	AUTO_JSON json_t *after = NULL;
	char digest[DIGEST_SIZE];
	struct err err;

	for (int backwards = 0; backwards < 2; backwards++) {
		AUTO_JSON json_t *index = reg_index_load(test_store, "chain", false, &err);
		json_t *list = json_object_get(index, "manifests");
		clock_t start;

		strcpy(digest, image);
		for (int i = 0; i < CHAIN; i++)
			json_array_insert_new(list, backwards ? 0 : json_array_size(list),
					      link_of_chain(blobs, backwards ? "b" : "f", digest));
		CU_ASSERT_EQUAL_FATAL(reg_index_save(test_store, "chain", index, &err), 0);
		start = clock();
		gc(&untagged);
		CU_ASSERT_TRUE((clock() - start) / CLOCKS_PER_SEC < 10);
	}
	after = reg_index_load(test_store, "chain", false, &err);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(after, "manifests")), 2 * CHAIN + 1);
}

/* latest ─▶ index ─▶ child;  signature ─▶ index (its subject);  old: had a tag once. */
static void manifests_without_a_tag(void)
{
	AUTO_FREE char *old = put_image("tags", "latest", "old layer", "");
	AUTO_FREE char *child = put_image("tags", NULL, "child layer", "");
	AUTO_FREE char *child_text = NULL, *text = NULL, *index = NULL, *subject = NULL;
	AUTO_FREE char *signature = NULL, *second = NULL;
	struct err err;
	size_t n = 0;

	child_text = reg_blob_read(test_store, "tags", child, &n, &err);
	text = xasprintf("{\"schemaVersion\":2,\"mediaType\":\"" INDEX "\",\"manifests\":[{\"mediaType\":"
			 "\"" OCI "\",\"digest\":\"%s\",\"size\":%zu}]}", child, n);
	index = put("tags", "latest", text);
	subject = xasprintf(",\"subject\":{\"mediaType\":\"" INDEX "\",\"digest\":\"%s\",\"size\":%zu}",
			    index, strlen(text));
	signature = put_image("tags", NULL, "signature layer", subject);
	free(subject);
	subject = xasprintf(",\"subject\":{\"mediaType\":\"" OCI "\",\"digest\":\"%s\",\"size\":1}",
			    signature);
	second = put_image("tags", NULL, "signature of the signature", subject);
	gc(&now);
	CU_ASSERT_TRUE(has_manifest("tags", old));
	free(collect(&dry, 0));
	CU_ASSERT_TRUE(has_manifest("tags", old));
	CU_ASSERT_TRUE(has("tags", "old layer"));
	gc(&untagged);
	CU_ASSERT_FALSE(has_manifest("tags", old));
	CU_ASSERT_FALSE(on_disk("old layer"));
	CU_ASSERT_TRUE(has_manifest("tags", child));
	CU_ASSERT_TRUE(has("tags", "child layer"));
	CU_ASSERT_TRUE(has_manifest("tags", signature));
	CU_ASSERT_TRUE(has_manifest("tags", second));
	CU_ASSERT_TRUE(has("tags", "signature of the signature"));
}

static void a_dry_run_says_what_would_be_freed(void)
{
	AUTO_FREE char *before = collect(&untagged, 0); /* what others left */
	AUTO_FREE char *dry_text = NULL;

	test_blob("dry/a", "ten bytes.");
	test_blob("dry/b", "ten bytes.");
	dry_text = collect(&dry, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(dry_text, "would remove 0 manifests and 2 blobs, 10 bytes freed"));
	CU_ASSERT_TRUE(has("dry/a", "ten bytes."));
	free(dry_text);
	dry_text = collect(&now, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(dry_text, "removed 0 manifests and 2 blobs, 10 bytes freed"));
	CU_ASSERT_FALSE(on_disk("ten bytes."));
}

static void a_repository_that_cannot_be_read_is_left(void)
{
	AUTO_FREE char *image = put_image("broken", "v1", "layer of a broken one", "");
	AUTO_FREE char *path = xasprintf("%s/repositories/broken/blobs/sha256/%s", test_root, image + 7);
	AUTO_FREE char *said = NULL;
	struct err err;

	test_blob("whole", "garbage of a whole one");
	CU_ASSERT_EQUAL(file_write_atomic(AT_FDCWD, path, "rubbish", 7, 0644, &err), 0);
	said = collect(&now, -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "broken  left as it is"));
	CU_ASSERT_TRUE(has("broken", "layer of a broken one"));
	CU_ASSERT_FALSE(has("whole", "garbage of a whole one"));
}

static _Atomic bool done;

static void *collect_on(void *arg)
{
	const struct reg_gc_options minute = { .grace = 60 };

	(void)arg;
	while (!done)
		free(collect(&minute, 0));
	return NULL;
}

/* Deleting and pushing the same layers again, while it collects: nothing acknowledged goes. */
static void pushes_go_on_meanwhile(void)
{
	pthread_t thread;
	struct err err;

	done = false;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, collect_on, NULL), 0);
	for (int i = 0; i < 60; i++) {
		char layer[2] = { (char)('a' + i % 3), '\0' };
		AUTO_FREE char *last = put_image("busy", layer, layer, "");
		CU_ASSERT_TRUE(has("busy", layer) && has("busy", "{}"));
		CU_ASSERT_TRUE(has_manifest("busy", last));
		if (i < 57) {
			CU_ASSERT_EQUAL(reg_manifest_delete(test_store, "busy", last, &err), 0);
			age("busy", test_blob("busy", layer)); /* its layer is garbage now */
		}
	}
	done = true;
	pthread_join(thread, NULL);
	gc(&now);
	CU_ASSERT_TRUE(has("busy", "a") && has("busy", "b") && has("busy", "c") && has("busy", "{}"));
}

CU_TestInfo gc_tests[] = {
	{ "what a manifest needs stays", what_a_manifest_needs_stays },
	{ "a layer of two images stays for the other", a_layer_of_two_images_stays_for_the_other },
	{ "what somebody wants is spared", what_somebody_wants_is_spared },
	{ "an upload under way is not touched", an_upload_under_way_is_not_touched },
	{ "manifests without a tag", manifests_without_a_tag },
	{ "a long chain of signatures", a_long_chain_of_signatures },
	{ "a dry run says what would be freed", a_dry_run_says_what_would_be_freed },
	{ "pushes go on meanwhile", pushes_go_on_meanwhile },
	{ "a repository that cannot be read is left", a_repository_that_cannot_be_read_is_left },
	CU_TEST_INFO_NULL,
};
