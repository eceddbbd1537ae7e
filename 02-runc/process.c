/*
 * process.c - see process.h. Its order of privileges, in runc_process_drop, is
 * the part to read twice.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
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

#include "01-kernel/base/file.h"
#include "01-kernel/path.h"

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

/* The home of uid in the container's /etc/passwd, "/" without one. The file is
 * the image's: it may be a pipe, or very long. */
static char *find_home(int root, uid_t uid)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;
	AUTO_CLOSE int fd = kern_path_open(root, "etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY,
					   0, 0, &ignored);
	char *save = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    file_read_fd(fd, &sb, 1 << 20, &ignored))
		return xstrdup("/");
	for (char *line = strtok_r(sb.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *field[7], *rest = line;
		size_t n = 0;

		while (n < 7 && rest)
			field[n++] = strsep(&rest, ":");
		if (n == 7 && *field[2] && strspn(field[2], "0123456789") == strlen(field[2]) &&
		    strtoul(field[2], NULL, 10) == uid && *field[5])
			return xstrdup(field[5]);
	}
	return xstrdup("/");
}

/* `places` says for each name where in env it is: a hundred thousand variables are not
 * to be compared with each other. */
static void put_env(struct strlist *env, json_t *places, const char *entry)
{
	AUTO_FREE char *name = xstrndup(entry, strcspn(entry, "="));
	const json_t *place = json_object_get(places, name);
	char **old = place ? &env->v[json_integer_value(place)] : NULL;

	if (old) {
		free(*old);
		*old = xstrdup(entry);
		return;
	}
	json_object_set_new_nocheck(places, name, json_integer((json_int_t)env->n));
	strlist_add(env, entry);
}

/* LISTEN_FDS (sd_listen_fds(3)) travels with the descriptors it speaks of; the
 * program's pid in its namespace is ours, for we become it. */
static void put_listen_env(struct runc_launch *l, json_t *places)
{
	const char *fds = getenv("LISTEN_FDS");
	AUTO_FREE char *count = NULL, *pid = NULL;

	if (!fds || !*fds || !l->preserve_fds)
		return;
	count = xasprintf("LISTEN_FDS=%s", fds);
	pid = xasprintf("LISTEN_PID=%d", (int)getpid());
	put_env(&l->env, places, count);
	put_env(&l->env, places, pid);
}

int runc_process_environment(struct runc_launch *l, int root, struct err *err)
{
	AUTO_JSON json_t *places = json_object();

	(void)err;
	for (const char **e = l->process->env; *e; e++)
		put_env(&l->env, places, *e);
	put_listen_env(l, places);
	/* An empty one is as good as none. */
	if (!runc_env_get(l->env.v, "HOME") || !*runc_env_get(l->env.v, "HOME")) {
		AUTO_FREE char *home = find_home(root, l->process->uid), *entry = NULL;

		entry = xasprintf("HOME=%s", home);
		put_env(&l->env, places, entry);
	}
	return 0;
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

	/* Without any of the runtime's own groups, also when none is asked for. Where an
	 * unprivileged user mapped the ids, nobody may leave a group (user_namespaces(7)). */
	if (setgroups(p->n_gids, p->gids) && (!l->keep_groups || errno != EPERM || p->n_gids))
		return err_sys(err, l->keep_groups ? "cannot set any additional groups in a rootless "
						     "container" : "set the supplementary groups");
	if (setresgid(p->gid, p->gid, p->gid))
		return id_failed("group", p->gid, err);
	if (setresuid(p->uid, p->uid, p->uid))
		return id_failed("user", p->uid, err);
	return 0;
}

static int load_filter(const struct runc_launch *l, struct err *err)
{
	if (!l->filter || !l->filter->n)
		return 0;
	return kern_seccomp_load(l->filter->bpf, l->filter->n, l->filter->flags, err) < 0 ? -1 : 0;
}

int runc_process_drop(struct runc_launch *l, struct err *err)
{
	const struct runc_process *p = l->process;

	umask(p->umask >= 0 ? (mode_t)p->umask : 0022);
	/* A directory that the runtime may enter and the user may not; what the user may
	 * and the runtime may not (on NFS, say) is for runc_process_chdir. */
	l->in_cwd = !chdir(p->cwd);
	if (p->no_new_privileges && kern_no_new_privs(err))
		return -1;
	/* Installing a filter takes no_new_privs or CAP_SYS_ADMIN (seccomp(2)). With
	 * the first it can wait until the very end, and the filter need not allow
	 * what we still do here; without, this is the last moment at which we may. */
	if (!p->no_new_privileges && load_filter(l, err))
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
	return kern_caps_apply(&p->caps, err) ? err_wrap(err, "unable to apply caps") : 0;
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

int runc_process_exec(struct runc_launch *l, struct err *err)
{
	/* A path (or a script's interpreter) of /proc/self/fd/N/../.. would lead out of
	 * the container through it: execve looks both up before it closes anything. */
	cleanup_close(&l->proc);
	l->proc = -1;
	if (l->process->no_new_privileges && load_filter(l, err))
		return -1;
	execve(l->program, (char **)l->process->args, l->env.v);
	return err_set(err, errno == ENOENT || errno == ENOTDIR ? ERR_NO_PROGRAM
							       : ERR_NOT_EXECUTABLE,
		       "exec %s: %s", l->program, runc_errno_words(errno));
}
