/*
 * test_filter.c - the filters of lists; the words are those of containerd's own
 * (github.com/containerd/containerd, filters package's documentation).
 */
#include "filter.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "suites.h"

static struct err err;

static json_t *snapshots(void)
{
	return json_pack("[{s:s,s:s,s:s,s:{s:s,s:s}},{s:s,s:s,s:s,s:{}},{s:s,s:s,s:s,s:{s:s}}]",
			 "key", "a", "parent", "", "kind", "committed", "labels", "team", "x",
			 "containerd.io/gc.root", "now", "key", "b", "parent", "a", "kind", "active",
			 "labels", "key", "c/d", "parent", "a", "kind", "view", "labels", "team", "y z");
}

/* The keys that the filters (separated by blanks) let through. */
static void expect(const char *first, const char *second, const char *want)
{
	AUTO_JSON json_t *filters = json_array();
	AUTO_JSON json_t *got = NULL;
	AUTO_STRBUF struct strbuf keys = STRBUF_INIT;
	json_t *doc;
	size_t i;

	json_array_append_new(filters, json_string(first));
	if (second)
		json_array_append_new(filters, json_string(second));
	got = ctrd_filter_list(snapshots(), filters, &err);
	if (!got)
		EXPECT_OK(-1);
	json_array_foreach(got, i, doc)
		strbuf_addf(&keys, "%s ", jsonx_str(doc, "key", ""));
	EXPECT_STR(keys.data ? keys.data : "", want);
}

static void refuse(const char *filter)
{
	AUTO_JSON json_t *filters = json_pack("[s]", filter);
	AUTO_JSON json_t *got = ctrd_filter_list(snapshots(), filters, &err);

	CU_ASSERT_PTR_NULL(got);
	EXPECT_INT(err.kind, ERR_INVALID);
}

static void test_match(void)
{
	expect("kind==committed", NULL, "a ");
	expect("name==b", NULL, "b ");
	expect("kind!=active", NULL, "a c/d ");
	expect("parent==a,kind==view", NULL, "c/d ");
	expect("kind==active", "kind==view", "b c/d ");
	expect("labels.team", NULL, "a c/d ");
	expect("labels.\"containerd.io/gc.root\"==now", NULL, "a ");
	expect("labels.team==\"y z\"", NULL, "c/d ");
	expect("name~=^[ab]$", NULL, "a b ");
	expect("name~=\"d$\"", NULL, "c/d ");
	expect("none.such==x", NULL, "");
}

static void test_refused(void)
{
	refuse("");
	refuse("kind=committed");
	refuse("kind==");
	refuse("kind==a,");
	refuse("labels.\"open");
	refuse("name~=([");
	refuse("== x");
}

int suite_filter(void)
{
	static const CU_TestInfo tests[] = {
		{ "what a filter lets through", test_match },
		{ "malformed filters are refused", test_refused },
		CU_TEST_INFO_NULL,
	};

	return suite_add("filter", tests);
}
