/*
 * sealed.c - see sealed.h. What a static program does at its entry point already
 * (sealed_start.c) is here for one with shared libraries, and for who may not mount:
 * then a copy in memory is what runs.
 */
#include "sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "01-kernel/base/cleanup.h"
#include "01-kernel/base/strbuf.h"
#include "01-kernel/mount.h"
#include "01-kernel/mount_api.h"
#include "01-kernel/path.h"

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

extern char **environ;

/* Is the file that we run beyond writing? Only one that was executed by descriptor can be: the
 * kernel names that "/dev/fd/N" in AT_EXECFN (execveat(2)), and so it is told apart from a program
 * that was executed by its path. A read-only file system that we happen to
 * lie on does not count: it can be made writable while a container holds on to us. */
static bool is_sealed(void)
{
	AUTO_CLOSE int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	const char *executed = (const char *)getauxval(AT_EXECFN);
	struct statvfs fs;
	int seals;

	if (self < 0 || !executed || !str_starts(executed, RUNC_EXECUTED_BY_FD))
		return false;
	seals = fcntl(self, F_GET_SEALS);
	return (seals >= 0 && (seals & ALL_SEALS) == ALL_SEALS) ||
	       (!fstatvfs(self, &fs) && (fs.f_flag & ST_RDONLY));
}

/* A read-only mount of the file, attached nowhere. */
static int clone_mount(struct err *err)
{
	AUTO_CLOSE int self = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	AUTO_CLOSE int fd = -1;

	if (self < 0)
		return err_sys(err, "open /proc/self/exe");
	fd = api_open_tree(self, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (fd < 0)
		return err_sys(err, "clone the mount of /proc/self/exe");
	if (kern_mount_setattr(fd, MOUNT_ATTR_RDONLY, 0, false, err))
		return -1;
	return steal_fd(&fd);
}

static int copy_to_memfd(struct err *err)
{
	AUTO_CLOSE int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), fd = -1;
	struct stat st;
	off_t left;

	/* Before Linux 6.3 every memfd may be executed and the flag is unknown. */
	fd = memfd_create("runc", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("runc", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (self < 0 || fd < 0 || fstat(self, &st))
		return err_sys(err, "copy the runtime into memory");
	for (left = st.st_size; left > 0; ) {
		ssize_t n = sendfile(fd, self, NULL, (size_t)left);

		if (n <= 0)
			return err_sys(err, "copy the runtime into memory");
		left -= n;
	}
	if (fchmod(fd, 0500) || fcntl(fd, F_ADD_SEALS, ALL_SEALS))
		return err_sys(err, "seal the runtime's copy");
	return steal_fd(&fd);
}

int runc_sealed(char **argv, struct err *err)
{
	AUTO_CLOSE int proc = -1, fd = -1;

	if (is_sealed()) {
		prctl(PR_SET_NAME, "runc"); /* execveat(2) names us after the descriptor */
		return 0;
	}
	/* Else /proc/self/exe is anything, and we would go round for ever. */
	proc = kern_proc_open(err);
	if (proc < 0)
		return -1;
	fd = clone_mount(err);
	if (fd < 0)
		fd = copy_to_memfd(err);
	if (fd < 0)
		return -1;
	fexecve(fd, argv, environ);
	return err_sys(err, "execute the sealed runtime");
}
