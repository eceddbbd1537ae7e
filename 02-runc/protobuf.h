/*
 * protobuf.h - as much of Protocol Buffers' wire format as a talk with criu needs.
 *
 * A message is a row of fields. A field is one varint (seven bits a byte, the
 * lowest first) with its number and the type of what follows:
 *
 *     0   a varint            numbers, booleans, enumerations
 *     2   a length and bytes  texts, and messages inside the message
 *
 * A field that is not there has no bytes, one that repeats is there several times,
 * and a reader skips a number that it does not know: that is the whole of it
 * (protobuf.dev, "Encoding"). So two pages of C stand here for a compiler, the
 * thousands of lines that it would generate, and a library.
 */
#ifndef DOCKYARD_RUNC_PROTOBUF_H
#define DOCKYARD_RUNC_PROTOBUF_H

#include <stdint.h>

#include "01-kernel/base/strbuf.h"

void runc_pb_number(struct strbuf *sb, unsigned field, uint64_t value);
void runc_pb_text(struct strbuf *sb, unsigned field, const char *text); /* NULL: no field */
void runc_pb_message(struct strbuf *sb, unsigned field, const struct strbuf *message);

struct runc_pb_reader {
	const unsigned char *at, *end;
};

struct runc_pb_field {
	unsigned number;
	uint64_t value;             /* of a varint */
	const unsigned char *bytes; /* of the other type, in the message that is read; else NULL */
	size_t len;
};

/* The next field: 1; 0 at the end; -1 when this is no message. */
int runc_pb_next(struct runc_pb_reader *r, struct runc_pb_field *f);

#endif
