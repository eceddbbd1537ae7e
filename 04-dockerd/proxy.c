/*
 * proxy.c - see proxy.h.
 *
 * epoll(7) hands back 64 bits per descriptor. They hold all that accepting
 * needs, the listening descriptor and the container's port, in an object of
 * the list below; the list's lock also keeps a socket from being closed
 * between the wake-up and the accept.
 */
#include "proxy.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "01-kernel/base/strbuf.h"
#include "01-kernel/tty.h"
#include "splice.h"

#define CARRIER_STACK (256u << 10)

struct listener {
	struct listener *next;
	int fd;                    /* the ports' owner's */
	struct sockaddr_storage target;
};

struct proxy {
	int epoll, stop_fd;
	pthread_t thread;
	pthread_mutex_t lock;      /* guards what follows */
	pthread_cond_t idle;       /* carriers became 0 */
	struct listener *listeners;
	unsigned carriers;
};

struct carrier {
	struct proxy *proxy;
	int client;
	struct sockaddr_storage target;
};

/* --- one connection ---------------------------------------------------------------- */

static void *carry(void *arg)
{
	struct carrier *job = arg;
	struct proxy *proxy = job->proxy;
	struct timeval patience = { .tv_sec = 10 }; /* bounds connect(2) too: socket(7) */
	int server = socket(job->target.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(server, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (server >= 0 && !connect(server, (struct sockaddr *)&job->target, sizeof job->target))
		dockerd_splice(&(struct splice){ .client = job->client, .server = server,
						 .stop_fd = proxy->stop_fd, .both = true });
	if (server >= 0)
		close(server);
	close(job->client);
	free(job);
	pthread_mutex_lock(&proxy->lock);
	if (--proxy->carriers == 0)
		pthread_cond_broadcast(&proxy->idle);
	pthread_mutex_unlock(&proxy->lock);
	return NULL;
}

/* Lock held. */
static void start_carrier(struct proxy *proxy, int client, const struct sockaddr_storage *target)
{
	struct carrier *job = xcalloc(1, sizeof *job);
	pthread_attr_t attr;
	pthread_t thread;

	*job = (struct carrier){ proxy, client, *target };
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, CARRIER_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, carry, job)) {
		close(client);
		free(job);
	} else {
		proxy->carriers++;
	}
	pthread_attr_destroy(&attr);
}

static void accept_from(struct proxy *proxy, const struct listener *ready)
{
	int failed = 0;

	pthread_mutex_lock(&proxy->lock);
	for (struct listener *l = proxy->listeners; l; l = l->next) {
		int client = l == ready ? accept4(l->fd, NULL, NULL, SOCK_CLOEXEC) : -1;

		if (client >= 0)
			start_carrier(proxy, client, &l->target);
		else if (l == ready)
			failed = errno;
	}
	pthread_mutex_unlock(&proxy->lock);
	kern_accept_rest(failed);
}

static void *wait_for_clients(void *arg)
{
	struct proxy *proxy = arg;
	struct epoll_event event;

	for (;;) {
		int n = epoll_wait(proxy->epoll, &event, 1, -1);

		if (n < 0 && errno != EINTR)
			return NULL;
		if (n == 1 && !event.data.ptr)
			return NULL; /* stop_fd */
		if (n == 1)
			accept_from(proxy, event.data.ptr);
	}
}

/* --- the set of ports ------------------------------------------------------------------ */

static struct sockaddr_storage target_of(const struct kern_addr *ip, uint16_t port)
{
	struct sockaddr_storage sa = { .ss_family = (sa_family_t)ip->family };

	if (ip->family == AF_INET) {
		((struct sockaddr_in *)&sa)->sin_addr = ip->ip.v4;
		((struct sockaddr_in *)&sa)->sin_port = htons(port);
	} else {
		((struct sockaddr_in6 *)&sa)->sin6_addr = ip->ip.v6;
		((struct sockaddr_in6 *)&sa)->sin6_port = htons(port);
	}
	return sa;
}

static void add_one(struct proxy *proxy, const struct port *p, const struct kern_addr *ip)
{
	struct listener *l = xcalloc(1, sizeof *l);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = l };

	l->fd = p->fd;
	l->target = target_of(ip, p->container_port);
	l->next = proxy->listeners;
	proxy->listeners = l;
	if (epoll_ctl(proxy->epoll, EPOLL_CTL_ADD, p->fd, &event))
		log_warn("proxy for %s:%u: %s", p->host_ip, p->host_port, strerror(errno));
}

void dockerd_proxy_add(struct proxy *proxy, const struct ports *ports,
		       const struct kern_addr *ip)
{
	pthread_mutex_lock(&proxy->lock);
	for (size_t i = 0; i < ports->n; i++)
		if (ports->v[i].proto == IPPROTO_TCP && ports->v[i].fd >= 0)
			add_one(proxy, &ports->v[i], ip);
	pthread_mutex_unlock(&proxy->lock);
}

static void remove_one(struct proxy *proxy, int fd)
{
	for (struct listener **at = &proxy->listeners; *at; at = &(*at)->next) {
		struct listener *l = *at;

		if (l->fd != fd)
			continue;
		epoll_ctl(proxy->epoll, EPOLL_CTL_DEL, fd, NULL);
		*at = l->next;
		free(l);
		return;
	}
}

void dockerd_proxy_remove(struct proxy *proxy, const struct ports *ports)
{
	pthread_mutex_lock(&proxy->lock);
	for (size_t i = 0; i < ports->n; i++)
		if (ports->v[i].fd >= 0)
			remove_one(proxy, ports->v[i].fd);
	pthread_mutex_unlock(&proxy->lock);
}

struct proxy *dockerd_proxy_open(struct err *err)
{
	struct proxy *proxy = xcalloc(1, sizeof *proxy);
	struct epoll_event stop = { .events = EPOLLIN, .data.ptr = NULL };

	proxy->epoll = epoll_create1(EPOLL_CLOEXEC);
	proxy->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&proxy->lock, NULL);
	pthread_cond_init(&proxy->idle, NULL);
	if (epoll_ctl(proxy->epoll, EPOLL_CTL_ADD, proxy->stop_fd, &stop) ||
	    pthread_create(&proxy->thread, NULL, wait_for_clients, proxy)) {
		err_sys(err, "start the port proxy");
		close(proxy->epoll);
		close(proxy->stop_fd);
		free(proxy);
		return NULL;
	}
	return proxy;
}

void dockerd_proxy_close(struct proxy *proxy)
{
	if (!proxy)
		return;
	eventfd_write(proxy->stop_fd, 1);
	pthread_join(proxy->thread, NULL);
	pthread_mutex_lock(&proxy->lock);
	while (proxy->carriers)
		pthread_cond_wait(&proxy->idle, &proxy->lock);
	pthread_mutex_unlock(&proxy->lock);
	while (proxy->listeners)
		remove_one(proxy, proxy->listeners->fd);
	close(proxy->epoll);
	close(proxy->stop_fd);
	pthread_mutex_destroy(&proxy->lock);
	pthread_cond_destroy(&proxy->idle);
	free(proxy);
}
