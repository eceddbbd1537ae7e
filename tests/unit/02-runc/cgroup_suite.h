/*
 * cgroup_suite.h - what the tests of cgroups, limits and statistics share.
 */
#ifndef DOCKYARD_TEST_RUNC_CGROUP_SUITE_H
#define DOCKYARD_TEST_RUNC_CGROUP_SUITE_H

#include "suite.h"

/* What this machine lacks, said once per test. */
#define SKIP(...)                                                                          \
	do {                                                                               \
		printf("\nSKIP: ");                                                        \
		printf(__VA_ARGS__);                                                       \
		printf("\n");                                                              \
		return;                                                                    \
	} while (0)

/* A container that sleeps, in a group of its own that all hierarchies call alike. */
json_t *sleeper(void);
/* The group's directory, from the file's name ("memory.max"), as the host sees it. */
char *group_dir(const char *file);
/* A file of it; one line without its end. The version in use decides which file. */
char *group_value(const char *v1, const char *v2);
bool group_has(const char *v1, const char *v2);

#define GROUP_IS(v1, v2, want)                                    \
	do {                                                      \
		AUTO_FREE char *value_ = group_value(v1, v2);     \
		EQ_STR(value_, want);                             \
	} while (0)

#endif
