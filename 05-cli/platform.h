/*
 * platform.h - "linux/arm64/v8": for which machine an image is.
 */
#ifndef DOCKYARD_CLI_PLATFORM_H
#define DOCKYARD_CLI_PLATFORM_H

#include <jansson.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

/* os[/arch[/variant]], or an architecture alone, as an object {"os":…}: new, or NULL. */
json_t *cli_platform_parse(const char *text, struct err *err);

/* Append "platform=" and the object as JSON, which is how the API takes it for
 * images that are there. NULL and "" are no platform. */
int cli_platform_query(struct strbuf *path, const char *text, struct err *err);

/* The platform's flag, or where it was not given DOCKER_DEFAULT_PLATFORM; NULL: none. */
const char *cli_platform_default(const char *flag);

/* Go's name of this machine: "amd64". */
const char *cli_platform_machine(void);

#endif
