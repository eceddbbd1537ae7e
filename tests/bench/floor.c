/*
 * floor.c - see floor.h. Read `run` first, then `be_born`: a container's whole life.
 *
 *     floor docker|minimal GROUP HIERARCHIES DIRECTORY PROGRAM [ARGUMENT...]
 *     floor exec GROUP HIERARCHIES PID PROGRAM [ARGUMENT...]
 *
 * docker: what Docker's default configuration asks for; minimal: new mount and pid namespaces, /proc
 * and /dev; exec: one more process in the docker container whose first process is PID.
 * The exit status is the program's.
 *
 * The system call filter is Docker's, compiled when this program is: to load it is the kernel's
 * work for any runtime, to compile it is not.
 */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build/filter.h" /* static const struct sock_filter filter[] */

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(125);
}

void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

struct path path_of(const char *format, ...)
{
	struct path p;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(p.text, sizeof p.text, format, args);
	va_end(args);
	errno = ENAMETOOLONG;
	if (n >= (int)sizeof p.text)
		die(p.text);
	return p;
}

static void set_up_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo))
		die("bring up lo");
	close(fd);
}

/* The filter while CAP_SYS_ADMIN still allows it; the bounding set while CAP_SETPCAP does. */
static void drop_privileges(bool docker)
{
	const uint32_t keep = 0xa80425fb; /* Docker's fourteen */
	const struct sock_fprog program = { COUNT(filter), (struct sock_filter *)filter };
	const gid_t group = 0;
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[2] = { { keep, keep, 0 }, { 0, 0, 0 } };

	umask(022);
	if (docker && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		die("load the filter");
	for (int cap = 0; cap < 64; cap++)
		if ((cap > 31 || !(keep >> cap & 1)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			break; /* there are no more */
	if (setgroups(1, &group) || syscall(SYS_capset, &header, sets))
		die("drop privileges");
}

static void execute(char **argv)
{
	static const char *const env[] = { "PATH=/bin", "HOME=/root", NULL };

	execve(argv[0], argv, (char **)env);
	die(argv[0]);
}

static void be_born(const struct container *c, char **argv)
{
	static const char name[] = "44a4cc3795b9";

	setsid();
	umask(0);
	cgroup_join_v1(&c->cgroup);
	/* After the group: the namespace's root is where its first process stands. */
	if (c->docker && cgroup_only_v2(&c->cgroup) && unshare(CLONE_NEWCGROUP))
		die("make a cgroup namespace");
	if (c->docker)
		set_up_network();
	make_root(c);
	if (c->docker && sethostname(name, strlen(name)))
		die(name);
	drop_privileges(c->docker);
	execute(argv);
}

/* A child in new namespaces (flags) and in the group. */
static pid_t clone_child(const struct cgroup *cg, uint64_t flags)
{
	struct { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
		 set_tid, set_tid_size, cgroup; } args = { .flags = flags, .exit_signal = SIGCHLD };
	int group = cgroup_open_v2(cg);
	pid_t pid;

	if (group >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)group;
	}
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid < 0)
		die("clone");
	return pid;
}

static int wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		die("wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(const struct container *c, char **argv)
{
	const uint64_t few = CLONE_NEWNS | CLONE_NEWPID;
	const uint64_t all = few | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
	int status;
	pid_t pid;

	cgroup_make(&c->cgroup);
	if (c->docker)
		cgroup_limit(&c->cgroup);
	pid = clone_child(&c->cgroup, c->docker ? all : few);
	if (!pid)
		be_born(c, argv);
	status = wait_for(pid);
	cgroup_remove(&c->cgroup);
	return status;
}

/* A process cannot change its pid namespace, only where its children are born. */
static int exec(const struct cgroup *cg, pid_t first, char **argv)
{
	const int others = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
			   (cgroup_only_v2(cg) ? CLONE_NEWCGROUP : 0);
	int pidfd = (int)syscall(SYS_pidfd_open, first, 0);
	pid_t pid;

	if (pidfd < 0 || setns(pidfd, CLONE_NEWPID))
		die("enter the pid namespace");
	pid = clone_child(cg, 0);
	if (pid)
		return wait_for(pid);
	setsid();
	cgroup_join_v1(cg);
	if (setns(pidfd, others))
		die("enter the namespaces");
	drop_privileges(true);
	execute(argv);
	return 125;
}

int main(int argc, char **argv)
{
	struct container c = { .docker = argc > 1 && !strcmp(argv[1], "docker") };

	if (argc < 6) {
		fprintf(stderr, "usage: floor docker|minimal GROUP HIERARCHIES DIRECTORY PROGRAM...\n"
				"       floor exec GROUP HIERARCHIES PID PROGRAM...\n");
		return 2;
	}
	cgroup_parse(&c.cgroup, argv[2], argv[3]);
	if (!strcmp(argv[1], "exec"))
		return exec(&c.cgroup, atoi(argv[4]), argv + 5);
	c.directory = argv[4];
	return run(&c, argv + 5);
}
