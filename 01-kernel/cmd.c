/*
 * cmd.c - see cmd.h.
 */
#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"
#include "ns.h"

int kern_cmd_usage(const struct kern_cmd *cmd, struct err *err)
{
	return err_set(err, ERR_INVALID, "usage: kernel %s %s", cmd->name, cmd->usage);
}

char **kern_cmd_words(int argc, char **argv, int first)
{
	static char *shell[2];

	if (first < argc)
		return argv + first;
	shell[0] = getenv("SHELL");
	if (!shell[0])
		shell[0] = (char *)"/bin/sh";
	return shell;
}

int kern_cmd_exec(char *const *words, struct err *err)
{
	execvp(words[0], words);
	err_sys(err, "run %s", words[0]);
	err->kind = err->errnum == ENOENT ? ERR_NO_PROGRAM : ERR_NOT_EXECUTABLE;
	return -1;
}

void kern_cmd_exec_or_exit(char *const *words)
{
	struct err err;

	kern_cmd_exec(words, &err);
	fprintf(stderr, "kernel: %s\n", err.msg);
	_exit(kern_cmd_exit_code(err.kind));
}

int kern_cmd_wait(pid_t pid, struct err *err)
{
	int status;

	if (spawn_wait(pid, &status))
		return err_sys(err, "wait for %d", (int)pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int kern_cmd_run(char *const *words, struct err *err)
{
	struct kern_clone plain = { .cgroup_fd = -1 };
	pid_t pid = kern_ns_clone(&plain, err);

	if (pid < 0)
		return -1;
	if (pid == 0)
		kern_cmd_exec_or_exit(words);
	return kern_cmd_wait(pid, err);
}

int kern_cmd_exit_code(enum err_kind kind)
{
	switch (kind) {
	case ERR_INVALID:
		return 2;
	case ERR_NOT_EXECUTABLE:
		return 126;
	case ERR_NO_PROGRAM:
		return 127;
	default:
		return 1;
	}
}
