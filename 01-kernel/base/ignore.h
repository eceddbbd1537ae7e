/*
 * ignore.h - patterns that choose paths, as .dockerignore has them: the last one that matches
 * a path, or a directory that it lies in, decides.
 *
 *     *       any part of a name       **  any number of directories, and none
 *     ?       one character            [a-z] [^a-z]  one of these, or none of them
 *     !x      what matches x is wanted after all
 */
#ifndef DOCKYARD_IGNORE_H
#define DOCKYARD_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

#include "strbuf.h"

struct ignore {
	struct strlist patterns; /* clean, relative, "!" in front of what is wanted after all */
	bool exceptions;         /* there is such a one: an ignored directory must be looked into */
};

/* Add a pattern; "" and what is left of nothing are none. */
void ignore_add(struct ignore *g, const char *pattern);
/* Add the lines of a .dockerignore: empty ones and those that begin with '#' are left out. */
void ignore_add_lines(struct ignore *g, const char *text);
void ignore_free(struct ignore *g);

/* Is "a/b/c" chosen? */
bool ignore_chooses(const struct ignore *g, const char *path);

/* The first that is none: an open bracket, a backslash in front of nothing, "!" alone. NULL: they all are. */
const char *ignore_wrong(const struct ignore *g);

/* Does the one pattern match the whole path? Takes time of the product of their lengths. */
bool ignore_match(const char *pattern, const char *path);

/* "./a//b/../c/" -> "a/c": without ".", "..", doubled and trailing slashes, and a leading one; "." for
 * nothing. The caller frees. */
char *ignore_clean(const char *path);

#endif
