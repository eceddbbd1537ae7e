/*
 * devices.c - what stands in /dev ("Default Devices" and "Dev symbolic links" in
 * runtime-linux.md and config-linux.md).
 *
 * Nodes are made with mknodat(2) below a descriptor of their directory. Whether
 * the container may open them is the device cgroup's decision, not the node's.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "01-kernel/path.h"
#include "namespaces.h"
#include "rootfs.h"

#define LINKS_MAX 40 /* as in the kernel (path_resolution(7)) */

static const struct runc_device defaults[] = {
	{ "/dev/null", S_IFCHR | 0666, 1, 3, 0, 0 },
	{ "/dev/zero", S_IFCHR | 0666, 1, 5, 0, 0 },
	{ "/dev/full", S_IFCHR | 0666, 1, 7, 0, 0 },
	{ "/dev/random", S_IFCHR | 0666, 1, 8, 0, 0 },
	{ "/dev/urandom", S_IFCHR | 0666, 1, 9, 0, 0 },
	{ "/dev/tty", S_IFCHR | 0666, 5, 0, 0, 0 },
};

static const struct { const char *name, *to; } links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
	{ "core", "/proc/kcore" },
};

size_t runc_devices_default(const struct runc_device **list)
{
	*list = defaults;
	return sizeof defaults / sizeof *defaults;
}

bool runc_devices_wanted(const struct runc_config *c)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct runc_mount *m = &c->mounts[i];

		if (m->bind && (!strcmp(m->destination, "/dev") ||
				!strcmp(m->destination, "/dev/")))
			return false;
	}
	return true;
}

/* Is what stands there the device that is wanted? */
static int same_device(int dir, const char *base, const struct runc_device *d, struct err *err)
{
	struct stat st;

	if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return err_sys(err, "stat %s", d->path);
	if ((st.st_mode & S_IFMT) != (d->mode & S_IFMT) ||
	    (!S_ISFIFO(d->mode) && st.st_rdev != makedev((unsigned)d->major, (unsigned)d->minor)))
		return err_set(err, ERR_CONFLICT, "%s exists and is something else", d->path);
	return 0;
}

/* In a user namespace nobody may make a node that works. The host's own is mounted
 * instead, if it is the one that is wanted. */
static int bind_device(int dir, const char *base, const struct runc_device *d, struct err *err)
{
	static const struct kern_mount_options plain = { .set = MS_BIND };
	AUTO_CLOSE int from = open(d->path, O_PATH | O_NOFOLLOW | O_CLOEXEC), to = -1;

	if (from < 0)
		return err_sys(err, "open the host's %s", d->path);
	if (same_device(from, "", d, err))
		return err_wrap(err, "on the host");
	to = kern_path_file_at(dir, base, 0, err);
	return to < 0 || kern_mount_bind(from, to, &plain, err) ? err_wrap(err, "%s", d->path) : 0;
}

/* `base` in the directory open at dir. */
static int make_device(int dir, const char *base, const struct runc_device *d, bool bind,
		       struct err *err)
{
	dev_t number = S_ISFIFO(d->mode) ? 0 : makedev((unsigned)d->major, (unsigned)d->minor);

	/* umask is 0 in init until the process's own is set. */
	if ((!bind || S_ISFIFO(d->mode)) && !mknodat(dir, base, d->mode, number)) {
		if ((d->uid || d->gid) && fchownat(dir, base, d->uid, d->gid, AT_SYMLINK_NOFOLLOW))
			return err_sys(err, "chown %s", d->path);
		return 0;
	}
	if (!bind && errno == EEXIST)
		return same_device(dir, base, d, err);
	if (!bind && errno != EPERM)
		return err_sys(err, "make the device %s", d->path);
	return bind_device(dir, base, d, err);
}

/* Where the image has a symbolic link the device is at the link's end, which is inside the root as
 * the container will see it. What stands there is not replaced; but in a user namespace it
 * would be mounted over, and an image has no say in what is. */
static int make_configured(int root, const struct runc_device *d, bool bind, struct err *err)
{
	AUTO_FREE char *path = xstrdup(d->path);

	for (int links_ = 0; links_ < LINKS_MAX; links_++) {
		const char *base = NULL;
		AUTO_CLOSE int dir = kern_path_parent(root, path, 0755, &base, err);
		char to[PATH_MAX];
		ssize_t n = dir < 0 || bind ? -1 : readlinkat(dir, base, to, sizeof to - 1);
		char *next;

		if (n < 0)
			return dir < 0 ? -1 : make_device(dir, base, d, bind, err);
		to[n] = '\0';
		next = *to == '/' ? xstrdup(to) : xasprintf("%.*s%s", (int)(base - path), path, to);
		free(path);
		path = next;
	}
	return err_errno(err, ELOOP, "%s", d->path);
}

static int make_link(int dev, const char *name, const char *to, bool replace, struct err *err)
{
	if (replace && unlinkat(dev, name, 0) && errno != ENOENT)
		return err_sys(err, "remove the old /dev/%s", name);
	if (symlinkat(to, dev, name) && errno != EEXIST)
		return err_sys(err, "link /dev/%s to %s", name, to);
	return 0;
}

/* A device that the configuration lists stands in for the default of that name. */
static bool listed(const struct runc_config *c, const char *path)
{
	for (size_t i = 0; i < c->n_devices; i++)
		if (!strcmp(c->devices[i].path, path))
			return true;
	return false;
}

static int make_links(int dev, struct err *err)
{
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if ((strcmp(links[i].name, "core") || !access("/proc/kcore", F_OK)) && /* not every kernel has it */
		    make_link(dev, links[i].name, links[i].to, false, err))
			return -1;
	/* /dev/ptmx must be the container's own devpts', whatever the image has. */
	return make_link(dev, "ptmx", "pts/ptmx", true, err);
}

int runc_devices_create(const struct runc_rootfs *r, struct err *err)
{
	const struct runc_config *c = r->config;
	AUTO_CLOSE int dev = kern_path_mkdir_p(r->root, "/dev", 0755, err);
	bool bind = runc_ns_user(c);

	if (dev < 0)
		return -1;
	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
		if (!listed(c, defaults[i].path) &&
		    make_device(dev, defaults[i].path + strlen("/dev/"), &defaults[i], bind, err))
			return -1;
	for (size_t i = 0; i < c->n_devices; i++)
		if (make_configured(r->root, &c->devices[i], bind, err))
			return -1;
	return make_links(dev, err);
}

static bool is_null(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

int runc_devices_reopen_null(int root, struct err *err)
{
	for (int fd = 0; fd < 3; fd++) {
		AUTO_CLOSE int null = -1;
		struct err ignored;

		if (!is_null(fd))
			continue;
		/* A /dev of the user's own may have none, or not let us open it. */
		null = kern_path_open(root, "/dev/null", O_RDWR | O_NONBLOCK | O_NOCTTY, 0,
				      RESOLVE_NO_SYMLINKS, &ignored);
		if (null >= 0 && is_null(null) && dup2(null, fd) < 0)
			return err_sys(err, "reopen /dev/null as file descriptor %d", fd);
	}
	return 0;
}
