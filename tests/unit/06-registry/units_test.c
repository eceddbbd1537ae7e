/* units_test.c - sizes and times of a command line. */
#include "units.h"

#include "suites.h"

static void sizes(void)
{
	struct err err;
	uint64_t n;

	CU_ASSERT(!reg_size_parse("1000", &n, &err) && n == 1000);
	CU_ASSERT(!reg_size_parse("512M", &n, &err) && n == 512ull << 20);
	CU_ASSERT(!reg_size_parse("20g", &n, &err) && n == 20ull << 30);
	for (const char *const *bad = (const char *const[]){ "", "0", "G", "-1", "1X", "1GB", " 1",
							     "99999999T", "18446744073709551616", NULL };
	     *bad; bad++) {
		CU_ASSERT_EQUAL(reg_size_parse(*bad, &n, &err), -1);
		CU_ASSERT_EQUAL(err.kind, ERR_INVALID);
	}
}

static void times(void)
{
	struct err err;
	uint64_t n;

	CU_ASSERT(!reg_seconds_parse("0", &n, &err) && n == 0);
	CU_ASSERT(!reg_seconds_parse("90s", &n, &err) && n == 90);
	CU_ASSERT(!reg_seconds_parse("24h", &n, &err) && n == 24 * 3600);
	CU_ASSERT(!reg_seconds_parse("7d", &n, &err) && n == 7 * 24 * 3600);
	/* A number alone: of what? */
	for (const char *const *bad = (const char *const[]){ "", "5", "h", "-1h", "1y", "1h30m",
							     "9999999999999h", NULL };
	     *bad; bad++) {
		CU_ASSERT_EQUAL(reg_seconds_parse(*bad, &n, &err), -1);
		CU_ASSERT_EQUAL(err.kind, ERR_INVALID);
	}
}

CU_TestInfo units_tests[] = {
	{ "sizes", sizes },
	{ "times", times },
	CU_TEST_INFO_NULL,
};
