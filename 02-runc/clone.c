/*
 * clone.c - see clone.h.
 *
 * A process never changes its pid namespace: setns(2) with CLONE_NEWPID decides
 * only where the children that it has from then on are born. So the runtime asks
 * for that, has its one child, and takes it back: the hooks that it runs, and
 * whatever a library starts behind its back, belong to the host.
 */
#include "clone.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>

#include "01-kernel/base/cleanup.h"
#include "01-kernel/base/log.h"

pid_t runc_clone(const struct kern_clone *args, int ns, struct err *err)
{
	AUTO_CLOSE int own = -1;
	pid_t pid;

	if (ns < 0)
		return kern_ns_clone(args, err);
	own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (own < 0)
		return err_sys(err, "open the runtime's own pid namespace");
	if (setns(ns, CLONE_NEWPID))
		return err_sys(err, "join the pid namespace");
	pid = kern_ns_clone(args, err);
	if (pid && setns(own, CLONE_NEWPID))
		log_warn("cannot return to the runtime's pid namespace: %s", strerror(errno));
	return pid;
}
