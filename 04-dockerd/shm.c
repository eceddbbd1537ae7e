/*
 * shm.c - see shm.h.
 */
#include "shm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/mount.h"

char *dockerd_shm_path(const struct daemon *d, const char *id)
{
	return xasprintf("%s/shm/%s", d->cfg->exec_root, id);
}

static int mount_tmpfs(const char *path, long long size, struct err *err)
{
	AUTO_FREE char *limit = xasprintf("size=%lld", size);
	const char *const words[] = { "nosuid", "noexec", "nodev", "mode=1777", limit };
	struct kern_mount_options o = { 0 };
	AUTO_CLOSE int target = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (target < 0)
		return err_sys(err, "open %s", path);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (kern_mount_option(&o, words[i], err))
			return -1;
	return kern_mount_fs("tmpfs", "shm", target, &o, err);
}

int dockerd_shm_mount(const struct daemon *d, const struct container *c, struct err *err)
{
	AUTO_FREE char *path = dockerd_shm_path(d, c->id);

	if (strcmp(jsonx_str(c->host, "IpcMode", ""), "shareable"))
		return 0;
	dockerd_shm_unmount(d, c->id);
	if (file_mkdir_p(path, 0700, err) || mount_tmpfs(path, jsonx_int(c->host, "ShmSize", 0), err))
		return err_wrap(err, "shared memory of container %s", c->id);
	return 0;
}

void dockerd_shm_unmount(const struct daemon *d, const char *id)
{
	AUTO_FREE char *path = dockerd_shm_path(d, id);
	struct err err;

	if (access(path, F_OK))
		return;
	if (kern_mount_detach(path, &err))
		log_warn("shared memory of container %.12s: %s", id, err.msg);
	else if (rmdir(path) && errno != ENOENT)
		log_warn("%s: %s", path, strerror(errno));
}

static bool runs(struct daemon *d, const char *id)
{
	for (struct container *c = d->containers; c; c = c->next)
		if (!strcmp(c->id, id))
			return c->st.running;
	return false;
}

void dockerd_shm_sweep(struct daemon *d)
{
	AUTO_FREE char *path = xasprintf("%s/shm", d->cfg->exec_root);
	AUTO_CLOSEDIR DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.' && !runs(d, e->d_name))
			dockerd_shm_unmount(d, e->d_name);
}
