/*
 * protobuf.c - see protobuf.h.
 */
#include "protobuf.h"

#include <string.h>

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

static void put_varint(struct strbuf *sb, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		strbuf_addc(sb, (char)(value | 0x80)); /* more follows */
	strbuf_addc(sb, (char)value);
}

static void put_key(struct strbuf *sb, unsigned field, unsigned wire)
{
	put_varint(sb, (uint64_t)field << 3 | wire);
}

void runc_pb_number(struct strbuf *sb, unsigned field, uint64_t value)
{
	put_key(sb, field, WIRE_VARINT);
	put_varint(sb, value);
}

static void put_bytes(struct strbuf *sb, unsigned field, const void *bytes, size_t n)
{
	put_key(sb, field, WIRE_BYTES);
	put_varint(sb, n);
	strbuf_add(sb, bytes, n);
}

void runc_pb_text(struct strbuf *sb, unsigned field, const char *text)
{
	if (text)
		put_bytes(sb, field, text, strlen(text));
}

void runc_pb_message(struct strbuf *sb, unsigned field, const struct strbuf *message)
{
	put_bytes(sb, field, message->len ? message->data : "", message->len);
}

static int get_varint(struct runc_pb_reader *r, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; r->at < r->end && shift < 64; shift += 7) {
		unsigned char byte = *r->at++;

		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return 0;
	}
	return -1;
}

/* n bytes of the message, whatever they mean. */
static int get_bytes(struct runc_pb_reader *r, struct runc_pb_field *f, uint64_t n)
{
	if (n > (uint64_t)(r->end - r->at))
		return -1;
	f->bytes = r->at;
	f->len = (size_t)n;
	r->at += n;
	return 1;
}

int runc_pb_next(struct runc_pb_reader *r, struct runc_pb_field *f)
{
	uint64_t key, n;

	*f = (struct runc_pb_field){ 0 };
	if (r->at == r->end)
		return 0;
	if (get_varint(r, &key) || key >> 3 > UINT32_MAX)
		return -1;
	f->number = (unsigned)(key >> 3);
	switch (key & 7) {
	case WIRE_VARINT:
		return get_varint(r, &f->value) ? -1 : 1;
	case WIRE_BYTES:
		return get_varint(r, &n) ? -1 : get_bytes(r, f, n);
	case WIRE_FIXED64:
		return get_bytes(r, f, 8);
	case WIRE_FIXED32:
		return get_bytes(r, f, 4);
	default:
		return -1;
	}
}
