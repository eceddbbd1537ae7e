/*
 * spawn.c - see spawn.h. posix_spawn(3) would do, but knows no PR_SET_PDEATHSIG.
 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void reset_signals(void)
{
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &plain, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int place_stdio(const int stdio[3])
{
	for (int i = 0; i < 3; i++) {
		int fd = stdio[i] >= 0 ? stdio[i] : open("/dev/null", O_RDWR | O_CLOEXEC);

		if (fd < 0 || dup2(fd, i) < 0)
			return -1;
	}
	return 0;
}

/* In the child; what it returns from is a failure. */
static int execute(char *const *argv, char *const *env, const int stdio[3], bool mortal, pid_t parent)
{
	if ((mortal && prctl(PR_SET_PDEATHSIG, SIGKILL)) || place_stdio(stdio))
		return errno;
	reset_signals();
	if (mortal && getppid() != parent) /* it had ended before we asked for its death's signal */
		return ECHILD;
	execvpe(argv[0], argv, env);
	return errno;
}

int spawn_program(char *const *argv, char *const *env, const int stdio[3], bool mortal, pid_t *pid,
		  struct err *err)
{
	volatile int failed = 0;
	pid_t parent = getpid();
	sigset_t all, before;

	/* As with posix_spawn(3), the child borrows our memory until it executes, and no handler of
	 * ours may run in it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	*pid = vfork();
	if (!*pid) {
		failed = execute(argv, env ? env : environ, stdio, mortal, parent);
		_exit(127);
	}
	if (*pid < 0)
		failed = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!failed)
		return 0;
	if (*pid > 0)
		spawn_wait(*pid, NULL);
	return err_errno(err, failed, "run %s", argv[0]);
}

int spawn_wait(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return 0;
}
