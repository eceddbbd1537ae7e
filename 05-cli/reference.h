/*
 * reference.h - image names: "nginx" is docker.io/library/nginx:latest.
 *
 *     [host[:port]/]path/name[:tag][@digest]
 *
 * The first part is a host when it has a dot or a colon or is "localhost".
 * Without one it is Docker Hub, where a name without a path is the library's.
 */
#ifndef DOCKYARD_CLI_REFERENCE_H
#define DOCKYARD_CLI_REFERENCE_H

#include <stdbool.h>

#include "01-kernel/base/err.h"

struct cli_reference {
	char *name;     /* complete: "docker.io/library/nginx" */
	char *familiar; /* as people write it: "nginx" */
	char *tag;      /* or NULL */
	char *digest;   /* "sha256:...", or NULL */
	bool id;        /* it was 64 hexadecimal digits: an image's ID, not a name */
};

int cli_reference_parse(struct cli_reference *ref, const char *text, struct err *err);
/* The same where an image's ID is no answer. */
int cli_reference_parse_name(struct cli_reference *ref, const char *text, struct err *err);
void cli_reference_free(struct cli_reference *ref);

/* Is it a digest: "sha256:" and 64 hexadecimal digits, or another algorithm's? */
bool cli_reference_digest(const char *text);

#endif
