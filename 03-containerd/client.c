/*
 * client.c - see client.h: a connection to the unix socket for each exchange.
 *
 * Both kinds of answer arrive in pieces of any size. A document is collected; a
 * stream is cut at the line ends, and its last line may be the error.
 */
#include "client.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/tty.h"
#include "client_http.h"
#include "content.h"
#include "wire.h"

#define ANSWER_MAX (64 << 20)

struct exchange;

struct ctrd_client {
	char *address, *ns;
	pthread_mutex_t lock;      /* guards what follows */
	struct exchange *under_way;
	bool cancelled;
};

struct ctrd_client *ctrd_client_new(const char *address, const char *ns)
{
	struct ctrd_client *c = xcalloc(1, sizeof *c);

	c->address = xstrdup(address);
	c->ns = xstrdup(ns ? ns : "default");
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void ctrd_client_free(struct ctrd_client *c)
{
	if (!c)
		return;
	free(c->address);
	free(c->ns);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* --- one exchange -------------------------------------------------------------------------- */

struct exchange {
	struct exchange *next; /* client.lock */
	struct ctrd_client *client;
	int fd;                /* client.lock: the connection while it is open, or -1 */
	int status;          /* of the answer; 0: there is none yet */
	struct strbuf in;    /* what has come and is not yet dealt with */
	size_t limit;
	int (*each)(void *arg, json_t *line); /* NULL: collect */
	void *arg;
	const int *upload, *download; /* a file in place of a body */
	bool stopped;        /* by `each` */
	struct err err;      /* kind is set when a line carried an error, or was none */
};

static bool failed(const struct exchange *x)
{
	return x->status >= 400;
}

/* One line of a stream. False: no more, please. */
static bool take_line(struct exchange *x, const char *line, size_t n)
{
	AUTO_JSON json_t *doc = NULL;

	if (!n)
		return true;
	doc = jsonx_parse(line, n, "containerd's answer", &x->err);
	if (!doc || ctrd_wire_check(doc, &x->err))
		return false;
	x->stopped = x->each(x->arg, doc) != 0;
	return !x->stopped;
}

static bool take_lines(struct exchange *x)
{
	char *nl;

	while (x->in.len && (nl = memchr(x->in.data, '\n', x->in.len))) {
		size_t n = (size_t)(nl - x->in.data) + 1;
		bool more = take_line(x, x->in.data, n - 1);

		memmove(x->in.data, x->in.data + n, x->in.len - n);
		x->in.len -= n;
		if (!more)
			return false;
	}
	return true;
}

/* The next bytes of the answer. Non-zero: no more, please. */
static int on_data(void *arg, const char *data, size_t n)
{
	struct exchange *x = arg;

	if (x->download && !failed(x))
		return io_write_full(*x->download, data, n)
			       ? err_sys(&x->err, "write what containerd sends") : 0;
	if (x->in.len + n > x->limit)
		return err_set(&x->err, ERR_INVALID, "containerd's answer is larger than %zu bytes",
			       x->limit);
	strbuf_add(&x->in, data, n);
	return x->each && !failed(x) && !take_lines(x) ? -1 : 0;
}

/* --- cancelling ---------------------------------------------------------------------------- */

/* Connect, and let it be known, so that another thread can shut the connection down. */
static int connect_known(struct exchange *x, struct err *err)
{
	AUTO_CLOSE int fd = kern_unix_connect(x->client->address, err);
	bool cancelled;

	if (fd < 0)
		return err_set(err, ERR_UNAVAILABLE, "does not answer");
	pthread_mutex_lock(&x->client->lock);
	cancelled = x->client->cancelled;
	x->fd = cancelled ? -1 : fd;
	pthread_mutex_unlock(&x->client->lock);
	if (cancelled)
		return err_set(err, ERR_UNAVAILABLE, "is not asked any more");
	return steal_fd(&fd);
}

static void disconnect(struct exchange *x, int fd)
{
	pthread_mutex_lock(&x->client->lock);
	x->fd = -1;
	pthread_mutex_unlock(&x->client->lock);
	close(fd);
}

static void enter(struct exchange *x, struct ctrd_client *c)
{
	x->client = c;
	x->fd = -1;
	pthread_mutex_lock(&c->lock);
	x->next = c->under_way;
	c->under_way = x;
	pthread_mutex_unlock(&c->lock);
}

static void leave(struct exchange *x)
{
	struct exchange **at = &x->client->under_way;

	pthread_mutex_lock(&x->client->lock);
	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	pthread_mutex_unlock(&x->client->lock);
}

void ctrd_client_cancel(struct ctrd_client *c)
{
	pthread_mutex_lock(&c->lock);
	c->cancelled = true;
	for (struct exchange *x = c->under_way; x; x = x->next)
		if (x->fd >= 0)
			shutdown(x->fd, SHUT_RDWR);
	pthread_mutex_unlock(&c->lock);
}

/* What went wrong, if anything did: an error in the stream, the answer's status, the
 * connection, in this order of what says most. `broken` is the connection's. */
static int verdict(struct exchange *x, const struct err *broken, struct err *err)
{
	if (x->stopped)
		return 0;
	if (x->err.kind != ERR_NONE) {
		*err = x->err;
		return -1;
	}
	if (broken->kind == ERR_UNAVAILABLE)
		return err_set(err, ERR_UNAVAILABLE, "containerd at %s %s", x->client->address,
			       broken->msg);
	if (broken->kind != ERR_NONE) {
		*err = *broken;
		return -1;
	}
	if (failed(x)) {
		AUTO_JSON json_t *doc = jsonx_parse(x->in.data ? x->in.data : "", x->in.len,
						    "containerd's answer", err);

		if (!doc || ctrd_wire_check(doc, err))
			return -1;
		return err_set(err, ERR_SYSTEM, "containerd answered with an error and no reason");
	}
	return 0;
}

/* A request that breaks off may have been answered all the same: refused before its end. */
static int converse(struct exchange *x, int fd, const struct client_request *r, struct err *err)
{
	struct err unsent = { 0 };

	if (client_http_send(fd, r, &unsent) && unsent.kind != ERR_UNAVAILABLE) {
		*err = unsent;
		return -1;
	}
	return client_http_receive(fd, &x->status, on_data, x, err);
}

static int exchange(struct exchange *x, struct ctrd_client *c, struct client_request *r,
		    const char *type, struct err *err)
{
	char trace[TRACE_TEXT_SIZE];
	AUTO_FREE char *headers = xasprintf("Containerd-Namespace: %s\r\n%s\r\n%s%s%s", c->ns, type,
					    trace_active() ? "traceparent: " : "", trace_text(trace),
					    trace_active() ? "\r\n" : "");
	struct err broken = { 0 };
	int fd, rc;

	r->headers = headers;
	r->upload = x->upload;
	enter(x, c);
	fd = connect_known(x, &broken);
	if (fd >= 0 && !converse(x, fd, r, &broken) && x->each && !failed(x) && x->in.len)
		take_line(x, x->in.data, x->in.len); /* a last line without its end */
	rc = verdict(x, &broken, err);
	if (fd >= 0)
		disconnect(x, fd);
	leave(x);
	return rc;
}

static int send_json(struct exchange *x, struct ctrd_client *c, const char *method,
		     const char *path, const json_t *body, struct err *err)
{
	AUTO_FREE char *text = body ? jsonx_text(body) : NULL;
	/* A POST without a body still says so. */
	const char *out = text ? text : strcmp(method, "POST") ? NULL : "";

	return exchange(x, c, &(struct client_request){ .method = method, .path = path, .body = out,
							.n = out ? strlen(out) : 0 },
			"Content-Type: application/json", err);
}

/* --- the calls ------------------------------------------------------------------------------- */

json_t *ctrd_call(struct ctrd_client *c, const char *method, const char *path,
		  const json_t *body, struct err *err)
{
	struct exchange x = { .limit = ANSWER_MAX };
	json_t *doc = NULL;

	if (!send_json(&x, c, method, path, body, err))
		doc = x.in.len ? jsonx_parse(x.in.data, x.in.len, "containerd's answer", err)
			       : json_object();
	strbuf_free(&x.in);
	return doc;
}

int ctrd_stream(struct ctrd_client *c, const char *method, const char *path, const json_t *body,
		int (*each)(void *arg, json_t *line), void *arg, struct err *err)
{
	struct exchange x = { .limit = ANSWER_MAX, .each = each, .arg = arg };
	int rc = send_json(&x, c, method, path, body, err);

	strbuf_free(&x.in);
	return rc;
}

int ctrd_download(struct ctrd_client *c, const char *method, const char *path,
		  const json_t *body, int fd, struct err *err)
{
	struct exchange x = { .limit = ANSWER_MAX, .download = &fd };
	int rc = send_json(&x, c, method, path, body, err);

	strbuf_free(&x.in);
	return rc;
}

int ctrd_upload(struct ctrd_client *c, const char *path, int fd,
		int (*each)(void *arg, json_t *line), void *arg, struct err *err)
{
	struct exchange x = { .limit = ANSWER_MAX, .each = each, .arg = arg, .upload = &fd };
	struct client_request r = { .method = "POST", .path = path };
	int rc = exchange(&x, c, &r, "Content-Type: application/octet-stream", err);

	strbuf_free(&x.in);
	return rc;
}

int ctrd_content_put(struct ctrd_client *c, const void *buf, size_t n, char *digest,
		     struct err *err)
{
	struct exchange x = { .limit = ANSWER_MAX };
	struct client_request r = { .method = "POST", .path = "/v1/content", .body = buf, .n = n };
	AUTO_JSON json_t *doc = NULL;
	int rc = exchange(&x, c, &r, "Content-Type: application/octet-stream", err);

	if (!rc)
		doc = jsonx_parse(x.in.data ? x.in.data : "", x.in.len, "containerd's answer", err);
	strbuf_free(&x.in);
	if (!doc)
		return -1;
	if (digest)
		snprintf(digest, DIGEST_SIZE, "%s", jsonx_str(doc, "digest", ""));
	return 0;
}

char *ctrd_content_get(struct ctrd_client *c, const char *digest, size_t limit, size_t *n,
		       struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/content/%s", digest);

	return ctrd_get(c, path, limit, n, err);
}

char *ctrd_get(struct ctrd_client *c, const char *path, size_t limit, size_t *n, struct err *err)
{
	struct client_request r = { .method = "GET", .path = path };
	struct exchange x = { .limit = limit };

	if (exchange(&x, c, &r, "Accept: */*", err)) {
		strbuf_free(&x.in);
		return NULL;
	}
	*n = x.in.len;
	return strbuf_steal(&x.in);
}

char *ctrd_escape(const char *segment)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	struct strbuf sb = STRBUF_INIT;

	for (; *segment; segment++) {
		if (strchr(safe, *segment))
			strbuf_addc(&sb, *segment);
		else
			strbuf_addf(&sb, "%%%02X", (unsigned char)*segment);
	}
	return strbuf_steal(&sb);
}

/* --- attach ------------------------------------------------------------------------------------ */

/* The shim's one line of answer, byte by byte: what follows it is output. */
static int read_answer(int fd, struct err *err)
{
	AUTO_STRBUF struct strbuf line = STRBUF_INIT;
	AUTO_JSON json_t *doc = NULL;
	char ch;

	for (;;) {
		ssize_t n = read(fd, &ch, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || line.len > 4096)
			return err_set(err, ERR_UNAVAILABLE, "attach: the shim broke off");
		if (ch == '\n')
			break;
		strbuf_addc(&line, ch);
	}
	doc = jsonx_parse(line.data ? line.data : "", line.len, "attach", err);
	return doc ? ctrd_wire_check(doc, err) : -1;
}

int ctrd_attach(const char *attach_path, int in, int out, int errs, struct err *err)
{
	AUTO_CLOSE int fd = kern_unix_connect(attach_path, err);
	AUTO_FREE char *line = xasprintf("{\"stdin\":%s,\"stdout\":%s,\"stderr\":%s}\n",
					 in ? "true" : "false", out ? "true" : "false",
					 errs ? "true" : "false");

	if (fd < 0)
		return err_wrap(err, "attach");
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		return err_sys(err, "attach");
	return read_answer(fd, err) ? -1 : steal_fd(&fd);
}
