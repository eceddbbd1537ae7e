/*
 * reference.h - image references as Docker normalises them: "nginx" is
 * "docker.io/library/nginx:latest" (grammar: the distribution project's reference
 * package; repository and tag syntax: OCI distribution specification, "Pull").
 */
#ifndef DOCKYARD_CTRD_REFERENCE_H
#define DOCKYARD_CTRD_REFERENCE_H

#include <stddef.h>

#include "01-kernel/base/err.h"

struct reference {
	char domain[256];     /* "docker.io", "localhost:5000" */
	char path[256];       /* "library/nginx" */
	char tag[129];        /* "latest"; empty when only a digest was given */
	char digest[136];     /* "sha256:…" or empty */
};

/* ERR_INVALID "invalid reference format" (and why). Adds "latest" when neither tag nor digest is given. */
int reference_parse(const char *text, struct reference *ref, struct err *err);
/* "docker.io/library/nginx:latest" / "…@sha256:…" */
char *reference_full(const struct reference *ref);
/* "nginx:latest": as docker images and messages show it. */
char *reference_familiar(const struct reference *ref);

#endif
