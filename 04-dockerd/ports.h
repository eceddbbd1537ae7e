/*
 * ports.h - published ports: what a request asks for, and the sockets that hold
 * the host's side.
 *
 * A published port is held by a socket that listens on it. So a second
 * container, or any other program, that wants the port finds it taken, and the
 * holder finds out in time that somebody else has it. Packets for it are
 * rewritten by the kernel (nftables) before they reach the socket; what is not
 * rewritten, such as IPv6, arrives there and is carried by the proxy (proxy.h).
 */
#ifndef DOCKYARD_DOCKERD_PORTS_H
#define DOCKYARD_DOCKERD_PORTS_H

#include <jansson.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "01-kernel/base/err.h"

struct port_spec {
	uint8_t proto;         /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	uint16_t first, last;  /* "80/tcp": both 80 */
};

/* A key of ExposedPorts or PortBindings: "80", "80/tcp", "8000-8010/udp". */
int dockerd_port_parse(const char *text, struct port_spec *spec, struct err *err);
const char *dockerd_proto_name(uint8_t proto);

struct port {
	uint8_t proto;
	uint16_t container_port;
	char host_ip[INET6_ADDRSTRLEN]; /* "0.0.0.0", "::" */
	uint16_t host_port;             /* 0 in a plan: any */
	uint16_t host_last;             /* in a plan: the end of a range; else host_port */
	int fd;                         /* the held socket, or -1 */
};

struct ports {
	struct port *v;
	size_t n;
};

/* What Config.ExposedPorts, HostConfig.PortBindings and PublishAllPorts ask for. */
struct port_defaults {
	const char *host_ip; /* where a binding names none; "": everywhere */
	bool udp6;           /* everywhere includes IPv6 for UDP too: the container has it */
};
int dockerd_ports_plan(const json_t *config, const json_t *host, const struct port_defaults *defaults,
		       struct ports *plan, struct err *err);

/* Hold every port of the plan, in place; where any port or address would do,
 * fill in what was chosen. On failure nothing is held, and the message is
 * Docker's ("Bind for 0.0.0.0:80 failed: port is already allocated"). */
int dockerd_ports_hold(struct ports *ports, struct err *err);
void dockerd_ports_close(struct ports *ports); /* let go, keep the list */
void dockerd_ports_free(struct ports *ports);  /* let go and free */

/* To and from a container's document: [{"proto","port","hostIP","hostPort"}]. */
json_t *dockerd_ports_json(const struct ports *ports);
void dockerd_ports_from_json(const json_t *doc, struct ports *ports);

/* inspect's NetworkSettings.Ports: exposed but unpublished ports are null. */
json_t *dockerd_ports_inspect(const struct ports *ports, const json_t *exposed);
/* The list's Ports: [{"IP","PrivatePort","PublicPort","Type"}]. */
json_t *dockerd_ports_summary(const struct ports *ports, const json_t *exposed);

#endif
