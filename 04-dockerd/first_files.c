/*
 * first_files.c - see first_files.h. Docker has these in a layer of the container's own; here they are the
 * first that is written to its snapshot, and docker diff leaves them out (container_files.c).
 */
#include "first_files.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "01-kernel/path.h"
#include "container_root.h"

/* By this file programs find out that they are in a container of Docker's. */
static int make_mark(int root, struct err *err)
{
	AUTO_CLOSE int fd = kern_path_open(root, "/.dockerenv", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
					   0755, 0, err);

	return fd < 0 && err->errnum != EEXIST ? -1 : 0;
}

/* Where programs of old look for what is mounted. An image without /etc has none of them. */
static int make_mtab(int root, struct err *err)
{
	AUTO_CLOSE int etc = kern_path_open(root, "/etc", O_RDONLY | O_DIRECTORY, 0, 0, err);

	if (etc < 0)
		return err->errnum == ENOENT || err->errnum == ENOTDIR ? 0 : -1;
	if (symlinkat("/proc/mounts", etc, "mtab") && errno != EEXIST)
		return err_sys(err, "make /etc/mtab");
	return 0;
}

int dockerd_first_files(struct daemon *d, const char *snapshot, struct err *err)
{
	AUTO_CLOSE int root = dockerd_root_mount(d, snapshot, NULL, true, err);

	if (root < 0 || make_mark(root, err) || make_mtab(root, err))
		return err_wrap(err, "write the first files");
	return 0;
}
