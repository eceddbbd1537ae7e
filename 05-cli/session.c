/*
 * session.c - see session.h.
 */
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/tty.h"
#include "demux.h"
#include "detach.h"
#include "signals.h"

#define CHUNK 32768
/* Room for this many bytes is what POLLOUT promises on a pipe (pipe(7)), so a
 * write of no more does not block the loop, and with it the signals. */
#define WRITE_STEP 4096
#define ANSWER_LIMIT (64u << 10)
#define RESIZE_TRIES 10 /* an exec's process may take a moment to be there */
#define RESIZE_PAUSE_MS 20
#define IMPATIENT 3

/* Bytes on their way to stdout (1) or stderr (2). */
struct outlet {
	int fd;
	struct strbuf data;
	size_t done;
	bool closed; /* the reader has gone */
};

struct loop {
	struct cli_session *s;
	struct outlet out, errout;
	struct strbuf input; /* to the daemon */
	size_t input_done;
	bool input_open, output_open, raw;
	struct termios saved;
	struct cli_detach detach;
	struct cli_demux demux;
	int resizes; /* still to try */
};

/* ---- window and signals -------------------------------------------------- */

int cli_session_check_tty(bool input, bool tty, struct err *err)
{
	if (input && tty && !isatty(STDIN_FILENO))
		return err_set(err, ERR_INVALID, "the input device is not a TTY");
	return 0;
}

/* -1 is no failure of ours: the process may not be there yet, or not any more. */
static int resize(struct cli_session *s, unsigned more)
{
	unsigned short rows, columns;
	struct err ignored;

	if (kern_tty_size(STDOUT_FILENO, &rows, &columns, &ignored) || (!rows && !columns))
		return 0;
	AUTO_FREE char *path = xasprintf("/%s/%s/resize?h=%u&w=%u", s->object, s->id, rows + more, columns + more);
	return cli_api_post(&s->cli->api, path, &ignored);
}

void cli_session_nudge(struct cli_session *s)
{
	if (s->tty && isatty(STDOUT_FILENO))
		(void)resize(s, 1);
}

int cli_session_signals(struct cli_session *s, struct err *err)
{
	s->signals = cli_signals_open(s->proxy, err);
	return s->signals < 0 ? -1 : 0;
}

static void forward(struct cli_session *s, int signal)
{
	char buf[16];
	const char *name = cli_signal_name(signal, buf);
	struct err err;

	if (!name || !s->proxy)
		return;
	AUTO_FREE char *path = xasprintf("/containers/%s/kill?signal=%s", s->id, name);
	if (cli_api_post(&s->cli->api, path, &err))
		log_debug("forward signal %s: %s", name, err.msg);
}

/* The window's size when it changed; everything else to the container. Who
 * sends a third interrupt to a container that ends of none wants to be out. */
static int take_signals(struct cli_session *s, int *resizes, struct err *err)
{
	int signal;

	while ((signal = cli_signals_next(s->signals))) {
		if (signal == SIGWINCH)
			*resizes = 1;
		else
			forward(s, signal);
		s->interrupts += signal == SIGINT || signal == SIGTERM;
	}
	if (s->interrupts < IMPATIENT)
		return 0;
	s->cli->status = CLI_STATUS_FAILED;
	return err_set(err, ERR_CANCELLED, "\ngot %d SIGTERM/SIGINTs, forcefully exiting", IMPATIENT);
}

/* ---- output -------------------------------------------------------------- */

static int collect(void *context, int stream, const char *data, size_t n, struct err *err)
{
	struct loop *l = context;
	struct outlet *o = stream == 2 ? &l->errout : &l->out;

	(void)err;
	if (!o->closed)
		strbuf_add(&o->data, data, n);
	return 0;
}

static bool pending(const struct outlet *o)
{
	return o->done < o->data.len;
}

static int drain(struct outlet *o, struct err *err)
{
	size_t n = o->data.len - o->done;
	ssize_t wrote = write(o->fd, o->data.data + o->done, n < WRITE_STEP ? n : WRITE_STEP);

	if (wrote < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (wrote < 0) {
		o->closed = true;
		return cli_file_error("write", o->fd == 1 ? "/dev/stdout" : "/dev/stderr", err);
	}
	o->done += (size_t)wrote;
	if (!pending(o)) {
		strbuf_clear(&o->data);
		o->done = 0;
	}
	return 0;
}

/* Something came from the daemon; what was there before has been written, so
 * no more than a chunk is ever held. */
static int receive(struct loop *l, struct err *err)
{
	char buf[CHUNK];
	ssize_t n = cli_conn_read(l->s->conn, buf, sizeof buf);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0) {
		l->output_open = false;
		return n < 0 || l->s->tty ? 0 : cli_demux_end(&l->demux, err);
	}
	if (l->s->tty)
		return collect(l, 1, buf, (size_t)n, err);
	return cli_demux_feed(&l->demux, buf, (size_t)n, collect, l, err);
}

/* ---- input --------------------------------------------------------------- */

static void read_input(struct loop *l)
{
	char buf[CHUNK];
	ssize_t n = read(STDIN_FILENO, buf, sizeof buf);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		l->input_open = false;
		cli_conn_half_close(l->s->conn);
	} else if (l->raw) {
		l->s->detached = cli_detach_filter(&l->detach, buf, (size_t)n, &l->input);
	} else {
		strbuf_add(&l->input, buf, (size_t)n);
	}
}

static void send_input(struct loop *l)
{
	ssize_t n = cli_conn_write(l->s->conn, l->input.data + l->input_done, l->input.len - l->input_done);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0) { /* the container has closed its stdin, or ended: output tells */
		l->input_open = false;
		n = (ssize_t)(l->input.len - l->input_done);
	}
	l->input_done += (size_t)n;
	if (l->input_done == l->input.len) {
		strbuf_clear(&l->input);
		l->input_done = 0;
	}
}

/* ---- the loop ------------------------------------------------------------ */

enum { CONN, SIGNALS, INPUT, OUT, ERROUT, WATCHED };

/* What to wait for now. An fd of -1 is not looked at (poll(2)). */
static void prepare(const struct loop *l, struct pollfd p[WATCHED])
{
	bool sending = l->input.len > 0;
	bool writing = pending(&l->out) || pending(&l->errout);

	p[CONN] = (struct pollfd){ l->s->conn->fd, (short)((writing ? 0 : POLLIN) | (sending ? POLLOUT : 0)), 0 };
	if (!p[CONN].events)
		p[CONN].fd = -1; /* POLLHUP is always reported, and would spin */
	p[SIGNALS] = (struct pollfd){ l->s->signals, POLLIN, 0 };
	p[INPUT] = (struct pollfd){ l->input_open && !sending ? STDIN_FILENO : -1, POLLIN, 0 };
	p[OUT] = (struct pollfd){ pending(&l->out) ? l->out.fd : -1, POLLOUT, 0 };
	p[ERROUT] = (struct pollfd){ pending(&l->errout) ? l->errout.fd : -1, POLLOUT, 0 };
}

static int step(struct loop *l, struct err *err)
{
	struct pollfd p[WATCHED];
	bool buffered = l->s->conn->rest.len && !pending(&l->out) && !pending(&l->errout);

	prepare(l, p);
	if (poll(p, WATCHED, buffered ? 0 : l->resizes ? RESIZE_PAUSE_MS : -1) < 0 && errno != EINTR)
		return err_sys(err, "poll");
	if (p[SIGNALS].revents && take_signals(l->s, &l->resizes, err))
		return -1;
	if (l->resizes)
		l->resizes = resize(l->s, 0) ? l->resizes - 1 : 0;
	if (p[OUT].revents && drain(&l->out, err))
		return -1;
	if (p[ERROUT].revents && drain(&l->errout, err))
		return -1;
	if (p[CONN].revents & POLLOUT)
		send_input(l);
	if (p[INPUT].revents)
		read_input(l);
	if (buffered || p[CONN].revents & (POLLIN | POLLHUP | POLLERR))
		return receive(l, err);
	return 0;
}

static bool going_on(const struct loop *l)
{
	if (l->s->detached)
		return false;
	if (pending(&l->out) || pending(&l->errout))
		return true;
	return l->output_open && (l->s->output || l->input_open || l->input.len);
}

static int start_raw(struct loop *l, struct err *err)
{
	const char *keys = l->s->keys ? l->s->keys : CLI_DETACH_DEFAULT;

	if (!l->s->tty || !l->s->input || !isatty(STDIN_FILENO))
		return 0;
	if (cli_detach_parse(&l->detach, keys, err))
		return -1;
	if (kern_tty_raw(STDIN_FILENO, &l->saved, err))
		return err_wrap(err, "unable to set IO streams as raw terminal");
	l->raw = true;
	return 0;
}

int cli_session_run(struct cli_session *s, struct err *err)
{
	struct loop l = {
		.s = s, .out = { .fd = 1 }, .errout = { .fd = 2 },
		.input_open = s->input, .output_open = true,
		.resizes = s->tty && isatty(STDOUT_FILENO) ? RESIZE_TRIES : 0,
	};
	int rc = start_raw(&l, err);

	fflush(stdout);
	if (!s->input) /* the daemon reads until our end of the stream */
		cli_conn_half_close(s->conn);
	while (!rc && going_on(&l))
		rc = step(&l, err);
	if (l.raw)
		kern_tty_restore(STDIN_FILENO, &l.saved);
	strbuf_free(&l.out.data);
	strbuf_free(&l.errout.data);
	strbuf_free(&l.input);
	return rc;
}

void cli_session_end(struct cli_session *s)
{
	cli_signals_close(s->signals);
	s->signals = -1;
}

/* ---- the container's end ------------------------------------------------- */

int cli_session_watch(struct cli_session *s, struct cli_conn *wait, bool removed, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/containers/%s/wait?condition=%s", s->id,
					 removed ? "removed" : "next-exit");

	return cli_conn_wait(wait, &s->cli->api, path, err);
}

static int read_status(const char *text, size_t n, int *status, struct err *err)
{
	AUTO_JSON json_t *doc = n ? jsonx_parse(text, n, "the daemon's answer", err) : NULL;
	const char *message = jsonx_str(json_object_get(doc, "Error"), "Message", "");

	if (!n)
		return err_set(err, ERR_UNAVAILABLE, "error during connect: the daemon closed the connection");
	if (!doc)
		return -1;
	*status = (int)jsonx_int(doc, "StatusCode", CLI_STATUS_DAEMON);
	return *message ? err_set(err, ERR_SYSTEM, "%s", message) : 0;
}

int cli_session_wait(struct cli_session *s, struct cli_conn *wait, int *status, struct err *err)
{
	AUTO_STRBUF struct strbuf got = STRBUF_INIT;
	char buf[4096];
	ssize_t n = 1;
	int resizes = 0;

	while (n && got.len < ANSWER_LIMIT) {
		struct pollfd p[] = { { wait->fd, POLLIN, 0 }, { s->signals, POLLIN, 0 } };

		if (!wait->rest.len && poll(p, 2, -1) < 0 && errno != EINTR)
			return err_sys(err, "poll");
		if (p[1].revents && take_signals(s, &resizes, err))
			return -1;
		n = cli_conn_read(wait, buf, sizeof buf);
		if (n < 0 && errno != EAGAIN)
			return err_set(err, ERR_UNAVAILABLE, "wait: the daemon closed the connection");
		if (n > 0)
			strbuf_add(&got, buf, (size_t)n);
	}
	return read_status(got.data ? got.data : "", got.len, status, err);
}
