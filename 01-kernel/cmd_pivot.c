/*
 * cmd_pivot.c - `kernel pivot`: a command whose "/" is another directory.
 *
 * chroot(2) only changes where a process starts looking; pivot_root(2) takes
 * the old root out of the mount namespace, so there is nothing to climb back to.
 * It wants a mount point, so the directory is bound onto itself first.
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "cmd.h"
#include "mount.h"
#include "ns.h"

static int open_root(const char *path, struct err *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open %s", path) : fd;
}

static int run(int argc, char **argv, struct err *err)
{
	const struct kern_mount_options bind = { .set = MS_BIND | MS_REC };
	AUTO_CLOSE int dir = -1;
	AUTO_CLOSE int root = -1;
	int first = 2;

	if (argc < 2 || argv[1][0] == '-')
		return kern_cmd_usage(&kern_cmd_pivot, err);
	if (argc > 2 && !strcmp(argv[2], "--"))
		first = 3;
	if (kern_ns_unshare(CLONE_NEWNS, err) ||
	    kern_mount_propagation("/", MS_PRIVATE | MS_REC, err))
		return -1;
	dir = open_root(argv[1], err);
	if (dir < 0 || kern_mount_bind(dir, dir, &bind, err))
		return -1;
	root = open_root(argv[1], err); /* again: this one is on the new mount */
	if (root < 0 || kern_mount_pivot(root, err))
		return -1;
	return kern_cmd_run(kern_cmd_words(argc, argv, first), err);
}

const struct kern_cmd kern_cmd_pivot = {
	"pivot", "ROOT [-- COMMAND...]", "run a command with another root directory (pivot_root(2))", run,
};
