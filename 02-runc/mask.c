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
#include "selinux.h"

/* What stands at path: 1, or 0 if nothing does. */
static int open_existing(const struct runc_rootfs *r, const char *path, int *fd, struct err *err)
{
	*fd = kern_path_open(r->root, path, O_PATH, 0, 0, err);
	if (*fd >= 0)
		return 1;
	return err->kind == ERR_NOT_FOUND ? 0 : -1;
}

/* What masks are made of: mounts that are attached somewhere already, -1 before. */
struct cover {
	int file, directory;
};

/* A read-only mount of /dev/null, attached nowhere. */
static int first_file(const struct runc_rootfs *r, struct err *err)
{
	AUTO_CLOSE int copy = kern_mount_clone(r->null, false, err);

	return copy < 0 || kern_mount_flags(copy, MS_RDONLY, 0, err) ? -1 : steal_fd(&copy);
}

/* All masked directories show one and the same empty file system. */
static int first_directory(const struct runc_rootfs *r, struct err *err)
{
	struct kern_mount_options o = {
		.set = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, .data = "nr_inodes=1,mode=755",
	};

	if (runc_label_options(r->config, &o, err))
		return -1;
	return kern_mount_new("tmpfs", "tmpfs", &o, err);
}

/* The first of its kind is made and attached; from then on it can be copied. */
static int mask(const struct runc_rootfs *r, const char *path, struct cover *c, struct err *err)
{
	static const struct kern_mount_options plain = { .set = MS_BIND };
	AUTO_CLOSE int target = -1, copy = -1;
	int found = open_existing(r, path, &target, err), *kind;
	struct stat st;

	if (found <= 0)
		return found;
	if (fstat(target, &st))
		return err_sys(err, "stat");
	kind = S_ISDIR(st.st_mode) ? &c->directory : &c->file;
	if (*kind >= 0)
		return kern_mount_bind(*kind, target, &plain, err);
	copy = S_ISDIR(st.st_mode) ? first_directory(r, err) : first_file(r, err);
	if (copy < 0 || kern_mount_attach(copy, target, &plain, err))
		return -1;
	*kind = steal_fd(&copy);
	return 0;
}

int runc_mask_paths(const struct runc_rootfs *r, struct err *err)
{
	struct cover c = { -1, -1 };
	int failed = 0;

	for (const char **p = r->config->masked_paths; !failed && p && *p; p++)
		if (mask(r, *p, &c, err))
			failed = err_wrap(err, "mask %s", *p);
	cleanup_close(&c.file);
	cleanup_close(&c.directory);
	return failed;
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
