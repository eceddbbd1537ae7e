/* seed_test.c - image layouts, good and bad, into the store. */
#include "seed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "index.h"
#include "suites.h"

#define OCI "application/vnd.oci.image.manifest.v1+json"
#define INDEX "application/vnd.oci.image.index.v1+json"

/* Write a blob into the layout; its descriptor, which the caller frees. */
static char *put(const char *layout, const char *type, const char *text, const char *more)
{
	char digest[DIGEST_SIZE];
	AUTO_FREE char *path = NULL;
	struct err err;

	digest_of(text, strlen(text), digest);
	path = xasprintf("%s/blobs/sha256/%s", layout, digest + 7);
	CU_ASSERT_EQUAL(file_write_atomic(AT_FDCWD, path, text, strlen(text), 0644, &err), 0);
	return xasprintf("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu%s}", type, digest,
			 strlen(text), more);
}

/* A layout of one index, of one image, tagged "v1" (and `depth` more indexes around it). */
static char *make_layout(const char *name, int depth)
{
	char *layout = xasprintf("%s/%s", test_root, name);
	AUTO_FREE char *blobs = xasprintf("%s/blobs/sha256", layout);
	AUTO_FREE char *index = xasprintf("%s/index.json", layout);
	AUTO_FREE char *config = NULL, *text = NULL, *d = NULL;
	struct err err;

	CU_ASSERT_EQUAL_FATAL(file_mkdir_p(blobs, 0755, &err), 0);
	config = put(layout, "c", "{}", "");
	text = xasprintf("{\"schemaVersion\":2,\"config\":%s,\"layers\":[]}", config);
	d = put(layout, OCI, text, "");
	while (depth-- > 0) {
		free(text);
		text = xasprintf("{\"schemaVersion\":2,\"mediaType\":\"" INDEX "\",\"manifests\":[%s]}", d);
		free(d);
		d = put(layout, INDEX, text,
			depth ? "" : ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"v1\"}");
	}
	free(text);
	text = xasprintf("{\"schemaVersion\":2,\"manifests\":[%s]}", d);
	CU_ASSERT_EQUAL_FATAL(file_write_atomic(AT_FDCWD, index, text, strlen(text), 0644, &err), 0);
	return layout;
}

static int seed(const char *layout, const char *target, struct err *err)
{
	FILE *out = fopen("/dev/null", "w");
	int rc = reg_seed(test_store, layout, target, out, err);

	fclose(out);
	if (rc)
		printf("(%s) ", err->msg);
	return rc;
}

static bool has_tag(const char *name, const char *tag)
{
	struct err err;
	AUTO_JSON json_t *index = reg_index_load(test_store, name, true, &err);

	return reg_index_tag(index, tag) != NULL;
}

static void an_index_is_walked(void)
{
	AUTO_FREE char *layout = make_layout("good", 1);
	AUTO_FREE char *by_ref = xasprintf("%s:v1", layout);
	AUTO_FREE char *no_ref = xasprintf("%s:v2", layout);
	struct err err = { 0 };

	CU_ASSERT_EQUAL(seed(layout, "seeded/a", &err), 0);
	CU_ASSERT_TRUE(has_tag("seeded/a", "latest"));
	CU_ASSERT_EQUAL(seed(by_ref, "seeded/a:x", &err), 0);
	CU_ASSERT_TRUE(has_tag("seeded/a", "x"));
	CU_ASSERT_TRUE(has_tag("seeded/a", "latest"));
	CU_ASSERT_EQUAL(seed(no_ref, "seeded/a:y", &err), -1);
	CU_ASSERT_EQUAL(err.kind, ERR_NOT_FOUND);
	CU_ASSERT_FALSE(has_tag("seeded/a", "y"));
}

static void a_lie_is_not_seeded(void)
{
	AUTO_FREE char *layout = make_layout("lie", 1);
	AUTO_FREE char *config = xasprintf("%s/blobs/sha256/44136fa355b3678a1146ad16f7e8649e94fb4fc2"
					   "1fe77e8310c060f61caaff8a", layout); /* of "{}" */
	struct err err;

	CU_ASSERT_EQUAL_FATAL(access(config, F_OK), 0);
	CU_ASSERT_EQUAL(file_write_atomic(AT_FDCWD, config, "[]", 2, 0644, &err), 0);
	CU_ASSERT_EQUAL(seed(layout, "seeded/lie", &err), -1);
	CU_ASSERT_EQUAL(err.kind, ERR_INVALID);
	CU_ASSERT_EQUAL(reg_index_open(test_store, "seeded/lie", &err), -1);
}

static void indexes_are_not_nested_for_ever(void)
{
	AUTO_FREE char *deep = make_layout("deep", 7);
	AUTO_FREE char *deeper = make_layout("deeper", 8);
	struct err err;

	CU_ASSERT_EQUAL(seed(deep, "seeded/deep", &err), 0);
	CU_ASSERT_EQUAL(seed(deeper, "seeded/deeper", &err), -1);
	CU_ASSERT_EQUAL(err.kind, ERR_INVALID);
}

CU_TestInfo seed_tests[] = {
	{ "an index is walked", an_index_is_walked },
	{ "a lie is not seeded", a_lie_is_not_seeded },
	{ "indexes are not nested for ever", indexes_are_not_nested_for_ever },
	CU_TEST_INFO_NULL,
};
