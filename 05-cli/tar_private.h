/*
 * tar_private.h - the header of an entry, as tar_read.c and tar_write.c have it.
 */
#ifndef DOCKYARD_CLI_TAR_PRIVATE_H
#define DOCKYARD_CLI_TAR_PRIVATE_H

#include "tar.h"

/* Where a field of the header begins (pax(1)). */
enum {
	NAME = 0, MODE = 100, UID = 108, GID = 116, SIZE = 124, MTIME = 136, CHECKSUM = 148, TYPE = 156, LINK = 157,
	MAGIC = 257, VERSION = 263, MAJOR = 329, MINOR = 337, PREFIX = 345,
};
#define NAME_LEN 100
#define PREFIX_LEN 155

#endif
