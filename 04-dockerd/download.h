/*
 * download.h - the bytes behind an URL: what `docker import`, ADD and a build's context may name.
 */
#ifndef DOCKYARD_DOCKERD_DOWNLOAD_H
#define DOCKYARD_DOCKERD_DOWNLOAD_H

#include <stdint.h>
#include <time.h>

#include "01-kernel/base/err.h"

struct download {
	/* May be NULL. Called now and then; total is 0 while it is unknown. Other than 0: give up. */
	int (*report)(void *arg, int64_t now, int64_t total);
	void *arg;
	const char *header; /* for this host (and port) alone, not where it redirects to; or NULL */
	time_t modified; /* set: Last-Modified, or -1 */
};

/* Write them to fd. Only http and https, also after a redirect. ERR_INVALID: the server's fault, or the URL's. */
int dockerd_download(const char *url, int fd, struct download *d, struct err *err);

#endif
