/*
 * gzip.h - a source of bytes as a source of compressed ones (docker build --compress).
 */
#ifndef DOCKYARD_CLI_GZIP_H
#define DOCKYARD_CLI_GZIP_H

#include "api.h"

struct cli_gzip;
struct cli_gzip *cli_gzip_start(cli_source source, void *context);
ssize_t cli_gzip_read(void *gzip, char *buf, size_t size, struct err *err); /* a cli_source */
void cli_gzip_end(struct cli_gzip *g);

#endif
