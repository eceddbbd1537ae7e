/*
 * volumes.h - "-v": a directory, a volume, or an anonymous volume, at a place.
 *
 *     /host/path:/place[:options]    a bind mount; "./path" is made absolute
 *     name:/place[:options]          a named volume
 *     /place                         an anonymous volume
 */
#ifndef DOCKYARD_CLI_VOLUMES_H
#define DOCKYARD_CLI_VOLUMES_H

#include <jansson.h>

#include "01-kernel/base/err.h"

/* A path of ours made absolute, "." and ".." resolved by the words alone: new. */
char *cli_absolute_path(const char *path, struct err *err);

/* Adds "source:place" to the array binds, or "place": {} to the object volumes. */
int cli_volume_parse(const char *spec, json_t *binds, json_t *volumes, struct err *err);

/* "/place[:options]" of --tmpfs, into the object tmpfs. */
void cli_tmpfs_parse(const char *spec, json_t *tmpfs);

#endif
