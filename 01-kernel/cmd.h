/*
 * cmd.h - what the verbs of the `kernel` command share: each shows one kernel
 * facility by hand, in its own cmd_*.c page.
 *
 * A verb returns an exit status (that of the command it ran), or -1 with *err.
 */
#ifndef DOCKYARD_KERNEL_CMD_H
#define DOCKYARD_KERNEL_CMD_H

#include <sys/types.h>

#include "base/err.h"

struct kern_cmd {
	const char *name;
	const char *usage; /* what follows the verb */
	const char *shows; /* one line for the list of verbs */
	int (*run)(int argc, char **argv, struct err *err); /* argv[0] is the verb */
};

extern const struct kern_cmd kern_cmd_ns, kern_cmd_enter, kern_cmd_cgroup, kern_cmd_overlay,
	kern_cmd_pivot, kern_cmd_caps, kern_cmd_seccomp, kern_cmd_bridge, kern_cmd_veth, kern_cmd_nft,
	kern_cmd_path, kern_cmd_tty;

/* "usage: kernel <verb> …" as ERR_INVALID. Returns -1. */
int kern_cmd_usage(const struct kern_cmd *cmd, struct err *err);

/* The command words after the options; the user's shell when there are none. */
char **kern_cmd_words(int argc, char **argv, int first);

/* Become the command (PATH is searched). Returns only on failure, with -1. */
int kern_cmd_exec(char *const *words, struct err *err);

/* In a child between fork and exec: become the command, or say why not and exit
 * with what kern_cmd_exit_code says. */
void kern_cmd_exec_or_exit(char *const *words) __attribute__((noreturn));

/* Wait for the child: its exit status, 128 + n when signal n ended it. */
int kern_cmd_wait(pid_t pid, struct err *err);

/* Run the command in a child and wait for it. */
int kern_cmd_run(char *const *words, struct err *err);

/* 127 and 126 as shells have them, 2 for wrong usage, else 1. */
int kern_cmd_exit_code(enum err_kind kind);

#endif
