/*
 * floor.h - the smallest container runtime, in three pages:
 *
 *   floor.c         a container's life: namespaces, privileges, the program, its end
 *   floor_root.c    its tree: mounts, devices, what is hidden
 *   floor_cgroup.c  its control group
 *
 * What a container is to have is written down in tables here instead of being read from
 * config.json, so nothing is parsed, checked or remembered: no state directory, no fifo, no
 * hooks, no error but "what failed: why". What is left is what the kernel must be asked for by
 * any runtime at all, in the cheapest straightforward way, and so the time below which none can get.
 */
#ifndef DOCKYARD_BENCH_FLOOR_H
#define DOCKYARD_BENCH_FLOOR_H

#include <stdbool.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

struct path { char text[256]; };

/* Every failure ends the program: there is nobody to clean up for. */
void die(const char *what) __attribute__((noreturn));
void write_file(const char *path, const char *text);
struct path path_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct cgroup {
	const char *group;         /* "/bench/one": below the root of each hierarchy */
	const char *hierarchy[16]; /* directories of /sys/fs/cgroup; "." on a pure version 2 */
	int n;
};

/* Version 2 alone, beside version 1 ("unified"), or version 1. */
bool cgroup_is_v2(const char *hierarchy);
bool cgroup_only_v2(const struct cgroup *cg);

/* The group's directory in a hierarchy. */
struct path cgroup_path(const struct cgroup *cg, const char *hierarchy);

/* "unified:cpu:memory" taken apart in place. */
void cgroup_parse(struct cgroup *cg, const char *group, char *hierarchies);
void cgroup_make(const struct cgroup *cg);
void cgroup_limit(const struct cgroup *cg);
/* A descriptor for clone3(2), by which a process is born in the group; -1 without version 2. */
int cgroup_open_v2(const struct cgroup *cg);
/* This process moves into the group of each hierarchy of version 1. */
void cgroup_join_v1(const struct cgroup *cg);
void cgroup_remove(const struct cgroup *cg);

struct container {
	struct cgroup cgroup;
	const char *directory; /* of rootfs, and of the files bound over its own */
	bool docker;           /* Docker's configuration, or the minimal one */
};

/* The root becomes a mount of its own, is furnished, and takes the place of the host's. */
void make_root(const struct container *c);

#endif
