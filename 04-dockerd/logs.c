/*
 * logs.c - GET /containers/{id}/logs.
 *
 * With follow, the end of the file is not the end: the reader then waits for
 * the directory to change (inotify(7); a rotation changes names), for the container
 * to stop, or for the client to go. After the container has stopped it looks once more.
 */
#include "logs.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "human.h"
#include "log_config.h"
#include "logfile.h"

struct request {
	struct daemon *d;
	struct container *c; /* a reference */
	bool follow, out, errs, timestamps, details, tty;
	long tail;
	struct timespec since, until; /* tv_sec 0: not given */
	int (*write)(void *to, const void *buf, size_t n);
	void *to;
};

static bool earlier(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* As in a URL's query, spaces as +. */
static void add_escaped(struct strbuf *sb, const char *text)
{
	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-_.~", *text))
			strbuf_addc(sb, *text);
		else if (*text == ' ')
			strbuf_addc(sb, '+');
		else
			strbuf_addf(sb, "%%%02X", (unsigned char)*text);
	}
}

/* "a=b,c=d ": the driver's extra attributes. */
static void add_details(struct strbuf *sb, const json_t *attributes)
{
	size_t n;
	AUTO_FREE const char **names = jsonx_sorted_keys(attributes, &n);

	for (size_t i = 0; i < n; i++) {
		strbuf_adds(sb, i ? "," : "");
		add_escaped(sb, names[i]);
		strbuf_addc(sb, '=');
		add_escaped(sb, jsonx_str(attributes, names[i], ""));
	}
	strbuf_addc(sb, ' ');
}

/* Frame: stream, three zeros, length; then the payload. */
static int send_entry(const struct request *r, const struct log_entry *e)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	size_t n;

	strbuf_add(&sb, "\0\0\0\0\0\0\0\0", 8);
	if (r->timestamps)
		strbuf_addf(&sb, "%s ", e->time);
	if (r->details)
		add_details(&sb, e->attributes);
	strbuf_add(&sb, e->text, e->len);
	if (r->tty)
		return r->write(r->to, sb.data + 8, sb.len - 8);
	n = sb.len - 8;
	sb.data[0] = (char)e->stream;
	for (int i = 0; i < 4; i++)
		sb.data[4 + i] = (char)(n >> (24 - 8 * i));
	return r->write(r->to, sb.data, sb.len);
}

/* Everything up to the end as it is now. False: no more is wanted. */
static bool send_available(const struct request *r, struct logfile *f)
{
	struct log_entry e;
	struct err err;
	int got;

	while ((got = logfile_next(f, &e, &err)) > 0) {
		if (r->until.tv_sec && earlier(&r->until, &e.when))
			return false;
		if ((r->since.tv_sec && earlier(&e.when, &r->since)) ||
		    !(e.stream == 1 ? r->out : r->errs))
			continue;
		if (send_entry(r, &e))
			return false;
	}
	if (got < 0)
		log_error("logs of %.12s: %s", r->c->id, err.msg);
	return got == 0;
}

static bool has_ended(const struct request *r)
{
	bool ended;

	dockerd_lock(r->d);
	ended = (!r->c->st.running && !r->c->st.restarting) || !r->c->listed;
	dockerd_unlock(r->d);
	return ended;
}

static int until_ms(const struct request *r)
{
	struct timespec now;
	long long ms;

	if (!r->until.tv_sec)
		return -1;
	clock_gettime(CLOCK_REALTIME, &now);
	ms = (long long)(r->until.tv_sec - now.tv_sec) * 1000 +
	     (r->until.tv_nsec - now.tv_nsec) / 1000000;
	return ms < 0 ? 0 : ms > 60000 ? 60000 : (int)ms + 1;
}

static void follow(const struct request *r, struct logfile *f, int client)
{
	AUTO_FREE char *dir = dockerd_container_path(r->d, r->c, NULL);
	AUTO_CLOSE int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct pollfd p[4] = { { changes, POLLIN, 0 }, { .events = POLLIN }, { client, 0, 0 },
			       { r->d->stop_fd, POLLIN, 0 } };
	char ignored[4096];
	struct watcher w;
	struct err err;

	if (changes < 0 ||
	    inotify_add_watch(changes, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0 ||
	    dockerd_watch(r->d, r->c, &w, &err))
		return;
	p[1].fd = w.fd;
	for (;;) {
		bool ended = has_ended(r); /* before reading: what it said last is in the file */
		int ms;

		if (!send_available(r, f) || ended || !(ms = until_ms(r)))
			break;
		if ((poll(p, 4, ms) < 0 && errno != EINTR) || p[2].revents || p[3].revents)
			break;
		while (read(changes, ignored, sizeof ignored) > 0)
			;
		dockerd_watch_clear(&w);
	}
	dockerd_unwatch(r->d, r->c, &w);
}

static int open_log(const struct request *r, struct logfile *f)
{
	AUTO_FREE char *path = dockerd_container_log(r->d, r->c);
	struct err err;

	if (!logfile_open(f, path, r->tail, &err))
		return 0;
	log_error("logs of %.12s: %s", r->c->id, err.msg);
	return -1;
}

/* --- the two uses -------------------------------------------------------------------------- */

static int to_writer(void *to, const void *buf, size_t n)
{
	struct err ignored;

	return http_write(to, buf, n, &ignored);
}

static int to_fd(void *to, const void *buf, size_t n)
{
	return io_write_full(*(int *)to, buf, n);
}

void dockerd_logs_replay(struct daemon *d, struct container *c, int fd, bool out, bool errs)
{
	struct request r = { .d = d,
			     .c = c,
			     .out = out,
			     .errs = errs,
			     .tail = -1,
			     .tty = jsonx_bool(c->config, "Tty", false),
			     .write = to_fd,
			     .to = &fd };
	struct logfile f = { .fd = -1 };

	if (!open_log(&r, &f))
		send_available(&r, &f);
	logfile_close(&f);
}

static void produce(struct http_writer *writer, void *arg)
{
	struct request *r = arg;
	struct logfile f = { .fd = -1 };

	r->write = to_writer;
	r->to = writer;
	if (!open_log(r, &f)) {
		if (r->follow)
			follow(r, &f, http_writer_fd(writer));
		else
			send_available(r, &f);
	}
	logfile_close(&f);
}

static void release(void *arg)
{
	struct request *r = arg;

	dockerd_container_put(r->d, r->c);
	free(r);
}

static int parse_tail(const char *text, long *tail, struct err *err)
{
	char *end;

	*tail = -1;
	if (!text || !*text || !strcmp(text, "all"))
		return 0;
	*tail = strtol(text, &end, 10);
	if (*end || *tail < -1)
		return err_set(err, ERR_INVALID, "invalid tail: '%s'", text);
	return 0;
}

static int parse(struct http_request *req, struct request *r, struct err *err)
{
	r->follow = http_query_bool(req, "follow", 0);
	r->out = http_query_bool(req, "stdout", 0);
	r->errs = http_query_bool(req, "stderr", 0);
	r->timestamps = http_query_bool(req, "timestamps", 0);
	r->details = http_query_bool(req, "details", 0);
	r->tty = jsonx_bool(r->c->config, "Tty", false);
	if (!r->out && !r->errs)
		return err_set(err, ERR_INVALID,
			       "Bad parameters: you must choose at least one stream");
	if (!dockerd_log_is_kept(json_object_get(r->c->host, "LogConfig")))
		return err_set(err, ERR_UNSUPPORTED,
			       "configured logging driver does not support reading");
	return parse_tail(http_query(req, "tail"), &r->tail, err) ||
	       dockerd_parse_when(http_query(req, "since"), &r->since, err) ||
	       dockerd_parse_when(http_query(req, "until"), &r->until, err) ? -1 : 0;
}

static int get_logs(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct container *c = dockerd_api_container(daemon, req, err);
	struct request *r;

	if (!c)
		return -1;
	r = xcalloc(1, sizeof *r);
	r->d = daemon;
	r->c = c;
	if (parse(req, r, err)) {
		release(r);
		return -1;
	}
	http_reply_stream(rep, 200, dockerd_stream_type(req, r->tty), produce, r, release);
	return 0;
}

const struct http_route dockerd_log_routes[] = {
	{ "GET", "/containers/{id}/logs", get_logs },
	{ NULL },
};
