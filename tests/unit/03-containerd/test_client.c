/*
 * test_client.c - the client's half of HTTP: what a server may answer (RFC 9112), and how it
 * may break off.
 */
#include "client_http.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/base/strbuf.h"
#include "suites.h"

static struct err err;

struct server {
	int fd;
	const char *says;
	size_t piece;         /* so many bytes at a time */
	struct strbuf heard;
};

static void *serve(void *arg)
{
	struct server *s = arg;
	size_t n = strlen(s->says);

	for (size_t i = 0; i < n; i += s->piece) {
		size_t len = n - i < s->piece ? n - i : s->piece;

		if (send(s->fd, s->says + i, len, MSG_NOSIGNAL) != (ssize_t)len)
			break;
		usleep(s->piece < 8 ? 100 : 0);
	}
	shutdown(s->fd, SHUT_WR);
	for (char buf[4096];;) {
		ssize_t r = read(s->fd, buf, sizeof buf);

		if (r <= 0)
			break;
		strbuf_add(&s->heard, buf, (size_t)r);
	}
	return NULL;
}

static int collect(void *arg, const char *data, size_t n)
{
	strbuf_add(arg, data, n);
	return 0;
}

/* The answer's body, or "-" and what the error says. The caller frees. */
static char *ask(const char *answer, size_t piece, const struct client_request *r, int *status,
		 struct strbuf *heard)
{
	struct server s = { .says = answer, .piece = piece };
	struct strbuf body = STRBUF_INIT;
	pthread_t thread;
	int p[2], rc;

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p), 0);
	s.fd = p[1];
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, serve, &s), 0);
	EXPECT_OK(client_http_send(p[0], r, &err));
	rc = client_http_receive(p[0], status, collect, &body, &err);
	close(p[0]);
	pthread_join(thread, NULL);
	close(p[1]);
	if (heard)
		strbuf_add(heard, s.heard.data, s.heard.len);
	strbuf_free(&s.heard);
	strbuf_reserve(&body, 0);
	if (rc) {
		strbuf_free(&body);
		strbuf_addf(&body, "- %s", err.msg);
	}
	return strbuf_steal(&body);
}

static void test_answers(void)
{
	static const struct client_request get = { .method = "GET", .path = "/v1/x", .headers = "A: b\r\n" };
	static const struct {
		const char *answer, *body;
		int status;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 200 },
		{ "HTTP/1.1 200 OK\r\ncontent-LENGTH:5\r\n\r\nhello and more", "hello", 200 },
		{ "HTTP/1.1 200 OK\r\n\r\nto the end", "to the end", 200 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0a;x=y\r\n0123456789\r\n0\r\n\r\n",
		  "abc0123456789", 200 },
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", "{}", 404 },
		{ "HTTP/1.1 204 No Content\r\n\r\n", "", 204 },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "- broke off", 200 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "- broke off", 200 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "- broke off", 200 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "- broke off", 200 },
		{ "HTTP/1.1 200 OK\r\nContent-Le", "- broke off", 200 },
		{ "SSH-2.0-OpenSSH\r\n\r\n", "- broke off", 0 },
		{ "", "- broke off", 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (size_t piece = 1; piece < 2000; piece = piece * 100 + 1) {
			int status = 0;
			AUTO_FREE char *got = ask(cases[i].answer, piece, &get, &status, NULL);

			EXPECT_STR(got, cases[i].body);
			EXPECT_INT(status, cases[i].status);
		}
	}
}

static void test_requests(void)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	AUTO_STRBUF struct strbuf plain = STRBUF_INIT, file = STRBUF_INIT;
	AUTO_CLOSE int fd = memfd_create("upload", MFD_CLOEXEC);
	struct client_request r = { .method = "POST", .path = "/v1/x", .headers = "A: b\r\n",
				    .body = "{}", .n = 2 };
	AUTO_FREE char *one = NULL, *two = NULL;
	int status;

	one = ask(answer, 1000, &r, &status, &plain);
	EXPECT_STR(plain.data, "POST /v1/x HTTP/1.1\r\nHost: containerd\r\nConnection: close\r\nA: b\r\n"
			       "Content-Length: 2\r\n\r\n{}");
	EXPECT_INT(write(fd, "some bytes", 10), 10);
	lseek(fd, 0, SEEK_SET);
	r.upload = &fd;
	two = ask(answer, 1000, &r, &status, &file);
	EXPECT_HAS(file.data, "Transfer-Encoding: chunked\r\n\r\na\r\nsome bytes\r\n0\r\n\r\n");
}

int suite_client(void)
{
	static const CU_TestInfo tests[] = {
		{ "answers, whole and broken", test_answers },
		{ "requests", test_requests },
		CU_TEST_INFO_NULL,
	};

	return suite_add("client", tests);
}
