/*
 * test_shim_sink.c - lines as messages of syslog (the forms are srslog's, which Docker uses; RFC
 * 5424) and as entries of the journal (systemd's native protocol), at sockets of the test's own.
 */
#include "shim_sink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/tty.h"
#include "shim_log.h"
#include "suites.h"
#include "tasks_private.h"

static struct err err;
static char *dir;
static struct shim_log l;
static json_t *options;
static int server = -1;
static const struct timespec when = { 1767323045, 6789 }; /* 2026-01-02T03:04:05.000006789Z */

/* --- a server ------------------------------------------------------------------------------- */

static char *path_of(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static int listen_unix(const char *path, int type)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	strcpy(un.sun_path, path);
	CU_ASSERT_FATAL(fd >= 0 && !bind(fd, (struct sockaddr *)&un, sizeof un));
	if (type == SOCK_STREAM)
		CU_ASSERT_FATAL(!listen(fd, 5));
	return fd;
}

/* Open a log with the JSON that containerd would give; %s is the server's socket. */
static void begin(int type, const char *format, size_t buffer)
{
	AUTO_FREE char *path = NULL, *text = NULL;
	struct shim_sink *s;

	setenv("TZ", "UTC", 1);
	dir = tmp_new("8m");
	path = path_of("sock");
	server = listen_unix(path, type);
	text = xasprintf(format, path);
	options = jsonx_parse(text, strlen(text), "options", &err);
	s = shim_sink_open(options, &err);
	EXPECT_OK(s ? 0 : -1);
	CU_ASSERT_FATAL(s != NULL);
	EXPECT_OK(shim_log_open(&l, &(struct shim_log_options){ .remote = s, .buffer = buffer }, &err));
}

static void end(void)
{
	shim_log_close(&l);
	json_decref(options);
	close(server);
	tmp_free(dir);
}

#define SYSLOG(more) "{\"driver\":\"syslog\",\"syslog\":{\"address\":\"%s\",\"tag\":\"tag\"," more "}}"
#define UNIXGRAM "\"network\":\"unixgram\""
#define UNIX "\"network\":\"unix\""

static void add(enum shim_stream stream, const char *text, size_t n)
{
	shim_log_add(&l, stream, text, n, &when);
}

/* The next datagram, as text. */
static char *received(int fd)
{
	char *buf = xcalloc(1, 65536);
	ssize_t n = recv(fd, buf, 65535, MSG_DONTWAIT);

	return n < 0 ? (free(buf), xstrdup("(nothing)")) : buf;
}

static void expect_message(const char *format)
{
	AUTO_FREE char *got = received(server), *want = NULL;
	char host[65] = "";

	gethostname(host, sizeof host - 1);
	want = xasprintf(format, (int)getpid(), host); /* by position: %1$d and %2$s */
	EXPECT_STR(got, want);
}

/* --- syslog ---------------------------------------------------------------------------------- */

static void one_message(const char *json, const char *want)
{
	begin(SOCK_DGRAM, json, 0);
	add(SHIM_STDOUT, "\nhello\n", 7); /* of the empty line nothing is sent */
	expect_message(want);
	end();
}

static void test_formats(void)
{
	one_message(SYSLOG(UNIXGRAM), "<30>Jan  2 03:04:05 tag[%1$d]: hello\n");
	one_message(SYSLOG(UNIXGRAM ",\"format\":\"rfc3164\",\"facility\":16"),
		    "<134>Jan  2 03:04:05 %2$s tag[%1$d]: hello\n");
	one_message(SYSLOG(UNIXGRAM ",\"format\":\"rfc5424\""),
		    "<30>1 2026-01-02T03:04:05Z %2$s tag %1$d tag - hello\n");
	one_message(SYSLOG(UNIXGRAM ",\"format\":\"rfc5424micro\""),
		    "<30>1 2026-01-02T03:04:05.000006Z %2$s tag %1$d tag - hello\n");
}

static void test_streams_and_parts(void)
{
	AUTO_FREE char *part = NULL;
	char longer[SHIM_LOG_LINE + 5];

	begin(SOCK_DGRAM, SYSLOG(UNIXGRAM), 0);
	add(SHIM_STDERR, "bad\n", 4);
	expect_message("<27>Jan  2 03:04:05 tag[%1$d]: bad\n");
	add(SHIM_STDOUT, "a\0<0>b\n", 7);
	expect_message("<30>Jan  2 03:04:05 tag[%1$d]: a#000<0>b\n");
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\n';
	add(SHIM_STDOUT, longer, sizeof longer);
	part = received(server);
	EXPECT_INT(part[strlen(part) - 1], '\n');
	expect_message("<30>Jan  2 03:04:05 tag[%1$d]: xxxx\n");
	end();
}

/* A server that does not read: the container waits, and nothing is lost or out of order. */
static void test_slow_server(void)
{
	int small = 4096, peer, next = 0, n = 0;
	AUTO_STRBUF struct strbuf all = STRBUF_INIT;
	char buf[8192];
	char *line;

	begin(SOCK_STREAM, SYSLOG(UNIX), 0);
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	setsockopt(l.remote->watch.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	while (!shim_log_waits(&l) && n < 10000) {
		AUTO_FREE char *text = xasprintf("line %d\n", n++);

		add(SHIM_STDOUT, text, strlen(text));
	}
	CU_ASSERT_TRUE(shim_log_waits(&l));
	for (ssize_t r; (r = read(peer, buf, sizeof buf)) > 0; shim_log_flush(&l))
		strbuf_add(&all, buf, (size_t)r);
	CU_ASSERT_FALSE(shim_log_pending(&l));
	for (char *p = all.data; (line = strstr(p, ": line ")); p = line + 1)
		EXPECT_INT(atoi(line + strlen(": line ")), next++);
	EXPECT_INT(next, n);
	close(peer);
	end();
}

static void test_ring(void)
{
	int small = 4096, peer;

	begin(SOCK_STREAM, SYSLOG(UNIX), 2000);
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	setsockopt(l.remote->watch.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	for (int i = 0; i < 10000 && !l.lost; i++) {
		add(SHIM_STDOUT, "a line of the container's\n", 26);
		CU_ASSERT_FALSE(shim_log_waits(&l));
	}
	CU_ASSERT_TRUE(l.lost > 0);
	CU_ASSERT_TRUE(shim_sink_pending(l.remote) <= 2000 + 100);
	close(peer);
	end();
}

/* A server that was started anew while nothing was said gets the next line. */
static void test_new_server(void)
{
	AUTO_FREE char *path = NULL, *got = NULL;
	int peer;

	begin(SOCK_STREAM, SYSLOG(UNIX), 0);
	path = path_of("sock");
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	close(peer);
	close(server);
	unlink(path);
	add(SHIM_STDOUT, "while it is away\n", 17);
	CU_ASSERT_FALSE(shim_log_waits(&l)); /* nobody is made to wait for it */
	for (int i = 0; i < 5000; i++)
		add(SHIM_STDOUT, "too much of it ...........\n", 27);
	CU_ASSERT_TRUE(shim_sink_pending(l.remote) < SINK_AWAY + 200);
	server = listen_unix(path, SOCK_STREAM);
	shim_log_flush(&l);
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	got = received(peer);
	EXPECT_HAS(got, ": while it is away\n");
	close(peer);
	end();
}

static void refused(const char *text, const char *words)
{
	AUTO_JSON json_t *log = jsonx_parse(text, strlen(text), "log", &err);

	CU_ASSERT_PTR_NULL(shim_sink_open(log, &err));
	EXPECT_STR(err.msg, words);
}

static void test_nobody_there(void)
{
	refused("{\"driver\":\"syslog\",\"syslog\":{\"network\":\"tcp\",\"address\":\"127.0.0.1:1\",\"tag\":\"x\"}}",
		"failed to initialize logging driver: dial tcp 127.0.0.1:1: connect: connection refused");
	refused("{\"driver\":\"syslog\",\"syslog\":{\"network\":\"unix\",\"address\":\"/no/one\",\"tag\":\"x\"}}",
		"failed to initialize logging driver: dial unix /no/one: connect: no such file or directory");
	refused("{\"driver\":\"journald\",\"journald\":{\"socket\":\"/no/one\"}}",
		"failed to initialize logging driver: journald is not enabled on this host");
}

/* --- the journal ----------------------------------------------------------------------------- */

#define JOURNALD(fields) "{\"driver\":\"journald\",\"journald\":{\"socket\":\"%s\",\"fields\":{" fields "}}}"

static void test_entries(void)
{
	begin(SOCK_DGRAM, JOURNALD("\"CONTAINER_TAG\":\"t\",\"PRIORITY\":\"0\",\"_UID\":\"0\",\"a=b\":\"c\""), 0);
	add(SHIM_STDOUT, "hello\nPRIORITY=0\n", 17);
	expect_message("MESSAGE=hello\nPRIORITY=6\nSYSLOG_TIMESTAMP=2026-01-02T03:04:05.000006789Z\n"
		       "CONTAINER_TAG=t\n");
	expect_message("MESSAGE=PRIORITY=0\nPRIORITY=6\n"
		       "SYSLOG_TIMESTAMP=2026-01-02T03:04:05.000006789Z\nCONTAINER_TAG=t\n");
	add(SHIM_STDERR, "\n", 1);
	expect_message("MESSAGE=\nPRIORITY=3\nSYSLOG_TIMESTAMP=2026-01-02T03:04:05.000006789Z\n"
		       "CONTAINER_TAG=t\n");
	end();
}

/* "NAME\n", eight bytes of length, the value, "\n": read it back as the journal does. */
static void test_values_of_many_lines(void)
{
	char buf[4096];
	ssize_t n;
	char *at;

	begin(SOCK_DGRAM, JOURNALD("\"LABEL\":\"x\\nPRIORITY=0\""), 0);
	add(SHIM_STDOUT, "hello\n", 6);
	n = recv(server, buf, sizeof buf - 1, MSG_DONTWAIT);
	CU_ASSERT_FATAL(n > 0);
	at = memmem(buf, (size_t)n, "\nLABEL\n\x0c\0\0\0\0\0\0\0x\nPRIORITY=0\n", 28);
	CU_ASSERT_PTR_NOT_NULL(at);
	end();
}

static void test_parts_say_so(void)
{
	AUTO_FREE char *part = NULL, *last = NULL;
	char longer[SHIM_LOG_LINE + 5];

	begin(SOCK_DGRAM, JOURNALD(""), 0);
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\n';
	add(SHIM_STDOUT, longer, sizeof longer);
	part = received(server);
	last = received(server);
	EXPECT_HAS(part, "CONTAINER_PARTIAL_MESSAGE=true\n");
	CU_ASSERT_PTR_NULL(strstr(last, "PARTIAL"));
	end();
}

static void test_large_entries(void)
{
	AUTO_STRBUF struct strbuf json = STRBUF_INIT, entry = STRBUF_INIT;
	int small = 4096, fd = -1;
	char none[1];
	size_t big = 30000;

	strbuf_adds(&json, "{\"driver\":\"journald\",\"journald\":{\"socket\":\"%s\",\"fields\":{\"BIG\":\"");
	for (size_t i = 0; i < big; i++)
		strbuf_addc(&json, 'b');
	strbuf_adds(&json, "\"}}}");
	begin(SOCK_DGRAM, json.data, 0);
	setsockopt(l.remote->watch.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	add(SHIM_STDOUT, "hello\n", 6);
	EXPECT_INT(kern_fd_recv_bytes(server, none, sizeof none, &fd, &err), 0);
	CU_ASSERT_FATAL(fd >= 0);
	EXPECT_INT(fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE, F_SEAL_WRITE);
	EXPECT_INT(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_OK(file_read_fd(fd, &entry, 1 << 20, &err));
	EXPECT_HAS(entry.data, "MESSAGE=hello\n");
	CU_ASSERT_TRUE(entry.len > big);
	close(fd);
	end();
}

/* --- what containerd lets through to a shim ---------------------------------------------------- */

static void checked(const char *text, const char *words)
{
	AUTO_JSON json_t *log = jsonx_parse(text, strlen(text), "log", &err);

	err.msg[0] = '\0';
	EXPECT_INT(task_log_check(log, &err), *words ? -1 : 0);
	EXPECT_STR(err.msg, words);
}

static void test_requests(void)
{
	checked("{\"driver\":\"none\",\"path\":\"\"}", "");
	checked("{\"driver\":\"gelf\"}", "no log driver 'gelf'");
	checked("{\"driver\":\"local\",\"path\":\"/x\",\"maxSize\":1,\"maxFile\":2,\"compress\":true}", "");
	checked("{\"driver\":\"local\"}", "log.path: expected an absolute path");
	checked("{\"driver\":\"cri\",\"path\":\"/x\",\"attributes\":{}}",
		"log.attributes: this log driver has none");
	checked("{\"driver\":\"json-file\",\"path\":\"/x\",\"attributes\":{\"a\":1}}",
		"log.attributes.a: expected a string");
	checked("{\"driver\":\"json-file\",\"path\":\"/x\",\"buffer\":-1}", "log.buffer: expected 0 or more");
	checked("{\"driver\":\"syslog\"}", "log.syslog: needs a tag of one line");
	checked("{\"driver\":\"syslog\",\"syslog\":{\"tag\":\"a\\n<0>\"}}",
		"log.syslog: needs a tag of one line");
	checked("{\"driver\":\"syslog\",\"syslog\":{\"tag\":\"a\",\"network\":\"ipx\"}}",
		"log.syslog.network: expected udp, tcp, unix or unixgram");
	checked("{\"driver\":\"syslog\",\"syslog\":{\"tag\":\"a\",\"network\":\"udp tcp\"}}",
		"log.syslog.network: expected udp, tcp, unix or unixgram");
	checked("{\"driver\":\"syslog\",\"syslog\":{\"tag\":\"a\",\"format\":\"rfc3164 rfc5424\"}}",
		"log.syslog.format: expected unix, rfc3164, rfc5424 or rfc5424micro");
	checked("{\"driver\":\"syslog\",\"syslog\":{\"tag\":\"a\",\"facility\":24}}",
		"log.syslog.facility: expected 0 to 23");
	checked("{\"driver\":\"journald\"}", "log.journald: is missing");
	checked("{\"driver\":\"journald\",\"journald\":{\"fields\":{\"A\":\"b\"}}}", "");
}

int suite_shim_sink(void)
{
	static const CU_TestInfo tests[] = {
		{ "the forms of syslog", test_formats },
		{ "standard error, long lines, NUL", test_streams_and_parts },
		{ "a slow server loses nothing", test_slow_server },
		{ "but with a buffer the container goes on", test_ring },
		{ "a server that went and came again", test_new_server },
		{ "nobody there at the start", test_nobody_there },
		{ "the journal's entries", test_entries },
		{ "a value of many lines begins no field", test_values_of_many_lines },
		{ "parts of a line say so", test_parts_say_so },
		{ "what no datagram holds goes as a file", test_large_entries },
		{ "requests that are none", test_requests },
		CU_TEST_INFO_NULL,
	};

	return suite_add("syslog and the journal", tests);
}
