/*
 * auth.h - the X-Registry-Auth header: base64url of a JSON object, sent by the client with
 * each pull (RFC 4648, section 5; padding may be missing).
 */
#ifndef DOCKYARD_DOCKERD_AUTH_H
#define DOCKYARD_DOCKERD_AUTH_H

#include <jansson.h>

#include "01-kernel/base/err.h"

/* {"username","password"}, {"identityToken"} or {"registryToken"} for containerd; *out stays
 * NULL where the header is absent or has no credentials in it. */
int dockerd_auth_parse(const char *header, json_t **out, struct err *err);

#endif
