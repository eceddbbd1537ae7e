/*
 * seccomp.h - `linux.seccomp` ("Seccomp" in config-linux.md) made into a filter.
 *
 * The filter is compiled by the runtime before it clones anything, so that a bad
 * profile costs nothing and init has only to load an array. `create` leaves the
 * array in the container's directory, and `exec` loads it from there.
 */
#ifndef DOCKYARD_RUNC_SECCOMP_H
#define DOCKYARD_RUNC_SECCOMP_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/seccomp.h"

struct runc_filter {
	struct sock_filter *bpf;
	size_t n; /* 0: no filter */
	unsigned flags;
};

#define RUNC_FILTER_INIT { NULL, 0, 0 }

int runc_seccomp_build(const json_t *seccomp, struct runc_filter *f, struct err *err);
int runc_seccomp_save(const struct runc_filter *f, int dir, struct err *err);
/* No file in the directory: no filter. */
int runc_seccomp_load(struct runc_filter *f, int dir, struct err *err);
/* seccomp_guard.c: compile in a child, which is stopped if it computes for too long. */
typedef int runc_seccomp_compile(const json_t *seccomp, struct runc_filter *f, struct err *err);
int runc_seccomp_guard(runc_seccomp_compile *compile, const json_t *seccomp,
		       struct runc_filter *f, struct err *err);
/* seccomp_cache.c: a filter compiled for the same profile before. */
bool runc_seccomp_recall(const json_t *profile, struct runc_filter *f);
void runc_seccomp_remember(const json_t *profile, const struct runc_filter *f);

void runc_seccomp_free(struct runc_filter *f);

#endif
