/* names_test.c - the grammars of the specification, and names on disk. */
#include <string.h>

#include "01-kernel/base/strbuf.h"
#include "names.h"
#include "suites.h"

static void names_follow_the_grammar(void)
{
	static const char *const good[] = { "a",       "0",       "library/nginx", "a.b",
					    "a_b",     "a__b",    "a-b",           "a---b",
					    "a/b/c/d", "a1.b2_c", "blobs",         "x/index.json" };
	static const char *const bad[] = { "",    "A",     "a/",    "/a",    "a//b", ".",
					   "..",  "a/..",  "../a",  "a..b",  "a.",   ".a",
					   "_a",  "a_",    "a___b", "-a",    "a-",   "a._b",
					   "a b", "a\nb",  "a:b",   "a@b",   "a%b",  "a\\b",
					   "_referrers", "a/_uploads", "\xc3\xa4" };
	char longest[REG_NAME_MAX + 2];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CU_ASSERT_TRUE(reg_name_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_FALSE(reg_name_valid(bad[i]));
	memset(longest, 'a', sizeof(longest));
	longest[REG_NAME_MAX + 1] = '\0';
	CU_ASSERT_FALSE(reg_name_valid(longest));
	longest[REG_NAME_MAX] = '\0';
	CU_ASSERT_TRUE(reg_name_valid(longest));
}

static void tags_follow_the_grammar(void)
{
	char longest[REG_TAG_MAX + 2];

	CU_ASSERT_TRUE(reg_tag_valid("latest"));
	CU_ASSERT_TRUE(reg_tag_valid("_X.y-1"));
	CU_ASSERT_TRUE(reg_tag_valid("1.2.3"));
	CU_ASSERT_FALSE(reg_tag_valid(""));
	CU_ASSERT_FALSE(reg_tag_valid(".a"));
	CU_ASSERT_FALSE(reg_tag_valid("-a"));
	CU_ASSERT_FALSE(reg_tag_valid("a/b"));
	CU_ASSERT_FALSE(reg_tag_valid("a:b"));
	memset(longest, 'a', sizeof(longest));
	longest[REG_TAG_MAX + 1] = '\0';
	CU_ASSERT_FALSE(reg_tag_valid(longest));
	longest[REG_TAG_MAX] = '\0';
	CU_ASSERT_TRUE(reg_tag_valid(longest));
}

/* RFC 9562, 5.4: the version is 4, the variant 10xx. */
static void uuids_are_version_4(void)
{
	char a[REG_UUID_SIZE], b[REG_UUID_SIZE];

	reg_uuid_new(a);
	reg_uuid_new(b);
	CU_ASSERT_TRUE(reg_uuid_valid(a));
	CU_ASSERT_EQUAL(a[14], '4');
	CU_ASSERT_PTR_NOT_NULL(strchr("89ab", a[19]));
	CU_ASSERT_STRING_NOT_EQUAL(a, b);
	CU_ASSERT_FALSE(reg_uuid_valid("../../../../../../../../etc/passwd__"));
	CU_ASSERT_FALSE(reg_uuid_valid(""));
}

/* No repository's directory may be what a layout keeps in its parent's. */
static void directories_do_not_collide(void)
{
	static const char *const pairs[][2] = {
		{ "library/nginx", "library/nginx" },
		{ "a/blobs", "a/blobs_" },
		{ "blobs/x", "blobs_/x" },
		{ "a/index.json/oci-layout", "a/index.json_/oci-layout_" },
		{ "a/blobs2", "a/blobs2" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		AUTO_FREE char *dir = reg_dir_of_name(pairs[i][0]);
		AUTO_FREE char *name = reg_name_of_dir(pairs[i][1]);

		EQ_STR(dir, pairs[i][1]);
		EQ_STR(name, pairs[i][0]);
	}
	CU_ASSERT_PTR_NULL(reg_name_of_dir("a/blobs"));
	CU_ASSERT_PTR_NULL(reg_name_of_dir("a/blobs/sha256"));
	CU_ASSERT_PTR_NULL(reg_name_of_dir("a/_referrers"));
	CU_ASSERT_PTR_NULL(reg_name_of_dir("a/nginx_"));
}

CU_TestInfo names_tests[] = {
	{ "names follow the grammar", names_follow_the_grammar },
	{ "tags follow the grammar", tags_follow_the_grammar },
	{ "uuids are version 4", uuids_are_version_4 },
	{ "directories do not collide", directories_do_not_collide },
	CU_TEST_INFO_NULL,
};
