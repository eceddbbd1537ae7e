/*
 * seccomp_test.c - "Seccomp" in config-linux.md. The system calls that are tried
 * are harmless ones that a shell can make: sethostname, and kill, to process 1,
 * which in a pid namespace of its own no signal hurts.
 */
#include "conform.h"

#include <errno.h>
#include <signal.h>

#define HOSTNAME "hostname x 2>&1"

/* A program with CAP_SYS_ADMIN and this profile (the members of `seccomp`). */
static json_t *filtered(const char *text, const char *profile)
{
	json_t *config = shell(text);
	static const char *const sets[] = { "bounding", "effective", "permitted" };

	for (size_t i = 0; i < 3; i++) {
		AUTO_FREE char *path = xasprintf("process.capabilities.%s", sets[i]);

		append(config, path, "'CAP_SYS_ADMIN'");
	}
	set(config, "linux.seccomp", "{%s}", profile);
	return config;
}

/* `action` (JSON members) for sethostname and otherwise nothing. */
static json_t *for_sethostname(const char *text, const char *action)
{
	AUTO_FREE char *profile = xasprintf("'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['sethostname'], %s}]",
					    action);

	return filtered(text, profile);
}

PROVES(a_filter,
	{ "config-linux.md#seccomp", MUST, "With `seccomp` the process is filtered." },
	{ "config-linux.md#seccomp", MUST, "`SCMP_ACT_ERRNO`: the call fails; with EPERM, where no other error is given." },
	{ "config-linux.md#seccomp", MUST, "`SCMP_ACT_ALLOW`: the call is made." });
static void a_filter(void)
{
	SAYS(for_sethostname("grep Seccomp: /proc/self/status; " HOSTNAME "; true", "'action': 'SCMP_ACT_ERRNO'"),
	     "Seccomp:\t2\nhostname: sethostname: Operation not permitted\n");
	SAYS(for_sethostname("hostname x; hostname", "'action': 'SCMP_ACT_ALLOW'"), "x\n");
	SAYS(filtered("grep Seccomp: /proc/self/status", "'defaultAction': 'SCMP_ACT_ALLOW', "
		      "'syscalls': [{'names': ['acct'], 'action': 'SCMP_ACT_ERRNO'}]"), "Seccomp:\t2\n");
}

PROVES(errors_of_a_filter,
	{ "config-linux.md#seccomp", MUST, "`errnoRet` is the error of the call." },
	{ "config-linux.md#seccomp", MUST, "`defaultErrnoRet` is that of the default action." });
static void errors_of_a_filter(void)
{
	SAYS(for_sethostname(HOSTNAME "; true", "'action': 'SCMP_ACT_ERRNO', 'errnoRet': 95"),
	     "hostname: sethostname: Operation not supported\n");
	/* All calls but one: what is not allowed by a rule is what the default is for. */
	AUTO_JSON json_t *config = filtered(HOSTNAME "; true", "'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 38, "
					    "'syscalls': []");
	static const char *const needed[] = {
		"access", "arch_prctl", "brk", "capget", "capset", "chdir", "clock_gettime", "clone", "clone3", "close",
		"close_range", "dup", "dup2", "dup3", "epoll_create1", "epoll_ctl", "epoll_pwait", "execve", "exit",
		"exit_group", "faccessat", "faccessat2", "fchdir", "fchown", "fcntl", "fork", "fstat", "fstatfs", "futex",
		"getcwd", "getdents64", "getegid", "geteuid", "getgid", "getpid", "getppid", "getrandom", "gettid",
		"getuid", "ioctl", "keyctl", "kill", "lseek", "lstat", "madvise", "mmap", "mprotect", "munmap", "nanosleep",
		"newfstatat", "open", "openat", "openat2", "pipe", "pipe2", "poll", "ppoll", "prctl", "prlimit64", "pread64",
		"pselect6", "read", "readlink", "readlinkat", "readv", "recvfrom", "recvmsg", "rseq", "rt_sigaction",
		"rt_sigprocmask", "rt_sigreturn", "sched_getaffinity", "sched_yield", "seccomp", "sendmsg", "sendto",
		"set_robust_list", "set_tid_address", "setgid", "setgroups", "setresgid", "setresuid", "setuid", "sigaltstack",
		"socket", "stat", "statfs", "statx", "tgkill", "umask", "uname", "unlinkat", "vfork", "wait4", "waitid", "write", "writev",
	};

	append(config, "linux.seccomp.syscalls", "{'names': ['read'], 'action': 'SCMP_ACT_ALLOW'}");
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		json_array_append_new(jsonx_at(json_array_get(jsonx_at(config, "linux.seccomp.syscalls"), 0), "names"),
				      json_string(needed[i]));
	SAYS(json_incref(config), "hostname: sethostname: Function not implemented\n");
}

PROVES(errors_of_other_actions,
	{ "config-linux.md#seccomp", MUST, "`errnoRet` with an action that has no error is an error." },
	{ "config-linux.md#seccomp", MUST, "So is `defaultErrnoRet` with such a default action." });
static void errors_of_other_actions(void)
{
	static const char *const actions[] = { "ALLOW", "KILL", "KILL_PROCESS", "TRAP", "LOG" };

	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		AUTO_FREE char *action = xasprintf("'action': 'SCMP_ACT_%s', 'errnoRet': 95", actions[i]);

		REFUSED(for_sethostname("true", action));
	}
	REFUSED(filtered("true", "'defaultAction': 'SCMP_ACT_ALLOW', 'defaultErrnoRet': 38"));
}

PROVES(killing_actions,
	{ "config-linux.md#seccomp", MUST, "`SCMP_ACT_KILL_PROCESS`, `SCMP_ACT_KILL` and `SCMP_ACT_KILL_THREAD`: the caller is killed with SIGSYS." },
	{ "config-linux.md#seccomp", MUST, "`SCMP_ACT_TRAP`: the caller is sent SIGSYS." });
static void killing_actions(void)
{
	static const char *const actions[] = { "KILL_PROCESS", "KILL", "KILL_THREAD", "TRAP" };

	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		AUTO_FREE char *action = xasprintf("'action': 'SCMP_ACT_%s'", actions[i]);

		SAYS(for_sethostname("hostname x 2>/dev/null; echo $?", action), "159\n"); /* 128 + SIGSYS */
	}
}

PROVES(actions_that_let_pass,
	{ "config-linux.md#seccomp", MUST, "`SCMP_ACT_LOG`: the call is made (and logged by the kernel)." },
	{ "config-linux.md#seccomp", MUST, "`SCMP_ACT_TRACE`: without a tracer the call fails with ENOSYS." });
static void actions_that_let_pass(void)
{
	SAYS(for_sethostname("hostname x && hostname", "'action': 'SCMP_ACT_LOG'"), "x\n");
	SAYS(for_sethostname(HOSTNAME "; true", "'action': 'SCMP_ACT_TRACE', 'errnoRet': 1"),
	     "hostname: sethostname: Function not implemented\n");
}

/* The signals that a rule with this condition on kill's second argument forbids. */
static void forbids(const char *condition, const char *want)
{
	AUTO_FREE char *profile = xasprintf("'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['kill'], "
					    "'action': 'SCMP_ACT_ERRNO', 'args': [%s]}]", condition);

	SAYS(filtered("for s in 24 25 26 27 28 29 30 31; do kill -$s 1 2>/dev/null || echo -n \"$s \"; done", profile), want);
}

#define ARGUMENT(op, value) "{'index': 1, 'op': 'SCMP_CMP_" op "', 'value': " value "}"

PROVES(operators,
	{ "config-linux.md#seccomp", MUST, "`args` compares the argument at `index` with `value`: `SCMP_CMP_NE`." },
	{ "config-linux.md#seccomp", MUST, "`SCMP_CMP_LT`." },
	{ "config-linux.md#seccomp", MUST, "`SCMP_CMP_LE`." },
	{ "config-linux.md#seccomp", MUST, "`SCMP_CMP_EQ`." },
	{ "config-linux.md#seccomp", MUST, "`SCMP_CMP_GE`." },
	{ "config-linux.md#seccomp", MUST, "`SCMP_CMP_GT`." },
	{ "config-linux.md#seccomp", MUST, "`SCMP_CMP_MASKED_EQ`: `value` is the mask, `valueTwo` what is compared." });
static void operators(void)
{
	forbids(ARGUMENT("NE", "26"), "24 25 27 28 29 30 31 ");
	forbids(ARGUMENT("LT", "26"), "24 25 ");
	forbids(ARGUMENT("LE", "26"), "24 25 26 ");
	forbids(ARGUMENT("EQ", "26"), "26 ");
	forbids(ARGUMENT("GE", "26"), "26 27 28 29 30 31 ");
	forbids(ARGUMENT("GT", "26"), "27 28 29 30 31 ");
	forbids("{'index': 1, 'op': 'SCMP_CMP_MASKED_EQ', 'value': 3, 'valueTwo': 2}", "26 30 ");
}

PROVES(arguments_of_64_bits,
	{ "config-linux.md#seccomp", MUST, "`value` has 64 bits, without a sign." });
static void arguments_of_64_bits(void)
{
	json_t *config = filtered("kill -3 1 && echo allowed", "'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': "
				  "['kill'], 'action': 'SCMP_ACT_ERRNO', 'args': [{'index': 1, 'op': 'SCMP_CMP_EQ', 'value': '@'}]}]");

	PRINTS(runc("run", "-b", raw_bundle(config, "@", "18446744073709551615"), new_id(), NULL), "allowed\n");
}

PROVES(names_of_system_calls,
	{ "config-linux.md#seccomp", MUST, "`names` has at least one entry; none is an error." });
static void names_of_system_calls(void)
{
	REFUSED(filtered("true", "'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': [], 'action': 'SCMP_ACT_ERRNO'}]"));
	REFUSED(filtered("true", "'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'action': 'SCMP_ACT_ERRNO'}]"));
}

PROVES(words_of_a_profile,
	{ "config-linux.md#seccomp", MUST, "`defaultAction` is required." },
	{ "config-linux.md#seccomp", MUST, "`action` is required." },
	{ "config-linux.md#seccomp", MUST, "An action, an operator, an architecture or a flag that does not exist is an error." });
static void words_of_a_profile(void)
{
	REFUSED(filtered("true", "'syscalls': [{'names': ['acct'], 'action': 'SCMP_ACT_ERRNO'}]"));
	REFUSED(filtered("true", "'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['acct']}]"));
	REFUSED(for_sethostname("true", "'action': 'SCMP_ACT_MAYBE'"));
	REFUSED(for_sethostname("true", "'action': 'SCMP_ACT_ERRNO', 'args': [{'index': 0, 'value': 1, 'op': 'SCMP_CMP_NEAR'}]"));
	REFUSED(filtered("true", "'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': ['SCMP_ARCH_PDP11']"));
	REFUSED(filtered("true", "'defaultAction': 'SCMP_ACT_ALLOW', 'flags': ['SECCOMP_FILTER_FLAG_MAYBE'], "
			 "'syscalls': [{'names': ['acct'], 'action': 'SCMP_ACT_ERRNO'}]"));
}

PROVES(architectures,
	{ "config-linux.md#seccomp", MUST, "`architectures` are those whose calls the filter is about; every name of libseccomp's that it has is known." });
static void architectures(void)
{
	static const char *const names[] = {
		"X86", "X86_64", "X32", "ARM", "AARCH64", "MIPS", "MIPS64", "MIPS64N32", "MIPSEL", "MIPSEL64",
		"MIPSEL64N32", "PPC", "PPC64", "PPC64LE", "S390", "S390X", "RISCV64",
	};
	AUTO_JSON json_t *config = for_sethostname(HOSTNAME "; true", "'action': 'SCMP_ACT_ERRNO'");

	/* In one filter only architectures of one byte order can be together. */
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		set(config, "linux.seccomp.architectures", "['SCMP_ARCH_%s', 'SCMP_ARCH_%s']",
		    i < 3 ? "X86_64" : names[i], names[i]);
		CU_ASSERT(runc("run", "-b", bundle(config), new_id(), NULL).status == 0 || i >= 5);
	}
	set(config, "linux.seccomp.architectures", "['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32', 'SCMP_ARCH_AARCH64']");
	SAYS(json_incref(config), "hostname: sethostname: Operation not permitted\n");
}

PROVES(flags,
	{ "config-linux.md#seccomp", MUST, "`flags` has `SECCOMP_FILTER_FLAG_TSYNC`, `_LOG` and `_SPEC_ALLOW`." });
static void flags(void)
{
	static const char *const words[] = { "TSYNC", "LOG", "SPEC_ALLOW" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		json_t *config = for_sethostname("grep Speculation_Store /proc/self/status; " HOSTNAME "; true",
						 "'action': 'SCMP_ACT_ERRNO'");

		set(config, "linux.seccomp.flags", "['SECCOMP_FILTER_FLAG_%s']", words[i]);
		HAS(run(config).out, "hostname: sethostname: Operation not permitted\n");
	}
}

const struct test seccomp_rules[] = {
	TEST(a_filter),
	TEST(errors_of_a_filter),
	TEST(errors_of_other_actions, RUNC_DIFFERS = "an error for an action that has none is ignored"),
	TEST(killing_actions),
	TEST(actions_that_let_pass),
	TEST(operators),
	TEST(arguments_of_64_bits),
	TEST(names_of_system_calls, RUNC_DIFFERS = "a rule without names is ignored",
	     CRUN_DIFFERS = "an empty list is accepted"),
	TEST(words_of_a_profile),
	TEST(architectures),
	TEST(flags, RUNC_DIFFERS = "it refuses the flags that it was built without"),
	{ NULL },
};
