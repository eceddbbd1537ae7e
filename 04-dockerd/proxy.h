/*
 * proxy.h - connections to a published port that the kernel did not rewrite.
 *
 * Nearly all do not come here: nftables sends them to the container before a
 * socket sees them. What does: IPv6 to a container without it, ::1, and everything on a
 * machine whose kernel has no nftables. One thread waits on all held ports;
 * each accepted connection has a thread while it lasts.
 */
#ifndef DOCKYARD_DOCKERD_PROXY_H
#define DOCKYARD_DOCKERD_PROXY_H

#include <netinet/in.h>

#include "01-kernel/netlink.h"
#include "ports.h"

struct proxy;
struct proxy *dockerd_proxy_open(struct err *err);
void dockerd_proxy_close(struct proxy *proxy); /* ends the connections too */

/* Carry what arrives at the TCP sockets that `ports` holds to `ip`. They stay
 * the caller's, who calls remove before closing them. */
void dockerd_proxy_add(struct proxy *proxy, const struct ports *ports,
		       const struct kern_addr *ip);
void dockerd_proxy_remove(struct proxy *proxy, const struct ports *ports);

#endif
