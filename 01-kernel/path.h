/*
 * path.h - paths that somebody else chose.
 *
 * A path inside a container's root, an image's layer or a build context is
 * hostile: any component may be a symbolic link, and may become one between
 * two looks. So nothing is checked and then used. openat2(2) with
 * RESOLVE_IN_ROOT lets the kernel resolve as if `root` were "/": links and ".."
 * cannot leave it. The result is a descriptor; what follows works on that
 * descriptor (kern_path_proc gives a name for calls that insist on one).
 * RESOLVE_NO_MAGICLINKS is always added: /proc links would jump out.
 */
#ifndef DOCKYARD_PATH_H
#define DOCKYARD_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"

/* open(2) within root. `flags` as open (O_CLOEXEC is added). `resolve` adds
 * RESOLVE_* bits from <linux/openat2.h> (RESOLVE_NO_XDEV, RESOLVE_NO_SYMLINKS).
 * The fd is the caller's. */
int kern_path_open(int root, const char *path, int flags, mode_t mode, uint64_t resolve,
		   struct err *err);

/* mkdir -p within root; an fd (O_PATH|O_DIRECTORY) on the last directory. */
int kern_path_mkdir_p(int root, const char *path, mode_t mode, struct err *err);

/* The directory that holds the last component, created with `mkdir_mode` if
 * that is not 0; *base points into path at the component itself. "/", paths
 * that end in a slash (which would follow a link in spite of O_NOFOLLOW), and
 * paths whose last component is "." or ".." are ERR_INVALID. The fd (O_PATH) is the
 * caller's; use it with the *at calls and O_NOFOLLOW. */
int kern_path_parent(int root, const char *path, mode_t mkdir_mode, const char **base,
		     struct err *err);

/* An fd on the file `base` of a directory (as from kern_path_parent) to mount over: made,
 * empty, if it is missing. What stands there is neither opened nor followed. */
int kern_path_file_at(int dir, const char *base, mode_t mode, struct err *err);

/* An fd on what is to be mounted over, a directory or (`want_dir` 0) a file. What is
 * missing is made, parents included, and *was is then all zero; else it describes what
 * stood there. */
int kern_path_mountpoint(int root, const char *path, int want_dir, struct stat *was,
			 struct err *err);

/* "/proc/self/fd/N" for calls that take only a name. Valid while fd is open. */
#define KERN_PATH_PROC_SIZE 32
const char *kern_path_proc(int fd, char out[KERN_PATH_PROC_SIZE]);

/* Files of procfs. Where a container has a say in what is mounted, a write meant for
 * procfs could land anywhere (CVE-2019-16884, CVE-2025-52881); so each of these makes
 * sure that what it opens is on a proc file system, and that nothing is mounted over
 * it, not even another file of procfs.
 *
 * kern_is_procfs: is this open file on one?
 * kern_proc_open: the root of the proc file system at /proc (O_PATH).
 * kern_proc_file: a file or directory below it, or below a directory opened so. */
bool kern_is_procfs(int fd);
int kern_proc_open(struct err *err);
int kern_proc_file(int proc, const char *path, int flags, struct err *err);
/* One write(2) to such a file. */
int kern_proc_write(int proc, const char *path, const char *text, struct err *err);

/* Both steps in one; `path` is relative to /proc. */
int kern_path_open_proc(const char *path, int flags, struct err *err);

#endif
