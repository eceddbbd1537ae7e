/*
 * process.c - see process.h. Its order of privileges, in runc_process_drop, is
 * the part to read twice.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "01-kernel/base/trace.h"
#include "01-kernel/path.h"
#include "notify.h"

void runc_process_reset_signals(void)
{
	sigset_t none;

	/* An ignored signal stays ignored across execve(2); a handler does not. */
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int runc_process_prepare(struct runc_launch *l, struct err *err)
{
	l->keep_groups = geteuid() || !kern_userns_initial();
	l->procfs = kern_proc_open(err);
	return l->procfs < 0 ? -1 : 0;
}

int runc_process_open_proc(struct runc_launch *l, struct err *err)
{
	l->proc = kern_proc_file(l->procfs, "self", O_PATH | O_DIRECTORY, err);
	return l->proc < 0 ? -1 : 0;
}

int runc_process_seal_fds(const struct runc_launch *l, struct err *err)
{
	if (syscall(SYS_close_range, 3 + l->preserve_fds, ~0U, CLOSE_RANGE_CLOEXEC))
		return err_sys(err, "mark the file descriptors from %u on close-on-exec",
			       3 + l->preserve_fds);
	return 0;
}

void runc_process_close_fds(const struct runc_launch *l, const int *keep, size_t n)
{
	/* In the gaps between those that are kept. */
	for (unsigned from = 3 + l->preserve_fds; ;) {
		unsigned next = ~0U;

		for (size_t i = 0; i < n; i++)
			if (keep[i] >= 0 && (unsigned)keep[i] >= from && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next > from)
			syscall(SYS_close_range, from, next == ~0U ? ~0U : next - 1, 0);
		if (next == ~0U)
			return;
		from = next + 1;
	}
}

int runc_process_hide(struct err *err)
{
	return prctl(PR_SET_DUMPABLE, 0) ? err_sys(err, "become undumpable") : 0;
}

static int set_rlimit(const struct runc_rlimit *r, struct err *err)
{
	struct rlimit64 now, want = { r->soft, r->hard };

	if (!prlimit64(0, (enum __rlimit_resource)r->resource, &want, NULL))
		return 0;
	if (errno == EPERM && !prlimit64(0, (enum __rlimit_resource)r->resource, NULL, &now))
		return err_errno(err, EPERM, "set %s to %llu (raising the hard limit above %llu "
				 "needs CAP_SYS_RESOURCE, which the runtime does not have)",
				 r->name, (unsigned long long)r->hard,
				 (unsigned long long)now.rlim_max);
	return err_sys(err, "set %s to soft %llu, hard %llu", r->name,
		       (unsigned long long)r->soft, (unsigned long long)r->hard);
}

/* The possessor may do everything with it; the owner see, read, search and link it.
 * To search is what joining a keyring by its name takes. */
#define KEYRING_PERMISSIONS 0x3f1b0000L

/* A keyring of the session's own, so that keys of the host's session are out of
 * reach. Init makes it, who comes by `exec` finds it (keyctl_join_session_keyring(3)). */
static int join_keyring(const char *name, struct err *err)
{
	long serial = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);

	if (serial < 0 && errno == ENOSYS)
		return 0; /* a kernel without keyrings has none to protect */
	if (serial < 0)
		return err_sys(err, "join a new session keyring (--no-new-keyring leaves it out)");
	if (syscall(SYS_keyctl, KEYCTL_SETPERM, serial, KEYRING_PERMISSIONS))
		return err_sys(err, "set the permissions of the session keyring");
	return 0;
}

/* Labels take effect at the next exec. The files say EINVAL when the security
 * module they belong to is not active. */
static int set_label(const struct runc_launch *l, const char *module, const char *file,
		     const char *label, struct err *err)
{
	if (!kern_proc_write(l->proc, file, label, err))
		return 0;
	return err_wrap(err, "apply the %s label '%s' (is %s enabled on this machine?)", module,
			label, module);
}

/* Keys made from here on carry the program's label; the execve ends that. */
static int label_keys(const struct runc_launch *l, struct err *err)
{
	const char *label = l->process->selinux_label;

	return label && *label ? set_label(l, "SELinux", "attr/keycreate", label, err) : 0;
}

static int set_labels(const struct runc_launch *l, struct err *err)
{
	const char *apparmor = l->process->apparmor_profile, *selinux = l->process->selinux_label;
	AUTO_FREE char *onexec = NULL;

	if (selinux && *selinux && set_label(l, "SELinux", "attr/exec", selinux, err))
		return -1;
	if (!apparmor || !*apparmor)
		return 0;
	onexec = xasprintf("exec %s", apparmor);
	if (!faccessat(l->proc, "attr/apparmor/exec", F_OK, 0))
		return set_label(l, "AppArmor", "attr/apparmor/exec", onexec, err);
	return set_label(l, "AppArmor", "attr/exec", onexec, err);
}

int runc_process_limits(struct runc_launch *l, struct err *err)
{
	const struct runc_process *p = l->process;

	if (l->keyring && (label_keys(l, err) || join_keyring(l->keyring, err)))
		return -1;
	for (size_t i = 0; i < p->n_rlimits; i++)
		if (set_rlimit(&p->rlimits[i], err))
			return -1;
	return set_labels(l, err);
}

int runc_process_own_stdio(const struct runc_launch *l, struct err *err)
{
	struct stat st;

	for (int fd = 0; fd < 3; fd++) {
		if (fstat(fd, &st))
			continue; /* closed: it stays so */
		if (st.st_uid == l->process->uid || isatty(fd) ||
		    (S_ISCHR(st.st_mode) && st.st_rdev == 0x103)) /* /dev/null is everyone's */
			continue;
		/* The group is left: it may be what lets others at it. A read-only
		 * file system, or an object without an owner, is left alone. */
		if (fchown(fd, l->process->uid, (gid_t)-1) && errno != EINVAL && errno != EPERM &&
		    errno != EROFS)
			return err_sys(err, "give file descriptor %d to user %u", fd,
				       l->process->uid);
	}
	return 0;
}

static int id_failed(const char *what, unsigned id, struct err *err)
{
	return errno == EINVAL ? err_errno(err, EINVAL, "set the %s id %u (it is not mapped into the "
					   "user namespace)", what, id)
			       : err_sys(err, "set the %s id %u", what, id);
}

static int set_ids(const struct runc_launch *l, struct err *err)
{
	const struct runc_process *p = l->process;
	struct trace_span span = trace_call_begin();

	/* Without any of the runtime's own groups, also when none is asked for. Where an
	 * unprivileged user mapped the ids, nobody may leave a group (user_namespaces(7)). */
	if (setgroups(p->n_gids, p->gids) && (!l->keep_groups || errno != EPERM || p->n_gids))
		return err_sys(err, l->keep_groups ? "cannot set any additional groups in a rootless "
						     "container" : "set the supplementary groups");
	if (setresgid(p->gid, p->gid, p->gid))
		return id_failed("group", p->gid, err);
	if (setresuid(p->uid, p->uid, p->uid))
		return id_failed("user", p->uid, err);
	trace_call_end(&span, 0, "setgroups(%zu), setresgid(%u), setresuid(%u)", p->n_gids, p->gid,
		       p->uid);
	return 0;
}

static bool filtered(const struct runc_launch *l)
{
	return l->filter && l->filter->n;
}

/* Loading a filter takes no_new_privs or CAP_SYS_ADMIN (seccomp(2)). Without the
 * first, the second stays permitted until the filter is loaded, which is the last
 * thing to do: a filter need not allow, and cannot fake, what is done before it. */
static uint64_t kept_for_filter(const struct runc_launch *l)
{
	return filtered(l) && !l->process->no_new_privileges ? UINT64_C(1) << CAP_SYS_ADMIN : 0;
}

int runc_process_drop(struct runc_launch *l, struct err *err)
{
	const struct runc_process *p = l->process;
	struct kern_caps caps = p->caps;

	umask(p->umask >= 0 ? (mode_t)p->umask : 0022);
	/* A directory that the runtime may enter and the user may not; what the user may
	 * and the runtime may not (on NFS, say) is for runc_process_chdir. */
	l->in_cwd = !chdir(p->cwd);
	if (p->no_new_privileges && kern_no_new_privs(err))
		return -1;
	/* Dropping from the bounding set takes CAP_SETPCAP: before the ids go. */
	if (kern_caps_bound(&p->caps, err))
		return -1;
	/* A change of uid away from 0 clears the capabilities (capabilities(7)),
	 * which would leave none to hand on to the sets below. */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		return err_sys(err, "keep capabilities over the change of user");
	if (set_ids(l, err))
		return -1;
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0))
		return err_sys(err, "stop keeping capabilities");
	caps.permitted |= kept_for_filter(l);
	return kern_caps_apply(&caps, err) ? err_wrap(err, "unable to apply caps") : 0;
}

/* Under the filter even the time may be forbidden to ask for. */
static void tell_last(const struct runc_launch *l)
{
	struct trace_span span = trace_call_begin();

	if (filtered(l))
		trace_call_end(&span, 0, "seccomp(SECCOMP_SET_MODE_FILTER, %zu instructions): from here on "
			       "nothing is told", l->filter->n);
	trace_stop();
}

int runc_process_filter(struct runc_launch *l, int sync, struct err *err)
{
	const struct kern_caps *own = &l->process->caps;
	struct kern_caps with = *own;

	tell_last(l);
	if (!filtered(l))
		return 0;
	with.permitted |= kept_for_filter(l);
	with.effective |= kept_for_filter(l);
	if (kept_for_filter(l) && kern_caps_set(&with, err))
		return err_wrap(err, "use CAP_SYS_ADMIN for the seccomp filter");
	if (runc_notify_load(l->filter, sync, err))
		return -1;
	if (kept_for_filter(l) && kern_caps_set(own, err))
		return err_wrap(err, "give up CAP_SYS_ADMIN under the seccomp filter");
	return 0;
}

int runc_process_chdir(const struct runc_launch *l, struct err *err)
{
	char buf[PATH_MAX];

	if (!l->in_cwd && chdir(l->process->cwd))
		return err_sys(err, "chdir to cwd (\"%s\") set in config.json", l->process->cwd);
	/* CVE-2024-21626: a cwd such as /proc/self/fd/7 could be a directory of the
	 * host that some descriptor still refers to. The kernel then reports it as
	 * unreachable from our root (getcwd(3)). */
	if (!getcwd(buf, sizeof buf) || buf[0] != '/')
		return err_set(err, ERR_PERMISSION, "current working directory is outside of the "
			       "container's root: refusing cwd \"%s\"", l->process->cwd);
	return 0;
}

int runc_process_find(struct runc_launch *l, struct err *err)
{
	return runc_find_program(l->process->args[0], l->env.v, &l->program, err);
}

int runc_process_close_proc(struct runc_launch *l, struct err *err)
{
	int fd = l->proc;

	l->proc = -1;
	/* Not "it will be closed at the exec": see there. */
	if (fd >= 0 && close(fd) && errno != EINTR)
		return err_sys(err, "close /proc (does the seccomp profile allow close?)");
	return 0;
}

int runc_process_exec(struct runc_launch *l, struct err *err)
{
	/* A path (or a script's interpreter) of /proc/self/fd/N/../.. would lead out of
	 * the container through it: execve looks both up before it closes anything. */
	if (runc_process_close_proc(l, err))
		return -1;
	execve(l->program, (char **)l->process->args, l->env.v);
	return err_set(err, errno == ENOENT || errno == ENOTDIR ? ERR_NO_PROGRAM
							       : ERR_NOT_EXECUTABLE,
		       "exec %s: %s", l->program, runc_errno_words(errno));
}
