/*
 * hold.c - taking the host's side of published ports.
 *
 * A row of the plan has a port, a range of ports, or none (any free one). A row
 * for 0.0.0.0 that is followed by its twin for "::" gets both or neither: the
 * same number is to answer on both. Where the machine has no IPv6 the twin goes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/base/strbuf.h"
#include "ports.h"

static socklen_t sockaddr_of(const struct port *p, uint16_t port, struct sockaddr_storage *sa)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)sa;

	memset(sa, 0, sizeof *sa);
	if (inet_pton(AF_INET, p->host_ip, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof *v4;
	}
	inet_pton(AF_INET6, p->host_ip, &v6->sin6_addr);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return sizeof *v6;
}

/* The socket, or -1 with errno. SO_REUSEADDR lets TCP bind over connections that
 * linger in TIME_WAIT, never over another listener; UDP would share, so not there. */
static int bind_port(const struct port *p, uint16_t port)
{
	struct sockaddr_storage sa;
	socklen_t len = sockaddr_of(p, port, &sa);
	bool tcp = p->proto != IPPROTO_UDP; /* SCTP has streams as well */
	AUTO_CLOSE int fd =
		socket(sa.ss_family,
		       (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, p->proto);
	int one = 1;

	if (fd < 0)
		return -1;
	if (tcp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one))
		return -1;
	if (sa.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one))
		return -1;
	if (bind(fd, (struct sockaddr *)&sa, len) || (tcp && listen(fd, 128)))
		return -1;
	return steal_fd(&fd);
}

static uint16_t bound_port(int fd)
{
	struct sockaddr_in6 sa; /* sin_port and sin6_port lie at the same place */
	socklen_t len = sizeof sa;

	return getsockname(fd, (struct sockaddr *)&sa, &len) ? 0 : ntohs(sa.sin6_port);
}

static bool is_twin(const struct ports *ports, size_t i)
{
	const struct port *p = &ports->v[i], *q = p + 1;

	return i + 1 < ports->n && !strcmp(p->host_ip, "0.0.0.0") && !strcmp(q->host_ip, "::") &&
	       p->proto == q->proto && p->container_port == q->container_port;
}

static void drop_row(struct ports *ports, size_t i)
{
	memmove(&ports->v[i], &ports->v[i + 1], (ports->n - i - 1) * sizeof *ports->v);
	ports->n--;
}

/* Hold row i on this very port (0: any), with its twin. 0, or -1 with errno. */
static int hold_at(struct ports *ports, size_t i, uint16_t port)
{
	struct port *p = &ports->v[i];
	AUTO_CLOSE int fd = bind_port(p, port);

	if (fd < 0)
		return -1;
	port = bound_port(fd);
	if (is_twin(ports, i)) {
		p[1].fd = bind_port(&p[1], port);
		if (p[1].fd < 0 && errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)
			return -1;
		p[1].host_port = p[1].host_last = port;
		if (p[1].fd < 0)
			drop_row(ports, i + 1);
	}
	p->fd = steal_fd(&fd);
	p->host_port = p->host_last = port;
	return 0;
}

static int hold_row(struct ports *ports, size_t i, struct err *err)
{
	const struct port *p = &ports->v[i];
	unsigned first = p->host_port, last = p->host_last ? p->host_last : p->host_port;
	unsigned tries = first ? last - first + 1 : 32; /* any port: the twin may be unlucky */
	char what[16];

	for (unsigned t = 0; t < tries; t++) {
		if (!hold_at(ports, i, first ? (uint16_t)(first + t) : 0))
			return 0;
		if (errno != EADDRINUSE)
			break;
	}
	if (errno == EADDRINUSE && (!first || first != last))
		return err_set(err, ERR_SYSTEM, "Bind for %s failed: all ports are allocated",
			       p->host_ip);
	snprintf(what, sizeof what, "%u", p->host_port);
	if (errno == EADDRINUSE)
		return err_set(err, ERR_SYSTEM, "Bind for %s:%s failed: port is already allocated",
			       p->host_ip, what);
	return err_sys(err, "Bind for %s:%s failed", p->host_ip, what);
}

int dockerd_ports_hold(struct ports *ports, struct err *err)
{
	for (size_t i = 0; i < ports->n; i++) {
		if (ports->v[i].fd >= 0)
			continue; /* held as the twin of the row before */
		if (hold_row(ports, i, err)) {
			dockerd_ports_close(ports);
			return -1;
		}
	}
	return 0;
}

void dockerd_ports_close(struct ports *ports)
{
	for (size_t i = 0; i < ports->n; i++) {
		if (ports->v[i].fd >= 0)
			close(ports->v[i].fd);
		ports->v[i].fd = -1;
	}
}

void dockerd_ports_free(struct ports *ports)
{
	dockerd_ports_close(ports);
	free(ports->v);
	*ports = (struct ports){ NULL, 0 };
}
