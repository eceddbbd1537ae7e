/*
 * selinux.c - see selinux.h.
 */
#include "selinux.h"

#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/path.h"

#define SELINUX_MAGIC 0xf97cff8c /* linux/magic.h */

static bool selinux_enabled(void)
{
	struct statfs sfs;

	return !statfs("/sys/fs/selinux", &sfs) && (unsigned)sfs.f_type == SELINUX_MAGIC &&
	       !(sfs.f_flags & ST_RDONLY);
}

/* The module's own word for it, or, where sysfs is not shown, the file that it
 * makes for the label of the next program. */
static bool apparmor_enabled(void)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;

	if (!access("/proc/self/attr/apparmor/exec", F_OK))
		return true;
	return !file_read(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", &sb, 64, &ignored) &&
	       sb.data[0] == 'Y';
}

int runc_labels_check(const struct runc_config *c, const struct runc_process *p,
		      struct err *err)
{
	const char *label = p->selinux_label, *profile = p->apparmor_profile;

	if (label && *label && !selinux_enabled())
		return err_set(err, ERR_UNSUPPORTED, "process.selinuxLabel: selinux label is "
			       "specified in config, but selinux is disabled or not supported");
	if (c->mount_label && !selinux_enabled())
		return err_set(err, ERR_UNSUPPORTED, "linux.mountLabel: selinux label is specified "
			       "in config, but selinux is disabled or not supported");
	if (profile && *profile && !apparmor_enabled())
		return err_set(err, ERR_UNSUPPORTED, "process.apparmorProfile: apparmor: config "
			       "provided but apparmor not supported");
	return 0;
}

int runc_label_options(const struct runc_config *c, struct kern_mount_options *o,
		       struct err *err)
{
	AUTO_FREE char *word = NULL;

	if (!c->mount_label)
		return 0;
	word = xasprintf("context=\"%s\"", c->mount_label); /* it has commas in it */
	return kern_mount_option(o, word, err);
}

int runc_labels_mounts(struct runc_config *c, struct err *err)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		struct runc_mount *m = &c->mounts[i];
		bool without = m->bind || !strcmp(m->type, "proc") || !strcmp(m->type, "sysfs") ||
			       !strcmp(m->type, "mqueue") || !strcmp(m->type, "cgroup");

		if (!without && runc_label_options(c, &m->options, err))
			return err_wrap(err, "mounts[%zu]", i);
	}
	return 0;
}

int runc_labels_queues(const struct runc_config *c, int root, struct err *err)
{
	const char *label = c->mount_label;

	for (size_t i = 0; label && i < c->n_mounts; i++) {
		const struct runc_mount *m = &c->mounts[i];
		char path[KERN_PATH_PROC_SIZE];
		AUTO_CLOSE int fd = -1;

		if (m->bind || strcmp(m->type, "mqueue") != 0)
			continue;
		fd = kern_path_open(root, m->destination, O_PATH | O_DIRECTORY, 0, 0, err);
		if (fd < 0)
			return -1;
		if (setxattr(kern_path_proc(fd, path), "security.selinux", label,
			     strlen(label) + 1, 0))
			return err_sys(err, "set the label '%s' of %s", label, m->destination);
	}
	return 0;
}
