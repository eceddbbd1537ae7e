/*
 * lines.h - files that the operator edits, passwords and rights (while the registry runs) and
 * credentials: an entry a line; empty lines, and those that begin with '#', are for people.
 */
#ifndef DOCKYARD_REG_LINES_H
#define DOCKYARD_REG_LINES_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "01-kernel/base/err.h"

/* Which edition of a file was read last. */
struct reg_edition {
	ino_t inode;
	off_t size;
	struct timespec changed;
};

/* Is there another edition than `known`, which then becomes that one? A file that is not there
 * (an editor may be replacing it) is none. */
bool reg_lines_new(const char *path, struct reg_edition *known);

/* Each entry, without blanks around it, to be cut up at will. An error of `each` gets the file and
 * the line in front. */
int reg_lines_read(const char *path, int (*each)(void *arg, char *line, struct err *err), void *arg,
		   struct err *err);

#endif
