/*
 * pack.h - files of ours as an archive, made while it is sent.
 */
#ifndef DOCKYARD_CLI_PACK_H
#define DOCKYARD_CLI_PACK_H

#include "api.h"

struct cli_pack;

/* Begin to pack `path` (what is under it too), under the name `name` in the archive;
 * "." is what the directory holds, without itself. */
struct cli_pack *cli_pack_start(const char *path, const char *name, struct err *err);

/* A cli_source that gives the archive's bytes; its context is the pack. */
ssize_t cli_pack_read(void *pack, char *buf, size_t size, struct err *err);

void cli_pack_end(struct cli_pack *pack);

#endif
