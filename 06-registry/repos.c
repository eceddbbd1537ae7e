/*
 * repos.c - the directories of repositories: made, locked, listed.
 *
 * A repository exists once it has an index.json; a directory that only holds
 * blobs is a push that has not reached its manifest yet, and one that only
 * holds directories is a part of longer names.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/strbuf.h"
#include "errors.h"
#include "names.h"
#include "store.h"

static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

char *reg_repo_path(const struct reg_store *store, const char *name)
{
	AUTO_FREE char *dir = reg_dir_of_name(name);

	return xasprintf("%s/repositories/%s", store->root, dir);
}

static int make_layout(const char *path, struct err *err)
{
	AUTO_FREE char *blobs = xasprintf("%s/blobs/sha256", path);
	AUTO_FREE char *marker = xasprintf("%s/oci-layout", path);

	if (reg_mkdir_durable(blobs, err))
		return -1;
	if (!access(marker, F_OK))
		return 0;
	return file_write_atomic(AT_FDCWD, marker, layout, sizeof(layout) - 1, 0644, err);
}

int reg_repo_lock(struct reg_store *store, const char *name, bool make, struct err *err)
{
	AUTO_FREE char *path = reg_repo_path(store, name);
	AUTO_CLOSE int fd = -1;

	if (make && reg_mkdir_durable(path, err))
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return reg_refuse(err, REG_NAME_UNKNOWN, "no repository %s", name);
	if (fd < 0)
		return err_sys(err, "open repository %s", name);
	while (flock(fd, LOCK_EX))
		if (errno != EINTR)
			return err_sys(err, "lock repository %s", name);
	if (make && make_layout(path, err))
		return -1;
	return steal_fd(&fd);
}

static bool is_directory(int dir_fd, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	return !fstatat(dir_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

/* All directories of repositories that have an entry called `mark`. */
struct walk {
	const char *mark;
	struct strlist *names;
};

/* As deep as a name can be: at most 128 components. */
static int walk(const struct walk *w, int parent, const char *entry, const char *prefix,
		struct err *err);

static int walk_entries(const struct walk *w, DIR *dir, const char *prefix, struct err *err)
{
	struct dirent *e;

	while ((errno = 0, e = readdir(dir))) {
		AUTO_FREE char *path = NULL;
		AUTO_FREE char *name = NULL;

		if (!is_directory(dirfd(dir), e))
			continue;
		path = xasprintf("%s%s%s", prefix, *prefix ? "/" : "", e->d_name);
		name = reg_name_of_dir(path); /* not blobs, _referrers, ... */
		if (!name)
			continue;
		if (walk(w, dirfd(dir), e->d_name, path, err))
			return -1;
	}
	return errno ? err_sys(err, "read repositories/%s", prefix) : 0;
}

static int walk(const struct walk *w, int parent, const char *entry, const char *prefix,
		struct err *err)
{
	int fd = openat(parent, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return err_sys(err, "open repositories/%s", prefix);
	if (*prefix && !faccessat(fd, w->mark, F_OK, 0)) {
		AUTO_FREE char *name = reg_name_of_dir(prefix);

		strlist_add(w->names, name);
	}
	return walk_entries(w, dir, prefix, err);
}

static int list(struct reg_store *store, const char *mark, struct strlist *names, struct err *err)
{
	const struct walk w = { mark, names };

	if (walk(&w, store->root_fd, "repositories", "", err))
		return -1;
	strlist_sort(names);
	return 0;
}

int reg_repo_list(struct reg_store *store, struct strlist *names, struct err *err)
{
	return list(store, "index.json", names, err);
}

int reg_repo_list_all(struct reg_store *store, struct strlist *names, struct err *err)
{
	return list(store, "blobs", names, err);
}
