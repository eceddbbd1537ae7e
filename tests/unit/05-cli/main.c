/*
 * main.c - all suites of 05-cli.
 */
#include <CUnit/Basic.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "suites.h"

static suite_fn *const suites[] = {
	suite_flags, suite_usage, suite_units, suite_host, suite_reference, suite_ports, suite_volumes,
	suite_create, suite_human, suite_table, suite_template, suite_list, suite_streams, suite_progress,
	suite_daemon, suite_session, suite_archive, suite_auth, suite_manifest, suite_images,
	suite_trace,
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
		fprintf(stderr, "\n%s:%d: expected \"%s\", got \"%s\"\n", file, line, want, got ? got : "(null)");
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
		fprintf(stderr, "\n%s:%d: expected \"...%s...\", got \"%s\"\n", file, line, part, got ? got : "(null)");
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
	char *dir = xstrdup("/tmp/cli-unit.XXXXXX");

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

void write_file(const char *dir, const char *name, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f)) {
		perror(path);
		exit(2);
	}
}

char *output_of(void (*print)(void *context), void *context)
{
	char *dir = tmp_new();
	AUTO_FREE char *path = xasprintf("%s/out", dir);
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	struct err err;
	int saved, fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	dup2(fd, STDOUT_FILENO);
	print(context);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	lseek(fd, 0, SEEK_SET);
	if (file_read_fd(fd, &text, 1 << 20, &err))
		exit(2);
	close(fd);
	tmp_free(dir);
	strbuf_reserve(&text, 1);
	return strbuf_steal(&text);
}

int main(void)
{
	unsigned failures;

	log_setup("unit", 2, LOG_ERROR, 0);
	signal(SIGPIPE, SIG_IGN);
	setenv("TZ", "UTC", 1);
	curl_global_init(CURL_GLOBAL_DEFAULT);
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
	curl_global_cleanup();
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
