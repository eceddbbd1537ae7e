/*
 * wire.h - how an error travels in JSON, on containerd's socket, on a shim's
 * control socket and in the last line of a stream alike:
 *
 *     {"error":{"kind":"not_found","message":"no task c1"}}
 *
 * The kind survives the journey, so whoever is at the far end (an exit code, an
 * HTTP status) decides by what went wrong and not by where.
 */
#ifndef DOCKYARD_CTRD_WIRE_H
#define DOCKYARD_CTRD_WIRE_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/err.h"

/* The document above; the caller's. */
json_t *ctrd_wire_error(const struct err *err);

/* -1 and *err filled when the document carries an error, else 0. */
int ctrd_wire_check(const json_t *doc, struct err *err);

/* Namespace, container and exec ids: [A-Za-z0-9][A-Za-z0-9_.-]{0,75}. They become
 * file names, so nothing else is let in. `what` names the id in the error. */
int ctrd_id_check(const char *what, const char *id, struct err *err);
/* A namespace's name, too, is a directory's: beside containerd's own, whose names it cannot have. */
int ctrd_namespace_check(const char *name, struct err *err);
/* An object of strings, or NULL. */
int ctrd_labels_check(const json_t *labels, struct err *err);

#endif
