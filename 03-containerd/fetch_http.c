/*
 * fetch_http.c - one HTTP request, by libcurl: what is sent, what came, and why not.
 *
 * libcurl could follow redirects and authenticate by itself, but then what is
 * sent to whom would be its decision: that is fetch_request.c's.
 */
#include "fetch_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define USER_AGENT "dockyard-containerd/1.0"
#define CONNECT_SECONDS 20L
#define ERROR_LIMIT (64u << 10)

void exchange_init(struct exchange *x, const char *method)
{
	memset(x, 0, sizeof(*x));
	x->method = method;
	x->limit = ERROR_LIMIT;
	x->upload_fd = -1;
}

void exchange_free(struct exchange *x)
{
	strlist_free(&x->headers);
	strlist_free(&x->challenges);
	strbuf_free(&x->body);
}

/* --- libcurl's callbacks ------------------------------------------------------------------- */

static bool header_is(const char *line, size_t n, const char *name, char *value, size_t size)
{
	size_t len = strlen(name);

	if (n <= len || strncasecmp(line, name, len) || line[len] != ':')
		return false;
	line += len + 1;
	n -= len + 1;
	while (n && (*line == ' ' || *line == '\t')) {
		line++;
		n--;
	}
	while (n && strchr("\r\n \t", line[n - 1]))
		n--;
	snprintf(value, size, "%.*s", (int)n, line);
	return true;
}

/* "total;dur=0.713": how long the registry took to begin its answer, which is now here. */
static void tell_timing(const struct exchange *x, const char *value)
{
	const char *dur = strstr(value, ";dur=");
	double ms = dur ? strtod(dur + strlen(";dur="), NULL) : -1;

	if (ms >= 0 && ms < 1e6)
		trace_told(&x->span, "registry", (int64_t)(ms * 1e6), "%s %s", x->method, registry_path_of(x->url));
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	struct exchange *x = arg;
	size_t n = size * count;
	char value[URL_SIZE];

	if (header_is(line, n, "WWW-Authenticate", value, sizeof(value)))
		strlist_add(&x->challenges, value);
	else if (header_is(line, n, "Location", value, sizeof(value)))
		strcpy(x->location, value);
	else if (header_is(line, n, "Content-Type", value, sizeof(value)))
		snprintf(x->content_type, sizeof(x->content_type), "%.*s",
			 (int)strcspn(value, "; "), value);
	else if (header_is(line, n, "Docker-Content-Digest", value, sizeof(value)))
		snprintf(x->digest, sizeof(x->digest), "%.*s", DIGEST_SIZE - 1, value);
	else if (header_is(line, n, "Content-Range", value, sizeof(value)) &&
		 !strncasecmp(value, "bytes ", 6))
		x->start = strtoull(value + 6, NULL, 10);
	else if (header_is(line, n, "Range", value, sizeof(value)) && strchr(value, '-'))
		x->uploaded = strtoull(strchr(value, '-') + 1, NULL, 10) + 1;
	else if (header_is(line, n, "Server-Timing", value, sizeof(value)))
		tell_timing(x, value);
	else if (header_is(line, n, "OCI-Chunk-Min-Length", value, sizeof(value)))
		x->chunk_min = strtoull(value, NULL, 10);
	return n;
}

static int to_sink(struct exchange *x, const void *data, size_t n)
{
	if (x->curl && !x->begun)
		curl_easy_getinfo(x->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &x->length);
	if (!x->begun && x->sink->expect && x->length >= 0)
		x->sink->expect(x->sink->arg, (uint64_t)x->length);
	if (!x->begun && x->sink->begin && x->sink->begin(x->sink->arg, x->start, &x->err))
		return -1;
	x->begun = true;
	return n ? x->sink->write(x->sink->arg, data, n, &x->err) : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct exchange *x = arg;
	size_t n = size * count;
	long status = 0;

	curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status / 100 == 2 && x->sink) {
		x->failed = to_sink(x, data, n) != 0;
	} else if (x->body.len + n <= x->limit) {
		strbuf_add(&x->body, data, n);
	} else if (status / 100 == 2) {
		x->failed = true;
		err_set(&x->err, ERR_INVALID, "the answer is larger than %zu bytes", x->limit);
	} /* else: enough of the error page */
	return x->failed ? 0 : n;
}

static size_t on_upload(char *out, size_t size, size_t count, void *arg)
{
	struct exchange *x = arg;
	size_t want = size * count, left = x->upload_size - x->upload_offset;
	ssize_t n;

	if (want > left)
		want = left;
	if (x->upload_buf) {
		memcpy(out, (const char *)x->upload_buf + x->upload_offset, want);
		n = (ssize_t)want;
	} else {
		n = pread(x->upload_fd, out, want, (off_t)(x->upload_start + x->upload_offset));
	}
	if (n < 0 || (n == 0 && want)) {
		x->failed = true;
		err_set(&x->err, ERR_SYSTEM, "read the blob to upload: %s",
			n ? strerror(errno) : "it is shorter than it was");
		return CURL_READFUNC_ABORT;
	}
	x->upload_offset += (uint64_t)n;
	if (x->sent)
		x->sent(x->sent_arg, x->upload_start + x->upload_offset);
	return (size_t)n;
}

static int on_progress(void *arg, curl_off_t dt, curl_off_t dn, curl_off_t ut, curl_off_t un)
{
	struct exchange *x = arg;

	(void)dt, (void)dn, (void)ut, (void)un;
	if ((!x->registry->cancelled || !x->registry->cancelled(x->registry->arg)) &&
	    (!x->sink || !x->sink->unwanted || !x->sink->unwanted(x->sink->arg)))
		return 0;
	x->failed = true;
	err_set(&x->err, ERR_CANCELLED, "cancelled");
	return 1;
}

/* --- one exchange ------------------------------------------------------------------------------ */

static CURL *take_handle(struct ctrd_registry *r)
{
	CURL *c = NULL;

	pthread_mutex_lock(&r->lock);
	if (r->n_idle)
		c = r->idle[--r->n_idle];
	pthread_mutex_unlock(&r->lock);
	return c ? c : curl_easy_init();
}

static void give_handle(struct ctrd_registry *r, CURL *c)
{
	curl_easy_reset(c); /* forgets the options, keeps the connections */
	pthread_mutex_lock(&r->lock);
	if (r->n_idle < sizeof(r->idle) / sizeof(r->idle[0])) {
		r->idle[r->n_idle++] = c;
		c = NULL;
	}
	pthread_mutex_unlock(&r->lock);
	curl_easy_cleanup(c);
}

static void set_upload(CURL *c, struct exchange *x)
{
	bool body = x->upload_fd >= 0 || x->upload_buf;

	if (!strcmp(x->method, "HEAD")) {
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	} else if (body) {
		curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(c, CURLOPT_READFUNCTION, on_upload);
		curl_easy_setopt(c, CURLOPT_READDATA, x);
		curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->upload_size);
	} else if (strcmp(x->method, "GET")) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, "");
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, x->method);
}

static struct curl_slist *header_list(const struct exchange *x, const char *authorization)
{
	struct curl_slist *list = NULL;
	char trace[TRACE_TEXT_SIZE];

	for (size_t i = 0; i < x->headers.n; i++)
		list = curl_slist_append(list, x->headers.v[i]);
	if (authorization) {
		AUTO_FREE char *line = xasprintf("Authorization: %s", authorization);

		list = curl_slist_append(list, line);
	}
	if (trace_active()) {
		AUTO_FREE char *line = xasprintf("traceparent: %s", trace_text(trace));

		list = curl_slist_append(list, line);
	}
	return curl_slist_append(list, "Expect:"); /* not every registry answers it in time */
}

static void forget_answer(struct exchange *x)
{
	strlist_free(&x->challenges);
	strbuf_clear(&x->body);
	x->location[0] = x->content_type[0] = x->digest[0] = '\0';
	x->start = x->upload_offset = x->uploaded = x->chunk_min = 0;
	x->retry_after = 0;
	x->length = -1;
	x->status = 0;
	x->failed = false;
	x->curl_error[0] = '\0';
}

static int transfer_failed(struct ctrd_registry *r, struct exchange *x, CURLcode rc, struct err *err)
{
	AUTO_FREE char *host = url_host(x->url);
	enum err_kind kind = ERR_UNAVAILABLE;

	if (x->failed) {
		*err = x->err;
		return -1;
	}
	if (rc == CURLE_OPERATION_TIMEDOUT)
		kind = ERR_TIMEOUT;
	else if (rc == CURLE_URL_MALFORMAT || rc == CURLE_UNSUPPORTED_PROTOCOL)
		kind = ERR_INVALID;
	else if (rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE ||
		 rc == CURLE_SSL_CERTPROBLEM)
		kind = ERR_PERMISSION; /* trying again does not make it trustworthy */
	return err_set(err, kind, "registry %s: %s", host ? host : r->host,
		       *x->curl_error ? x->curl_error : curl_easy_strerror(rc));
}

int exchange_once(struct ctrd_registry *r, struct exchange *x, const char *authorization,
		  struct err *err)
{
	CURL *c = take_handle(r);
	struct curl_slist *headers;
	CURLcode rc;

	x->span = trace_detail_begin();
	headers = header_list(x, authorization);
	forget_answer(x);
	x->curl = c;
	x->registry = r;
	curl_easy_setopt(c, CURLOPT_URL, x->url);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, x->curl_error);
	curl_easy_setopt(c, CURLOPT_USERAGENT, USER_AGENT);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, r->stall_seconds);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 256L << 10);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, x);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	set_upload(c, x);
	fetch_trust_set(r, c, x->url);
	rc = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &x->status);
	curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &x->retry_after); /* seconds, also of a date */
	curl_easy_getinfo(c, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &x->length);
	trace_end(&x->span, "%s %s%s: %ld", x->method, r->host, registry_path_of(x->url), x->status);
	curl_slist_free_all(headers);
	give_handle(r, c);
	x->curl = NULL;
	return rc ? transfer_failed(r, x, rc, err) : 0;
}

int exchange_end(struct exchange *x, struct err *err)
{
	if (!x->sink || x->begun || !to_sink(x, "", 0))
		return 0;
	*err = x->err;
	return -1;
}
