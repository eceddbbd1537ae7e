/*
 * rootfs.c - see rootfs.h.
 */
#include "rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "01-kernel/path.h"

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x00002000
#endif

/* The mount that holds the root must not be shared: pivot_root(2) refuses it,
 * and the bind below would appear on the host too. Only needed where the
 * configuration asks for a shared root; everything else is a slave by now. */
static int make_parent_private(const char *path, struct err *err)
{
	AUTO_FREE char *p = xstrdup(path);
	struct statx st;

	for (;;) {
		char *slash;

		if (statx(AT_FDCWD, p, AT_NO_AUTOMOUNT, 0, &st))
			return err_sys(err, "stat %s", p);
		if ((st.stx_attributes & STATX_ATTR_MOUNT_ROOT) || !strcmp(p, "/"))
			return kern_mount_propagation(p, MS_PRIVATE, err);
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

	/* A slave sees what the host mounts later and never the other way round. */
	if (kern_mount_propagation("/", propagation ? propagation : MS_SLAVE | MS_REC, err))
		return -1;
	if ((propagation & MS_SHARED) && make_parent_private(r->path, err))
		return -1;
	below = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (below < 0)
		return err_sys(err, "open the root file system %s", r->path);
	if (kern_mount_bind(below, below, &recursive, err))
		return err_wrap(err, "bind %s", r->path);
	r->root = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return r->root < 0 ? err_sys(err, "open the root file system %s", r->path) : 0;
}

static bool on_procfs(int fd)
{
	struct statfs sfs;

	return !fstatfs(fd, &sfs) && sfs.f_type == PROC_SUPER_MAGIC;
}

/* A target in the container's /proc under a name that does not say so, because the
 * image has a link there. The names that do are judged by config_mounts.c. */
static int not_into_proc(const struct runc_rootfs *r, const char *destination, int target,
			 struct err *err)
{
	struct err missing;
	AUTO_CLOSE int proc = -1;
	struct stat st, proc_st;

	if (!strcmp(destination, "/proc") || str_starts(destination, "/proc/") ||
	    !on_procfs(target))
		return 0;
	proc = kern_path_open(r->root, "/proc", O_PATH, 0, 0, &missing);
	if (proc < 0)
		return 0;
	if (fstat(proc, &proc_st) || fstat(target, &st))
		return err_sys(err, "stat %s", destination);
	/* Another instance of procfs (the host's, in a volume) is no concern of ours. */
	return st.st_dev != proc_st.st_dev ? 0 :
	       err_set(err, ERR_PERMISSION, "it is inside /proc, where nothing may be mounted");
}

static int mount_bind(const struct runc_rootfs *r, const struct runc_mount *m, struct err *err)
{
	AUTO_FREE char *source = m->source[0] == '/' ? xstrdup(m->source)
						     : xasprintf("%s/%s", r->bundle, m->source);
	AUTO_CLOSE int from = open(source, O_PATH | O_CLOEXEC), to = -1;
	struct stat st;

	if (from < 0 || fstat(from, &st))
		return err_sys(err, "stat %s", source);
	if (!strcmp(m->destination, "/proc") && !on_procfs(from))
		return err_set(err, ERR_INVALID, "what is mounted on /proc must be a proc file "
			       "system, %s is none", source);
	to = kern_path_mountpoint(r->root, m->destination, S_ISDIR(st.st_mode), err);
	if (to < 0 || not_into_proc(r, m->destination, to, err))
		return -1;
	return kern_mount_bind(from, to, &m->options, err);
}

/* Programs believe what they read under /proc and /sys. Were the image's /proc
 * a symbolic link, it would be mounted somewhere else and the image's own
 * directory be shown there (CVE-2019-19921): an ordinary directory or nothing. */
static int plain_directory(const struct runc_rootfs *r, const char *path, struct err *err)
{
	AUTO_CLOSE int made = kern_path_mkdir_p(r->root, path, 0755, err);

	if (made < 0)
		return -1;
	return kern_path_open(r->root, path, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS, err);
}

/* A tmpfs over a directory takes its mode over, unless it is given one, or the
 * directory was made just now for it. */
static int tmpfs_options(struct kern_mount_options *o, int target, bool existed, struct err *err)
{
	size_t n = strlen(o->data);
	struct stat st;

	if (!existed || strstr(o->data, "mode="))
		return 0;
	if (fstat(target, &st))
		return err_sys(err, "stat the target");
	snprintf(o->data + n, sizeof o->data - n, "%smode=%o", n ? "," : "",
		 (unsigned)st.st_mode & 07777);
	return 0;
}

static bool is_dev(const char *path)
{
	return !strcmp(path, "/dev") || !strcmp(path, "/dev/");
}

static int mount_tmpfs(const struct runc_rootfs *r, const struct runc_mount *m, struct err *err)
{
	struct err missing;
	AUTO_CLOSE int before = kern_path_open(r->root, m->destination, O_PATH, 0, 0, &missing);
	AUTO_CLOSE int target = kern_path_mountpoint(r->root, m->destination, 1, err);
	struct kern_mount_options o = m->options;
	bool fill_first = is_dev(m->destination) || o.tmpcopyup;
	AUTO_CLOSE int mounted = -1;

	if (target < 0 || not_into_proc(r, m->destination, target, err))
		return -1;
	if (fill_first)
		o.set &= ~(uint64_t)MS_RDONLY;
	if (tmpfs_options(&o, target, before >= 0, err) || kern_mount_fs("tmpfs", m->source, target, &o, err))
		return -1;
	if (!o.tmpcopyup)
		return 0;
	/* `target` still names the directory below, the path what is now above. */
	mounted = kern_path_open(r->root, m->destination, O_PATH | O_DIRECTORY, 0, 0, err);
	if (mounted < 0 || runc_copy_up(target, mounted, err))
		return -1;
	return m->options.set & MS_RDONLY ?
	       kern_mount_setattr(mounted, MOUNT_ATTR_RDONLY, 0, false, err) : 0;
}

/* proc, sysfs, devpts and whatever else the kernel has. */
static int mount_other(const struct runc_rootfs *r, const struct runc_mount *m, struct err *err)
{
	bool plain = !strcmp(m->type, "proc") || !strcmp(m->type, "sysfs");
	AUTO_CLOSE int target = plain ? plain_directory(r, m->destination, err)
				      : kern_path_mountpoint(r->root, m->destination, 1, err);

	if (target < 0 || (!plain && not_into_proc(r, m->destination, target, err)))
		return -1;
	return kern_mount_fs(m->type, m->source, target, &m->options, err);
}

static int mount_one(struct runc_rootfs *r, const struct runc_mount *m, struct err *err)
{
	if (m->bind)
		return mount_bind(r, m, err);
	if (!strcmp(m->type, "cgroup"))
		return runc_cgroup_mount(r, m, err);
	if (!strcmp(m->destination, "/proc") && strcmp(m->type, "proc"))
		return err_set(err, ERR_INVALID, "what is mounted on /proc must be of type proc");
	if (strcmp(m->type, "tmpfs"))
		return mount_other(r, m, err);
	if (is_dev(m->destination) && (m->options.set & MS_RDONLY))
		r->dev_readonly = true;
	return mount_tmpfs(r, m, err);
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

int runc_rootfs_assemble(struct runc_rootfs *r, struct err *err)
{
	const struct runc_config *c = r->config;

	r->null = open_null(err);
	if (r->null < 0 || mount_root(r, err))
		return -1;
	for (size_t i = 0; i < c->n_mounts; i++)
		if (mount_one(r, &c->mounts[i], err))
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

int runc_rootfs_enter(struct runc_rootfs *r, bool no_pivot, struct err *err)
{
	uint64_t propagation = r->config->propagation;

	if (no_pivot ? kern_mount_move_root(r->root, err) : kern_mount_pivot(r->root, err))
		return err_wrap(err, "enter the root file system %s", r->path);
	close(r->root);
	close(r->null);
	r->root = r->null = -1;
	/* The bind that made the root took the old mount's propagation with it. */
	if (propagation && kern_mount_propagation("/", propagation, err))
		return -1;
	return 0;
}
