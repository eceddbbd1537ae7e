/*
 * load_get.c - so many connections, each asking again as soon as it has its answer, in one thread.
 */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define PATIENCE 30.0 /* seconds */

struct client {
	int fd;
	struct load_reply reply;
};

struct load {
	char request[1024];
	int length;
	int epoll;
	uint64_t bytes; /* of bodies */
};

static void ask(struct load *l, struct client *c)
{
	c->reply.n = c->reply.early = 0;
	c->reply.status = 0;
	load_send(c->fd, l->request, (size_t)l->length);
}

static void begin(struct load *l, struct client *c, const char *port)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };

	c->fd = load_connect(port);
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e))
		load_fail("epoll");
	ask(l, c);
}

static void go_on(struct load *l, struct client *c)
{
	uint64_t before = c->reply.left;
	bool in_body = c->reply.status != 0;
	bool whole = load_receive(c->fd, &c->reply);

	if (in_body)
		l->bytes += before - c->reply.left;
	else if (c->reply.status)
		l->bytes += c->reply.early;
	if (c->reply.status && c->reply.status != 200) {
		errno = 0;
		load_fail(c->reply.head);
	}
	if (whole)
		ask(l, c);
}

int load_get(const char *port, const char *path, const char *accept, unsigned connections,
	     double seconds)
{
	struct client *clients = calloc(connections, sizeof *clients);
	struct load l = { .epoll = epoll_create1(EPOLL_CLOEXEC) };
	struct epoll_event e[64];
	double start = load_now(), now = start;

	l.length = snprintf(l.request, sizeof l.request,
			    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nAccept: %s\r\nUser-Agent: load\r\n\r\n",
			    path, port, accept);
	for (unsigned i = 0; clients && i < connections; i++)
		begin(&l, &clients[i], port);
	/* A slow server gets more time: nothing cannot be divided by. */
	for (; now < start + seconds || (!l.bytes && now < start + PATIENCE); now = load_now()) {
		int n = epoll_wait(l.epoll, e, 64, 100);

		for (int i = 0; i < n; i++)
			go_on(&l, e[i].data.ptr);
	}
	printf("%llu %.6f\n", (unsigned long long)l.bytes, now - start);
	return 0;
}
