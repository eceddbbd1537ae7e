/*
 * seccomp_guard.c - compiling a profile, for a limited time (runc_seccomp_guard).
 *
 * libseccomp keeps the rules about one system call as a tree of comparisons, and up to
 * at least 2.5.4 adds some to it for ever: a second rule with the same comparison of one
 * argument and another of the next is enough. So the profile of somebody else is
 * compiled by a child, which the kernel kills when it has computed for too long; the
 * answer comes through memory that both have. It happens once per profile
 * (seccomp_cache.c), and a fork is nothing beside it.
 */
#include <linux/filter.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "01-kernel/base/spawn.h"
#include "01-kernel/base/strbuf.h"
#include "seccomp.h"

#define SECONDS 5 /* of processor time; Docker's profile takes a hundredth of one */

struct answer {
	bool done, failed;
	struct err err;
	unsigned flags;
	size_t n;
	struct sock_filter bpf[BPF_MAXINSNS];
};

__attribute__((noreturn)) static void child(runc_seccomp_compile *compile, const json_t *seccomp,
					    struct answer *a)
{
	/* At the hard limit it is SIGKILL, which nobody can have blocked. */
	const struct rlimit limit = { SECONDS, SECONDS };
	struct runc_filter f = RUNC_FILTER_INIT;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CPU, &limit);
	a->failed = compile(seccomp, &f, &a->err);
	a->flags = f.flags;
	a->n = a->failed ? 0 : f.n;
	if (a->n)
		memcpy(a->bpf, f.bpf, a->n * sizeof *a->bpf);
	a->done = true;
	_exit(0);
}

static int take(const struct answer *a, struct runc_filter *f, struct err *err)
{
	if (!a->done)
		return err_set(err, ERR_TIMEOUT, "linux.seccomp: libseccomp was not done with the "
			       "profile after %d s and was stopped (some rules about the arguments "
			       "of one system call keep it busy for ever)", SECONDS);
	if (a->failed) {
		*err = a->err;
		return -1;
	}
	f->flags = a->flags;
	f->n = a->n;
	f->bpf = f->memory = xmalloc(a->n * sizeof *a->bpf);
	memcpy(f->memory, a->bpf, a->n * sizeof *a->bpf);
	return 0;
}

int runc_seccomp_guard(runc_seccomp_compile *compile, const json_t *seccomp,
		       struct runc_filter *f, struct err *err)
{
	struct answer *a = mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				-1, 0);
	int failed;
	pid_t pid;

	if (a == MAP_FAILED)
		return err_sys(err, "linux.seccomp: memory for the filter");
	pid = fork();
	if (!pid)
		child(compile, seccomp, a);
	if (pid > 0)
		spawn_wait(pid, NULL);
	failed = pid < 0 ? err_sys(err, "linux.seccomp: fork") : take(a, f, err);
	munmap(a, sizeof *a);
	return failed;
}
