/*
 * test_seccomp.c - filters do what their rules say (seccomp(2)).
 */
#include "suite.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "01-kernel/caps.h"
#include "01-kernel/seccomp.h"

#define FUTURE_CALL 4000 /* no kernel has this one */

static void load(struct kern_seccomp *s)
{
	struct sock_filter *bpf = NULL;
	size_t n = 0;

	MUST_OK(kern_seccomp_compile(s, &bpf, &n, &child));
	MUST_OK(kern_no_new_privs(&child));
	MUST_OK(kern_seccomp_load(bpf, n, 0, &child));
	free(bpf);
	kern_seccomp_free(s);
}

static struct kern_seccomp *begin(const char *action)
{
	struct kern_seccomp *s;

	MUST_OK(!(s = kern_seccomp_new(action, -1, &child)));
	return s;
}

#define RULE(s, name, action, ret) \
	MUST_OK(kern_seccomp_rule(s, name, action, ret, NULL, 0, &child))

static void deny_some(void *arg)
{
	struct kern_seccomp *s = begin("SCMP_ACT_ALLOW");

	(void)arg;
	RULE(s, "mkdirat", "SCMP_ACT_ERRNO", -1);
	RULE(s, "mkdir", "SCMP_ACT_ERRNO", -1);
	RULE(s, "getppid", "SCMP_ACT_ERRNO", 42);
	RULE(s, "no_such_call_at_all", "SCMP_ACT_KILL", -1);
	RULE(s, "getpid", "SCMP_ACT_ALLOW", -1); /* the default action: nothing to say */
	load(s);
	MUST(mkdir("/tmp/never", 0755) < 0 && errno == EPERM);
	MUST(syscall(SYS_getppid) < 0 && errno == 42);
	MUST(syscall(SYS_getpid) > 0);
	/* Nothing is answered for the kernel where the default is to allow. */
	MUST(syscall(FUTURE_CALL) < 0 && errno == ENOSYS);
}

static void kill_one(void *arg)
{
	struct kern_seccomp *s = begin("SCMP_ACT_ALLOW");

	(void)arg;
	RULE(s, "getppid", "SCMP_ACT_KILL_PROCESS", -1);
	load(s);
	syscall(SYS_getppid);
}

static void by_argument(void *arg)
{
	const struct kern_seccomp_arg is_linux32 = { 0, PER_LINUX32, 0, "SCMP_CMP_EQ" };
	/* One argument twice: alternatives, as runc has it. */
	const struct kern_seccomp_arg two[] = { { 0, 100, 0, "SCMP_CMP_EQ" },
						{ 0, 200, 0, "SCMP_CMP_EQ" } };
	const struct kern_seccomp_arg masked = { 1, 0x0f, 0x05, "SCMP_CMP_MASKED_EQ" };
	struct kern_seccomp *s = begin("SCMP_ACT_ALLOW");

	(void)arg;
	MUST_OK(kern_seccomp_rule(s, "personality", "SCMP_ACT_ERRNO", 7, &is_linux32, 1, &child));
	MUST_OK(kern_seccomp_rule(s, "alarm", "SCMP_ACT_ERRNO", 7, two, 2, &child));
	MUST_OK(kern_seccomp_rule(s, "dup3", "SCMP_ACT_ERRNO", 7, &masked, 1, &child));
	load(s);
	MUST(syscall(SYS_personality, PER_LINUX32) < 0 && errno == 7);
	MUST(syscall(SYS_personality, 0xffffffff) >= 0);
	MUST(syscall(SYS_dup3, -1, 0x25, 0) < 0 && errno == 7);
	MUST(syscall(SYS_dup3, -1, 0x26, 0) < 0 && errno == EBADF);
#ifdef SYS_alarm
	MUST(syscall(SYS_alarm, 100) < 0 && errno == 7);
	MUST(syscall(SYS_alarm, 200) < 0 && errno == 7);
	MUST(syscall(SYS_alarm, 0) == 0);
#endif
}

/* A list of what is allowed: what it denies is EPERM, what is younger than
 * everything on the list is ENOSYS. */
static void younger_than_the_list(void *arg)
{
	struct kern_seccomp *s = begin("SCMP_ACT_ERRNO");
	static const char *const allowed[] = { "write", "exit_group", "exit", "brk", "mmap", "munmap",
		"rt_sigaction", "rt_sigprocmask", "fstat", "newfstatat", "getpid", "close", "prctl",
		"seccomp", "futex", "getrandom", "mprotect", "madvise", "clock_gettime",
		"sigaltstack" /* the sanitizers' way out */, NULL };

	(void)arg;
#ifdef __x86_64__
	MUST_OK(kern_seccomp_arch(s, "SCMP_ARCH_X86", &child));
	MUST_OK(kern_seccomp_arch(s, "SCMP_ARCH_X32", &child));
	MUST_OK(kern_seccomp_arch(s, "SCMP_ARCH_X86", &child)); /* again is no error */
#endif
	for (const char *const *name = allowed; *name; name++)
		RULE(s, *name, "SCMP_ACT_ALLOW", -1);
	RULE(s, "epoll_pwait2", "SCMP_ACT_ERRNO", -1); /* known to the list, and denied */
	load(s);
	MUST(syscall(SYS_getpid) > 0);
	MUST(syscall(SYS_getppid) < 0 && errno == EPERM);
	MUST(syscall(FUTURE_CALL) < 0 && errno == ENOSYS);
#ifdef __x86_64__
	MUST(syscall(0x40000000 + FUTURE_CALL) < 0 && errno == ENOSYS); /* x32's numbers */
#endif
}

static void filters(void)
{
	CU_ASSERT_EQUAL(in_child(deny_some, NULL), 0);
	CU_ASSERT_EQUAL(in_child(kill_one, NULL), 128 + SIGSYS);
	CU_ASSERT_EQUAL(in_child(by_argument, NULL), 0);
	CU_ASSERT_EQUAL(in_child(younger_than_the_list, NULL), 0);
}

static void unprivileged(void *arg)
{
	const struct sock_filter allow = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	struct err err;

	(void)arg;
	MUST(!setgid(65534) && !setuid(65534));
	MUST(kern_seccomp_load(&allow, 1, 0, &err) < 0 && err.kind == ERR_PERMISSION);
	MUST(strstr(err.msg, "no_new_privs"));
	MUST_OK(kern_no_new_privs(&child));
	MUST_OK(kern_seccomp_load(&allow, 1, 0, &child));
}

static void wrong_words(void)
{
	const struct kern_seccomp_arg op = { 0, 0, 0, "SCMP_CMP_ALMOST" }, index = { 6, 0, 0, "SCMP_CMP_EQ" };
	struct err err;
	struct kern_seccomp *s = kern_seccomp_new("SCMP_ACT_ALLOW", -1, &err);

	FAILS(!kern_seccomp_new("SCMP_ACT_MAYBE", -1, &err), ERR_INVALID, "SCMP_ACT_MAYBE");
	FAILS(kern_seccomp_arch(s, "SCMP_ARCH_PDP11", &err), ERR_INVALID, "PDP11");
	FAILS(kern_seccomp_arch(s, "x86_64", &err), ERR_INVALID, "x86_64");
	FAILS(kern_seccomp_arch(s, "SCMP_ARCH_S390X", &err), ERR_INVALID, "byte order");
	if (!kern_seccomp_arch_token("SCMP_ARCH_M68K")) /* libseccomp before 2.6 */
		FAILS(kern_seccomp_arch(s, "SCMP_ARCH_M68K", &err), ERR_UNSUPPORTED, "not known to libseccomp");
	FAILS(kern_seccomp_rule(s, "read", "KILL", -1, NULL, 0, &err), ERR_INVALID, "'KILL'");
	FAILS(kern_seccomp_rule(s, "read", "SCMP_ACT_KILL", -1, &op, 1, &err), ERR_INVALID, "ALMOST");
	FAILS(kern_seccomp_rule(s, "read", "SCMP_ACT_KILL", -1, &index, 1, &err), ERR_INVALID, "argument 6");
	FAILS(kern_seccomp_rule(s, "read", "SCMP_ACT_ERRNO", 4096, NULL, 0, &err), ERR_INVALID, "errno 4096");
	FAILS(kern_seccomp_rule(s, "read", "SCMP_ACT_TRACE", 65536, NULL, 0, &err), ERR_INVALID, "errno");
	FAILS(kern_seccomp_rule(s, "read", "SCMP_ACT_TRAP", 1, NULL, 0, &err), ERR_INVALID, "takes no errno");
	FAILS(!kern_seccomp_new("SCMP_ACT_LOG", 0, &err), ERR_INVALID, "takes no errno");
	kern_seccomp_free(s);
	CU_ASSERT_EQUAL(in_child(unprivileged, NULL), 0);
}

const struct test seccomp_tests[] = {
	{ "rules by name, by argument, by age", filters },
	{ "words that mean nothing, and too little privilege", wrong_words },
	{ NULL, NULL },
};
