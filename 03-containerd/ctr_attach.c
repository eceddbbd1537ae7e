/*
 * ctr_attach.c - this terminal and a container's (ctr.h).
 *
 *     our stdin ──▶ attach socket ──▶ our stdout, stderr
 *
 * A container's terminal comes as it is, and ours is raw meanwhile, so that every key
 * goes there. Pipes come in Docker's frames: stream, three zeros, length, bytes.
 */
#include "ctr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/tty.h"

#define CHUNK 32768

json_t *ctr_console_size(void)
{
	unsigned short rows, cols;
	struct err err;

	if (!isatty(0) || kern_tty_size(0, &rows, &cols, &err))
		return NULL;
	return json_pack("[i, i]", rows, cols);
}

int ctr_session_open(struct ctr_session *s, const char *attach, struct err *err)
{
	s->fd = ctrd_attach(attach, s->has_stdin, 1, 1, err);
	return s->fd < 0 ? -1 : 0;
}

void ctr_session_close(struct ctr_session *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* /v1/tasks/ID or /v1/tasks/ID/execs/EXEC; the caller frees. */
static char *path_of(const char *id, const char *exec_id)
{
	AUTO_FREE char *task = ctrd_escape(id);
	AUTO_FREE char *exec = exec_id ? ctrd_escape(exec_id) : NULL;

	return exec ? xasprintf("/v1/tasks/%s/execs/%s", task, exec)
		    : xasprintf("/v1/tasks/%s", task);
}

int ctr_wait(struct ctr *c, const char *id, const char *exec_id, struct err *err)
{
	AUTO_FREE char *path = path_of(id, exec_id);
	AUTO_JSON json_t *end = ctr_call(c, "POST", NULL, err, "%s/wait", path);

	return end ? (int)jsonx_int(end, "exitStatus", 255) : -1;
}

/* --- output --------------------------------------------------------------------------------------- */

/* One frame, or what a terminal has to say. False at the end. */
static bool take_output(struct ctr_session *s)
{
	static char buf[CHUNK];
	uint32_t header[2];
	size_t left;

	if (s->terminal) {
		ssize_t n = read(s->fd, buf, sizeof buf);

		return n > 0 && !io_write_full(1, buf, (size_t)n);
	}
	if (io_read_full(s->fd, header, sizeof header) != (ssize_t)sizeof header)
		return false;
	for (left = ntohl(header[1]); left;) {
		size_t want = left < sizeof buf ? left : sizeof buf;

		if (io_read_full(s->fd, buf, want) != (ssize_t)want ||
		    io_write_full(ntohl(header[0]) >> 24 == 2 ? 2 : 1, buf, want))
			return false;
		left -= want;
	}
	return true;
}

/* False when there is no more input. */
static bool take_input(struct ctr_session *s)
{
	char buf[4096];
	ssize_t n = read(0, buf, sizeof buf);

	if (n > 0 && !io_write_full(s->fd, buf, (size_t)n))
		return true;
	if (n < 0 && errno == EINTR)
		return true;
	shutdown(s->fd, SHUT_WR);
	return false;
}

/* --- signals --------------------------------------------------------------------------------------- */

static void resize(struct ctr_session *s)
{
	AUTO_FREE char *path = path_of(s->id, s->exec_id);
	AUTO_JSON json_t *body = NULL, *done = NULL;
	unsigned short rows, cols;
	struct err err;

	if (kern_tty_size(0, &rows, &cols, &err))
		return;
	body = json_pack("{s:i, s:i}", "height", rows, "width", cols);
	done = ctr_call(s->c, "POST", body, &err, "%s/resize", path);
}

/* Ours become the container's; a window's new size goes to its terminal. */
static void take_signal(struct ctr_session *s, int signals)
{
	AUTO_FREE char *path = path_of(s->id, s->exec_id);
	AUTO_JSON json_t *body = NULL, *done = NULL;
	struct signalfd_siginfo info;
	struct err err;

	if (read(signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	if (info.ssi_signo == SIGWINCH) {
		if (s->terminal)
			resize(s);
		return;
	}
	body = json_pack("{s:i}", "signal", (int)info.ssi_signo);
	done = ctr_call(s->c, "POST", body, &err, "%s/kill", path);
}

static int take_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void pump(struct ctr_session *s, int signals)
{
	struct pollfd p[] = {
		{ .fd = s->fd, .events = POLLIN },
		{ .fd = s->has_stdin ? 0 : -1, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};

	for (;;) {
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return;
		if (p[0].revents && !take_output(s))
			return;
		if (p[1].revents && !take_input(s))
			p[1].fd = -1;
		if (p[2].revents)
			take_signal(s, signals);
	}
}

void ctr_session_run(struct ctr_session *s)
{
	bool raw = s->terminal && s->has_stdin && isatty(0);
	AUTO_CLOSE int signals = take_signals();
	struct termios saved;
	struct err err;

	if (raw && kern_tty_raw(0, &saved, &err))
		raw = false;
	pump(s, signals);
	if (raw)
		kern_tty_restore(0, &saved);
}
