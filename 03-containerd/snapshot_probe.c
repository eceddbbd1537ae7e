/*
 * snapshot_probe.c - does overlayfs work below this directory? Nobody can tell from the
 * kernel's version or the file system's name; so a small overlay is made, and a file removed
 * in it (snapshot.h, ctrd_snapshotter_choose).
 *
 * It does not on another overlay, on file systems without whiteouts or extended attributes
 * (vfat, many network ones), and for who may not mount.
 */
#include "snapshot_private.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/strbuf.h"
#include "01-kernel/mount.h"
#include "01-kernel/userns.h"

static char *below(const char *dir, const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

/* Removing "file" through the overlay must leave a whiteout in the upper directory, and a
 * directory there must take the note that it hides the one below. */
static int try_removal(int merged, const char *upper, bool userxattr, struct err *err)
{
	AUTO_FREE char *whiteout = below(upper, "file");
	struct stat st;

	if (unlinkat(merged, "file", 0))
		return err_sys(err, "remove a file in an overlay");
	if (lstat(whiteout, &st) || !S_ISCHR(st.st_mode) || st.st_rdev)
		return err_set(err, ERR_UNSUPPORTED, "a removed file leaves no whiteout");
	if (setxattr(upper, userxattr ? "user.overlay.opaque" : "trusted.overlay.opaque", "y", 1, 0))
		return err_sys(err, "set an extended attribute");
	return 0;
}

static int try_in(const char *dir, struct err *err)
{
	AUTO_FREE char *lower = below(dir, "lower"), *upper = below(dir, "upper");
	AUTO_FREE char *work = below(dir, "work"), *file = below(lower, "file");
	const char *const lowers[] = { lower };
	struct kern_overlay o = { .lowers = lowers, .n = 1, .upper = upper, .work = work,
				  .userxattr = !kern_userns_initial() };
	AUTO_CLOSE int merged = -1;

	if (mkdir(lower, 0755) || mkdir(upper, 0755) || mkdir(work, 0755))
		return err_sys(err, "make a directory in %s", dir);
	if (file_write_new(AT_FDCWD, file, "", 0, 0644, err))
		return -1;
	merged = snap_overlay_open(&o, dir, err);
	return merged < 0 ? -1 : try_removal(merged, upper, o.userxattr, err);
}

static int probe(const char *root, struct err *err)
{
	AUTO_FREE char *dir = below(root, "overlay-probe");
	struct err late;
	int rc;

	if (strpbrk(root, ":,\\"))
		return err_set(err, ERR_INVALID, "overlayfs cannot take a path with one of \":,\\\"");
	if (file_remove_tree(AT_FDCWD, dir, err) || file_mkdir_p(dir, 0700, err))
		return -1;
	rc = try_in(dir, err);
	if (file_remove_tree(AT_FDCWD, dir, &late))
		log_warn("snapshotter: %s", late.msg);
	return rc;
}

/* Has this directory snapshots? They are called by numbers. */
static bool used(const char *dir, const char *name)
{
	AUTO_FREE char *path = below(dir, name);
	AUTO_CLOSEDIR DIR *list = opendir(path);

	for (struct dirent *de; list && (de = readdir(list));)
		if (de->d_name[0] > '0' && de->d_name[0] <= '9')
			return true;
	return false;
}

/* What was chosen before stays: a full disk, say, is no reason to lose sight of all images. */
int ctrd_snapshotter_choose(const char *dir, const char *wanted, bool *native, struct err *err)
{
	bool overlay = !wanted && used(dir, CTRD_OVERLAY_DIR);
	struct err why;

	*native = (wanted && !strcmp(wanted, "native")) ||
		  (!wanted && !overlay && used(dir, CTRD_NATIVE_DIR));
	if (*native || overlay)
		return 0;
	if (wanted && strcmp(wanted, "overlayfs"))
		return err_set(err, ERR_INVALID, "there is no snapshotter \"%.60s\": overlayfs or "
			       "native", wanted);
	if (file_mkdir_p(dir, 0711, err))
		return -1;
	if (!probe(dir, &why)) {
		log_debug("snapshotter: overlayfs");
		return 0;
	}
	if (wanted)
		return err_set(err, ERR_UNSUPPORTED, "overlayfs does not work in %s: %s", dir, why.msg);
	*native = true;
	log_warn("snapshotter: native, every layer is copied: overlayfs does not work in %s: %s", dir,
		 why.msg);
	return 0;
}
