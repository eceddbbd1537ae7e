/*
 * test_top.c - `docker top` with arguments of ps: which are refused, and what is made of its output.
 */
#include "suites.h"
#include "top_ps.h"

static void a_title_that_lies_is_refused(void)
{
	static const char *const good[] = { "aux", "-o pid,comm", "-o pid=PID", "-eo user=WHO,pid" };
	struct err err;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		EXPECT_INT(dockerd_top_check(good[i], &err), 0);
	EXPECT_INT(dockerd_top_check("-o uid=PID", &err), -1);
	EXPECT_STR(err.msg, "specifying \"uid=PID\" is not allowed");
	EXPECT_INT(dockerd_top_check("-o pid -o ppid= PIDX", &err), -1);
	EXPECT_STR(err.msg, "specifying \"ppid=PIDX\" is not allowed");
}

static json_t *parsed(const char *output, struct err *err)
{
	AUTO_JSON json_t *pids = json_of("[{\"pid\":7},{\"pid\":21}]");
	AUTO_FREE char *copy = xstrdup(output);

	return dockerd_top_parse(copy, pids, err);
}

static void gives(const char *output, const char *want)
{
	struct err err;
	AUTO_JSON json_t *got = parsed(output, &err);

	EXPECT_JSON(got, want);
}

static void fails(const char *output, const char *why)
{
	struct err err = { .kind = ERR_NONE };
	AUTO_JSON json_t *got = parsed(output, &err);

	CU_ASSERT_PTR_NULL(got);
	EXPECT_STR(err.msg, why);
}

static void lines_of_the_container_are_kept(void)
{
	gives("  PID COMMAND\n    1 init\n    7 sh -c  x y\n   21 sleep\n  210 other\n",
	      "{\"Titles\":[\"PID\",\"COMMAND\"],"
	      "\"Processes\":[[\"7\",\"sh -c x y\"],[\"21\",\"sleep\"]]}");
	gives("USER PID\nroot 7\nroot\n", "{\"Titles\":[\"USER\",\"PID\"],\"Processes\":[[\"root\",\"7\"]]}");
	/* Threads stand under their process, with a dash for its number. */
	gives("PID LWP\n1 -\n- 1\n7 -\n- 7\n- 8\n9 -\n- 9\n",
	      "{\"Titles\":[\"PID\",\"LWP\"],\"Processes\":[[\"7\",\"-\"],[\"-\",\"7\"],[\"-\",\"8\"]]}");
	gives("PID C\n7 \xff\n", "{\"Titles\":[\"PID\",\"C\"],\"Processes\":[[\"7\",\"?\"]]}");
}

static void what_is_no_list_of_processes_is_an_error(void)
{
	fails("", "Couldn't find PID field in ps output");
	fails("ps from procps-ng 4.0.2\n", "Couldn't find PID field in ps output");
	fails("PID\nseven\n", "Unexpected pid 'seven'");
}

static const CU_TestInfo tests[] = {
	{ "a title that lies is refused", a_title_that_lies_is_refused },
	{ "lines of the container are kept", lines_of_the_container_are_kept },
	{ "what is no list of processes is an error", what_is_no_list_of_processes_is_an_error },
	CU_TEST_INFO_NULL,
};

int suite_top(void)
{
	return suite_add("top", tests);
}
