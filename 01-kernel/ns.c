/*
 * ns.c - see ns.h.
 *
 * A namespace is kept alive by three things: a process in it, an open file
 * descriptor of its /proc/PID/ns file, or a bind mount of that file
 * (namespaces(7)). clone3 makes new ones for the child, unshare for the caller,
 * setns enters one that exists. A new pid namespace is the exception: unshare
 * and setns change only where the caller's *next* child will live, because a
 * process's own pid may never change.
 */
#include "ns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "calls.h"
#include "path.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

/* user first: owning it gives the capabilities that entering the others needs.
 * mount last: afterwards /proc may be another one, or none. */
const struct kern_ns_type kern_ns_types[] = {
	{ "user", "user", CLONE_NEWUSER },
	{ "ipc", "ipc", CLONE_NEWIPC },
	{ "uts", "uts", CLONE_NEWUTS },
	{ "network", "net", CLONE_NEWNET },
	{ "pid", "pid", CLONE_NEWPID },
	{ "cgroup", "cgroup", CLONE_NEWCGROUP },
	{ "time", "time", CLONE_NEWTIME },
	{ "mount", "mnt", CLONE_NEWNS },
	{ NULL, NULL, 0 },
};

const struct kern_ns_type *kern_ns_by_oci_name(const char *name)
{
	for (const struct kern_ns_type *t = kern_ns_types; t->oci; t++)
		if (!strcmp(t->oci, name))
			return t;
	return NULL;
}

/* Why clone, unshare and setns say no, in words (the man pages' ERRORS). */
static int ns_failed(struct err *err, const char *what)
{
	switch (errno) {
	case EPERM:
		return err_sys(err, "%s (root, or a user namespace of one's own, is needed)", what);
	case EINVAL:
		return err_sys(err, "%s (this kernel lacks one of the namespaces, or the caller "
			       "may not change it while it has threads)", what);
	case ENOSPC:
		return err_errno(err, ENOSPC, "%s (the limit in /proc/sys/user/max_*_namespaces, or "
				 "of nesting depth, is reached)", what);
	case EUSERS:
		return err_sys(err, "%s (user namespaces are nested too deeply)", what);
	default:
		return err_sys(err, "%s", what);
	}
}

/* A struct clone_args of our own: older kernel headers end it before `cgroup`. */
struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
	uint64_t stack, stack_size, tls, set_tid, set_tid_size, cgroup;
} __attribute__((aligned(8)));

pid_t kern_ns_clone(const struct kern_clone *args, struct err *err)
{
	struct trace_span span = trace_call_begin();
	char words[KERN_CALL_TEXT];
	int pidfd = -1;
	struct clone3_args c = {
		.flags = args->flags,
		.exit_signal = SIGCHLD,
	};
	long pid;

	/* With CLONE_PARENT the child is our sibling, and the parent's exit signal
	 * is inherited: clone3 then refuses one (clone(2)). */
	if (args->flags & CLONE_PARENT)
		c.exit_signal = 0;
	if (args->pidfd) {
		c.flags |= CLONE_PIDFD;
		c.pidfd = (uint64_t)(uintptr_t)&pidfd;
	}
	if (args->cgroup_fd >= 0) {
		c.flags |= CLONE_INTO_CGROUP;
		c.cgroup = (uint64_t)args->cgroup_fd;
	}
	/* Without a stack the child goes on with a copy of ours, as after fork(2).
	 * glibc does not know about it: its atfork handlers do not run, so callers
	 * clone from single-threaded programs, or exec soon. */
	pid = syscall(SYS_clone3, &c, sizeof c);
	/* A filter cannot look at clone3's flags, which lie in memory, so Docker's says
	 * that there is no such call. Hooks run under it. */
	if (pid < 0 && errno == ENOSYS && args->cgroup_fd < 0)
		pid = syscall(SYS_clone, c.flags | c.exit_signal, NULL, &pidfd, NULL, NULL);
	if (pid) /* in the child the call has not been made */
		trace_call_end(&span, pid, "clone3(%s)",
			       kern_call_flags(&span, c.flags, kern_clone_flags, words));
	if (pid < 0)
		return ns_failed(err, "clone a process into new namespaces");
	if (pid > 0 && args->pidfd)
		*args->pidfd = pidfd;
	return (pid_t)pid;
}

int kern_ns_unshare(int flags, struct err *err)
{
	struct trace_span span = trace_call_begin();
	char words[KERN_CALL_TEXT];
	int rc = unshare(flags);

	trace_call_end(&span, rc, "unshare(%s)",
		       kern_call_flags(&span, (unsigned)flags, kern_clone_flags, words));
	return rc ? ns_failed(err, "unshare namespaces") : 0;
}

int kern_ns_enter_path(const char *path, int flag, struct err *err)
{
	AUTO_CLOSE int fd = open(path, KERN_NS_OPEN_FLAGS);
	AUTO_FREE char *what = xasprintf("enter the namespace %s", path);

	if (fd < 0)
		return err_sys(err, "open the namespace %s", path);
	if (!kern_call_setns(fd, flag))
		return 0;
	if (errno == EINVAL && flag)
		return err_set(err, ERR_INVALID,
			       "enter %s: not a namespace of the type asked for, or the caller is "
			       "in it already (user) or has threads", path);
	return ns_failed(err, what);
}

int kern_ns_open(pid_t pid, const struct kern_ns_type *type, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/%s", (int)pid, type->proc);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open %s", path) : fd;
}

/* In a build with sanitizers the leak checker asks before it runs. It stops the
 * process from a thread of its own, which would land in the pid namespace that
 * was entered for children, where this process cannot be seen: it would wait
 * for ever. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	struct stat own, children;

	return stat("/proc/self/ns/pid", &own) ||
	       stat("/proc/self/ns/pid_for_children", &children) || own.st_ino != children.st_ino;
}
#endif
