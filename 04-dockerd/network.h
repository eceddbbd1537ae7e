/*
 * network.h - how containers reach each other and the world.
 *
 *   container                      host
 *   eth0 172.17.0.2 ── veth pair ── vethXXXXXXX ┐
 *   eth0 172.17.0.3 ── veth pair ── vethYYYYYYY ┴ docker0 172.17.0.1 ── (nftables) ── eth0
 *   eth1 172.18.0.2 ── veth pair ── vethZZZZZZZ ─ br-0123456789ab 172.18.0.1 ──┘
 *
 * There are the three networks that a fresh Docker has: "bridge" (the picture's first),
 * "host" (no namespace of its own) and "none" (loopback alone); and those that users make:
 * more bridges, and macvlan and ipvlan networks, which hang on a parent's wire.
 *
 * On disk:
 *   <data-root>/network.json        the three: their IDs, and the default bridge
 *   <data-root>/networks/<id>.json  each network of a user, in the API's shape
 * A network's document is written before its bridge is made and removed after its
 * bridge is: whatever a daemon that dies leaves behind, the next one knows of.
 *
 * The default bridge is called docker0 unless an interface of that name is there that we
 * did not make (a real Docker's): then dockyard0. Ours are known by their hardware
 * addresses, which the documents keep. All rules stand in one nftables table named after the
 * default bridge. Bridges and table vanish with the daemon unless containers still run.
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

struct network;
struct networks;

/* A container's place on a network: from before its start until it has stopped. */
struct endpoint {
	struct endpoint *next;      /* of its network; networks.lock */
	struct endpoint *sibling;   /* of its container, in the order of plugging; daemon.lock */
	struct network *net;        /* stays as long as it has endpoints */
	char id[ID_SIZE], sandbox[ID_SIZE], container[ID_SIZE];
	struct kern_addr ip, ip6;   /* family 0: none */
	uint8_t mac[6];
	char veth[IFNAMSIZ];        /* the host's end; "" where there is none */
	char name[IFNAMSIZ];        /* the container's end */
	int priority;               /* GwPriority */
	struct strlist sysctls;     /* "net.ipv4.conf.IFNAME.x=v" of the container's end */
	struct strlist link_local;  /* addresses that it has besides */
	struct strlist names;       /* networks.lock: what others on the network call it */
	struct strlist links;       /* networks.lock: "container:alias", what it calls others */
	struct ports ports;         /* of the container, at the endpoint with the default route;
				       changed with networks.lock and daemon.lock held */
};

enum { NET_BRIDGE, NET_HOST, NET_NONE, NET_KINDS };
extern const char *const dockerd_network_names[NET_KINDS]; /* "bridge", "host", "none" */

enum net_driver { DRIVER_BRIDGE, DRIVER_HOST, DRIVER_NULL, DRIVER_MACVLAN, DRIVER_IPVLAN };

struct network {
	struct network *next;       /* networks.lock */
	unsigned users;             /* networks.lock: who found it and uses it */
	bool removing;              /* networks.lock */

	/* Fixed once it is in the list. */
	char id[ID_SIZE];
	char *name;
	enum net_driver driver;
	bool builtin;
	json_t *doc;                /* what inspect shows, but for the containers */
	char link[IFNAMSIZ];        /* the bridge or the parent; "": none */
	uint8_t mac[6];             /* of the bridge, if we made it */
	bool ours, fresh;           /* we made the link, ever; just now */
	bool internal, icc, masquerade;
	bool dns;                   /* names are resolved on it */
	unsigned mtu;               /* 0: as the kernel has it */
	char mode[16];              /* of macvlan and ipvlan */
	char ifprefix[12];          /* "eth" */
	char publish_on[INET_ADDRSTRLEN]; /* ports without an address of their own; "": everywhere */
	struct kern_addr gateway, gateway6; /* family 0: none */

	struct ipam pool, pool6;    /* networks.lock */
	struct endpoint *endpoints; /* networks.lock */
};

struct networks {
	/* Fixed once open. */
	struct network *builtin[NET_KINDS];
	char created[TIME_TEXT_SIZE];
	char table[32];
	char *dir;                  /* of the documents */
	bool set_forwarding;        /* IPv4 forwarding was off: it is to be off again */
	struct ipam_pools pools;
	struct proxy *proxy;
	struct dns *dns;

	pthread_mutex_t making;     /* who holds it chooses subnets */
	pthread_mutex_t lock;       /* guards what follows, and the nftables table */
	struct network *list;       /* the three, then users', newest last */
	pthread_cond_t unused;      /* somebody let go of a network */
};

/* --- network.c: the three, and the list ------------------------------------------- */

struct networks *dockerd_network_open(const struct config *cfg, struct err *err);
/* `keep`: containers still run, bridges and rules stay. */
void dockerd_network_close(struct networks *all, bool keep);

/* NetworkMode -> NET_*; -1: "container:<id>" or a user's network. */
int dockerd_network_kind(const char *mode);

/* By name, ID, or unambiguous beginning of an ID; NULL with "network x not found". To be
 * put back. */
struct network *dockerd_network_find(struct networks *all, const char *ref, struct err *err);
void dockerd_network_put(struct networks *all, struct network *net);
/* The name of the network that `ref` means; new. `ref` itself where there is none. */
char *dockerd_network_name(struct networks *all, const char *ref);
void dockerd_network_free(struct network *net);

/* --- network_store.c: documents, and networks that come and go ---------------------- */

int dockerd_network_load_all(struct networks *all, struct err *err);
/* Make it: document, link, rules. Takes `net`, also on failure. */
int dockerd_network_add(struct networks *all, struct network *net, struct err *err);
/* Refused while it has endpoints. The caller's reference is given up. */
int dockerd_network_remove(struct networks *all, struct network *net, struct err *err);

/* --- network_make.c, network_options.c: what a request asks for -------------------- */

#define POOL_OVERLAPS "invalid pool request: Pool overlaps with other one on this address space"

/* From the body of POST /networks/create: in no list yet, with a subnet chosen. */
struct network *dockerd_network_make(struct networks *all, const json_t *body, struct err *err);
/* From what it is on disk; NULL and err. */
struct network *dockerd_network_from_doc(const json_t *doc, struct err *err);

/* --- bridge.c: the links --------------------------------------------------------------- */

int dockerd_link_up(struct network *net, struct err *err); /* make or recognise it */
void dockerd_link_down(struct network *net);
bool dockerd_link_is_ours(const struct network *net, const char *name);
bool dockerd_link_has_address(const struct network *net, const struct kern_addr *addr);

/* --- rules.c -------------------------------------------------------------------------- */

int dockerd_network_apply(struct networks *all, struct err *err); /* lock held */

/* --- endpoint.c ---------------------------------------------------------------------- */

/* Take the addresses; connect to the namespaces of `pid`; undo either or both (also after a
 * failure halfway). `settings`: the API's EndpointSettings. */
struct endpoint *dockerd_endpoint_take(struct networks *all, struct network *net,
				       const struct container *c, const json_t *settings,
				       struct err *err);
int dockerd_endpoint_plug(struct networks *all, struct endpoint *ep, pid_t pid, struct err *err);
void dockerd_endpoint_release(struct networks *all, struct endpoint *ep, pid_t pid); /* frees */
void dockerd_endpoint_free(struct endpoint *ep);
/* Of the subnet that its address is in; family 0: none. */
struct kern_addr dockerd_endpoint_gateway(const struct endpoint *ep, int family);
bool dockerd_endpoint_is_plugged(const struct endpoint *ep, pid_t pid);

/* endpoint_options.c: DriverOpts of EndpointSettings, into `ep` (a name of its own, or none) or
 * only checked; and the sysctls, called in the container's network namespace. */
int dockerd_endpoint_take_options(struct endpoint *ep, const json_t *settings, struct err *err);
int dockerd_endpoint_check_options(const json_t *settings, struct err *err);
int dockerd_endpoint_set_sysctls(const struct endpoint *ep, struct err *err);

/* Hold the ports and have rules and proxy carry them; and the reverse. */
int dockerd_endpoint_publish(struct networks *all, struct endpoint *ep, struct err *err);
void dockerd_endpoint_unpublish(struct networks *all, struct endpoint *ep);

/* At start, for a container that runs: its addresses are taken again. */
void dockerd_endpoint_adopt(struct networks *all, struct endpoint *ep);

json_t *dockerd_endpoint_json(const struct endpoint *ep);
/* NULL when its network is gone. */
struct endpoint *dockerd_endpoint_from_json(struct networks *all, const char *container,
					    const json_t *doc);
void dockerd_mac_text(const uint8_t mac[6], char out[18]);
bool dockerd_mac_parse(const char *text, uint8_t mac[6]);

/* The default routes of the namespace: by this endpoint (NULL: none). */
int dockerd_route_by(const struct endpoint *ep, pid_t pid, struct err *err);
/* Only loopback, up: NetworkMode "none". */
int dockerd_loopback_up(pid_t pid, struct err *err);

/* --- connect.c: a container and its networks; c->op held ---------------------------------- */

/* The settings per network that a request to create asks for: {name: EndpointSettings}. */
json_t *dockerd_networking_make(struct daemon *d, const json_t *networking, const json_t *config,
				const json_t *host, bool several, struct err *err);
/* One EndpointSettings of a request, checked; new. */
json_t *dockerd_endpoint_settings(const json_t *given, const char *where, struct err *err);

int dockerd_networks_take(struct daemon *d, struct container *c, struct err *err);
int dockerd_networks_plug(struct daemon *d, struct container *c, pid_t pid, struct err *err);
/* Give everything back; {id: name} of the networks that it was on, new. */
json_t *dockerd_networks_release(struct daemon *d, struct container *c);
void dockerd_network_events(struct daemon *d, const struct container *c, const char *action,
			    json_t *networks); /* takes it */
/* What the container is on now. */
json_t *dockerd_networks_of(struct daemon *d, const struct container *c);
void dockerd_networks_adopt(struct daemon *d, struct container *c);
void dockerd_networks_renamed(struct daemon *d, struct container *c);

int dockerd_connect(struct daemon *d, struct container *c, struct network *net,
		    const json_t *settings, struct err *err);
int dockerd_disconnect(struct daemon *d, struct container *c, struct network *net,
		       struct err *err);

/* The one that carries the default route and the ports, or NULL; daemon.lock held. */
struct endpoint *dockerd_gateway_of(const struct container *c);

/* --- netfiles.c ------------------------------------------------------------------------ */

/* Write hostname, hosts and resolv.conf into the container's directory. */
int dockerd_netfiles_write(struct daemon *d, const struct container *c, struct err *err);
/* The host's resolv.conf without the resolvers that only the host reaches (127.0.0.0/8). */
char *dockerd_resolv_conf(const char *hosts_text, const json_t *host_config, bool own_loopback);
/* The same for a container whose names we resolve. */
char *dockerd_resolv_embedded(const char *hosts_text, const json_t *host_config);
char *dockerd_host_resolv(void); /* the host's file itself */

#endif
