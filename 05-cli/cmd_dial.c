/*
 * cmd_dial.c - docker system dial-stdio: stdin and stdout become a connection to
 * the daemon. It is what an ssh:// host runs on the other machine (ssh.h).
 */
#include <errno.h>
#include <poll.h>

#include "01-kernel/base/file.h"
#include "conn.h"
#include "verbs.h"

#define CHUNK 32768

static int lost(const char *what, struct err *err)
{
	return err_sys(err, "failed to copy between stdin, stdout and the daemon: %s", what);
}

/* All of it, however little the connection takes at a time. */
static int send_all(struct cli_conn *conn, const char *data, size_t n, struct err *err)
{
	while (n) {
		struct pollfd p = { conn->fd, POLLOUT, 0 };
		ssize_t sent = cli_conn_write(conn, data, n);
		if (sent < 0 && errno != EAGAIN)
			return lost("write", err);
		if (sent < 0 && poll(&p, 1, -1) < 0 && errno != EINTR)
			return lost("poll", err);
		data += sent > 0 ? sent : 0;
		n -= sent > 0 ? (size_t)sent : 0;
	}
	return 0;
}

/* 1 when this direction is over. */
static int from_stdin(struct cli_conn *conn, char *buf, struct err *err)
{
	ssize_t n = read(STDIN_FILENO, buf, CHUNK);

	if (n < 0 && errno == EINTR)
		return 0;
	if (n > 0)
		return send_all(conn, buf, (size_t)n, err);
	cli_conn_half_close(conn);
	return 1;
}

static int to_stdout(struct cli_conn *conn, char *buf, struct err *err)
{
	ssize_t n = cli_conn_read(conn, buf, CHUNK);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return 1;
	return io_write_full(STDOUT_FILENO, buf, (size_t)n) ? lost("write", err) : 0;
}

static int carry(struct cli_conn *conn, struct err *err)
{
	AUTO_FREE char *buf = xmalloc(CHUNK);
	bool input = true;

	for (;;) {
		struct pollfd p[] = { { conn->fd, POLLIN, 0 }, { input ? STDIN_FILENO : -1, POLLIN, 0 } };
		int rc = poll(p, 2, -1) < 0 && errno != EINTR ? lost("poll", err) : 0;
		if (!rc && p[0].revents)
			rc = to_stdout(conn, buf, err);
		if (rc)
			return rc < 0 ? -1 : 0;
		rc = p[1].revents ? from_stdin(conn, buf, err) : 0;
		if (rc < 0)
			return -1;
		input = input && !rc;
	}
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct cli_conn conn = CLI_CONN_INIT;

	(void)options;
	(void)args;
	(void)n;
	int rc = cli_conn_open(&conn, &cli->api, err);
	if (!rc)
		rc = carry(&conn, err);
	cli_conn_free(&conn);
	return rc;
}

const struct cli_command cli_cmd_dial = {
	.usage = "", .summary = "Proxy the stdio stream to the daemon connection. Should not be invoked manually.",
	.run = run,
};
