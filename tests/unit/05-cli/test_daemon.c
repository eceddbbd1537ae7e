/*
 * test_daemon.c - the API against a daemon that says good, bad and malicious
 * things; and a session carried over its connection.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "conn.h"
#include "session.h"
#include "suites.h"

#define OK(version) "HTTP/1.1 200 OK\r\nApi-Version: " version "\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK"
#define ANSWER(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body

static void api_open(struct cli_api *api, const struct daemon *d)
{
	struct cli_tls_flags none = { 0 };
	struct err err;

	*api = (struct cli_api){ 0 };
	EXPECT_INT(cli_host_parse(&api->host, d->host, &none, "/nonexistent", &err), 0);
}

static char *finish(struct cli_api *api, struct daemon *d)
{
	cli_api_free(api);
	return daemon_stop(d);
}

/* ---- requests ------------------------------------------------------------ */

static void negotiation(void)
{
	static const char *const samples[][2] = { { "1.41", "1.41" }, { "1.50", "1.50" }, { "1.99", "1.50" }, { "1.24", "1.24" } };

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		AUTO_FREE char *ping = xasprintf("HTTP/1.1 200 OK\r\nAPI-version: %s\r\nContent-Length: 2\r\n"
						 "Connection: close\r\n\r\nOK", samples[i][0]);
		const char *answers[] = { ping, ANSWER("200 OK", "[1]"), NULL };
		struct daemon d;
		struct cli_api api;
		struct err err = { 0 };
		json_t *got = NULL;
		daemon_start(&d, answers);
		api_open(&api, &d);
		EXPECT_INT(cli_api_call(&api, "GET", "/containers/json", NULL, &got, &err), 0);
		EXPECT_JSON(got, "[1]");
		EXPECT_STR(api.version, samples[i][1]);
		json_decref(got);
		AUTO_FREE char *asked = finish(&api, &d);
		AUTO_FREE char *want = xasprintf("GET /v%s/containers/json HTTP/1.1\r\n", samples[i][1]);
		EXPECT_HAS(asked, "GET /_ping HTTP/1.1\r\n");
		EXPECT_HAS(asked, want);
	}
	CU_ASSERT(cli_api_compare("1.9", "1.41") < 0 && cli_api_compare("1.41", "1.41") == 0 && cli_api_compare("2.0", "1.50") > 0);
}

static void too_old(void)
{
	const char *answers[] = { OK("1.12"), NULL };
	struct daemon d;
	struct cli_api api;
	struct err err = { 0 };

	daemon_start(&d, answers);
	api_open(&api, &d);
	EXPECT_INT(cli_api_post(&api, "/x", &err), -1);
	EXPECT_INT(err.kind, ERR_UNSUPPORTED);
	free(finish(&api, &d));
}

/* What each answer becomes. */
static void failures(void)
{
	static const struct {
		const char *answer, *message;
		enum err_kind kind;
	} samples[] = {
		{ ANSWER("404 Not Found", "{\"message\":\"No such container: x\"}\n"), "Error response from daemon: No such container: x", ERR_NOT_FOUND },
		{ ANSWER("409 Conflict", "{\"message\":\"taken\"}"), "Error response from daemon: taken", ERR_CONFLICT },
		{ ANSWER("500 Internal Server Error", "plain words\n"), "Error response from daemon: plain words", ERR_SYSTEM },
		{ ANSWER("500 Internal Server Error", ""), "request returned status 500 for API route", ERR_SYSTEM },
		{ ANSWER("301 Moved Permanently", ""), "request returned status 301", ERR_SYSTEM },
		{ ANSWER("400 Bad Request", "{\"message\":3}"), "request returned status 400", ERR_INVALID },
		{ ANSWER("200 OK", "{\"a\":"), "the daemon's answer: ", ERR_INVALID },
		{ "rubbish\r\n\r\n", "error during connect: GET", ERR_UNAVAILABLE },
		{ "", "", ERR_UNAVAILABLE }, /* closed at once: before or after libcurl calls it connected */
		{ "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "error during connect: GET", ERR_UNAVAILABLE },
	};

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		const char *answers[] = { OK("1.41"), samples[i].answer, NULL };
		struct daemon d;
		struct cli_api api;
		struct err err = { 0 };
		json_t *got = NULL;
		daemon_start(&d, answers);
		api_open(&api, &d);
		EXPECT_INT(cli_api_call(&api, "GET", "/x", NULL, &got, &err), -1);
		EXPECT_HAS(err.msg, samples[i].message);
		EXPECT_INT(err.kind, samples[i].kind);
		CU_ASSERT_PTR_NULL(got);
		free(finish(&api, &d));
	}
}

static void no_daemon(void)
{
	struct daemon d = { .host = "unix:///nonexistent.sock" };
	struct cli_api api;
	struct err err = { 0 };

	api_open(&api, &d);
	EXPECT_INT(cli_api_post(&api, "/x", &err), -1);
	EXPECT_STR(err.msg, "Cannot connect to the Docker daemon at unix:///nonexistent.sock. Is the docker daemon running?");
	EXPECT_INT(err.kind, ERR_UNAVAILABLE);
	cli_api_free(&api);
}

static void paths(void)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err err;

	AUTO_FREE char *path = cli_api_path("images", "reg:5000/a/b@sha256:00 ?#", "/json", &err);
	EXPECT_STR(path, "/images/reg:5000/a/b@sha256:00%20%3F%23/json");
	CU_ASSERT_PTR_NULL(cli_api_path("containers", "", "/json", &err));
	EXPECT_STR(err.msg, "invalid container name or ID: value is empty");
	strbuf_adds(&sb, "/x");
	cli_query(&sb, "a", "b&c=d e/\xc3\xa4");
	cli_query(&sb, "f", "g");
	EXPECT_STR(sb.data, "/x?a=b%26c%3Dd%20e%2F%C3%A4&f=g");
}

int suite_daemon(void)
{
	static const CU_TestInfo tests[] = {
		{ "the older of both versions is spoken", negotiation }, { "a daemon that is too old", too_old },
		{ "failures keep their kind and words", failures }, { "no daemon at all", no_daemon }, { "paths are escaped", paths },
		CU_TEST_INFO_NULL,
	};

	return suite_add("daemon", tests);
}

/* ---- connections that leave HTTP ----------------------------------------- */

struct carrying {
	struct cli_session *session;
	struct err err;
	int rc;
};

static void carry(void *context)
{
	struct carrying *c = context;

	c->rc = cli_session_run(c->session, &c->err);
}

static char *carry_from(const char *answer, bool tty, struct carrying *c)
{
	const char *answers[] = { OK("1.41"), answer, NULL };
	struct daemon d;
	struct cli cli = { 0 };
	struct cli_conn conn = CLI_CONN_INIT;
	struct cli_session s = { .cli = &cli, .conn = &conn, .tty = tty, .output = true, .object = "containers",
				 .id = "x", .signals = -1 };

	*c = (struct carrying){ .session = &s };
	daemon_start(&d, answers);
	api_open(&cli.api, &d);
	c->rc = cli_conn_upgrade(&conn, &cli.api, "/containers/x/attach?stream=1", NULL, &c->err);
	char *text = c->rc ? xstrdup("") : output_of(carry, c);
	cli_conn_free(&conn);
	AUTO_FREE char *asked = finish(&cli.api, &d);
	EXPECT_HAS(asked, "POST /v1.41/containers/x/attach?stream=1 HTTP/1.1\r\n");
	EXPECT_HAS(asked, "Connection: Upgrade\r\nUpgrade: tcp\r\n");
	return text;
}

#define UPGRADED "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"

static void sessions(void)
{
	static const struct {
		const char *answer;
		bool tty;
		int rc;
		const char *text;
	} samples[] = {
		{ UPGRADED "raw bytes", true, 0, "raw bytes" },
		{ "HTTP/1.0 200 OK\r\n\r\nold daemon", true, 0, "old daemon" },
		{ UPGRADED, false, 0, "" },
		{ ANSWER("404 Not Found", "{\"message\":\"gone\"}"), false, -1, "Error response from daemon: gone" },
		{ "HTTP/1.1 409 Conflict\r\nContent-Length: 18\r\n\r\n{\"message\":\"busy\"}rubbish", false, -1, "Error response from daemon: busy" },
		{ "HTTP/1.1 204 No Content\r\n\r\n", false, -1, "unable to upgrade to tcp, received 204" },
		{ "garbage without a header\r\n\r\n", false, -1, "the answer is no HTTP" },
		{ "HTTP/1.1 101 UPGRADED\r\n", false, -1, "the daemon closed the connection" },
		{ "", false, -1, NULL },
	};

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct carrying c;
		if (!samples[i].text)
			continue;
		AUTO_FREE char *got = carry_from(samples[i].answer, samples[i].tty, &c);
		EXPECT_INT(c.rc, samples[i].rc);
		if (c.rc)
			EXPECT_HAS(c.err.msg, samples[i].text);
		else
			EXPECT_STR(got, samples[i].text);
	}
}

static void waiting(void)
{
	static const struct {
		const char *answer;
		int rc, status;
	} samples[] = {
		{ "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{\"StatusCode\":7}\n", 0, 7 },
		{ "HTTP/1.0 200 OK\r\n\r\n{\"Error\":{\"Message\":\"lost\"},\"StatusCode\":-1}", -1, 0 },
		{ "HTTP/1.0 200 OK\r\n\r\n", -1, 0 },
		{ "HTTP/1.0 200 OK\r\n\r\n[[[", -1, 0 },
	};

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		const char *answers[] = { OK("1.41"), samples[i].answer, NULL };
		struct daemon d;
		struct cli cli = { 0 };
		struct cli_conn wait = CLI_CONN_INIT;
		struct cli_session s = { .cli = &cli, .id = "x", .signals = -1 };
		struct err err = { 0 };
		int status = 0;
		daemon_start(&d, answers);
		api_open(&cli.api, &d);
		EXPECT_INT(cli_session_watch(&s, &wait, true, &err), 0);
		EXPECT_INT(cli_session_wait(&s, &wait, &status, &err), samples[i].rc);
		if (!samples[i].rc)
			EXPECT_INT(status, samples[i].status);
		cli_conn_free(&wait);
		AUTO_FREE char *asked = finish(&cli.api, &d);
		EXPECT_HAS(asked, "POST /v1.41/containers/x/wait?condition=removed HTTP/1.0\r\n");
	}
}

/* A header without an end must not fill the memory. */
static void endless_header(void)
{
	AUTO_STRBUF struct strbuf answer = STRBUF_INIT;
	struct carrying c;

	strbuf_adds(&answer, "HTTP/1.1 101 UPGRADED\r\n");
	while (answer.len < 1u << 20)
		strbuf_adds(&answer, "X-Y: zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\r\n");
	AUTO_FREE char *got = carry_from(answer.data, true, &c);
	EXPECT_INT(c.rc, -1);
	EXPECT_HAS(c.err.msg, "the answer is no HTTP");
}

int suite_session(void)
{
	static const CU_TestInfo tests[] = {
		{ "upgraded, or refused", sessions }, { "waiting for the end", waiting }, { "a header without an end", endless_header },
		CU_TEST_INFO_NULL,
	};

	return suite_add("session", tests);
}
