/*
 * dbus_message.c - messages of D-Bus as bytes; see dbus.h.
 *
 * The header has a fixed part of twelve bytes (byte order, type, flags, version,
 * length of the body, serial number) and then an array of fields, each the struct
 * of a number that says which and a variant. The body begins at a multiple of
 * eight, so what is aligned within a body alone is aligned within the message.
 */
#include <stdarg.h>
#include <string.h>

#include "dbus.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ORDER 'l'
#else
#define ORDER 'B'
#endif

#define VERSION 1
#define FIXED_SIZE 12

enum field {
	FIELD_PATH = 1, FIELD_INTERFACE, FIELD_MEMBER, FIELD_ERROR_NAME, FIELD_REPLY_SERIAL,
	FIELD_DESTINATION, FIELD_SENDER, FIELD_SIGNATURE
};

static size_t alignment(char type)
{
	switch (type) {
	case 'n': case 'q':
		return 2;
	case 'b': case 'i': case 'u': case 's': case 'o': case 'a':
		return 4;
	case 'x': case 't': case 'd': case '(': case '{':
		return 8;
	default: /* y, g, v */
		return 1;
	}
}

/* ---- writing ------------------------------------------------------------- */

static void pad(struct strbuf *b, size_t to)
{
	while (b->len % to)
		strbuf_addc(b, '\0');
}

void runc_dbus_put_number(struct strbuf *body, char type, uint64_t value)
{
	const uint8_t y = (uint8_t)value;
	const uint16_t q = (uint16_t)value;
	const uint32_t u = (uint32_t)value;

	pad(body, alignment(type));
	switch (alignment(type)) {
	case 1:
		strbuf_add(body, &y, sizeof y);
		break;
	case 2:
		strbuf_add(body, &q, sizeof q);
		break;
	case 4:
		strbuf_add(body, &u, sizeof u);
		break;
	default:
		strbuf_add(body, &value, sizeof value);
	}
}

/* Length, bytes, NUL; a signature's length is one byte. */
void runc_dbus_put_text(struct strbuf *body, char type, const char *text)
{
	runc_dbus_put_number(body, type == 'g' ? 'y' : 'u', strlen(text));
	strbuf_add(body, text, strlen(text) + 1);
}

void runc_dbus_put_struct(struct strbuf *body)
{
	pad(body, alignment('('));
}

struct runc_dbus_array runc_dbus_open_array(struct strbuf *body, char type)
{
	struct runc_dbus_array array;

	runc_dbus_put_number(body, 'u', 0);
	array.length_at = body->len - sizeof(uint32_t);
	pad(body, alignment(type)); /* not counted in the length */
	array.start = body->len;
	return array;
}

void runc_dbus_close_array(struct strbuf *body, struct runc_dbus_array array)
{
	const uint32_t length = (uint32_t)(body->len - array.start);

	memcpy(body->data + array.length_at, &length, sizeof length);
}

static void put_field(struct strbuf *out, enum field field, const char *type, const char *text)
{
	if (!text || !*text)
		return;
	runc_dbus_put_struct(out);
	runc_dbus_put_number(out, 'y', field);
	runc_dbus_put_text(out, 'g', type);
	runc_dbus_put_text(out, *type, text);
}

void runc_dbus_encode(struct strbuf *out, const struct runc_dbus_message *m,
		      const struct strbuf *body)
{
	struct runc_dbus_array fields;

	strbuf_addc(out, ORDER);
	runc_dbus_put_number(out, 'y', m->type);
	runc_dbus_put_number(out, 'y', 0); /* flags */
	runc_dbus_put_number(out, 'y', VERSION);
	runc_dbus_put_number(out, 'u', body ? body->len : 0);
	runc_dbus_put_number(out, 'u', m->serial);
	fields = runc_dbus_open_array(out, '(');
	put_field(out, FIELD_PATH, "o", m->path);
	put_field(out, FIELD_INTERFACE, "s", m->interface);
	put_field(out, FIELD_MEMBER, "s", m->member);
	put_field(out, FIELD_DESTINATION, "s", m->destination);
	put_field(out, FIELD_SIGNATURE, "g", m->signature);
	runc_dbus_close_array(out, fields);
	pad(out, 8);
	if (body)
		strbuf_add(out, body->data, body->len);
}

/* ---- reading ------------------------------------------------------------- */

static int malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_CORRUPT, "malformed D-Bus message: %s", what);
}

static uint32_t number_at(const char *p)
{
	uint32_t u;

	memcpy(&u, p, sizeof u);
	return u;
}

int runc_dbus_length(const char header[DBUS_HEADER_SIZE], size_t *total, struct err *err)
{
	size_t body = number_at(header + 4), fields = number_at(header + FIXED_SIZE);

	if (header[0] != ORDER || header[3] != VERSION)
		return malformed(err, "this is not how one begins");
	if (body > DBUS_MESSAGE_LIMIT || fields > DBUS_MESSAGE_LIMIT)
		return malformed(err, "it is too long");
	*total = (DBUS_HEADER_SIZE + fields + 7) / 8 * 8 + body;
	return 0;
}

/* Where m->at stands once it is aligned for `type`, if `size` bytes follow there
 * before `end`; else NULL. */
static const char *take(struct runc_dbus_message *m, size_t end, char type, size_t size)
{
	size_t step = alignment(type), from = (m->at + step - 1) / step * step;

	if (from > end || size > end - from)
		return NULL;
	m->at = from + size;
	return m->bytes.data + from;
}

static int take_number(struct runc_dbus_message *m, size_t end, uint32_t *out)
{
	const char *p = take(m, end, 'u', sizeof *out);

	if (p)
		*out = number_at(p);
	return p ? 0 : -1;
}

/* A text must end where its length says, and nowhere before: it becomes a C string. */
static int take_text(struct runc_dbus_message *m, size_t end, char type, const char **out)
{
	uint32_t length;
	const char *p;

	if (type == 'g') {
		p = take(m, end, 'y', 1);
		length = p ? (unsigned char)*p : 0;
	} else if (take_number(m, end, &length)) {
		return -1;
	}
	p = take(m, end, 'y', (size_t)length + 1);
	if (!p || memchr(p, '\0', (size_t)length + 1) != p + length)
		return -1;
	*out = p;
	return 0;
}

/* One field of the header: its variant holds a text or, of all that are defined, a
 * uint32. What we have no use for is skipped. */
static int take_field(struct runc_dbus_message *m, size_t end)
{
	const char *unused;
	const char **const texts[] = {
		[FIELD_PATH] = &m->path, [FIELD_INTERFACE] = &m->interface,
		[FIELD_MEMBER] = &m->member, [FIELD_ERROR_NAME] = &m->error,
		[FIELD_DESTINATION] = &m->destination, [FIELD_SIGNATURE] = &m->signature,
	};
	const char *code = take(m, end, '(', 1), *type;
	uint32_t number;
	size_t field;

	if (!code || take_text(m, end, 'g', &type) || !*type || type[1])
		return -1;
	field = (unsigned char)*code;
	if (*type == 'u') {
		if (take_number(m, end, &number))
			return -1;
		if (field == FIELD_REPLY_SERIAL)
			m->reply_to = number;
		return 0;
	}
	if (!strchr("sog", *type))
		return -1;
	return take_text(m, end, *type, field < sizeof texts / sizeof *texts && texts[field] ?
			 texts[field] : &unused);
}

int runc_dbus_decode(struct runc_dbus_message *m, struct err *err)
{
	size_t total, end;

	m->destination = m->path = m->interface = m->member = m->error = m->signature = "";
	if (m->bytes.len < DBUS_HEADER_SIZE)
		return malformed(err, "it is too short");
	if (runc_dbus_length(m->bytes.data, &total, err))
		return -1;
	end = DBUS_HEADER_SIZE + number_at(m->bytes.data + FIXED_SIZE);
	if (total != m->bytes.len)
		return malformed(err, "its length is not what it says");
	m->type = (unsigned char)m->bytes.data[1];
	m->serial = number_at(m->bytes.data + 8);
	for (m->at = DBUS_HEADER_SIZE; m->at < end;)
		if (take_field(m, end))
			return malformed(err, "a field of its header");
	m->at = (end + 7) / 8 * 8;
	return 0;
}

static int take_value(struct runc_dbus_message *m, char type, void *to)
{
	const char *inner;

	if (type == 'u')
		return take_number(m, m->bytes.len, to);
	if (type == 'v' && (take_text(m, m->bytes.len, 'g', &inner) || strcmp(inner, "s")))
		return -1;
	return take_text(m, m->bytes.len, type == 'v' ? 's' : type, to);
}

int runc_dbus_read(struct runc_dbus_message *m, struct err *err, const char *types, ...)
{
	const char *name = *m->member ? m->member : "an answer";
	bool complete = true;
	va_list ap;

	if (strncmp(m->signature, types, strlen(types)))
		return err_set(err, ERR_CORRUPT, "malformed D-Bus message: %s has '%s', not '%s'", name,
			       m->signature, types);
	va_start(ap, types);
	for (const char *t = types; complete && *t; t++)
		complete = !take_value(m, *t, va_arg(ap, void *));
	va_end(ap);
	return complete ? 0 : err_set(err, ERR_CORRUPT, "malformed D-Bus message: %s has less in it than "
				      "it says", name);
}

void runc_dbus_message_free(struct runc_dbus_message *m)
{
	strbuf_free(&m->bytes);
}
