/*
 * network.h - how containers reach each other and the world.
 *
 *   container                      host
 *   eth0 172.17.0.2 ── veth pair ── vethXXXXXXX ┐
 *   eth0 172.17.0.3 ── veth pair ── vethYYYYYYY ┴ docker0 172.17.0.1 ── (nftables) ── eth0
 *
 * There are three networks, as a fresh Docker has them: "bridge" (the picture),
 * "host" (no namespace of its own) and "none" (loopback alone).
 *
 * The bridge is called docker0 unless an interface of that name is there that we
 * did not make (a real Docker's): then dockyard0. Ours is known by its hardware
 * address, kept in <data-root>/network.json with the subnet and the networks' IDs.
 * All rules stand in one nftables table named after the bridge. The bridge and
 * the table vanish with the daemon unless containers still run on them.
 */
#ifndef DOCKYARD_DOCKERD_NETWORK_H
#define DOCKYARD_DOCKERD_NETWORK_H

#include <jansson.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#include "container.h"
#include "ipam.h"
#include "ports.h"
#include "proxy.h"

/* A container's place on the bridge: from before its start until it has stopped. */
struct endpoint {
	struct endpoint *next;      /* network.lock */
	char id[ID_SIZE], sandbox[ID_SIZE];
	struct in_addr ip;
	uint8_t mac[6];
	char veth[IFNAMSIZ];        /* the host's end */
	struct ports ports;
};

enum { NET_BRIDGE, NET_HOST, NET_NONE, NET_KINDS };
extern const char *const dockerd_network_names[NET_KINDS]; /* "bridge", "host", "none" */

struct network {
	/* Fixed once open. */
	char ids[NET_KINDS][ID_SIZE];
	char created[TIME_TEXT_SIZE];
	char bridge[IFNAMSIZ];      /* "": there is no default bridge (--bridge none) */
	char table[32];
	struct in_addr gateway;
	unsigned prefix;
	uint8_t mac[6];             /* of the bridge, if we made it */
	bool ours, fresh;           /* we made the bridge, ever; just now */
	bool set_forwarding;        /* and switched IPv4 forwarding on, for it to be off again */
	struct proxy *proxy;

	pthread_mutex_t lock;       /* guards what follows, and the nftables table */
	struct ipam pool;
	struct endpoint *endpoints;
};

struct network *dockerd_network_open(const struct config *cfg, struct err *err);
/* `keep`: containers still run on the bridge, it and the rules stay. */
void dockerd_network_close(struct network *net, bool keep);

/* --- endpoint.c ---------------------------------------------------------------------- */

/* Take an address and hold the published ports; connect to the namespaces of
 * `pid`; undo either or both (also after a failure halfway). */
struct endpoint *dockerd_endpoint_take(struct network *net, const struct container *c,
				       struct err *err);
int dockerd_endpoint_plug(struct network *net, struct endpoint *ep, pid_t pid, struct err *err);
void dockerd_endpoint_release(struct network *net, struct endpoint *ep); /* frees */
void dockerd_endpoint_free(struct endpoint *ep);

/* At start, for a container that runs: its address and ports are taken again. The
 * rules are written once after all of them, by dockerd_network_apply. */
void dockerd_endpoint_adopt(struct network *net, struct endpoint *ep);
int dockerd_network_apply(struct network *net, struct err *err);

json_t *dockerd_endpoint_json(const struct endpoint *ep); /* JSON null for NULL */
struct endpoint *dockerd_endpoint_from_json(const json_t *doc);
void dockerd_mac_text(const uint8_t mac[6], char out[18]);

/* Only loopback, up: NetworkMode "none". */
int dockerd_loopback_up(pid_t pid, struct err *err);

/* NetworkMode -> NET_*; -1: "container:<id>" or nothing that we know. */
int dockerd_network_kind(const char *mode);

/* --- netfiles.c ------------------------------------------------------------------------ */

/* Write hostname, hosts and resolv.conf into the container's directory. */
int dockerd_netfiles_write(struct daemon *d, const struct container *c, struct err *err);
/* The host's resolv.conf without the resolvers that only the host reaches (127.0.0.0/8). */
char *dockerd_resolv_conf(const char *hosts_text, const json_t *host_config, bool own_loopback);

#endif
