/*
 * cgroup_v1.c - what a new group of version 1 needs (the kernel's
 * Documentation/admin-guide/cgroup-v1/cpusets.rst).
 *
 * A new cpuset group has neither processors nor memory nodes, and a process
 * cannot be moved into it (ENOSPC) until it has both. It gets its parent's.
 */
#include <errno.h>
#include <string.h>

#include "cgroup_private.h"

/* What `file` of the group says, inherited first where it says nothing, as in a
 * fresh one. */
static int inherit(const char *mount, const char *dir, const char *file, bool fresh,
		   struct strbuf *value, struct err *err)
{
	AUTO_FREE char *parent = xstrdup(dir);

	if (!fresh) {
		if (cgroup_read(dir, file, value, err))
			return -1;
		value->len = strcspn(value->data, "\n");
		value->data[value->len] = '\0';
		if (value->len || strlen(dir) <= strlen(mount))
			return 0;
	}
	*strrchr(parent, '/') = '\0';
	if (inherit(mount, parent, file, false, value, err))
		return -1;
	/* EINVAL: the parent's own are exclusive, and a sibling has them. The limits
	 * that follow may name others; if not, joining will fail. */
	return cgroup_write(dir, file, value->data, err) && err->errnum != EINVAL ? -1 : 0;
}

int cgroup_inherit_cpuset(const struct cgroup_hierarchy *h, bool fresh, struct err *err)
{
	AUTO_STRBUF struct strbuf value = STRBUF_INIT;

	return inherit(h->mount, h->dir, "cpuset.cpus", fresh, &value, err) ||
	       inherit(h->mount, h->dir, "cpuset.mems", fresh, &value, err) ? -1 : 0;
}
