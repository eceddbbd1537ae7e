/*
 * test_names.c - IDs, names, the phrases of docker ps, times, filters, restart policy.
 * The phrases are those of the CLI's own units package.
 */
#include <string.h>

#include "filters.h"
#include "human.h"
#include "names.h"
#include "restart.h"
#include "suites.h"

static void ids_are_64_hex_and_differ(void)
{
	char a[ID_SIZE], b[ID_SIZE];

	dockerd_random_id(a);
	dockerd_random_id(b);
	EXPECT_INT((long long)strlen(a), 64);
	CU_ASSERT(dockerd_is_hex(a));
	CU_ASSERT(strcmp(a, b));
	CU_ASSERT(!dockerd_is_hex(""));
	CU_ASSERT(!dockerd_is_hex("ABC"));
}

static void names_have_an_adjective_and_a_noun(void)
{
	char name[NAME_SIZE];

	for (unsigned attempt = 0; attempt < 5; attempt++) {
		dockerd_random_name(name, attempt);
		CU_ASSERT(dockerd_name_valid(name));
		CU_ASSERT(strchr(name, '_') != NULL);
		CU_ASSERT(!!strpbrk(name, "0123456789") == (attempt > 0));
	}
}

static void the_grammar_of_names(void)
{
	struct err err;

	CU_ASSERT(dockerd_name_valid("a1"));
	CU_ASSERT(dockerd_name_valid("A-b_c.d"));
	CU_ASSERT(!dockerd_name_valid("a"));
	CU_ASSERT(!dockerd_name_valid("-ab"));
	CU_ASSERT(!dockerd_name_valid("a b"));
	CU_ASSERT(!dockerd_name_valid("a/b"));
	CU_ASSERT(dockerd_name_check("a b", &err) == -1);
	EXPECT_STR(err.msg,
		   "Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
}

static void check_duration(time_t seconds, const char *want)
{
	AUTO_FREE char *got = dockerd_human_duration(seconds);

	EXPECT_STR(got, want);
}

static void durations(void)
{
	check_duration(0, "Less than a second");
	check_duration(1, "1 second");
	check_duration(59, "59 seconds");
	check_duration(60, "About a minute");
	check_duration(119, "About a minute");
	check_duration(3 * 60, "3 minutes");
	check_duration(3600, "About an hour");
	check_duration(3 * 3600, "3 hours");
	check_duration(47 * 3600, "47 hours");
	check_duration(3 * 86400, "3 days");
	check_duration(15 * 86400, "2 weeks");
	check_duration(90 * 86400, "3 months");
	check_duration(3 * 365 * 86400, "3 years");
}

static void times(void)
{
	struct timespec t = { 0 };
	struct err err;

	EXPECT_INT(dockerd_parse_time("1970-01-01T00:00:01Z"), 1);
	EXPECT_INT(dockerd_parse_time("2026-01-02T03:04:05.5+01:00"), 1767319445);
	EXPECT_INT(dockerd_parse_time("yesterday"), 0);
	EXPECT_INT(dockerd_parse_timespec("1970-01-01T00:00:00.000000042Z", &t), 0);
	EXPECT_INT(t.tv_nsec, 42);
	/* since and until: what the CLI sends for "10m" is seconds with nine decimals */
	EXPECT_INT(dockerd_parse_when("1136073600.000000001", &t, &err), 0);
	EXPECT_INT(t.tv_sec, 1136073600);
	EXPECT_INT(t.tv_nsec, 1);
	EXPECT_INT(dockerd_parse_when("12x", &t, &err), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
	/* what does not fit into 64 bits of nanoseconds */
	EXPECT_INT(dockerd_parse_when("-9223372036854775808", &t, &err), -1);
	EXPECT_INT(dockerd_parse_when("9223372036854775807", &t, &err), -1);
	EXPECT_INT(dockerd_parse_when("9999-01-01T00:00:00Z", &t, &err), -1);
}

static const char *const keys[] = { "status", "label", NULL };

static void filters_in_both_spellings(void)
{
	struct err err;
	AUTO_JSON json_t *new =
		dockerd_filters_parse("{\"status\":{\"running\":true,\"dead\":false}}", keys, &err);
	AUTO_JSON json_t *old = dockerd_filters_parse("{\"status\":[\"running\"]}", keys, &err);

	EXPECT_JSON(new, "{\"status\":[\"running\"]}");
	EXPECT_JSON(old, "{\"status\":[\"running\"]}");
	CU_ASSERT(dockerd_filter_equal(new, "status", "running"));
	CU_ASSERT(!dockerd_filter_equal(new, "status", "exited"));
	CU_ASSERT(dockerd_filter_equal(new, "absent", "anything"));
}

static void filters_refuse_what_they_do_not_know(void)
{
	static const char *const bad[] = { "{\"foo\":[\"bar\"]}", "{\"status\":1}", "[]", "{",
					   "{\"status\":[1]}" };
	struct err err;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CU_ASSERT(!dockerd_filters_parse(bad[i], keys, &err));
		EXPECT_INT(err.kind, ERR_INVALID);
	}
	dockerd_filters_parse(bad[0], keys, &err);
	EXPECT_STR(err.msg, "invalid filter 'foo'");
}

static void all_labels_must_hold(void)
{
	AUTO_JSON json_t *labels = json_of("{\"a\":\"1\",\"b\":\"\"}");
	AUTO_JSON json_t *both = json_of("{\"label\":[\"a=1\",\"b\"]}");
	AUTO_JSON json_t *wrong = json_of("{\"label\":[\"a=2\"]}"),
			 *absent = json_of("{\"label\":[\"a\",\"c\"]}");

	CU_ASSERT(dockerd_filter_labels(both, labels));
	CU_ASSERT(!dockerd_filter_labels(wrong, labels));
	CU_ASSERT(!dockerd_filter_labels(absent, labels));
	CU_ASSERT(!dockerd_filter_labels(both, NULL));
}

static bool wanted(const char *policy, int code, bool by_hand, int restarts)
{
	AUTO_JSON json_t *p = json_of(policy);

	return dockerd_restart_wanted(p, code, by_hand, restarts);
}

/* docs.docker.com, "Start containers automatically", the table of policies. */
static void restart_policies(void)
{
	CU_ASSERT(!wanted("{\"Name\":\"no\"}", 1, false, 0));
	CU_ASSERT(wanted("{\"Name\":\"always\"}", 0, false, 99));
	CU_ASSERT(!wanted("{\"Name\":\"always\"}", 0, true, 0));
	CU_ASSERT(wanted("{\"Name\":\"unless-stopped\"}", 1, false, 0));
	CU_ASSERT(!wanted("{\"Name\":\"on-failure\"}", 0, false, 0));
	CU_ASSERT(wanted("{\"Name\":\"on-failure\"}", 3, false, 7));
	CU_ASSERT(wanted("{\"Name\":\"on-failure\",\"MaximumRetryCount\":2}", 3, false, 1));
	CU_ASSERT(!wanted("{\"Name\":\"on-failure\",\"MaximumRetryCount\":2}", 3, false, 2));
}

static void restart_when_the_daemon_starts(void)
{
	AUTO_JSON json_t *always = json_of("{\"Name\":\"always\"}");
	AUTO_JSON json_t *unless = json_of("{\"Name\":\"unless-stopped\"}");

	CU_ASSERT(dockerd_restart_at_boot(always, true));
	CU_ASSERT(dockerd_restart_at_boot(unless, false));
	CU_ASSERT(!dockerd_restart_at_boot(unless, true));
}

static void the_wait_doubles_up_to_a_minute(void)
{
	unsigned ms = 0, steps = 0;

	EXPECT_INT(dockerd_restart_delay(0, 0), 100);
	EXPECT_INT(dockerd_restart_delay(100, 0), 200);
	EXPECT_INT(dockerd_restart_delay(400, 10000), 100); /* it ran well meanwhile */
	while (ms < RESTART_LAST_MS && steps++ < 100)
		ms = dockerd_restart_delay(ms, 0);
	EXPECT_INT(ms, 60000);
	EXPECT_INT(steps, 11);
}

int suite_names(void)
{
	static const CU_TestInfo tests[] = {
		{ "IDs are 64 hex digits and differ", ids_are_64_hex_and_differ },
		{ "names have an adjective and a noun", names_have_an_adjective_and_a_noun },
		{ "the grammar of names", the_grammar_of_names },
		CU_TEST_INFO_NULL,
	};

	return suite_add("names", tests);
}

int suite_words(void)
{
	static const CU_TestInfo tests[] = {
		{ "durations in the CLI's words", durations },
		{ "times", times },
		{ "filters in both spellings", filters_in_both_spellings },
		{ "filters refuse what they do not know", filters_refuse_what_they_do_not_know },
		{ "all labels must hold", all_labels_must_hold },
		{ "restart policies", restart_policies },
		{ "restart when the daemon starts", restart_when_the_daemon_starts },
		{ "the wait doubles up to a minute", the_wait_doubles_up_to_a_minute },
		CU_TEST_INFO_NULL,
	};

	return suite_add("words", tests);
}
