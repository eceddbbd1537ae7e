/*
 * ns.h - namespaces(7): make them, enter them, and processes by pidfd.
 */
#ifndef DOCKYARD_NS_H
#define DOCKYARD_NS_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* One row per namespace type, in the order in which they must be entered. */
struct kern_ns_type {
	const char *oci;  /* name in the OCI runtime specification: "network" */
	const char *proc; /* name under /proc/PID/ns: "net" */
	uint64_t flag;    /* CLONE_NEWNET */
};
extern const struct kern_ns_type kern_ns_types[]; /* ends with a row of NULLs */
const struct kern_ns_type *kern_ns_by_oci_name(const char *name); /* or NULL */

/* clone3(2). Returns the child's pid (0 in the child) or -1. `cgroup_fd` >= 0
 * starts the child in that cgroup v2 (CLONE_INTO_CGROUP). *pidfd, if not NULL,
 * receives a descriptor of the child (the caller's, O_CLOEXEC). The child
 * starts with a copy of the memory, as after fork(2). */
struct kern_clone {
	uint64_t flags; /* CLONE_NEW*, CLONE_PARENT */
	int cgroup_fd;  /* -1: stay in the parent's */
	int *pidfd;
};
pid_t kern_ns_clone(const struct kern_clone *args, struct err *err);

int kern_ns_unshare(int flags, struct err *err);

/* How to open what somebody says is a namespace: it may be a pipe, which would be waited
 * for, or a terminal, which would become ours. */
#define KERN_NS_OPEN_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* setns(2) into a namespace file; `flag` is the type it must have, or 0. */
int kern_ns_enter_path(const char *path, int flag, struct err *err);

/* Open /proc/PID/ns/<type> (O_CLOEXEC). */
int kern_ns_open(pid_t pid, const struct kern_ns_type *type, struct err *err);

/* pidfd_open(2), pidfd_send_signal(2): no race with pid reuse. */
int kern_pidfd_open(pid_t pid, struct err *err);
int kern_pidfd_signal(int pidfd, int sig, struct err *err);

/* Start time of a process in clock ticks since boot (field 22 of
 * /proc/PID/stat); with the pid it names a process for ever. 0 and -1/err. */
int kern_proc_start_time(pid_t pid, uint64_t *ticks, char *state, struct err *err);

/* RLIMIT_NOFILE up to what is allowed: 1024, as is usual, are few for who keeps some for each container. What it
 * was before, for those that we start; 0: unlimited, or as it is now. */
long kern_raise_open_files(void);

/* "SIGTERM", "TERM", "15" to a number; -1 and ERR_INVALID if it is none. */
int kern_signal_parse(const char *text, struct err *err);
const char *kern_signal_name(int sig); /* "SIGTERM"; NULL if there is no such signal */

#endif
