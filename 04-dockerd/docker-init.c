/*
 * docker-init.c - `docker run --init`: the smallest process 1 that does its duty.
 *
 * Process 1 of a PID namespace inherits every orphan and has to reap it, and
 * the kernel does not deliver a signal to it that it has no handler for (signal(7),
 * pid_namespaces(7)). A program that was not written for this leaves zombies and ignores
 * SIGTERM. So this runs as 1, the program as its child: signals are passed on, orphans
 * reaped, and the child's end is our end.
 *
 *     docker-init -- PROGRAM [ARGUMENT...]
 *
 * It is linked statically and bound into the container, so it uses nothing of the image.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child: a session of its own would lose the terminal; a process group of its own in the
 * foreground keeps Ctrl-C from reaching both of us. */
static int run_child(char **argv, const sigset_t *old)
{
	setpgid(0, 0);
	if (isatty(STDIN_FILENO))
		tcsetpgrp(STDIN_FILENO, getpid()); /* SIGTTOU is blocked: tcsetpgrp(3) */
	sigprocmask(SIG_SETMASK, old, NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "docker-init: %s: %s\n", argv[0], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reap all that have ended; the exit status once the child is among them, else -1. */
static int reap(pid_t child)
{
	int status, result = -1;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == child)
			result = status_of(status);
	return result;
}

int main(int argc, char **argv)
{
	char **program = argv + 1 + (argc > 1 && !strcmp(argv[1], "--"));
	sigset_t all, old;
	pid_t child;
	int sig, result;

	if (argc < 2 || !*program) {
		fputs("usage: docker-init -- PROGRAM [ARGUMENT...]\n", stderr);
		return 125;
	}
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	child = fork();
	if (child == 0)
		_exit(run_child(program, &old));
	if (child < 0) {
		perror("docker-init: fork");
		return 125;
	}
	for (;;) {
		if (sigwait(&all, &sig))
			continue;
		if (sig != SIGCHLD)
			kill(child, sig);
		else if ((result = reap(child)) >= 0)
			return result;
	}
}
