/*
 * cgroup_mount.c - the container's view of /sys/fs/cgroup.
 *
 * On cgroup v2 it is one mount of cgroup2; in a cgroup namespace (which init
 * has by now) its root is the container's own group. On v1 it is a tmpfs with
 * a directory per hierarchy: mounted afresh in a cgroup namespace, else the
 * container's group of each, bound. Controllers that share a hierarchy
 * ("cpu,cpuacct") get a link each, as on a host.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "01-kernel/mountinfo.h"
#include "01-kernel/path.h"
#include "rootfs.h"
#include "selinux.h"

/* What mount(2) needs to name a hierarchy: of the options of its super block,
 * those that are no flags, so "cpu,cpuacct" or "name=systemd". */
static void controllers(char *out, size_t size, const char *super)
{
	static const char *const flags[] = { "rw", "ro", "xattr", "clone_children", "noprefix",
					     "favordynmods", "cpuset_v2_mode", NULL };
	AUTO_FREE char *words = xstrdup(super);
	char *save = NULL;
	size_t n = 0;

	*out = '\0';
	for (char *w = strtok_r(words, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		size_t i = 0;

		while (flags[i] && strcmp(flags[i], w))
			i++;
		if (!flags[i] && !str_starts(w, "release_agent=") && n < size)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? "," : "", w);
	}
}

/* "cpu,cpuacct" is reached as cpu and as cpuacct too. */
static int link_controllers(int dir, const char *name, struct err *err)
{
	AUTO_FREE char *words = xstrdup(name);
	char *save = NULL;

	if (!strchr(words, ','))
		return 0;
	for (char *w = strtok_r(words, ",", &save); w; w = strtok_r(NULL, ",", &save))
		if (symlinkat(name, dir, w) && errno != EEXIST)
			return err_sys(err, "link %s", w);
	return 0;
}

/* What cannot be mounted afresh: a group's directory of the host's, with the same options. */
static int bind_group(const char *group, int to, const struct kern_mount_options *options,
		      struct err *err)
{
	AUTO_CLOSE int from = open(group, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct kern_mount_options o = *options;

	*o.data = '\0';
	o.set |= MS_BIND | MS_REC;
	return from < 0 ? err_sys(err, "open %s", group) : kern_mount_bind(from, to, &o, err);
}

/* `dir` is the tmpfs that was mounted just now: what is in it is ours. */
static int mount_hierarchy(const struct runc_rootfs *r, const struct runc_mount *m, int dir,
			   const struct kern_mount *h, const char *name, struct err *err)
{
	const char *group = kern_cgroup_dir_at(r->cgroup, h->target);
	struct kern_mount_options o = m->options;
	AUTO_CLOSE int to = -1;

	if (mkdirat(dir, name, 0755)) /* it may be mounted twice, one over the other */
		return errno == EEXIST ? 0 : err_sys(err, "mkdir");
	to = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return err_sys(err, "open");
	if (runc_config_ns(r->config, CLONE_NEWCGROUP)) {
		controllers(o.data, sizeof o.data, h->super);
		return kern_mount_fs("cgroup", "cgroup", to, &o, err);
	}
	/* Without one the container is not in this hierarchy. */
	return group ? bind_group(group, to, &m->options, err) : 0;
}

static int mount_hierarchies(const struct runc_rootfs *r, const struct runc_mount *m, int dir,
			     struct err *err)
{
	AUTO_MOUNT_TABLE struct kern_mount_table table = { 0 };

	if (kern_mount_table_read(&table, err))
		return -1;
	for (size_t i = 0; i < table.n; i++) {
		const struct kern_mount *h = &table.v[i];
		const char *name = strrchr(h->target, '/');

		if (strcmp(h->type, "cgroup") || !name || str_starts(h->target, r->path))
			continue; /* another type, or one that we have just mounted */
		if (mount_hierarchy(r, m, dir, h, name + 1, err) || link_controllers(dir, name + 1, err))
			return err_wrap(err, "cgroup hierarchy %s", name + 1);
	}
	return 0;
}

/* A user namespace may mount cgroup2 only if it owns the cgroup namespace too. What it
 * would have shown is then bound: the container's group, or, without a namespace, all. */
static int mount_v2(const struct runc_rootfs *r, const struct runc_mount *m, int target,
		    struct err *err)
{
	const char *own = runc_config_ns(r->config, CLONE_NEWCGROUP) ?
			  kern_cgroup_dir_at(r->cgroup, "/sys/fs/cgroup") : NULL;

	if (!kern_mount_fs("cgroup2", "cgroup", target, &m->options, err))
		return 0;
	if (err->errnum != EPERM && err->errnum != EBUSY)
		return -1;
	return bind_group(own ? own : "/sys/fs/cgroup", target, &m->options, err);
}

int runc_cgroup_mount(const struct runc_rootfs *r, const struct runc_mount *m, struct err *err)
{
	struct stat was;
	AUTO_CLOSE int target = kern_path_mountpoint(r->root, m->destination, 1, &was, err), dir = -1;
	struct kern_mount_options o = m->options;

	if (target < 0)
		return -1;
	if (kern_cgroup_version_of(r->cgroup) == KERN_CGROUP_V2)
		return mount_v2(r, m, target, err);
	o.set &= ~(uint64_t)MS_RDONLY; /* until the directories in it are made */
	snprintf(o.data, sizeof o.data, "mode=755");
	if (runc_label_options(r->config, &o, err) ||
	    kern_mount_fs("tmpfs", "tmpfs", target, &o, err))
		return -1;
	dir = kern_path_open(r->root, m->destination, O_PATH | O_DIRECTORY, 0, 0, err);
	if (dir < 0 || mount_hierarchies(r, m, dir, err))
		return -1;
	return m->options.set & MS_RDONLY ?
	       kern_mount_setattr(dir, MOUNT_ATTR_RDONLY, 0, false, err) : 0;
}
