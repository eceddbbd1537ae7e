/*
 * netdevices.h - `linux.netDevices` ("Network Devices" in config-linux.md of version
 * 1.3): interfaces of the host's that become the container's.
 *
 * The runtime moves them when init has its network namespace and before any hook. When
 * the container ends, the kernel decides: a physical device comes back to the machine, a
 * virtual one goes with its namespace, and in a namespace that was joined it stays.
 */
#ifndef DOCKYARD_RUNC_NETDEVICES_H
#define DOCKYARD_RUNC_NETDEVICES_H

#include <stdbool.h>
#include <sys/types.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/netlink.h"

struct runc_config;

struct runc_netdev {
	const char *host, *name; /* there, and in the container */
};

int runc_config_netdevices(struct runc_config *c, const json_t *linux_, struct err *err);
/* What needs a look at the host; before anything is made. */
int runc_netdevices_check(const struct runc_config *c, struct err *err);

struct runc_netmoves {
	struct kern_link_move *v;
	size_t n;
	int ours, theirs; /* the namespaces */
};
#define RUNC_NETMOVES_INIT { NULL, 0, -1, -1 }

/* Move all into the network namespace of process `pid`. */
int runc_netdevices_attach(const struct runc_config *c, pid_t pid, struct runc_netmoves *m,
			   struct err *err);
/* Bring back those that were moved, for a container that cannot be created. */
void runc_netdevices_detach(struct runc_netmoves *m);
void runc_netmoves_free(struct runc_netmoves *m);

/* Is this file our own network namespace? */
bool runc_netns_is_ours(const char *path);

#endif
