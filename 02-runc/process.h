/*
 * process.h - from "in the right namespaces" to "is the program".
 *
 * The last part of the way is the same for a container's init and for a process
 * that `exec` adds to it: limits, identity, privileges, working directory,
 * program. init.c and cmd_exec.c call these steps in the order that they need.
 */
#ifndef DOCKYARD_RUNC_PROCESS_H
#define DOCKYARD_RUNC_PROCESS_H

#include <stdbool.h>

#include "config.h"
#include "seccomp.h"

struct runc_launch {
	const struct runc_process *process;
	const struct runc_filter *filter; /* NULL: none */
	const char *keyring;              /* name of a new session keyring, or NULL */
	unsigned preserve_fds;            /* beyond 0, 1, 2, how many the program inherits */
	/* What a container has at its /proc is never asked and never written: these are of
	 * the runtime's own. -1 before they are opened and after they are closed. */
	int procfs; /* O_PATH of /proc; the runtime opens it */
	int proc;   /* O_PATH of our directory in it */
	bool keep_groups; /* where setgroups(2) is denied: we are in some user namespace */
	struct strlist env;
	char *program; /* where the program was found */
	bool in_cwd;   /* process.cwd was entered before the privileges went */
};

/* Signals as a new program expects them: none blocked, none ignored. */
void runc_process_reset_signals(void);

/* Open l->procfs, and see where we are: by the runtime. */
int runc_process_prepare(struct runc_launch *l, struct err *err);
/* Open l->proc. */
int runc_process_open_proc(struct runc_launch *l, struct err *err);
int runc_process_close_proc(struct runc_launch *l, struct err *err);
/* The number of descriptors to keep, from --preserve-fds and LISTEN_FDS
 * (sd_listen_fds(3)); every other one from 3 on is closed by the exec. */
int runc_process_seal_fds(const struct runc_launch *l, struct err *err);

/* Close all descriptors from 3 on but those to be preserved and the n in `keep` (-1:
 * none). Directories of the host must not be open when the container's eyes look
 * paths up, or when its processes may trace us: before runc_process_drop. */
void runc_process_close_fds(const struct runc_launch *l, const int *keep, size_t n);
/* Until the next execve, no process with only our own privileges may trace us or
 * look at our descriptors (CVE-2016-9962). For who joins a pid namespace. */
int runc_process_hide(struct err *err);

/* rlimits, keyring, labels: needs root, changes no identity. */
int runc_process_limits(struct runc_launch *l, struct err *err);

/* The environment: the last of equal names wins; HOME from the container's
 * passwd if it is not set. `root` is a descriptor of the container's root. */
int runc_process_environment(struct runc_launch *l, int root, struct err *err);

/* Give stdin, stdout and stderr to the user who will run. */
int runc_process_own_stdio(const struct runc_launch *l, struct err *err);

/* no_new_privs, ids, capabilities, in the order that works. */
int runc_process_drop(struct runc_launch *l, struct err *err);

/* capabilities.c: leave out what cannot be granted, with a warning if none has been `told` yet. */
void runc_caps_settle(struct runc_process *p, bool user_namespace, bool told);

/* chdir to process.cwd, if that has not been done, and make sure that it is inside the container. */
int runc_process_chdir(const struct runc_launch *l, struct err *err);

/* Find the program; see runc_find_program. */
int runc_process_find(struct runc_launch *l, struct err *err);

/* Load the filter. From here on it decides about our own system calls too: what
 * can be done before is done before. `sync` as in notify.h. */
int runc_process_filter(struct runc_launch *l, int sync, struct err *err);

/* Become the program. Returns only on failure. */
int runc_process_exec(struct runc_launch *l, struct err *err);

/* find.c: a name with a slash is a path; any other is looked for along PATH of
 * `env`. ERR_NO_PROGRAM or ERR_NOT_EXECUTABLE in the words that Docker and
 * podman know from runc. The caller frees *found. */
int runc_find_program(const char *name, char *const *env, char **found, struct err *err);

const char *runc_errno_words(int errnum);

/* find.c: the value of a variable, or NULL. */
const char *runc_env_get(char *const *env, const char *name);

#endif
