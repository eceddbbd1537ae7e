/* range_test.c - RFC 9110, 14.1.2 and 14.2, and the specification's Content-Range. */
#include "range.h"
#include "suites.h"

static void downloads(void)
{
	static const struct {
		const char *header;
		uint64_t size;
		enum reg_range_answer answer;
		uint64_t first, count;
	} cases[] = {
		{ NULL, 10, REG_RANGE_WHOLE, 0, 0 },
		{ "bytes=0-0", 10, REG_RANGE_PART, 0, 1 },
		{ "bytes=0-9", 10, REG_RANGE_PART, 0, 10 },
		{ "bytes=3-", 10, REG_RANGE_PART, 3, 7 },
		{ "bytes=3-999999999999999999", 10, REG_RANGE_PART, 3, 7 },
		{ "bytes=-3", 10, REG_RANGE_PART, 7, 3 },
		{ "bytes=-30", 10, REG_RANGE_PART, 0, 10 },
		{ "bytes=10-", 10, REG_RANGE_UNSATISFIED, 0, 0 },
		{ "bytes=-0", 10, REG_RANGE_UNSATISFIED, 0, 0 },
		{ "bytes=0-", 0, REG_RANGE_UNSATISFIED, 0, 0 },
		{ "bytes=-1", 0, REG_RANGE_UNSATISFIED, 0, 0 },
		{ "bytes=5-3", 10, REG_RANGE_UNSATISFIED, 0, 0 }, /* conformance/run.go: "range 500-0" */
		{ "bytes=0-1,4-5", 10, REG_RANGE_WHOLE, 0, 0 },
		{ "bytes=", 10, REG_RANGE_WHOLE, 0, 0 },
		{ "bytes=+1-2", 10, REG_RANGE_WHOLE, 0, 0 },
		{ "bytes= 1-2", 10, REG_RANGE_WHOLE, 0, 0 },
		{ "bytes=18446744073709551616-", 10, REG_RANGE_WHOLE, 0, 0 },
		{ "items=1-2", 10, REG_RANGE_WHOLE, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reg_range r = { 0, 0 };

		CU_ASSERT_EQUAL(reg_range_parse(cases[i].header, cases[i].size, &r),
				cases[i].answer);
		if (cases[i].answer != REG_RANGE_PART)
			continue;
		CU_ASSERT_EQUAL(r.first, cases[i].first);
		CU_ASSERT_EQUAL(r.count, cases[i].count);
	}
}

static void chunks(void)
{
	static const char *const bad[] = { "",        "0",      "-",      "0-",     "-1",   "2-1",
					   "bytes 0-1", "0-1/5", " 0-1",   "0-1 ",   "+0-1", "0--1",
					   "0-18446744073709551615" };
	struct reg_range r;

	CU_ASSERT_TRUE(reg_chunk_parse("0-0", &r));
	CU_ASSERT_EQUAL(r.count, 1);
	CU_ASSERT_TRUE(reg_chunk_parse("100-1099", &r));
	CU_ASSERT_EQUAL(r.first, 100);
	CU_ASSERT_EQUAL(r.count, 1000);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_FALSE(reg_chunk_parse(bad[i], &r));
}

CU_TestInfo range_tests[] = {
	{ "Range of downloads", downloads },
	{ "Content-Range of chunks", chunks },
	CU_TEST_INFO_NULL,
};
