/*
 * cgroup_private.h - what the cgroup_*.c files share with each other and with
 * nobody else.
 */
#ifndef DOCKYARD_CGROUP_PRIVATE_H
#define DOCKYARD_CGROUP_PRIVATE_H

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "cgroup.h"

#define CGROUP_MAX_HIERARCHIES 16

/* One mounted hierarchy, and the group's directory in it. */
struct cgroup_hierarchy {
	char *mount;       /* "/sys/fs/cgroup/memory" */
	char *controllers; /* v1: "cpu,cpuacct" or "name=systemd"; v2: "" */
	char *dir;         /* mount and path together; NULL until a group is named */
	bool v2;
};

struct cgroup_layout {
	enum kern_cgroup_version version;
	struct cgroup_hierarchy h[CGROUP_MAX_HIERARCHIES];
	size_t n;
};

struct kern_cgroup {
	char *path; /* "/docker/<id>", normalised */
	struct cgroup_layout layout;
	int dir_fd; /* the directory in the v2 hierarchy, for clone3; -1 if there is none */
};

/* What differs between the versions. */
struct cgroup_ops {
	int (*prepare)(const struct cgroup_hierarchy *h, const char *parent, const char *dir,
		       struct err *err); /* after mkdir of dir */
	int (*apply)(struct kern_cgroup *cg, const struct kern_cgroup_limits *l, struct err *err);
	int (*devices)(struct kern_cgroup *cg, const struct kern_cgroup_device *rules, size_t n,
		       struct err *err);
	int (*freeze)(struct kern_cgroup *cg, bool frozen, struct err *err);
	int (*stats)(struct kern_cgroup *cg, struct kern_cgroup_stats *st, struct err *err);
};
extern const struct cgroup_ops cgroup_v1_ops, cgroup_v2_ops;
const struct cgroup_ops *cgroup_ops_of(const struct cgroup_layout *layout);

/* cgroup_detect.c */
int cgroup_detect(struct cgroup_layout *layout, struct err *err);
void cgroup_layout_free(struct cgroup_layout *layout);
/* The group's directory for a v1 controller, or NULL where it is not mounted. */
const char *cgroup_dir_of(const struct kern_cgroup *cg, const char *controller);
/* The group's directory in the cgroup2 hierarchy, or NULL. */
const char *cgroup_v2_dir(const struct kern_cgroup *cg);

/* cgroup_file.c: one value of one file */
int cgroup_write(const char *dir, const char *file, const char *value, struct err *err);
int cgroup_write_int(const char *dir, const char *file, int64_t value, struct err *err);
bool cgroup_has(const char *dir, const char *file);
int cgroup_read(const char *dir, const char *file, struct strbuf *out, struct err *err);
/* A number, "max" (or v1's idea of no limit) as UINT64_MAX, or `key number`
 * among the lines; 0 where file or key are missing. */
uint64_t cgroup_number(const char *dir, const char *file);
uint64_t cgroup_key(const char *dir, const char *file, const char *key);
/* Wait until `key value` is in the file, or up to `ms`. */
int cgroup_wait_for(const char *dir, const char *file, const char *text, int ms, struct err *err);
/* Wait for limit: the group lacks a file that a limit needs. */
int cgroup_missing(const char *controller, const char *what, struct err *err);
/* Is a limit to be written? Zero is no limit anybody can mean: it leaves the
 * value alone, as runc takes it. */
static inline bool cgroup_wanted(int64_t v)
{
	return v != KERN_CGROUP_UNSET && v != 0;
}
/* Does the machine have any swap that memory.swap could limit? */
bool cgroup_swap_exists(void);

/* cgroup_bpf.c: the device rules as a program attached to a v2 group */
int cgroup_bpf_devices(const char *dir, const struct kern_cgroup_device *rules, size_t n,
		       struct err *err);

#endif
