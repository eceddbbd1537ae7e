/*
 * unpack_meta.c - what an entry says about a file besides its content: owner, mode, extended
 * attributes, times; and overlayfs's mark on directories.
 *
 * The order matters. chown(2) clears set-id bits and file capabilities, so the owner comes
 * first; every change sets the time of the last one, so the times come last.
 */
#include "unpack_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <tar.h>
#include <unistd.h>

#include "01-kernel/path.h"

#define OPAQUE "overlay.opaque"

/* May the archive's attribute be lacking? A file system without any, and links and devices, have
 * none; in a user namespace most are not ours to set. */
static bool forgivable(const struct layer_root *r, const char *name)
{
	return errno == EOPNOTSUPP || (errno == EPERM && (r->userns || str_starts(name, "user.")));
}

/* Of the open file, or (fd -1) of what the path ends at, a link itself. */
static int set_xattrs(const struct layer_root *r, int fd, const char *path,
		      const struct tar_entry *e, struct err *err)
{
	for (size_t i = 0; i < e->n_xattrs; i++) {
		const struct tar_xattr *x = &e->xattrs[i];
		int rc;

		/* These steer overlayfs (redirects to other directories): not an archive's. */
		if (str_starts(x->name, "trusted.overlay.") || str_starts(x->name, "user.overlay."))
			continue;
		rc = fd >= 0 ? fsetxattr(fd, x->name, x->value, x->size, 0)
			     : lsetxattr(path, x->name, x->value, x->size, 0);
		if (rc && !forgivable(r, x->name))
			return err_sys(err, "set the extended attribute %.100s", x->name);
	}
	return 0;
}

/* A new file is ours, with the mode it was created with, unless a set-group-id directory or the
 * umask had a say. */
int layer_set_file_metadata(const struct layer_root *r, int fd, const struct tar_entry *e,
			    struct err *err)
{
	struct timespec times[2] = { e->atime, e->mtime };
	struct stat st;
	bool chowned;

	if (fstat(fd, &st))
		return err_sys(err, "stat");
	chowned = st.st_uid != e->uid || st.st_gid != e->gid;
	if (chowned && fchown(fd, e->uid, e->gid))
		return err_sys(err, "chown");
	if ((chowned || (st.st_mode & 07777) != e->mode) && fchmod(fd, e->mode))
		return err_sys(err, "chmod");
	if (set_xattrs(r, fd, NULL, e, err))
		return -1;
	return futimens(fd, times) ? err_sys(err, "set the time") : 0;
}

int layer_set_metadata(const struct layer_root *r, int parent, const char *base,
		       const struct tar_entry *e, bool symlink, struct err *err)
{
	struct timespec times[2] = { e->atime, e->mtime };
	AUTO_FREE char *path = e->n_xattrs ? xasprintf("/proc/self/fd/%d/%s", parent, base) : NULL;

	if (fchownat(parent, base, e->uid, e->gid, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "chown");
	if (!symlink && fchmodat(parent, base, e->mode, 0))
		return err_sys(err, "chmod");
	if (path && set_xattrs(r, -1, path, e, err))
		return -1;
	if (utimensat(parent, base, times, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "set the time");
	return 0;
}

int layer_set_opaque(const struct layer_root *r, int dir, struct err *err)
{
	const char *name = r->userns ? "user." OPAQUE : "trusted." OPAQUE;
	char proc[KERN_PATH_PROC_SIZE];

	if (setxattr(kern_path_proc(dir, proc), name, "y", 1, 0))
		return err_sys(err, "set %s", name);
	return 0;
}
