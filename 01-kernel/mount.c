/*
 * mount.c - see mount.h.
 *
 * The new API takes a mount apart into steps: fsopen(2) makes a file system
 * context, fsconfig(2) sets one parameter at a time, fsmount(2) gives a mount
 * that is attached nowhere yet, mount_setattr(2) changes its flags, and
 * move_mount(2) attaches it to a target *descriptor*. So a read-only bind mount
 * is never visible writable, no target path is resolved a second time, and the
 * file system says in words what it dislikes: reading the context's descriptor
 * yields its messages.
 *
 * Classic mount(2) is used where the new calls cannot say the same: remounting
 * a file system, and option values longer than 255 bytes.
 */
#include "mount.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "mount_api.h"
#include "path.h"

#define REMOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | \
		       MS_RELATIME | MS_STRICTATIME | MS_NOSYMFOLLOW)

/* Flags of the file system itself, as fsconfig names them. */
static const struct {
	uint64_t flag;
	const char *name;
} super_words[] = {
	{ MS_RDONLY, "ro" }, { MS_SYNCHRONOUS, "sync" }, { MS_DIRSYNC, "dirsync" },
	{ MS_MANDLOCK, "mand" }, { MS_LAZYTIME, "lazytime" },
};

#define N_SUPER (sizeof super_words / sizeof super_words[0])

/* What errno means for a mount; its plain text mostly misleads (mount(2)). */
static const char *mount_hint(int errnum)
{
	switch (errnum) {
	case EINVAL: return " (an option is unknown or wrong for this file system, or the target "
			    "is no mount where one is needed)";
	case EBUSY: return " (it is mounted with other options elsewhere, or in use by another mount)";
	case ENOSPC: return " (this namespace has as many mounts as /proc/sys/fs/mount-max allows)";
	case EPERM: return " (not privileged here, or a flag of the mount is locked by the user "
			   "namespace that made it)";
	case ENODEV: return " (this kernel does not know the file system type)";
	case ENOTBLK: return " (the source is no block device)";
	case ELOOP: return " (the target is a symbolic link, or the source inside itself)";
	default: return "";
	}
}

static int mount_failed(struct err *err, int errnum, const char *what)
{
	return err_errno(err, errnum, "mount %s%s", what, mount_hint(errnum));
}

/* The file system's own words: each read(2) gives one "e type: text". */
static int context_failed(int fs, struct err *err, const char *what)
{
	int errnum = errno;
	char text[256];
	ssize_t n = read(fs, text, sizeof text - 1);

	if (n <= 2 || text[0] != 'e')
		return mount_failed(err, errnum, what);
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return err_errno(err, errnum, "mount %s: %s", what, text + 2);
}

static uint64_t attrs_of_flags(uint64_t flags)
{
	uint64_t a = 0;

	a |= flags & MS_RDONLY ? MOUNT_ATTR_RDONLY : 0;
	a |= flags & MS_NOSUID ? MOUNT_ATTR_NOSUID : 0;
	a |= flags & MS_NODEV ? MOUNT_ATTR_NODEV : 0;
	a |= flags & MS_NOEXEC ? MOUNT_ATTR_NOEXEC : 0;
	a |= flags & MS_NODIRATIME ? MOUNT_ATTR_NODIRATIME : 0;
	a |= flags & MS_NOSYMFOLLOW ? MOUNT_ATTR_NOSYMFOLLOW : 0;
	a |= flags & MS_NOATIME ? MOUNT_ATTR_NOATIME
	   : flags & MS_STRICTATIME ? MOUNT_ATTR_STRICTATIME : 0;
	return a;
}

/* Set one of the comma-separated parameters. A comma inside double quotes (an
 * SELinux context has them) does not separate. */
static int set_param(int fs, const char *word, size_t n)
{
	AUTO_FREE char *key = xstrndup(word, n);
	char *value = strchr(key, '=');

	if (!value)
		return api_fsconfig(fs, API_SET_FLAG, key, NULL);
	*value++ = '\0';
	n = strlen(value);
	if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
		value[n - 1] = '\0';
		value++;
	}
	return api_fsconfig(fs, API_SET_STRING, key, value);
}

static size_t param_length(const char *p)
{
	size_t n = 0;

	for (int quoted = 0; p[n] && (quoted || p[n] != ','); n++)
		quoted ^= p[n] == '"';
	return n;
}

static int set_params(int fs, const struct kern_mount_options *o)
{
	for (size_t i = 0; i < N_SUPER; i++)
		if ((o->set & super_words[i].flag) &&
		    api_fsconfig(fs, API_SET_FLAG, super_words[i].name, NULL))
			return -1;
	for (const char *p = o->data; *p; p += *p == ',') {
		size_t n = param_length(p);

		if (n && set_param(fs, p, n))
			return -1;
		p += n;
	}
	return 0;
}

/* Can the new calls express this? */
static bool needs_classic(const struct kern_mount_options *o)
{
	if (o->set & (MS_REMOUNT | MS_SILENT | MS_I_VERSION))
		return true;
	for (const char *p = o->data; *p; p += *p == ',') {
		size_t n = param_length(p);

		if (n > API_MAX_VALUE)
			return true;
		p += n;
	}
	return false;
}

int kern_mount_setattr(int fd, uint64_t set, uint64_t clear, bool recursive, struct err *err)
{
	struct api_mount_attr attr = { .attr_set = set, .attr_clr = clear };

	if (!set && !clear)
		return 0;
	/* The access time modes are one field: to set one, clear the field. */
	if (set & MOUNT_ATTR__ATIME)
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	if (!api_mount_setattr(fd, recursive ? AT_RECURSIVE : 0, &attr))
		return 0;
	if (errno == ENOSYS)
		return err_set(err, ERR_UNSUPPORTED,
			       "this kernel has no mount_setattr (Linux 5.12 or later is needed)");
	return mount_failed(err, errno, "flags");
}

/* Propagation is set when the mount stands where it belongs: attached below a
 * shared mount it becomes shared itself, whatever it was before. */
static int set_propagation(int mount_fd, uint64_t propagation, struct err *err)
{
	char proc[KERN_PATH_PROC_SIZE];

	if (!propagation)
		return 0;
	return kern_mount_propagation(kern_path_proc(mount_fd, proc), propagation, err);
}

/* Flags, then attach, then propagation: common to file systems and binds. */
static int finish(int mount_fd, int target_fd, const struct kern_mount_options *o, const char *what,
		  struct err *err)
{
	if (kern_mount_setattr(mount_fd, o->rec_set, o->rec_clear, true, err))
		return err_wrap(err, "%s", what);
	if (api_move_mount(mount_fd, target_fd))
		return mount_failed(err, errno, what);
	return set_propagation(mount_fd, o->propagation, err);
}

static int mount_classic(const char *type, const char *source, int target_fd,
			 const struct kern_mount_options *o, struct err *err)
{
	char target[KERN_PATH_PROC_SIZE];

	if (o->rec_set || o->rec_clear || o->propagation)
		return err_set(err, ERR_UNSUPPORTED, "mount %s: recursive flags and propagation "
			       "together with remount, silent, iversion or very long options", type);
	/* kern_path_proc names a magic link, which mount(2) follows to exactly the
	 * directory that is open. */
	if (kern_call_mount(source, kern_path_proc(target_fd, target), type, o->set & ~(uint64_t)MS_BIND,
		  o->data))
		return mount_failed(err, errno, type);
	return 0;
}

int kern_mount_new(const char *type, const char *source, const struct kern_mount_options *o,
		   struct err *err)
{
	AUTO_CLOSE int fs = api_fsopen(type);
	int mnt;

	if (fs < 0)
		return mount_failed(err, errno, type);
	if ((source && api_fsconfig(fs, API_SET_STRING, "source", source)) || set_params(fs, o) ||
	    api_fsconfig(fs, API_CREATE, NULL, NULL))
		return context_failed(fs, err, type);
	mnt = api_fsmount(fs, attrs_of_flags(o->set));
	return mnt < 0 ? context_failed(fs, err, type) : mnt;
}

int kern_mount_fs(const char *type, const char *source, int target_fd,
		  const struct kern_mount_options *o, struct err *err)
{
	AUTO_CLOSE int mnt = -1;

	if (o->set & MS_BIND)
		return err_set(err, ERR_INVALID, "mount %s: a bind mount has no file system type",
			       type);
	if (needs_classic(o))
		return mount_classic(type, source, target_fd, o, err);
	mnt = kern_mount_new(type, source, o, err);
	return mnt < 0 ? -1 : finish(mnt, target_fd, o, type, err);
}

int kern_mount_clone(int source_fd, bool recursive, struct err *err)
{
	int fd = api_open_tree(source_fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH |
					      (recursive ? AT_RECURSIVE : 0));

	return fd < 0 ? mount_failed(err, errno, recursive ? "--rbind" : "--bind") : fd;
}

int kern_mount_flags(int mount_fd, uint64_t set, uint64_t clear, struct err *err)
{
	set &= REMOUNT_FLAGS;
	clear &= REMOUNT_FLAGS;
	/* relatime is the absence of the other modes */
	return kern_mount_setattr(mount_fd, attrs_of_flags(set),
				  attrs_of_flags(clear) | (set & MS_RELATIME || clear & MS_STRICTATIME
							   ? MOUNT_ATTR__ATIME : 0),
				  false, err);
}

int kern_mount_attach(int mount_fd, int target_fd, const struct kern_mount_options *o,
		      struct err *err)
{
	return finish(mount_fd, target_fd, o, "--bind", err);
}

int kern_mount_bind(int source_fd, int target_fd, const struct kern_mount_options *o,
		    struct err *err)
{
	uint64_t foreign = o->set & ~(uint64_t)(REMOUNT_FLAGS | MS_BIND | MS_REC | MS_SILENT);
	AUTO_CLOSE int mnt = -1;

	if (*o->data || foreign)
		return err_set(err, ERR_INVALID, "bind mount: '%s' is an option of a file system, "
			       "which a bind mount cannot change",
			       *o->data ? o->data : "remount, sync, mand, iversion or lazytime");
	mnt = kern_mount_clone(source_fd, o->set & MS_REC, err);
	if (mnt < 0)
		return -1;
	if (kern_mount_flags(mnt, o->set, o->clear, err))
		return err_wrap(err, "bind mount");
	return kern_mount_attach(mnt, target_fd, o, err);
}

int kern_mount_idmap(int mount_fd, int userns_fd, bool recursive, struct err *err)
{
	struct api_mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP,
				       .userns_fd = (uint64_t)userns_fd };

	if (!api_mount_setattr(mount_fd, recursive ? AT_RECURSIVE : 0, &attr))
		return 0;
	if (errno == EINVAL)
		return err_errno(err, EINVAL, "id-map the mount (its file system cannot do that, or it "
				 "is mapped already)");
	return err_sys(err, "id-map the mount");
}

int kern_mount_enslave(int mount_fd, struct err *err)
{
	struct api_mount_attr attr = { .propagation = MS_SLAVE };

	return api_mount_setattr(mount_fd, AT_RECURSIVE, &attr) ?
	       mount_failed(err, errno, "propagation") : 0;
}

int kern_mount_propagation(const char *path, uint64_t propagation, struct err *err)
{
	if (kern_call_mount(NULL, path, NULL, propagation, NULL)) {
		if (errno == EINVAL)
			return err_set(err, ERR_INVALID,
				       "change propagation of %s: it is no mount point", path);
		return err_sys(err, "change propagation of %s", path);
	}
	return 0;
}

int kern_mount_detach(const char *path, struct err *err)
{
	/* EINVAL: no mount point. */
	if (!kern_call_umount(path, MNT_DETACH | UMOUNT_NOFOLLOW) || errno == EINVAL || errno == ENOENT)
		return 0;
	return err_sys(err, "unmount %s", path);
}
