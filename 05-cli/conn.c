/*
 * conn.c - see conn.h.
 */
#include "conn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"

#define HEADER_LIMIT (64u << 10)
#define CHUNK 32768
#define BODY_LIMIT (64u << 10) /* of an error */

ssize_t cli_conn_read(struct cli_conn *conn, char *buf, size_t size)
{
	size_t n = 0;

	if (conn->rest.len) {
		n = conn->rest.len < size ? conn->rest.len : size;
		memcpy(buf, conn->rest.data, n);
		conn->rest.len -= n;
		memmove(conn->rest.data, conn->rest.data + n, conn->rest.len);
		return (ssize_t)n;
	}
	CURLcode code = curl_easy_recv(conn->easy, buf, size, &n);
	if (code == CURLE_OK)
		return (ssize_t)n;
	errno = code == CURLE_AGAIN ? EAGAIN : EIO;
	return -1;
}

ssize_t cli_conn_write(struct cli_conn *conn, const char *buf, size_t n)
{
	size_t sent = 0;
	CURLcode code = curl_easy_send(conn->easy, buf, n, &sent);

	if (code == CURLE_OK)
		return (ssize_t)sent;
	errno = code == CURLE_AGAIN ? EAGAIN : EPIPE;
	return -1;
}

/* TLS has its own way to say this, which libcurl does not give; the daemon
 * then sees the TCP connection's end, and takes it for the same. */
void cli_conn_half_close(struct cli_conn *conn)
{
	shutdown(conn->fd, SHUT_WR);
}

void cli_conn_free(struct cli_conn *conn)
{
	trace_end(&conn->span, "POST %s", conn->what);
	free(conn->what);
	if (conn->easy)
		curl_easy_cleanup(conn->easy);
	strbuf_free(&conn->rest);
	*conn = (struct cli_conn)CLI_CONN_INIT;
}

/* ---- the request --------------------------------------------------------- */

static int wait_for(const struct cli_conn *conn, short events)
{
	struct pollfd p = { conn->fd, events, 0 };

	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return -1;
	return 0;
}

static int connect_to(struct cli_conn *conn, struct cli_api *api, const char *path, struct err *err)
{
	char detail[CURL_ERROR_SIZE] = "";
	curl_socket_t fd = CURL_SOCKET_BAD;

	conn->easy = curl_easy_init();
	if (!conn->easy)
		return err_set(err, ERR_SYSTEM, "libcurl: no handle");
	cli_api_aim(api, conn->easy);
	curl_easy_setopt(conn->easy, CURLOPT_URL, api->host.base);
	curl_easy_setopt(conn->easy, CURLOPT_CONNECT_ONLY, 1L);
	/* With TLS, HTTP/2 would be agreed on: these bytes are HTTP/1. */
	curl_easy_setopt(conn->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(conn->easy, CURLOPT_ERRORBUFFER, detail);
	CURLcode code = curl_easy_perform(conn->easy);
	curl_easy_setopt(conn->easy, CURLOPT_ERRORBUFFER, NULL);
	if (code != CURLE_OK)
		return cli_api_transfer_error(api, conn->easy, code, detail, "POST", path, err);
	curl_easy_getinfo(conn->easy, CURLINFO_ACTIVESOCKET, &fd);
	conn->fd = fd;
	return 0;
}

int cli_conn_open(struct cli_conn *conn, struct cli_api *api, struct err *err)
{
	return connect_to(conn, api, "", err);
}

static int lost(const struct cli_api *api, const char *path, const char *why, struct err *err)
{
	return err_set(err, ERR_UNAVAILABLE, "error during connect: POST \"%s%s\": %s", api->host.base,
		       path, why);
}

static int send_all(struct cli_conn *conn, const char *data, size_t n)
{
	while (n) {
		ssize_t sent = cli_conn_write(conn, data, n);
		if (sent < 0 && errno != EAGAIN)
			return -1;
		if (sent < 0 && wait_for(conn, POLLOUT))
			return -1;
		if (sent > 0) {
			data += sent;
			n -= (size_t)sent;
		}
	}
	return 0;
}

/* Read more into sb; 0 at the end of the stream. */
static ssize_t read_more(struct cli_conn *conn, struct strbuf *sb)
{
	char buf[4096];
	ssize_t n;

	while ((n = cli_conn_read(conn, buf, sizeof buf)) < 0)
		if (errno != EAGAIN || wait_for(conn, POLLIN))
			return -1;
	strbuf_add(sb, buf, (size_t)n);
	return n;
}

/* ---- the answer's header ------------------------------------------------- */

/* The value of Content-Length, or -1. */
static long content_length(const char *header)
{
	const char *at = strcasestr(header, "\r\ncontent-length:");

	return at ? strtol(at + strlen("\r\ncontent-length:"), NULL, 10) : -1;
}

/* The body of an error is small, and as long as Content-Length says. */
static int read_error(struct cli_conn *conn, struct cli_api *api, const char *path, struct strbuf *got,
		      size_t start, struct err *err)
{
	long want = content_length(got->data);
	size_t limit = want < 0 || want > (long)BODY_LIMIT ? BODY_LIMIT : (size_t)want;

	while (want && got->len - start < limit && read_more(conn, got) > 0)
		;
	size_t n = got->len - start < limit ? got->len - start : limit;
	return cli_api_status_error(api, conn->status, path, got->data + start, n, err);
}

static int read_header(struct cli_conn *conn, struct cli_api *api, const char *path, struct err *err)
{
	AUTO_STRBUF struct strbuf got = STRBUF_INIT;
	const char *end;
	int minor;

	strbuf_reserve(&got, 4096);
	while (!(end = strstr(got.data, "\r\n\r\n"))) {
		if (got.len > HEADER_LIMIT || memchr(got.data, 0, got.len))
			return lost(api, path, "the answer is no HTTP", err);
		if (read_more(conn, &got) <= 0)
			return lost(api, path, "the daemon closed the connection", err);
	}
	if (sscanf(got.data, "HTTP/1.%1d %3ld", &minor, &conn->status) != 2)
		return lost(api, path, "the answer is no HTTP", err);
	size_t start = (size_t)(end - got.data) + 4;
	if (conn->status >= 300 || conn->status < 100)
		return read_error(conn, api, path, &got, start, err);
	strbuf_add(&conn->rest, got.data + start, got.len - start);
	return 0;
}

/* Beside the requests that are made meanwhile, which have nothing to do with it. */
static const char *begin_span(struct cli_conn *conn, const char *path, char out[TRACE_TEXT_SIZE])
{
	struct trace_context before = trace_now;

	conn->span = trace_begin();
	conn->what = xstrdup(path);
	trace_text(out);
	trace_switch(before);
	return out;
}

static int ask(struct cli_conn *conn, struct cli_api *api, const char *path, const char *version,
	       const char *headers, const json_t *body, struct err *err)
{
	AUTO_FREE char *text = body ? jsonx_text(body) : xstrdup("");
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	char trace[TRACE_TEXT_SIZE];

	if (cli_api_negotiate(api, err) || connect_to(conn, api, path, err))
		return -1;
	log_debug("POST /v%s%s %s", api->version, path, text);
	strbuf_addf(&sb, "POST /v%s%s %s\r\nHost: %s\r\nUser-Agent: Docker-Client/dockyard\r\n%s",
		    api->version, path, version, api->host.name, headers);
	if (*begin_span(conn, path, trace))
		strbuf_addf(&sb, "traceparent: %s\r\n", trace);
	strbuf_addf(&sb, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		    strlen(text), text);
	if (send_all(conn, sb.data, sb.len))
		return lost(api, path, "the daemon closed the connection", err);
	return read_header(conn, api, path, err);
}

int cli_conn_upgrade(struct cli_conn *conn, struct cli_api *api, const char *path,
		     const json_t *body, struct err *err)
{
	if (ask(conn, api, path, "HTTP/1.1", "Connection: Upgrade\r\nUpgrade: tcp\r\n", body, err))
		return -1;
	if (conn->status == 101 || conn->status == 200)
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "unable to upgrade to tcp, received %ld", conn->status);
}

int cli_conn_wait(struct cli_conn *conn, struct cli_api *api, const char *path, struct err *err)
{
	return ask(conn, api, path, "HTTP/1.0", "Connection: close\r\n", NULL, err);
}

/* ---- carrying ------------------------------------------------------------ */

static int cut(const char *what, struct err *err)
{
	return err_sys(err, "failed to copy to and from the daemon: %s", what);
}

/* 1 when this direction is over. */
static int carry_in(struct cli_conn *conn, int in, char *buf, struct err *err)
{
	ssize_t n = read(in, buf, CHUNK);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n > 0)
		return send_all(conn, buf, (size_t)n) ? cut("write", err) : 0;
	cli_conn_half_close(conn);
	return 1;
}

/* All of it to `out`, which may be one that does not block. */
static int put_all(int out, const char *data, size_t n, int stop, struct err *err)
{
	while (n) {
		struct pollfd p[2] = { { out, POLLOUT, 0 }, { stop, POLLIN, 0 } };
		ssize_t put = write(out, data, n);

		if (put < 0 && errno != EINTR && errno != EAGAIN)
			return cut("write", err);
		if (put < 0 && ((poll(p, 2, -1) < 0 && errno != EINTR) || p[1].revents))
			return err_set(err, ERR_CANCELLED, "nobody reads any more");
		data += put > 0 ? put : 0;
		n -= put > 0 ? (size_t)put : 0;
	}
	return 0;
}

static int carry_out(struct cli_conn *conn, int out, int stop, char *buf, struct err *err)
{
	ssize_t n = cli_conn_read(conn, buf, CHUNK);

	if (n < 0 && errno == EAGAIN)
		return 0;
	return n > 0 ? put_all(out, buf, (size_t)n, stop, err) : 1;
}

int cli_conn_carry(struct cli_conn *conn, int in, int out, int stop, struct err *err)
{
	AUTO_FREE char *buf = xmalloc(CHUNK);

	for (;;) {
		struct pollfd p[] = { { conn->fd, POLLIN, 0 }, { in, POLLIN, 0 }, { stop, POLLIN, 0 } };
		int rc = poll(p, 3, conn->rest.len ? 0 : -1) < 0 && errno != EINTR ? cut("poll", err) : 0;

		if (!rc && p[2].revents)
			return 0;
		if (!rc && (p[0].revents || conn->rest.len))
			rc = carry_out(conn, out, stop, buf, err);
		if (rc)
			return rc < 0 ? -1 : 0;
		rc = p[1].revents ? carry_in(conn, in, buf, err) : 0;
		if (rc < 0)
			return -1;
		if (rc)
			in = -1;
	}
}
