/*
 * tty.c - see tty.h.
 *
 * A pseudo-terminal (pty(7)) is a pair: what is written to the master is what a
 * keyboard would send, what the program on the slave writes is read from the
 * master. Line editing, echo, and turning ^C into SIGINT happen between the
 * two, in the kernel. A terminal at the user's end must therefore stop doing
 * all that (raw mode), or it would happen twice.
 */
#include "tty.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"

int kern_tty_peer(int master, int *slave, struct err *err)
{
	int unlock = 0;

	if (ioctl(master, TIOCSPTLCK, &unlock))
		return err_sys(err, "unlock a terminal (is it a master of a devpts?)");
	/* By name, "/dev/pts/3" might be a file of the container's making. */
	*slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return *slave < 0 ? err_sys(err, "open the other end of a terminal") : 0;
}

int kern_tty_open(const char *ptmx, int *slave, struct err *err)
{
	AUTO_CLOSE int master = open(ptmx, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0)
		return err_sys(err, "open %s", ptmx);
	if (kern_tty_peer(master, slave, err))
		return err_wrap(err, "%s", ptmx);
	return steal_fd(&master);
}

int kern_tty_make_controlling(int slave, struct err *err)
{
	if (ioctl(slave, TIOCSCTTY, 0))
		return err_sys(err, "make a controlling terminal (is the process a session leader "
			       "without one?)");
	return 0;
}

int kern_tty_resize(int fd, unsigned short rows, unsigned short cols, struct err *err)
{
	struct winsize size = { .ws_row = rows, .ws_col = cols };

	/* The kernel sends SIGWINCH to the foreground group by itself. */
	if (ioctl(fd, TIOCSWINSZ, &size))
		return err_sys(err, "set the terminal's size");
	return 0;
}

int kern_tty_size(int fd, unsigned short *rows, unsigned short *cols, struct err *err)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size))
		return err_sys(err, "read the terminal's size");
	*rows = size.ws_row;
	*cols = size.ws_col;
	return 0;
}

int kern_tty_raw(int fd, struct termios *saved, struct err *err)
{
	struct termios raw;

	if (tcgetattr(fd, saved))
		return err_sys(err, "read the terminal's modes");
	raw = *saved;
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSADRAIN, &raw))
		return err_sys(err, "put the terminal into raw mode");
	return 0;
}

int kern_tty_output(int fd, tcflag_t flag, bool on, struct err *err)
{
	struct termios modes;

	if (tcgetattr(fd, &modes))
		return err_sys(err, "read the terminal's modes");
	modes.c_oflag = on ? modes.c_oflag | flag : modes.c_oflag & ~flag;
	if (tcsetattr(fd, TCSANOW, &modes))
		return err_sys(err, "set the terminal's modes");
	return 0;
}

void kern_tty_restore(int fd, const struct termios *saved)
{
	tcsetattr(fd, TCSADRAIN, saved);
}
