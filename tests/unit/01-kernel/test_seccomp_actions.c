/*
 * test_seccomp_actions.c - what each action does to a process, for real
 * (seccomp(2)), and what the kernel says of filters that it does not take.
 */
#include "suite.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "01-kernel/caps.h"
#include "01-kernel/seccomp.h"
#include "01-kernel/tty.h"

/* What getppid(2) shall mean in this process from here on; a listener if there is one. */
static int load(const char *action, int errno_ret, unsigned flags)
{
	struct kern_seccomp *s;
	struct sock_filter *bpf = NULL;
	size_t n = 0;
	int fd;

	MUST_OK(!(s = kern_seccomp_new("SCMP_ACT_ALLOW", -1, &child)));
	MUST_OK(kern_seccomp_rule(s, "getppid", action, errno_ret, NULL, 0, &child));
	MUST_OK(kern_seccomp_compile(s, &bpf, &n, &child));
	MUST_OK(kern_no_new_privs(&child));
	MUST_OK((fd = kern_seccomp_load(bpf, n, flags, &child)) < 0);
	free(bpf);
	kern_seccomp_free(s);
	return fd;
}

static void *call(void *arg)
{
	syscall(SYS_getppid);
	return arg;
}

/* The thread that calls dies; with KILL_THREAD it alone. */
static void in_a_thread(void *action)
{
	pthread_t thread;

	load(action, -1, 0);
	MUST(!pthread_create(&thread, NULL, call, NULL));
	MUST(!pthread_join(thread, NULL));
	_exit(7);
}

static void killing(void)
{
	CU_ASSERT_EQUAL(in_child(in_a_thread, "SCMP_ACT_KILL_THREAD"), 7);
	CU_ASSERT_EQUAL(in_child(in_a_thread, "SCMP_ACT_KILL"), 7);
	CU_ASSERT_EQUAL(in_child(in_a_thread, "SCMP_ACT_KILL_PROCESS"), 128 + SIGSYS);
}

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1 /* of <asm-generic/siginfo.h> */
#endif

static volatile int trapped, trapped_code;

static void on_trap(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	trapped = info->si_syscall;
	trapped_code = info->si_code;
}

static void trap(void *arg)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	(void)arg;
	MUST(!sigaction(SIGSYS, &action, NULL));
	load("SCMP_ACT_TRAP", -1, 0);
	syscall(SYS_getppid);
	MUST(trapped == SYS_getppid && trapped_code == SYS_SECCOMP);
}

static void log_and_allow(void *arg)
{
	pid_t parent = getppid();

	(void)arg;
	load("SCMP_ACT_LOG", -1, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	MUST(syscall(SYS_getppid) == parent);
}

static void trace_alone(void *arg)
{
	(void)arg;
	load("SCMP_ACT_TRACE", 77, 0);
	MUST(syscall(SYS_getppid) < 0 && errno == ENOSYS); /* nobody traces it */
}

static void traced(void)
{
	pid_t parent = getppid();

	MUST(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	raise(SIGSTOP);
	load("SCMP_ACT_TRACE", 60000, 0);
	MUST(syscall(SYS_getppid) == parent); /* the tracer lets it pass */
	_exit(0);
}

static void trace(void *arg)
{
	unsigned long message = 0;
	pid_t pid = fork();
	int status;

	(void)arg;
	if (!pid)
		traced();
	MUST(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	MUST(!ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_TRACESECCOMP));
	MUST(!ptrace(PTRACE_CONT, pid, NULL, NULL));
	MUST(waitpid(pid, &status, 0) == pid);
	MUST(status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8));
	MUST(!ptrace(PTRACE_GETEVENTMSG, pid, NULL, &message) && message == 60000);
	MUST(!ptrace(PTRACE_CONT, pid, NULL, NULL));
	MUST(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status));
}

static void answer(int listener, int64_t val, int error, unsigned flags)
{
	struct seccomp_notif call = { .id = 0 };
	struct seccomp_notif_resp resp = { .val = val, .error = error, .flags = flags };

	MUST(!ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call));
	MUST(call.data.nr == SYS_getppid);
	resp.id = call.id;
	MUST(!ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp));
}

static void notified(int sock, unsigned flags)
{
	pid_t parent = getppid();
	int listener = load("SCMP_ACT_NOTIFY", -1, SECCOMP_FILTER_FLAG_NEW_LISTENER | flags);

	MUST_OK(kern_fd_send(sock, listener, "listener", &child));
	close(listener);
	MUST(syscall(SYS_getppid) == 4242);
	MUST(syscall(SYS_getppid) < 0 && errno == EXDEV);
	MUST(syscall(SYS_getppid) == parent);
	MUST(syscall(SYS_getppid) < 0 && errno == ENOSYS); /* the agent has gone */
	_exit(0);
}

static void notify(void *flags)
{
	int pair[2], listener, status;
	char text[16];
	pid_t pid;

	MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = fork();
	if (!pid)
		notified(pair[1], *(unsigned *)flags);
	MUST_OK((listener = kern_fd_recv(pair[0], text, sizeof text, &child)) < 0);
	answer(listener, 4242, 0, 0);
	answer(listener, 0, -EXDEV, 0);
	answer(listener, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	close(listener);
	MUST(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status));
}

static void others(void)
{
	unsigned none = 0, killable = KERN_SECCOMP_WAIT_KILLABLE_RECV;

	CU_ASSERT_EQUAL(in_child(trap, NULL), 0);
	CU_ASSERT_EQUAL(in_child(log_and_allow, NULL), 0);
	CU_ASSERT_EQUAL(in_child(trace_alone, NULL), 0);
	CU_ASSERT_EQUAL(in_child(trace, NULL), 0);
	CU_ASSERT_EQUAL(in_child(notify, &none), 0);
	if (kern_seccomp_flag_known(killable))
		CU_ASSERT_EQUAL(in_child(notify, &killable), 0);
}

/* Each error of the kernel's in words of ours. */
static void refused(void *arg)
{
	const struct sock_filter allow = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
				 nowhere = { BPF_JMP | BPF_JA, 0, 0, 5 };
	struct err err;

	(void)arg;
	MUST_OK(kern_no_new_privs(&child));
	MUST(kern_seccomp_load(&allow, 0, 0, &err) < 0 && err.kind == ERR_INVALID);
	MUST(kern_seccomp_load(&allow, BPF_MAXINSNS + 1, 0, &err) < 0 && err.kind == ERR_INVALID);
	MUST(kern_seccomp_load(&nowhere, 1, 0, &err) < 0 && err.errnum == EINVAL);
	MUST(kern_seccomp_load(&allow, 1, 1u << 30, &err) < 0 && strstr(err.msg, "0x40000000"));
	MUST(kern_seccomp_load((void *)8, 1, 0, &err) < 0 && err.errnum == EFAULT);
	MUST(strstr(err.msg, "cannot be read"));
	MUST_OK(kern_seccomp_load(&allow, 1, SECCOMP_FILTER_FLAG_NEW_LISTENER, &child) < 0);
	MUST(kern_seccomp_load(&allow, 1, SECCOMP_FILTER_FLAG_NEW_LISTENER, &err) < 0);
	MUST(err.errnum == EBUSY && strstr(err.msg, "has a listener already"));
}

/* The kernel limits what the filters of one process may cost together. */
static void too_many(void *arg)
{
	static struct sock_filter long_one[BPF_MAXINSNS];
	struct err err = { 0 };
	int i = 0;

	(void)arg;
	for (size_t k = 0; k < BPF_MAXINSNS; k++)
		long_one[k] = (struct sock_filter){ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	MUST_OK(kern_no_new_privs(&child));
	while (i < 100 && !kern_seccomp_load(long_one, BPF_MAXINSNS, 0, &err))
		i++;
	MUST(i && err.errnum == ENOMEM && strstr(err.msg, "too long together"));
}

static void not_taken(void)
{
	CU_ASSERT_EQUAL(in_child(refused, NULL), 0);
	CU_ASSERT_EQUAL(in_child(too_many, NULL), 0);
}

static bool listed(const struct kern_seccomp_word *list, const char *name, uint32_t value)
{
	const struct kern_seccomp_word *w = kern_seccomp_word(list, name);

	return w && w->value == value;
}

static void words(void)
{
	size_t archs = 0;

	CU_ASSERT(listed(kern_seccomp_actions, "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD));
	CU_ASSERT(listed(kern_seccomp_actions, "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF));
	CU_ASSERT(listed(kern_seccomp_flags, "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG));
	CU_ASSERT(!kern_seccomp_word(kern_seccomp_ops, "SCMP_CMP_MAYBE"));
	for (const char *const *a = kern_seccomp_archs; *a; a++, archs++)
		CU_ASSERT(!archs || strcmp(a[-1], a[0]) < 0);
	CU_ASSERT_EQUAL(archs, 23); /* the specification's list of 1.2 and 1.3 */
	CU_ASSERT(kern_seccomp_arch_token("SCMP_ARCH_RISCV64") != 0);
	CU_ASSERT(kern_seccomp_arch_token("SCMP_ARCH_PDP11") == 0);
	CU_ASSERT(kern_seccomp_arch_token("x86") == 0);
	CU_ASSERT(kern_seccomp_flag_known(SECCOMP_FILTER_FLAG_LOG));
	CU_ASSERT(kern_seccomp_flag_known(0));
	CU_ASSERT(!kern_seccomp_flag_known(1u << 30));
}

const struct test seccomp_action_tests[] = {
	{ "KILL_THREAD and KILL_PROCESS", killing },
	{ "TRAP, LOG, TRACE, NOTIFY", others },
	{ "what the kernel does not take", not_taken },
	{ "the words and what is known", words },
	{ NULL, NULL },
};
