/*
 * find_test.c - looking a program up, and the words when it is not there. The
 * sentences are those that real runc prints for the same.
 */
#include "suite.h"

#include <sys/stat.h>

#include "02-runc/process.h"

static void found(const char *name, const char *path, const char *want)
{
	AUTO_FREE char *var = xasprintf("PATH=%s", path), *got = NULL;
	char *env[] = { "X=1", var, NULL };
	struct err err = { .msg = "" };

	CU_ASSERT(!runc_find_program(name, env, &got, &err));
	EQ_STR(got, want);
}

static void missing(const char *name, char *const *env, enum err_kind kind, const char *words)
{
	AUTO_FREE char *got = NULL;
	struct err err = { .msg = "" };

	CU_ASSERT(runc_find_program(name, env, &got, &err));
	EQ_INT(err.kind, kind);
	EQ_STR(err.msg, words);
}

static void in_path(void)
{
	AUTO_FREE char *a = xasprintf("%s/a", test_dir), *b = xasprintf("%s/b", test_dir);
	AUTO_FREE char *both = xasprintf("/nowhere:%s:%s", a, b);
	AUTO_FREE char *prog = xasprintf("%s/prog", b), *plain = xasprintf("%s/prog", a);

	mkdir(a, 0755);
	mkdir(b, 0755);
	write_file(a, "prog", "not executable");
	write_file(b, "prog", "#!/bin/sh\n");
	chmod(prog, 0755);
	chmod(plain, 0644);
	found("prog", both, prog); /* the one that cannot be run does not count */
	found(prog, "/nowhere", prog);
	found("sh", "/nowhere:/bin", "/bin/sh");
}

static void not_found(void)
{
	char *env[] = { "PATH=/nowhere:/bin", NULL }, *none[] = { "A=PATH=/bin", NULL };

	missing("no-such", env, ERR_NO_PROGRAM,
		"exec: \"no-such\": executable file not found in $PATH");
	missing("sh", none, ERR_NO_PROGRAM, "exec: \"sh\": executable file not found in $PATH");
	missing("", env, ERR_NO_PROGRAM, "exec: \"\": executable file not found in $PATH");
	missing("/no/such", env, ERR_NO_PROGRAM,
		"exec: \"/no/such\": stat /no/such: no such file or directory");
	missing("/etc/passwd/x", env, ERR_NO_PROGRAM,
		"exec: \"/etc/passwd/x\": stat /etc/passwd/x: not a directory");
	missing("/etc/passwd", env, ERR_NOT_EXECUTABLE,
		"exec: \"/etc/passwd\": permission denied");
	missing("/proc", env, ERR_NOT_EXECUTABLE, "exec: \"/proc\": permission denied");
}

CU_TestInfo find_tests[] = {
	{ "along PATH", in_path },
	{ "not found, not executable", not_found },
	CU_TEST_INFO_NULL,
};
