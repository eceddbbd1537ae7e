/*
 * suites.h - the suites of this program, and what they share.
 */
#ifndef DOCKYARD_TEST_DOCKERD_SUITES_H
#define DOCKYARD_TEST_DOCKERD_SUITES_H

#include <CUnit/CUnit.h>
#include <jansson.h>
#include <stddef.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/strbuf.h"

/* Each adds its suite to the registry; false if CUnit refuses. */
typedef int suite_fn(void);
suite_fn suite_names, suite_words, suite_config, suite_request, suite_host, suite_mounts,
	suite_ports, suite_network, suite_logs, suite_streams, suite_state, suite_spec,
	suite_images, suite_health, suite_dns, suite_volumes, suite_websocket,
	suite_top, suite_dockerfile, suite_log_config, suite_changes, suite_git;

int suite_add(const char *name, const CU_TestInfo *tests);

/* Assertions that print what was expected and what came. */
void expect_str(const char *got, const char *want, const char *file, int line);
void expect_int(long long got, long long want, const char *file, int line);
void expect_has(const char *got, const char *part, const char *file, int line);
void expect_json(const json_t *got, const char *want, const char *file, int line);
#define EXPECT_STR(got, want) expect_str(got, want, __FILE__, __LINE__)
#define EXPECT_INT(got, want) expect_int(got, want, __FILE__, __LINE__)
#define EXPECT_HAS(got, part) expect_has(got, part, __FILE__, __LINE__)
#define EXPECT_JSON(got, want) expect_json(got, want, __FILE__, __LINE__)

/* Parse JSON that the test wrote; a mistake in it ends the program. New. */
json_t *json_of(const char *text);

/* A directory of the test's own under /tmp; removed with what is in it. */
char *tmp_new(void);
void tmp_free(char *dir);

#endif
