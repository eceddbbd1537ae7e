/*
 * isolate.c - run a command in a world of its own (the reference solution).
 *
 *     isolate HOSTNAME COMMAND [ARG...]
 *
 * The model: a namespace is a property of a process, inherited by its children.
 * unshare(2) gives this process new ones, fork(2) makes the first child in them,
 * and the child arranges them from the inside. The namespaces end with the last
 * process in them; the kernel kills whatever is left when the child, their
 * process 1, exits. So there is nothing to clean up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "isolate: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* All take effect at once, but for the PID namespace: a process's own number
 * cannot change, so that one starts with the next child. */
static void leave_the_host(void)
{
	if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET) < 0)
		die("unshare");
}

static void furnish(const char *hostname)
{
	if (sethostname(hostname, strlen(hostname)) < 0)
		die("sethostname");
	/* A new mount namespace is a copy whose mounts still belong to the peer
	 * groups of the originals: without this, what follows would happen on
	 * the host as well (mount_namespaces(7), "Shared subtrees"). */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("make / private");
	/* The old /proc goes on showing the PID namespace it was mounted in. */
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		die("mount /proc");
}

static int exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	int status;
	pid_t child;

	if (argc < 3) {
		fprintf(stderr, "usage: isolate HOSTNAME COMMAND [ARG...]\n");
		return 125;
	}
	leave_the_host();
	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		furnish(argv[1]);
		execvp(argv[2], argv + 2);
		fprintf(stderr, "isolate: %s: %s\n", argv[2], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (waitpid(child, &status, 0) < 0)
		die("waitpid");
	return exit_code(status);
}
