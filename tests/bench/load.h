/*
 * load.h - the client that loads a registry, the same for every registry measured.
 *
 *   load.c        the command line
 *   load_http.c   connections, requests, the head of a reply
 *   load_get.c    the same page again and again, on many connections
 *   load_push.c   blobs, as clients push them: POST, then PUT
 *   load_serve.c  the other side, with nothing in it but what cannot be left out: the floor
 *
 * It must cost little beside what it measures: what a reply's body holds is thrown away in the
 * kernel (MSG_TRUNC, tcp(7)), and what is pushed was made and hashed beforehand.
 */
#ifndef DOCKYARD_BENCH_LOAD_H
#define DOCKYARD_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_HEAD 4096

/* What has come of one reply. */
struct load_reply {
	char head[LOAD_HEAD]; /* and the first bytes of the body behind it */
	size_t n;
	int status;           /* 0: the head is not complete yet */
	uint64_t left;        /* of the body, still to come */
	uint64_t early;       /* of the body, that came with the head */
};

int load_connect(const char *port);                       /* on 127.0.0.1 */
void load_send(int fd, const void *buf, size_t n);
bool load_receive(int fd, struct load_reply *r);          /* what there is; true: all of the reply */
const char *load_header(struct load_reply *r, const char *name); /* NUL-terminated; "": none */
void load_fail(const char *what) __attribute__((noreturn));
double load_now(void);

int load_get(const char *port, const char *path, const char *accept, unsigned connections,
	     double seconds);
int load_push(const char *port, const char *repository, unsigned count, size_t size,
	      unsigned at_once);
int load_serve(const char *port, const char *directory);

#endif
