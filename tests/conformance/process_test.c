/*
 * process_test.c - "Process" in config.md: the program, its surroundings, its
 * user, its limits.
 */
#include "conform.h"

#include <sys/stat.h>

PROVES(arguments,
	{ "config.md#process", MUST, "`args` are the program's arguments as they stand, blanks, quotes and empty ones included; the first names the program." });
static void arguments(void)
{
	json_t *config = plain();

	set(config, "process.args", "['sh', '-c', 'for a; do echo [$a]; done', 'zero', 'a b', '', '$HOME', '*']");
	SAYS(config, "[a b]\n[]\n[$HOME]\n[*]\n");
}

PROVES(program_by_path,
	{ "config.md#process", MUST, "A name with a slash is a path: from the root, or from the working directory." });
static void program_by_path(void)
{
	json_t *config = plain();

	set(config, "process.args", "['/bin/echo', 'absolute']");
	SAYS(config, "absolute\n");
	config = plain();
	set(config, "process.args", "['bin/echo', 'relative']");
	SAYS(config, "relative\n");
}

PROVES(program_by_name,
	{ "config.md#process", MUST, "A name without one is looked for in the directories of the process's own PATH." });
static void program_by_name(void)
{
	json_t *config = plain();

	set(config, "process.env", "['PATH=/nowhere:/bin']");
	set(config, "process.args", "['echo', 'found']");
	SAYS(config, "found\n");
	config = sleeper();
	set(config, "process.env", "['PATH=/nowhere:/etc']");
	REFUSED(config);
}

PROVES(arguments_are_required,
	{ "config.md#process", MUST, "`args` has at least one entry." });
static void arguments_are_required(void)
{
	json_t *config = sleeper();

	set(config, "process.args", "[]");
	REFUSED(config);
	config = sleeper();
	json_object_del(json_object_get(config, "process"), "args");
	REFUSED(config);
}

PROVES(environment,
	{ "config.md#process", MUST, "`env` is the process's environment; nothing of the runtime's own gets in." });
static void environment(void)
{
	json_t *config = plain();
	struct result r;

	setenv("OF_THE_RUNTIME", "1", 1);
	set(config, "process.env", "['PATH=/bin', 'A=one', 'B= two = 2 ', 'EMPTY=', 'HOME=/h']");
	set(config, "process.args", "['env']");
	r = run(config);
	unsetenv("OF_THE_RUNTIME");
	EQ_INT(r.status, 0);
	HAS(r.out, "A=one\n");
	HAS(r.out, "B= two = 2 \n");
	HAS(r.out, "EMPTY=\n");
	HAS(r.out, "HOME=/h\n");
	CU_ASSERT(!strstr(r.out, "OF_THE_RUNTIME"));
}

PROVES(working_directory,
	{ "config.md#process", MUST, "`cwd` is the program's working directory." });
static void working_directory(void)
{
	json_t *config = shell("pwd; readlink /proc/self/cwd");

	set(config, "process.cwd", "'/tmp'");
	SAYS(config, "/tmp\n/tmp\n");
}

PROVES(working_directory_is_absolute,
	{ "config.md#process", MUST, "`cwd` is required." },
	{ "config.md#process", MUST, "It is absolute; a relative path is an error." });
static void working_directory_is_absolute(void)
{
	static const char *const wrong[] = { "tmp", ".", "" };
	json_t *config = sleeper();

	json_object_del(json_object_get(config, "process"), "cwd");
	REFUSED(config);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		config = sleeper();
		set(config, "process.cwd", "'%s'", wrong[i]);
		REFUSED(config);
	}
}

PROVES(user_and_groups,
	{ "config.md#posix-platform-user", MUST, "The process runs with `uid`." },
	{ "config.md#posix-platform-user", MUST, "The process runs with `gid`." },
	{ "config.md#posix-platform-user", MUST, "It is in the groups of `additionalGids`, and in no others." });
static void user_and_groups(void)
{
	json_t *config = shell("grep -E '^(Uid|Gid|Groups):' /proc/self/status");

	set(config, "process.user", "{'uid': 1234, 'gid': 567, 'additionalGids': [5, 6]}");
	SAYS(config, "Uid:\t1234\t1234\t1234\t1234\nGid:\t567\t567\t567\t567\nGroups:\t5 6 \n");
	config = shell("grep -E '^(Uid|Groups):' /proc/self/status");
	SAYS(config, "Uid:\t0\t0\t0\t0\nGroups:\t \n");
}

PROVES(umask_of_the_user,
	{ "config.md#posix-platform-user", MUST, "`umask` is the process's." });
static void umask_of_the_user(void)
{
	json_t *config = shell("umask");

	set(config, "process.user", "{'uid': 0, 'gid': 0, 'umask': 63}");
	SAYS(config, "0077\n");
}

PROVES(umask_of_the_caller,
	{ "config.md#posix-platform-user", SHOULD, "Without `umask` the process has that of the runtime's caller." });
static void umask_of_the_caller(void)
{
	mode_t before = umask(027);
	struct result r = run(shell("umask"));

	umask(before);
	PRINTS(r, under_test == OURS ? "0022\n" : "0027\n");
}

static const char *const limits[] = {
	"AS", "CORE", "CPU", "DATA", "FSIZE", "LOCKS", "MEMLOCK", "MSGQUEUE", "NICE", "NOFILE",
	"NPROC", "RSS", "RTPRIO", "RTTIME", "SIGPENDING", "STACK",
};
/* The words of /proc/<pid>/limits for them. */
static const char *const limit_lines[] = {
	"Max address space", "Max core file size", "Max cpu time", "Max data size", "Max file size",
	"Max file locks", "Max locked memory", "Max msgqueue size", "Max nice priority",
	"Max open files", "Max processes", "Max resident set", "Max realtime priority",
	"Max realtime timeout", "Max pending signals", "Max stack size",
};

PROVES(resource_limits,
	{ "config.md#posix-process", MUST, "Every name of getrlimit(2) is known." },
	{ "config.md#posix-process", MUST, "The process has each soft limit that is configured." },
	{ "config.md#posix-process", MUST, "The process has each hard limit that is configured." },
	{ "config.md#posix-process", MUST, "`getrlimit` of a configured limit works in the container." });
static void resource_limits(void)
{
	json_t *config = sleeper();
	unsigned long soft[16], hard[16];

	/* Low, for not every runtime may raise one, and yet enough to live. */
	for (size_t i = 0; i < 16; i++) {
		bool large = !strcmp(limits[i], "AS") || !strcmp(limits[i], "DATA") ||
			     !strcmp(limits[i], "STACK") || !strcmp(limits[i], "RSS") ||
			     !strcmp(limits[i], "FSIZE");
		bool none = !strcmp(limits[i], "NICE") || !strcmp(limits[i], "RTPRIO");

		soft[i] = none ? 0 : large ? (1UL << 30) + i : 100 + i;
		hard[i] = none ? 0 : soft[i] + 7;
		append(config, "process.rlimits", "{'type': 'RLIMIT_%s', 'soft': %lu, 'hard': %lu}", limits[i],
		       soft[i], hard[i]);
	}
	if (!start(config))
		return;
	AUTO_FREE char *text = proc_file("limits");

	for (size_t i = 0; i < 16; i++) {
		unsigned long s = 1, h = 1;

		sscanf(line_after(text, limit_lines[i]), "%lu %lu", &s, &h);
		eq_int((long)s, (long)soft[i], limits[i], __LINE__);
		eq_int((long)h, (long)hard[i], limits[i], __LINE__);
	}
	stop();
}

PROVES(no_limit_at_all,
	{ "config.md#posix-process", MUST, "Limits are unsigned numbers of 64 bits: the largest stands for no limit." });
static void no_limit_at_all(void)
{
	json_t *config = shell("grep 'cpu time' /proc/self/limits | tr -s ' '");

	append(config, "process.rlimits", "{'type': 'RLIMIT_CPU', 'soft': '@', 'hard': '@'}");
	PRINTS(runc("run", "-b", raw_bundle(config, "@", "18446744073709551615"), new_id(), NULL),
	       "Max cpu time unlimited unlimited seconds \n");
}

PROVES(unknown_limits,
	{ "config.md#posix-process", MUST, "A limit that the kernel does not have is an error." });
static void unknown_limits(void)
{
	static const char *const wrong[] = { "RLIMIT_TEST", "NOFILE", "" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *config = sleeper();

		append(config, "process.rlimits", "{'type': '%s', 'soft': 1, 'hard': 1}", wrong[i]);
		REFUSED(config);
	}
}

PROVES(incomplete_limits,
	{ "config.md#posix-process", MUST, "`type` is required." },
	{ "config.md#posix-process", MUST, "`soft` and `hard` are required." });
static void incomplete_limits(void)
{
	json_t *config = sleeper();

	append(config, "process.rlimits", "{'soft': 1, 'hard': 1}");
	REFUSED(config);
	config = sleeper();
	append(config, "process.rlimits", "{'type': 'RLIMIT_CORE', 'hard': 1}");
	REFUSED(config);
	config = sleeper();
	append(config, "process.rlimits", "{'type': 'RLIMIT_CORE', 'soft': 1}");
	REFUSED(config);
}

PROVES(limits_given_twice,
	{ "config.md#posix-process", MUST, "A limit that is listed twice is an error." });
static void limits_given_twice(void)
{
	json_t *config = sleeper();

	append(config, "process.rlimits", "{'type': 'RLIMIT_CORE', 'soft': 1, 'hard': 1}");
	append(config, "process.rlimits", "{'type': 'RLIMIT_CORE', 'soft': 2, 'hard': 2}");
	REFUSED(config);
}

PROVES(oom_score,
	{ "config.md#linux-process", MUST, "With `oomScoreAdj` the process has that value." });
static void oom_score(void)
{
	json_t *config = shell("cat /proc/self/oom_score_adj");

	set(config, "process.oomScoreAdj", "321");
	SAYS(config, "321\n");
}

PROVES(oom_score_of_the_caller,
	{ "config.md#linux-process", MUST, "Without `oomScoreAdj` the value is not touched: the process has its creator's." });
static void oom_score_of_the_caller(void)
{
	AUTO_JSON json_t *config = shell("cat /proc/self/oom_score_adj");
	AUTO_FREE char *command = xasprintf("echo 77 >/proc/self/oom_score_adj; exec %s --root %s/runc run -b %s %s",
					    runc_path, test_dir, bundle(config), new_id());

	PRINTS(run_program((char *[]){ "sh", "-c", command, NULL }), "77\n");
}

PROVES(no_new_privileges,
	{ "config.md#linux-process", MUST, "With `noNewPrivileges` the process can gain none: not by a program of root's with the set-user-id bit." });
static void no_new_privileges(void)
{
	static const char *const values[] = { "true", "false" };
	/* What busybox's su says first tells whether it has become root. */
	static const char *const want[] = { "su: must be suid to work properly\n",
					    "su: unknown user nobody\n" };

	for (int i = 0; i < 2; i++) {
		AUTO_JSON json_t *config = plain();
		AUTO_FREE char *command = NULL;
		const char *root, *dir = own_bundle(config, &root);

		command = xasprintf("cd %s/bin && rm su && cp busybox su && chmod 4755 su", root);
		CU_ASSERT(!system(command));
		set(config, "process.args", "['/bin/su', 'nobody']");
		set(config, "process.user", "{'uid': 1000, 'gid': 1000}");
		set(config, "process.noNewPrivileges", "%s", values[i]);
		dir = bundle(config);
		EQ_STR(runc("run", "-b", dir, new_id(), NULL).err, want[i]);
	}
}

PROVES(only_standard_descriptors,
	{ "runtime-linux.md#file-descriptors", MUST, "The program has the descriptors 0, 1 and 2, and none that the runtime or its caller had open besides." });
static void only_standard_descriptors(void)
{
	AUTO_JSON json_t *config = shell("ls /proc/$$/fd; true");
	AUTO_FREE char *command = xasprintf("exec %s --root %s/runc run -b %s %s 7</etc/passwd 9</", runc_path,
					    test_dir, bundle(config), new_id());
	struct result r = run_program((char *[]){ "sh", "-c", command, NULL });

	/* 10 may be one that the shell itself opened. */
	PRINTS(r, strstr(r.out, "10\n") ? "0\n1\n10\n2\n" : "0\n1\n2\n");
}

const struct test process_rules[] = {
	TEST(arguments),
	TEST(program_by_path),
	TEST(program_by_name),
	TEST(arguments_are_required, CRUN_DIFFERS = "one of the two is found out by `start` only"),
	TEST(environment),
	TEST(working_directory),
	TEST(working_directory_is_absolute, CRUN_DIFFERS = "a relative path is accepted"),
	TEST(user_and_groups),
	TEST(umask_of_the_user),
	TEST(umask_of_the_caller, OURS_DIFFERS = "0022, as runc and crun have it", RUNC_DIFFERS = "0022",
	     CRUN_DIFFERS = "0022"),
	TEST(resource_limits),
	TEST(no_limit_at_all),
	TEST(unknown_limits),
	TEST(incomplete_limits, RUNC_DIFFERS = "an absent number counts as 0",
	     CRUN_DIFFERS = "an absent number counts as 0"),
	TEST(limits_given_twice),
	TEST(oom_score),
	TEST(oom_score_of_the_caller),
	TEST(no_new_privileges),
	TEST(only_standard_descriptors),
	{ NULL },
};
