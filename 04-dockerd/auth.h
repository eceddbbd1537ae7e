/*
 * auth.h - the X-Registry-Auth header: base64url of a JSON object, sent by the client with
 * each pull (RFC 4648, section 5; padding may be missing).
 */
#ifndef DOCKYARD_DOCKERD_AUTH_H
#define DOCKYARD_DOCKERD_AUTH_H

#include <jansson.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

/* What containerd wants of a login as the client keeps it; new, or NULL. */
json_t *dockerd_auth_of(const json_t *login);

/* A header of that kind as an object: new ({} where it is absent). `name` is for the error. */
json_t *dockerd_auth_document(const char *header, const char *name, struct err *err);

/* {"username","password"}, {"identityToken"} or {"registryToken"} for containerd; *out stays
 * NULL where the header is absent or has no credentials in it. */
int dockerd_auth_parse(const char *header, json_t **out, struct err *err);

#endif
