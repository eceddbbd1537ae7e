/*
 * cmd_path.c - `kernel path`: where a hostile path leads when the kernel
 * resolves it inside a root (openat2(2), RESOLVE_IN_ROOT).
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd.h"
#include "path.h"

static int name_of(int fd, char out[PATH_MAX], struct err *err)
{
	char proc[KERN_PATH_PROC_SIZE];
	ssize_t n = readlink(kern_path_proc(fd, proc), out, PATH_MAX - 1);

	if (n < 0)
		return err_sys(err, "readlink %s", proc);
	out[n] = '\0';
	return 0;
}

static int run(int argc, char **argv, struct err *err)
{
	char root_name[PATH_MAX], name[PATH_MAX];
	AUTO_CLOSE int root = -1;
	AUTO_CLOSE int fd = -1;
	size_t n;

	if (argc != 3)
		return kern_cmd_usage(&kern_cmd_path, err);
	root = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, "open %s", argv[1]);
	fd = kern_path_open(root, argv[2], O_PATH, 0, 0, err);
	if (fd < 0 || name_of(root, root_name, err) || name_of(fd, name, err))
		return -1;
	n = strcmp(root_name, "/") ? strlen(root_name) : 0;
	printf("%s\n", name[n] ? name + n : "/");
	return 0;
}

const struct kern_cmd kern_cmd_path = {
	"path", "ROOT PATH", "resolve a path inside a root, which it cannot leave (openat2(2))", run,
};
