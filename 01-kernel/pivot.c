/*
 * pivot.c - give a mount namespace another root (the last part of mount.h).
 *
 * pivot_root(2) swaps the namespace's root mount for another mount, after which
 * the old one can be unmounted and nothing of it is left to climb back to.
 * chroot(2) only moves where this process's lookups start: whoever gets a
 * descriptor of something outside is out. Hence chroot alone is never used.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "calls.h"
#include "mount.h"
#include "mountinfo.h"
#include "path.h"

static int pivot_failed(struct err *err)
{
	switch (errno) {
	case EINVAL:
		return err_sys(err, "pivot_root (the new root must be a mount point, neither it nor "
			       "its parent may be shared, and the old one not an initramfs)");
	case EBUSY:
		return err_sys(err, "pivot_root (the new root is on the file system of the old one "
			       "without a mount of its own)");
	default:
		return err_sys(err, "pivot_root");
	}
}

/* Both arguments ".": the old root is stacked on top of the new one, so no
 * directory for it is needed inside (pivot_root(2), "NOTES"). */
static int pivot_root(int new_root_fd)
{
	struct trace_span span = trace_call_begin();
	char name[KERN_CALL_TEXT];
	int rc;

	kern_call_fd(&span, new_root_fd, name); /* afterwards it is "/" */
	rc = (int)syscall(SYS_pivot_root, ".", ".");
	trace_call_end(&span, rc, "pivot_root(%s)", name);
	return rc;
}

int kern_mount_pivot(int new_root_fd, struct err *err)
{
	AUTO_CLOSE int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (old < 0)
		return err_sys(err, "open /");
	if (fchdir(new_root_fd))
		return err_sys(err, "enter the new root");
	if (pivot_root(new_root_fd))
		return pivot_failed(err);
	if (fchdir(old))
		return err_sys(err, "enter the old root");
	/* As a slave, taking the old tree apart does not reach the host. */
	if (kern_call_mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL))
		return err_sys(err, "make the old root a slave");
	if (kern_call_umount(".", MNT_DETACH))
		return err_sys(err, "unmount the old root");
	if (chdir("/"))
		return err_sys(err, "enter /");
	return 0;
}

/* Unmount a proc or sysfs of the old root, or hide it where it is locked: its
 * files would still lead to the host's processes and devices. */
static int hide(const char *target, struct err *err)
{
	if (kern_call_mount(NULL, target, NULL, MS_SLAVE | MS_REC, NULL))
		return errno == EINVAL || errno == ENOENT ? 0 : err_sys(err, "make %s a slave", target);
	if (!kern_call_umount(target, MNT_DETACH) || errno == EINVAL || errno == ENOENT)
		return 0;
	if (errno != EPERM)
		return err_sys(err, "unmount %s", target);
	if (kern_call_mount("tmpfs", target, "tmpfs", MS_RDONLY, NULL))
		return err_sys(err, "cover %s", target);
	return 0;
}

static int hide_old_proc_and_sys(const char *root, struct err *err)
{
	AUTO_MOUNT_TABLE struct kern_mount_table t = { 0 };
	size_t n = strlen(root);

	if (kern_mount_table_read(&t, err))
		return -1;
	for (size_t i = t.n; i-- > 0;) {
		const struct kern_mount *m = &t.v[i];
		int inside = !strncmp(m->target, root, n) && (!m->target[n] || m->target[n] == '/');

		if (inside || (strcmp(m->type, "proc") && strcmp(m->type, "sysfs")))
			continue;
		if (hide(m->target, err))
			return -1;
	}
	return 0;
}

int kern_mount_move_root(int new_root_fd, struct err *err)
{
	char proc[KERN_PATH_PROC_SIZE], root[4096];
	ssize_t n = readlink(kern_path_proc(new_root_fd, proc), root, sizeof root - 1);

	if (n <= 0)
		return err_sys(err, "find the new root's path");
	root[n] = '\0';
	if (!strcmp(root, "/"))
		return err_set(err, ERR_INVALID, "the new root is the old one");
	if (hide_old_proc_and_sys(root, err))
		return -1;
	if (fchdir(new_root_fd))
		return err_sys(err, "enter the new root");
	if (kern_call_mount(".", "/", NULL, MS_MOVE, NULL))
		return err_sys(err, "move the new root to / (it must be a mount point below a "
			       "private mount)");
	if (chroot(".") || chdir("/"))
		return err_sys(err, "make the new root the root directory");
	return 0;
}
