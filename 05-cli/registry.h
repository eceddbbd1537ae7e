/*
 * registry.h - a registry, spoken to without the daemon.
 *
 * Only `docker manifest` does that: what it makes never was an image of the
 * daemon's. It is the OCI distribution API over HTTPS; plain HTTP, and
 * certificates that nobody vouches for, only with --insecure. A request that
 * is answered 401 says in WWW-Authenticate how to ask again: with the name and
 * password of `docker login` (Basic), or with a token that a third party gives
 * for them (Bearer).
 */
#ifndef DOCKYARD_CLI_REGISTRY_H
#define DOCKYARD_CLI_REGISTRY_H

#include <curl/curl.h>

#include "01-kernel/base/strbuf.h"
#include "config.h"
#include "reference.h"

struct cli_registry {
	const struct cli_config *config;
	char *domain;         /* as the image's name has it: "docker.io" */
	char *host;           /* where that is: "registry-1.docker.io" */
	bool insecure, plain; /* it may speak HTTP; it does */
	char *authorization;  /* the header that the last challenge led to, or NULL */
	CURL *easy;
};

/* The registry of this image. -1 with ERR_UNSUPPORTED where it speaks no TLS and has to. */
int cli_registry_open(struct cli_registry *r, const struct cli_config *config, const struct cli_reference *image,
		      bool insecure, struct err *err);
void cli_registry_free(struct cli_registry *r);

/* "library/busybox": the repository's name there; borrowed from the reference. */
const char *cli_registry_path(const struct cli_reference *image);

struct cli_registry_request {
	const char *method, *path; /* from after the host: "/v2/library/busybox/manifests/latest" */
	const char *header;        /* "Accept: …", "Content-Type: …", or NULL */
	const char *body;          /* of a PUT, or NULL */
};

/* *status is what it answered. A status of 400 and more is the error, with what
 * the registry says of it. The answer's body is appended to `out`. */
int cli_registry_ask(struct cli_registry *r, const struct cli_registry_request *request, struct strbuf *out,
		     long *status, struct err *err);

#endif
