/*
 * seccomp_load.c - see seccomp.h: the one system call that makes a filter bind.
 */
#include "seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What seccomp(2) means by its errors. */
static int failed(unsigned flags, struct err *err)
{
	switch (errno) {
	case EACCES:
		return err_sys(err, "load the seccomp filter (without CAP_SYS_ADMIN, no_new_privs must "
			       "be set first)");
	case EBUSY:
		return err_sys(err, "load the seccomp filter (another one has a listener already)");
	case EFAULT:
		return err_sys(err, "load the seccomp filter (its instructions cannot be read)");
	case EINVAL:
		return err_sys(err, "load the seccomp filter (this kernel does not know one of its "
			       "flags, 0x%x, or takes its instructions for broken)", flags);
	case ENOMEM:
		return err_sys(err, "load the seccomp filter (it is too long together with those "
			       "that bind this process already)");
	case ENOSYS:
		return err_sys(err, "load the seccomp filter (this kernel is built without them)");
	default:
		return err_sys(err, "load the seccomp filter");
	}
}

int kern_seccomp_load(const struct sock_filter *bpf, size_t n, unsigned flags, struct err *err)
{
	struct sock_fprog prog = { .len = (unsigned short)n, .filter = (struct sock_filter *)bpf };
	long r;

	if (!n || n > BPF_MAXINSNS)
		return err_set(err, ERR_INVALID, "load the seccomp filter: %zu instructions are not "
			       "between 1 and %d", n, BPF_MAXINSNS);
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
	if (r < 0)
		return failed(flags, err);
	if (r > 0 && (flags & SECCOMP_FILTER_FLAG_TSYNC) &&
	    !(flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return err_set(err, ERR_CONFLICT, "load the seccomp filter: thread %ld has another "
			       "filter", r);
	return (int)r;
}
