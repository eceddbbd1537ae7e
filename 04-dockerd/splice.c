/*
 * splice.c - see splice.h. Each direction is a small buffer between a read and
 * a write; the poll set follows from what each direction is waiting for.
 */
#include "splice.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "01-kernel/base/strbuf.h"
#include "frames.h"

#define BLOCK 16384

struct way {
	int from, to;
	struct detach *detach;
	char buf[BLOCK + 16];
	size_t at, len;    /* buf[at..len) is still to be written */
	bool frame;        /* what is read gets a head */
	bool eof;          /* nothing more to read */
	bool hold;         /* the caller tells the other side */
	bool done;         /* and the other side was told */
};

/* --- detach keys --------------------------------------------------------------- */

static int parse_key(const char *key, unsigned char *out)
{
	const char *ctrl = strncasecmp(key, "ctrl-", 5) ? NULL : key + 5;

	if (!ctrl) {
		*out = (unsigned char)*key;
		return strlen(key) == 1 ? 0 : -1;
	}
	if (strlen(ctrl) != 1)
		return -1;
	if ((*ctrl >= 'a' && *ctrl <= 'z') || (*ctrl >= '@' && *ctrl <= '_')) {
		*out = (unsigned char)(*ctrl & 0x1f);
		return 0;
	}
	return -1;
}

int dockerd_detach_parse(const char *text, struct detach *keys, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(text && *text ? text : "ctrl-p,ctrl-q");
	char *save = NULL;

	*keys = (struct detach){ .n = 0 };
	for (char *k = strtok_r(copy, ",", &save); k; k = strtok_r(NULL, ",", &save)) {
		if (keys->n == sizeof keys->keys || parse_key(k, &keys->keys[keys->n]))
			return err_set(err, ERR_INVALID,
				       "Invalid detach keys (%s): unknown character '%s'",
				       text ? text : "", k);
		keys->n++;
	}
	return 0;
}

bool dockerd_detach_feed(struct detach *keys, const char *in, size_t n, char *out, size_t *out_n)
{
	*out_n = 0;
	for (size_t i = 0; i < n; i++) {
		if (keys->n && (unsigned char)in[i] == keys->keys[keys->matched]) {
			if (++keys->matched == keys->n)
				return true;
			continue;
		}
		/* Not the sequence after all: what was held back goes first. */
		memcpy(out + *out_n, keys->keys, keys->matched);
		*out_n += keys->matched;
		keys->matched = 0;
		if (keys->n && (unsigned char)in[i] == keys->keys[0])
			keys->matched = 1;
		else
			out[(*out_n)++] = in[i];
	}
	return false;
}

/* --- carrying -------------------------------------------------------------------- */

enum step { GO_ON, DETACHED, BROKEN };

static enum step fill(struct way *w)
{
	size_t head = w->frame ? FRAME_HEAD : 0;
	char typed[BLOCK];
	ssize_t n = recv(w->from, w->detach ? typed : w->buf + head, BLOCK, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? GO_ON : BROKEN;
	w->at = 0;
	w->len = n ? (size_t)n + head : 0;
	if (n && head)
		dockerd_frame_head(w->buf, (size_t)n);
	if (n == 0)
		w->eof = true;
	else if (w->detach && dockerd_detach_feed(w->detach, typed, (size_t)n, w->buf, &w->len))
		return DETACHED;
	return GO_ON;
}

static enum step drain(struct way *w)
{
	ssize_t n = send(w->to, w->buf + w->at, w->len - w->at, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? GO_ON : BROKEN;
	w->at += (size_t)n;
	return GO_ON;
}

static bool pending(const struct way *w)
{
	return w->at < w->len;
}

static void finish(struct way *w)
{
	if (w->eof && !pending(w) && !w->done) {
		if (!w->hold)
			shutdown(w->to, SHUT_WR);
		w->done = true;
	}
}

/* What the descriptor is polled for: as the source of one way, the target of the other. */
static short interest(const struct way *in, const struct way *out)
{
	short events = 0;

	if (!in->eof && !pending(in))
		events |= POLLIN;
	if (pending(out))
		events |= POLLOUT;
	return events;
}

/* One round of reads and writes. A target that cannot be written to ends its way;
 * input that nobody takes any more does not end the output. */
static enum step move(struct way *up, struct way *down, const struct pollfd p[2])
{
	if ((p[0].revents & POLLIN) && !pending(up)) {
		enum step s = fill(up);

		if (s != GO_ON)
			return s;
	}
	if ((p[1].revents & (POLLIN | POLLHUP)) && !pending(down) && !down->eof &&
	    fill(down) == BROKEN)
		down->eof = true;
	if (pending(up) && drain(up) == BROKEN) {
		up->at = up->len = 0;
		up->eof = up->done = true;
	}
	if (pending(down) && drain(down) == BROKEN)
		return BROKEN;
	finish(up);
	finish(down);
	return GO_ON;
}

bool dockerd_splice(const struct splice *s)
{
	AUTO_FREE struct way *ways = xcalloc(2, sizeof *ways);
	struct way *up = ways, *down = ways + 1;

	up->from = down->to = s->client;
	up->to = down->from = s->server;
	up->detach = s->detach;
	down->hold = s->hold;
	down->frame = s->frame;
	while (!down->done || (s->both && !up->done)) {
		struct pollfd p[3] = { { s->client, interest(up, down), 0 },
				       { s->server, interest(down, up), 0 },
				       { s->stop_fd, POLLIN, 0 } };
		enum step step;

		/* A closed socket reports POLLHUP for ever: no longer ask when it has
		 * nothing to say and nothing to hear. */
		if (down->eof && !pending(up))
			p[1].fd = -1;
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return false;
		if (p[2].revents || (p[0].revents & (POLLERR | POLLNVAL)))
			return false;
		/* Both directions of the client closed: nobody is there any more. */
		if ((p[0].revents & POLLHUP) && !(p[0].revents & POLLIN))
			return false;
		step = move(up, down, p);
		if (step != GO_ON)
			return step == DETACHED;
	}
	return false;
}
