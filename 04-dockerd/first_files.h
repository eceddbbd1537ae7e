/*
 * first_files.h - what each container finds besides its image: /.dockerenv, and /etc/mtab.
 */
#ifndef DOCKYARD_DOCKERD_FIRST_FILES_H
#define DOCKYARD_DOCKERD_FIRST_FILES_H

#include "daemon.h"

/* Into a snapshot that nobody has mounted yet. What the image has stays. */
int dockerd_first_files(struct daemon *d, const char *snapshot, struct err *err);

#endif
