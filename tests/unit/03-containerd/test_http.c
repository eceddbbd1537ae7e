/*
 * test_http.c - the HTTP server, spoken to with bytes on a socket: what it must do
 * is in RFC 9110 and 9112, and in what Docker's CLI expects of a hijacked connection.
 */
#include "http.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/trace.h"
#include "suites.h"

static struct err err;
static atomic_int released, sunk;

/* --- the server under test ---------------------------------------------------------------- */

static int echo(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	(void)e;
	http_reply_json(rep, 200, json_pack("{s:s,s:s,s:s?,s:s?,s:s?,s:s}", "method",
					    http_method(req), "path", http_path(req), "name",
					    http_param(req, "name"), "rest",
					    http_param(req, "rest"), "q", http_query(req, "q"),
					    "daemon", (char *)daemon));
	return 0;
}

static void join_values(void *arg, const char *value)
{
	strbuf_addf(arg, "%s|", value);
}

static int repeated(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	AUTO_STRBUF struct strbuf all = STRBUF_INIT;

	(void)daemon, (void)e;
	http_query_each(req, "k", join_values, &all);
	strbuf_addf(&all, "%d%d%d", http_query_bool(req, "yes", 0), http_query_bool(req, "no", 1),
		    http_query_bool(req, "absent", 1));
	http_reply_bytes(rep, 200, "text/plain", all.data, all.len);
	return 0;
}

static int body(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	json_t *doc = http_body_json(req, e);

	(void)daemon;
	if (!doc)
		return -1;
	http_reply_json(rep, 201, json_incref(doc));
	return 0;
}

/* The field "a" of a form, and another that is not there. */
static int form(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	(void)daemon, (void)e;
	http_reply_json(rep, 200, json_pack("{s:s?,s:s?}", "a", http_form(req, "a"), "none",
					    http_form(req, "none")));
	return 0;
}

/* All are let in but Nobody, and nobody is to /one/secret. */
static int admit(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	const char *name = http_param(req, "name");

	(void)daemon;
	if (!http_header(req, "X-Nobody") && !(name && !strcmp(name, "secret")))
		return 0;
	http_reply_header(rep, "X-Card", "please");
	return err_set(e, ERR_PERMISSION, "not you");
}

static int fails(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	(void)req, (void)daemon;
	http_reply_header(rep, "X-Half", "done");
	http_reply_json(rep, 200, json_object());
	return err_set(e, ERR_NO_SPACE, "full");
}

static int nothing(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	(void)req, (void)rep, (void)daemon, (void)e;
	return 0;
}

static int sink_write(void *state, const void *buf, size_t n, struct err *e)
{
	if (memchr(buf, '!', n))
		return err_set(e, ERR_INVALID, "no exclamation marks");
	*(atomic_int *)state += (int)n;
	return 0;
}

static void sink_release(void *state)
{
	(void)state;
	released++;
}

static int open_sink(struct http_request *req, struct http_sink *sink, void *daemon, struct err *e)
{
	(void)daemon;
	if (http_query(req, "refuse"))
		return err_set(e, ERR_PERMISSION, "refused");
	sunk = 0;
	*sink = (struct http_sink){ &sunk, sink_write, sink_release };
	return 0;
}

static int upload(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	(void)daemon, (void)e;
	http_reply_json(rep, 201, json_pack("{s:i}", "size", (int)*(atomic_int *)http_sink_state(req)));
	return 0;
}

static int file(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	(void)req, (void)daemon, (void)e;
	io_write_full(fd, "0123456789", 10);
	http_reply_fd(rep, 206, "text/plain", fd, 3, 4);
	return 0;
}

static void release(void *arg)
{
	(void)arg;
	released++;
}

/* "abcdefghij", two letters at a time; `arg`: where it breaks off. */
static ssize_t letters(void *arg, uint64_t pos, void *buf, size_t max)
{
	if (arg && pos >= strlen(arg))
		return -1;
	if (pos >= 10)
		return 0;
	max = max < 2 ? max : 2;
	memcpy(buf, &"abcdefghij"[pos], max);
	return (ssize_t)max;
}

static int reading(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	static char four[] = "....";

	(void)daemon, (void)e;
	http_reply_read(rep, 200, "text/plain", http_query(req, "unknown") ? HTTP_SIZE_UNKNOWN : 10,
			letters, http_query(req, "broken") ? four : NULL, release);
	return 0;
}

static void three_lines(struct http_writer *w, void *arg)
{
	struct err e;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		json_t *doc = json_pack("{s:i}", "i", i);

		http_write_json(w, doc, &e);
		json_decref(doc);
	}
}

/* Says nothing; ends only because the client, or the server, does. */
static void silent(struct http_writer *w, void *arg)
{
	struct pollfd p = { http_writer_fd(w), POLLIN, 0 };
	struct err e;

	(void)arg;
	poll(&p, 1, 20000);
	EXPECT_INT(http_write(w, "x", 1, &e), -1);
	EXPECT_INT(e.kind, ERR_CANCELLED);
}

static int stream(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	(void)daemon, (void)e;
	http_reply_stream(rep, 200, "application/x-ndjson",
			  http_query(req, "silent") ? silent : three_lines, NULL, release);
	return 0;
}

static void echo_back(int fd, void *arg)
{
	char buf[1000];
	ssize_t n;

	(void)arg;
	io_write_full(fd, "<", 1);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		io_write_full(fd, buf, (size_t)n);
	io_write_full(fd, ">", 1);
}

static int upgrade(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	(void)req, (void)daemon, (void)e;
	http_reply_upgrade(rep, "tcp", "application/vnd.docker.raw-stream", echo_back, NULL, release);
	return 0;
}

static int block(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	struct pollfd p = { http_request_fd(req), POLLRDHUP, 0 };

	(void)rep, (void)daemon;
	poll(&p, 1, 20000);
	released++;
	return err_set(e, ERR_CANCELLED, "gone");
}

/* In which trace the thread is that answers. */
static void say_trace(struct http_writer *w, void *arg)
{
	char text[TRACE_TEXT_SIZE];
	struct err e;

	(void)arg;
	http_write(w, trace_text(text), strlen(trace_text(text)), &e);
	http_write(w, ".", 1, &e);
}

static int traced(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	char text[TRACE_TEXT_SIZE];

	(void)daemon, (void)e;
	if (http_query(req, "stream"))
		http_reply_stream(rep, 200, "text/plain", say_trace, NULL, release);
	else
		http_reply_bytes(rep, 200, "text/plain", trace_text(text), strlen(trace_text(text)));
	return 0;
}

static void on_error(struct http_request *req, struct http_reply *rep, const struct err *e)
{
	(void)req;
	http_reply_json(rep, http_status_of(e->kind), json_pack("{s:s}", "message", e->msg));
}

static const char *before(struct http_request *req, struct http_reply *rep, const char *path,
			  void *daemon, struct err *e)
{
	(void)req, (void)daemon;
	http_reply_header(rep, "Api-Version", "9");
	if (str_starts(path, "/v1.41/"))
		return path + 6;
	if (str_starts(path, "/v0/")) {
		err_set(e, ERR_INVALID, "too old");
		return NULL;
	}
	return path;
}

static const struct http_route routes[] = {
	{ "GET", "/one/{name}", echo, NULL },
	{ "DELETE", "/one/{name}", echo, NULL },
	{ "GET", "/many/{name...}/tags/{rest}", echo, NULL },
	{ "GET", "/many/{name...}", echo, NULL },
	{ "GET", "/repeated", repeated, NULL },
	{ "POST", "/body", body, NULL },
	{ "POST", "/form", form, NULL },
	{ "GET", "/fails", fails, NULL },
	{ "GET", "/nothing", nothing, NULL },
	{ "PUT", "/upload", upload, open_sink },
	{ "GET", "/file", file, NULL },
	{ "GET", "/reading", reading, NULL },
	{ "GET", "/stream", stream, NULL },
	{ "POST", "/upgrade", upgrade, NULL },
	{ "GET", "/block", block, NULL },
	{ "GET", "/traced", traced, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const struct http_options options = {
	.routes = routes, .daemon = "d", .body_limit = 1000, .error = on_error, .before = before,
	.admit = admit,
};

static char *dir, *path;
static struct http_server *server;

static void start(void)
{
	dir = tmp_new("1m");
	path = xasprintf("%s/s.sock", dir);
	released = 0;
	server = http_serve_unix(path, 0600, &options, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(server);
}

static void stop(void)
{
	http_server_stop(server);
	server = NULL;
	free(path);
	tmp_free(dir);
}

/* --- the client ------------------------------------------------------------------------------- */

static int dial(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(sa.sun_path, path);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
		perror("connect");
	return fd;
}

static void say(int fd, const char *text)
{
	EXPECT_INT(io_write_full(fd, text, strlen(text)), 0);
}

/* What comes until `part` was seen, or the end; within five seconds. */
static char *hear(int fd, const char *part)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct pollfd p = { fd, POLLIN, 0 };
	char buf[4096];
	ssize_t n;

	strbuf_reserve(&sb, 1);
	while (poll(&p, 1, 5000) > 0 && (n = read(fd, buf, sizeof(buf))) > 0) {
		strbuf_add(&sb, buf, (size_t)n);
		if (part && strstr(sb.data, part))
			break;
	}
	return strbuf_steal(&sb);
}

/* One request on a connection of its own. */
static char *ask(const char *head, const char *content)
{
	AUTO_CLOSE int fd = dial();
	AUTO_FREE char *text = xasprintf("%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s", head,
					 content ? content : "\r\n");

	say(fd, text);
	return hear(fd, NULL);
}

static void expect_answer(const char *head, const char *content, const char *status,
			  const char *part)
{
	AUTO_FREE char *answer = ask(head, content);
	char line[64];

	snprintf(line, sizeof(line), "HTTP/1.1 %s", status);
	EXPECT_HAS(answer, line);
	EXPECT_HAS(answer, part);
}

static void wait_released(int want)
{
	for (int i = 0; i < 300 && released < want; i++)
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	EXPECT_INT(released, want);
}

/* --- tests ---------------------------------------------------------------------------------------- */

static void test_routes(void)
{
	start();
	expect_answer("GET /one/a%2Fb%20c", NULL, "200", "\"name\":\"a/b c\"");
	expect_answer("GET /one/a?q=%2B+x", NULL, "200", "\"q\":\"+ x\"");
	expect_answer("GET /many/a/b/c", NULL, "200", "\"name\":\"a/b/c\"");
	expect_answer("GET /many/a/tags/b/tags/c", NULL, "200",
		      "\"name\":\"a/tags/b\",\"rest\":\"c\"");
	expect_answer("GET http://host/one/x", NULL, "200", "\"name\":\"x\"");
	expect_answer("GET /v1.41/one/x", NULL, "200", "\"daemon\":\"d\"");
	expect_answer("GET /one/x", NULL, "200", "Api-Version: 9");
	expect_answer("GET /v0/one/x", NULL, "400", "too old");
	expect_answer("GET /one/", NULL, "404", "page not found");
	expect_answer("GET /one/a/b", NULL, "404", "page not found");
	expect_answer("GET /", NULL, "404", "page not found");
	expect_answer("POST /one/x", "Content-Length: 0\r\n\r\n", "405", "Allow: GET, HEAD, DELETE");
	expect_answer("GET /repeated?k=1&j=2&k=3&k=&yes=1&no=false", NULL, "200", "1|3||101");
	expect_answer("GET /nothing", NULL, "204", "Api-Version: 9");
	stop();
}

static void test_refused(void)
{
	AUTO_STRBUF struct strbuf big = STRBUF_INIT;

	start();
	expect_answer("GET /one/a%00b", NULL, "400", "malformed path");
	expect_answer("GET /one/a?x=%00", NULL, "400", "malformed query");
	expect_answer("GET /one/a%zz", NULL, "400", "malformed path");
	expect_answer("GET /one/a%2", NULL, "400", "malformed path");
	strbuf_addf(&big, "X-Big: %0*d\r\n\r\n", 200000, 0);
	{ /* more headers than there is memory for: an error or the end, never an answer */
		AUTO_CLOSE int fd = dial();
		AUTO_FREE char *answer = NULL;

		say(fd, "GET /one/a HTTP/1.1\r\nHost: x\r\n");
		send(fd, big.data, big.len, MSG_NOSIGNAL);
		answer = hear(fd, NULL);
		CU_ASSERT_PTR_NULL(strstr(answer, "200 OK"));
	}
	expect_answer("GET /one/a", NULL, "200", "\"name\":\"a\""); /* still serving */
	stop();
}

static void test_head(void)
{
	AUTO_FREE char *answer = NULL, *streamed = NULL;

	start();
	answer = ask("HEAD /one/x", NULL);
	EXPECT_HAS(answer, "200 OK");
	EXPECT_HAS(answer, "Content-Length: ");
	EXPECT_STR(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	streamed = ask("HEAD /stream", NULL);
	EXPECT_STR(strstr(streamed, "\r\n\r\n"), "\r\n\r\n");
	wait_released(1);
	stop();
}

static void test_bodies(void)
{
	AUTO_STRBUF struct strbuf big = STRBUF_INIT;

	start();
	expect_answer("POST /body", "Content-Length: 7\r\n\r\n{\"a\":1}", "201", "\r\n\r\n{\"a\":1}");
	expect_answer("POST /body", "Transfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":2}\r\n0\r\n\r\n",
		      "201", "{\"a\":2}");
	expect_answer("POST /body", "Content-Length: 0\r\n\r\n", "201", "\r\n\r\n{}");
	expect_answer("POST /body", "Content-Length: 2\r\n\r\n[]", "400", "expected an object");
	expect_answer("POST /body", "Content-Length: 1\r\n\r\n{", "400", "request body");
	expect_answer("POST /body", "Content-Length: 13\r\n\r\n{\"a\":1,\"a\":2}", "400", "request body");
	strbuf_addf(&big, "Content-Length: 1001\r\n\r\n%01001d", 0);
	expect_answer("POST /body", big.data, "413", "larger than 1000 bytes");
	strbuf_clear(&big);
	strbuf_addf(&big, "Transfer-Encoding: chunked\r\n\r\n3e9\r\n%01001d\r\n0\r\n\r\n", 0);
	expect_answer("POST /body", big.data, "413", "larger than 1000 bytes");
	expect_answer("GET /fails", NULL, "507", "\"message\":\"full\"");
	{
		AUTO_FREE char *answer = ask("GET /fails", NULL);

		CU_ASSERT_PTR_NULL(strstr(answer, "X-Half")); /* the handler's own is void */
		EXPECT_HAS(answer, "Api-Version: 9");
	}
	stop();
}

/* Once the route is known, and before the body is: no sink is opened. */
static void test_admission(void)
{
	start();
	expect_answer("GET /one/secret", NULL, "403", "not you");
	expect_answer("GET /one/%73ecret", NULL, "403", "X-Card: please");
	expect_answer("GET /one/other", NULL, "200", "other");
	sunk = 0;
	expect_answer("PUT /upload", "X-Nobody: 1\r\nContent-Length: 5\r\n\r\nhello", "403", "not you");
	EXPECT_INT(sunk, 0);
	EXPECT_INT(released, 0);
	expect_answer("GET /none", "X-Nobody: 1\r\n\r\n", "404", "page not found");
	stop();
}

static void test_form(void)
{
	start();
	expect_answer("POST /form", "Content-Length: 15\r\n\r\nb=1&a=%2B+x&a=2", "200", "{\"a\":\"+ x\",\"none\":null}");
	expect_answer("POST /form", "Content-Length: 9\r\n\r\na=1&b=%zz", "200", "{\"a\":null,\"none\":null}");
	expect_answer("POST /form", "Content-Length: 0\r\n\r\n", "200", "{\"a\":null,\"none\":null}");
	stop();
}

static void test_expect(void)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *first = NULL, *second = NULL;

	start();
	fd = dial();
	say(fd, "POST /body HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	first = hear(fd, "\r\n\r\n");
	EXPECT_STR(first, "HTTP/1.1 100 Continue\r\n\r\n");
	say(fd, "{}");
	second = hear(fd, "{}");
	EXPECT_HAS(second, "201 Created");
	/* what will be refused is refused before it is sent */
	expect_answer("PUT /upload?refuse", "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n", "403",
		      "refused");
	stop();
}

static void test_sink(void)
{
	int fd;

	start();
	expect_answer("PUT /upload", "Content-Length: 5\r\n\r\nhello", "201", "\"size\":5");
	wait_released(1);
	/* an error of the sink is told although the client has more to say */
	expect_answer("PUT /upload", "Content-Length: 12\r\n\r\nhello!!hello", "400", "exclamation");
	wait_released(2);
	expect_answer("PUT /upload?refuse", "Content-Length: 5\r\n\r\nhello", "403", "refused");
	fd = dial();
	say(fd, "PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhello");
	nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
	close(fd); /* vanished */
	wait_released(3);
	stop();
}

static void test_file(void)
{
	start();
	expect_answer("GET /file", NULL, "206", "Content-Length: 4\r\n\r\n3456");
	stop();
}

static void test_reading(void)
{
	AUTO_FREE char *whole = NULL, *chunked = NULL, *broken = NULL, *head = NULL;

	start();
	whole = ask("GET /reading", NULL);
	EXPECT_HAS(whole, "Content-Length: 10\r\n");
	EXPECT_STR(strstr(whole, "\r\n\r\n"), "\r\n\r\nabcdefghij");
	chunked = ask("GET /reading?unknown=1", NULL);
	EXPECT_HAS(chunked, "Transfer-Encoding: chunked\r\n");
	EXPECT_HAS(chunked, "ij\r\n0\r\n\r\n"); /* ended, not cut off */
	broken = ask("GET /reading?unknown=1&broken=1", NULL);
	EXPECT_HAS(broken, "cd\r\n");
	CU_ASSERT_PTR_NULL(strstr(broken, "\r\n0\r\n")); /* it does not look like the end */
	head = ask("HEAD /reading", NULL);
	EXPECT_HAS(head, "Content-Length: 10\r\n");
	EXPECT_STR(strstr(head, "\r\n\r\n"), "\r\n\r\n");
	wait_released(4);
	stop();
}

static void test_stream(void)
{
	AUTO_FREE char *answer = NULL, *head = NULL;
	int fd;

	start();
	answer = ask("GET /stream", NULL);
	EXPECT_HAS(answer, "application/x-ndjson");
	EXPECT_HAS(answer, "{\"i\":0}\n");
	EXPECT_HAS(answer, "{\"i\":2}\n");
	EXPECT_HAS(answer, "\r\n0\r\n\r\n"); /* ended, not cut off */
	wait_released(1);
	fd = dial();
	say(fd, "GET /stream?silent=1 HTTP/1.1\r\nHost: x\r\n\r\n");
	head = hear(fd, "\r\n\r\n"); /* the headers do not wait for the first line */
	EXPECT_HAS(head, "200 OK");
	EXPECT_INT(released, 1);
	close(fd);
	wait_released(2);
	stop();
}

static const char upgrade_request[] =
	"POST /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
	"Content-Length: 2\r\n\r\n{}";

static void test_upgrade(void)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *head = NULL, *echoed = NULL, *rest = NULL;

	start();
	fd = dial();
	say(fd, upgrade_request);
	head = hear(fd, "\r\n\r\n<");
	EXPECT_HAS(head, "HTTP/1.1 101 ");
	EXPECT_HAS(head, "Upgrade: tcp");
	EXPECT_HAS(head, "Content-Type: application/vnd.docker.raw-stream");
	say(fd, "ping");
	echoed = hear(fd, "ping");
	EXPECT_STR(echoed, "ping");
	shutdown(fd, SHUT_WR); /* the CLI's stdin ended: the output goes on */
	rest = hear(fd, NULL);
	EXPECT_STR(rest, ">");
	wait_released(1);
	stop();
}

/* A client may speak before it has seen the 101: not a byte is lost. */
static void test_early_bytes(void)
{
	AUTO_CLOSE int fd = -1;
	AUTO_STRBUF struct strbuf all = STRBUF_INIT;
	AUTO_FREE char *answer = NULL;

	start();
	fd = dial();
	strbuf_addf(&all, "%searly", upgrade_request);
	say(fd, all.data);
	shutdown(fd, SHUT_WR);
	answer = hear(fd, NULL);
	EXPECT_STR(strstr(answer, "\r\n\r\n"), "\r\n\r\n<early>");
	wait_released(1);
	expect_answer("POST /upgrade", "Content-Length: 0\r\n\r\n", "200", ">\r\n0\r\n"); /* no Upgrade; in one chunk or two */
	stop();
}

static void test_stop(void)
{
	AUTO_CLOSE int a = -1, b = -1, c = -1, d = -1;
	AUTO_FREE char *up = NULL, *head = NULL;
	struct timespec t0, t1;

	start();
	a = dial();
	say(a, upgrade_request);
	up = hear(a, "<");
	b = dial();
	say(b, "GET /stream?silent=1 HTTP/1.1\r\nHost: x\r\n\r\n");
	head = hear(b, "\r\n\r\n");
	c = dial();
	say(c, "GET /block HTTP/1.1\r\nHost: x\r\n\r\n");
	d = dial();
	say(d, "GET /one"); /* never finished */
	nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	http_server_stop(server);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	CU_ASSERT_TRUE(t1.tv_sec - t0.tv_sec < 3);
	EXPECT_INT(released, 3); /* upgrade, stream, the blocked handler */
	EXPECT_INT(access(path, F_OK), -1);
	free(path);
	tmp_free(dir);
}

static void test_listen(void)
{
	struct http_server *tcp;
	struct stat st;
	char addr[64];
	int fd;

	start();
	EXPECT_INT(stat(path, &st), 0);
	EXPECT_INT(st.st_mode & 0777, 0600);
	CU_ASSERT_PTR_NULL(http_serve_unix(path, 0600, &options, &err));
	EXPECT_INT(err.kind, ERR_CONFLICT);
	expect_answer("GET /one/x", NULL, "200", "x"); /* the live one was not disturbed */
	stop();
	start();
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	{ /* a socket that its server left behind */
		struct sockaddr_un sa = { .sun_family = AF_UNIX };
		struct http_server *second;

		snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/dead.sock", dir);
		EXPECT_INT(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
		close(fd);
		second = http_serve_unix(sa.sun_path, 0600, &options, &err);
		CU_ASSERT_PTR_NOT_NULL(second);
		http_server_stop(second);
	}
	tcp = http_serve_tcp("127.0.0.1:0", &options, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(tcp);
	CU_ASSERT_TRUE(http_server_port(tcp) > 0);
	snprintf(addr, sizeof(addr), "127.0.0.1:%d", http_server_port(tcp));
	CU_ASSERT_PTR_NULL(http_serve_tcp(addr, &options, &err)); /* taken */
	http_server_stop(tcp);
	CU_ASSERT_PTR_NULL(http_serve_tcp("nonsense", &options, &err));
	EXPECT_INT(err.kind, ERR_INVALID);
	stop();
}

/* --- TLS ---------------------------------------------------------------------------------- */

static char *pem(BIO *bio)
{
	char *data, *copy;
	long n = BIO_get_mem_data(bio, &data);

	copy = xstrndup(data, (size_t)n);
	BIO_free(bio);
	return copy;
}

/* A key and a certificate that it signs itself. */
static void make_certificate(char **cert_pem, char **key_pem)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	BIO *cert_bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_mem());

	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
	PEM_write_bio_X509(cert_bio, cert);
	PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL);
	*cert_pem = pem(cert_bio);
	*key_pem = pem(key_bio);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* An upgraded connection, up to the first byte of run's output. */
static CURL *tls_upgrade(int port)
{
	char url[64], buf[4096];
	CURL *c = curl_easy_init();
	size_t n, got = 0;
	bool seen = false;

	snprintf(url, sizeof(url), "https://127.0.0.1:%d", port);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
	EXPECT_INT(curl_easy_perform(c), CURLE_OK);
	EXPECT_INT(curl_easy_send(c, upgrade_request, strlen(upgrade_request), &n), CURLE_OK);
	for (int i = 0; i < 500 && !seen; i++) {
		if (curl_easy_recv(c, buf + got, sizeof(buf) - 1 - got, &n) == CURLE_OK)
			got += n;
		buf[got] = '\0';
		seen = strstr(buf, "\r\n\r\n<") != NULL;
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	}
	CU_ASSERT_TRUE(seen);
	return c;
}

/* libmicrohttpd does not say so when the client of an upgraded TLS connection has gone. */
static void test_tls(void)
{
	AUTO_FREE char *cert = NULL, *key = NULL;
	struct http_options o = options;
	struct http_server *tls;
	CURL *a, *b;

	make_certificate(&cert, &key);
	o.tls_cert_pem = cert;
	o.tls_key_pem = key;
	released = 0;
	tls = http_serve_tcp("127.0.0.1:0", &o, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(tls);
	a = tls_upgrade(http_server_port(tls));
	b = tls_upgrade(http_server_port(tls));
	EXPECT_INT(released, 0);
	curl_easy_cleanup(a);
	wait_released(1);
	http_server_stop(tls); /* with the other one open */
	EXPECT_INT(released, 2);
	curl_easy_cleanup(b);
	o.tls_cert_pem = o.tls_key_pem = "nonsense";
	CU_ASSERT_PTR_NULL(http_serve_tcp("127.0.0.1:0", &o, &err));
	EXPECT_HAS(err.msg, "certificate");
}

static int dial_port(int port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	EXPECT_INT(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

/* What a TCP port answers to `n` bytes. */
static char *knock(int port, const void *data, size_t n)
{
	AUTO_CLOSE int fd = dial_port(port);

	EXPECT_INT(io_write_full(fd, data, n), 0);
	return hear(fd, NULL);
}

#define FLOOD_MAX (128u << 20)

/* How many bytes a port takes of a client whose handshake has no end. */
static size_t flood(int port)
{
	AUTO_CLOSE int fd = dial_port(port);
	AUTO_FREE char *block = xcalloc(1, 1u << 20);
	size_t total = 0;

	memset(block, 22, 1u << 20);
	for (ssize_t n = 0; total < FLOOD_MAX && (n = send(fd, block, 1u << 20, MSG_NOSIGNAL)) > 0;)
		total += (size_t)n;
	return total;
}

/* A client that took the wrong one of http and https is told so in words that it can read, whatever
 * its handshake's random bytes look like. */
static void test_tls_mismatch(void)
{
	AUTO_FREE char *cert = NULL, *key = NULL;
	struct http_options o = options;
	struct http_server *plain = http_serve_tcp("127.0.0.1:0", &o, &err), *tls;
	unsigned char hello[300] = { 22, 3, 1, 1, 39 };

	make_certificate(&cert, &key);
	o.tls_cert_pem = cert;
	o.tls_key_pem = key;
	tls = http_serve_tcp("127.0.0.1:0", &o, &err);
	CU_ASSERT_FATAL(plain && tls);
	for (int i = 0; i < 50; i++) {
		for (size_t k = 5; k < sizeof(hello); k++)
			hello[k] = (unsigned char)(i + 1) * (unsigned char)(k + 3);
		AUTO_FREE char *said = knock(http_server_port(plain), hello, sizeof(hello));
		EXPECT_HAS(said, "HTTP/1.0 400 Bad Request\r\n");
		EXPECT_HAS(said, "\r\n\r\nClient sent a TLS handshake to an HTTP server.\n");
	}
	AUTO_FREE char *said = knock(http_server_port(tls), "GET / HTTP/1.1\r\n\r\n", 18);
	EXPECT_HAS(said, "HTTP/1.0 400 Bad Request\r\n");
	EXPECT_HAS(said, "Client sent an HTTP request to an HTTPS server.");
	for (int i = 0; i < 5; i++)
		CU_ASSERT_TRUE(flood(http_server_port(plain)) < FLOOD_MAX / 2);
	http_server_stop(tls);
	http_server_stop(plain);
}

#define TRACEPARENT "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"

/* A connection serves one request after another: each is in its own trace, or in none. */
static void test_traces(void)
{
	AUTO_CLOSE int fd = -1;

	start();
	fd = dial();
	say(fd, "GET /traced HTTP/1.1\r\nHost: x\r\n" TRACEPARENT "01\r\n\r\n");
	AUTO_FREE char *first = hear(fd, "-01");
	EXPECT_HAS(first, "00-4bf92f3577b34da6a3ce929d0e0e4736-");
	CU_ASSERT_PTR_NULL(strstr(first, "00f067aa0ba902b7")); /* the request is a span of its own */
	EXPECT_HAS(first, "Server-Timing: total;dur=");
	say(fd, "GET /traced?stream=1 HTTP/1.1\r\nHost: x\r\n\r\n");
	AUTO_FREE char *second = hear(fd, "0\r\n\r\n");
	EXPECT_HAS(second, "\r\n1\r\n.\r\n");
	CU_ASSERT_PTR_NULL(strstr(second, "Server-Timing"));
	expect_answer("GET /traced?stream=1", TRACEPARENT "01\r\n\r\n", "200", "4bf92f3577b34da6a3ce929d0e0e4736-");
	expect_answer("GET /traced", TRACEPARENT "00\r\n\r\n", "200", "Content-Length: 0");
	expect_answer("GET /traced", "traceparent: 00-x\r\n\r\n", "200", "Content-Length: 0");
	stop();
}

int suite_http(void)
{
	static const CU_TestInfo tests[] = {
		{ "paths find their handlers", test_routes },
		{ "malformed and oversized requests are refused", test_refused },
		{ "HEAD is GET without the body", test_head },
		{ "bodies are collected, limited and parsed", test_bodies },
		{ "who is not admitted opens no sink", test_admission },
		{ "the fields of a form", test_form },
		{ "Expect: 100-continue is answered", test_expect },
		{ "a sink sees the body and is released once", test_sink },
		{ "a piece of a file is sent", test_file },
		{ "a reply is read while it is sent", test_reading },
		{ "a stream ends with its producer or its client", test_stream },
		{ "an upgraded connection survives a half-close", test_upgrade },
		{ "bytes sent before the 101 arrive", test_early_bytes },
		{ "stopping ends whatever is open", test_stop },
		{ "sockets are taken over only from the dead", test_listen },
		{ "upgraded connections end under TLS too", test_tls },
		{ "TLS to a plain server, and the other way round", test_tls_mismatch },
		{ "a request is in its client's trace", test_traces },
		CU_TEST_INFO_NULL,
	};

	return suite_add("http", tests);
}
