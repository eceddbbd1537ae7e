/*
 * dbus.h - as much of D-Bus as it takes to ask systemd for something, and to hear
 * when it is done (the D-Bus Specification, "Type System" and "Message Protocol").
 *
 * Messages travel over a unix socket, to a bus that passes them on by name, or
 * straight to the program meant. A message is a header and a body. A body is
 * values one after the other, in the machine's byte order, each at a multiple of
 * its own size; its types are a word of letters in the header, the signature:
 *
 *     y b n q i u x t d    byte, boolean, the integers from 16 to 64 bits, double
 *     s o g                string, object path, signature
 *     aX  (XY)  a{XY}      array, struct, dictionary
 *     v                    anything; its own signature is written before it
 *
 * Why this is not libdbus: linked into this one static program it makes it a third
 * larger, and each command, also the hundreds that never meet a bus, slower to
 * start by seven page faults; it brings the C library's name service, which does
 * not work statically; not every distribution has it as an archive; and, up to
 * 1.14 at least, it cannot log in from within a user namespace, where a rootless
 * runtime lives. What we ask for is five methods of one program. That is less to
 * read than how to get around all of this.
 */
#ifndef DOCKYARD_RUNC_DBUS_H
#define DOCKYARD_RUNC_DBUS_H

#include <stdbool.h>
#include <stdint.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

/* ---- dbus_message.c: writing a body -------------------------------------- */

/* `type` is the letter; of a number narrower than `value` the low bits count, and
 * a double comes as its bits. */
void runc_dbus_put_number(struct strbuf *body, char type, uint64_t value);
void runc_dbus_put_text(struct strbuf *body, char type, const char *text);
/* A struct or a dictionary's entry begins; nothing marks its end. */
void runc_dbus_put_struct(struct strbuf *body);

struct runc_dbus_array {
	size_t length_at, start;
};
/* `type` is the first letter of the elements' type. */
struct runc_dbus_array runc_dbus_open_array(struct strbuf *body, char type);
void runc_dbus_close_array(struct strbuf *body, struct runc_dbus_array array);

/* ---- dbus_message.c: messages -------------------------------------------- */

enum runc_dbus_type { DBUS_CALL = 1, DBUS_RETURN, DBUS_ERROR, DBUS_SIGNAL };

struct runc_dbus_message {
	enum runc_dbus_type type;
	uint32_t serial, reply_to;
	/* "" where there is none */
	const char *destination, *path, *interface, *member, *error, *signature;
	/* The text of one that came, which the above point into, and how far its body
	 * has been read. */
	struct strbuf bytes;
	size_t at;
	struct runc_dbus_message *next;
};
void runc_dbus_message_free(struct runc_dbus_message *m);

/* Write it out as `serial`, with this body (NULL: none). */
void runc_dbus_encode(struct strbuf *out, const struct runc_dbus_message *m,
		      const struct strbuf *body);

#define DBUS_HEADER_SIZE 16
#define DBUS_MESSAGE_LIMIT (1u << 20) /* of what we take; the protocol has 128 MiB */

/* From the first DBUS_HEADER_SIZE bytes: how many the whole message has. */
int runc_dbus_length(const char header[DBUS_HEADER_SIZE], size_t *total, struct err *err);
/* Understand m->bytes, which hold a whole message, and fill the rest of m. */
int runc_dbus_decode(struct runc_dbus_message *m, struct err *err);
/* Read values off the body: `types` are letters of u, s and o, each for a pointer
 * to a uint32_t or a const char *, and v, for the string in a variant. */
int runc_dbus_read(struct runc_dbus_message *m, struct err *err, const char *types, ...);

/* ---- dbus.c: a connection ------------------------------------------------ */

struct runc_dbus {
	int fd; /* -1: not connected */
	bool direct; /* no bus in between: nobody to greet and to register signals with */
	uint32_t serial;
	int timeout_ms;                        /* how long each answer may take */
	struct runc_dbus_message *first, *last; /* signals that came before they were asked for */
};
#define RUNC_DBUS_INIT { .fd = -1 }

/* Connect to the first that answers of the addresses in a list as D-Bus writes it
 * ("unix:path=/run/dbus/system_bus_socket;unix:abstract=..."), and log in. */
int runc_dbus_open(struct runc_dbus *d, const char *addresses, bool direct, struct err *err);
void runc_dbus_close(struct runc_dbus *d);
#define AUTO_DBUS AUTO(runc_dbus_close)

/* Call a method (destination, path, interface, member and signature of `call`) and
 * wait for its answer (may be NULL). An error that comes back is one here, its kind
 * made from its name. */
int runc_dbus_call(struct runc_dbus *d, const struct runc_dbus_message *call,
		   const struct strbuf *body, struct runc_dbus_message *reply, struct err *err);
/* Have the bus pass on the signals that match the rule. */
int runc_dbus_match(struct runc_dbus *d, const char *rule, struct err *err);
/* The next signal, which the caller frees; NULL and ERR_TIMEOUT if none comes
 * until `deadline` (runc_dbus_now and on, in ms). */
struct runc_dbus_message *runc_dbus_signal(struct runc_dbus *d, int64_t deadline, struct err *err);
int64_t runc_dbus_now(void);

#endif
