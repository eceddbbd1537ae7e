/*
 * mask.c - paths of /proc and /sys that a container must not read, or not write.
 *
 * They are not per-namespace: /proc/sysrq-trigger is the machine's. A masked
 * file gets /dev/null bound over it, a masked directory an empty read-only
 * tmpfs; a read-only path is bound over itself. A path that does not exist on
 * this kernel needs nothing. Symbolic links are followed within the container's
 * root and what they lead to is masked, since that is what would be read.
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "01-kernel/path.h"
#include "rootfs.h"

/* What stands at path: 1, or 0 if nothing does. */
static int open_existing(const struct runc_rootfs *r, const char *path, int *fd, struct err *err)
{
	*fd = kern_path_open(r->root, path, O_PATH, 0, 0, err);
	if (*fd >= 0)
		return 1;
	return err->kind == ERR_NOT_FOUND ? 0 : -1;
}

/* All masked directories show one and the same empty file system: the first is
 * mounted, the others are binds of it. *empty is -1, then a descriptor of it. */
static int mask_directory(const struct runc_rootfs *r, const char *path, int target, int *empty,
			  struct err *err)
{
	static const struct kern_mount_options o = {
		.set = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, .data = "nr_inodes=1,mode=755",
	}, bind = { .set = MS_BIND };

	if (*empty >= 0)
		return kern_mount_bind(*empty, target, &bind, err);
	if (kern_mount_fs("tmpfs", "tmpfs", target, &o, err))
		return -1;
	return open_existing(r, path, empty, err) < 0 ? -1 : 0;
}

static int mask(const struct runc_rootfs *r, const char *path, int *empty, struct err *err)
{
	static const struct kern_mount_options readonly = { .set = MS_BIND | MS_RDONLY };
	AUTO_CLOSE int target = -1;
	int found = open_existing(r, path, &target, err);
	struct stat st;

	if (found <= 0)
		return found;
	if (fstat(target, &st))
		return err_sys(err, "stat");
	if (S_ISDIR(st.st_mode))
		return mask_directory(r, path, target, empty, err);
	return kern_mount_bind(r->null, target, &readonly, err);
}

int runc_mask_paths(const struct runc_rootfs *r, struct err *err)
{
	AUTO_CLOSE int empty = -1;

	for (const char **p = r->config->masked_paths; p && *p; p++)
		if (mask(r, *p, &empty, err))
			return err_wrap(err, "mask %s", *p);
	return 0;
}

int runc_readonly_paths(const struct runc_rootfs *r, struct err *err)
{
	static const struct kern_mount_options o = { .set = MS_BIND | MS_REC | MS_RDONLY };

	for (const char **p = r->config->readonly_paths; p && *p; p++) {
		AUTO_CLOSE int fd = -1;
		int found = open_existing(r, *p, &fd, err);

		if (found < 0 || (found && kern_mount_bind(fd, fd, &o, err)))
			return err_wrap(err, "make %s read-only", *p);
	}
	return 0;
}
