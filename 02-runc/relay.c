/*
 * relay.c - a container in the foreground: see console.h.
 *
 * One poll loop over the user's keyboard, the container's terminal, a signalfd
 * and the container's pidfd. Without a terminal the container has the user's
 * own stdin and stdout, and only signals pass here.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "01-kernel/base/cleanup.h"
#include "01-kernel/base/file.h"
#include "01-kernel/base/spawn.h"
#include "01-kernel/ns.h"
#include "01-kernel/tty.h"
#include "console.h"

struct relay {
	pid_t pid;
	int pidfd, master, signals;
	bool raw;
	struct termios saved;
	/* Typed, and not yet taken by a program that does not read: in[pos..len). While there is
	 * any, no more is read; all else goes on. */
	char in[16384];
	size_t pos, len;
};

/* All but what is about ourselves or cannot be caught. */
static void forwarded(sigset_t *set)
{
	static const int own[] = { SIGCHLD, SIGPIPE, SIGURG, SIGTTIN, SIGTTOU, SIGSEGV, SIGBUS,
				   SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS };

	sigfillset(set);
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		sigdelset(set, own[i]);
}

void runc_relay_prepare(void)
{
	sigset_t set;

	forwarded(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void fit_size(const struct relay *r)
{
	unsigned short rows, cols;
	struct err ignored;

	if (!kern_tty_size(STDIN_FILENO, &rows, &cols, &ignored))
		kern_tty_resize(r->master, rows, cols, &ignored);
}

static void pass_signal(const struct relay *r)
{
	struct signalfd_siginfo info;
	struct err ignored;

	if (read(r->signals, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGWINCH && r->master >= 0)
		fit_size(r);
	else
		kern_pidfd_signal(r->pidfd, (int)info.ssi_signo, &ignored);
}

/* Move what there is; false when this direction has ended. */
static bool pass_bytes(int from, int to)
{
	char buf[16384];
	ssize_t n = read(from, buf, sizeof buf);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	return n > 0 && !io_write_full(to, buf, (size_t)n);
}

/* What the container wrote last is still in the terminal when it has ended. */
static void drain(int master)
{
	struct pollfd p = { .fd = master, .events = POLLIN };

	while (poll(&p, 1, 0) > 0 && (p.revents & POLLIN))
		if (!pass_bytes(master, STDOUT_FILENO))
			return;
}

/* False when there is no more input, or nobody who could get it. */
static bool take_input(struct relay *r)
{
	ssize_t n = read(STDIN_FILENO, r->in, sizeof r->in);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	r->pos = 0;
	r->len = (size_t)n;
	return n > 0;
}

static void give_input(struct relay *r)
{
	ssize_t n = write(r->master, r->in + r->pos, r->len - r->pos);

	if (n > 0)
		r->pos += (size_t)n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		r->pos = r->len; /* the terminal has been closed */
}

static void loop(struct relay *r)
{
	bool input = r->master >= 0;
	struct pollfd p[4] = {
		{ .fd = r->pidfd, .events = POLLIN },
		{ .fd = r->signals, .events = POLLIN },
		{ .fd = r->master }, /* poll(2) skips negative ones */
		{ .fd = -1, .events = POLLIN },
	};

	while (!(p[0].revents & POLLIN)) {
		bool pending = r->pos < r->len;

		p[2].events = pending ? POLLIN | POLLOUT : POLLIN;
		p[3].fd = input && !pending ? STDIN_FILENO : -1;
		if (poll(p, 4, -1) < 0)
			continue; /* EINTR */
		if (p[1].revents)
			pass_signal(r);
		if (p[2].revents & ~POLLOUT && !pass_bytes(r->master, STDOUT_FILENO))
			p[2].fd = -1;
		if (p[3].revents)
			input = take_input(r);
		if (p[2].fd < 0)
			r->pos = r->len;
		else if (r->pos < r->len)
			give_input(r);
	}
	if (r->master >= 0)
		drain(r->master);
}

int runc_relay(pid_t pid, int pidfd, int master, int *status, struct err *err)
{
	struct relay r = { .pid = pid, .pidfd = pidfd, .master = master };
	AUTO_CLOSE int signals = -1;
	sigset_t set;
	int ws;

	forwarded(&set);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return err_sys(err, "signalfd");
	r.signals = signals;
	if (master >= 0) {
		struct err no_terminal; /* input may come from a file or pipe */

		/* A program that reads nothing must not stop us: init's copy is closed, so
		 * the flag is seen by nobody else. */
		if (fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK))
			return err_sys(err, "fcntl the terminal");
		fit_size(&r);
		r.raw = !kern_tty_raw(STDIN_FILENO, &r.saved, &no_terminal);
		/* Of the two terminals the user's makes CR LF of the container's line ends,
		 * so that a file or pipe in its place receives them as they were written. */
		if (r.raw)
			kern_tty_output(STDIN_FILENO, OPOST, true, &no_terminal);
	}
	loop(&r);
	if (r.raw)
		kern_tty_restore(STDIN_FILENO, &r.saved);
	if (spawn_wait(pid, &ws))
		return err_sys(err, "wait for the container");
	*status = WIFSIGNALED(ws) ? 128 + WTERMSIG(ws) : WEXITSTATUS(ws);
	return 0;
}
