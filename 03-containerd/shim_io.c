/*
 * shim_io.c - a process's standard streams: pipes, or a terminal.
 *
 *     pipes      process 1,2 ──▶ out[0], out[1]        in ──▶ process 0
 *     terminal   master ──▶ out[0]                     in ──▶ master (a duplicate)
 *
 * Nothing here blocks and nothing is unbounded. Output is read only while the log
 * and every client can take it, input from clients only while the process took
 * what came before: what cannot be passed on stays in the pipe, and the writer
 * waits, as it would for a slow terminal.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/tty.h"

#define LOG_RETRY_MS 250
#define PIPE_MAX (1 << 20) /* what a pipe may hold: /proc/sys/fs/pipe-max-size */

static void output_ready(struct shim_io *io, enum shim_stream stream);
static void on_stdout(void *owner, uint32_t events)
{
	(void)events;
	output_ready(owner, SHIM_STDOUT);
}

static void on_stderr(void *owner, uint32_t events)
{
	(void)events;
	output_ready(owner, SHIM_STDERR);
}

static void on_input(void *owner, uint32_t events)
{
	(void)events;
	shim_io_input(owner, "", 0);
}

/* --- opening ----------------------------------------------------------------------- */

static int set_nonblocking(int fd, struct err *err)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK))
		return err_sys(err, "fcntl");
	return 0;
}

/* Our end does not block; the process's end is as a program expects it. */
static int make_pipe(int *ours, int *theirs, bool we_read, struct err *err)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC))
		return err_sys(err, "pipe");
	*ours = p[we_read ? 0 : 1];
	*theirs = p[we_read ? 1 : 0];
	return set_nonblocking(*ours, err);
}

static int open_pipes(struct shim_io *io, bool want_in, struct err *err)
{
	static void (*const ready[])(void *, uint32_t) = { on_stdout, on_stderr };
	int ours = -1;

	for (int i = 0; i < SHIM_STREAMS; i++) {
		int rc = make_pipe(&ours, &io->child[i + 1], true, err);

		shim_watch_init(&io->out[i], ours, ready[i], io);
		if (rc)
			return -1;
	}
	if (want_in) {
		int rc = make_pipe(&ours, &io->child[0], false, err);

		shim_watch_init(&io->in, ours, on_input, io);
		return rc;
	}
	return 0;
}

/* The runtime's connection carries one message: the terminal's master. */
static void on_console_message(void *owner, uint32_t events)
{
	struct shim_io *io = owner;
	char name[256];
	struct err err;
	int master = kern_fd_recv(io->console_watch.fd, name, sizeof name, &err);
	int copy = master < 0 ? -1 : fcntl(master, F_DUPFD_CLOEXEC, 3);

	(void)events;
	shim_watch_close(&io->shim->loop, &io->console_watch);
	if (master < 0) {
		log_error("console socket: %s", err.msg);
		return;
	}
	if (set_nonblocking(master, &err)) /* the duplicate shares the flag */
		log_error("console: %s", err.msg);
	shim_watch_init(&io->out[SHIM_STDOUT], master, on_stdout, io);
	shim_watch_init(&io->in, copy, on_input, io);
	if (io->rows && io->cols && kern_tty_resize(master, io->rows, io->cols, &err))
		log_error("%s", err.msg);
	shim_io_update(io);
}

static void on_console_connect(void *owner, uint32_t events)
{
	struct shim_io *io = owner;
	int fd = accept4(io->console_watch.fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	shim_watch_close(&io->shim->loop, &io->console_watch);
	unlink(io->console);
	shim_watch_init(&io->console_watch, fd, on_console_message, io);
	shim_watch_set(&io->shim->loop, &io->console_watch, EPOLLIN);
}

static int open_console(struct shim_io *io, const char *name, struct err *err)
{
	int fd;

	io->console = xasprintf("%sconsole.sock", name);
	fd = kern_unix_listen(io->console, 0600, err);
	if (fd < 0)
		return -1;
	shim_watch_init(&io->console_watch, fd, on_console_connect, io);
	shim_watch_set(&io->shim->loop, &io->console_watch, EPOLLIN);
	return 0;
}

int shim_io_open(struct shim_io *io, struct shim *s, bool terminal, bool want_in, const char *name,
		 struct err *err)
{
	io->shim = s;
	io->terminal = terminal;
	return terminal ? open_console(io, name, err) : open_pipes(io, want_in, err);
}

static void close_child_ends(struct shim_io *io)
{
	for (int i = 0; i < 3; i++) {
		if (io->child[i] >= 0)
			close(io->child[i]);
		io->child[i] = -1;
	}
}

int shim_io_started(struct shim_io *io, struct err *err)
{
	close_child_ends(io);
	/* The message may be waiting in the socket while the loop sees the runtime's end first. */
	while (io->terminal && io->out[SHIM_STDOUT].fd < 0 && io->console_watch.fd >= 0)
		io->console_watch.ready(io, 0);
	if (io->terminal && io->out[SHIM_STDOUT].fd < 0)
		return err_set(err, ERR_SYSTEM, "the OCI runtime sent no terminal");
	io->running = true;
	shim_io_update(io);
	return 0;
}

/* --- output -------------------------------------------------------------------------- */

bool shim_io_eof(const struct shim_io *io)
{
	return io->running && io->out[SHIM_STDOUT].fd < 0 && io->out[SHIM_STDERR].fd < 0;
}

static void retry_log(void *owner)
{
	struct shim_io *io = owner;

	shim_log_flush(io->log);
	shim_io_update(io);
}

/* Whoever holds the other end of a pipe although the container is gone is not waited for. */
static bool has_output(const struct shim_io *io, enum shim_stream stream)
{
	struct pollfd p = { .fd = io->running ? io->out[stream].fd : -1, .events = POLLIN };

	return io->afterwards <= PIPE_MAX && poll(&p, 1, 0) > 0 && (p.revents & POLLIN);
}

bool shim_io_logged(struct shim_io *io)
{
	struct timespec now;

	if (!io->log || shim_log_gone(io->log))
		return true;
	if (shim_log_flush(io->log) && (has_output(io, SHIM_STDOUT) || has_output(io, SHIM_STDERR)))
		return false; /* the loop reads it */
	clock_gettime(CLOCK_REALTIME, &now);
	for (int i = 0; i < SHIM_STREAMS && !shim_log_waits(io->log); i++)
		shim_log_end(io->log, (enum shim_stream)i, &now);
	if (!shim_log_pending(io->log))
		return true;
	if (!io->log_retry.at_ms)
		shim_timer_set(&io->shim->loop, &io->log_retry, LOG_RETRY_MS, retry_log, io);
	return false;
}

static void output_ended(struct shim_io *io, enum shim_stream stream, const struct timespec *now)
{
	shim_watch_close(&io->shim->loop, &io->out[stream]);
	if (io->log)
		shim_log_end(io->log, stream, now);
	if (shim_io_eof(io) && io->done)
		shim_attach_finish(io);
	else if (shim_io_eof(io))
		io->on_eof(io->owner);
	shim_leave_if_idle(io->shim);
}

static void output_ready(struct shim_io *io, enum shim_stream stream)
{
	char *buf = io->shim->chunk;
	ssize_t n = read(io->out[stream].fd, buf, SHIM_CHUNK);
	struct timespec now;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	if (n <= 0) { /* a terminal says EIO when its last slave is closed */
		output_ended(io, stream, &now);
		return;
	}
	io->afterwards += io->shim->leaving ? (size_t)n : 0;
	if (io->log)
		shim_log_add(io->log, stream, buf, (size_t)n, &now);
	shim_attach_output(io, stream, buf, (size_t)n);
	shim_io_update(io);
}

/* --- input ---------------------------------------------------------------------------- */

static void close_input(struct shim_io *io)
{
	shim_watch_close(&io->shim->loop, &io->in);
	strbuf_free(&io->input);
	io->input_done = 0;
}

/* Write what is waiting; what is left over stays for EPOLLOUT. */
static void flush_input(struct shim_io *io)
{
	while (io->input_done < io->input.len) {
		ssize_t w = write(io->in.fd, io->input.data + io->input_done,
				  io->input.len - io->input_done);

		if (w < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (w < 0) { /* EPIPE: the process closed its input */
			close_input(io);
			return;
		}
		io->input_done += (size_t)w;
	}
	strbuf_free(&io->input);
	io->input_done = 0;
	if (io->input_ends)
		close_input(io);
}

void shim_io_input(struct shim_io *io, const char *buf, size_t n)
{
	if (io->in.fd < 0)
		return;
	if (n)
		strbuf_add(&io->input, buf, n);
	flush_input(io);
	shim_io_update(io);
}

void shim_io_input_end(struct shim_io *io)
{
	if (io->terminal) /* a terminal does not end; Ctrl-D is a byte of input */
		return;
	io->input_ends = true;
	shim_io_input(io, "", 0);
}

int shim_io_resize(struct shim_io *io, unsigned short rows, unsigned short cols, struct err *err)
{
	if (!io->terminal)
		return err_set(err, ERR_CONFLICT, "the process has no terminal");
	io->rows = rows;
	io->cols = cols;
	if (io->out[SHIM_STDOUT].fd < 0)
		return 0; /* applied when the terminal arrives */
	return kern_tty_resize(io->out[SHIM_STDOUT].fd, rows, cols, err);
}

/* --- what to wait for ------------------------------------------------------------------ */

void shim_io_update(struct shim_io *io)
{
	struct shim_loop *loop = &io->shim->loop;
	bool log_waits = io->log && shim_log_waits(io->log);
	bool read_on = io->running && !io->hold && !log_waits && !shim_attach_full(io);

	if (io->log && io->log->ready.len && !io->log_retry.at_ms)
		shim_timer_set(loop, &io->log_retry, LOG_RETRY_MS, retry_log, io);
	for (int i = 0; i < SHIM_STREAMS; i++) {
		if (read_on)
			shim_watch_set(loop, &io->out[i], EPOLLIN);
		else
			shim_watch_pause(loop, &io->out[i]);
	}
	if (io->input.len)
		shim_watch_set(loop, &io->in, EPOLLOUT);
	else
		shim_watch_pause(loop, &io->in);
	shim_attach_update(io);
	shim_leave_if_idle(io->shim);
}

void shim_io_finish(struct shim_io *io)
{
	io->done = true;
	close_input(io);
	if (!io->hold || shim_io_eof(io))
		shim_attach_finish(io);
}

void shim_io_close(struct shim_io *io)
{
	struct shim_loop *loop = &io->shim->loop;

	shim_attach_close(io);
	close_child_ends(io);
	shim_timer_cancel(loop, &io->log_retry);
	for (int i = 0; i < SHIM_STREAMS; i++)
		shim_watch_close(loop, &io->out[i]);
	close_input(io);
	shim_watch_close(loop, &io->console_watch);
	if (io->console)
		unlink(io->console);
	free(io->console);
	io->console = NULL;
}
