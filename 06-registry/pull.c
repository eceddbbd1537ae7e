/*
 * pull.c - the category "pull": end-1, end-2, end-3.
 *
 * A blob goes from the page cache to the socket (sendfile) and is never in our
 * memory; one in an object store is fetched there by the client itself. Everything
 * named by a digest never changes, so the digest is its ETag and a client that has it
 * gets 304.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "01-kernel/base/strbuf.h"
#include "bytes.h"
#include "errors.h"
#include "lookup.h"
#include "range.h"
#include "server.h"

int reg_get_base(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	(void)req;
	(void)daemon;
	(void)err;
	http_reply_json(rep, 200, json_object());
	return 0;
}

/* Is `etag` in the list of an If-None-Match, or is that "*"? */
static bool etag_listed(const char *list, const char *etag)
{
	while (*list) {
		size_t n;

		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n == 1 && *list == '*')
			return true;
		if (n > 2 && !strncmp(list, "W/", 2)) { /* weak comparison: RFC 9110, 13.1.2 */
			list += 2;
			n -= 2;
		}
		if (n == strlen(etag) && !strncmp(list, etag, n))
			return true;
		list += n;
	}
	return false;
}

#define ETAG_SIZE (DIGEST_SIZE + 2)

static void etag_of(const char *digest, char etag[ETAG_SIZE])
{
	snprintf(etag, ETAG_SIZE, "\"%s\"", digest);
}

/* The headers of content named by a digest. True: the client has it already (304). */
static bool content_headers(struct http_request *req, struct http_reply *rep, const char *digest)
{
	char etag[ETAG_SIZE];
	const char *known = http_header(req, "If-None-Match");

	etag_of(digest, etag);
	http_reply_header(rep, "Docker-Content-Digest", digest);
	http_reply_header(rep, "ETag", etag);
	if (!known || !etag_listed(known, etag))
		return false;
	http_reply_empty(rep, 304);
	return true;
}

/* HEAD is a question, and not a pull. */
static void pulled(struct reg_server *server, const struct http_request *req,
		   struct reg_event *event)
{
	event->action = "pull";
	if (strcmp(http_method(req), "HEAD"))
		reg_notify(server->notify, req, event);
}

/* The range asked for, unless If-Range says that it was meant for other content (by strong
 * comparison, RFC 9110, 13.1.5: "W/…" and dates never fit). */
static enum reg_range_answer asked_range(struct http_request *req, const char *digest,
					 uint64_t size, struct reg_range *range)
{
	const char *condition = http_header(req, "If-Range");
	char etag[ETAG_SIZE];

	etag_of(digest, etag);
	*range = (struct reg_range){ 0, size };
	if (condition && strcmp(condition, etag))
		return REG_RANGE_WHOLE;
	return reg_range_parse(http_header(req, "Range"), size, range);
}

/* Where a blob's bytes come from: an open file, or one that is still on its way (a mirror);
 * neither, when only its size was asked for. */
struct source {
	struct reg_blob blob;
	struct reg_fetch *fetch;
	uint64_t size;
};

static void source_close(struct source *s)
{
	if (s->blob.fd >= 0)
		close(s->blob.fd);
	if (s->fetch)
		reg_fetch_release(s->fetch);
}

static ssize_t no_bytes(void *arg, uint64_t pos, void *buf, size_t max)
{
	(void)arg, (void)pos, (void)buf, (void)max;
	return -1;
}

static void refuse_range(struct http_request *req, struct http_reply *rep, const char *digest,
			 uint64_t size)
{
	struct err why;
	char text[40];

	reg_refuse(&why, REG_RANGE_UNSATISFIABLE, "%s has %llu bytes", digest,
		   (unsigned long long)size);
	snprintf(text, sizeof(text), "bytes */%llu", (unsigned long long)size);
	http_reply_header(rep, "Content-Range", text);
	reg_error_reply(req, rep, &why);
}

/* Where the bytes are in an object store, a client may fetch them there, ranges and all. */
static bool redirect(struct reg_store *store, struct http_request *req, struct http_reply *rep,
		     const struct source *s)
{
	AUTO_FREE char *url = s->blob.fd >= 0 && strcmp(http_method(req), "HEAD")
				      ? store->bytes->url(store, &s->blob) : NULL;

	if (!url)
		return false;
	http_reply_header(rep, "Location", url);
	http_reply_empty(rep, 307);
	return true;
}

static int send_part(struct reg_store *store, struct http_request *req, struct http_reply *rep,
		     int status, struct source *s, const struct reg_range *part, struct err *err)
{
	static const char type[] = "application/octet-stream";

	if (s->blob.fd >= 0)
		return store->bytes->reply(store, req, rep, status, type, &s->blob, part->first,
					   part->count, err);
	if (s->fetch)
		reg_fetch_reply(steal_ptr(&s->fetch), req, rep, status, part->first, part->count);
	else /* to HEAD */
		http_reply_read(rep, status, type, part->count, no_bytes, NULL, NULL);
	return 0;
}

static int send_blob(struct reg_store *store, struct http_request *req, struct http_reply *rep,
		     struct source *s, struct err *err)
{
	struct reg_range range = { 0, s->size };
	char text[80];

	if (content_headers(req, rep, s->blob.digest) || redirect(store, req, rep, s))
		return 0;
	if (s->size == HTTP_SIZE_UNKNOWN) /* and so is every part of it */
		return send_part(store, req, rep, 200, s, &range, err);
	http_reply_header(rep, "Accept-Ranges", "bytes");
	switch (asked_range(req, s->blob.digest, s->size, &range)) {
	case REG_RANGE_UNSATISFIED:
		refuse_range(req, rep, s->blob.digest, s->size);
		return 0;
	case REG_RANGE_PART:
		snprintf(text, sizeof(text), "bytes %llu-%llu/%llu", (unsigned long long)range.first,
			 (unsigned long long)(range.first + range.count - 1),
			 (unsigned long long)s->size);
		http_reply_header(rep, "Content-Range", text);
		return send_part(store, req, rep, 206, s, &range, err);
	case REG_RANGE_WHOLE:
		break;
	}
	return send_part(store, req, rep, 200, s, &range, err);
}

/* A mirror that lacks a blob: HEAD is only told of it, GET has it fetched. */
static int open_upstream(struct reg_proxy *proxy, struct http_request *req, const char *name,
			 struct source *s, struct err *err)
{
	if (!strcmp(http_method(req), "HEAD"))
		return reg_proxy_stat(proxy, name, s->blob.digest, &s->size, err);
	s->fetch = reg_fetch_begin(proxy, name, s->blob.digest, err);
	if (!s->fetch)
		return -1;
	s->size = reg_fetch_size(s->fetch);
	return 0;
}

static int open_blob(struct reg_server *server, struct http_request *req, const char *name,
		     struct source *s, struct err *err)
{
	bool head = !strcmp(http_method(req), "HEAD");

	s->blob.fd = (head ? reg_blob_claim : reg_blob_open)(server->store, name, s->blob.digest,
							     &s->size, err);
	if (s->blob.fd >= 0 && server->proxy)
		reg_proxy_hit(server->proxy, s->blob.fd);
	if (s->blob.fd >= 0 || !server->proxy || !reg_refused(err, REG_BLOB_UNKNOWN))
		return s->blob.fd < 0 ? -1 : 0;
	return open_upstream(server->proxy, req, name, s, err);
}

int reg_get_blob(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct reg_server *server = daemon;
	const char *name = reg_repository(req, err);
	struct source s = { .blob = { http_param(req, "digest"), -1 } };
	char buf[REG_NAME_MAX + 1];
	int rc;

	if (!name || reg_digest_check(s.blob.digest, err))
		return -1;
	name = reg_proxy_name(server->proxy, name, buf);
	if (open_blob(server, req, name, &s, err))
		return -1;
	rc = send_blob(server->store, req, rep, &s, err);
	if (!rc)
		pulled(server, req,
		       &(struct reg_event){ .name = name, .digest = s.blob.digest,
					    .size = s.size == HTTP_SIZE_UNKNOWN ? 0 : s.size });
	source_close(&s);
	return rc;
}

struct acceptance {
	const char *media_type;
	bool asked;    /* there is an Accept header at all */
	bool accepted;
};

/* "; q=0", "; q=0.000": anything but that (RFC 9110, 12.4.2). `n`: of the parameters behind a type. */
static bool unwanted(const char *parameters, size_t n)
{
	for (const char *q = parameters; q < parameters + n; q++)
		if (strchr("; \t", *q) && !strncasecmp(q + 1, "q=0", 3))
			return strchr(",; \t", q[4 + strspn(q + 4, ".0")]);
	return false;
}

/* One Accept line (Go's clients send one per type). A generic type stands for any
 * manifest: people with curl send "application/json". */
static void read_accept(void *arg, const char *accept)
{
	struct acceptance *a = arg;
	const char *const good[] = { a->media_type, "*/*", "application/*", "application/json" };

	while (*accept) {
		size_t n, end;

		accept += strspn(accept, ", \t");
		n = strcspn(accept, ",; \t");
		end = strcspn(accept, ",");
		for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
			if (n == strlen(good[i]) && !strncasecmp(accept, good[i], n) &&
			    !unwanted(accept + n, end - n))
				a->accepted = true;
		a->asked |= n > 0;
		accept += end;
	}
}

static bool accepts(struct http_request *req, const char *media_type)
{
	struct acceptance a = { media_type, false, false };

	http_header_each(req, "Accept", read_accept, &a);
	return !a.asked || a.accepted;
}

int reg_get_manifest(struct http_request *req, struct http_reply *rep, void *daemon,
		     struct err *err)
{
	struct reg_server *server = daemon;
	const char *reference = http_param(req, "reference");
	const char *name = reg_repository(req, err);
	char buf[REG_NAME_MAX + 1];
	struct reg_blob blob;
	struct reg_found m;
	uint64_t size;
	int rc;

	name = name ? reg_proxy_name(server->proxy, name, buf) : NULL;
	if (!name || (server->proxy && reg_proxy_manifest(server->proxy, name, reference, err)) ||
	    reg_lookup(server->lookup, name, reference, &m, err))
		return -1;
	http_reply_header(rep, "Vary", "Accept");
	if (!accepts(req, m.media_type))
		return reg_refuse(err, REG_MANIFEST_UNKNOWN,
				  "the manifest is a %s, which the request does not accept",
				  m.media_type);
	if (content_headers(req, rep, m.digest))
		return 0;
	blob = (struct reg_blob){ m.digest, reg_blob_open(server->store, name, m.digest, &size, err) };
	if (blob.fd < 0)
		return reg_refused(err, REG_BLOB_UNKNOWN) ? reg_recode(err, REG_MANIFEST_UNKNOWN)
							  : -1;
	if (server->proxy)
		reg_blob_touch(blob.fd);
	rc = server->store->bytes->reply(server->store, req, rep, 200, m.media_type, &blob, 0, size,
					 err);
	if (!rc)
		pulled(server, req,
		       &(struct reg_event){ .name = name, .digest = m.digest, .manifest = true,
					    .size = size, .media_type = m.media_type,
					    .tag = strchr(reference, ':') ? NULL : reference });
	if (blob.fd >= 0)
		close(blob.fd);
	return rc;
}
