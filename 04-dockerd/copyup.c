/*
 * copyup.c - a fresh volume begins with what the image has at its place.
 *
 * The image's files are the container's snapshot, mounted for a moment (container_root.h).
 *
 * Both trees are walked by descriptor. What an image contains is hostile: its paths are
 * resolved inside its root (path.h), links are copied, never followed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/path.h"
#include "container_root.h"
#include "volume.h"
#include "volume_mount.h"

#define XATTRS_MAX 65536

/* --- copying --------------------------------------------------------------------------------- */

static int copy_bytes(int in, int out)
{
	char buf[65536];

	for (;;) {
		ssize_t n = io_read(in, buf, sizeof buf);

		if (n <= 0)
			return (int)n;
		if (io_write_full(out, buf, (size_t)n))
			return -1;
	}
}

static int copy_xattrs(int in, int out)
{
	AUTO_FREE char *names = xmalloc(XATTRS_MAX);
	AUTO_FREE char *value = xmalloc(XATTRS_MAX);
	ssize_t n = flistxattr(in, names, XATTRS_MAX);

	for (char *name = names; n > 0 && name < names + n; name += strlen(name) + 1) {
		ssize_t len = fgetxattr(in, name, value, XATTRS_MAX);

		if (len >= 0 && fsetxattr(out, name, value, (size_t)len, 0) && errno != EOPNOTSUPP)
			return -1;
	}
	return 0;
}

/* Owner before mode: chown clears the set-user-ID bit. */
static int copy_metadata(int in, int out, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	return fchown(out, st->st_uid, st->st_gid) || fchmod(out, st->st_mode & 07777) ||
			       copy_xattrs(in, out) || futimens(out, times)
		       ? -1
		       : 0;
}

static int copy_tree(int from, int to, struct err *err);

static int copy_file(int dir, const char *name, int to, const struct stat *st, struct err *err)
{
	AUTO_CLOSE int in = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO_CLOSE int out =
		openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (in < 0 || out < 0 || copy_bytes(in, out) || copy_metadata(in, out, st))
		return err_sys(err, "copy %s", name);
	return 0;
}

static int copy_dir(int dir, const char *name, int to, const struct stat *st, struct err *err)
{
	AUTO_CLOSE int in = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_CLOSE int out = -1;

	if (in < 0 || mkdirat(to, name, 0700))
		return err_sys(err, "copy %s", name);
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return err_sys(err, "open %s", name);
	if (copy_tree(in, out, err))
		return err_wrap(err, "%s", name);
	return copy_metadata(in, out, st) ? err_sys(err, "copy %s", name) : 0;
}

static int copy_link(int dir, const char *name, int to, const struct stat *st, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof target - 1);

	if (n < 0)
		return err_sys(err, "read link %s", name);
	target[n] = '\0';
	if (symlinkat(target, to, name) ||
	    fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "copy %s", name);
	return 0;
}

static int copy_entry(int dir, const char *name, int to, struct err *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "stat %s", name);
	if (S_ISDIR(st.st_mode))
		return copy_dir(dir, name, to, &st, err);
	if (S_ISREG(st.st_mode))
		return copy_file(dir, name, to, &st, err);
	if (S_ISLNK(st.st_mode))
		return copy_link(dir, name, to, &st, err);
	if (mknodat(to, name, st.st_mode, st.st_rdev) ||
	    fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "copy %s", name);
	return 0;
}

/* `from` and `to` stay the caller's. */
static int copy_tree(int from, int to, struct err *err)
{
	int copy = fcntl(from, F_DUPFD_CLOEXEC, 0);
	AUTO_CLOSEDIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	if (!d)
		return err_sys(err, "open directory");
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
		    copy_entry(from, e->d_name, to, err))
			return -1;
	return 0;
}

/* --- volumes --------------------------------------------------------------------------------- */

static bool is_empty(const char *path)
{
	AUTO_CLOSEDIR DIR *d = opendir(path);
	const struct dirent *e;

	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			return false;
	return d != NULL;
}

static bool is_fresh_volume(const json_t *m)
{
	return !strcmp(jsonx_str(m, "Type", ""), "volume") && !jsonx_bool(m, "_nocopy", false) &&
	       is_empty(jsonx_str(m, "Source", ""));
}

static int fill(int from, const json_t *m, struct err *err)
{
	const char *source = jsonx_str(m, "Source", "");
	AUTO_CLOSE int to = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (to < 0 || fstat(from, &st))
		return err_sys(err, "open %s", source);
	if (copy_tree(from, to, err))
		return err_wrap(err, "copy the image's %s into volume %s",
				jsonx_str(m, "Destination", ""), jsonx_str(m, "Name", ""));
	return copy_metadata(from, to, &st) ? err_sys(err, "attributes of %s", source) : 0;
}

/* One that is to be mounted is, for as long as it is copied to. `user` holds it meanwhile. */
static int fill_volume(struct daemon *d, const char *user, int root, json_t *m, struct err *err)
{
	const char *dst = jsonx_str(m, "Destination", "");
	AUTO_CLOSE int from = kern_path_open(root, dst, O_RDONLY | O_DIRECTORY, 0, 0, err);
	AUTO_JSON json_t *only = json_pack("[O]", m);
	int rc;

	if (from < 0) /* the image has nothing there, or no directory */
		return err->kind == ERR_NOT_FOUND || err->errnum == ENOTDIR ? 0 : -1;
	if (dockerd_volumes_mount(d, user, only, err))
		return -1;
	rc = is_fresh_volume(m) ? fill(from, m, err) : 0;
	dockerd_volumes_release(d, user);
	return rc;
}

int dockerd_copy_up(struct daemon *d, const char *snapshot, const json_t *mounts, struct err *err)
{
	AUTO_FREE char *user = xasprintf("%s.copy", snapshot);
	AUTO_CLOSE int root = -1;
	json_t *m;
	size_t i;

	json_array_foreach((json_t *)mounts, i, m) {
		if (!is_fresh_volume(m))
			continue;
		if (root < 0 && (root = dockerd_root_mount(d, snapshot, NULL, true, err)) < 0)
			return err_wrap(err, "look into the image");
		if (fill_volume(d, user, root, m, err))
			return -1;
	}
	return 0;
}
