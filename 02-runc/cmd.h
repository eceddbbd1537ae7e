/*
 * cmd.h - the commands, one file each (cmd_NAME.c), and what they share.
 */
#ifndef DOCKYARD_RUNC_CMD_H
#define DOCKYARD_RUNC_CMD_H

#include "container.h"
#include "options.h"

#define RUNC_VERSION "1.2.0"

/* What stands before the command's name on the command line. */
struct runc_global {
	const char *root, *log, *log_format;
	bool logs; /* the log of --log is open: who calls us reads it */
	bool debug, systemd_cgroup;
	bool rootless; /* go without a cgroup where we may not make one */
	char **argv; /* all of it, for runc_sealed */
};

/* A command gets what follows its name. It returns the exit status; a failure
 * is -1 with *err filled, which main prints, logs, and turns into status 1. */
typedef int runc_cmd(const struct runc_global *g, int argc, char **argv, struct err *err);

runc_cmd runc_cmd_checkpoint, runc_cmd_create, runc_cmd_delete, runc_cmd_events, runc_cmd_exec, runc_cmd_features,
	runc_cmd_kill, runc_cmd_list, runc_cmd_pause, runc_cmd_ps, runc_cmd_restore, runc_cmd_resume, runc_cmd_run,
	runc_cmd_spec, runc_cmd_start, runc_cmd_state, runc_cmd_update;

/* Parse the options; then min..max arguments must be left, at argv[*rest].
 * `usage` is what follows the command's name in the help. With --help prints
 * and sets *rest to -1: the command then returns 0. */
struct cmd_usage {
	const char *usage, *about;
	int min, max; /* max -1: any number */
	bool in_order; /* what follows the first argument is somebody else's */
};
int runc_cmd_parse(const struct cmd_usage *u, const struct option_def *defs, int argc,
		   char **argv, int *rest, struct err *err);

/* Load the container's state. */
int runc_cmd_state_of(const struct runc_global *g, const char *id, struct runc_state *st,
		      struct err *err);

/* `create` and `run` share their options. */
struct runc_create_cmd {
	struct runc_create create;
	int preserve_fds;
	bool detach, keep, no_subreaper;
};
int runc_cmd_parse_create(struct runc_create_cmd *c, const struct runc_global *g, bool run,
			  int argc, char **argv, struct err *err);

/* How many descriptors from 3 on to hand down: --preserve-fds, and LISTEN_FDS for a container's
 * own process (not for one of `exec`, as in runc). Each must be open, or one of ours could slip
 * into its place. */
int runc_cmd_preserve(int asked, bool listening, unsigned *n, struct err *err);

#endif
