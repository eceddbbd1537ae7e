/*
 * test_runtime.c - what an OCI runtime's complaint means. The messages are those that
 * runc 1.1 and crun 1.8 wrote into their logs.
 */
#include "runtime.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "suites.h"

static struct err err;

static void check(const char *message, enum err_kind kind)
{
	char *dir = tmp_new("1m");
	AUTO_FREE char *log = xasprintf("%s/log.json", dir);
	AUTO_FREE char *text = xasprintf("{\"level\":\"error\",\"msg\":\"an older command's\"}\n"
					 "{\"level\":\"warning\",\"msg\":\"executable file not found\"}\n"
					 "{\"level\":\"error\",\"msg\":\"%s\",\"time\":\"x\"}\n"
					 "{\"level\":\"info\",\"msg\":\"more\"}\nnot JSON\n", message);

	EXPECT_OK(file_write_atomic(AT_FDCWD, log, text, strlen(text), 0600, &err));
	EXPECT_INT(ctrd_runtime_failure("create", log, (off_t)(strchr(text, '\n') - text) + 1, -1, 256,
					&err), -1);
	EXPECT_INT(err.kind, kind);
	EXPECT_HAS(err.msg, "OCI runtime create failed: ");
	tmp_free(dir);
}

static void test_meanings(void)
{
	check("runc create failed: unable to start container process: exec: \\\"nosuch\\\": executable "
	      "file not found in $PATH", ERR_NO_PROGRAM);
	check("runc create failed: unable to start container process: exec: \\\"/no/such\\\": stat "
	      "/no/such: no such file or directory", ERR_NO_PROGRAM);
	check("runc create failed: unable to start container process: exec: \\\"/etc/passwd\\\": "
	      "permission denied", ERR_NOT_EXECUTABLE);
	check("runc create failed: unable to start container process: exec: \\\"/etc\\\": is a directory",
	      ERR_NOT_EXECUTABLE);
	check("executable file `nosuch` not found in $PATH: No such file or directory", ERR_NO_PROGRAM);
	check("open executable: Permission denied", ERR_NOT_EXECUTABLE);
	check("runc create failed: unable to start container process: error mounting \\\"/no\\\" to "
	      "rootfs: no such file or directory", ERR_SYSTEM);
	check("mount `/x` to `/y`: Permission denied", ERR_SYSTEM);
}

static void test_without_log(void)
{
	char *dir = tmp_new("1m");
	AUTO_FREE char *log = xasprintf("%s/none", dir);
	AUTO_CLOSE int said = ctrd_runtime_stderr(&err);

	EXPECT_INT(ctrd_runtime_failure("start", log, 0, -1, 3 << 8, &err), -1);
	EXPECT_STR(err.msg, "OCI runtime start failed with exit status 3 and no message");
	EXPECT_INT(ctrd_runtime_failure("start", log, 0, -1, 9, &err), -1);
	EXPECT_STR(err.msg, "OCI runtime start was killed by signal 9");
	EXPECT_INT(write(said, "unknown flag:\n --log\n", 21), 21);
	EXPECT_INT(ctrd_runtime_failure("start", log, 0, said, 256, &err), -1);
	EXPECT_STR(err.msg, "OCI runtime start failed: unknown flag:  --log");
	tmp_free(dir);
}

static void test_run(void)
{
	struct ctrd_runtime rt = { "/no/such/runtime", "/tmp/root" };

	EXPECT_INT(ctrd_runtime_run(&rt, "/dev/null", "delete", "--force", "c", &err), -1);
	EXPECT_INT(err.kind, ERR_UNAVAILABLE);
	rt.binary = "false";
	EXPECT_INT(ctrd_runtime_run(&rt, "/dev/null", "delete", "--force", "c", &err), -1);
	EXPECT_HAS(err.msg, "exit status 1");
	rt.binary = "true";
	EXPECT_OK(ctrd_runtime_run(&rt, "/dev/null", "delete", "--force", "c", &err));
}

int suite_runtime(void)
{
	static const CU_TestInfo tests[] = {
		{ "what a message means", test_meanings },
		{ "a runtime that logs nothing", test_without_log },
		{ "running one", test_run },
		CU_TEST_INFO_NULL,
	};

	return suite_add("runtime", tests);
}
