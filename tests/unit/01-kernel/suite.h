/*
 * suite.h - what the suites of this stage share.
 *
 * The program runs under tests/isolate as root. A test that changes its own
 * namespaces, credentials or filters does so in a child (in_child), which says
 * on stderr what it expected and exits with 1.
 */
#ifndef DOCKYARD_TEST_KERNEL_SUITE_H
#define DOCKYARD_TEST_KERNEL_SUITE_H

#include <CUnit/Basic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/cleanup.h"
#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

struct test {
	const char *name;
	void (*fn)(void);
};

/* Each file's tests; a row of NULLs ends them. */
extern const struct test base_tests[], path_tests[], ns_tests[], caps_tests[], tty_tests[],
	mount_tests[], overlay_tests[], cgroup_tests[], cgroup_limit_tests[], more_limit_tests[],
	device_tests[], cgroup_name_tests[], report_tests[], net_tests[], nft_tests[],
	seccomp_tests[], seccomp_program_tests[], seccomp_action_tests[], userns_tests[],
	netmove_tests[], hostile_tests[], trace_tests[];

/* What this machine lacks, said once per test. */
#define SKIP(...)                                                                          \
	do {                                                                               \
		printf("\nSKIP: ");                                                        \
		printf(__VA_ARGS__);                                                       \
		printf("\n");                                                              \
		return;                                                                    \
	} while (0)

/* The call succeeds, or the test fails with the error's own words. */
#define OK(call)                                                                           \
	do {                                                                               \
		err.msg[0] = '\0';                                                         \
		if ((call)) {                                                              \
			fprintf(stderr, "\n%s:%d: %s: %s\n", __FILE__, __LINE__, #call,    \
				err.msg);                                                  \
			CU_FAIL(#call);                                                    \
		}                                                                          \
	} while (0)

/* The call fails with this kind of error and these words in its message. */
#define FAILS(call, want, words)                                                           \
	do {                                                                               \
		err = (struct err){ 0 };                                                   \
		if (!(call))                                                               \
			CU_FAIL("should fail: " #call);                                    \
		if (err.kind != (want) || !strstr(err.msg, words)) {                       \
			fprintf(stderr, "\n%s:%d: expected %s '%s', got %s '%s'\n",        \
				__FILE__, __LINE__, err_kind_name(want), words,            \
				err_kind_name(err.kind), err.msg);                         \
			CU_FAIL(#call);                                                    \
		}                                                                          \
	} while (0)

/* The test ends here, failed, with the error's own words. */
#define GIVE_UP()                                                                          \
	do {                                                                               \
		fprintf(stderr, "\n%s:%d: %s\n", __FILE__, __LINE__, err.msg);             \
		CU_FAIL("see above");                                                      \
		return;                                                                    \
	} while (0)

/* In a child: this must hold. */
#define MUST(cond)                                                                         \
	do {                                                                               \
		if (!(cond)) {                                                             \
			fprintf(stderr, "\n%s:%d: expected %s (errno %m)\n", __FILE__,     \
				__LINE__, #cond);                                          \
			_exit(1);                                                          \
		}                                                                          \
	} while (0)
/* In a child: the call, which fills `child`, succeeds. */
extern struct err child;
#define MUST_OK(call)                                                                      \
	do {                                                                               \
		child.msg[0] = '\0';                                                       \
		if ((call)) {                                                              \
			fprintf(stderr, "\n%s:%d: %s: %s\n", __FILE__, __LINE__, #call,    \
				child.msg);                                                \
			_exit(1);                                                          \
		}                                                                          \
	} while (0)

/* Run fn in a child: its exit status, or 128 + the signal that ended it. */
int in_child(void (*fn)(void *arg), void *arg);

/* A new empty directory below the suite's own; the name lasts for eight calls. */
const char *scratch(void);
/* The suite's directory; main makes and removes it. */
extern char scratch_root[64];

void write_file(const char *dir, const char *name, const char *text);
bool file_is(const char *dir, const char *name, const char *text);

#endif
