/*
 * cmd_tty.c - `kernel tty`: a command on a terminal of its own.
 *
 * What a terminal emulator, ssh and a container's shim do: the command gets the
 * slave as its controlling terminal, and bytes are carried between the master
 * and whatever we were started with. Our own terminal is raw meanwhile: line
 * editing and ^C are the inner terminal's business.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cmd.h"
#include "ns.h"
#include "tty.h"

static void child(int slave, char *const *words)
{
	struct err err;

	if (setsid() < 0 || kern_tty_make_controlling(slave, &err) || dup2(slave, 0) < 0 ||
	    dup2(slave, 1) < 0 || dup2(slave, 2) < 0)
		_exit(1);
	kern_cmd_exec_or_exit(words);
}

/* Up to a buffer from one to the other; false at the end. Reading a master whose
 * slave nobody has open any more fails with EIO: that is its end of file. */
static bool carry(int from, int to)
{
	char buf[4096];
	ssize_t n = read(from, buf, sizeof buf);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	return n > 0 && !io_write_full(to, buf, (size_t)n);
}

static void relay(int master)
{
	struct pollfd p[2] = { { .fd = master, .events = POLLIN }, { .fd = 0, .events = POLLIN } };

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return;
		if (p[0].revents && !carry(master, 1))
			return;
		if (p[1].revents && !carry(0, master)) {
			/* ^D: the end of input, as one would type it. */
			(void)!write(master, "\004", 1);
			p[1].fd = -1;
		}
	}
}

static int run(int argc, char **argv, struct err *err)
{
	int first = argc > 1 && !strcmp(argv[1], "--") ? 2 : 1;
	char **words = kern_cmd_words(argc, argv, first);
	struct kern_clone plain = { .cgroup_fd = -1 };
	AUTO_CLOSE int slave = -1;
	AUTO_CLOSE int master = kern_tty_open("/dev/ptmx", &slave, err);
	unsigned short rows, cols;
	struct termios saved;
	struct err ignored;
	bool raw;
	pid_t pid;

	if (master < 0)
		return -1;
	if (first == 1 && argc > 1 && argv[1][0] == '-')
		return kern_cmd_usage(&kern_cmd_tty, err);
	if (!kern_tty_size(0, &rows, &cols, &ignored) && kern_tty_resize(master, rows, cols, err))
		return -1;
	pid = kern_ns_clone(&plain, err);
	if (pid < 0)
		return -1;
	if (pid == 0)
		child(slave, words);
	/* With our copy open the master would never see the end. */
	close(steal_fd(&slave));
	raw = isatty(0) && !kern_tty_raw(0, &saved, &ignored);
	relay(master);
	if (raw)
		kern_tty_restore(0, &saved);
	return kern_cmd_wait(pid, err);
}

const struct kern_cmd kern_cmd_tty = {
	"tty", "[-- COMMAND...]", "run a command on a terminal of its own (pty(7))", run,
};
