/*
 * test_units.c - sizes, CPUs, durations, moments: values that the real client
 * was seen to send for the same text.
 */
#include "human.h"
#include "suites.h"
#include "units.h"

typedef int parser(const char *text, int64_t *out, struct err *err);

struct sample {
	const char *text;
	int64_t value;
};

static void good(parser *parse, const struct sample *s)
{
	for (; s->text; s++) {
		int64_t value = 0;
		struct err err = { 0 };
		EXPECT_INT(parse(s->text, &value, &err), 0);
		EXPECT_INT(value, s->value);
	}
}

static void bad(parser *parse, const char *const (*samples)[2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t value;
		struct err err = { 0 };
		EXPECT_INT(parse(samples[i][0], &value, &err), -1);
		EXPECT_STR(err.msg, samples[i][1]);
		EXPECT_INT(err.kind, ERR_INVALID);
	}
}

static void bytes(void)
{
	static const struct sample samples[] = {
		{ "1KiB", 1024 }, { "1.5g", 1610612736 }, { "10m", 10485760 }, { "1tb", 1099511627776 },
		{ "1 m", 1048576 }, { ".5g", 536870912 }, { "1e3", 1000 }, { "5.", 5 }, { "64MB", 67108864 },
		{ "1024kib", 1048576 }, { "1b", 1 }, { "0", 0 }, { NULL, 0 },
	};
	static const char *const wrong[][2] = {
		{ "abc", "invalid size: 'abc'" }, { "-1", "invalid size: '-1'" }, { "", "invalid size: ''" },
		{ "1x", "invalid suffix: 'x'" }, { "1mm", "invalid suffix: 'mm'" }, { ".", "invalid size: '.'" },
		{ "99999999p", "invalid size: '99999999p'" }, { "nan", "invalid size: 'nan'" },
	};

	good(cli_parse_bytes, samples);
	bad(cli_parse_bytes, wrong, sizeof wrong / sizeof *wrong);
}

static void cpus(void)
{
	static const struct sample samples[] = {
		{ "0.5", 500000000 }, { ".5", 500000000 }, { "2.", 2000000000 }, { "1e-3", 1000000 },
		{ "1/4", 250000000 }, { "-1", -1000000000 }, { "3", 3000000000 }, { "0.000000001", 1 }, { NULL, 0 },
	};
	static const char *const wrong[][2] = {
		{ "abc", "failed to parse abc as a rational number" }, { "", "failed to parse  as a rational number" },
		{ "1/0", "failed to parse 1/0 as a rational number" }, { "1/3", "value is too precise" },
		{ "1.0000000001", "value is too precise" },
	};

	good(cli_parse_cpus, samples);
	bad(cli_parse_cpus, wrong, sizeof wrong / sizeof *wrong);
}

static void durations(void)
{
	static const struct sample samples[] = {
		{ "1s", 1000000000 }, { "1m30s", 90000000000 }, { "1.5h", 5400000000000 }, { ".5s", 500000000 },
		{ "1h2m3s4ms5us6ns", 3723004005006 }, { "0", 0 }, { "100ms", 100000000 }, { "1µs", 1000 },
		{ "-5s", -5000000000 }, { NULL, 0 },
	};
	static const char *const wrong[][2] = {
		{ "10", "time: missing unit in duration \"10\"" }, { "", "time: invalid duration \"\"" },
		{ "1x", "time: unknown unit \"x\" in duration \"1x\"" }, { "s", "time: invalid duration \"s\"" },
		{ "9999999999h", "time: invalid duration \"9999999999h\"" },
	};

	good(cli_parse_duration, samples);
	bad(cli_parse_duration, wrong, sizeof wrong / sizeof *wrong);
}

static void integers(void)
{
	static const struct sample samples[] = { { "-1", -1 }, { "0x10", 16 }, { "010", 8 }, { "0b11", 3 },
						 { "+7", 7 }, { "0", 0 }, { NULL, 0 } };
	static const char *const wrong[][2] = {
		{ "", "strconv.ParseInt: parsing \"\": invalid syntax" },
		{ "1k", "strconv.ParseInt: parsing \"1k\": invalid syntax" },
		{ " 1", "strconv.ParseInt: parsing \" 1\": invalid syntax" },
		{ "99999999999999999999", "strconv.ParseInt: parsing \"99999999999999999999\": value out of range" },
	};

	good(cli_parse_int, samples);
	bad(cli_parse_int, wrong, sizeof wrong / sizeof *wrong);
}

static void moments(void)
{
	static const char *const samples[][2] = {
		{ "1600000000", "1600000000.000000000" }, { "1600000000.5", "1600000000.500000000" },
		{ "2020-01-01T10:00:00.123Z", "1577872800.123000000" },
		{ "2020-01-01T10:00:00+02:00", "1577865600.000000000" }, { "2020-01-01", "1577836800.000000000" },
		{ "2020-01-01T10:30", "1577874600.000000000" }, { "90s", "910.250000000" },
		{ "500ms", "999.750000000" }, { "0s", "1000.250000000" },
	};
	static const char *const wrong[] = { "xx", "2020-13-01", "2020-01-01Q", "2020-01-01T10:00:00+2" };
	struct timespec now = { 1000, 250000000 };
	char out[40];
	struct err err;

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		EXPECT_INT(cli_parse_moment(samples[i][0], &now, out, &err), 0);
		EXPECT_STR(out, samples[i][1]);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		EXPECT_INT(cli_parse_moment(wrong[i], &now, out, &err), -1);
	EXPECT_INT(cli_parse_moment("xx", &now, out, &err), -1);
	EXPECT_STR(err.msg, "failed to parse value as time or duration: \"xx\"");
}

int suite_units(void)
{
	static const CU_TestInfo tests[] = {
		{ "sizes", bytes }, { "CPUs", cpus }, { "durations", durations },
		{ "integers", integers }, { "moments", moments }, CU_TEST_INFO_NULL,
	};

	return suite_add("units", tests);
}

/* ---- the way back -------------------------------------------------------- */

static void ago(void)
{
	/* go-units' own test gives these borders */
	enum { S = 1, M = 60, H = 3600, D = 24 * H };
	static const struct {
		long long seconds;
		const char *text;
	} samples[] = {
		{ 0, "Less than a second" }, { 1, "1 second" }, { 45, "45 seconds" }, { 59, "59 seconds" },
		{ M, "About a minute" }, { M + 59, "About a minute" }, { 3 * M, "3 minutes" }, { 35 * M + 40, "35 minutes" },
		{ 45 * M, "45 minutes" }, { 59 * M + 59, "59 minutes" }, { H, "About an hour" }, { H + 29 * M, "About an hour" },
		{ H + 31 * M, "2 hours" }, { 40 * H, "40 hours" }, { 48 * H, "2 days" }, { 6 * D, "6 days" },
		{ 13 * D, "13 days" }, { 14 * D, "2 weeks" }, { 35 * D, "5 weeks" }, { 59 * D, "8 weeks" },
		{ 60 * D, "2 months" }, { 729LL * D, "24 months" }, { 730LL * D, "2 years" }, { 1500LL * D, "4 years" },
	};
	char out[CLI_HUMAN_SIZE];

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
		EXPECT_STR(cli_human_duration(samples[i].seconds, out), samples[i].text);
}

static void sizes(void)
{
	char out[CLI_HUMAN_SIZE];

	EXPECT_STR(cli_human_size(0, 3, out), "0B");
	EXPECT_STR(cli_human_size(999, 3, out), "999B");
	EXPECT_STR(cli_human_size(1000, 3, out), "1kB");
	EXPECT_STR(cli_human_size(1982034, 3, out), "1.98MB");
	EXPECT_STR(cli_human_size(1982034, 4, out), "1.982MB");
	EXPECT_STR(cli_human_size(11800000, 3, out), "11.8MB");
	EXPECT_STR(cli_human_size(3.5e12, 3, out), "3.5TB");
	EXPECT_STR(cli_human_binary(25276063744.0, out), "23.54GiB");
	EXPECT_STR(cli_human_binary(1023, out), "1023B");
	EXPECT_STR(cli_human_time(1704067200, out), "2024-01-01 00:00:00 +0000 UTC");
}

int suite_human(void)
{
	static const CU_TestInfo tests[] = {
		{ "durations in words", ago }, { "sizes and times", sizes }, CU_TEST_INFO_NULL,
	};

	return suite_add("human", tests);
}
