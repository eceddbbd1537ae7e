/*
 * signals.c - see signals.h.
 */
#include "signals.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Not the container's: our own children, our own pipes and window, what cannot
 * be blocked, and what means that this very process is broken. */
static const int own[] = { SIGCHLD, SIGPIPE, SIGWINCH, SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL,
			   SIGABRT, SIGTRAP, SIGSYS, SIGPROF, SIGURG };

int cli_signals_open(bool proxy, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	if (proxy) {
		sigfillset(&set);
		for (size_t i = 0; i < sizeof own / sizeof *own; i++)
			sigdelset(&set, own[i]);
	}
	sigaddset(&set, SIGWINCH);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0 || sigprocmask(SIG_BLOCK, &set, NULL))
		return err_sys(err, "signalfd");
	return fd;
}

/* What is still pending was meant for a container that has ended. */
void cli_signals_close(int fd)
{
	sigset_t none;

	if (fd < 0)
		return;
	while (cli_signals_next(fd))
		;
	close(fd);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int cli_signals_next(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

const char *cli_signal_name(int signal, char buf[16])
{
	const char *name = sigabbrev_np(signal);

	if (name)
		return name;
	if (signal < SIGRTMIN || signal > SIGRTMAX)
		return NULL;
	snprintf(buf, 16, signal == SIGRTMIN ? "RTMIN" : "RTMIN+%d", signal - SIGRTMIN);
	return buf;
}
