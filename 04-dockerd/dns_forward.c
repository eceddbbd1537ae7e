/*
 * dns_forward.c - questions about the rest of the world go to the resolvers that the container
 * would have asked itself (dns_private.h).
 *
 * They are asked from inside the container's network namespace, so that a container reaches no
 * resolver through us that it could not reach alone; only those on the host's loopback are asked
 * from the host. Each question has a socket of its own, connected to the server, and a
 * random ID: whoever wants to forge an answer has to guess both (RFC 5452).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#include "dns_private.h"

/* --- sockets ------------------------------------------------------------------------- */

struct opening {
	const struct dns_server *server;
	int type, fd;
};

static int open_socket(void *arg, struct err *err)
{
	struct opening *o = arg;
	AUTO_CLOSE int fd = socket(o->server->address.ss_family,
				   o->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || (connect(fd, (const struct sockaddr *)&o->server->address,
			       sizeof o->server->address) && errno != EINPROGRESS))
		return err_sys(err, "reach a resolver");
	o->fd = steal_fd(&fd);
	return 0;
}

/* Connected, or on the way; -1. */
static int reach(const struct upstream *up, size_t i, int type)
{
	struct opening o = { &up->servers[i], type, -1 };
	struct err ignored;
	int rc = up->servers[i].of_host ? open_socket(&o, &ignored)
					: kern_net_inside(up->ns, open_socket, &o, &ignored);

	return rc ? -1 : o.fd;
}

/* --- over UDP ---------------------------------------------------------------------------- */

static void set_deadline(struct pending *p)
{
	clock_gettime(CLOCK_MONOTONIC, &p->deadline);
	p->deadline.tv_sec += SERVER_PATIENCE;
}

static void unwatch(struct dns *dns, struct pending *p)
{
	if (p->fd < 0)
		return;
	epoll_ctl(dns->epoll, EPOLL_CTL_DEL, p->fd, NULL);
	close(p->fd);
	p->fd = -1;
}

static bool ask(struct dns *dns, struct pending *p)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &p->fd };
	uint16_t id = 0;

	p->fd = reach(&p->resolver->upstream, p->server, SOCK_DGRAM);
	if (p->fd < 0 || getrandom(&id, sizeof id, 0) != sizeof id)
		return false;
	memcpy(p->packet, &id, sizeof id);
	set_deadline(p);
	return send(p->fd, p->packet, p->n, MSG_NOSIGNAL) == (ssize_t)p->n &&
	       !epoll_ctl(dns->epoll, EPOLL_CTL_ADD, p->fd, &event);
}

/* From p->server on, the first that can be asked. */
static bool ask_one(struct dns *dns, struct pending *p)
{
	for (; p->server < p->resolver->upstream.n; p->server++) {
		if (ask(dns, p))
			return true;
		unwatch(dns, p);
	}
	return false;
}

bool dns_forward(struct dns *dns, struct resolver *r, const struct dns_question *q,
		 const uint8_t *packet, size_t n, const struct sockaddr_storage *client)
{
	struct pending *p;

	if (!r->upstream.n || r->pending >= PENDING_MAX || n > DNS_PACKET_MAX)
		return false;
	p = xcalloc(1, sizeof *p);
	p->resolver = r;
	p->fd = -1;
	p->client = *client;
	p->client_id = q->id;
	p->q = *q;
	p->n = n;
	memcpy(p->packet, packet, n);
	if (!ask_one(dns, p)) {
		free(p);
		return false;
	}
	r->pending++;
	p->next = dns->pending;
	dns->pending = p;
	return true;
}

static void forget(struct dns *dns, struct pending *p)
{
	struct pending **at = &dns->pending;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	p->resolver->pending--;
	unwatch(dns, p);
	free(p);
}

static void reply(const struct pending *p, uint8_t *packet, size_t n)
{
	packet[0] = (uint8_t)(p->client_id >> 8);
	packet[1] = (uint8_t)p->client_id;
	sendto(p->resolver->udp, packet, n, MSG_NOSIGNAL | MSG_DONTWAIT,
	       (const struct sockaddr *)&p->client, sizeof(struct sockaddr_in));
}

static void next_server(struct dns *dns, struct pending *p)
{
	uint8_t out[512];

	unwatch(dns, p);
	p->server++;
	if (ask_one(dns, p))
		return;
	reply(p, out, dns_reply(p->packet, &p->q, DNS_SERVFAIL, NULL, 0, out, sizeof out));
	forget(dns, p);
}

/* An answer has our ID and repeats our question. Anything else is passed over. */
void dns_forward_answered(struct dns *dns, struct pending *p)
{
	uint8_t packet[DNS_PACKET_MAX];
	ssize_t n = recv(p->fd, packet, sizeof packet, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		next_server(dns, p); /* ECONNREFUSED: nobody listens there */
		return;
	}
	if (n < DNS_HEADER || n > (ssize_t)sizeof packet || memcmp(packet, p->packet, 2) ||
	    !(packet[2] & 0x80))
		return;
	if (((packet[3] & 0x0f) == DNS_SERVFAIL || (packet[3] & 0x0f) == 5) &&
	    p->server + 1 < p->resolver->upstream.n) {
		next_server(dns, p);
		return;
	}
	reply(p, packet, (size_t)n);
	forget(dns, p);
}

static long ms_until(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (t->tv_sec - now.tv_sec) * 1000 + (t->tv_nsec - now.tv_nsec) / 1000000;
}

int dns_forward_expire(struct dns *dns)
{
	struct pending *p = dns->pending, *next;
	long soonest = -1;

	for (; p; p = next) {
		long ms = ms_until(&p->deadline);

		next = p->next;
		if (ms <= 0)
			next_server(dns, p); /* what it sets now is looked at next time */
		else if (soonest < 0 || ms < soonest)
			soonest = ms;
	}
	return dns->pending && soonest < 0 ? SERVER_PATIENCE * 1000 : (int)soonest;
}

void dns_forward_drop(struct dns *dns, const struct resolver *r)
{
	struct pending *p = dns->pending, *next;

	for (; p; p = next) {
		next = p->next;
		if (p->resolver == r)
			forget(dns, p);
	}
}

/* --- over TCP ------------------------------------------------------------------------------ */

static bool wait_for(int fd, int stop_fd, short events, int seconds)
{
	struct pollfd fds[] = { { .fd = fd, .events = events },
				{ .fd = stop_fd, .events = POLLIN } };

	return poll(fds, 2, seconds * 1000) > 0 && !fds[1].revents && fds[0].revents;
}

bool dns_read(int fd, int stop_fd, uint8_t *buf, size_t n, int seconds)
{
	while (n) {
		ssize_t got;

		if (!wait_for(fd, stop_fd, POLLIN, seconds))
			return false;
		got = recv(fd, buf, n, MSG_DONTWAIT);
		if (got <= 0)
			return false;
		buf += got;
		n -= (size_t)got;
	}
	return true;
}

/* Two bytes of length, then the packet: short enough for a socket's buffer to take. */
bool dns_write(int fd, const uint8_t *buf, size_t n)
{
	uint8_t length[2] = { (uint8_t)(n >> 8), (uint8_t)n };

	return send(fd, length, 2, MSG_NOSIGNAL | MSG_DONTWAIT) == 2 &&
	       send(fd, buf, n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n;
}

static size_t exchange(int fd, int stop_fd, const uint8_t *packet, size_t n, uint8_t *answer,
		       size_t room)
{
	uint8_t length[2];
	size_t size;

	if (!wait_for(fd, stop_fd, POLLOUT, SERVER_PATIENCE) || !dns_write(fd, packet, n) ||
	    !dns_read(fd, stop_fd, length, 2, SERVER_PATIENCE))
		return 0;
	size = (size_t)length[0] << 8 | length[1];
	if (size < DNS_HEADER || size > room ||
	    !dns_read(fd, stop_fd, answer, size, SERVER_PATIENCE))
		return 0;
	return size;
}

size_t dns_forward_tcp(const struct upstream *up, int stop_fd, const uint8_t *packet, size_t n,
		       uint8_t *answer, size_t room)
{
	size_t size = 0;

	for (size_t i = 0; i < up->n && !size; i++) {
		AUTO_CLOSE int fd = reach(up, i, SOCK_STREAM);

		if (fd >= 0)
			size = exchange(fd, stop_fd, packet, n, answer, room);
	}
	return size;
}
