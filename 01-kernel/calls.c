/*
 * calls.c - see calls.h.
 */
#include "calls.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mount_api.h"
#include "path.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

const struct kern_flag kern_clone_flags[] = {
	{ CLONE_NEWUSER, "CLONE_NEWUSER" }, { CLONE_NEWNS, "CLONE_NEWNS" },
	{ CLONE_NEWPID, "CLONE_NEWPID" }, { CLONE_NEWNET, "CLONE_NEWNET" },
	{ CLONE_NEWIPC, "CLONE_NEWIPC" }, { CLONE_NEWUTS, "CLONE_NEWUTS" },
	{ CLONE_NEWCGROUP, "CLONE_NEWCGROUP" }, { CLONE_NEWTIME, "CLONE_NEWTIME" },
	{ CLONE_PARENT, "CLONE_PARENT" }, { CLONE_PIDFD, "CLONE_PIDFD" },
	{ CLONE_INTO_CGROUP, "CLONE_INTO_CGROUP" }, { 0, NULL },
};

const struct kern_flag kern_mount_flag_names[] = {
	{ MS_RDONLY, "MS_RDONLY" }, { MS_NOSUID, "MS_NOSUID" }, { MS_NODEV, "MS_NODEV" },
	{ MS_NOEXEC, "MS_NOEXEC" }, { MS_REMOUNT, "MS_REMOUNT" }, { MS_BIND, "MS_BIND" },
	{ MS_MOVE, "MS_MOVE" }, { MS_REC, "MS_REC" }, { MS_PRIVATE, "MS_PRIVATE" },
	{ MS_SLAVE, "MS_SLAVE" }, { MS_SHARED, "MS_SHARED" }, { MS_UNBINDABLE, "MS_UNBINDABLE" },
	{ MS_NOATIME, "MS_NOATIME" }, { MS_RELATIME, "MS_RELATIME" },
	{ MS_STRICTATIME, "MS_STRICTATIME" }, { 0, NULL },
};

const struct kern_flag kern_mount_attrs[] = {
	{ MOUNT_ATTR__ATIME, "ATIME" }, /* the whole field, as in "clear" */
	{ MOUNT_ATTR_RDONLY, "RDONLY" }, { MOUNT_ATTR_NOSUID, "NOSUID" },
	{ MOUNT_ATTR_NODEV, "NODEV" }, { MOUNT_ATTR_NOEXEC, "NOEXEC" },
	{ MOUNT_ATTR_NOATIME, "NOATIME" }, { MOUNT_ATTR_STRICTATIME, "STRICTATIME" },
	{ MOUNT_ATTR_NODIRATIME, "NODIRATIME" }, { MOUNT_ATTR_NOSYMFOLLOW, "NOSYMFOLLOW" },
	{ MOUNT_ATTR_IDMAP, "IDMAP" }, { 0, NULL },
};

const char *kern_call_flags(const struct trace_span *span, uint64_t flags,
			    const struct kern_flag *names, char out[KERN_CALL_TEXT])
{
	size_t n = 0;

	*out = '\0';
	if (!span->start_ns)
		return out;
	for (; names->bit; names++)
		if ((flags & names->bit) == names->bit) {
			n += (size_t)snprintf(out + n, KERN_CALL_TEXT - n, "%s%s", n ? "|" : "",
					      names->name);
			flags &= ~names->bit;
		}
	if (flags || !n)
		snprintf(out + n, KERN_CALL_TEXT - n, "%s%s%llx", n ? "|" : "", flags ? "0x" : "",
			 (unsigned long long)flags);
	return out;
}

const char *kern_call_fd(const struct trace_span *span, int fd, char out[KERN_CALL_TEXT])
{
	char link[KERN_PATH_PROC_SIZE];
	int saved = errno;
	ssize_t n;

	*out = '\0';
	if (!span->start_ns)
		return out;
	n = readlink(kern_path_proc(fd, link), out, KERN_CALL_TEXT - 1);
	if (n > 0)
		out[n] = '\0';
	else
		snprintf(out, KERN_CALL_TEXT, "%d", fd);
	errno = saved;
	return out;
}

int kern_call_mount(const char *source, const char *target, const char *type, uint64_t flags,
		    const char *data)
{
	struct trace_span span = trace_call_begin();
	int rc = mount(source, target, type, flags, data);
	char words[KERN_CALL_TEXT];

	trace_call_end(&span, rc, "mount(%s, %s, %s, %s, %s)", source ? source : "NULL", target,
		       type ? type : "NULL", kern_call_flags(&span, flags, kern_mount_flag_names, words),
		       data ? data : "NULL");
	return rc;
}

int kern_call_umount(const char *target, int flags)
{
	struct trace_span span = trace_call_begin();
	int rc = umount2(target, flags);

	trace_call_end(&span, rc, "umount2(%s%s)", target, flags & MNT_DETACH ? ", MNT_DETACH" : "");
	return rc;
}

int kern_call_setns(int fd, int flags)
{
	struct trace_span span = trace_call_begin();
	char path[KERN_CALL_TEXT], words[KERN_CALL_TEXT];
	int rc;

	kern_call_fd(&span, fd, path); /* before /proc may be another one */
	rc = setns(fd, flags);
	trace_call_end(&span, rc, "setns(%s, %s)", path,
		       kern_call_flags(&span, (unsigned)flags, kern_clone_flags, words));
	return rc;
}

int kern_call_write(int fd, const char *name, const char *text)
{
	struct trace_span span = trace_call_begin();
	ssize_t n = write(fd, text, strlen(text));
	char path[KERN_CALL_TEXT];

	trace_call_end(&span, n < 0 ? -1 : 0, "write(%s, \"%s\")",
		       name ? name : kern_call_fd(&span, fd, path), text);
	return n < 0 ? -1 : 0;
}
