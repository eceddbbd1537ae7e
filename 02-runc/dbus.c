/*
 * dbus.c - a connection: where it goes, logging in, asking and being answered;
 * see dbus.h.
 *
 * Every answer has a time by which it must be there, so that no command hangs on
 * a bus that is stuck.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "01-kernel/base/log.h"
#include "dbus.h"

#define TIMEOUT_MS 30000 /* as long as runc waits for a unit */
#define ANSWER_LIMIT 512 /* of what the other side says while we log in */

int64_t runc_dbus_now(void)
{
	return time_steady_ns() / 1000000;
}

/* SYSTEMD_BUS_TIMEOUT is how systemd's own library is told, too: in seconds, or
 * with a unit. */
static int timeout_ms(void)
{
	const char *text = getenv("SYSTEMD_BUS_TIMEOUT");
	char *end;
	long n = text ? strtol(text, &end, 10) : 0;

	if (n <= 0 || n > 3600000)
		return TIMEOUT_MS;
	if (!strcmp(end, "ms"))
		return (int)n;
	return n <= 3600 && (!*end || !strcmp(end, "s")) ? (int)n * 1000 : TIMEOUT_MS;
}

/* ---- the address --------------------------------------------------------- */

/* The value of a key among "path=/run/x,guid=..."; its %XX undone. New, or NULL. */
static char *address_value(const char *list, size_t n, const char *key)
{
	AUTO_STRBUF struct strbuf value = STRBUF_INIT;
	const char *end = list + n;

	for (const char *p = list; p < end; p += strcspn(p, ",;") + 1) {
		size_t len = strcspn(p, "=");

		if (len != strlen(key) || strncmp(p, key, len))
			continue;
		for (p += len + 1; p < end && *p != ','; p++) {
			if (*p == '%' && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2])) {
				const char hex[] = { p[1], p[2], '\0' };

				strbuf_addc(&value, (char)strtol(hex, NULL, 16));
				p += 2;
			} else {
				strbuf_addc(&value, *p);
			}
		}
		return strbuf_steal(&value);
	}
	return NULL;
}

/* An abstract name has a NUL before it, and no file. */
static int connect_to(const char *name, bool abstract, int wait_ms, struct err *err)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval wait = { .tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t n = strlen(name);

	if (fd < 0)
		return err_sys(err, "socket");
	if (!n || n + 1 >= sizeof addr.sun_path)
		return err_set(err, ERR_INVALID, "connect to D-Bus: '%s' is no name of a socket", name);
	memcpy(addr.sun_path + abstract, name, n);
	/* Also for connect, which waits for a place in a full queue. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) ||
	    connect(fd, (struct sockaddr *)&addr,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + abstract + n)))
		return err_sys(err, "connect to D-Bus at %s", name);
	return steal_fd(&fd);
}

/* One address: "TRANSPORT:key=value,...". */
static int connect_address(const char *address, size_t n, int wait_ms, struct err *err)
{
	AUTO_FREE char *path = NULL, *abstract = NULL;

	if (n > 5 && !strncmp(address, "unix:", 5)) {
		path = address_value(address + 5, n - 5, "path");
		abstract = address_value(address + 5, n - 5, "abstract");
	}
	if (!path && !abstract)
		return err_set(err, ERR_UNSUPPORTED, "connect to D-Bus: '%.*s' is not the address of a "
			       "unix socket", (int)n, address);
	return connect_to(path ? path : abstract, !path, wait_ms, err);
}

/* ---- bytes --------------------------------------------------------------- */

static int send_all(struct runc_dbus *d, const char *bytes, size_t n, struct err *err)
{
	while (n) {
		ssize_t sent = send(d->fd, bytes, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			return err_set(err, ERR_TIMEOUT, "D-Bus does not take our message");
		if (sent < 0)
			return err_sys(err, "send to D-Bus");
		bytes += sent;
		n -= (size_t)sent;
	}
	return 0;
}

static int wait_readable(struct runc_dbus *d, int64_t deadline, struct err *err)
{
	struct pollfd p = { .fd = d->fd, .events = POLLIN };

	for (;;) {
		int64_t left = deadline - runc_dbus_now();
		int n = poll(&p, 1, left > 0 ? (int)left : 0);

		if (n > 0)
			return 0;
		if (!n)
			return err_set(err, ERR_TIMEOUT, "timed out waiting for an answer over D-Bus");
		if (errno != EINTR)
			return err_sys(err, "wait for D-Bus");
	}
}

/* At least one byte; how many. */
static ssize_t receive_some(struct runc_dbus *d, char *to, size_t size, int64_t deadline,
			    struct err *err)
{
	for (;;) {
		ssize_t got;

		if (wait_readable(d, deadline, err))
			return -1;
		got = recv(d->fd, to, size, MSG_DONTWAIT);
		if (got > 0)
			return got;
		if (!got)
			return err_set(err, ERR_UNAVAILABLE, "D-Bus has closed the connection");
		if (errno != EINTR && errno != EAGAIN)
			return err_sys(err, "receive from D-Bus");
	}
}

static int receive(struct runc_dbus *d, char *to, size_t n, int64_t deadline, struct err *err)
{
	while (n) {
		ssize_t got = receive_some(d, to, n, deadline, err);

		if (got < 0)
			return -1;
		to += got;
		n -= (size_t)got;
	}
	return 0;
}

/* ---- logging in ---------------------------------------------------------- */

/* EXTERNAL: the other side asks the kernel who is at the end of its socket. We could
 * say which user we claim to be; but in a user namespace we do not know what our user
 * id is out there, and saying nothing (an empty DATA) leaves it to the kernel.
 *
 * All at once, as nothing that comes back can change it: sd-bus does the same. */
static int log_in(struct runc_dbus *d, struct err *err)
{
	static const char words[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n", dare[] = "DATA\r\n";
	int64_t deadline = runc_dbus_now() + d->timeout_ms;
	char answer[ANSWER_LIMIT + 1] = "", *line = answer;
	ssize_t n = 0, got;

	if (send_all(d, words, sizeof words - 1, err))
		return -1;
	/* As long as nothing is asked of it, nothing comes behind its last line. */
	while (!strchr(line, '\n')) {
		if (n == ANSWER_LIMIT)
			return err_set(err, ERR_CORRUPT, "this does not speak D-Bus");
		got = receive_some(d, answer + n, (size_t)(ANSWER_LIMIT - n), deadline, err);
		if (got < 0)
			return -1;
		n += got;
		answer[n] = '\0';
		line = str_starts(answer, dare) ? answer + strlen(dare) : answer;
	}
	line[strcspn(line, "\r\n")] = '\0';
	if (str_starts(line, "OK "))
		return 0;
	if (str_starts(line, "REJECTED") || str_starts(line, "ERROR"))
		return err_set(err, ERR_PERMISSION, "D-Bus does not let us log in: %s", line);
	return err_set(err, ERR_CORRUPT, "this does not speak D-Bus");
}

static int say_hello(struct runc_dbus *d, struct err *err)
{
	static const struct runc_dbus_message hello = {
		.destination = "org.freedesktop.DBus", .path = "/org/freedesktop/DBus",
		.interface = "org.freedesktop.DBus", .member = "Hello",
	};

	return d->direct ? 0 : runc_dbus_call(d, &hello, NULL, NULL, err);
}

int runc_dbus_open(struct runc_dbus *d, const char *addresses, bool direct, struct err *err)
{
	*d = (struct runc_dbus)RUNC_DBUS_INIT;
	d->direct = direct;
	d->timeout_ms = timeout_ms();
	err_set(err, ERR_INVALID, "connect to D-Bus: no address is given");
	for (const char *a = addresses, *end; *a && d->fd < 0; a = end + (*end == ';')) {
		end = a + strcspn(a, ";");
		if (end > a)
			d->fd = connect_address(a, (size_t)(end - a), d->timeout_ms, err);
	}
	if (d->fd < 0)
		return -1;
	if (!log_in(d, err) && !say_hello(d, err))
		return 0;
	runc_dbus_close(d);
	return err_wrap(err, "%s", addresses);
}

void runc_dbus_close(struct runc_dbus *d)
{
	cleanup_close(&d->fd);
	d->fd = -1;
	for (struct runc_dbus_message *m = d->first, *next; m; m = next) {
		next = m->next;
		runc_dbus_message_free(m);
		free(m);
	}
	d->first = d->last = NULL;
}

/* ---- messages ------------------------------------------------------------ */

static int receive_message(struct runc_dbus *d, struct runc_dbus_message *m, int64_t deadline,
			   struct err *err)
{
	char header[DBUS_HEADER_SIZE];
	size_t total;

	*m = (struct runc_dbus_message){ .bytes = STRBUF_INIT };
	if (receive(d, header, sizeof header, deadline, err) ||
	    runc_dbus_length(header, &total, err))
		return -1;
	strbuf_add(&m->bytes, header, sizeof header);
	strbuf_reserve(&m->bytes, total - sizeof header);
	if (!receive(d, m->bytes.data + sizeof header, total - sizeof header, deadline, err)) {
		m->bytes.len = total;
		if (!runc_dbus_decode(m, err))
			return 0;
	}
	runc_dbus_message_free(m);
	return -1;
}

static void keep_for_later(struct runc_dbus *d, const struct runc_dbus_message *m)
{
	struct runc_dbus_message *kept = xmalloc(sizeof *kept);

	*kept = *m;
	if (d->last)
		d->last->next = kept;
	else
		d->first = kept;
	d->last = kept;
}

static enum err_kind kind_of(const char *name)
{
	static const struct {
		const char *end; /* of the error's name */
		enum err_kind kind;
	} kinds[] = {
		{ ".UnitExists", ERR_EXISTS }, { ".NoSuchUnit", ERR_NOT_FOUND },
		{ ".AccessDenied", ERR_PERMISSION }, { ".AuthFailed", ERR_PERMISSION },
		{ ".InteractiveAuthorizationRequired", ERR_PERMISSION },
		{ ".InvalidArgs", ERR_INVALID }, { ".PropertyReadOnly", ERR_INVALID },
		{ ".ServiceUnknown", ERR_UNAVAILABLE }, { ".NameHasNoOwner", ERR_UNAVAILABLE },
		{ ".NoReply", ERR_TIMEOUT }, { ".Timeout", ERR_TIMEOUT },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_ends(name, kinds[i].end))
			return kinds[i].kind;
	return ERR_SYSTEM;
}

static int fail(struct runc_dbus_message *reply, struct err *err)
{
	const char *text = "";
	struct err ignored;

	if (*reply->signature == 's')
		runc_dbus_read(reply, &ignored, "s", &text);
	return err_set(err, kind_of(reply->error), "%s", *text ? text : reply->error);
}

static int await_reply(struct runc_dbus *d, struct runc_dbus_message *reply, struct err *err)
{
	int64_t deadline = runc_dbus_now() + d->timeout_ms;

	for (;;) {
		if (receive_message(d, reply, deadline, err))
			return -1;
		if ((reply->type == DBUS_RETURN || reply->type == DBUS_ERROR) &&
		    reply->reply_to == d->serial)
			return 0;
		if (reply->type == DBUS_SIGNAL)
			keep_for_later(d, reply);
		else
			runc_dbus_message_free(reply);
	}
}

int runc_dbus_call(struct runc_dbus *d, const struct runc_dbus_message *call,
		   const struct strbuf *body, struct runc_dbus_message *reply, struct err *err)
{
	AUTO_STRBUF struct strbuf bytes = STRBUF_INIT;
	struct runc_dbus_message m = *call, answer;
	int failed = 0;

	m.type = DBUS_CALL;
	m.serial = ++d->serial;
	runc_dbus_encode(&bytes, &m, body);
	if (send_all(d, bytes.data, bytes.len, err) || await_reply(d, &answer, err))
		return err_wrap(err, "%s", call->member);
	if (answer.type == DBUS_ERROR)
		failed = fail(&answer, err);
	if (reply && !failed)
		*reply = answer;
	else
		runc_dbus_message_free(&answer);
	return failed;
}

int runc_dbus_match(struct runc_dbus *d, const char *rule, struct err *err)
{
	static const struct runc_dbus_message add = {
		.destination = "org.freedesktop.DBus", .path = "/org/freedesktop/DBus",
		.interface = "org.freedesktop.DBus", .member = "AddMatch", .signature = "s",
	};
	AUTO_STRBUF struct strbuf body = STRBUF_INIT;

	runc_dbus_put_text(&body, 's', rule);
	return d->direct ? 0 : runc_dbus_call(d, &add, &body, NULL, err);
}

struct runc_dbus_message *runc_dbus_signal(struct runc_dbus *d, int64_t deadline, struct err *err)
{
	struct runc_dbus_message m;

	while (!d->first) {
		if (receive_message(d, &m, deadline, err))
			return NULL;
		if (m.type == DBUS_SIGNAL)
			keep_for_later(d, &m);
		else
			runc_dbus_message_free(&m);
	}
	struct runc_dbus_message *first = d->first;

	d->first = first->next;
	if (!d->first)
		d->last = NULL;
	first->next = NULL;
	return first;
}
