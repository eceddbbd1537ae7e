/*
 * splice.h - two sockets made one: bytes go both ways until one side is done.
 *
 * Used by attach and exec (a client and a shim) and by the port proxy (a client
 * and a container). Neither side is trusted to read: nothing here blocks but poll.
 */
#ifndef DOCKYARD_DOCKERD_SPLICE_H
#define DOCKYARD_DOCKERD_SPLICE_H

#include <stdbool.h>
#include <stddef.h>

#include "01-kernel/base/err.h"

/* The keys that leave an attached terminal without ending its process. */
struct detach {
	unsigned char keys[16];
	size_t n;       /* 0: there are none */
	size_t matched; /* how many were seen so far; they are held back */
};

/* "ctrl-p,ctrl-q", "a,ctrl-@". NULL or "": Docker's default, ctrl-p,ctrl-q. */
int dockerd_detach_parse(const char *text, struct detach *keys, struct err *err);

/* Take n bytes typed by the client; *out (room for n + 16) receives what goes
 * on to the process. True: the whole sequence was typed. */
bool dockerd_detach_feed(struct detach *keys, const char *in, size_t n, char *out, size_t *out_n);

/*
 * Carry bytes between client and server. A half-close of one side becomes a
 * half-close of the other. Returns when the server has sent its last byte, when the
 * client has gone, or when the detach keys were typed (true). stop_fd, if not
 * -1, ends it when readable. Both descriptors stay the caller's.
 */
struct splice {
	int client, server, stop_fd;
	struct detach *detach; /* NULL: none */
	bool both;             /* return only when both directions have ended */
	bool frame;            /* the server's bytes go to the client as frames of stdout (frames.h) */
	bool hold;             /* the client learns of the end when the caller closes it */
};
bool dockerd_splice(const struct splice *s);

#endif
