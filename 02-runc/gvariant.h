/*
 * gvariant.h - a value of D-Bus as people write it: the text format of GVariant
 * (https://docs.gtk.org/glib/gvariant-text-format.html), in which annotations
 * "org.systemd.property.NAME" hold values for systemd:
 *
 *     true   'text'   -5   2.5   uint64 123   ['a', 'b']   [('/dev/fuse', 'rw')]
 *     @as []
 *
 * A number without a type is an int32, or of the type that its neighbours in the
 * array have. Dictionaries, variants in variants, byte strings, object paths and
 * signatures are refused: no property of a unit is one.
 */
#ifndef DOCKYARD_RUNC_GVARIANT_H
#define DOCKYARD_RUNC_GVARIANT_H

#include <stdint.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

/* Append the value to a body of D-Bus as a variant: its signature, then itself. */
int runc_gvariant_put(struct strbuf *body, const char *text, struct err *err);

/* The text is a number (of any type) of seconds; give it in microseconds. */
int runc_gvariant_seconds(const char *text, uint64_t *usec, struct err *err);

#endif
