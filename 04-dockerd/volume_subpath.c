/*
 * volume_subpath.c - images, and parts of volumes and images for containers that get no more of them
 * (volume_mount.h).
 *
 *     <exec-root>/subpaths/<user>/<n>        what the n-th of the container's mounts binds
 *     <exec-root>/subpaths/<user>/<n>.whole  the image that it is a part of
 *
 * A path in a volume is chosen by whoever writes to the volume: between a look at it and the
 * runtime's mount it could become a link to anything. So the runtime is given a mount of what was
 * found, and no path. It is there only until the container is made.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/mount.h"
#include "01-kernel/path.h"
#include "mounts.h"
#include "volume_mount.h"

char *dockerd_subpaths_dir(const struct daemon *d, const char *user)
{
	return xasprintf("%s/subpaths/%s", d->cfg->exec_root, user);
}

/* A file is mounted over a file, a directory over a directory. */
static int open_target(const char *path, bool directory, struct err *err)
{
	int fd = directory ? mkdir(path, 0700)
			   : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, "make %s", path);
	if (!directory)
		close(fd);
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open %s", path) : fd;
}

bool dockerd_subpath_is(const json_t *m)
{
	return *jsonx_str(m, "_subpath", "") || *jsonx_str(m, "_view", "");
}

static int bind_part(const char *source, const char *part, const char *path, struct err *err)
{
	AUTO_CLOSE int root = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC), from = -1, to = -1;
	struct kern_mount_options o = { .set = MS_BIND | MS_REC };
	struct stat st;

	if (root < 0)
		return err_sys(err, "open %s", source);
	from = kern_path_open(root, part, O_PATH, 0, 0, err);
	if (from < 0 || fstat(from, &st))
		return err_wrap(err, "cannot access path %s/%s", source, part);
	to = open_target(path, S_ISDIR(st.st_mode), err);
	return to < 0 ? -1 : kern_mount_bind(from, to, &o, err);
}

static int mount_one(struct daemon *d, const char *dir, size_t i, const json_t *m, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%zu", dir, i), *whole = xasprintf("%s.whole", path);
	const char *part = jsonx_str(m, "_subpath", "");
	bool image = *jsonx_str(m, "_view", "");

	if (file_mkdir_p(dir, 0700, err))
		return -1;
	if (image && dockerd_image_mount(d, m, *part ? whole : path, err))
		return -1;
	return *part ? bind_part(image ? whole : jsonx_str(m, "Source", ""), part, path, err) : 0;
}

int dockerd_subpaths_mount(struct daemon *d, const char *user, const json_t *mounts,
			   struct err *err)
{
	AUTO_FREE char *dir = dockerd_subpaths_dir(d, user);
	json_t *m;
	size_t i;

	json_array_foreach((json_t *)mounts, i, m)
		if (dockerd_subpath_is(m) && mount_one(d, dir, i, m, err))
			return -1;
	return 0;
}

static void clear(const char *dir)
{
	AUTO_CLOSEDIR DIR *all = opendir(dir);
	struct dirent *e;
	struct err err;

	while (all && (e = readdir(all))) {
		AUTO_FREE char *path = xasprintf("%s/%s", dir, e->d_name);

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (kern_mount_detach(path, &err))
			log_error("%s", err.msg);
		if (rmdir(path) && errno == ENOTDIR)
			unlink(path);
	}
	if (all)
		rmdir(dir);
}

void dockerd_subpaths_clear(struct daemon *d, const char *user)
{
	AUTO_FREE char *dir = dockerd_subpaths_dir(d, user);

	clear(dir);
}

void dockerd_subpaths_sweep(struct daemon *d)
{
	AUTO_FREE char *path = dockerd_subpaths_dir(d, ".");
	AUTO_CLOSEDIR DIR *all = opendir(path);
	const struct dirent *e;

	while (all && (e = readdir(all)))
		if (*e->d_name != '.')
			dockerd_subpaths_clear(d, e->d_name);
}
