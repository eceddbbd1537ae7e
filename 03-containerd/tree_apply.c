/*
 * tree_apply.c - a layer over a tree (tree_copy.h), as overlayfs would show the two.
 *
 *     whiteout            the name is removed
 *     opaque directory    what was in it is removed
 *     directory           made where there is none; then what is in it
 *     anything else       takes the place of what was there
 */
#include "tree_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/strbuf.h"
#include "diff_private.h"

#define DEPTH_MAX 400 /* two descriptors for each level */

struct apply {
	const char *const *implicit;
};

static bool is_implicit(const struct apply *a, const char *path)
{
	for (const char *const *p = a->implicit; p && *p; p++)
		if (!strcmp(*p, path))
			return true;
	return false;
}

static DIR *open_list(int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return own < 0 ? NULL : fdopendir(own);
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static int empty(int fd, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = open_list(fd);

	if (!dir)
		return err_sys(err, "list a directory");
	for (struct dirent *de; (de = readdir(dir));)
		if (!is_dots(de->d_name) && file_remove_tree(fd, de->d_name, err))
			return -1;
	return 0;
}

static int apply_dir(const struct apply *a, int layer, int to, const char *path, unsigned depth,
		     struct err *err);

/* The directory `name` of both, made in `to` where it is none; *made tells. */
static int enter(int to, const char *name, bool *made, struct err *err)
{
	struct stat st;
	bool there = !fstatat(to, name, &st, AT_SYMLINK_NOFOLLOW);
	int fd;

	*made = !there || !S_ISDIR(st.st_mode);
	if (there && *made && file_remove_tree(to, name, err))
		return -1;
	if (*made && mkdirat(to, name, 0700))
		return err_sys(err, "make the directory %s", name);
	fd = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open %s", name) : fd;
}

static int apply_subdir(const struct apply *a, int layer, int to, const char *path,
			const char *name, const struct stat *st, unsigned depth, struct err *err)
{
	AUTO_CLOSE int from = openat(layer, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool made = false, opaque = xattr_overlay(layer, name, "opaque");
	AUTO_CLOSE int onto = from < 0 ? -1 : enter(to, name, &made, err);

	if (from < 0)
		return err_sys(err, "open %s", path);
	if (onto < 0 || (opaque && empty(onto, err)) || apply_dir(a, from, onto, path, depth, err))
		return -1;
	if (!made && is_implicit(a, path))
		return 0;
	return ctrd_look_copy(layer, name, to, name, st, err);
}

/* rename(2) moves a file with all that it is, and its other names stay its names. */
static int move(int layer, int to, const char *name, struct err *err)
{
	if (file_remove_tree(to, name, err))
		return -1;
	if (renameat(layer, name, to, name))
		return err_sys(err, "move %s", name);
	return 0;
}

static int apply_entry(const struct apply *a, int layer, int to, const char *path, const char *name,
		       unsigned depth, struct err *err)
{
	struct stat st;

	if (fstatat(layer, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "stat %s", path);
	if (S_ISCHR(st.st_mode) && !st.st_rdev)
		return file_remove_tree(to, name, err);
	if (!S_ISDIR(st.st_mode))
		return move(layer, to, name, err);
	if (depth > DEPTH_MAX)
		return err_set(err, ERR_UNSUPPORTED, "%.200s...: directories nested more than %d deep",
			       path, DEPTH_MAX);
	return apply_subdir(a, layer, to, path, name, &st, depth + 1, err);
}

static int apply_dir(const struct apply *a, int layer, int to, const char *path, unsigned depth,
		     struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = open_list(layer);

	if (!dir)
		return err_sys(err, "list %s", path);
	for (struct dirent *de; (de = readdir(dir));) {
		AUTO_FREE char *sub = xasprintf("%s%s%s", path, *path ? "/" : "", de->d_name);

		if (!is_dots(de->d_name) &&
		    apply_entry(a, layer, to, sub, de->d_name, depth, err))
			return -1;
	}
	return 0;
}

int ctrd_tree_apply(int layer, int to, const char *const *implicit, struct err *err)
{
	struct apply a = { implicit };
	struct stat st;

	/* The root's look before its files are moved out: that changes its times. */
	if (fstat(layer, &st))
		return err_sys(err, "stat a layer");
	if (apply_dir(&a, layer, to, "", 0, err) ||
	    (!is_implicit(&a, ".") && ctrd_look_copy(layer, ".", to, ".", &st, err)))
		return err_wrap(err, "lay a layer over its parent");
	return 0;
}
