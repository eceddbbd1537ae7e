/*
 * unpack.h - an archive of the daemon's as files of ours.
 *
 * What is in it is the container's to choose, links and names with ".." too.
 * Every name is resolved below the directory that is unpacked into, whatever
 * links lie there (path.h), and what exists is never written through.
 */
#ifndef DOCKYARD_CLI_UNPACK_H
#define DOCKYARD_CLI_UNPACK_H

#include <stddef.h>

#include "01-kernel/base/err.h"

struct cli_unpack;

/* Into `directory`; names that begin with the component `from` begin with `to`
 * instead (both NULL: as they are). */
struct cli_unpack *cli_unpack_start(const char *directory, const char *from, const char *to, struct err *err);
int cli_unpack_feed(void *unpack, const char *data, size_t n, struct err *err); /* a cli_sink */
/* The end: was the archive whole? Frees. */
int cli_unpack_end(struct cli_unpack *unpack, struct err *err);

#endif
