/*
 * resolve.h - the address of a name, for those who take numbers only: the kernel's file systems of a
 * network, and shims, which are static programs without a resolver.
 */
#ifndef DOCKYARD_DOCKERD_RESOLVE_H
#define DOCKYARD_DOCKERD_RESOLVE_H

#include "01-kernel/base/err.h"

/* IPv4 where there is one, as Go prefers it. New; NULL and "lookup x: no such host". */
char *dockerd_resolve(const char *host, struct err *err);

#endif
