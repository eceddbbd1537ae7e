/*
 * git_run.c - see git.h: a program that works for somebody who is not trusted.
 *
 *     clone3 (mount, pid) ─▶ its directory over /tmp ─▶ nobody, no way back ─▶ git
 *
 * Git is process 1 of its namespace: when it ends, its helpers end, and when it is killed, they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "01-kernel/base/spawn.h"
#include "01-kernel/ns.h"
#include "git.h"

#define NOBODY 65534
#define LOOK_MS 500  /* how often it is asked whether anybody still waits */
#define TAIL_MAX 2000 /* of what it complains about: the end matters */
#define NO_PROGRAM 127

/* Configuration that stands before all of the repository's own. */
static const char *const settings[] = {
	"core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false",
	"http.lowSpeedLimit=1", "http.lowSpeedTime=30", "init.defaultBranch=main",
};

static void arguments(struct strlist *argv, const char *const *args)
{
	strlist_add(argv, "git");
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		strlist_add(argv, "-c");
		strlist_add(argv, settings[i]);
	}
	for (; *args; args++)
		strlist_add(argv, *args);
}

/* --- in the child ----------------------------------------------------------------------------------- */

/* No more than system calls: other threads of the daemon may have held any lock. For the same reason the IDs are set
 * by the calls themselves; libc's would look for the threads, which are not here. */
static bool shut_in(const char *sandbox)
{
	return !mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) &&
	       !mount(sandbox, "/tmp", NULL, MS_BIND, NULL) &&
	       !mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) &&
	       !chdir("/tmp") && !syscall(SYS_setgroups, 0, NULL) &&
	       !syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) &&
	       !syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

static _Noreturn void child(const char *sandbox, char *const *argv, char *const *env, int out)
{
	static const char text[] = "its sandbox cannot be made\n";
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	umask(022);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 || !shut_in(sandbox)) {
		if (write(out, text, sizeof text - 1) < 0)
			_exit(1);
		_exit(1);
	}
	execvpe(argv[0], argv, env);
	_exit(errno == ENOENT || errno == EACCES ? NO_PROGRAM : 1); /* some of PATH is not for nobody */
}

/* --- beside it ---------------------------------------------------------------------------------------- */

static void keep_tail(struct strbuf *tail, const char *block, size_t n)
{
	strbuf_add(tail, block, n);
	if (tail->len <= TAIL_MAX)
		return;
	memmove(tail->data, tail->data + tail->len - TAIL_MAX, TAIL_MAX);
	tail->len = TAIL_MAX;
	tail->data[TAIL_MAX] = '\0';
}

/* Until nobody has the pipe's other end. */
static int listen_to(const struct git_job *job, int out, int pidfd, struct strbuf *tail, struct err *err)
{
	struct pollfd p = { out, POLLIN, 0 };
	char block[4096];
	struct err ignored;

	for (;;) {
		int ready = poll(&p, 1, LOOK_MS);
		ssize_t n = ready > 0 ? read(out, block, sizeof block) : -1;

		if (n == 0)
			return 0;
		if (n > 0)
			keep_tail(tail, block, (size_t)n);
		if (job->given_up(job->arg)) {
			kern_pidfd_signal(pidfd, SIGKILL, &ignored);
			return err_set(err, ERR_CANCELLED, "git was given up");
		}
	}
}

/* Its last line that says something, without "fatal: ". */
static const char *complaint(struct strbuf *tail)
{
	char *line;

	strbuf_adds(tail, "");
	while (tail->len && strchr(" \n\r", tail->data[tail->len - 1]))
		tail->data[--tail->len] = '\0';
	line = strstr(tail->data, "fatal: ");
	if (!line)
		line = strrchr(tail->data, '\n') ? strrchr(tail->data, '\n') + 1 : tail->data;
	line[strcspn(line, "\n")] = '\0';
	return str_starts(line, "fatal: ") ? line + strlen("fatal: ") : line;
}

static int judge(int status, struct strbuf *tail, struct err *err)
{
	const char *why = complaint(tail);

	if (!status)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM)
		return err_set(err, ERR_UNSUPPORTED, "git is not installed on the daemon's machine");
	return err_set(err, ERR_INVALID, "git: %s", *why ? why : "it failed");
}

int git_run(const struct git_job *job, const struct strlist *env, const char *const *args, struct err *err)
{
	AUTO_STRLIST struct strlist argv = STRLIST_INIT;
	AUTO_STRBUF struct strbuf tail = STRBUF_INIT;
	AUTO_CLOSE int in = -1, out = -1, pidfd = -1;
	struct kern_clone clone = { .flags = CLONE_NEWNS | CLONE_NEWPID, .cgroup_fd = -1, .pidfd = &pidfd };
	int ends[2], status = 0, rc;
	pid_t pid;

	if (chown(job->sandbox, NOBODY, NOBODY) || pipe2(ends, O_CLOEXEC))
		return err_sys(err, "git");
	in = ends[0];
	out = ends[1];
	arguments(&argv, args);
	pid = kern_ns_clone(&clone, err);
	if (!pid)
		child(job->sandbox, argv.v, env->v, out);
	if (pid < 0)
		return err_wrap(err, "git");
	close(steal_fd(&out)); /* or the end would never come */
	rc = listen_to(job, in, pidfd, &tail, err);
	spawn_wait(pid, &status);
	return rc ? -1 : judge(status, &tail, err);
}
