/*
 * listen.h - where the API is served: unix sockets, TCP with and without TLS, sockets that
 * systemd opened.
 */
#ifndef DOCKYARD_DOCKERD_LISTEN_H
#define DOCKYARD_DOCKERD_LISTEN_H

#include "03-containerd/http.h"
#include "config.h"

struct listeners {
	char *cert, *key, *ca; /* PEM texts, or NULL */
	struct http_server **v;
	size_t n;
};

/* Serve on each of cfg->hosts. `o` without the TLS part, which is filled in here. */
int dockerd_listen(struct listeners *l, const struct config *cfg, struct http_options *o,
		   struct err *err);
void dockerd_listeners_close(struct listeners *l);

#endif
