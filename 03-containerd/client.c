/*
 * client.c - see client.h: libcurl over the unix socket.
 *
 * Both kinds of answer arrive in pieces of any size. A document is collected; a
 * stream is cut at the line ends, and its last line may be the error.
 */
#include "client.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/tty.h"
#include "content.h"
#include "wire.h"

#define ANSWER_MAX (64 << 20)

struct exchange;

struct ctrd_client {
	char *address, *ns_header;
	pthread_mutex_t lock;      /* guards what follows */
	struct exchange *under_way;
	bool cancelled;
};

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct ctrd_client *ctrd_client_new(const char *address, const char *ns)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct ctrd_client *c = xcalloc(1, sizeof *c);

	pthread_once(&once, init_curl);
	c->address = xstrdup(address);
	c->ns_header = xasprintf("Containerd-Namespace: %s", ns ? ns : "default");
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void ctrd_client_free(struct ctrd_client *c)
{
	if (!c)
		return;
	free(c->address);
	free(c->ns_header);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* --- one exchange -------------------------------------------------------------------------- */

struct exchange {
	struct exchange *next; /* client.lock */
	struct ctrd_client *client;
	int fd;                /* client.lock: the connection while it is open, or -1 */
	CURL *curl;
	struct strbuf in;    /* what has come and is not yet dealt with */
	size_t limit;
	int (*each)(void *arg, json_t *line); /* NULL: collect */
	void *arg;
	const int *upload, *download; /* a file in place of a body */
	bool stopped;        /* by `each` */
	struct err err;      /* kind is set when a line carried an error, or was none */
};

static bool failed(struct exchange *x)
{
	long status = 0;

	curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
	return status >= 400;
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

/* CURLOPT_WRITEFUNCTION: a count other than n ends the transfer. */
static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;

	n *= size;
	if (x->download && !failed(x)) {
		if (!io_write_full(*x->download, data, n))
			return n;
		err_sys(&x->err, "write what containerd sends");
		return 0;
	}
	if (x->in.len + n > x->limit) {
		err_set(&x->err, ERR_INVALID, "containerd's answer is larger than %zu bytes", x->limit);
		return 0;
	}
	strbuf_add(&x->in, data, n);
	if (x->each && !failed(x) && !take_lines(x))
		return 0;
	return n;
}

/* CURLOPT_READFUNCTION: the next bytes of the file to send. */
static size_t on_read(char *buf, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	ssize_t got;

	do
		got = read(*x->upload, buf, size * n);
	while (got < 0 && errno == EINTR);
	if (got >= 0)
		return (size_t)got;
	err_sys(&x->err, "read what is to be sent");
	return CURL_READFUNC_ABORT;
}

/* --- cancelling ---------------------------------------------------------------------------- */

/* CURLOPT_OPENSOCKETFUNCTION and CURLOPT_CLOSESOCKETFUNCTION: know the descriptor, so that
 * another thread can shut it down. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct exchange *x = arg;
	int fd = -1;

	(void)purpose;
	pthread_mutex_lock(&x->client->lock);
	if (!x->client->cancelled)
		fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
	x->fd = fd;
	pthread_mutex_unlock(&x->client->lock);
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int on_close(void *arg, curl_socket_t fd)
{
	struct exchange *x = arg;

	pthread_mutex_lock(&x->client->lock);
	x->fd = -1;
	pthread_mutex_unlock(&x->client->lock);
	return close(fd);
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

static struct curl_slist *headers_of(const struct ctrd_client *c, const char *type)
{
	struct curl_slist *h = curl_slist_append(NULL, c->ns_header);

	h = curl_slist_append(h, "Expect:"); /* no waiting for 100 Continue on a local socket */
	return curl_slist_append(h, type);
}

static void set_request(struct exchange *x, const struct ctrd_client *c, const char *method,
			const char *url, const void *body, size_t n)
{
	CURL *curl = x->curl;

	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, c->address);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, x);
	curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, x);
	if (body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
	}
	if (x->upload) { /* chunked: how much there is need not be known */
		curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
		curl_easy_setopt(curl, CURLOPT_READDATA, x);
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

/* What went wrong, if anything did: an error in the stream, the answer's status, the
 * connection, in this order of what says most. */
static int verdict(struct exchange *x, const struct ctrd_client *c, CURLcode rc, struct err *err)
{
	if (x->stopped)
		return 0;
	if (x->err.kind != ERR_NONE) {
		*err = x->err;
		return -1;
	}
	if (rc != CURLE_OK) {
		bool connected = rc != CURLE_COULDNT_CONNECT;

		return err_set(err, ERR_UNAVAILABLE, "containerd at %s %s", c->address,
			       connected ? "broke off" : "does not answer");
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

static int exchange(struct exchange *x, struct ctrd_client *c, const char *method,
		    const char *path, const char *type, const void *body, size_t n,
		    struct err *err)
{
	AUTO_FREE char *url = xasprintf("http://containerd%s", path);
	struct curl_slist *headers = headers_of(c, type);
	CURLcode rc;

	x->curl = curl_easy_init();
	if (!x->curl) {
		curl_slist_free_all(headers);
		return err_set(err, ERR_SYSTEM, "libcurl cannot be initialised");
	}
	enter(x, c);
	set_request(x, c, method, url, body, n);
	curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, headers);
	rc = curl_easy_perform(x->curl);
	if (rc == CURLE_OK && x->each && !failed(x) && x->in.len)
		take_line(x, x->in.data, x->in.len); /* a last line without its end */
	rc = verdict(x, c, rc, err) ? CURLE_HTTP_RETURNED_ERROR : CURLE_OK;
	curl_easy_cleanup(x->curl); /* closes the connection: on_close */
	leave(x);
	curl_slist_free_all(headers);
	return rc == CURLE_OK ? 0 : -1;
}

static int send_json(struct exchange *x, struct ctrd_client *c, const char *method,
		     const char *path, const json_t *body, struct err *err)
{
	AUTO_FREE char *text = body ? jsonx_text(body) : NULL;
	/* A POST without a body still says so. */
	const char *out = text ? text : strcmp(method, "POST") ? NULL : "";

	return exchange(x, c, method, path, "Content-Type: application/json", out,
			out ? strlen(out) : 0, err);
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
	int rc = exchange(&x, c, "POST", path, "Content-Type: application/octet-stream", NULL, 0,
			  err);

	strbuf_free(&x.in);
	return rc;
}

int ctrd_content_put(struct ctrd_client *c, const void *buf, size_t n, char *digest,
		     struct err *err)
{
	struct exchange x = { .limit = ANSWER_MAX };
	AUTO_JSON json_t *doc = NULL;
	int rc = exchange(&x, c, "POST", "/v1/content", "Content-Type: application/octet-stream",
			  buf, n, err);

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
	struct exchange x = { .limit = limit };

	if (exchange(&x, c, "GET", path, "Accept: */*", NULL, 0, err)) {
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
