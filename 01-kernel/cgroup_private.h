/*
 * cgroup_private.h - what the cgroup_*.c files share with each other and with
 * nobody else.
 */
#ifndef DOCKYARD_CGROUP_PRIVATE_H
#define DOCKYARD_CGROUP_PRIVATE_H

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "cgroup.h"

#define CGROUP_MAX_HIERARCHIES 24

/* One mounted hierarchy, and the group's directory in it. */
struct cgroup_hierarchy {
	char *mount;       /* "/sys/fs/cgroup/memory"; NULL in a group that was opened by name */
	char *root;        /* which directory of the hierarchy is mounted there, mostly "/" */
	char *controllers; /* v1: "cpu,cpuacct" or "name=systemd"; v2: "" */
	char *dir;         /* of the group */
	bool v2;
};

struct cgroup_layout {
	enum kern_cgroup_version version;
	struct cgroup_hierarchy h[CGROUP_MAX_HIERARCHIES];
	/* The first n hold the group; behind them n_denied in which it could not be made. */
	size_t n, n_denied;
};

struct kern_cgroup {
	char *path; /* "/docker/<id>" or a directory: what messages call it */
	struct cgroup_layout layout;
	int dir_fd; /* the directory in the v2 hierarchy, for clone3; -1 until it is wanted */
};

/* cgroup_detect.c */
int cgroup_detect(struct cgroup_layout *layout, struct err *err);
enum kern_cgroup_version cgroup_version_of(const struct cgroup_layout *layout);
void cgroup_layout_free(struct cgroup_layout *layout);
/* The group's directory for a v1 controller, or NULL where it is not mounted. */
const char *cgroup_dir_of(const struct kern_cgroup *cg, const char *controller);
/* The group's directory in the cgroup2 hierarchy, or NULL. */
const char *cgroup_v2_dir(const struct kern_cgroup *cg);
/* Was the group denied to the caller in this controller's hierarchy (v2: "")? */
bool cgroup_denied(const struct kern_cgroup *cg, const char *controller);

/* cgroup_v1.c, cgroup_v2.c: what a new group needs before it can be used, from the
 * root of its hierarchy down to it. */
int cgroup_inherit_cpuset(const struct cgroup_hierarchy *h, bool fresh, struct err *err);
void cgroup_enable_controllers(const struct cgroup_hierarchy *h);
int cgroup_check_threaded(const struct cgroup_hierarchy *h, const struct kern_cgroup_limits *l,
			  struct err *err);

/* cgroup_tree.c */
int cgroup_each_below(const char *dir, int (*fn)(const char *dir, void *arg, struct err *err),
		      void *arg, struct err *err);

/* cgroup_file.c: one value of one file */
int cgroup_write(const char *dir, const char *file, const char *value, struct err *err);
int cgroup_write_int(const char *dir, const char *file, int64_t value, struct err *err);
/* Values that the kernel checks against each other, so that the right order of
 * writing depends on what is there now: what is refused as invalid is tried again
 * after the others. A text of NULL is left out. */
struct cgroup_value {
	const char *file, *text;
};
int cgroup_write_set(const char *dir, struct cgroup_value *v, size_t n, struct err *err);
bool cgroup_has(const char *dir, const char *file);
int cgroup_read(const char *dir, const char *file, struct strbuf *out, struct err *err);
/* A number, "max" (or v1's idea of no limit) as UINT64_MAX, or `key number`
 * among the lines; 0 where file or key are missing. */
uint64_t cgroup_number(const char *dir, const char *file);
uint64_t cgroup_key(const char *dir, const char *file, const char *key);
/* The same of a text that has been read: the number after `key` and a space. */
uint64_t cgroup_key_in(const char *text, const char *key);
/* Wait until `key value` is in the file, or up to `ms`. */
int cgroup_wait_for(const char *dir, const char *file, const char *text, int ms, struct err *err);
/* Is a limit to be written where 0 can mean nothing but "not given"? */
static inline bool cgroup_wanted(int64_t v)
{
	return v != KERN_CGROUP_UNSET && v != 0;
}
/* And where 0 is a value like others? */
static inline bool cgroup_given(int64_t v)
{
	return v != KERN_CGROUP_UNSET;
}
/* Does the machine have any swap that memory.swap could limit? */
bool cgroup_swap_exists(void);

/* cgroup_memory.c, cgroup_cpu.c, cgroup_io.c: a controller's limits, with the two
 * versions side by side. */
bool cgroup_memory_wanted(const struct kern_cgroup_limits *l);
int cgroup_memory_check(const struct kern_cgroup_limits *l, bool v2, struct err *err);
int cgroup_memory_v1(const char *dir, const struct kern_cgroup_limits *l, struct err *err);
int cgroup_memory_v2(const char *dir, const struct kern_cgroup_limits *l, struct err *err);
bool cgroup_cpu_wanted(const struct kern_cgroup_limits *l);
int cgroup_cpu_check(const struct kern_cgroup_limits *l, bool v2, struct err *err);
int cgroup_cpu_v1(const char *dir, const struct kern_cgroup_limits *l, struct err *err);
int cgroup_cpu_v2(const char *dir, const struct kern_cgroup_limits *l, struct err *err);
bool cgroup_io_wanted(const struct kern_cgroup_limits *l);
int cgroup_io_check(const struct kern_cgroup_limits *l, bool v2, struct err *err);
int cgroup_io_v1(const char *dir, const struct kern_cgroup_limits *l, struct err *err);
int cgroup_io_v2(const char *dir, const struct kern_cgroup_limits *l, struct err *err);
/* Has it a limit of a controller that cannot work in a group of threads? */
bool cgroup_limits_need_domain(const struct kern_cgroup_limits *l);

/* cgroup_bpf.c: the device rules as a program attached to a v2 group */
int cgroup_bpf_devices(const char *dir, bool allow_others, const struct kern_cgroup_device *rules,
		       size_t n, struct err *err);

#endif
