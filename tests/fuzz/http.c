/*
 * http.c - what a client sends to a daemon's socket: the HTTP server (03-containerd/http.h) over libmicrohttpd, with one
 * route of each kind. The input is all that the client ever says; then it listens.
 *
 * Nothing comes back, or HTTP does, and the server serves the next client.
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "01-kernel/base/strbuf.h"
#include "03-containerd/http.h"
#include "fuzz.h"

#define SOCKET_PATH FUZZ_DIR "/http.sock"

/* --- the server ---------------------------------------------------------------------------------- */

static void count(void *arg, const char *value)
{
	*(size_t *)arg += strlen(value);
}

/* Asks everything that a handler may ask. */
static int echo(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	const char *name = http_param(req, "name");
	json_t *body = http_body_json(req, err);
	size_t n = 0;

	(void)daemon;
	http_query_each(req, "x", count, &n);
	http_header_each(req, "Accept", count, &n);
	if (!body)
		return -1;
	MUST(!name || !strchr(name, '/') || strlen(name) > 1);
	http_reply_json(rep, 200, json_pack("{s:O, s:s*, s:i, s:b}", "body", body, "name", name, "n", (int)n, "flag",
					    http_query_bool(req, "flag", 0)));
	return 0;
}

static int swallow(void *state, const void *buf, size_t n, struct err *err)
{
	(void)state;
	return n && *(const char *)buf == '!' ? err_set(err, ERR_INVALID, "enough") : 0;
}

static void release(void *state)
{
	free(state);
}

static int open_sink(struct http_request *req, struct http_sink *sink, void *daemon, struct err *err)
{
	(void)daemon;
	if (http_query(req, "refuse"))
		return err_set(err, ERR_CONFLICT, "refused");
	*sink = (struct http_sink){ xstrdup("state"), swallow, release };
	return 0;
}

static int take(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	(void)daemon;
	(void)err;
	MUST(!strcmp(http_sink_state(req), "state"));
	http_reply_empty(rep, 204);
	return 0;
}

static void produce(struct http_writer *w, void *arg)
{
	struct err err;

	http_write(w, arg, strlen(arg), &err);
}

static int stream(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	(void)req;
	(void)daemon;
	(void)err;
	http_reply_stream(rep, 200, "text/plain", produce, xstrdup("streamed"), free);
	return 0;
}

static void hijacked(int fd, void *arg)
{
	char buf[512];
	ssize_t n = read(fd, buf, sizeof buf);

	if (n > 0 && write(fd, buf, (size_t)n) < 0)
		return;
	(void)arg;
}

static int upgrade(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	(void)req;
	(void)daemon;
	(void)err;
	http_reply_upgrade(rep, "tcp", "text/plain", hijacked, NULL, NULL);
	return 0;
}

static void say(struct http_request *req, struct http_reply *rep, const struct err *err)
{
	(void)req;
	http_reply_bytes(rep, http_status_of(err->kind), "text/plain", err->msg, strlen(err->msg));
}

static const struct http_route routes[] = {
	{ "GET", "/echo/{name}", echo },
	{ "POST", "/echo", echo },
	{ "POST", "/deep/{name...}/end", echo },
	{ "PUT", "/sink", take, open_sink },
	{ "GET", "/stream", stream },
	{ "POST", "/upgrade", upgrade },
	{ NULL },
};

static const struct http_options options = { .routes = routes, .error = say, .body_limit = 4096, .idle_seconds = 5 };

void fuzz_begin(void)
{
	struct err err;

	MUST(http_serve_unix(SOCKET_PATH, 0600, &options, &err));
}

/* --- the client ---------------------------------------------------------------------------------- */

/* Say all of it, then listen to the end; what was said is new. */
static void converse(const void *data, size_t size, struct strbuf *heard)
{
	const struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = SOCKET_PATH };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char buf[4096];
	ssize_t n;

	MUST(!connect(fd, (const struct sockaddr *)&to, sizeof to));
	/* libFuzzer's clock interrupts both. */
	for (size_t at = 0; at < size; at += (size_t)n)
		if ((n = TEMP_FAILURE_RETRY(send(fd, (const char *)data + at, size - at, MSG_NOSIGNAL))) <= 0)
			break;
	shutdown(fd, SHUT_WR);
	while ((n = TEMP_FAILURE_RETRY(read(fd, buf, sizeof buf))) > 0)
		strbuf_add(heard, buf, (size_t)n);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char witness[] = "GET /echo/witness HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n";
	AUTO_STRBUF struct strbuf heard = STRBUF_INIT, seen = STRBUF_INIT;

	converse(data, size, &heard);
	MUST(!heard.len || !strncmp(heard.data, "HTTP/1.", 7));
	converse(witness, sizeof witness - 1, &seen);
	MUST(seen.len && !strncmp(seen.data, "HTTP/1.1 200 ", 13) && strstr(seen.data, "\"witness\""));
	return 0;
}
