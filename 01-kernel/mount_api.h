/*
 * mount_api.h - the system calls of the new mount API, for this stage only.
 *
 * C libraries before glibc 2.36 do not declare them, and <linux/mount.h> and
 * <sys/mount.h> contradict each other in some versions. So: <sys/mount.h> for
 * the classic words, and here what it may lack. The numbers are the kernel's.
 */
#ifndef DOCKYARD_MOUNT_API_H
#define DOCKYARD_MOUNT_API_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif
#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY 0x00000001
#define MOUNT_ATTR_NOSUID 0x00000002
#define MOUNT_ATTR_NODEV 0x00000004
#define MOUNT_ATTR_NOEXEC 0x00000008
#define MOUNT_ATTR__ATIME 0x00000070
#define MOUNT_ATTR_RELATIME 0x00000000
#define MOUNT_ATTR_NOATIME 0x00000010
#define MOUNT_ATTR_STRICTATIME 0x00000020
#define MOUNT_ATTR_NODIRATIME 0x00000080
#endif
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif

enum { API_FSOPEN_CLOEXEC = 1, API_FSMOUNT_CLOEXEC = 1 };
enum { API_MOVE_F_EMPTY_PATH = 0x4, API_MOVE_T_EMPTY_PATH = 0x40 };
enum { API_SET_FLAG = 0, API_SET_STRING = 1, API_CREATE = 6 };

/* A parameter's value longer than this is refused by fsconfig(2). */
#define API_MAX_VALUE 255

struct api_mount_attr {
	uint64_t attr_set, attr_clr, propagation, userns_fd;
};

static inline int api_fsopen(const char *type)
{
	struct trace_span span = trace_call_begin();
	int fd = (int)syscall(SYS_fsopen, type, API_FSOPEN_CLOEXEC);

	trace_call_end(&span, fd, "fsopen(%s)", type);
	return fd;
}

static inline int api_fsconfig(int fs, unsigned cmd, const char *key, const char *value)
{
	struct trace_span span = trace_call_begin();
	int rc = (int)syscall(SYS_fsconfig, fs, cmd, key, value, 0);

	trace_call_end(&span, rc, "fsconfig(%d, %s%s%s%s%s)", fs,
		       cmd == API_CREATE ? "CREATE" : value ? "SET_STRING" : "SET_FLAG",
		       key ? ", " : "", key ? key : "", value ? ", " : "", value ? value : "");
	return rc;
}

static inline int api_fsmount(int fs, uint64_t attrs)
{
	struct trace_span span = trace_call_begin();
	int fd = (int)syscall(SYS_fsmount, fs, API_FSMOUNT_CLOEXEC, (unsigned)attrs);
	char words[KERN_CALL_TEXT];

	trace_call_end(&span, fd, "fsmount(%d, %s)", fs,
		       kern_call_flags(&span, attrs, kern_mount_attrs, words));
	return fd;
}

static inline int api_open_tree(int dir, const char *path, unsigned flags)
{
	struct trace_span span = trace_call_begin();
	int fd = (int)syscall(SYS_open_tree, dir, path, flags | OPEN_TREE_CLOEXEC);
	char name[KERN_CALL_TEXT];

	trace_call_end(&span, fd, "open_tree(%s%s%s%s)",
		       dir == AT_FDCWD ? path : kern_call_fd(&span, dir, name),
		       dir != AT_FDCWD && *path ? "/" : "", dir == AT_FDCWD ? "" : path,
		       flags & OPEN_TREE_CLONE ? ", CLONE" : "");
	return fd;
}

/* Attach the detached mount at its target, both given as descriptors. */
static inline int api_move_mount(int mount_fd, int target_fd)
{
	struct trace_span span = trace_call_begin();
	int rc = (int)syscall(SYS_move_mount, mount_fd, "", target_fd, "",
			      API_MOVE_F_EMPTY_PATH | API_MOVE_T_EMPTY_PATH);
	char name[KERN_CALL_TEXT];

	trace_call_end(&span, rc, "move_mount(%d, %s)", mount_fd, kern_call_fd(&span, target_fd, name));
	return rc;
}

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
static inline int api_mount_setattr(int fd, unsigned flags, const struct api_mount_attr *attr)
{
	struct trace_span span = trace_call_begin();
	int rc = (int)syscall(SYS_mount_setattr, fd, "", flags | AT_EMPTY_PATH, attr, sizeof *attr);
	char set[KERN_CALL_TEXT], clear[KERN_CALL_TEXT], how[KERN_CALL_TEXT];

	trace_call_end(&span, rc, "mount_setattr(%d, set %s, clear %s, propagation %s%s)", fd,
		       kern_call_flags(&span, attr->attr_set, kern_mount_attrs, set),
		       kern_call_flags(&span, attr->attr_clr, kern_mount_attrs, clear),
		       kern_call_flags(&span, attr->propagation, kern_mount_flag_names, how),
		       flags & AT_RECURSIVE ? ", AT_RECURSIVE" : "");
	return rc;
}

#endif
