/*
 * main.c - all suites of 04-dockerd. Runs under tests/isolate: as root, in a
 * mount and a network namespace of its own.
 */
#include <CUnit/Basic.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "suites.h"

static suite_fn *const suites[] = {
	suite_names,  suite_words, suite_config,  suite_request, suite_host,
	suite_mounts, suite_ports, suite_network, suite_logs,	 suite_streams,
	suite_state, suite_spec, suite_images, suite_health, suite_dns,
	suite_volumes, suite_websocket, suite_top, suite_dockerfile, suite_log_config, suite_git,
	suite_changes,
};

int suite_add(const char *name, const CU_TestInfo *tests)
{
	CU_pSuite suite = CU_add_suite(name, NULL, NULL);

	for (; suite && tests->pName; tests++)
		if (!CU_add_test(suite, tests->pName, tests->pTestFunc))
			return 0;
	return suite != NULL;
}

void expect_str(const char *got, const char *want, const char *file, int line)
{
	int same = got && !strcmp(got, want);

	if (!same)
		fprintf(stderr, "\n%s:%d: expected \"%s\", got \"%s\"\n", file, line, want,
			got ? got : "(null)");
	CU_ASSERT(same);
}

void expect_int(long long got, long long want, const char *file, int line)
{
	if (got != want)
		fprintf(stderr, "\n%s:%d: expected %lld, got %lld\n", file, line, want, got);
	CU_ASSERT(got == want);
}

void expect_has(const char *got, const char *part, const char *file, int line)
{
	int has = got && strstr(got, part);

	if (!has)
		fprintf(stderr, "\n%s:%d: expected \"...%s...\", got \"%s\"\n", file, line, part,
			got ? got : "(null)");
	CU_ASSERT(has);
}

json_t *json_of(const char *text)
{
	json_error_t je;
	json_t *doc = json_loads(text, JSON_DECODE_ANY, &je);

	if (!doc) {
		fprintf(stderr, "the test's own JSON is malformed: %s: %s\n", je.text, text);
		exit(2);
	}
	return doc;
}

void expect_json(const json_t *got, const char *want, const char *file, int line)
{
	AUTO_JSON json_t *wanted = json_of(want);
	AUTO_FREE char *text = jsonx_text(got);
	int same = json_equal(got, wanted);

	if (!same)
		fprintf(stderr, "\n%s:%d: expected %s\n  got %s\n", file, line, want, text);
	CU_ASSERT(same);
}

char *tmp_new(void)
{
	char *dir = xstrdup("/tmp/dockerd-unit.XXXXXX");

	if (!mkdtemp(dir)) {
		perror("mkdtemp");
		exit(2);
	}
	return dir;
}

void tmp_free(char *dir)
{
	struct err err;

	if (file_remove_tree(AT_FDCWD, dir, &err))
		fprintf(stderr, "%s: %s\n", dir, err.msg);
	free(dir);
}

int main(void)
{
	unsigned failures;

	log_setup("unit", 2, LOG_ERROR, 0);
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
		if (!suites[i]()) {
			fprintf(stderr, "suite %zu: %s\n", i, CU_get_error_msg());
			return 2;
		}
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
