/*
 * snapshot_tree.c - walking the files of a layer: how much they take, and what
 * the directories that its archive did not name take over from the layers below.
 *
 * A container may be writing into the tree at the same time, so every step is an
 * openat(2) with O_NOFOLLOW from the directory that was opened before.
 */
#include "snapshot_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "01-kernel/base/strbuf.h"
#include "01-kernel/path.h"

#define DEPTH_MAX 400 /* one descriptor for each level */

/* The inodes with several links that were counted already: an open hash table. */
struct inodes {
	ino_t *v; /* 0: free */
	size_t n, cap;
};

static bool inode_seen(struct inodes *set, ino_t ino)
{
	size_t i;

	if ((set->n + 1) * 2 > set->cap) {
		struct inodes bigger = { xcalloc(set->cap ? set->cap * 2 : 64, sizeof(ino_t)), 0,
					 set->cap ? set->cap * 2 : 64 };

		for (size_t k = 0; k < set->cap; k++)
			if (set->v[k])
				inode_seen(&bigger, set->v[k]);
		free(set->v);
		*set = bigger;
	}
	for (i = ino % set->cap; set->v[i]; i = (i + 1) % set->cap)
		if (set->v[i] == ino)
			return true;
	set->v[i] = ino;
	set->n++;
	return false;
}

static void count(struct ctrd_usage *u, struct inodes *set, const struct stat *st)
{
	if (!S_ISDIR(st->st_mode) && st->st_nlink > 1 && inode_seen(set, st->st_ino))
		return;
	u->size += (uint64_t)st->st_blocks * 512;
	u->inodes++;
}

static int walk(int fd, unsigned depth, struct ctrd_usage *u, struct inodes *set, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = fdopendir(fd);

	if (!dir) {
		close(fd);
		return err_sys(err, "list a snapshot's directory");
	}
	for (struct dirent *de; (de = readdir(dir));) {
		struct stat st;
		int sub;

		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		if (fstatat(dirfd(dir), de->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue; /* its container removed it just now */
		count(u, set, &st);
		if (!S_ISDIR(st.st_mode) || depth >= DEPTH_MAX)
			continue;
		sub = openat(dirfd(dir), de->d_name,
			     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub >= 0 && walk(sub, depth + 1, u, set, err))
			return -1;
	}
	return 0;
}

int ctrd_tree_usage(int fd, struct ctrd_usage *u, struct err *err)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct inodes set = { NULL, 0, 0 };
	struct stat st;
	int rc;

	*u = (struct ctrd_usage){ 0, 0 };
	if (own < 0)
		return err_sys(err, "open a snapshot's directory");
	if (!fstat(own, &st))
		count(u, &set, &st);
	rc = walk(own, 0, u, &set, err);
	free(set.v);
	return rc;
}

static int copy_xattrs(int from, int to)
{
	char names[4096], value[4096];
	ssize_t n = flistxattr(from, names, sizeof(names));

	for (const char *name = names; name < names + n; name += strlen(name) + 1) {
		ssize_t len;

		if (str_starts(name, "trusted.overlay."))
			continue; /* overlayfs's own, about that layer alone */
		len = fgetxattr(from, name, value, sizeof(value));
		if (len >= 0 && fsetxattr(to, name, value, (size_t)len, 0) && errno != EOPNOTSUPP)
			return -1;
	}
	return 0;
}

static int copy_metadata(int from, int to)
{
	struct stat st;
	struct timespec times[2];

	if (fstat(from, &st) || fchown(to, st.st_uid, st.st_gid) ||
	    fchmod(to, st.st_mode & 07777) || copy_xattrs(from, to))
		return -1;
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	return futimens(to, times);
}

static int open_beneath(int root, const char *path, struct err *err)
{
	return kern_path_open(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
			      RESOLVE_NO_SYMLINKS, err);
}

int ctrd_tree_inherit(int layer, const char *const *paths, const int *lowers, size_t n,
		      struct err *err)
{
	for (; *paths; paths++) {
		AUTO_CLOSE int to = open_beneath(layer, *paths, err);

		if (to < 0)
			return -1;
		for (size_t i = 0; i < n; i++) {
			struct err why;
			AUTO_CLOSE int from = open_beneath(lowers[i], *paths, &why);

			if (from < 0 && why.kind == ERR_NOT_FOUND)
				continue;
			if (from >= 0 && copy_metadata(from, to))
				return err_sys(err, "copy the metadata of %s", *paths);
			break; /* also where a whiteout or a link hides what is further down */
		}
	}
	return 0;
}
