/*
 * shimctl.c - see shimctl.h.
 */
#include "shimctl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/spawn.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/ns.h"
#include "01-kernel/tty.h"
#include "wire.h"

#define START_SECONDS 30
#define SHIM_COMM "containerd-shim\n" /* in /proc: fifteen letters at most */
#define LINE_MAX_BYTES (1 << 20)

/* --- starting ---------------------------------------------------------------------------- */

/* Take what there is of the line, and nothing of what follows it, which may be events. A
 * socket lets us look first; the pipe of a shim that starts is read byte by byte. 1: that was
 * the end of the line. -1: nobody is there any more. */
static int take_some(int fd, struct strbuf *line)
{
	char buf[4096];
	ssize_t n = recv(fd, buf, sizeof buf, MSG_PEEK);
	const char *nl;

	if (n < 0 && errno == ENOTSOCK)
		n = read(fd, buf, 1);
	else if (n > 0) {
		nl = memchr(buf, '\n', (size_t)n);
		n = recv(fd, buf, nl ? (size_t)(nl - buf) + 1 : (size_t)n, 0);
	}
	if (n < 0 && errno == EINTR)
		return 0;
	if (n <= 0)
		return -1;
	strbuf_add(line, buf, (size_t)n);
	return buf[n - 1] == '\n';
}

/* Read a line, for at most `seconds`; 0: however long it takes. */
static int read_line(int fd, struct strbuf *line, int seconds, struct err *err)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int rc = 0;

	while (!rc) {
		if (seconds && !poll(&p, 1, seconds * 1000))
			return err_set(err, ERR_TIMEOUT, "the shim does not answer");
		rc = take_some(fd, line);
		if (line->len > LINE_MAX_BYTES)
			return err_set(err, ERR_CORRUPT, "the shim's answer is too long");
	}
	return rc < 0 ? err_set(err, ERR_UNAVAILABLE, "the shim has gone") : 0;
}

static json_t *parse_answer(const struct strbuf *line, struct err *err)
{
	AUTO_JSON json_t *doc = jsonx_parse(line->data, line->len, "the shim's answer", err);
	const char *spans = jsonx_str(doc, "spans", "");

	trace_import(spans, strlen(spans));
	if (!doc || ctrd_wire_check(doc, err))
		return NULL;
	return steal_ptr(&doc);
}

int ctrd_shim_start(const char *shim, const char *bundle, struct err *err)
{
	char *argv[] = { (char *)shim, (char *)"--bundle", (char *)bundle, NULL };
	AUTO_STRBUF struct strbuf line = STRBUF_INIT;
	AUTO_CLOSE int ours = -1, theirs = -1;
	AUTO_JSON json_t *doc = NULL;
	int p[2], status;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		return err_sys(err, "pipe");
	ours = p[0];
	theirs = p[1];
	if (spawn_program(argv, NULL, (int[3]){ -1, theirs, STDERR_FILENO }, false, &pid, err))
		return err_errno(err, err->errnum, "start the shim %s", shim);
	close(steal_fd(&theirs)); /* so that its death reads as end of file */
	spawn_wait(pid, &status);
	if (read_line(ours, &line, START_SECONDS, err))
		return err_wrap(err, "start the shim");
	doc = parse_answer(&line, err);
	return doc ? 0 : err_wrap(err, "start the shim");
}

/* --- talking ------------------------------------------------------------------------------- */

static int send_request(int fd, const char *op, json_t *args, struct err *err)
{
	AUTO_JSON json_t *req = args ? args : json_object();
	AUTO_FREE char *text = NULL, *line = NULL;
	char trace[TRACE_TEXT_SIZE];

	json_object_set_new(req, "op", json_string(op));
	if (trace_active())
		json_object_set_new(req, "traceparent", json_string(trace_text(trace)));
	text = jsonx_text(req);
	line = xasprintf("%s\n", text);
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		return err_set(err, ERR_UNAVAILABLE, "the shim has gone");
	return 0;
}

/* Connect, ask, and read one answer. `seconds` 0: however long it takes. */
static int ask(const char *bundle, const char *op, json_t *args, int seconds, json_t **result,
	       struct err *err)
{
	AUTO_STRBUF struct strbuf line = STRBUF_INIT;
	AUTO_FREE char *path = xasprintf("%s/shim.sock", bundle);
	AUTO_CLOSE int fd = kern_unix_connect(path, err);
	AUTO_JSON json_t *doc = NULL;

	if (fd < 0) {
		json_decref(args);
		err->kind = ERR_UNAVAILABLE;
		return err_wrap(err, "the shim");
	}
	if (send_request(fd, op, args, err) || read_line(fd, &line, seconds, err))
		return -1;
	doc = parse_answer(&line, err);
	if (!doc)
		return -1;
	*result = json_incref(json_object_get(doc, "result"));
	return steal_fd(&fd);
}

json_t *ctrd_shim_call(const char *bundle, const char *op, json_t *args, struct err *err)
{
	json_t *result = NULL;
	AUTO_CLOSE int fd = ask(bundle, op, args, 0, &result, err);

	return fd < 0 ? NULL : result;
}

int ctrd_shim_subscribe(const char *bundle, int seconds, json_t **state, struct err *err)
{
	return ask(bundle, "subscribe", NULL, seconds, state, err);
}

void ctrd_shim_kill(int fd)
{
	struct ucred peer;
	socklen_t n = sizeof peer;

	if (fd >= 0 && !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) && peer.pid > 1)
		kill(peer.pid, SIGKILL);
}

/* A pidfd of the shim; -1: it has gone, and the number may be another process's. */
static int open_shim(const char *bundle)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT, name = STRBUF_INIT;
	AUTO_FREE char *file = xasprintf("%s/shim.pid", bundle), *comm = NULL;
	AUTO_CLOSE int pidfd = -1;
	struct err ignored;

	if (file_read(AT_FDCWD, file, &text, 64, &ignored) || strtol(text.data, NULL, 10) <= 1)
		return -1;
	pidfd = kern_pidfd_open((pid_t)strtol(text.data, NULL, 10), &ignored);
	comm = xasprintf("/proc/%ld/comm", strtol(text.data, NULL, 10));
	if (pidfd < 0 || file_read(AT_FDCWD, comm, &name, 64, &ignored) ||
	    strcmp(name.data, SHIM_COMM))
		return -1;
	return steal_fd(&pidfd);
}

void ctrd_shim_await_death(const char *bundle, int seconds)
{
	AUTO_CLOSE int pidfd = open_shim(bundle);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	if (pidfd >= 0 && !poll(&p, 1, seconds * 1000))
		log_warn("%s: the shim is still there", bundle);
}
