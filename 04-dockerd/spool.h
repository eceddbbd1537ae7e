/*
 * spool.h - a request's body in a file without a name, before anything is done with it.
 *
 * Archives may be large and clients slow. What an archive is unpacked into is locked meanwhile,
 * and must be so only for as long as the disk takes.
 */
#ifndef DOCKYARD_DOCKERD_SPOOL_H
#define DOCKYARD_DOCKERD_SPOOL_H

#include "03-containerd/http.h"
#include "daemon.h"

/* For a route's open_sink: the daemon is the routes' one. */
int dockerd_spool_sink(struct http_request *req, struct http_sink *sink, void *daemon,
		       struct err *err);
/* In its handler: the file, from its beginning; the caller's. -1 with err. */
int dockerd_spool_take(struct http_request *req, struct err *err);
/* An empty file of that kind, for other purposes. */
int dockerd_spool_open(const struct daemon *d, struct err *err);

#endif
