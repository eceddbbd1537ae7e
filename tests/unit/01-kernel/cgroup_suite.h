/*
 * cgroup_suite.h - what the tests of groups and of limits share.
 */
#ifndef DOCKYARD_TEST_KERNEL_CGROUP_SUITE_H
#define DOCKYARD_TEST_KERNEL_CGROUP_SUITE_H

#include <sys/types.h>

#include "01-kernel/cgroup.h"

/* A group of this test's own, or NULL. */
struct kern_cgroup *make_group(const char *name, struct err *err);
/* Kill and remove all groups that make_group made. */
void drop_groups(void);
/* A process in the group that sleeps, with so many children that do, too. */
pid_t sleeper(struct kern_cgroup *cg, int children);
/* For in_child: go into the group and use 64 MiB. */
void eat(void *cgroup);

#endif
