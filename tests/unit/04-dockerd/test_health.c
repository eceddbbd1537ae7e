/*
 * test_health.c - health checks: what is asked for, and what results lead to.
 */
#include <string.h>

#include "create.h"
#include "health.h"
#include "suites.h"

static json_t *merged(const char *config, const char *image, struct err *err)
{
	json_t *c = json_of(config), *i = json_of(image);
	int rc = dockerd_health_merge(c, i, err);

	json_decref(i);
	if (!rc)
		return c;
	json_decref(c);
	return NULL;
}

static void expect_command(const char *config, const char *image, const char *want)
{
	struct err err;
	AUTO_JSON json_t *c = merged(config, image, &err);
	AUTO_JSON json_t *command = dockerd_health_command(c);
	AUTO_FREE char *text = command ? json_dumps(command, JSON_COMPACT) : xstrdup("none");

	EXPECT_STR(text, want);
}

static void the_image_completes_the_check(void)
{
	static const char image[] = "{\"Healthcheck\":{\"Test\":[\"CMD\",\"a\"],\"Retries\":7,"
				    "\"Interval\":2000000}}";
	struct err err;
	AUTO_JSON json_t *c = merged("{\"Healthcheck\":{\"Interval\":5000000}}", image, &err);
	struct health_times t;

	dockerd_health_times(c, &t);
	EXPECT_INT(t.interval, 5000000);
	EXPECT_INT(t.retries, 7);
	EXPECT_INT(t.timeout, 30000000000);
	expect_command("{}", image, "[\"a\"]");
	expect_command("{\"Healthcheck\":{\"Test\":[\"NONE\"]}}", image, "none");
	expect_command("{\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"b c\"]}}", image,
		       "[\"/bin/sh\",\"-c\",\"b c\"]");
	expect_command("{\"Shell\":[\"/x\"],\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"b\"]}}", "{}",
		       "[\"/x\",\"b\"]");
	expect_command("{}", "{}", "none");
}

static void bad(const char *check, const char *words)
{
	AUTO_FREE char *config = xasprintf("{\"Healthcheck\":%s}", check);
	struct err err = { 0 };
	AUTO_JSON json_t *c = merged(config, "{}", &err);

	CU_ASSERT_PTR_NULL(c);
	EXPECT_HAS(err.msg, words);
}

static void bad_checks(void)
{
	bad("{\"Test\":\"true\"}", "Healthcheck.Test: expected a list");
	bad("{\"Test\":[\"SH\",\"x\"]}", "unknown type 'SH'");
	bad("{\"Test\":[\"CMD\"]}", "CMD needs a command");
	bad("{\"Test\":[\"CMD\",\"x\"],\"Interval\":5}",
	    "Interval in Healthcheck cannot be less than 1ms");
	bad("{\"Test\":[\"CMD\",\"x\"],\"StartPeriod\":-1}",
	    "StartPeriod in Healthcheck cannot be less than 1ms");
	bad("{\"Test\":[\"CMD\",\"x\"],\"Retries\":-1}",
	    "Retries in Healthcheck cannot be negative");
	bad("{\"Probe\":1}", "Healthcheck.Probe: no such field");
}

/* One result after the other: "0", "1", or "s" for a failure in the start period. */
static void expect_course(const char *results, const char *status, int streak)
{
	AUTO_JSON json_t *config = json_of("{\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"]}}");
	AUTO_JSON json_t *doc = json_of("{\"Status\":\"starting\"}");
	struct health *h = dockerd_health_load(config, doc);
	struct health_times t;

	dockerd_health_times(config, &t);
	for (const char *r = results; *r; r++)
		dockerd_health_result(h, &t, *r == 's', *r != '0', json_integer(r - results));
	EXPECT_STR(dockerd_health_word(h), status);
	EXPECT_INT(h->streak, streak);
	CU_ASSERT(json_array_size(h->log) <= HEALTH_LOG);
	if (json_array_size(h->log))
		EXPECT_INT(json_integer_value(json_array_get(h->log, json_array_size(h->log) - 1)),
			   (long long)strlen(results) - 1);
	dockerd_health_free(h);
}

static void courses(void)
{
	expect_course("", "starting", 0);
	expect_course("11", "starting", 2);
	expect_course("111", "unhealthy", 3);
	expect_course("ssssss", "starting", 0);
	expect_course("ss0", "healthy", 0);
	expect_course("0ss", "healthy", 2); /* once healthy, the start is over */
	expect_course("011011", "healthy", 2);
	expect_course("01110", "healthy", 0);
	expect_course("0111111", "unhealthy", 6);
}

static void it_is_kept(void)
{
	AUTO_JSON json_t *config = json_of("{\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"]}}");
	AUTO_JSON json_t *doc =
		json_of("{\"Status\":\"unhealthy\",\"FailingStreak\":4,\"Log\":[{\"ExitCode\":1}]}");
	AUTO_JSON json_t *none = json_of("{}");
	struct health *h = dockerd_health_load(config, doc), *fresh;
	AUTO_JSON json_t *again = dockerd_health_json(h);

	CU_ASSERT(json_equal(doc, again));
	dockerd_health_free(h);
	CU_ASSERT_PTR_NULL(dockerd_health_load(none, doc));
	fresh = dockerd_health_load(config, NULL);
	CU_ASSERT_PTR_NULL(dockerd_health_json(fresh)); /* until it has run */
	dockerd_health_free(fresh);
}

int suite_health(void)
{
	static const CU_TestInfo tests[] = {
		{ "the image completes the check", the_image_completes_the_check },
		{ "bad checks", bad_checks },
		{ "what results lead to", courses },
		{ "it is kept", it_is_kept },
		CU_TEST_INFO_NULL,
	};

	return suite_add("health", tests);
}
