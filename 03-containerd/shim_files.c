/*
 * shim_files.c - what a container's root has beside its image, from the start on (containers.h, "files"): the
 * mark of an engine, or a link that programs expect.
 *
 * The root is the container's, and so hostile: nothing that is there is followed out of it, or replaced.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/path.h"

static int make(int root, const char *path, const char *link, struct err *err)
{
	AUTO_FREE char *above = xstrndup(path, (size_t)(strrchr(path, '/') + 1 - path));
	const char *name = strrchr(path, '/') + 1;
	AUTO_CLOSE int dir = kern_path_open(root, above, O_RDONLY | O_DIRECTORY, 0, 0, err);
	int fd;

	if (dir < 0) /* an image without /etc has nothing in it */
		return err->errnum == ENOENT || err->errnum == ENOTDIR ? 0 : -1;
	if (link)
		return symlinkat(link, dir, name) && errno != EEXIST ? err_sys(err, "make %s", path) : 0;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
	if (fd >= 0)
		close(fd);
	return fd < 0 && errno != EEXIST ? err_sys(err, "make %s", path) : 0;
}

int shim_files_make(const struct shim *s, struct err *err)
{
	const json_t *files = json_object_get(s->options, "files"), *one;
	AUTO_CLOSE int root = files ? open("rootfs", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	size_t i;

	if (files && root < 0)
		return err_sys(err, "open rootfs");
	json_array_foreach(files, i, one)
		if (make(root, jsonx_str(one, "path", ""), jsonx_str(one, "link", NULL), err))
			return -1;
	return 0;
}
