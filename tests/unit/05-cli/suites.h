/*
 * suites.h - the suites of this program, and what they share. Expected values
 * are those of Docker's own client (28.2), seen in what it prints and sends.
 */
#ifndef DOCKYARD_TEST_CLI_SUITES_H
#define DOCKYARD_TEST_CLI_SUITES_H

#include <CUnit/CUnit.h>
#include <jansson.h>
#include <stddef.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/strbuf.h"

/* Each adds its suite to the registry; false if CUnit refuses. */
typedef int suite_fn(void);
suite_fn suite_flags, suite_usage, suite_units, suite_host, suite_reference, suite_ports, suite_volumes,
	suite_create, suite_human, suite_table, suite_template, suite_list, suite_streams, suite_progress,
	suite_daemon, suite_session, suite_archive, suite_auth, suite_manifest, suite_images,
	suite_trace;

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
void write_file(const char *dir, const char *name, const char *text);

/* What the function prints to stdout: new. */
char *output_of(void (*print)(void *context), void *context);

/* A daemon for one test: a child process that listens on dir/sock and, for one
 * connection after the other, reads a request (its header, and as much body as
 * that says) and sends the next answer as it stands, then closes. What it was
 * asked is written to dir/asked. An answer of NULL ends the list; "" closes at once. */
struct daemon {
	char *dir, *host;
	int pid;
};
void daemon_start(struct daemon *d, const char *const *answers);
char *daemon_stop(struct daemon *d); /* what it was asked: new */

#endif
