/*
 * image_healthcheck.c - HEALTHCHECK of `changes=` (image_make.h):
 *
 *     HEALTHCHECK NONE
 *     HEALTHCHECK [--interval=30s] [--timeout=…] [--start-period=…] [--start-interval=…] [--retries=3]
 *                 CMD ["program", "argument"] | CMD command line
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "01-kernel/base/jsonx.h"
#include "image_make.h"
#include "prune.h"

#define MILLISECOND 1000000LL

static const struct {
	const char *flag, *key;
} times[] = {
	{ "--interval=", "Interval" },       { "--timeout=", "Timeout" },
	{ "--start-period=", "StartPeriod" }, { "--start-interval=", "StartInterval" },
};

static int take_time(json_t *check, const char *flag, const char *key, const char *value,
		     struct err *err)
{
	long long ns = dockerd_parse_duration(value);

	if (ns < 0 || (ns && ns < MILLISECOND))
		return err_set(err, ERR_INVALID, "HEALTHCHECK %s%s: expected a duration of 1ms or more",
			       flag, value);
	json_object_set_new(check, key, json_integer(ns));
	return 0;
}

static int take_flag(json_t *check, const char *word, struct err *err)
{
	char *end;
	long n;

	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		if (str_starts(word, times[i].flag))
			return take_time(check, times[i].flag, times[i].key,
					 word + strlen(times[i].flag), err);
	if (!str_starts(word, "--retries="))
		return err_set(err, ERR_INVALID, "HEALTHCHECK: unknown flag: %s", word);
	n = strtol(word + strlen("--retries="), &end, 10);
	if (*end || end == word + strlen("--retries=") || n < 0 || n > 1 << 30)
		return err_set(err, ERR_INVALID, "HEALTHCHECK %s: expected a number", word);
	json_object_set_new(check, "Retries", json_integer(n));
	return 0;
}

static int take_test(json_t *check, const char *text, struct err *err)
{
	size_t n = strcspn(text, " \t");
	const char *rest = text + n + strspn(text + n, " \t");
	json_t *test;

	if (n == 4 && !strncasecmp(text, "NONE", n)) {
		if (*rest)
			return err_set(err, ERR_INVALID, "HEALTHCHECK NONE takes no arguments");
		json_object_set_new(check, "Test", json_pack("[s]", "NONE"));
		return 0;
	}
	if (n != 3 || strncasecmp(text, "CMD", n))
		return err_set(err, ERR_INVALID, "Unknown type \"%.*s\" in HEALTHCHECK (try CMD)",
			       (int)n, text);
	if (!*rest)
		return err_set(err, ERR_INVALID, "missing command after HEALTHCHECK CMD");
	test = dockerd_exec_form(rest);
	if (test)
		json_array_insert_new(test, 0, json_string("CMD"));
	else
		test = json_pack("[s, s]", "CMD-SHELL", rest);
	json_object_set_new(check, "Test", test);
	return 0;
}

json_t *dockerd_healthcheck(const char *text, struct err *err)
{
	AUTO_JSON json_t *check = json_object();

	while (str_starts(text, "--")) {
		size_t n = strcspn(text, " \t");
		AUTO_FREE char *word = xstrndup(text, n);

		if (take_flag(check, word, err))
			return NULL;
		text += n;
		text += strspn(text, " \t");
	}
	return take_test(check, text, err) ? NULL : steal_ptr(&check);
}
