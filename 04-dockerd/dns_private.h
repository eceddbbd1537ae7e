/*
 * dns_private.h - what dns.c and dns_forward.c share.
 */
#ifndef DOCKYARD_DOCKERD_DNS_PRIVATE_H
#define DOCKYARD_DOCKERD_DNS_PRIVATE_H

#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "dns.h"
#include "dns_names.h"

#define SERVERS_MAX 6
#define PENDING_MAX 256       /* questions of one container that wait for an answer */
#define CONNECTIONS_MAX 64    /* over TCP, all containers together */
#define SERVER_PATIENCE 3     /* seconds until the next resolver is asked */

struct dns_server {
	struct sockaddr_storage address;
	bool of_host;               /* only the host reaches it: 127.0.0.0/8 in its resolv.conf */
};

/* Where a question that is not for us goes. */
struct upstream {
	struct dns_server servers[SERVERS_MAX];
	size_t n;                   /* 0: nowhere */
	int ns;                     /* the container's network namespace */
};

/* What epoll hands back is the address of the descriptor: of one of the three below. */

struct resolver {
	struct resolver *next;
	char container[ID_SIZE];
	int udp, tcp;
	struct upstream upstream;
	unsigned pending;
};

struct pending {
	struct pending *next;
	struct resolver *resolver;
	int fd;                      /* connected to one server: the kernel drops what others send */
	size_t server;
	struct timespec deadline;
	struct sockaddr_storage client;
	uint16_t client_id;
	struct dns_question q;
	uint8_t packet[DNS_PACKET_MAX];
	size_t n;
};

struct dns {
	struct networks *all;
	int epoll, stop_fd;
	pthread_t thread;
	pthread_mutex_t lock;       /* guards what follows; before networks.lock */
	pthread_cond_t idle;        /* connections became 0 */
	struct resolver *resolvers;
	struct pending *pending;
	unsigned connections;
};

/* --- dns_forward.c ------------------------------------------------------------------ */

/* Send the question on; false: there is nobody to ask. dns.lock held. */
bool dns_forward(struct dns *dns, struct resolver *r, const struct dns_question *q,
		 const uint8_t *packet, size_t n, const struct sockaddr_storage *client);
void dns_forward_answered(struct dns *dns, struct pending *p);
/* Ask the next server for those who have waited long enough; ms until there are more, or -1. */
int dns_forward_expire(struct dns *dns);
/* Forget all of one resolver's. */
void dns_forward_drop(struct dns *dns, const struct resolver *r);

/* A whole exchange over TCP; the answer's length, or 0. */
size_t dns_forward_tcp(const struct upstream *up, int stop_fd, const uint8_t *packet, size_t n,
		       uint8_t *answer, size_t room);
/* Exactly n bytes, before the patience or the daemon ends; false otherwise. */
bool dns_read(int fd, int stop_fd, uint8_t *buf, size_t n, int seconds);
bool dns_write(int fd, const uint8_t *buf, size_t n);

#endif
