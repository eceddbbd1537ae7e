/*
 * console.c - see console.h.
 */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "01-kernel/path.h"
#include "01-kernel/tty.h"

/* The new terminal's master. Not opened by a name that the container might have
 * given to something else: what answers must be a devpts (CVE-2025-52565). */
static int open_master(int root, struct err *err)
{
	AUTO_CLOSE int fd = kern_path_open(root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK,
					   0, 0, err);
	struct statfs sfs;

	if (fd < 0)
		return err_wrap(err, "open a terminal (process.terminal needs a mount of devpts "
				"on /dev/pts)");
	if (fstatfs(fd, &sfs) || sfs.f_type != DEVPTS_SUPER_MAGIC)
		return err_set(err, ERR_PERMISSION, "/dev/pts/ptmx is not of a devpts");
	if (fcntl(fd, F_SETFL, 0))
		return err_sys(err, "open a terminal");
	return steal_fd(&fd);
}

/* An fd on /dev/console to mount over: a file or a device, never a link. */
static int console_target(int root, struct err *err)
{
	const char *base = NULL;
	AUTO_CLOSE int dir = kern_path_parent(root, "/dev/console", 0755, &base, err);
	AUTO_CLOSE int fd = dir < 0 ? -1 : kern_path_file_at(dir, base, 0600, err);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		return err_sys(err, "stat /dev/console");
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return err_set(err, ERR_PERMISSION, "/dev/console is neither a file nor a device");
	return steal_fd(&fd);
}

static int bind_console(int root, int slave, struct err *err)
{
	static const struct kern_mount_options plain = { .set = MS_BIND };
	AUTO_CLOSE int target = console_target(root, err);

	if (target < 0 || kern_mount_bind(slave, target, &plain, err))
		return err_wrap(err, "mount the terminal on /dev/console");
	return 0;
}

static int become_ours(int slave, const struct runc_process *p, struct err *err)
{
	if (fchown(slave, p->uid, (gid_t)-1))
		return err_sys(err, "give the terminal to user %u", p->uid);
	if (kern_tty_make_controlling(slave, err))
		return -1;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return err_sys(err, "make the terminal descriptor %d", fd);
	return 0;
}

int runc_console_open(int root, int socket, const struct runc_process *p, bool bind,
		      struct err *err)
{
	AUTO_CLOSE int master = open_master(root, err), slave = -1;

	if (master < 0 || kern_tty_peer(master, &slave, err))
		return -1;
	if (p->rows && p->cols && kern_tty_resize(master, p->rows, p->cols, err))
		return -1;
	if (p->bare_newlines && kern_tty_output(slave, ONLCR, false, err))
		return -1;
	if (bind && bind_console(root, slave, err))
		return -1;
	if (kern_fd_send(socket, master, "/dev/ptmx", err))
		return err_wrap(err, "send the terminal over the console socket");
	return become_ours(slave, p, err);
}
