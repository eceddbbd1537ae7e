/*
 * rootfs_mount.c - one entry of `mounts`, by its kind: a bind mount, a tmpfs, a file
 * system of the kernel's.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/path.h"
#include "rootfs.h"

/* A target in the container's /proc under a name that does not say so, because the
 * image has a link there. The names that do are judged by config_mounts.c. */
static int not_into_proc(const struct runc_rootfs *r, const char *destination, int target,
			 const struct stat *st, struct err *err)
{
	struct err missing;
	AUTO_CLOSE int proc = -1;
	struct stat proc_st;

	if (st->st_dev == r->root_stat.st_dev || !strcmp(destination, "/proc") ||
	    str_starts(destination, "/proc/") || !kern_is_procfs(target))
		return 0;
	proc = kern_path_open(r->root, "/proc", O_PATH, 0, 0, &missing);
	if (proc < 0)
		return 0;
	if (fstat(proc, &proc_st))
		return err_sys(err, "stat /proc");
	/* Another instance of procfs (the host's, in a volume) is no concern of ours. */
	return st->st_dev != proc_st.st_dev ? 0 :
	       err_set(err, ERR_PERMISSION, "it is inside /proc, where nothing may be mounted");
}

/* Where it is to be mounted, made if it is missing; *was is what stood there. */
static int target_of(const struct runc_rootfs *r, const struct runc_mount *m, bool directory,
		     struct stat *was, struct err *err)
{
	AUTO_CLOSE int fd = kern_path_mountpoint(r->root, m->destination, directory, was, err);
	struct stat now = *was;

	if (fd < 0)
		return -1;
	/* What was missing may be there by now, and be somewhere else (CVE-2025-52881). */
	if (!was->st_mode && fstat(fd, &now))
		return err_sys(err, "stat");
	/* What is mounted over the root is not where pivot_root goes: it would be lost. */
	if (now.st_dev == r->root_stat.st_dev && now.st_ino == r->root_stat.st_ino)
		return err_set(err, ERR_INVALID, "it is the root itself, over which nothing may be "
			       "mounted");
	return not_into_proc(r, m->destination, fd, &now, err) ? -1 : steal_fd(&fd);
}

/* The masks will look for their paths from here: by name, a root file system that is
 * changing could show them another directory (CVE-2023-27561). */
static void hold(struct runc_rootfs *r, const struct runc_mount *m, int *mounted)
{
	int *held = !strcmp(m->destination, "/proc") ? &r->proc :
		    !strcmp(m->destination, "/sys") ? &r->sys : NULL;

	if (!held)
		return;
	cleanup_close(held);
	*held = steal_fd(mounted);
}

/* A bind mount has the flags that are asked for and no others, where any are. Some of
 * the original's may be locked, if it belongs to another user namespace: those stay,
 * unless that is what the configuration says they must not. */
static int set_flags(int copy, const struct kern_mount_options *o, struct err *err)
{
	const uint64_t all = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW;

	if (!(o->set & ~(uint64_t)(MS_BIND | MS_REC)) && !o->clear)
		return 0;
	if (!(o->set & MS_REMOUNT)) { /* mount(8)'s word for "and keep the others" */
		if (!kern_mount_flags(copy, o->set, o->clear | (all & ~o->set), err))
			return 0;
		if (err->errnum != EPERM)
			return -1;
	}
	return kern_mount_flags(copy, o->set, o->clear, err);
}

/* A mount of the source that is attached nowhere yet. */
static int copy_source(const struct runc_rootfs *r, const struct runc_mount *m,
		       struct runc_source *s, struct err *err)
{
	AUTO_FREE char *path = runc_source_path(m, r->bundle);
	AUTO_CLOSE int fd = s ? steal_fd(&s->fd) : -1;

	if (fd < 0 && s && s->copy >= 0)
		return steal_fd(&s->copy);
	if (s && s->userns >= 0)
		return runc_source_mapped(m, r->bundle, s->userns, err);
	if (fd < 0)
		fd = open(path, O_PATH | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "stat %s", path) : kern_mount_clone(fd, m->options.set & MS_REC, err);
}

static int mount_bind(struct runc_rootfs *r, const struct runc_mount *m,
		      struct runc_source *s, struct err *err)
{
	AUTO_CLOSE int copy = copy_source(r, m, s, err), to = -1;
	struct stat st, was;

	if (copy < 0)
		return -1;
	if (fstat(copy, &st))
		return err_sys(err, "stat %s", m->source);
	if (!strcmp(m->destination, "/proc") && !kern_is_procfs(copy))
		return err_set(err, ERR_INVALID, "what is mounted on /proc must be a proc file "
			       "system, %s is none", m->source);
	to = target_of(r, m, S_ISDIR(st.st_mode), &was, err);
	if (to < 0)
		return -1;
	if (set_flags(copy, &m->options, err))
		return err_wrap(err, "failed to set user-requested vfs flags on bind-mount");
	if (kern_mount_attach(copy, to, &m->options, err))
		return -1;
	hold(r, m, &copy);
	return 0;
}

/* Programs believe what they read under /proc and /sys. Were the image's /proc
 * a symbolic link, it would be mounted somewhere else and the image's own
 * directory be shown there (CVE-2019-19921): an ordinary directory or nothing. */
static int plain_directory(const struct runc_rootfs *r, const char *path, struct err *err)
{
	AUTO_CLOSE int made = -1;
	int fd = kern_path_open(r->root, path, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS, err);

	if (fd >= 0 || err->kind != ERR_NOT_FOUND)
		return fd;
	made = kern_path_mkdir_p(r->root, path, 0755, err);
	if (made < 0)
		return -1;
	return kern_path_open(r->root, path, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS, err);
}

/* A tmpfs over a directory takes its mode over, unless it is given one, or the
 * directory was made just now for it. */
static int inherit_mode(struct kern_mount_options *o, const struct stat *was, struct err *err)
{
	char word[16];

	if (!was->st_mode || strstr(o->data, "mode="))
		return 0;
	snprintf(word, sizeof word, "mode=%o", (unsigned)was->st_mode & 07777);
	return kern_mount_option(o, word, err);
}

static bool is_dev(const char *path)
{
	return !strcmp(path, "/dev") || !strcmp(path, "/dev/");
}

static int mount_tmpfs(const struct runc_rootfs *r, const struct runc_mount *m, struct err *err)
{
	struct stat was;
	AUTO_CLOSE int target = target_of(r, m, true, &was, err);
	struct kern_mount_options o = m->options;
	bool fill_first = is_dev(m->destination) || o.tmpcopyup;
	AUTO_CLOSE int mounted = -1;

	if (target < 0)
		return -1;
	if (fill_first)
		o.set &= ~(uint64_t)MS_RDONLY;
	if (inherit_mode(&o, &was, err) || kern_mount_fs("tmpfs", m->source, target, &o, err))
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

/* proc and sysfs. */
static int mount_pseudo(struct runc_rootfs *r, const struct runc_mount *m, struct err *err)
{
	AUTO_CLOSE int target = plain_directory(r, m->destination, err), mounted = -1;

	if (target < 0)
		return err_wrap(err, "filesystem \"%s\" must be mounted on ordinary directory", m->type);
	mounted = kern_mount_new(m->type, m->source, &m->options, err);
	if (mounted < 0 || kern_mount_attach(mounted, target, &m->options, err))
		return -1;
	hold(r, m, &mounted);
	return 0;
}

/* devpts and whatever else the kernel has. */
static int mount_other(const struct runc_rootfs *r, const struct runc_mount *m, struct err *err)
{
	struct stat was;
	AUTO_CLOSE int target = target_of(r, m, true, &was, err);

	return target < 0 ? -1 : kern_mount_fs(m->type, m->source, target, &m->options, err);
}

int runc_rootfs_mount(struct runc_rootfs *r, size_t index, struct err *err)
{
	const struct runc_mount *m = &r->config->mounts[index];

	if (m->bind)
		return mount_bind(r, m, r->sources ? &r->sources[index] : NULL, err);
	if (!strcmp(m->type, "cgroup"))
		return runc_cgroup_mount(r, m, err);
	if (!strcmp(m->destination, "/proc") && strcmp(m->type, "proc"))
		return err_set(err, ERR_INVALID, "what is mounted on /proc must be of type proc");
	if (!strcmp(m->type, "proc") || !strcmp(m->type, "sysfs"))
		return mount_pseudo(r, m, err);
	if (strcmp(m->type, "tmpfs"))
		return mount_other(r, m, err);
	if (is_dev(m->destination) && (m->options.set & MS_RDONLY))
		r->dev_readonly = true;
	return mount_tmpfs(r, m, err);
}
