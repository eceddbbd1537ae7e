/*
 * runtime.h - the OCI runtime as seen from above: a command line.
 *
 *     runc --root R --log L --log-format json create --bundle B --pid-file P ID
 *
 * Any program that speaks it will do (runc, crun, ours). Its exit status says
 * whether it worked; why it did not stands in the log, a JSON object per line. This is
 * the one place where such a message, which another program wrote, is interpreted.
 */
#ifndef DOCKYARD_CTRD_RUNTIME_H
#define DOCKYARD_CTRD_RUNTIME_H

#include <jansson.h>
#include <sys/types.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

struct ctrd_runtime {
	const char *binary; /* a path, or a name looked up in PATH */
	const char *root;   /* the runtime's own state directory */
	const json_t *args; /* strings: options that stand before all of ours; NULL: none */
};

/* Begin a command line: everything up to and including the command's name. */
void ctrd_runtime_command(struct strlist *argv, const struct ctrd_runtime *rt, const char *log,
			  const char *command);

/* Start argv, in this environment (NULL: ours), with these three descriptors as its 0, 1 and 2 (-1: /dev/null), signals
 * as a fresh program expects them. It is killed when the calling thread ends, so that no
 * container is made or changed that nobody answers for. ERR_UNAVAILABLE if it cannot be started. */
int ctrd_runtime_spawn(char *const *argv, char *const *env, const int stdio[3], pid_t *pid,
		       struct err *err);

/* A descriptor for the runtime's standard error when nobody else wants it: a file in
 * memory, which a runtime that writes much cannot block on. -1 and err. */
int ctrd_runtime_stderr(struct err *err);

/* Fill *err with why the command failed: the last error in the log past `from`, else
 * what it wrote to standard error (errfd, may be -1), else its wait status. Returns -1.
 * ERR_NO_PROGRAM and ERR_NOT_EXECUTABLE where the container's program is at fault. */
int ctrd_runtime_failure(const char *command, const char *log, off_t from, int errfd, int status,
			 struct err *err);

/* Run to the end and wait: for a caller that has nothing else to do. */
int ctrd_runtime_run(const struct ctrd_runtime *rt, const char *log, const char *command,
		     const char *flag, const char *id, struct err *err);

/* The size of the log now, for ctrd_runtime_failure. */
off_t ctrd_runtime_log_size(const char *log);

#endif
