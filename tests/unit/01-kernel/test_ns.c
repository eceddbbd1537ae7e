/*
 * test_ns.c - namespaces, pidfds, signals (ns.h).
 */
#include "suite.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "01-kernel/ns.h"

static ino_t ns_inode(pid_t pid, const char *name)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/%s", (int)pid, name);
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

static void clone_makes_the_namespaces_asked_for(void)
{
	int pidfd = -1, status = 0;
	struct kern_clone c = { CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID, -1, &pidfd };
	struct err err;
	pid_t pid = kern_ns_clone(&c, &err);

	if (pid == 0) {
		if (getpid() != 1)
			_exit(1);
		for (;;)
			pause();
	}
	CU_ASSERT_FATAL(pid > 0);
	CU_ASSERT_NOT_EQUAL(ns_inode(pid, "uts"), ns_inode(getpid(), "uts"));
	CU_ASSERT_NOT_EQUAL(ns_inode(pid, "ipc"), ns_inode(getpid(), "ipc"));
	CU_ASSERT_EQUAL(ns_inode(pid, "net"), ns_inode(getpid(), "net"));
	CU_ASSERT(fcntl(pidfd, F_GETFD) & FD_CLOEXEC);
	OK(kern_pidfd_signal(pidfd, SIGKILL, &err));
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	FAILS(kern_pidfd_signal(pidfd, 0, &err), ERR_NOT_FOUND, "No such process");
	close(pidfd);
}

/* With CLONE_PARENT the grandparent is the parent: it must be able to wait. */
static void make_sibling(void *arg)
{
	struct kern_clone c = { CLONE_PARENT, -1, NULL };
	pid_t pid;

	(void)arg;
	MUST_OK((pid = kern_ns_clone(&c, &child)) < 0);
	if (pid == 0)
		_exit(9);
}

static void clone_parent_makes_a_sibling(void)
{
	int status = 0;

	CU_ASSERT_EQUAL(in_child(make_sibling, NULL), 0);
	CU_ASSERT(wait(&status) > 0);
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

static void join(void *arg)
{
	pid_t pid = *(pid_t *)arg;
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/uts", (int)pid);
	char name[65] = "";

	MUST_OK(kern_ns_enter_path(path, CLONE_NEWUTS, &child));
	MUST(!gethostname(name, sizeof name) && !strcmp(name, "elsewhere"));
}

static void join_wrong_type(void *arg)
{
	struct err err;

	(void)arg;
	MUST(kern_ns_enter_path("/proc/self/ns/uts", CLONE_NEWNET, &err) < 0);
	MUST(err.kind == ERR_INVALID);
	MUST(kern_ns_enter_path("/proc/self/nothing", 0, &err) < 0 && err.kind == ERR_NOT_FOUND);
}

static void entering_by_path(void)
{
	struct kern_clone c = { CLONE_NEWUTS, -1, NULL };
	int ready[2];
	struct err err;
	char byte;
	pid_t pid;

	CU_ASSERT_FATAL(!pipe2(ready, O_CLOEXEC));
	pid = kern_ns_clone(&c, &err);
	if (pid == 0) {
		if (sethostname("elsewhere", 9) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	CU_ASSERT_EQUAL(read(ready[0], &byte, 1), 1);
	CU_ASSERT_EQUAL(in_child(join, &pid), 0);
	CU_ASSERT_EQUAL(in_child(join_wrong_type, NULL), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

static void types_by_name(void)
{
	const struct kern_ns_type *net = kern_ns_by_oci_name("network");
	struct err err;
	AUTO_CLOSE int fd = net ? kern_ns_open(getpid(), net, &err) : -1;

	CU_ASSERT_PTR_NOT_NULL_FATAL(net);
	CU_ASSERT_EQUAL(net->flag, CLONE_NEWNET);
	CU_ASSERT_STRING_EQUAL(net->proc, "net");
	CU_ASSERT(fd >= 0);
	CU_ASSERT_PTR_NULL(kern_ns_by_oci_name("net"));
	FAILS(kern_ns_open(0x3fffffff, net, &err) < 0, ERR_NOT_FOUND, "/ns/net");
}

static void pidfd_tells_the_end(void)
{
	pid_t pid = fork();
	struct err err;
	struct pollfd p = { .events = POLLIN };

	if (pid == 0) {
		usleep(20000);
		_exit(0);
	}
	p.fd = kern_pidfd_open(pid, &err);
	CU_ASSERT(p.fd >= 0);
	CU_ASSERT_EQUAL(poll(&p, 1, 5000), 1);
	waitpid(pid, NULL, 0);
	close(p.fd);
	FAILS(kern_pidfd_open(0x3fffffff, &err) < 0, ERR_NOT_FOUND, "process");
}

/* The start time is monotonic over processes, and the name may hold anything. */
static void start_time(void)
{
	uint64_t mine = 0, later = 0;
	int hold[2];
	struct err err;
	char state = 0;
	pid_t pid;

	CU_ASSERT_FATAL(!pipe2(hold, O_CLOEXEC));
	OK(kern_proc_start_time(getpid(), &mine, &state, &err));
	CU_ASSERT_EQUAL(state, 'R');
	pid = fork();
	if (pid == 0) {
		FILE *f = fopen("/proc/self/comm", "we");

		if (!f || fputs(") Z 0 (", f) < 0 || fclose(f) || write(hold[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	CU_ASSERT_EQUAL(read(hold[0], &state, 1), 1);
	OK(kern_proc_start_time(pid, &later, &state, &err));
	CU_ASSERT(later >= mine && mine > 0);
	CU_ASSERT(state == 'S' || state == 'R');
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	FAILS(kern_proc_start_time(pid, &later, &state, &err), ERR_NOT_FOUND, "stat");
	close(hold[0]);
	close(hold[1]);
}

static void signals_by_name(void)
{
	static const struct { const char *text; int sig; } good[] = {
		{ "SIGTERM", SIGTERM }, { "term", SIGTERM }, { "15", 15 }, { "KILL", SIGKILL },
		{ "sigusr1", SIGUSR1 }, { "SIGCHLD", SIGCHLD }, { "winch", SIGWINCH },
	};
	struct err err;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		CU_ASSERT_EQUAL(kern_signal_parse(good[i].text, &err), good[i].sig);
	CU_ASSERT_EQUAL(kern_signal_parse("RTMIN+3", &err), SIGRTMIN + 3);
	CU_ASSERT_EQUAL(kern_signal_parse("SIGRTMAX-1", &err), SIGRTMAX - 1);
	for (const char *const *bad = (const char *const[]){ "", "0", "-1", "65", "999", "SIG",
			"SIGNOPE", "15x", "RTMIN-1", "RTMIN+99", "TERM ", NULL }; *bad; bad++)
		FAILS(kern_signal_parse(*bad, &err) < 0, ERR_INVALID, "invalid signal");
	CU_ASSERT_STRING_EQUAL(kern_signal_name(9), "SIGKILL");
	CU_ASSERT_PTR_NULL(kern_signal_name(0));
}

const struct test ns_tests[] = {
	{ "clone makes the namespaces asked for, and no other", clone_makes_the_namespaces_asked_for },
	{ "CLONE_PARENT makes a sibling", clone_parent_makes_a_sibling },
	{ "entering by path checks the type", entering_by_path },
	{ "types by their name in the OCI specification", types_by_name },
	{ "a pidfd tells the end of a process", pidfd_tells_the_end },
	{ "the start time, whatever the process calls itself", start_time },
	{ "signals by name and number", signals_by_name },
	{ NULL, NULL },
};
