/*
 * s3_request.c - one request to the object store. libcurl signs it (CURLOPT_AWS_SIGV4); what it
 * needs from us is the hash of the body, by which the store also sees that it got what we sent.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "03-containerd/content.h"
#include "s3_private.h"

#define CONNECT_SECONDS 10L
#define STALL_SECONDS 60L
#define TRIES 4
#define PAUSE_MS 200u     /* before the second try; twice as long before each further one */
#define ANSWER_LIMIT (64u << 10)
#define BLOCK (64u << 10)

/* ---- handles ------------------------------------------------------------------------- */

CURL *s3_handle(struct reg_s3 *s3)
{
	CURL *c = NULL;

	pthread_mutex_lock(&s3->lock);
	if (s3->n_idle)
		c = s3->idle[--s3->n_idle];
	pthread_mutex_unlock(&s3->lock);
	return c ? c : curl_easy_init();
}

void s3_release(struct reg_s3 *s3, CURL *c)
{
	curl_easy_reset(c); /* forgets the options, keeps the connection */
	pthread_mutex_lock(&s3->lock);
	if (s3->n_idle < S3_IDLE) {
		s3->idle[s3->n_idle++] = c;
		c = NULL;
	}
	pthread_mutex_unlock(&s3->lock);
	curl_easy_cleanup(c);
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
	AUTO_FREE char *line = xasprintf("%s: %s", name, value);

	return curl_slist_append(list, line);
}

struct curl_slist *s3_prepare(struct reg_s3 *s3, CURL *c, const char *key, const char *query,
			      const char *sha256)
{
	AUTO_FREE char *url = xasprintf("%s/%s%s%s", s3->url, key, query ? "?" : "",
					query ? query : "");
	AUTO_FREE char *how = xasprintf("aws:amz:%s:s3", s3->region);
	struct curl_slist *headers = add_header(NULL, "x-amz-content-sha256", sha256);

	if (s3->token)
		headers = add_header(headers, "x-amz-security-token", s3->token);
	headers = curl_slist_append(headers, "Expect:");
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_AWS_SIGV4, how);
	curl_easy_setopt(c, CURLOPT_USERNAME, s3->key_id);
	curl_easy_setopt(c, CURLOPT_PASSWORD, s3->secret);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, STALL_SECONDS);
	return headers;
}

/* ---- the body -------------------------------------------------------------------------- */

static size_t on_body(char *out, size_t size, size_t count, void *arg)
{
	struct s3_request *r = arg;
	uint64_t want = size * count;
	ssize_t n = pread(r->fd, out, want < r->size ? want : r->size, (off_t)r->offset);

	if (n < 0)
		return CURL_READFUNC_ABORT;
	r->offset += (uint64_t)n;
	r->size -= (uint64_t)n;
	return (size_t)n;
}

static int hash_file(struct digester *d, int fd, uint64_t offset, uint64_t size, struct err *err)
{
	AUTO_FREE char *buf = xmalloc(BLOCK);

	while (size) {
		ssize_t n = pread(fd, buf, size < BLOCK ? size : BLOCK, (off_t)offset);

		if (n <= 0)
			return err_errno(err, n ? errno : EIO, "read the blob to upload");
		digester_add(d, buf, (size_t)n);
		offset += (uint64_t)n;
		size -= (uint64_t)n;
	}
	return 0;
}

static int hash_body(const struct s3_request *r, char out[DIGEST_SIZE], struct err *err)
{
	struct digester *d = digester_new();
	int rc = 0;

	if (r->body)
		digester_add(d, r->body, strlen(r->body));
	else
		rc = hash_file(d, r->fd, r->offset, r->size, err);
	digester_done(d, out);
	return rc;
}

/* ---- the answer -------------------------------------------------------------------------- */

static size_t on_answer(char *data, size_t size, size_t count, void *arg)
{
	struct s3_request *r = arg;
	size_t n = size * count, room = ANSWER_LIMIT - r->answer.len;

	strbuf_add(&r->answer, data, n < room ? n : room);
	return n;
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	struct s3_request *r = arg;
	size_t n = size * count, blank;

	if (n < 5 || strncasecmp(line, "ETag:", 5))
		return n;
	blank = 5 + (n > 5 && line[5] == ' ');
	snprintf(r->etag, sizeof(r->etag), "%.*s", (int)(n - blank), line + blank);
	r->etag[strcspn(r->etag, "\r\n")] = '\0';
	return n;
}

char *s3_element(const char *xml, const char *name)
{
	AUTO_FREE char *open = xasprintf("<%s>", name);
	AUTO_FREE char *close = xasprintf("</%s>", name);
	const char *from = xml ? strstr(xml, open) : NULL;
	const char *to = from ? strstr(from, close) : NULL;

	if (!to)
		return NULL;
	from += strlen(open);
	return xstrndup(from, (size_t)(to - from));
}

int s3_refused(const char *what, const char *key, long status, const char *text, struct err *err)
{
	AUTO_FREE char *code = s3_element(text, "Code");
	AUTO_FREE char *message = s3_element(text, "Message");
	/* Whatever else it says is between the store and us: no client can mend it by a login, or
	 * by asking for another name. */
	enum err_kind kind = code && !strcmp(code, "NoSuchKey") ? ERR_NOT_FOUND : ERR_UNAVAILABLE;

	return err_set(err, kind, "object store: %s %s: %ld %.60s%s%.200s", what, key, status,
		       code ? code : "", message ? ": " : "", message ? message : "");
}

/* ---- once, and again ------------------------------------------------------------------------ */

static void set_body(CURL *c, struct s3_request *r)
{
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
	if (r->body) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body);
	} else if (!strcmp(r->method, "PUT")) {
		curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(c, CURLOPT_READFUNCTION, on_body);
		curl_easy_setopt(c, CURLOPT_READDATA, r);
		curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->size);
		curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
	}
}

/* 0, or -1 with *again saying whether it may succeed another time. */
static int send_once(struct reg_s3 *s3, struct s3_request *r, const char *sha256, bool *again,
		     struct err *err)
{
	CURL *c = s3_handle(s3);
	struct curl_slist *headers = s3_prepare(s3, c, r->key, r->query, sha256);
	long status = 0;
	CURLcode rc;

	strbuf_clear(&r->answer);
	r->etag[0] = '\0';
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, r);
	set_body(c, r);
	rc = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	s3_release(s3, c);
	*again = rc || status >= 500 || status == 429 || status == 408;
	if (rc)
		return err_set(err, ERR_UNAVAILABLE, "object store: %s %s: %s", r->method, r->key,
			       curl_easy_strerror(rc));
	return status / 100 == 2 ? 0 : s3_refused(r->method, r->key, status, r->answer.data, err);
}

int s3_request(struct reg_s3 *s3, struct s3_request *r, struct err *err)
{
	const struct s3_request fresh = *r; /* reading the body moves on in it */
	char digest[DIGEST_SIZE];
	bool again = true;
	unsigned pause = PAUSE_MS;

	if (hash_body(r, digest, err))
		return -1;
	for (int i = 0; again && i < TRIES; i++) {
		if (i) {
			usleep(pause * 1000);
			pause *= 2;
		}
		r->offset = fresh.offset;
		r->size = fresh.size;
		if (!send_once(s3, r, strchr(digest, ':') + 1, &again, err))
			return 0;
	}
	return -1;
}
