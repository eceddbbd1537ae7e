/*
 * suites.h - the suites of this program, and what they share.
 */
#ifndef DOCKYARD_TEST_CTRD_SUITES_H
#define DOCKYARD_TEST_CTRD_SUITES_H

#include <CUnit/CUnit.h>
#include <stddef.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

/* Each adds its suite to the registry; false if CUnit refuses. */
typedef int suite_fn(void);
suite_fn suite_http, suite_content, suite_reference, suite_unpack, suite_snapshot, suite_transfer;
suite_fn suite_diff, suite_leases, suite_filter, suite_shim_log, suite_shim_sink, suite_shim_user, suite_runtime, suite_events;
suite_fn suite_spec, suite_tasks, suite_client, suite_ring, suite_sparse, suite_hostile, suite_hosts;

int suite_add(const char *name, const CU_TestInfo *tests);

/* CU_ASSERT with the values printed, so that a failure says what came instead. */
void expect_str(const char *got, const char *want, const char *file, int line);
void expect_int(long long got, long long want, const char *file, int line);
void expect_has(const char *got, const char *part, const char *file, int line);
#define EXPECT_STR(got, want) expect_str(got, want, __FILE__, __LINE__)
#define EXPECT_INT(got, want) expect_int(got, want, __FILE__, __LINE__)
#define EXPECT_HAS(got, part) expect_has(got, part, __FILE__, __LINE__)
/* A call that must work: 0 or a non-negative number; prints the err otherwise. */
void expect_ok(long long rc, const struct err *err, const char *file, int line);
#define EXPECT_OK(call) expect_ok((call), &err, __FILE__, __LINE__)

/* A directory on a tmpfs of `size` ("64m"), made for one test and taken away again. */
char *tmp_new(const char *size);
void tmp_free(char *dir);
/* How many files and directories there are below dir, links not followed. */
size_t count_below(const char *dir);

/* Tar archives, built by hand: this is where the hostile ones come from. */
struct tar_file {
	const char *name;
	char type; /* '0' file, '1' hard link, '2' link, '3' char, '5' directory, ... */
	const char *data, *link;
	size_t size; /* of data; 0: strlen */
	unsigned mode, uid, gid, major, minor;
	long mtime;
};
void tar_add(struct strbuf *tar, const struct tar_file *f);
void tar_add_pax(struct strbuf *tar, const char *key, const char *value, size_t size);
void tar_end(struct strbuf *tar);
void gzip_to(struct strbuf *out, const void *data, size_t n);

#endif
