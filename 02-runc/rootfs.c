/*
 * rootfs.c - see rootfs.h.
 */
#include "rootfs.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "01-kernel/path.h"

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x00002000
#endif

static bool has_mount_ns(const struct runc_rootfs *r)
{
	return runc_config_ns(r->config, CLONE_NEWNS);
}

/* The mount that holds the root must not be shared: pivot_root(2) refuses it, and
 * the bind below would appear on the host too. A word that is not recursive has not
 * reached it, unless it is "/" itself. As a slave it goes on to receive from the host. */
static int hold_parent_back(const char *path, uint64_t propagation, struct err *err)
{
	AUTO_FREE char *p = xstrdup(path);
	struct statx st;

	for (;;) {
		char *slash;

		if (statx(AT_FDCWD, p, AT_NO_AUTOMOUNT, 0, &st))
			return err_sys(err, "stat %s", p);
		if ((st.stx_attributes & STATX_ATTR_MOUNT_ROOT) || !strcmp(p, "/"))
			return kern_mount_propagation(p, propagation & MS_SLAVE ? MS_SLAVE
									  : MS_PRIVATE, err);
		slash = strrchr(p, '/');
		slash[slash == p] = '\0';
	}
}

/* The root becomes a mount of its own, as pivot_root(2) wants it. */
static int mount_root(struct runc_rootfs *r, struct err *err)
{
	static const struct kern_mount_options recursive = { .set = MS_BIND | MS_REC };
	uint64_t propagation = r->config->propagation;
	AUTO_CLOSE int below = -1;

	/* In an unbindable tree nothing below could be bound: that comes last. */
	if (propagation & MS_UNBINDABLE)
		propagation = MS_PRIVATE | (propagation & MS_REC);
	/* A slave sees what the host mounts later and never the other way round. Without
	 * a mount namespace of the container's, "/" is the host's and stays what it is. */
	if (has_mount_ns(r) &&
	    kern_mount_propagation("/", propagation ? propagation : MS_SLAVE | MS_REC, err))
		return -1;
	if (has_mount_ns(r) && propagation && hold_parent_back(r->path, propagation, err))
		return -1;
	below = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (below < 0)
		return err_sys(err, "open the root file system %s", r->path);
	if (kern_mount_bind(below, below, &recursive, err))
		return err_wrap(err, "bind %s", r->path);
	r->root = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return r->root < 0 || fstat(r->root, &r->root_stat) ?
	       err_sys(err, "open the root file system %s", r->path) : 0;
}

/* Masks bind this over files, so it has to be the real one. */
static int open_null(struct err *err)
{
	AUTO_CLOSE int fd = open("/dev/null", O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return err_sys(err, "open /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_set(err, ERR_PERMISSION, "/dev/null is not the null device");
	return steal_fd(&fd);
}

int runc_rootfs_open(struct runc_rootfs *r, struct err *err)
{
	r->null = open_null(err);
	if (r->null < 0 || mount_root(r, err))
		return -1;
	runc_sources_open(r->config, r->bundle, r->sources);
	return 0;
}

int runc_rootfs_assemble(struct runc_rootfs *r, struct err *err)
{
	const struct runc_config *c = r->config;

	for (size_t i = 0; i < c->n_mounts; i++)
		if (runc_rootfs_mount(r, i, err))
			return err_wrap(err, "error mounting \"%s\" to rootfs at \"%s\"",
					c->mounts[i].source ? c->mounts[i].source
							    : c->mounts[i].type,
					c->mounts[i].destination);
	return runc_devices_wanted(c) ? runc_devices_create(r, err) : 0;
}

static int set_readonly(int root, const char *path, struct err *err)
{
	AUTO_CLOSE int fd = kern_path_open(root, path, O_PATH, 0, 0, err);

	if (fd < 0 || kern_mount_setattr(fd, MOUNT_ATTR_RDONLY, 0, false, err))
		return err_wrap(err, "make %s read-only", path);
	return 0;
}

int runc_rootfs_seal(struct runc_rootfs *r, const char *cwd, struct err *err)
{
	const struct runc_config *c = r->config;
	/* While the root can still be written to. */
	AUTO_CLOSE int made = kern_path_mkdir_p(r->root, cwd, 0755, err);

	if (made < 0)
		return err_wrap(err, "make the working directory %s", cwd);
	if (r->dev_readonly && set_readonly(r->root, "/dev", err))
		return -1;
	if (runc_readonly_paths(r, err) || runc_mask_paths(r, err))
		return -1;
	return c->root_readonly ? set_readonly(r->root, "/", err) : 0;
}

/* The mounts of a namespace that is the host's too cannot be turned upside down: all
 * that is left is to begin lookups elsewhere. */
static int change_root(int root, struct err *err)
{
	return fchdir(root) || chroot(".") || chdir("/") ? err_sys(err, "chroot") : 0;
}

int runc_rootfs_enter(struct runc_rootfs *r, bool no_pivot, struct err *err)
{
	uint64_t propagation = r->config->propagation;

	if (no_pivot ? kern_mount_move_root(r->root, err) :
	    has_mount_ns(r) ? kern_mount_pivot(r->root, err) : change_root(r->root, err))
		return err_wrap(err, "enter the root file system %s", r->path);
	for (int *fds[] = { &r->root, &r->null, &r->sys, NULL }, **fd = fds; *fd; fd++) {
		cleanup_close(*fd);
		**fd = -1;
	}
	/* The bind that made the root took the old mount's propagation with it. */
	if (propagation && kern_mount_propagation("/", propagation, err))
		return -1;
	return 0;
}
