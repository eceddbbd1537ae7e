/*
 * http_tls_carry.c - an upgraded connection under TLS.
 *
 *     client ══ TLS ══ the connection's thread ══ socketpair ══ run, in a thread of its own
 *
 * libmicrohttpd would carry the bytes too, but it says nothing of a client that has closed its
 * half by TLS's own notice (close_notify; RFC 8446, 6.1) and still listens, as every client
 * written in Go does when its standard input ends. So GnuTLS is spoken to here.
 */
#include "http_private.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <sys/socket.h>

#define BLOCK (16u << 10) /* what a record of TLS holds */
#define NOTICE_MS 2000    /* for the client to make room for our last record */

struct carry {
	gnutls_session_t tls;
	int client, inner;
	char up_block[BLOCK], down_block[BLOCK];
	const char *up, *down;   /* to inner, to the client: what is still to be written */
	size_t up_left, down_left;
	bool up_ended, told;     /* the client sends no more; and inner knows */
	bool down_ended, broken;
};

/* A client may also just end its half of the TCP connection. GnuTLS would take that for an attack
 * and give the session up, with all that we still have to send: so it is not shown. */
static bool client_ended(const struct carry *c)
{
	char next;

	return !gnutls_record_check_pending(c->tls) &&
	       recv(c->client, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void receive(struct carry *c)
{
	ssize_t n = client_ended(c) ? 0 : gnutls_record_recv(c->tls, c->up_block, BLOCK);

	if (n < 0 && !gnutls_error_is_fatal((int)n))
		return; /* not a whole record yet */
	c->up = c->up_block;
	c->up_left = n > 0 ? (size_t)n : 0;
	c->up_ended = n <= 0;
}

/* What was refused once must be offered again unchanged (gnutls_record_send(3)): so it is. */
static void send_down(struct carry *c)
{
	ssize_t n = gnutls_record_send(c->tls, c->down, c->down_left);

	if (n > 0) {
		c->down += n;
		c->down_left -= (size_t)n;
	} else if (n < 0 && gnutls_error_is_fatal((int)n)) {
		c->broken = true;
	}
}

static void read_inner(struct carry *c)
{
	ssize_t n = recv(c->inner, c->down_block, BLOCK, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->down = c->down_block;
	c->down_left = n > 0 ? (size_t)n : 0;
	c->down_ended = n <= 0;
}

/* Input that nobody takes any more does not end the output. */
static void write_inner(struct carry *c)
{
	ssize_t n = send(c->inner, c->up, c->up_left, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0) {
		c->up += n;
		c->up_left -= (size_t)n;
	} else if (errno != EAGAIN && errno != EINTR) {
		c->up_left = 0;
		c->up_ended = c->told = true;
	}
}

static bool wait_for_work(const struct carry *c)
{
	bool more = !c->up_left && !c->up_ended;
	int wait_ms = more && gnutls_record_check_pending(c->tls) ? 0 : -1;
	struct pollfd p[2] = {
		{ c->client, (short)((more ? POLLIN : 0) | (c->down_left ? POLLOUT : 0)), 0 },
		{ c->inner, (short)((c->down_left ? 0 : POLLIN) | (c->up_left ? POLLOUT : 0)), 0 },
	};

	if (poll(p, 2, wait_ms) < 0 && errno != EINTR)
		return false;
	return !(p[0].revents & (POLLERR | POLLHUP | POLLNVAL)); /* all of it closed, not a half */
}

/* No more comes from us: the client's library waits for this notice, and takes a connection
 * that ends without for one that somebody cut. */
static void say_goodbye(const struct carry *c)
{
	struct pollfd p = { c->client, POLLOUT, 0 };

	while (gnutls_bye(c->tls, GNUTLS_SHUT_WR) == GNUTLS_E_AGAIN)
		if (poll(&p, 1, NOTICE_MS) <= 0)
			return;
}

void http_tls_carry(struct MHD_Connection *conn, int client, int inner, const char *early,
		    size_t early_len)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	AUTO_FREE struct carry *c = xcalloc(1, sizeof *c);

	c->tls = info->tls_session;
	c->client = client;
	c->inner = inner;
	c->up = early;
	c->up_left = early_len;
	fcntl(client, F_SETFL, fcntl(client, F_GETFL) | O_NONBLOCK);
	while (!c->broken && !(c->down_ended && !c->down_left) && wait_for_work(c)) {
		if (!c->up_left && !c->up_ended)
			receive(c);
		if (c->up_left)
			write_inner(c);
		if (c->up_ended && !c->up_left && !c->told)
			c->told = !shutdown(inner, SHUT_WR);
		if (!c->down_left)
			read_inner(c);
		if (c->down_left)
			send_down(c);
	}
	if (!c->broken)
		say_goodbye(c);
}
