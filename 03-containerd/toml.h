/*
 * toml.h - as much of TOML (toml.io, v1.0.0) as containerd's hosts.toml needs: tables, dotted and
 * quoted keys, strings of one line, whole numbers, booleans, arrays, inline tables. What is
 * beyond that (dates, fractions, arrays of tables, texts of many lines) is refused with
 * its line, never passed over. Debian has no library for it in C.
 */
#ifndef DOCKYARD_CTRD_TOML_H
#define DOCKYARD_CTRD_TOML_H

#include <jansson.h>

#include "01-kernel/base/err.h"

/* The document as JSON, members in the order of the file: new, or NULL with ERR_INVALID. */
json_t *ctrd_toml_parse(const char *text, struct err *err);

#endif
