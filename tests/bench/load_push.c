/*
 * load_push.c - blobs that no registry has seen yet, so many at a time, each by POST and PUT on a
 * connection that its thread keeps.
 */
#include "load.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct push {
	const char *port, *repository;
	char *content;           /* of all of them, one behind the other */
	char (*digests)[65];
	unsigned count;
	size_t size;
	atomic_uint next;
};

static void make_blob(char *out, size_t size)
{
	uint64_t x;

	if (getrandom(&x, sizeof x, 0) != sizeof x)
		load_fail("getrandom");
	for (size_t i = 0; i + 8 <= size; i += 8) { /* xorshift64: fast, and different every time */
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(out + i, &x, 8);
	}
}

static void hash(const char *content, size_t size, char out[65])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n;

	if (EVP_Digest(content, size, sum, &n, EVP_sha256(), NULL) != 1)
		load_fail("hash");
	for (unsigned i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", sum[i]);
}

static void converse(int fd, struct load_reply *r, const char *head, int length, const void *body,
		     size_t size, int want)
{
	load_send(fd, head, (size_t)length);
	load_send(fd, body, size);
	*r = (struct load_reply){ 0 };
	while (!load_receive(fd, r))
		;
	if (r->status == want)
		return;
	errno = 0;
	load_fail(r->head);
}

/* Locations may be absolute or not, and may have a query already. */
static const char *path_of(const char *location)
{
	return strncmp(location, "http", 4) ? location : strchr(location + 8, '/');
}

static void push_one(struct push *p, int fd, unsigned i)
{
	char head[LOAD_HEAD];
	struct load_reply r;
	const char *location;
	int n;

	n = snprintf(head, sizeof head, "POST /v2/%s/blobs/uploads/ HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n"
		     "Content-Length: 0\r\n\r\n", p->repository, p->port);
	converse(fd, &r, head, n, "", 0, 202);
	location = path_of(load_header(&r, "Location"));
	n = snprintf(head, sizeof head, "PUT %s%cdigest=sha256:%s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n"
		     "Content-Type: application/octet-stream\r\nContent-Length: %zu\r\n\r\n", location,
		     strchr(location, '?') ? '&' : '?', p->digests[i], p->port, p->size);
	converse(fd, &r, head, n, p->content + i * p->size, p->size, 201);
}

static void *pusher(void *arg)
{
	struct push *p = arg;
	int fd = load_connect(p->port);
	unsigned i;

	while ((i = p->next++) < p->count)
		push_one(p, fd, i);
	return NULL;
}

int load_push(const char *port, const char *repository, unsigned count, size_t size,
	      unsigned at_once)
{
	struct push p = { .port = port, .repository = repository, .count = count, .size = size,
			  .content = malloc(count * size), .digests = malloc(count * sizeof *p.digests) };
	pthread_t threads[at_once];
	double start;

	if (!p.content || !p.digests)
		load_fail("memory");
	for (unsigned i = 0; i < count; i++) {
		make_blob(p.content + i * size, size);
		hash(p.content + i * size, size, p.digests[i]);
	}
	start = load_now();
	for (unsigned i = 0; i < at_once; i++)
		if (pthread_create(&threads[i], NULL, pusher, &p))
			load_fail("start a thread");
	for (unsigned i = 0; i < at_once; i++)
		pthread_join(threads[i], NULL);
	printf("%.6f\n", load_now() - start);
	return 0;
}
