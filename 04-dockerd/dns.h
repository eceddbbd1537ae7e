/*
 * dns.h - the resolver at 127.0.0.11 of containers on users' networks.
 *
 *   in the container's network namespace            in the daemon
 *   program ──▶ 127.0.0.11:53 ──(nftables)──▶ 127.0.0.11:P ═══ a socket of ours
 *                                                              │
 *     names on the container's networks: answered here ◀────────┤ one thread, epoll
 *     all other names: passed on to the resolvers  ◀────────────┘
 *
 * The sockets are opened by the daemon, inside the container's namespace (a socket belongs to
 * the namespace that it was made in), so there is no process per container. They listen on
 * ports of their own, for the container may want its port 53. A daemon that starts
 * opens them anew and replaces the rules.
 *
 *   dns_packet.c   the wire format, for packets from anybody
 *   dns_names.c    who is called what on which network
 *   dns_forward.c  questions that go on to a resolver outside
 *   dns.c          the sockets and the thread
 */
#ifndef DOCKYARD_DOCKERD_DNS_H
#define DOCKYARD_DOCKERD_DNS_H

#include <jansson.h>

#include "network.h"

#define DNS_ADDRESS "127.0.0.11"

struct dns;
struct dns *dockerd_dns_open(struct networks *all, struct err *err);
void dockerd_dns_close(struct dns *dns);

/* Is it on a network whose containers have names? */
bool dockerd_dns_wanted(const struct container *c);

struct dns_client {
	const char *container;
	pid_t pid;                      /* in its network namespace */
	const json_t *servers;          /* HostConfig.Dns */
	const struct strlist *defaults; /* where that is empty: the daemon's --dns */
	const char *resolv_conf;        /* where both are: the host's */
	bool forward;                   /* the container reaches the world */
};
/* Listen for the container; or, where we do already, change what is passed on where. */
int dockerd_dns_add(struct dns *dns, const struct dns_client *client, struct err *err);
void dockerd_dns_remove(struct dns *dns, const char *container);

#endif
