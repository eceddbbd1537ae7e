/*
 * names.h - what containers are called: 64 hex digits for programs, a name for
 * people. Both are keys of the daemon's table, so both have one grammar.
 */
#ifndef DOCKYARD_DOCKERD_NAMES_H
#define DOCKYARD_DOCKERD_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "01-kernel/base/err.h"

#define ID_SIZE 65       /* 64 hex digits and NUL */
#define ID_SHORT 12      /* digits that people are shown */
#define NAME_SIZE 64     /* room for a generated name */

/* 32 bytes of getrandom(2) in hex. */
void dockerd_random_id(char out[ID_SIZE]);

/* "brave_turing". With `attempt` > 0 a digit is appended, as the daemon tries
 * again when a name is taken. */
void dockerd_random_name(char out[NAME_SIZE], unsigned attempt);

/* [a-zA-Z0-9][a-zA-Z0-9_.-]+, the grammar of container and volume names. */
bool dockerd_name_valid(const char *name);

/* Docker's refusal of a container name that is not. */
int dockerd_name_check(const char *name, struct err *err);

/* Up to 64 lower-case hex digits: may be (the beginning of) an ID. */
bool dockerd_is_hex(const char *text);

#endif
