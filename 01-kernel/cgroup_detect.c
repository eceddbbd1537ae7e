/*
 * cgroup_detect.c - which hierarchies are mounted, and where.
 *
 * Version 1 has one hierarchy per controller (or a few together), each its own
 * mount with its own tree of directories. Version 2 has one for all. A machine
 * may have both: a controller is then in one of them only, and in practice a
 * "hybrid" machine keeps all of them in version 1 and uses version 2 to
 * follow processes. What counts is what is mounted, so that is what is read.
 */
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "cgroup_private.h"
#include "mountinfo.h"

#define V2_PLACE "/sys/fs/cgroup"

static const char *const v1_controllers[] = {
	"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "pids", "blkio", "hugetlb",
	"net_cls", "net_prio", "perf_event", "rdma", "misc",
};

/* The controllers among the super options ("rw,cpu,cpuacct"), or the name of a
 * hierarchy without any ("name=systemd"); NULL if there is neither. */
static char *controllers_of(const char *super)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	const char *name = strstr(super, "name=");

	for (size_t i = 0; i < sizeof v1_controllers / sizeof v1_controllers[0]; i++)
		if (kern_mount_has_option(super, v1_controllers[i]))
			strbuf_addf(&sb, "%s%s", sb.len ? "," : "", v1_controllers[i]);
	if (!sb.len && name)
		strbuf_add(&sb, name, strcspn(name, ","));
	return sb.len ? strbuf_steal(&sb) : NULL;
}

static bool is_mounted(const char *target, bool v2)
{
	struct statfs sfs;

	return !statfs(target, &sfs) &&
	       sfs.f_type == (v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
}

/* A hierarchy can be mounted more than once (containers do). The table is in
 * mount order, so the first one is the machine's own. */
static bool known(const struct cgroup_layout *l, bool v2, const char *controllers)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->h[i].v2 == v2 && !strcmp(l->h[i].controllers, controllers))
			return true;
	return false;
}

static void consider(struct cgroup_layout *l, const struct kern_mount *m)
{
	bool v2 = !strcmp(m->type, "cgroup2");
	struct cgroup_hierarchy *slot = &l->h[l->n];
	AUTO_FREE char *controllers = NULL;

	if (!v2 && strcmp(m->type, "cgroup"))
		return;
	controllers = v2 ? xstrdup("") : controllers_of(m->super);
	/* Another mount may hide this one: ask the path, not only the table. */
	if (!controllers || l->n == CGROUP_MAX_HIERARCHIES || known(l, v2, controllers) ||
	    !is_mounted(m->target, v2))
		return;
	/* Version 2 goes first: a process that could not join all the others is
	 * then at least in the one by which a group is killed. */
	if (v2) {
		memmove(l->h + 1, l->h, l->n * sizeof *l->h);
		slot = l->h;
	}
	*slot = (struct cgroup_hierarchy){
		.mount = xstrdup(m->target), .root = xstrdup(m->root),
		.controllers = steal_ptr(&controllers), .v2 = v2,
	};
	l->n++;
}

enum kern_cgroup_version cgroup_version_of(const struct cgroup_layout *l)
{
	bool v1 = false, v2 = false;

	for (size_t i = 0; i < l->n + l->n_denied; i++) {
		v2 |= l->h[i].v2;
		v1 |= !l->h[i].v2 && !str_starts(l->h[i].controllers, "name=");
	}
	if (v1)
		return v2 ? KERN_CGROUP_HYBRID : KERN_CGROUP_V1;
	return v2 ? KERN_CGROUP_V2 : KERN_CGROUP_NONE;
}

int cgroup_detect(struct cgroup_layout *layout, struct err *err)
{
	AUTO_MOUNT_TABLE struct kern_mount_table t = { 0 };

	*layout = (struct cgroup_layout){ 0 };
	/* Where version 2 is alone it is mounted here, and the table of mounts, which is
	 * long on a machine full of containers, need not be read. */
	if (is_mounted(V2_PLACE, true)) {
		layout->h[layout->n++] = (struct cgroup_hierarchy){
			.mount = xstrdup(V2_PLACE), .root = xstrdup("/"),
			.controllers = xstrdup(""), .v2 = true,
		};
		layout->version = KERN_CGROUP_V2;
		return 0;
	}
	if (kern_mount_table_read(&t, err))
		return -1;
	for (size_t i = 0; i < t.n; i++)
		consider(layout, &t.v[i]);
	layout->version = cgroup_version_of(layout);
	return 0;
}

void cgroup_layout_free(struct cgroup_layout *layout)
{
	for (size_t i = 0; i < layout->n + layout->n_denied; i++) {
		free(layout->h[i].mount);
		free(layout->h[i].root);
		free(layout->h[i].controllers);
		free(layout->h[i].dir);
	}
	layout->n = layout->n_denied = 0;
}

enum kern_cgroup_version kern_cgroup_version(void)
{
	struct cgroup_layout layout;
	struct err err;

	if (cgroup_detect(&layout, &err))
		return KERN_CGROUP_NONE;
	cgroup_layout_free(&layout);
	return layout.version;
}

const char *cgroup_dir_of(const struct kern_cgroup *cg, const char *controller)
{
	for (size_t i = 0; i < cg->layout.n; i++) {
		const struct cgroup_hierarchy *h = &cg->layout.h[i];

		if (!h->v2 && kern_mount_has_option(h->controllers, controller))
			return h->dir;
	}
	return NULL;
}

const char *cgroup_v2_dir(const struct kern_cgroup *cg)
{
	for (size_t i = 0; i < cg->layout.n; i++)
		if (cg->layout.h[i].v2)
			return cg->layout.h[i].dir;
	return NULL;
}

bool cgroup_denied(const struct kern_cgroup *cg, const char *controller)
{
	for (size_t i = cg->layout.n; i < cg->layout.n + cg->layout.n_denied; i++) {
		const struct cgroup_hierarchy *h = &cg->layout.h[i];

		if (*controller ? kern_mount_has_option(h->controllers, controller) : h->v2)
			return true;
	}
	return false;
}
