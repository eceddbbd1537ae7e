/*
 * seccomp.h - `linux.seccomp` ("Seccomp" in config-linux.md) made into a filter.
 *
 * The filter is there before anything is cloned, so that a bad profile costs
 * nothing and init has only to load an array. It is not stored with the
 * container: `exec` makes it again from the container's config.json, and mostly
 * finds it among the kept ones, as `create` did (runc_config_filter).
 */
#ifndef DOCKYARD_RUNC_SECCOMP_H
#define DOCKYARD_RUNC_SECCOMP_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/seccomp.h"

struct runc_filter {
	const struct sock_filter *bpf;
	size_t n;       /* 0: no filter */
	unsigned flags; /* SECCOMP_FILTER_FLAG_*; NEW_LISTENER: a rule says SCMP_ACT_NOTIFY */
	void *memory;   /* what bpf lies in */
};

#define RUNC_FILTER_INIT { .n = 0 }

/* Compile it. `seccomp` may be NULL. */
int runc_seccomp_build(const json_t *seccomp, struct runc_filter *f, struct err *err);
void runc_seccomp_free(struct runc_filter *f);

/* seccomp_guard.c: compile in a child, which is stopped if it computes for too long. */
typedef int runc_seccomp_compile(const json_t *seccomp, struct runc_filter *f, struct err *err);
int runc_seccomp_guard(runc_seccomp_compile *compile, const json_t *seccomp,
		       struct runc_filter *f, struct err *err);

/* seccomp_cache.c: the filter that was compiled of the same n bytes before; keep this one. */
bool runc_seccomp_recall(const char *profile, size_t n, struct runc_filter *f);
void runc_seccomp_remember(const char *profile, size_t n, const struct runc_filter *f);

/* Where the agent for SCMP_ACT_NOTIFY listens, and what it is told besides; each is
 * NULL if not given. */
void runc_seccomp_listener(const json_t *seccomp, const char **path, const char **metadata);

#endif
