/*
 * access_log.c - see access_log.h.
 */
#include "access_log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/strbuf.h"

#define PART_MAX 400 /* characters of what a client sent */

struct reg_access_log {
	char *path;
	int fd; /* the number stays the same, whatever it is open on */
};

static int open_file(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);

	return fd < 0 ? err_sys(err, "open the access log %s", path) : fd;
}

struct reg_access_log *reg_access_log_open(const char *path, struct err *err)
{
	struct reg_access_log *a;
	int fd = strcmp(path, "-") ? open_file(path, err) : fcntl(1, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return NULL;
	a = xcalloc(1, sizeof(*a));
	a->path = xstrdup(path);
	a->fd = fd;
	return a;
}

void reg_access_log_close(struct reg_access_log *a)
{
	if (!a)
		return;
	close(a->fd);
	free(a->path);
	free(a);
}

int reg_access_log_reopen(struct reg_access_log *a, struct err *err)
{
	AUTO_CLOSE int fd = -1;

	if (!a || !strcmp(a->path, "-"))
		return 0;
	fd = open_file(a->path, err);
	if (fd < 0)
		return -1;
	return dup3(fd, a->fd, O_CLOEXEC) < 0 ? err_sys(err, "open %s again", a->path) : 0;
}

static void add_escaped(struct strbuf *line, const char *s, bool spaces)
{
	for (size_t i = 0; s[i] && i < PART_MAX; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c == ' ' && spaces) || (c > ' ' && c < 0x7f && c != '"' && c != '\\'))
			strbuf_addc(line, (char)c);
		else
			strbuf_addf(line, "\\x%02x", c);
	}
}

/* "10.0.0.7:1234" and "[::1]:1234" without the port. */
static int host_length(const char *peer)
{
	const char *colon = strrchr(peer, ':');

	return colon ? (int)(colon - peer) : (int)strlen(peer);
}

static void add_time(struct strbuf *line, time_t when)
{
	char text[64];
	struct tm tm;

	strftime(text, sizeof(text), "%d/%b/%Y:%H:%M:%S +0000", gmtime_r(&when, &tm));
	strbuf_adds(line, text);
}

static void add_quoted_header(struct strbuf *line, const struct http_request *req,
			      const char *name)
{
	strbuf_adds(line, " \"");
	add_escaped(line, http_header(req, name) ?: "-", true);
	strbuf_addc(line, '"');
}

static void write_line(const struct reg_access_log *a, struct reg_auth *auth,
		       const struct http_request *req, const struct http_result *result,
		       int64_t us)
{
	AUTO_FREE char *user = reg_auth_user(auth, req);
	AUTO_STRBUF struct strbuf line = STRBUF_INIT;
	const char *peer = http_peer(req);

	strbuf_addf(&line, "%.*s - ", host_length(peer), peer);
	add_escaped(&line, user ? user : "-", false);
	strbuf_adds(&line, " [");
	add_time(&line, result->start_us / 1000000);
	strbuf_addf(&line, "] \"");
	add_escaped(&line, http_method(req), false);
	strbuf_addc(&line, ' ');
	add_escaped(&line, http_path(req), false);
	strbuf_addf(&line, " HTTP/1.1\" %d %llu", result->status,
		    (unsigned long long)result->size);
	add_quoted_header(&line, req, "Referer");
	add_quoted_header(&line, req, "User-Agent");
	strbuf_addf(&line, " %lld.%03lld\n", (long long)(us / 1000000),
		    (long long)(us / 1000 % 1000));
	(void)!write(a->fd, line.data, line.len); /* in one piece; who would hear of a failure? */
}

static void log_request(const struct http_request *req, const struct http_result *result,
			int64_t us)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_STRBUF struct strbuf agent = STRBUF_INIT;

	add_escaped(&path, http_path(req), false);
	add_escaped(&agent, http_header(req, "User-Agent") ?: "-", true);
	log_info("%s \"%s %s\" %d %llu %lld.%03llds \"%s\"%s", http_peer(req), http_method(req),
		 path.data ? path.data : "", result->status, (unsigned long long)result->size,
		 (long long)(us / 1000000), (long long)(us / 1000 % 1000),
		 agent.data ? agent.data : "", result->whole ? "" : " (client left)");
}

void reg_access_log_line(struct reg_access_log *a, struct reg_auth *auth,
			 const struct http_request *req, const struct http_result *result,
			 int64_t us)
{
	if (a)
		write_line(a, auth, req, result, us);
	else
		log_request(req, result, us);
}
