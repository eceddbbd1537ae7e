/*
 * dns.c - see dns.h: the sockets in the containers' namespaces, and the thread that serves them.
 */
#include "dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "01-kernel/nft.h"
#include "01-kernel/ns.h"
#include "01-kernel/tty.h"
#include "dns_private.h"

#define TABLE "dockyard_dns" /* in the container's namespace */
#define TCP_PATIENCE 10      /* seconds for a client to ask its next question */
#define CARRIER_STACK (256 * 1024)

/* --- answering ---------------------------------------------------------------------- */

/* The reply, as far as it is ours to give; 0: pass the question on. */
static size_t answer(struct networks *all, const char *container, const uint8_t *packet,
		     const struct dns_question *q, int rcode, uint8_t *out, size_t room)
{
	struct dns_answer answers[DNS_ANSWERS_MAX];
	int n;

	if (rcode)
		return dns_reply(packet, q, rcode, NULL, 0, out, room);
	n = dns_lookup(all, container, q, answers);
	return n < 0 ? 0 : dns_reply(packet, q, DNS_OK, answers, (size_t)n, out, room);
}

static void serve_udp(struct dns *dns, struct resolver *r)
{
	uint8_t packet[DNS_PACKET_MAX], out[DNS_PACKET_MAX];
	struct sockaddr_storage from = { 0 };
	socklen_t from_len = sizeof from;
	struct dns_question q;
	int rcode;
	size_t len;
	ssize_t n = recvfrom(r->udp, packet, sizeof packet, MSG_DONTWAIT | MSG_TRUNC,
			     (struct sockaddr *)&from, &from_len);

	if (n < 0 || n > (ssize_t)sizeof packet ||
	    !dns_question_parse(packet, (size_t)n, &q, &rcode))
		return;
	len = answer(dns->all, r->container, packet, &q, rcode, out, q.room);
	if (!len && dns_forward(dns, r, &q, packet, (size_t)n, &from))
		return;
	if (!len)
		len = dns_reply(packet, &q, DNS_SERVFAIL, NULL, 0, out, q.room);
	sendto(r->udp, out, len, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&from, from_len);
}

/* --- over TCP: a thread per connection while it lasts ------------------------------------ */

struct connection {
	struct dns *dns;
	char container[ID_SIZE];
	int fd;
	struct upstream upstream; /* with a descriptor of its own */
};

static bool serve_question(const struct connection *c, uint8_t *packet, uint8_t *out)
{
	struct dns_question q;
	uint8_t length[2];
	size_t n, len;
	int rcode;

	if (!dns_read(c->fd, c->dns->stop_fd, length, 2, TCP_PATIENCE))
		return false;
	n = (size_t)length[0] << 8 | length[1];
	if (n < DNS_HEADER || n > DNS_PACKET_MAX ||
	    !dns_read(c->fd, c->dns->stop_fd, packet, n, TCP_PATIENCE) ||
	    !dns_question_parse(packet, n, &q, &rcode))
		return false;
	len = answer(c->dns->all, c->container, packet, &q, rcode, out, UINT16_MAX);
	if (!len)
		len = dns_forward_tcp(&c->upstream, c->dns->stop_fd, packet, n, out, UINT16_MAX);
	if (!len)
		len = dns_reply(packet, &q, DNS_SERVFAIL, NULL, 0, out, UINT16_MAX);
	return dns_write(c->fd, out, len);
}

static void *serve_connection(void *arg)
{
	AUTO_FREE struct connection *c = arg;
	AUTO_FREE uint8_t *packet = xmalloc(DNS_PACKET_MAX), *out = xmalloc(UINT16_MAX);
	struct dns *dns = c->dns;

	while (serve_question(c, packet, out))
		;
	close(c->fd);
	if (c->upstream.ns >= 0)
		close(c->upstream.ns);
	pthread_mutex_lock(&dns->lock);
	if (--dns->connections == 0)
		pthread_cond_broadcast(&dns->idle);
	pthread_mutex_unlock(&dns->lock);
	return NULL;
}

static void serve_tcp(struct dns *dns, struct resolver *r)
{
	AUTO_CLOSE int fd = accept4(r->tcp, NULL, NULL, SOCK_CLOEXEC);
	struct connection *c;
	pthread_attr_t attr;
	pthread_t thread;

	if (fd < 0)
		kern_accept_rest(errno);
	if (fd < 0 || dns->connections >= CONNECTIONS_MAX)
		return;
	c = xcalloc(1, sizeof *c);
	*c = (struct connection){ .dns = dns, .fd = fd, .upstream = r->upstream };
	memcpy(c->container, r->container, sizeof c->container);
	c->upstream.ns = fcntl(r->upstream.ns, F_DUPFD_CLOEXEC, 3);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, CARRIER_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, serve_connection, c)) {
		close(c->upstream.ns);
		free(c);
	} else {
		dns->connections++;
		steal_fd(&fd);
	}
	pthread_attr_destroy(&attr);
}

/* --- the thread ----------------------------------------------------------------------------- */

/* Whoever is gone between the kernel's word and ours is in no list any more. */
static void serve(struct dns *dns, const int *ready)
{
	for (struct resolver *r = dns->resolvers; r; r = r->next) {
		if (ready == &r->udp)
			serve_udp(dns, r);
		else if (ready == &r->tcp)
			serve_tcp(dns, r);
		else
			continue;
		return;
	}
	for (struct pending *p = dns->pending; p; p = p->next) {
		if (ready != &p->fd)
			continue;
		dns_forward_answered(dns, p);
		return;
	}
}

static void *run(void *arg)
{
	struct dns *dns = arg;
	struct epoll_event event;
	int timeout = -1;

	for (;;) {
		int n = epoll_wait(dns->epoll, &event, 1, timeout);

		if ((n < 0 && errno != EINTR) || (n == 1 && !event.data.ptr))
			return NULL;
		pthread_mutex_lock(&dns->lock);
		if (n == 1)
			serve(dns, event.data.ptr);
		timeout = dns_forward_expire(dns);
		pthread_mutex_unlock(&dns->lock);
	}
}

/* --- where questions go on to ---------------------------------------------------------------- */

static void add_server(struct upstream *up, const char *text, bool of_host)
{
	struct kern_addr ip;
	struct sockaddr_storage sa = { 0 };

	if (up->n == SERVERS_MAX || !dockerd_addr_parse(text, &ip))
		return;
	if (ip.family == AF_INET) {
		*(struct sockaddr_in *)&sa = (struct sockaddr_in){
			.sin_family = AF_INET, .sin_addr = ip.ip.v4, .sin_port = htons(53) };
		of_host &= (ntohl(ip.ip.v4.s_addr) >> 24) == 127;
	} else {
		*(struct sockaddr_in6 *)&sa = (struct sockaddr_in6){
			.sin6_family = AF_INET6, .sin6_addr = ip.ip.v6, .sin6_port = htons(53) };
		of_host &= IN6_IS_ADDR_LOOPBACK(&ip.ip.v6);
	}
	up->servers[up->n++] = (struct dns_server){ sa, of_host };
}

static void add_hosts(struct upstream *up, const char *resolv_conf)
{
	AUTO_FREE char *copy = xstrdup(resolv_conf ? resolv_conf : "");
	char *save = NULL, server[128];

	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (sscanf(l, " nameserver %127s", server) == 1)
			add_server(up, server, true);
}

static void set_servers(struct upstream *up, const struct dns_client *client)
{
	json_t *v;
	size_t i;

	up->n = 0;
	if (!client->forward)
		return;
	json_array_foreach((json_t *)client->servers, i, v)
		add_server(up, json_string_value(v), false);
	for (i = 0; !up->n && client->defaults && i < client->defaults->n; i++)
		add_server(up, client->defaults->v[i], false);
	if (!up->n)
		add_hosts(up, client->resolv_conf);
}

/* --- sockets ------------------------------------------------------------------------------------ */

static int bind_one(int type, uint16_t *port, struct err *err)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t len = sizeof sa;
	AUTO_CLOSE int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	inet_pton(AF_INET, DNS_ADDRESS, &sa.sin_addr);
	sa.sin_port = htons(*port);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof sa) ||
	    (type == SOCK_STREAM && listen(fd, 16)) ||
	    getsockname(fd, (struct sockaddr *)&sa, &len))
		return err_sys(err, "a socket at " DNS_ADDRESS);
	*port = ntohs(sa.sin_port);
	return steal_fd(&fd);
}

static int bind_both(struct resolver *r, uint16_t *udp, uint16_t *tcp, struct err *err)
{
	r->udp = bind_one(SOCK_DGRAM, udp, err);
	r->tcp = r->udp < 0 ? -1 : bind_one(SOCK_STREAM, tcp, err);
	return r->tcp < 0 ? -1 : 0;
}

static void close_both(struct resolver *r)
{
	if (r->udp >= 0)
		close(r->udp);
	if (r->tcp >= 0)
		close(r->tcp);
	r->udp = r->tcp = -1;
}

/* In the container's network namespace. A kernel without nftables leaves the port itself. */
static int listen_inside(void *arg, struct err *err)
{
	struct resolver *r = arg;
	uint16_t udp = 0, tcp = 0;
	struct in_addr address;

	if (bind_both(r, &udp, &tcp, err))
		return -1;
	inet_pton(AF_INET, DNS_ADDRESS, &address);
	if (!kern_nft_resolver(TABLE, address, udp, tcp, err))
		return 0;
	log_warn("names of containers: port 53 of " DNS_ADDRESS " is taken by the resolver: %s",
		 err->msg);
	close_both(r);
	udp = tcp = 53;
	return bind_both(r, &udp, &tcp, err);
}

static void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	close_both(r);
	if (r->upstream.ns >= 0)
		close(r->upstream.ns);
	free(r);
}

static struct resolver *resolver_new(const struct dns_client *client, struct err *err)
{
	struct resolver *r = xcalloc(1, sizeof *r);

	snprintf(r->container, sizeof r->container, "%s", client->container);
	r->udp = r->tcp = -1;
	r->upstream.ns = kern_ns_open(client->pid, kern_ns_by_oci_name("network"), err);
	set_servers(&r->upstream, client);
	if (r->upstream.ns >= 0 && !kern_net_inside(r->upstream.ns, listen_inside, r, err))
		return r;
	resolver_free(r);
	err_wrap(err, "the resolver of the container");
	return NULL;
}

static int watch(struct dns *dns, struct resolver *r, struct err *err)
{
	int *both[] = { &r->udp, &r->tcp };

	for (size_t i = 0; i < 2; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = both[i] };

		if (epoll_ctl(dns->epoll, EPOLL_CTL_ADD, *both[i], &event))
			return err_sys(err, "watch the resolver's sockets");
	}
	return 0;
}

static struct resolver *find(struct dns *dns, const char *container)
{
	struct resolver *r = dns->resolvers;

	while (r && strcmp(r->container, container))
		r = r->next;
	return r;
}

bool dockerd_dns_wanted(const struct container *c)
{
	for (const struct endpoint *ep = c->endpoints; ep; ep = ep->sibling)
		if (ep->net->dns)
			return true;
	return false;
}

int dockerd_dns_add(struct dns *dns, const struct dns_client *client, struct err *err)
{
	struct resolver *r;
	int rc;

	pthread_mutex_lock(&dns->lock);
	r = find(dns, client->container);
	if (r)
		set_servers(&r->upstream, client);
	pthread_mutex_unlock(&dns->lock);
	if (r)
		return 0; /* the container's op is held: nobody else adds or removes it */
	r = resolver_new(client, err);
	if (!r)
		return -1;
	pthread_mutex_lock(&dns->lock);
	rc = watch(dns, r, err);
	if (!rc) {
		r->next = dns->resolvers;
		dns->resolvers = r;
	}
	pthread_mutex_unlock(&dns->lock);
	if (rc)
		resolver_free(r);
	return rc;
}

void dockerd_dns_remove(struct dns *dns, const char *container)
{
	struct resolver **at, *r = NULL;

	pthread_mutex_lock(&dns->lock);
	for (at = &dns->resolvers; *at && strcmp((*at)->container, container);)
		at = &(*at)->next;
	if (*at) {
		r = *at;
		*at = r->next;
		dns_forward_drop(dns, r);
	}
	pthread_mutex_unlock(&dns->lock);
	resolver_free(r); /* closing takes them out of epoll */
}

/* --- opening and closing -------------------------------------------------------------------------- */

struct dns *dockerd_dns_open(struct networks *all, struct err *err)
{
	struct dns *dns = xcalloc(1, sizeof *dns);
	struct epoll_event stop = { .events = EPOLLIN, .data.ptr = NULL };

	dns->all = all;
	dns->epoll = epoll_create1(EPOLL_CLOEXEC);
	dns->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&dns->lock, NULL);
	pthread_cond_init(&dns->idle, NULL);
	if (!epoll_ctl(dns->epoll, EPOLL_CTL_ADD, dns->stop_fd, &stop) &&
	    !pthread_create(&dns->thread, NULL, run, dns))
		return dns;
	err_sys(err, "start the resolver");
	close(dns->epoll);
	close(dns->stop_fd);
	free(dns);
	return NULL;
}

void dockerd_dns_close(struct dns *dns)
{
	if (!dns)
		return;
	eventfd_write(dns->stop_fd, 1);
	pthread_join(dns->thread, NULL);
	pthread_mutex_lock(&dns->lock);
	while (dns->connections)
		pthread_cond_wait(&dns->idle, &dns->lock);
	while (dns->resolvers) {
		struct resolver *r = dns->resolvers;

		dns->resolvers = r->next;
		dns_forward_drop(dns, r);
		resolver_free(r);
	}
	pthread_mutex_unlock(&dns->lock);
	close(dns->epoll);
	close(dns->stop_fd);
	pthread_mutex_destroy(&dns->lock);
	pthread_cond_destroy(&dns->idle);
	free(dns);
}
