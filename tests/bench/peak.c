/*
 * peak.c - run a command, and write the most memory (KiB) that its process had in use to a descriptor.
 *
 *     peak DESCRIPTOR COMMAND [ARGUMENT...]      exits with the command's status
 *
 * The number that wait4(2) gives (ru_maxrss) will not do: it begins with what the process had before its
 * execve, counts the largest child that was waited for, which for `run` is the container, and is
 * assembled from counters of each processor that lag behind by more than a small program has.
 * VmHWM of /proc/PID/status (proc(5)) is exact and the process's own. It must be read while there still
 * is a process to read it of: ptrace(2) stops it on its way out.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static long high_water_mark(pid_t pid)
{
	char path[64], line[256];
	long kib = -1;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && kib < 0 && fgets(line, sizeof line, f))
		sscanf(line, "VmHWM: %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}

/* The command, when whoever traces it is ready: a byte arrives. */
static void run(int ready, char **argv)
{
	char byte;

	if (read(ready, &byte, 1) == 1)
		execvp(argv[0], argv);
	_exit(127);
}

/* Let it run to its end; signals that it gets are its own affair. */
static int follow(pid_t pid, long *peak)
{
	int status, signal;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		signal = status >> 16 ? 0 : WSTOPSIG(status);
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
			*peak = high_water_mark(pid);
		ptrace(PTRACE_CONT, pid, NULL, (void *)(long)signal);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	int out = argc > 2 ? atoi(argv[1]) : -1, ready[2], status;
	long peak = -1;
	pid_t pid;

	if (out < 0 || fcntl(out, F_SETFD, FD_CLOEXEC) || pipe2(ready, O_CLOEXEC))
		return fprintf(stderr, "usage: peak DESCRIPTOR COMMAND...\n"), 2;
	pid = fork();
	if (!pid)
		run(ready[0], argv + 2);
	if (pid < 0 || ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_TRACEEXIT) ||
	    write(ready[1], "", 1) != 1)
		return perror("peak"), 1;
	status = follow(pid, &peak);
	dprintf(out, "%ld\n", peak);
	return status;
}
