/*
 * sources.h - what is mounted from the host, taken hold of in time.
 *
 * Usually a bind mount's source is opened when it is its turn. In a user namespace
 * that is too late: its root, an ordinary user of the host, may not reach the place.
 * So sources are opened before, by a process that is still the host's root by its id;
 * and where that is not enough, since every capability over the host went away with
 * the clone, a copy of the mount is used that the runtime made. The latter is no
 * substitute for the former: flags of the original (nosuid, nodev) are locked
 * in a user namespace, those of a copy from outside are not.
 *
 * An id-mapped mount is such a copy too: only who is privileged over the file system may
 * map it. (Without a user namespace init is: then it comes in its turn as any other, and its
 * source may be what an earlier one has mounted.)
 */
#ifndef DOCKYARD_RUNC_SOURCES_H
#define DOCKYARD_RUNC_SOURCES_H

#include "config.h"

struct runc_source {
	int fd;   /* O_PATH; -1: to be opened by its path */
	int copy; /* a copy of the mount, attached nowhere; -1: none */
	int userns; /* how it is to be id-mapped; -1: it is not */
};

/* One per mount. By the runtime, before the clone: the copies. NULL and no error where none
 * is needed. Their descriptors end with the process, the array with runc_sources_free. */
int runc_sources_copy(const struct runc_config *c, const char *bundle, struct runc_source **out,
		      struct err *err);
/* A copy of the mount's source with the ids of a user namespace; a descriptor. */
int runc_source_mapped(const struct runc_mount *m, const char *bundle, int userns, struct err *err);
/* By init: the rest. */
void runc_sources_open(const struct runc_config *c, const char *bundle, struct runc_source *s);
void runc_sources_free(struct runc_source *s, size_t n);

/* Relative ones start in the bundle ("source" in config.md). New. */
char *runc_source_path(const struct runc_mount *m, const char *bundle);

#endif
